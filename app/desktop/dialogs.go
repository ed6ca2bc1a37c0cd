package desktop

import (
	"context"
	"os"
	"runtime"

	wails "github.com/wailsapp/wails/v2/pkg/runtime"

	"gridbook/app/bridge"
)

// dialogs shows the system's own file dialogs. Their context is that of the
// call, which descends from Wails' own.
type dialogs struct{}

func (dialogs) OpenFile(ctx context.Context, filters []bridge.FileFilter) (string, error) {
	return wails.OpenFileDialog(ctx, wails.OpenDialogOptions{Title: "选择文件", Filters: patterns(filters)})
}

func (dialogs) OpenFolder(ctx context.Context) (string, error) {
	return wails.OpenDirectoryDialog(ctx, wails.OpenDialogOptions{Title: "选择文件夹", CanCreateDirectories: true, DefaultDirectory: firstFolder()})
}

// firstFolder is where the choice of a folder begins; "": where the system has
// it. GTK would begin with recent files, among which no folder can be chosen.
func firstFolder() string {
	if runtime.GOOS != "linux" {
		return ""
	}
	home, err := os.UserHomeDir()
	if info, lost := os.Stat(home); err != nil || lost != nil || !info.IsDir() {
		return ""
	}
	return home
}

func (dialogs) SaveFile(ctx context.Context, suggested string) (string, error) {
	return wails.SaveFileDialog(ctx, wails.SaveDialogOptions{Title: "保存到", DefaultFilename: suggested})
}

// patterns writes filters as Wails takes them: "*.xlsx;*.csv".
func patterns(filters []bridge.FileFilter) []wails.FileFilter {
	out := make([]wails.FileFilter, 0, len(filters))
	for _, f := range filters {
		pattern := ""
		for i, e := range f.Extensions {
			if i > 0 {
				pattern += ";"
			}
			pattern += "*." + e
		}
		out = append(out, wails.FileFilter{DisplayName: f.Name, Pattern: pattern})
	}
	return out
}
