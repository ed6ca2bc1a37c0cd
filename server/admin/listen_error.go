package admin

import (
	"errors"
	"os"
	"syscall"

	"gridbook/syncproto"
)

// listenError says why a port cannot be had.
func listenError(address string, err error) error {
	e := &syncproto.Error{
		Code:    syncproto.CodeUsage,
		Message: "不能在 " + address + " 上监听。",
		Hint:    "请核对 --listen 的地址是不是这台机器的。",
		Err:     err,
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		e.Code = syncproto.CodeLocked
		e.Message = "端口已被占用：" + address + "。"
		e.Hint = "可能已经有一个 gridbookd serve 在运行；否则请换一个端口。"
	case errors.Is(err, os.ErrPermission):
		e.Code = syncproto.CodeNotAllowed
		e.Message = "没有权限使用端口：" + address + "。"
		e.Hint = "请用 1024 以上的端口，例如 0.0.0.0:8443。"
	}
	return e
}
