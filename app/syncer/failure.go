package syncer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"time"

	"gridbook/syncproto"
)

// Later is the error of a hub that said when to come again.
type Later struct {
	Err   *syncproto.Error
	After time.Duration
}

func (l *Later) Error() string { return l.Err.Error() }

// Unwrap returns the hub's error.
func (l *Later) Unwrap() error { return l.Err }

// errCut marks failures of an exchange that had begun.
var errCut = errors.New("the connection was cut")

// Retryable reports whether trying again may help without anyone doing
// anything. Unknown codes of a newer hub are.
func Retryable(err error) bool {
	switch syncproto.CodeOf(err) {
	case syncproto.CodeToken, syncproto.CodeRevoked, syncproto.CodeTownship, syncproto.CodeVersion,
		syncproto.CodeInvitation, syncproto.CodeNotJoined, syncproto.CodeDamaged, syncproto.CodeUsage:
		return false
	}
	return true
}

// failure gives a failed exchange its code. begun says that the request may
// have reached the hub.
func failure(err error, begun bool) error {
	var known *syncproto.Error
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &record), errors.As(err, &alert):
		return notOurs(err)
	case isBroken(err) && begun:
		return unreachable(errors.Join(errCut, err))
	case isBroken(err):
		return unreachable(err)
	}
	return notOurs(err) // such as bytes that are no HTTP
}

// isBroken reports whether the network failed, not the peer's manners.
func isBroken(err error) bool {
	var op net.Error
	var dns *net.DNSError
	var half textproto.ProtocolError // a header line that ends in the middle
	return errors.As(err, &op) || errors.As(err, &dns) || errors.As(err, &half) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

func unreachable(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeUnreachable,
		Message: "连不上乡镇的服务器",
		Hint:    "现在可以照常填写，连上网后会自动上传。",
		Err:     cause}
}

func notOurs(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeNotOurs,
		Message: "回答的不是乡镇的服务器",
		Hint:    "这个网络可能要先登录：请打开浏览器，随便进一个网页，按提示登录后再试；内容都还在本机。",
		Err:     cause}
}

func wrongCertificate(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeCertificate,
		Message: "对方的证书和邀请码里的不一样，为安全起见没有发送",
		Hint:    "如果在用公共网络，请先打开浏览器登录上网；换个网络还是这样，请问乡镇是不是换了服务器。",
		Err:     cause}
}

func tooLarge() error {
	return &syncproto.Error{Code: syncproto.CodeTooLarge,
		Message: "服务器的回答太大，没有接收", Hint: "程序会自动分小批再试；总是这样时请告诉乡镇。"}
}
