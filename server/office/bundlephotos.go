package office

import (
	"bytes"
	"errors"

	"gridbook/syncproto"
)

// maxAnswerPhotos bounds the bytes of photos in an answer, so that with the
// text it stays within a bundle. The laptop asks for the rest again.
const maxAnswerPhotos = 40 << 20

// servePhotos answers the messages about photos in a bundle as if they had
// come over the network, after its text: the answer has a reply for each, in
// order. The text is joined by then, and whatever is wrong with a photo is for
// its reply to say.
func (o *Office) servePhotos(b, out *syncproto.Bundle, t *Taken) {
	room := maxAnswerPhotos
	for _, body := range b.Photos {
		reply := o.servePhoto(body, b.Requests[0].Token, room, &t.Photos)
		out.Photos = append(out.Photos, syncproto.AppendPhotoReply(nil, reply))
		for _, part := range reply.Down {
			for _, c := range part.Chunks {
				room -= len(c.Data)
			}
		}
	}
}

// servePhoto answers one of them. It must be from who sent the bundle: the
// keys to which the answer is sealed are believed for that device alone.
func (o *Office) servePhoto(body, token []byte, room int, tally *syncproto.PhotoTally) (reply *syncproto.PhotoReply) {
	q, err := syncproto.DecodePhotoRequest(body)
	if err != nil {
		q = &syncproto.PhotoRequest{}
	}
	defer func() { tally.Count(q, reply) }()
	if err == nil && !bytes.Equal(q.Token, token) {
		err = &syncproto.Error{Code: syncproto.CodeToken, Message: "照片不是做这个数据包的电脑的。", Hint: "请重新导出一次。"}
	}
	if err != nil {
		return photoFailure(err)
	}
	q.Budget = max(min(q.Budget, room), 0)
	served, err := o.Photos(q)
	if err != nil {
		return photoFailure(err)
	}
	return served.Reply
}

func photoFailure(err error) *syncproto.PhotoReply {
	said := &syncproto.Error{}
	if !errors.As(err, &said) || said.Message == "" {
		said = &syncproto.Error{Code: syncproto.CodeOf(err), Message: "照片没有收下。", Hint: "照片还在本机，请重新导出一次。"}
	}
	return &syncproto.PhotoReply{Version: syncproto.Version, Error: said}
}

// marks adds to an answer what the hub has just written of the photos, so that
// the laptop need not make another journey to learn that they have arrived.
func (o *Office) marks(q *syncproto.Request, out *syncproto.Bundle, t *Taken) error {
	last := out.Answers[len(out.Answers)-1]
	if t.Photos.Arrived == 0 || last.Last() || last.Reply.More || q.Probe != nil || q.Budget == 0 {
		return nil
	}
	more := *last.Reply
	more.More = true
	rest := syncproto.Rest(q, &more)
	return o.serveBundle([]*syncproto.Request{rest}, out, t)
}
