package bridge_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gridbook/app/bridge"
	"gridbook/syncproto"
)

func TestFilesForgetTheOldest(t *testing.T) {
	files := bridge.NewFiles(rand.Reader)
	big := make([]byte, bridge.MaxFile)
	var handles []string
	for range bridge.MaxFiles/bridge.MaxFile + 1 {
		h, err := files.Put("名册.xlsx", big)
		if err != nil {
			t.Fatal(err)
		}
		handles = append(handles, h)
	}
	for i, h := range handles {
		_, err := files.Get(h)
		if want := i > 0; (err == nil) != want {
			t.Errorf("file %d: error %v, want kept = %v", i, err, want)
		}
	}
	if _, err := files.Put("x", make([]byte, bridge.MaxFile+1)); syncproto.CodeOf(err) != syncproto.CodeTooLarge {
		t.Errorf("a file over the limit: %v", err)
	}
}

func TestUploadAndDownload(t *testing.T) {
	files := bridge.NewFiles(rand.Reader)
	handler := bridge.FileHandler(files, http.NotFoundHandler())
	ask := func(method, target, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
		return w
	}
	up := ask("POST", "/api/upload?name=..%2F..%2F%E5%90%8D%E5%86%8C.html", "<script>")
	handle, _, _ := strings.Cut(strings.TrimPrefix(up.Body.String(), `{"handle":"`), `"`)
	if f, err := files.Get(handle); err != nil || f.Name != "名册.html" || string(f.Data) != "<script>" {
		t.Fatalf("after %d %s: %+v, %v", up.Code, up.Body, f, err)
	}
	down := ask("GET", "/api/file/"+handle, "")
	if down.Body.String() != "<script>" || down.Header().Get("Content-Type") != "application/octet-stream" ||
		!strings.HasPrefix(down.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("an uploaded page may run: %d %v %s", down.Code, down.Header(), down.Body)
	}
	if w := ask("GET", "/api/file/0000", ""); w.Code != http.StatusNotFound {
		t.Errorf("unknown handle: %d", w.Code)
	}
	if w := ask("GET", "/index.html", ""); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "{") {
		t.Errorf("another address did not go on to the next handler: %d %s", w.Code, w.Body)
	}
}

// dialogs is a person who always chooses the same file.
type dialogs struct {
	path string
	err  error
}

func (d dialogs) OpenFile(context.Context, []bridge.FileFilter) (string, error) { return d.path, d.err }
func (d dialogs) OpenFolder(context.Context) (string, error)                    { return d.path, d.err }
func (d dialogs) SaveFile(context.Context, string) (string, error)              { return d.path, d.err }

