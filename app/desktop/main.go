package desktop

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"gridbook/app/bridge"
	"gridbook/app/cli"
	"gridbook/app/service"
)

// Main is the program: without a command it shows the window, with one it runs
// that. It returns the exit code.
func Main(args []string) int {
	data, window := windowOnly(args)
	if !window {
		return cli.Main(args, os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	}
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" && !bindings {
		fmt.Fprintln(os.Stderr, "没有显示器，打不开窗口。\n请运行 gridbook web，再用浏览器打开它显示的网址。")
		return 1
	}
	service.Frugal()
	var err error
	if data == "" {
		data, err = cli.Folder(os.Getenv)
	}
	if err == nil {
		report := func(err error) { slog.Error("call failed", "error", err) }
		err = Run(data, open, NewBridge(rand.Reader, report))
	}
	if err != nil {
		fault := bridge.FaultOf(err)
		fmt.Fprintf(os.Stderr, "%s\n%s\n%v\n", fault.Message, fault.Hint, err)
		return 1
	}
	return 0
}

// windowOnly reports whether the arguments name no command but at most the
// data folder, which it returns.
func windowOnly(args []string) (data string, ok bool) {
	switch {
	case len(args) == 0:
		return "", true
	case len(args) == 2 && args[0] == "--data":
		return args[1], true
	case len(args) == 1 && strings.HasPrefix(args[0], "--data="):
		return strings.TrimPrefix(args[0], "--data="), true
	}
	return "", false
}

// open makes the services behind the screens.
func open(data string, events *bridge.Events, files *bridge.Files) ([]any, func() error, error) {
	services, closing, err := cli.Screens(data, events, files)
	return append(faults(events), services...), closing, err
}
