package desktop

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"gridbook/app/bridge"
	"gridbook/app/service"
	"gridbook/app/webhost"
)

// Version is that of the program.
const Version = "0.1.0"

// Main is the program: without arguments it shows the window, with arguments
// it runs the commands. It returns the exit code.
func Main(args []string) int {
	if len(args) > 0 && args[0] == "web" {
		return web(args[1:])
	}
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" && !bindings {
		fmt.Fprintln(os.Stderr, "没有显示器，打不开窗口。\n请运行 gridbook web，再用浏览器打开它显示的网址。")
		return 1
	}
	data, err := dataFolder()
	if err == nil {
		err = Run(data, open, NewBridge(rand.Reader, report))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// web serves the screens to a browser until it is interrupted.
func web(args []string) int {
	flags := flag.NewFlagSet("gridbook web", flag.ContinueOnError)
	addr := flags.String("listen", "127.0.0.1:0", "127.0.0.1:PORT")
	if flags.Parse(args) != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	data, err := dataFolder()
	if err == nil {
		err = webhost.Run(ctx, webhost.Options{
			Addr: *addr, Data: data, Open: open, Random: rand.Reader, Report: report,
			Ready: func(url string) { fmt.Println(url) },
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func report(err error) { slog.Error("call failed", "error", err) }

// dataFolder is GRIDBOOK_DATA or the usual place of the system.
func dataFolder() (string, error) {
	if data := os.Getenv("GRIDBOOK_DATA"); data != "" {
		return data, nil
	}
	base, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("desktop: find the data folder: %w", err)
	}
	return filepath.Join(base, "gridbook"), nil
}

// open makes the services behind the screens, with the real clock.
func open(data string, events *bridge.Events, files *bridge.Files) ([]any, func() error, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, nil, err
	}
	s, closing := service.New(service.Options{
		Dir: data, Version: Version, Now: time.Now, Rand: rand.Reader, LockTimeout: 2 * time.Second,
	}, files, events.Emit)
	return append(faults(events), s), closing, nil
}
