package service

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
)

// stickDisk is the file system that bundles are written to.
func stickDisk() envelope.Disk {
	return envelope.Disk{
		Create:     func(path string) (envelope.File, error) { return os.Create(path) },
		Open:       func(path string) (io.ReadCloser, error) { return os.Open(path) },
		Rename:     os.Rename,
		Remove:     os.Remove,
		SyncFolder: syncFolderOf,
		Full:       noRoom,
		Exists: func(path string) bool {
			_, err := os.Lstat(path)
			return err == nil
		},
	}
}

// syncFolderOf makes a new name last. Some file systems of sticks know no such
// thing and say so; Windows has none.
func syncFolderOf(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	syncing := folder.Sync()
	if errors.Is(syncing, syscall.EINVAL) || errors.Is(syncing, errors.ErrUnsupported) {
		syncing = nil
	}
	return errors.Join(syncing, folder.Close())
}

// noRoom reports whether an error says that a disk is full, or on FAT32 a file
// too large.
func noRoom(err error) bool {
	codes := []error{syscall.ENOSPC, syscall.EFBIG}
	if runtime.GOOS == "windows" {
		codes = append(codes, syscall.Errno(39), syscall.Errno(112)) // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
	}
	return slices.ContainsFunc(codes, func(code error) bool { return errors.Is(err, code) })
}

// foundBundle is a file that a person named, or that lies in such a folder.
type foundBundle struct {
	path     string
	data     []byte
	head     envelope.Header
	err      error // why it is of no use
	searched bool  // it was found in a folder
}

// findBundles reads files, and of folders those bundles that are of a kind, in
// the order in which they are of most use: answers the newest first, for it has
// all that older ones have, the others the oldest first, as they were made.
// What cannot be read has its error with it.
func findBundles(paths []string, kind envelope.Kind) ([]foundBundle, error) {
	var out []foundBundle
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, noStick(path, err)
		}
		if !info.IsDir() {
			out = append(out, readFound(path, false))
			continue
		}
		files, err := os.ReadDir(path)
		if err != nil {
			return nil, noStick(path, err)
		}
		for _, file := range files {
			name := file.Name()
			if file.IsDir() || strings.HasPrefix(name, ".") || !strings.HasSuffix(strings.ToLower(name), envelope.Extension) {
				continue
			}
			f := readFound(filepath.Join(path, name), true)
			// A damaged one tells its kind by its name only.
			other := f.err == nil && f.head.Kind != kind || f.err != nil && envelope.IsAnswerName(name) != (kind == envelope.Answer)
			if !other {
				out = append(out, f)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b foundBundle) int {
		if kind == envelope.Answer {
			a, b = b, a
		}
		return cmp.Compare(a.head.Created, b.head.Created)
	})
	return out, nil
}

func readFound(path string, searched bool) foundBundle {
	f := foundBundle{path: path, searched: searched}
	if f.data, f.err = readStick(path); f.err == nil {
		f.head, f.err = envelope.Peek(f.data)
	}
	return f
}

func readStick(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, noStick(path, err)
	}
	if info.Size() > envelope.MaxFile {
		return nil, &syncproto.Error{Code: syncproto.CodeTooLarge, Message: "这个文件太大，不是数据包：" + filepath.Base(path), Hint: "请核对文件名。"}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &syncproto.Error{Code: syncproto.CodeUnplugged, Message: "读不出 " + filepath.Base(path), Hint: "请看看 U 盘是不是拔了或松了，插好再试。", Err: err}
	}
	return data, nil
}
