package httpapi

import (
	"context"
	"errors"

	"gridbook/syncproto"
)

// busySeconds is when a laptop that was turned away may come again. Laptops
// add a random part of their own.
const busySeconds = 15

// faults are what a laptop is told when it could not even be understood, or
// the server failed.
func fault(code syncproto.Code) *syncproto.Error {
	e := &syncproto.Error{Code: code}
	switch code {
	case syncproto.CodeBusy:
		e.Message, e.Hint = "服务器正忙。", "稍后会自动再试，不用管它。"
	case syncproto.CodeTooLarge:
		e.Message, e.Hint = "一次发送的内容太多。", "程序会自动分小批再发。"
	case syncproto.CodeDiskFull:
		e.Message, e.Hint = "服务器的硬盘满了，没有保存。", "请告诉乡镇（街道）；本机的内容都还在，会自动重传。"
	case syncproto.CodeDamaged:
		e.Message, e.Hint = "服务器的数据文件有损坏。", "请告诉乡镇（街道）恢复备份；本机的内容都还在。"
	case syncproto.CodeInternal:
		e.Message, e.Hint = "服务器出了错，没有保存。", "稍后会自动再试；总是这样时请告诉乡镇（街道）。"
	default:
		e.Message, e.Hint = "服务器看不懂收到的内容。", "请检查是否安装了同一批次的程序，再试一次。"
	}
	return e
}

// refusal answers with an error. Its shape is that of an exchange's reply,
// whose first entries a reply to a join shares.
func refusal(code syncproto.Code) answer {
	rep := &syncproto.Reply{Version: syncproto.Version, Error: fault(code)}
	if code == syncproto.CodeBusy || code == syncproto.CodeDiskFull || code == syncproto.CodeInternal {
		rep.Retry = busySeconds
	}
	return answer{body: syncproto.AppendReply(nil, rep), code: code, retry: rep.Retry}
}

func (s *Server) exchange(ctx context.Context, body []byte) answer {
	q, err := syncproto.DecodeRequest(body)
	if err != nil {
		return refusal(syncproto.CodeOf(err))
	}
	leave, err := s.queueFor(q).enter(ctx)
	if err != nil {
		return refusal(syncproto.CodeBusy)
	}
	// The slot is for the work; sending the answer may take minutes.
	served, err := within(leave, func() (*syncproto.Served, error) { return s.office.Exchange(q) })
	if err != nil {
		return s.failed("exchange", err)
	}
	a := answer{body: syncproto.AppendReply(nil, served.Reply), joined: len(served.Joined)}
	if served.Device != nil {
		a.device = served.Device.ID
	}
	if served.Reply.Error != nil {
		a.code = served.Reply.Error.Code
	}
	return a
}

// queueFor tells heavy exchanges, which read a lot, from small ones.
func (s *Server) queueFor(q *syncproto.Request) *queue {
	if q.Cursor.Epoch == 0 || len(q.Cursor.Page) > 0 || q.Probe != nil {
		return s.heavy
	}
	return s.small
}

func (s *Server) join(ctx context.Context, body []byte) answer {
	q, err := syncproto.DecodeJoinRequest(body)
	if err != nil {
		return joinRefusal(syncproto.CodeOf(err))
	}
	leave, err := s.small.enter(ctx)
	if err != nil {
		return joinRefusal(syncproto.CodeBusy)
	}
	rep, err := within(leave, func() (*syncproto.JoinReply, error) { return s.office.Join(q) })
	if err != nil {
		return joinRefusal(s.failed("join", err).code)
	}
	a := answer{body: syncproto.AppendJoinReply(nil, rep), device: rep.Device}
	if rep.Error != nil {
		a.code = rep.Error.Code
	}
	return a
}

func joinRefusal(code syncproto.Code) answer {
	rep := &syncproto.JoinReply{Version: syncproto.Version, Error: fault(code)}
	return answer{body: syncproto.AppendJoinReply(nil, rep), code: code, retry: busySeconds}
}

// failed answers for a store that failed; the cause is for the log.
func (s *Server) failed(what string, err error) answer {
	code := syncproto.CodeOf(err)
	switch code {
	case syncproto.CodeDiskFull, syncproto.CodeDamaged:
	default:
		code = syncproto.CodeInternal
	}
	var e *syncproto.Error
	if errors.As(err, &e) && e.Err != nil {
		err = errors.Join(err, e.Err)
	}
	s.log.Error(what, "code", code, "error", err)
	return refusal(code)
}
