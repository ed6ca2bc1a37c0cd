// Package boltstore keeps a township in one bbolt file.
package boltstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"gridbook/server/office"
	"gridbook/syncproto"
)

// formatVersion is the version of the file's layout: which buckets there are
// and what their keys mean. Rows have a version of their own. Open brings an
// older file up to date, see migrate.
const formatVersion = 3

var keyFormat = []byte("format")

// Options are for Open.
type Options struct {
	// LockTimeout is how long to wait for another process to let go of the
	// file; 0: one second.
	LockTimeout time.Duration
	// MaxSize is the greatest size of the file in bytes, 0: no limit. Beyond
	// it, updates fail with CodeDiskFull.
	MaxSize int
	// NoSync leaves out fsync: for tests that make thousands of stores.
	NoSync bool
}

// Store is an office.Store in a bbolt file.
type Store struct {
	db     *bolt.DB
	writer *writer
}

var _ office.Store = (*Store)(nil)

// Exists reports whether there is a store at path.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Create makes a new store. It refuses a path that exists (CodeExists).
func Create(path string, o Options) (*Store, error) {
	if Exists(path) {
		return nil, &syncproto.Error{
			Code:    syncproto.CodeExists,
			Message: "这个目录里已经有一个服务器数据文件：" + path + "。",
			Hint:    "请换一个空目录，或者直接使用已有的数据。",
		}
	}
	return open(path, o)
}

// Open opens a store that exists. Errors: CodeNotFound, CodeLocked (another
// process has it open), CodeDamaged, CodeVersion (made by a newer program).
func Open(path string, o Options) (*Store, error) {
	if !Exists(path) {
		return nil, &syncproto.Error{
			Code:    syncproto.CodeNotFound,
			Message: "这个目录里没有服务器数据：" + filepath.Dir(path) + "。",
			Hint:    "第一次使用请先执行 gridbookd init；已经建过的，请用 --data 指明数据目录。",
		}
	}
	if err := precheck(path, o); err != nil {
		return nil, err
	}
	return open(path, o)
}

func (o Options) bolt() *bolt.Options {
	timeout := o.LockTimeout
	if timeout == 0 {
		timeout = time.Second
	}
	return &bolt.Options{
		Timeout: timeout,
		// The free list is found again when the file is opened. Writing it
		// would cost every commit more than the records of a small upload.
		NoFreelistSync: true,
		FreelistType:   bolt.FreelistMapType,
		NoStatistics:   true,
		MaxSize:        o.MaxSize,
		NoSync:         o.NoSync,
	}
}

// CheckFile tests a copy of a store without opening it for use.
func CheckFile(path string) error { return precheck(path, Options{}) }

// precheck reads all pages before bbolt does.
func precheck(path string, o Options) (err error) {
	defer catchDamage(&err)
	defer faultsPanic()()
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		return damaged("an empty file")
	}
	ro := o.bolt()
	ro.ReadOnly = true
	db, err := bolt.Open(path, 0o600, ro)
	if err != nil {
		return openError(path, err)
	}
	defer db.Close()
	return checkFile(db)
}

func checkFile(db *bolt.DB) error {
	file, err := os.Open(db.Path())
	if err != nil {
		return fmt.Errorf("check %s: %w", db.Path(), err)
	}
	defer file.Close()
	return db.View(func(t *bolt.Tx) error { return checkPages(file, t) })
}

// mmapReserve is how much address space is set aside, so that a growing file
// need not wait for readers to end (bbolt remaps under a lock).
const mmapReserve = 1 << 30

// growth is by how many bytes the file grows at a time; each time costs an
// fsync more.
const growth = 4 << 20

func open(path string, o Options) (s *Store, err error) {
	defer catchDamage(&err)
	defer faultsPanic()()
	opts := o.bolt()
	if runtime.GOOS != "windows" && ^uint(0)>>32 != 0 {
		// On Windows, bbolt makes the file as large as its map.
		opts.InitialMmapSize = mmapReserve
	}
	db, err := bolt.Open(path, 0o600, opts)
	if err != nil {
		return nil, openError(path, err)
	}
	db.AllocSize = growth
	if err := db.Update(prepare); err != nil {
		return nil, errors.Join(storeError(err), db.Close())
	}
	s = &Store{db: db}
	s.writer = startWriter(db)
	return s, nil
}

