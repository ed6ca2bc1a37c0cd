package bridge

import (
	"encoding/base32"
	"fmt"
	"io"
	"sync"

	"gridbook/syncproto"
)

// Limits on what the screens and Go hand each other.
const (
	MaxFile  = 64 << 20  // bytes of one file
	MaxFiles = 192 << 20 // bytes of all files that are kept
)

// File is a file on its way between a screen and Go.
type File struct {
	Name string // as the person knows it, without a folder
	Data []byte // not to be changed
}

// Files keeps, in memory, what a screen handed over for a later call and what
// a call made for a screen to fetch. Never on disk: the village's workbooks
// hold ID numbers, and the disk holds only sealed data. The oldest go first
// when there is no more room.
type Files struct {
	random io.Reader

	mu     sync.Mutex
	held   map[string]File
	oldest []string // handles in order of arrival
	size   int
	paths  []keptPath // the oldest first
}

// NewFiles returns an empty store that draws its handles from random, which
// must be cryptographically strong: a handle is the right to read the file.
func NewFiles(random io.Reader) *Files {
	return &Files{random: random, held: map[string]File{}}
}

// Put keeps a file and returns the handle that Get takes. It fails with
// CodeTooLarge over MaxFile.
func (f *Files) Put(name string, data []byte) (handle string, err error) {
	if len(data) > MaxFile {
		return "", tooLarge()
	}
	if handle, err = f.draw(); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.size+len(data) > MaxFiles && len(f.oldest) > 0 {
		f.size -= len(f.held[f.oldest[0]].Data)
		delete(f.held, f.oldest[0])
		f.oldest = f.oldest[1:]
	}
	f.held[handle] = File{Name: name, Data: data}
	f.oldest = append(f.oldest, handle)
	f.size += len(data)
	return handle, nil
}

func (f *Files) draw() (handle string, err error) {
	var id [15]byte
	if _, err := io.ReadFull(f.random, id[:]); err != nil {
		return "", fmt.Errorf("bridge: draw a file handle: %w", err)
	}
	return base32.HexEncoding.EncodeToString(id[:]), nil
}

// Get returns the file of a handle, or CodeNotFound.
func (f *Files) Get(handle string) (File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	file, ok := f.held[handle]
	if !ok {
		return File{}, &syncproto.Error{Code: syncproto.CodeNotFound,
			Message: "这个文件已经不在了", Hint: "请重新选择文件，或重新导出一次。"}
	}
	return file, nil
}

func tooLarge() error {
	return &syncproto.Error{Code: syncproto.CodeTooLarge,
		Message: "文件太大", Hint: "一个文件最多 64 MB，请分成几份。"}
}
