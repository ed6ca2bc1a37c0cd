package cli

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"gridbook/app/bridge"
	"gridbook/app/service"
	"gridbook/app/webhost"
)

// Screens opens the services behind the screens with the real clock, network
// and randomness: it is the window's bridge.Open.
func Screens(data string, events *bridge.Events, files *bridge.Files) ([]any, func() error, error) {
	return screens(service.Options{
		Dir: data, Version: Version, Now: time.Now, Rand: rand.Reader, LockTimeout: lockTimeout,
	}, events, files)
}

func screens(o service.Options, events *bridge.Events, files *bridge.Files) ([]any, func() error, error) {
	if err := o.Folder(); err != nil {
		return nil, nil, err
	}
	s, closing := service.New(o, files, events.Emit)
	return []any{s}, closing, nil
}

// Folder is GRIDBOOK_DATA, or the system's usual place for a program's data.
func Folder(env func(string) string) (string, error) {
	if dir := env("GRIDBOOK_DATA"); dir != "" {
		return dir, nil
	}
	base, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("cli: find the data folder: %w", err)
	}
	return filepath.Join(base, "gridbook"), nil
}

// web serves the screens to a browser on this machine until it is interrupted.
func web(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	addr := c.option("listen")
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	log := slog.New(slog.NewTextHandler(c.Stderr, nil))
	return webhost.Run(c.ctx, webhost.Options{
		Addr: addr, Data: o.Dir, Random: c.Rand,
		Open: func(_ string, events *bridge.Events, files *bridge.Files) ([]any, func() error, error) {
			return screens(o, events, files)
		},
		Report: func(err error) { log.Error("call failed", "error", err) },
		Ready: func(url string) {
			_ = c.out(map[string]string{"url": url}, "请在这台电脑的浏览器里打开（只能用一次）：\n%s\n按 Ctrl+C 结束。", url)
		},
	})
}
