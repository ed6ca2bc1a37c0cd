package desktop

import (
	"os"
	"testing"
)

func TestPlaceIsKept(t *testing.T) {
	dir := t.TempDir()
	want := place{X: 40, Y: 30, Width: 1100, Height: 700, known: true}
	writePlace(dir, want)
	if got := placeOf(dir); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPlaceFallsBack(t *testing.T) {
	usual := place{Width: 1200, Height: 690}
	for name, text := range map[string]string{
		"damaged":   `{"x":`,
		"empty":     ``,
		"too small": `{"x":1,"y":1,"width":20,"height":20}`,
		"wrong":     `{"width":"wide","height":800}`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(placeFile(dir), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := placeOf(dir); got != usual {
			t.Errorf("%s: %+v, want %+v", name, got, usual)
		}
	}
	if got := placeOf(t.TempDir()); got != usual {
		t.Errorf("missing: %+v, want %+v", got, usual)
	}
}

func TestPlaceVisible(t *testing.T) {
	laptop, projector := size{1366, 768}, size{1920, 1080}
	for _, c := range []struct {
		name    string
		x, y    int
		screens []size
		want    bool
	}{
		{"in the middle", 100, 50, []size{laptop}, true},
		{"half out to the left", -700, 0, []size{laptop}, true},
		{"out to the left", -1200, 0, []size{laptop}, false},
		{"where the projector was", 1500, 100, []size{laptop}, false},
		{"on the projector", 1500, 100, []size{laptop, projector}, true},
		{"above", 0, -20, []size{laptop}, false},
		{"below", 0, 760, []size{laptop}, false},
		{"no screens", 0, 0, nil, false},
	} {
		if got := (place{X: c.x, Y: c.y, Width: 1280, Height: 800}).visible(c.screens); got != c.want {
			t.Errorf("%s: visible %v, want %v", c.name, got, c.want)
		}
	}
}
