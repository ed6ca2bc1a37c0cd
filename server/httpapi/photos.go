package httpapi

import (
	"context"

	"gridbook/syncproto"
)

// movePhotos answers a message about photos. They have a queue of their own:
// no exchange of text waits behind them.
func (s *Server) movePhotos(ctx context.Context, body []byte) answer {
	q, err := syncproto.DecodePhotoRequest(body)
	if err != nil {
		return photoRefusal(syncproto.CodeOf(err))
	}
	leave, err := s.photos.enter(ctx)
	if err != nil {
		return photoRefusal(syncproto.CodeBusy)
	}
	served, err := s.office.Photos(q)
	leave()
	if err != nil {
		return photoRefusal(s.failed("photos", err).code)
	}
	a := answer{body: syncproto.AppendPhotoReply(nil, served.Reply)}
	if served.Device != nil {
		a.device = served.Device.ID
	}
	if served.Reply.Error != nil {
		a.code = served.Reply.Error.Code
	}
	return a
}

// photoRefusal answers with an error; the text is through already.
func photoRefusal(code syncproto.Code) answer {
	rep := &syncproto.PhotoReply{Version: syncproto.Version, Error: fault(code)}
	if code == syncproto.CodeBusy || code == syncproto.CodeDiskFull || code == syncproto.CodeInternal {
		rep.Retry = busySeconds
	}
	return answer{body: syncproto.AppendPhotoReply(nil, rep), code: code, retry: rep.Retry}
}
