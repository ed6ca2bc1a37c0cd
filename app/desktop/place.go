package desktop

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/wailsapp/wails/v2/pkg/options"
	wails "github.com/wailsapp/wails/v2/pkg/runtime"
)

// place is where the window was and how large, in pixels. Wails does not keep
// it. It is a convenience: whatever goes wrong with its file, the window opens
// at its usual size.
type place struct {
	X         int  `json:"x"`
	Y         int  `json:"y"`
	Width     int  `json:"width"`
	Height    int  `json:"height"`
	Maximised bool `json:"maximised"`
	known     bool
}

func placeFile(data string) string { return filepath.Join(data, "window.json") }

// placeOf reads where the window was; the usual size if it is not known.
func placeOf(data string) place {
	usual := place{Width: 1200, Height: 690} // fits a screen of 1366 by 768 with its task bar
	text, err := os.ReadFile(placeFile(data))
	if err != nil {
		return usual
	}
	var p place
	if json.Unmarshal(text, &p) != nil || p.Width < minWidth || p.Height < minHeight {
		return usual
	}
	p.known = true
	return p
}

func (p place) state() options.WindowStartState {
	if p.Maximised {
		return options.Maximised
	}
	return options.Normal
}

// restore puts the window back, unless that is on no screen any more, such as
// the projector of the meeting room.
func (p place) restore(ctx context.Context) {
	if !p.known || p.Maximised {
		return
	}
	screens, err := wails.ScreenGetAll(ctx)
	if err != nil {
		return
	}
	if p.visible(sizes(screens)) {
		wails.WindowSetPosition(ctx, p.X, p.Y)
	}
}

// size is that of a screen, in pixels.
type size struct{ width, height int }

func sizes(screens []wails.Screen) []size {
	out := make([]size, 0, len(screens))
	for _, s := range screens {
		out = append(out, size{s.Size.Width, s.Size.Height})
	}
	return out
}

// visible reports whether enough of the title bar to drag is on some screen.
func (p place) visible(screens []size) bool {
	const enough = 100
	for _, s := range screens {
		if p.X+p.Width >= enough && p.X <= s.width-enough && p.Y >= 0 && p.Y <= s.height-enough {
			return true
		}
	}
	return false
}

// savePlace writes where the window is now. A failure is not worth a word to
// the person who is closing it.
func savePlace(ctx context.Context, data string) {
	p := place{Maximised: wails.WindowIsMaximised(ctx)}
	if wails.WindowIsMinimised(ctx) || wails.WindowIsFullscreen(ctx) {
		return
	}
	if p.Maximised { // keep the size to go back to
		before := placeOf(data)
		p.X, p.Y, p.Width, p.Height = before.X, before.Y, before.Width, before.Height
	} else {
		p.X, p.Y = wails.WindowGetPosition(ctx)
		p.Width, p.Height = wails.WindowGetSize(ctx)
	}
	writePlace(data, p)
}

func writePlace(data string, p place) {
	text, err := json.Marshal(p)
	if err != nil {
		return
	}
	tmp := placeFile(data) + ".tmp"
	if os.WriteFile(tmp, text, 0o600) == nil {
		_ = os.Rename(tmp, placeFile(data))
	}
}
