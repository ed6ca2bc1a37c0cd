package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"gridbook/syncproto"
)

// hand takes a village's stick from the township's laptop. Its file may be as
// large as all other messages that are in memory together, so it is read only
// when its sender is known, from the first bytes, and there is room for all of
// it; and sticks have a queue of their own.
func (s *Server) hand(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	body, release, refused := s.readStick(w, r)
	defer release()
	a := refused
	if body != nil {
		a = s.protect(r.Context(), body, s.takeBundle, bundleRefusal)
	}
	s.send(w, r, a, len(body), began)
}

// readStick returns the message, or the answer of a hub that does not want it.
func (s *Server) readStick(w http.ResponseWriter, r *http.Request) (body []byte, release func(), refused answer) {
	release = func() {}
	n := r.ContentLength
	if code := (door{s.sticks, syncproto.MaxBundleMessage}).admit(n); code != "" {
		return nil, release, bundleRefusal(code)
	}
	in := s.arriving(w, r)
	head := make([]byte, min(n, syncproto.BundleHead))
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, release, bundleRefusal(syncproto.CodeMalformed)
	}
	token, err := syncproto.BundleSender(head)
	if err != nil {
		return nil, release, bundleRefusal(syncproto.CodeOf(err))
	}
	if err := s.office.Courier(token); err != nil {
		return nil, release, s.unwelcome(err)
	}
	body, release, code := in.fill(head, n, s.sticks)
	if code != "" {
		return nil, release, bundleRefusal(code)
	}
	return body, release, answer{}
}

func (s *Server) takeBundle(ctx context.Context, body []byte) answer {
	q, err := syncproto.DecodeBundleRequest(body)
	if err != nil {
		return bundleRefusal(syncproto.CodeOf(err))
	}
	leave, err := s.couriers.enter(ctx)
	if err != nil {
		return bundleRefusal(syncproto.CodeBusy)
	}
	rep, err := within(leave, func() (*syncproto.BundleReply, error) { return s.office.ForwardBundle(q) })
	if err != nil {
		return bundleRefusal(s.failed("bundle", err).code)
	}
	a := answer{body: syncproto.AppendBundleReply(nil, rep), device: rep.Device, joined: rep.Joined}
	if rep.Error != nil {
		a.code = rep.Error.Code
	}
	return a
}

// unwelcome answers who may not hand in sticks, and says why.
func (s *Server) unwelcome(err error) answer {
	var said *syncproto.Error
	if !errors.As(err, &said) {
		return bundleRefusal(s.failed("courier", err).code)
	}
	return bundleError(said)
}

func bundleRefusal(code syncproto.Code) answer {
	e := fault(code)
	if code == syncproto.CodeBusy { // nobody hands a stick in again by himself
		e.Message, e.Hint = "街道正在收别的 U 盘，这一个还没轮到。", "请过几分钟再并入一次；U 盘里的内容一条不少，重复并入也不会多出来。"
	}
	return bundleError(e)
}

func bundleError(e *syncproto.Error) answer {
	rep := &syncproto.BundleReply{Version: syncproto.Version, Error: e}
	return answer{body: syncproto.AppendBundleReply(nil, rep), code: e.Code, retry: busySeconds}
}
