// Package desktop is the window: the only package that imports Wails. It
// shows the screens of frontend, answers their one bound method through the
// bridge, and hands the services what a desktop has: dialogs and events.
package desktop

//go:generate go run ../bridge/cmd/tsgen ../..

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/options/windows"

	"gridbook/app/bridge"
	"gridbook/frontend"
)

// The smallest window in which every screen still has room, in pixels: the
// old laptops of village offices show 1024 by 768.
const (
	minWidth  = 1024
	minHeight = 600
)

// icon is build/appicon.png in the size in which a task bar shows it.
//
//go:embed icon.png
var icon []byte

// Title is the name of the window.
const Title = "网格簿"

// Run shows the window until it is closed. open is called once the window
// exists, so that nothing is opened when Wails only wants to know the bound
// methods, and a failure can be shown.
func Run(data string, open bridge.Open, window *Bridge) error {
	if runtime.GOOS == "linux" && os.Getenv("WEBKIT_DISABLE_DMABUF_RENDERER") == "" {
		// With some graphics drivers WebKitGTK otherwise shows an empty window.
		if err := os.Setenv("WEBKIT_DISABLE_DMABUF_RENDERER", "1"); err != nil {
			return fmt.Errorf("desktop: set the environment: %w", err)
		}
	}
	screens, err := frontend.Files()
	if err != nil {
		return fmt.Errorf("desktop: find the screens: %w", err)
	}
	place := placeOf(data)
	app := &options.App{
		Title:            Title,
		Width:            place.Width,
		Height:           place.Height,
		MinWidth:         minWidth,
		MinHeight:        minHeight,
		WindowStartState: place.state(),
		BackgroundColour: options.NewRGB(255, 255, 255),
		AssetServer: &assetserver.Options{
			Assets: screens,
			Middleware: func(next http.Handler) http.Handler {
				return bridge.Guard(bridge.FileHandler(window.files, next))
			},
		},
		OnStartup: func(ctx context.Context) {
			keepSignalStacks()
			place.restore(ctx)
			window.start(ctx, data, open)
		},
		OnBeforeClose:  func(ctx context.Context) bool { savePlace(ctx, data); return false },
		OnShutdown:     func(context.Context) { window.stop() },
		Bind:           []any{window},
		ErrorFormatter: func(err error) any { return bridge.FaultOf(err) },
		Linux: &linux.Options{
			ProgramName: "gridbook",
			Icon:        icon,
			// Leaving it out means always, which dies or flickers on old laptops.
			WebviewGpuPolicy: linux.WebviewGpuPolicyNever,
		},
		Windows: &windows.Options{
			WebviewUserDataPath: filepath.Join(data, "webview"),
			WebviewBrowserPath:  carriedBrowser(),
		},
	}
	if err := wails.Run(app); err != nil {
		return fmt.Errorf("desktop: show the window: %w", err)
	}
	return nil
}

// carriedBrowser is the folder of a WebView2 runtime beside the program, for
// laptops that have none and no network to fetch one; "" if there is none.
func carriedBrowser() string {
	program, err := os.Executable()
	if err != nil {
		return ""
	}
	folder := filepath.Join(filepath.Dir(program), "webview2")
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return ""
	}
	return folder
}