// prepare makes the buckets of a new file, and brings an old one up to date.
func prepare(t *bolt.Tx) error {
	version := byte(formatVersion)
	if meta := t.Bucket(bucketMeta); meta != nil {
		v := meta.Get(keyFormat)
		switch {
		case len(v) != 1 || v[0] == 0:
			return damaged("no format number")
		case v[0] > formatVersion:
			return &syncproto.Error{
				Code:    syncproto.CodeVersion,
				Message: "数据文件是更新版本的 gridbookd 建的，这个版本读不了。",
				Hint:    "请安装新版本的 gridbookd 再打开；数据没有改动。",
				Err:     fmt.Errorf("format %d, know %d", v[0], formatVersion),
			}
		}
		version = v[0]
	}
	for _, name := range buckets() {
		if _, err := t.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	if err := migrate(t, version); err != nil {
		return err
	}
	return t.Bucket(bucketMeta).Put(keyFormat, []byte{formatVersion})
}

// View runs f in a read transaction.
func (s *Store) View(f func(office.Tx) error) (err error) {
	defer catchDamage(&err)
	defer faultsPanic()()
	return storeError(s.db.View(func(b *bolt.Tx) error { return f(newTx(b)) }))
}

// Update runs f in a transaction; see writer.
func (s *Store) Update(f func(office.Tx) error) error { return s.writer.do(f) }

// Check reads every page, and tests that none is used twice.
func (s *Store) Check() (err error) {
	defer catchDamage(&err)
	defer faultsPanic()()
	return checkFile(s.db)
}

// Snapshot writes a copy of the file as one transaction sees it.
func (s *Store) Snapshot(w io.Writer) (n int64, err error) {
	defer catchDamage(&err)
	defer faultsPanic()()
	out := &watched{w: w}
	err = s.db.View(func(b *bolt.Tx) error {
		n, err = b.WriteTo(out)
		return err
	})
	if out.err != nil {
		// bbolt passes on only the words of a writer's error.
		err = out.err
	}
	return n, storeError(err)
}

// watched remembers a writer's error.
type watched struct {
	w   io.Writer
	err error
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.w.Write(b)
	if err != nil {
		w.err = err
	}
	return n, err
}

// Close ends the writer and closes the file.
func (s *Store) Close() error {
	s.writer.stop()
	return s.db.Close()
}

// catchDamage turns bbolt's panics and faults on damaged pages into
// CodeDamaged. It must be deferred directly. Other panics pass.
func catchDamage(err *error) {
	if r := recover(); r != nil {
		if !isDamage(r) {
			panic(r)
		}
		*err = damaged("%v", r)
	}
}

// isDamage tells panics of bbolt's own page checks and memory faults of the
// map from mistakes of the program. It must be called while r is handled.
func isDamage(r any) bool {
	if e, ok := r.(runtime.Error); ok {
		if _, fault := e.(interface{ Addr() uintptr }); fault {
			return true
		}
	}
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	for begun := false; ; {
		f, more := frames.Next()
		if begun && !strings.HasPrefix(f.Function, "runtime.") {
			return isBolt(f.Function)
		}
		begun = begun || f.Function == "runtime.gopanic"
		if !more {
			return false
		}
	}
}

func isBolt(function string) bool { return strings.HasPrefix(function, "go.etcd.io/bbolt") }

// faultsPanic makes a fault of this goroutine in the file's map a panic
// instead of the process's end, until the result is called.
func faultsPanic() func() {
	before := debug.SetPanicOnFault(true)
	return func() { debug.SetPanicOnFault(before) }
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return &syncproto.Error{
			Code:    syncproto.CodeLocked,
			Message: "服务器数据正被另一个程序使用：" + path + "。",
			Hint:    "可能 gridbookd serve 正在启动或正在停止，请过几秒再试；一个数据目录只能开一个服务。",
			Err:     err,
		}
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		return damaged("%v", err)
	case strings.Contains(err.Error(), "file size too small"):
		// bbolt has no error value for it.
		return damaged("%v", err)
	case errors.Is(err, os.ErrPermission):
		return &syncproto.Error{
			Code:    syncproto.CodeNotAllowed,
			Message: "没有权限打开服务器数据：" + path + "。",
			Hint:    "请用运行服务的那个系统用户来执行。",
			Err:     err,
		}
	}
	return storeError(err)
}

// storeError gives a full disk its code and leaves other errors as they are.
func storeError(err error) error {
	var coded *syncproto.Error
	if err == nil || errors.As(err, &coded) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) || errors.Is(err, berrors.ErrMaxSizeReached) || isQuota(err) {
		return &syncproto.Error{
			Code:    syncproto.CodeDiskFull,
			Message: "服务器的硬盘满了，没有保存；已有的数据没有改动。",
			Hint:    "请清理硬盘空间；各村电脑会自动重传，不会丢。",
			Err:     err,
		}
	}
	return err
}
