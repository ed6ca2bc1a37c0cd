package office

import (
	"crypto/sha256"
	"encoding/binary"
)

// Link returns the Chain of e when the entry before it has the chain prev.
func (e Entry) Link(prev [32]byte) [32]byte {
	h := sha256.New()
	h.Write(prev[:])
	b := binary.BigEndian.AppendUint64(nil, e.Number)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At))
	for _, s := range []string{e.Who, e.Act, e.On, e.Note} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	h.Write(b)
	return [32]byte(h.Sum(nil))
}
