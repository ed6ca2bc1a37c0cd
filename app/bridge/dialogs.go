package bridge

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"gridbook/syncproto"
)

// FileFilter is one kind of file in a dialog.
type FileFilter struct {
	Name       string   `json:"name"`       // such as 表格
	Extensions []string `json:"extensions"` // such as xlsx, without the dot
}

// Dialogs are the window's own dialogs. A host without a window has none; the
// browser then asks in its own way.
type Dialogs interface {
	// OpenFile lets the person choose a file; "" when they change their mind.
	OpenFile(ctx context.Context, filters []FileFilter) (path string, err error)
	// OpenFolder lets the person choose a folder; "" when they change their mind.
	OpenFolder(ctx context.Context) (path string, err error)
	// SaveFile lets the person say where; "" when they change their mind.
	SaveFile(ctx context.Context, suggested string) (path string, err error)
}

// Desk is the service behind the screens' file dialogs in a host that has
// some. Paths stay on this side: a screen holds handles only, so that no call
// can name a file that the person did not choose.
type Desk struct {
	files   *Files
	dialogs Dialogs
}

// NewDesk returns the service that shows dialogs and keeps files in files.
func NewDesk(files *Files, dialogs Dialogs) *Desk {
	return &Desk{files: files, dialogs: dialogs}
}

// Picked is a file or folder that a person chose.
type Picked struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
}

// PickFile lets the person choose a file and reads it; nil when they change
// their mind. It fails with CodeTooLarge over MaxFile and CodeInput if the
// file cannot be read.
func (d *Desk) PickFile(ctx context.Context, filters []FileFilter) (*Picked, error) {
	path, err := d.dialogs.OpenFile(ctx, filters)
	if err != nil {
		return nil, fmt.Errorf("bridge: choose a file: %w", err)
	}
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, unreadable(err)
	}
	if info.Size() > MaxFile {
		return nil, tooLarge()
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(err)
	}
	name := filepath.Base(path)
	handle, err := d.files.Put(name, data)
	if err != nil {
		return nil, err
	}
	return &Picked{Handle: handle, Name: name}, nil
}

// PickFolder lets the person choose a folder, to read what lies in it or to
// write there; nil when they change their mind.
func (d *Desk) PickFolder(ctx context.Context) (*Picked, error) {
	path, err := d.dialogs.OpenFolder(ctx)
	if err != nil {
		return nil, fmt.Errorf("bridge: choose a folder: %w", err)
	}
	return d.picked(path)
}

// PickPath lets the person choose a file, and does not read it: bundles may be
// larger than MaxFile, and their answers are written beside them. nil when
// they change their mind.
func (d *Desk) PickPath(ctx context.Context, filters []FileFilter) (*Picked, error) {
	path, err := d.dialogs.OpenFile(ctx, filters)
	if err != nil {
		return nil, fmt.Errorf("bridge: choose a file: %w", err)
	}
	return d.picked(path)
}

func (d *Desk) picked(path string) (*Picked, error) {
	if path == "" {
		return nil, nil
	}
	return d.files.pickPath(path)
}

// SaveFile writes the file of a handle where the person wants it; false when
// they change their mind. A file that is there already is replaced only once
// the new one is whole.
func (d *Desk) SaveFile(ctx context.Context, handle, name string) (bool, error) {
	file, err := d.files.Get(handle)
	if err != nil {
		return false, err
	}
	path, err := d.dialogs.SaveFile(ctx, filepath.Base(name))
	if err != nil {
		return false, fmt.Errorf("bridge: choose where to save: %w", err)
	}
	if path == "" {
		return false, nil
	}
	if err := replace(path, file.Data); err != nil {
		return false, &syncproto.Error{Code: syncproto.CodeDiskFull, Err: err,
			Message: "文件没有存上", Hint: "请换一个位置，或看看磁盘是不是满了、U 盘是不是拔了。"}
	}
	return true, nil
}

// replace writes beside path and renames, so that a full disk or a pulled
// stick leaves the old file as it was.
func replace(path string, data []byte) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".gridbook-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	if _, err = tmp.Write(data); err == nil {
		err = tmp.Sync()
	}
	if closing := tmp.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func unreadable(err error) error {
	return &syncproto.Error{Code: syncproto.CodeInput, Err: err,
		Message: "这个文件打不开", Hint: "请看看它是不是正被别的程序打开，或 U 盘是不是拔了。"}
}
