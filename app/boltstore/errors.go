package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	berrors "go.etcd.io/bbolt/errors"

	"gridbook/syncproto"
)

func damaged(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeDamaged,
		Message: "网格簿的数据文件损坏了",
		Hint:    "请关闭网格簿再打开一次：程序会保留损坏的文件，换上最近一份完好的副本，缺的内容联网后从乡镇取回。",
		Err:     cause}
}

func alreadyOpen(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeLocked,
		Message: "网格簿已经打开了",
		Hint:    "请到任务栏找已打开的网格簿窗口；如果找不到，重启电脑后再试。",
		Err:     cause}
}

func wrongPassword(cause error) error {
	return &syncproto.Error{Code: syncproto.CodePassword,
		Message: "密码不对",
		Hint:    "请看看大写锁定和输入法，再输一次；忘记了密码，请带上电脑找乡镇管理员恢复。",
		Err:     cause}
}

func diskFull(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeDiskFull,
		Message: "磁盘满了，这次没有存上，原来的内容没有变",
		Hint:    "请删掉一些不用的文件或清空回收站，再点一次保存。",
		Err:     cause}
}

func notHere() error {
	return &syncproto.Error{Code: syncproto.CodeNotJoined,
		Message: "这台电脑上还没有网格簿的数据",
		Hint:    "请用乡镇发的邀请码加入，或者从备份恢复。"}
}

func exists() error {
	return &syncproto.Error{Code: syncproto.CodeExists,
		Message: "这里已经有一份网格簿的数据",
		Hint:    "请直接打开它，或者换一个空的文件夹。"}
}

func noBackup(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeInput,
		Message: "找不到这个备份文件",
		Hint:    "请看看 U 盘有没有插好，文件名对不对。",
		Err:     cause}
}

func badCall(format string, args ...any) error {
	return &syncproto.Error{Code: syncproto.CodeUsage, Message: "程序调用有误",
		Hint: "请把这条信息告诉开发者。", Err: fmt.Errorf("boltstore: "+format, args...)}
}

// errUnchanged ends a transaction that changed nothing.
var errUnchanged = errors.New("nothing to save")

// isDamage reports whether err says that stored bytes are not what was written.
func isDamage(err error) bool { return syncproto.CodeOf(err) == syncproto.CodeDamaged }

// guard runs f and turns what bbolt does when it meets a damaged page, a panic
// or a fault in the mapped file, into CodeDamaged. Panics from elsewhere go on.
func guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			if !fromStore(p) {
				panic(p)
			}
			err = damaged(fmt.Errorf("bbolt: %v", p))
		}
	}()
	return f()
}

// fromStore reports whether the panic under way is a fault at an address, as
// only mapped memory makes, or was raised in bbolt's own code.
func fromStore(p any) bool {
	if fault, ok := p.(interface{ Addr() uintptr }); ok && fault.Addr() != 0 {
		return true
	}
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	raised := false
	for {
		frame, more := frames.Next()
		if raised && !strings.HasPrefix(frame.Function, "runtime.") {
			return strings.HasPrefix(frame.Function, "go.etcd.io/bbolt")
		}
		raised = raised || frame.Function == "runtime.gopanic"
		if !more {
			return false
		}
	}
}

// saving gives a failed write its code. bbolt does not always wrap what the
// system said, so a doubtful one is settled by asking the disk again.
func saving(dir string, err error) error {
	switch {
	case err == nil:
		return nil
	case isDamage(err):
		return err
	case isDiskFull(err), errors.Is(err, berrors.ErrMaxSizeReached), !hasRoom(dir):
		return diskFull(err)
	}
	return &syncproto.Error{Code: syncproto.CodeInternal,
		Message: "没有存上，原来的内容没有变",
		Hint:    "请再试一次；如果还不行，请检查磁盘。",
		Err:     err}
}

// hasRoom reports whether the store's file can grow and a small one can be
// written beside it.
func hasRoom(dir string) bool {
	f, err := os.CreateTemp(dir, tempPrefix)
	if err != nil {
		return !isDiskFull(err)
	}
	defer os.Remove(f.Name())
	size := int64(0)
	if info, err := os.Stat(filepath.Join(dir, fileName)); err == nil {
		size = info.Size()
	}
	_, err = f.Write(make([]byte, allocSize))
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Truncate(size + 2*allocSize)
	}
	f.Close()
	return !isDiskFull(err)
}
