package bridge

import (
	"net/url"
	"path/filepath"
	"strings"

	"gridbook/syncproto"
)

// MaxPaths is how many paths are kept; the oldest go first.
const MaxPaths = 64

type keptPath struct{ handle, path string }

// PutPath keeps the path of a file or folder that a person chose, and returns
// the handle that Path takes.
func (f *Files) PutPath(path string) (handle string, err error) {
	if handle, err = f.draw(); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.paths = append(f.paths, keptPath{handle, path})
	f.paths = f.paths[max(0, len(f.paths)-MaxPaths):]
	return handle, nil
}

// Path returns the path of a handle, or CodeNotFound. What is there may have
// changed since.
func (f *Files) Path(handle string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, kept := range f.paths {
		if kept.handle == handle {
			return kept.path, nil
		}
	}
	return "", &syncproto.Error{Code: syncproto.CodeNotFound, Message: "选的位置已经不记得了", Hint: "请再选一次。"}
}

func (f *Files) pickPath(path string) (*Picked, error) {
	handle, err := f.PutPath(path)
	if err != nil {
		return nil, err
	}
	return &Picked{Handle: handle, Name: filepath.Base(path)}, nil
}

// Typing is the service behind the field for a path, in a host that has no
// dialogs: a browser shows none for folders. The window does not have it: there
// a call can name nothing but what the person chose.
type Typing struct{ files *Files }

// NewTyping returns the service that keeps written paths in files.
func NewTyping(files *Files) *Typing { return &Typing{files: files} }

// TypePath takes the path of a file or folder as a person writes or pastes it.
// It fails with CodeInput if it is not a whole one. What is there is not looked
// at.
func (t *Typing) TypePath(typed string) (*Picked, error) {
	path := cleanPath(typed)
	if !filepath.IsAbs(path) || strings.ContainsRune(path, 0) {
		return nil, &syncproto.Error{Code: syncproto.CodeInput, Message: notWhole(path),
			Hint: "请写完整的位置，如 E:\\网格簿 或 /media/usb。在文件管理器里打开那个文件夹，地址栏里的就是。"}
	}
	return t.files.pickPath(path)
}

func notWhole(path string) string {
	if path == "" {
		return "还没有写位置"
	}
	return "“" + path + "”不是完整的位置"
}

// cleanPath takes off what comes along when a path is copied: spaces, quotes,
// the name of a scheme; and lets a drive's letter stand for the drive.
func cleanPath(typed string) string {
	path := strings.TrimFunc(typed, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\"'“”‘’", r) })
	if rest, ok := strings.CutPrefix(path, "file://"); ok {
		if plain, err := url.PathUnescape(rest); err == nil {
			path = plain
		}
	}
	if path == "" {
		return ""
	}
	if path == filepath.VolumeName(path) {
		path += string(filepath.Separator)
	}
	return filepath.Clean(path)
}
