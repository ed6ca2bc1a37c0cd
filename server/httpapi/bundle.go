package httpapi

import (
	"context"

	"gridbook/syncproto"
)

// takeBundle takes a village's stick from the township's laptop.
func (s *Server) takeBundle(ctx context.Context, body []byte) answer {
	q, err := syncproto.DecodeBundleRequest(body)
	if err != nil {
		return bundleRefusal(syncproto.CodeOf(err))
	}
	leave, err := s.heavy.enter(ctx)
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

func bundleRefusal(code syncproto.Code) answer {
	rep := &syncproto.BundleReply{Version: syncproto.Version, Error: fault(code)}
	return answer{body: syncproto.AppendBundleReply(nil, rep), code: code, retry: busySeconds}
}
