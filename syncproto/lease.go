package syncproto

import (
	"bytes"
	"slices"
)

// lease tells a copied or rolled-back laptop from the one that the lease was
// given to. An upload turns the lease; the sender of the next request either
// has the answer, or says that it sent that upload. Of two copies only one can
// say so. Without a batch it only settles who asks.
//
// It returns whether the exchange goes on, and whether only with the batch: an
// upload that was overtaken by later ones, such as an old stick or one of a
// copy made since, may be joined, for the later ones told of it. But its
// sender might not know who it is, so it gets no news: only who does can tell
// its own unsent work from what the other wrote under the same number.
//
// After a restore every laptop gets a new number: the lost time may have seen
// stamps of the old one that neither the hub nor the laptop knows any more.
func (x *exchange) lease() (proceed, overtaken bool, err error) {
	// A stick turns the lease even if it has no work: its answer makes the
	// replica forget the uploads that it names as sent before, and those must
	// not turn it afterwards.
	d, upload := x.device, len(x.req.Batch) > 0 || x.req.Stick
	follows, known := d.follows(x.req), d.turnedBy(x.req.Nonce) || contains(d.Told, x.req.Nonce)
	switch {
	case len(x.req.Batch) > 0 && contains(d.Void, x.req.Nonce):
		return false, false, ahead()
	case !follows && upload && known:
		return true, true, nil
	case x.oldEpoch(), !follows:
		return false, false, x.renumber()
	case known, !upload:
		// Who named it as sent knows what is in it, and so do all that have
		// the lease since.
		if upload || !bytes.Equal(x.req.Lease, d.Lease) {
			x.reply.Lease = d.Lease
		}
		return true, false, nil
	}
	next, err := x.random(LeaseSize)
	if err != nil {
		return false, false, err
	}
	d.Turns = newest(append(slices.Clone(d.Turns), Turn{d.Lease, x.req.Nonce}))
	d.Told = newest(append(slices.Clone(d.Told), x.req.Sent...))
	d.Lease, x.reply.Lease = next, next
	if len(x.req.Batch) == 0 {
		return true, false, x.tx.PutDevice(d)
	}
	return true, false, nil // upload stores it
}

// void notes that the upload will never be joined, nor those sent before it
// that have not been: its sender makes their stamps anew, and the old form of
// them, a day later and no longer ahead, would be the same work twice.
func (x *exchange) void() error {
	d, err := x.tx.DeviceByToken(x.device.TokenHash) // as it is without this request
	if err != nil {
		return err
	}
	for _, nonce := range append([][]byte{x.req.Nonce}, x.req.Sent...) {
		if !d.turnedBy(nonce) && !contains(d.Void, nonce) {
			d.Void = append(d.Void, nonce)
		}
	}
	d.Void = newest(d.Void)
	return x.tx.PutDevice(d)
}

func ahead() error {
	return refuse(CodeClockAhead, "这台电脑的时间比服务器快一天以上", "请校准电脑的日期和时间;程序会自动改正未上报内容的时间")
}

// follows reports whether every turn of the lease since the request's was by
// an upload that its sender knows as its own.
func (d *Device) follows(q *Request) bool {
	if len(d.Lease) == 0 || bytes.Equal(q.Lease, d.Lease) {
		return true
	}
	for _, t := range slices.Backward(d.Turns) {
		if !bytes.Equal(t.Nonce, q.Nonce) && !contains(q.Sent, t.Nonce) {
			return false
		}
		if bytes.Equal(t.Lease, q.Lease) {
			return true
		}
	}
	return false
}

func (d *Device) turnedBy(nonce []byte) bool {
	return slices.ContainsFunc(d.Turns, func(t Turn) bool { return bytes.Equal(t.Nonce, nonce) })
}

func contains(list [][]byte, b []byte) bool {
	return slices.ContainsFunc(list, func(x []byte) bool { return bytes.Equal(x, b) })
}

// newest drops what is too old to be remembered.
func newest[T any](list []T) []T { return list[max(len(list)-MaxTurns, 0):] }
