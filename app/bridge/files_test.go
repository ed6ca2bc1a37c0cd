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
		if saved, err := desk.SaveFile(t.Context(), handle, "x"); saved || syncproto.CodeOf(err) != c.save {
			t.Errorf("%s: saved %v, %v; want code %q", c.name, saved, err, c.save)
		}
	}
}
