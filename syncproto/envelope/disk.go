package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gridbook/syncproto"
)

// Disk is what writing a file needs of a file system. All functions are
// required.
type Disk struct {
	Create     func(path string) (File, error) // new or emptied
	Open       func(path string) (io.ReadCloser, error)
	Rename     func(from, to string) error
	Remove     func(path string) error
	SyncFolder func(path string) error // the folder that the file is in
	Full       func(error) bool        // whether an error says that there is no more room
	Exists     func(path string) bool
}

// File is a file that is being written.
type File interface {
	io.WriteCloser
	Sync() error
}

// temporary ends the name of a file that is not whole yet.
const temporary = ".part"

// Write writes a file so that under its name there is only ever a whole one:
// under another name first, to the disk, read back and compared, then renamed.
// After a failure the file that was there before is as it was. Errors:
// CodeDiskFull, and CodeUnplugged for all else.
func Write(d Disk, path string, data []byte) error {
	part := path + temporary
	err := fill(d, part, data)
	if err == nil {
		err = compare(d, part, data)
	}
	if err == nil {
		err = d.Rename(part, path)
	}
	if err != nil {
		_ = d.Remove(part) // it may be gone with the stick
		return notWritten(d, err)
	}
	if err := d.SyncFolder(path); err != nil {
		return notWritten(d, err)
	}
	return nil
}

func fill(d Disk, path string, data []byte) error {
	f, err := d.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(data))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

var errOther = errors.New("what was read back is not what was written")

// compare reads a file back.
func compare(d Disk, path string, data []byte) (err error) {
	f, err := d.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	block := make([]byte, 64<<10)
	for {
		n, err := f.Read(block)
		if n > len(data) || !bytes.Equal(block[:n], data[:n]) {
			return errOther
		}
		data = data[n:]
		switch {
		case err == io.EOF && len(data) == 0:
			return nil
		case err == io.EOF:
			return errOther
		case err != nil:
			return err
		}
	}
}

func notWritten(d Disk, cause error) error {
	if d.Full(cause) {
		return &syncproto.Error{Code: syncproto.CodeDiskFull, Message: "U 盘(磁盘)满了，数据包没有写成",
			Hint: "请删掉 U 盘上不用的文件，或换一个 U 盘，再导出一次；内容都还在。", Err: cause}
	}
	return &syncproto.Error{Code: syncproto.CodeUnplugged, Message: "数据包没有写到 U 盘上",
		Hint: "请看看 U 盘是不是拔了、松了，或者设了写保护，插好后再导出一次；内容都还在。", Err: cause}
}

// Name returns the name of a file: who made it and when, in letters that every
// file system takes, so that a folder of them sorts by place and time.
func Name(place string, at time.Time) string {
	clean := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, place)
	return clean + "-" + at.Format("20060102-1504") + Extension
}

// answerMark ends the name of an answer: "huizhi", receipt.
const answerMark = "-huizhi"

// AnswerName returns the name of the answer to a file, which stands beside it.
func AnswerName(path string) string {
	return strings.TrimSuffix(path, Extension) + answerMark + Extension
}

// IsAnswerName reports whether a file is an answer by its name.
func IsAnswerName(path string) bool { return strings.HasSuffix(path, answerMark+Extension) }

// maxNames bounds the names that Free tries.
const maxNames = 1000

// Free returns path, or if there is such a file already, the first of path-2,
// path-3, … that there is not.
func Free(d Disk, path string) (string, error) {
	stem := strings.TrimSuffix(path, Extension)
	for n := 1; n < maxNames; n++ {
		try := path
		if n > 1 {
			try = fmt.Sprintf("%s-%d%s", stem, n, Extension)
		}
		if !d.Exists(try) && !d.Exists(AnswerName(try)) {
			return try, nil
		}
	}
	return "", notWritten(d, errors.New("too many files of one minute"))
}
