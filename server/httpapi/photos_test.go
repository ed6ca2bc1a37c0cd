package httpapi

import (
	"testing"
	"testing/synctest"

	"gridbook/syncproto"
)

func photoRequest(size int) []byte {
	part := syncproto.CutPhoto(syncproto.ID{}, make([]byte, size))
	return syncproto.AppendPhotoRequest(nil, &syncproto.PhotoRequest{
		Version: 1, Token: make([]byte, syncproto.TokenSize), Up: []syncproto.PhotoPart{part}, Budget: 5,
	})
}

func TestPhotos(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := running(t, &fakeOffice{exchange: echo}, DefaultLimits())
		c := l.dial()
		status, _, body := post(t, c, syncproto.PathPhotos, photoRequest(100_000))
		if rep, err := syncproto.DecodePhotoReply(body); status != 200 || err != nil || rep.Now != 5 {
			t.Errorf("status %d, %+v, %v", status, rep, err)
		}
		_, _, body = post(t, c, syncproto.PathPhotos, []byte("no message"))
		if got := code(t, body); got != syncproto.CodeMalformed {
			t.Errorf("no message: %q", got)
		}
		c.Close()
		stop()
	})
}

// Photos that many laptops send at once take no room from the text.
func TestPhotosHaveTheirOwnRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := DefaultLimits()
		limits.Albums = 50_000
		l, stop := running(t, &fakeOffice{exchange: echo}, limits)
		c := l.dial()
		status, h, body := post(t, c, syncproto.PathPhotos, photoRequest(100_000))
		if got := code(t, body); status != 503 || got != syncproto.CodeBusy || h.Get("Retry-After") == "" {
			t.Errorf("beyond the room: %d, %q", status, got)
		}
		c.Close()
		c = l.dial()
		if status, _, body := post(t, c, syncproto.PathExchange, request(7)); status != 200 || code(t, body) != "" {
			t.Errorf("text: %d", status)
		}
		c.Close()
		stop()
	})
}
