// Package frontend carries the built screens inside the program, so that one
// file is the whole installation and no folder beside it can go missing.
package frontend

import (
	"embed"
	"io/fs"
)

// dist is what "npm run build" leaves. In a fresh clone it holds only
// .gitkeep, so that Go code compiles and its tests run before the screens
// have been built; Vite copies the same file back from public/ at each build.
//
//go:embed all:dist
var dist embed.FS

// Files returns the built screens with index.html at its root. The error is
// that of fs.Sub and means that the program was put together wrongly.
func Files() (fs.FS, error) {
	return fs.Sub(dist, "dist")
}