func TestDesk(t *testing.T) {
	dir := t.TempDir()
	source, target := filepath.Join(dir, "名册.csv"), filepath.Join(dir, "导出.csv")
	if err := os.WriteFile(source, []byte("户号,户主"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := bridge.NewFiles(rand.Reader)
	picked, err := bridge.NewDesk(files, dialogs{path: source}).PickFile(t.Context(), nil)
	if err != nil || picked.Name != "名册.csv" {
		t.Fatalf("picked %+v, %v", picked, err)
	}
	for range 2 { // the second time replaces the file
		saved, err := bridge.NewDesk(files, dialogs{path: target}).SaveFile(t.Context(), picked.Handle, "导出.csv")
		if data, _ := os.ReadFile(target); !saved || err != nil || string(data) != "户号,户主" {
			t.Fatalf("saved %v, %v: %q", saved, err, data)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".gridbook-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A path that a person chose is named by its handle; what is there is looked at
// by whoever reads or writes it.
func TestPathsAreNamedByHandles(t *testing.T) {
	stick := filepath.Join(t.TempDir(), "U 盘")
	files := bridge.NewFiles(rand.Reader)
	desk, typing := bridge.NewDesk(files, dialogs{path: stick}), bridge.NewTyping(files)
	for name, pick := range map[string]func() (*bridge.Picked, error){
		"folder": func() (*bridge.Picked, error) { return desk.PickFolder(t.Context()) },
		"file":   func() (*bridge.Picked, error) { return desk.PickPath(t.Context(), nil) },
		"typed":  func() (*bridge.Picked, error) { return typing.TypePath(stick) },
	} {
		picked, err := pick()
		if err != nil || picked.Name != "U 盘" {
			t.Fatalf("%s: %+v, %v", name, picked, err)
		}
		if path, err := files.Path(picked.Handle); err != nil || path != stick {
			t.Errorf("%s: %q, %v", name, path, err)
		}
		if _, err := files.Get(picked.Handle); syncproto.CodeOf(err) != syncproto.CodeNotFound {
			t.Errorf("%s: the handle of a path is that of a file: %v", name, err)
		}
	}
	if _, err := files.Path(stick); syncproto.CodeOf(err) != syncproto.CodeNotFound {
		t.Errorf("a path passes for a handle: %v", err)
	}
	first, err := files.PutPath("first")
	if err != nil {
		t.Fatal(err)
	}
	for range bridge.MaxPaths {
		if _, err := files.PutPath(stick); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := files.Path(first); syncproto.CodeOf(err) != syncproto.CodeNotFound {
		t.Errorf("the oldest does not go: %v", err)
	}
}

func TestTypedPaths(t *testing.T) {
	files := bridge.NewFiles(rand.Reader)
	for typed, want := range map[string]string{
		"  /media/usb/ \n":            "/media/usb",
		`"/media/U 盘/a.gridbundle"`:   "/media/U 盘/a.gridbundle", // as Windows copies a path
		"“/media/usb”":                "/media/usb",
		"'/media/usb'":                "/media/usb",
		"file:///media/U%20%E7%9B%98": "/media/U 盘", // as Linux desktops copy one
		"/media/100%":                 "/media/100%",
		"":                            "",
		"  ":                          "",
		"\"\"":                        "",
		"media/usb":                   "",
		"../usb":                      "",
		"/media/\x00usb":              "",
	} {
		picked, err := bridge.NewTyping(files).TypePath(typed)
		if want == "" {
			if syncproto.CodeOf(err) != syncproto.CodeInput || picked != nil {
				t.Errorf("%q: %v, %v; want code %s", typed, picked, err, syncproto.CodeInput)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", typed, err)
		} else if path, _ := files.Path(picked.Handle); path != want {
			t.Errorf("%q is %q, want %q", typed, path, want)
		}
	}
}

func TestDeskWhenItGoesWrong(t *testing.T) {
	dir := t.TempDir()
	files := bridge.NewFiles(rand.Reader)
	handle, err := files.Put("x", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		dialogs    dialogs
		open, save syncproto.Code
	}{
		{"changed their mind", dialogs{}, "", ""},
		{"a folder", dialogs{path: dir}, syncproto.CodeInput, syncproto.CodeDiskFull},
		{"a stick that is gone", dialogs{path: filepath.Join(dir, "usb", "x")}, syncproto.CodeInput, syncproto.CodeDiskFull},
		{"no dialog", dialogs{err: errors.New("no display")}, syncproto.CodeInternal, syncproto.CodeInternal},
	} {
		desk := bridge.NewDesk(files, c.dialogs)
		if picked, err := desk.PickFile(t.Context(), nil); picked != nil || syncproto.CodeOf(err) != c.open {
			t.Errorf("%s: picked %v, %v; want code %q", c.name, picked, err, c.open)
		}
		wantPath := c.open
		if c.dialogs.path != "" {
			wantPath = "" // what is there is looked at later
		}
		for _, pick := range []func() (*bridge.Picked, error){
			func() (*bridge.Picked, error) { return desk.PickFolder(t.Context()) },
			func() (*bridge.Picked, error) { return desk.PickPath(t.Context(), nil) },
		} {
			if picked, err := pick(); syncproto.CodeOf(err) != wantPath || (picked != nil) != (c.dialogs.path != "") {
				t.Errorf("%s: chose %v, %v; want code %q", c.name, picked, err, wantPath)
			}
		}
		if saved, err := desk.SaveFile(t.Context(), handle, "x"); saved || syncproto.CodeOf(err) != c.save {
			t.Errorf("%s: saved %v, %v; want code %q", c.name, saved, err, c.save)
		}
	}
}
