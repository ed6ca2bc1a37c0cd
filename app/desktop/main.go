package desktop

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"

	"gridbook/app/bridge"
	"gridbook/app/service"
)

// Main is the program: without arguments it shows the window, with arguments
// it runs the commands. It returns the exit code.
func Main(args []string) int {
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" && !bindings {
		fmt.Fprintln(os.Stderr, "没有显示器，打不开窗口。\n请运行 gridbook web，再用浏览器打开它显示的网址。")
		return 1
	}
	data, err := dataFolder()
	if err == nil {
		report := func(err error) { slog.Error("call failed", "error", err) }
		err = Run(data, open, NewBridge(rand.Reader, report))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

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

func open(data string, events *bridge.Events, files *bridge.Files) ([]any, func() error, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, nil, err
	}
	return append(faults(), &service.Service{}), func() error { return nil }, nil
}
