package admin

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"gridbook/syncproto/envelope"
)

// disk is the file system that answers are written to.
func disk() envelope.Disk {
	return envelope.Disk{
		Create:     func(path string) (envelope.File, error) { return os.Create(path) },
		Open:       func(path string) (io.ReadCloser, error) { return os.Open(path) },
		Rename:     os.Rename,
		Remove:     os.Remove,
		SyncFolder: syncFolder,
		Full:       isFull,
		Exists:     func(path string) bool { _, err := os.Lstat(path); return err == nil },
	}
}

// syncFolder makes a new name last. Some file systems of sticks know no such
// thing and say so; Windows has none.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// isFull reports whether an error says that there is no more room: on FAT32 a
// file that is too large too.
func isFull(err error) bool {
	const diskFull, handleDiskFull = syscall.Errno(112), syscall.Errno(39) // of Windows
	if runtime.GOOS == "windows" && (errors.Is(err, diskFull) || errors.Is(err, handleDiskFull)) {
		return true
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG)
}
