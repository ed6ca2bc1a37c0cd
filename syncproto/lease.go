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
	d, upload := x.device, len(x.req.Batch) > 0
	follows, taken := d.follows(x.req), d.turnedBy(x.req.Nonce)
	switch {
	case !follows && upload && (taken || contains(d.Told, x.req.Nonce)):
		return true, true, nil
	case x.oldEpoch(), !follows:
		return false, false, x.renumber()
	case taken, !upload:
		if !bytes.Equal(x.req.Lease, d.Lease) {
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
	return true, false, nil
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
