package syncproto

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// What a village's laptop sends is like what it and the hub hold already: the
// notes of the same few people about the same households. On a slow way the
// text of an upload is packed by the light model with the newest of these as
// its prime, named by the newest record and how many there are. The hub makes
// the same text from its own records; if it comes to another, because one was
// changed since, it says so and the same upload comes again without.
type prime struct {
	collection Collection
	newest     ID
	count      int // of records, from the newest backwards
	sum        [8]byte
	text       []byte
}

const (
	primeBytes   = 32 << 10 // no record is added beyond
	primeRecords = 256
	primeLeast   = 4 << 10 // less teaches too little for what it costs the hub
	primedLeast  = 256     // bytes of text that are worth a prime
)

// appendProse appends the texts of a record that stand in the text stream.
func appendProse(dst []byte, r *Record) []byte {
	for _, f := range r.Fields {
		for _, h := range f.Heads {
			if h.Value.kind == Text && len(h.Value.s) >= longText {
				dst = append(dst, h.Value.s...)
			}
		}
	}
	return dst
}

// proseKind returns the collection that most of a batch's prose is of, and how
// much prose that is.
func (b *Batch) proseKind() (kind Collection, most int) {
	sizes := map[Collection]int{}
	for _, r := range b.Records {
		n := sizes[r.Collection] + len(appendProse(nil, r))
		if sizes[r.Collection] = n; n > most {
			kind, most = r.Collection, n
		}
	}
	return kind, most
}

// add takes the next older record, unless there is enough.
func (p *prime) add(r *Record) bool {
	if p.count == primeRecords || len(p.text) >= primeBytes {
		return false
	}
	if p.count == 0 {
		p.newest = r.ID
	}
	p.count++
	p.text = appendProse(p.text, r)
	return true
}

func (p *prime) check() [8]byte {
	sum := sha256.Sum256(p.text)
	return [8]byte(sum[:8])
}

// newPrime gathers what the hub is known to hold of a collection, nil if that
// is too little.
func newPrime(tx ReplicaTx, c Collection) (*prime, error) {
	p := &prime{collection: c}
	for r, err := range tx.Newest(c) {
		if err != nil {
			return nil, err
		}
		if !p.add(r) {
			break
		}
	}
	if len(p.text) < primeLeast {
		return nil, nil
	}
	p.sum = p.check()
	return p, nil
}

// prime packs an upload once more, with what both ends hold as a prime, for a
// slow way; nil if there is nothing to be gained. It lives no longer than the
// session: what is stored, and repeated later, is the upload itself.
func (s *Session) prime(tx ReplicaTx, meta *ReplicaMeta, b *Batch, up *Upload) (*Upload, error) {
	if EffortFor(s.opts.Link) != Small || s.unprimed || s.opts.Codec.Plain || s.version(meta) < 2 ||
		meta.Cursor.Epoch == 0 || len(meta.Cursor.Page) > 0 {
		return nil, nil
	}
	kind, size := b.proseKind()
	if size < primedLeast {
		return nil, nil
	}
	p, err := newPrime(tx, kind)
	if err != nil || p == nil {
		return nil, err
	}
	packed := s.opts.Codec.encodePrimed(b, p)
	if len(packed) >= len(up.Batch) {
		return nil, nil
	}
	return &Upload{Nonce: up.Nonce, Batch: packed}, nil
}

// body is what goes over the wire of the upload under way.
func (s *Session) body() []byte {
	if s.primed != nil && bytes.Equal(s.primed.Nonce, s.sent.Nonce) {
		return s.primed.Batch
	}
	return s.sent.Batch
}

// append writes the prime's name.
func (p *prime) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.collection))
	dst = p.newest.Append(dst)
	dst = binary.AppendUvarint(dst, uint64(p.count))
	return append(dst, p.sum[:]...)
}

// primeName reads what append wrote.
func (u *unstream) primeName() *prime {
	p := &prime{collection: Collection(u.count(1<<16 - 1))}
	id := u.take(StampSize)
	p.count = u.count(primeRecords)
	sum := u.take(len(p.sum))
	if u.err != nil {
		return p
	}
	copy(p.sum[:], sum)
	var err error
	if p.newest, err = StampOf(id); err != nil {
		u.fail("prime of no record")
	}
	return p
}

// errPrime means a batch whose prime is not at hand.
var errPrime = errors.New("no such prime")

func otherPrime() *Error {
	return &Error{Code: CodePrime, Message: "上报数据压缩时参照的记录与服务器不同", Hint: "程序会自动换一种方式重发,不用做什么", Err: errPrime}
}

// primeText makes the text of a prime from the records that the asking
// replica had got by its cursor.
func (x *exchange) primeText(p *prime) ([]byte, error) {
	var records []*Record
	for _, s := range x.scopes {
		found, err := x.before(s, p)
		if err != nil {
			return nil, err
		}
		records = append(records, found...)
	}
	slices.SortFunc(records, func(a, b *Record) int { return b.ID.Compare(a.ID) })
	records = slices.CompactFunc(records, func(a, b *Record) bool { return a.ID == b.ID })
	own := &prime{collection: p.collection}
	for _, r := range records {
		if own.count == p.count || !own.add(r) {
			break
		}
	}
	if own.count != p.count || own.newest != p.newest || own.check() != p.sum {
		return nil, otherPrime()
	}
	return own.text, nil
}

// before lists a scope's records of a prime. How many newer ones it passes
// over is bounded.
func (x *exchange) before(s Scope, p *prime) (found []*Record, err error) {
	looked := 0
	for id, err := range x.tx.Scan(s, p.collection, p.newest.next(), true) {
		if err != nil {
			return nil, err
		}
		if looked++; looked > 2*primeRecords || len(found) == p.count {
			break
		}
		st, err := x.tx.Record(Key{p.collection, id})
		if err != nil {
			return nil, err
		}
		for _, place := range st.Places {
			if place.Scope == s && place.Since <= x.req.Cursor.Seq {
				found = append(found, st.Record)
			}
		}
	}
	return found, nil
}

// next returns the least stamp after s.
func (s Stamp) next() Stamp {
	if s.Replica++; s.Replica == 0 {
		s.Time++
	}
	return s
}
