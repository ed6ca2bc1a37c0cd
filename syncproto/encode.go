package syncproto

import (
	"bytes"
	"encoding/binary"
)

// AppendRequest appends the encoded form of q.
func AppendRequest(dst []byte, q *Request) []byte {
	m := newMapWriter()
	m.putInt(0, int64(q.Version))
	m.putBin(1, q.Token)
	if q.Cursor.Epoch != 0 || len(q.Cursor.Page) > 0 {
		m.key(2)
		m.cursor(q.Cursor)
	}
	m.putInt(3, q.Now)
	m.putBin(4, q.Lease)
	m.putBin(5, q.Nonce)
	m.putBin(6, q.Batch)
	m.putInt(7, int64(q.Budget))
	m.putInt(8, int64(q.Link))
	if q.Verdict.State != VerdictUnknown {
		m.key(9)
		m.array(2)
		m.uint(uint64(q.Verdict.State))
		m.uint(q.Verdict.Records)
	}
	if q.Probe != nil {
		m.key(10)
		m.probe(q.Probe)
	}
	m.putBin(11, bytes.Join(q.Sent, nil))
	if q.Stick {
		m.putInt(12, 1)
	}
	return m.message(dst)
}

// DecodeRequest reads an encoded request.
func DecodeRequest(b []byte) (*Request, error) {
	if len(b) > MaxMessage {
		return nil, tooLarge("request of %d bytes", len(b))
	}
	q, r := &Request{}, newReader(b)
	err := r.message(func(key int) bool {
		switch key {
		case 0:
			q.Version = int(r.uintMax(1 << 16))
		case 1:
			q.Token = r.bin(TokenSize)
		case 2:
			q.Cursor = r.cursor()
		case 3:
			q.Now = r.int()
		case 4:
			q.Lease = r.bin(LeaseSize)
		case 5:
			q.Nonce = r.bin(NonceSize)
		case 6:
			q.Batch = r.bin(MaxMessage)
		case 7:
			q.Budget = int(r.uintMax(MaxBatch))
		case 8:
			q.Link = int(r.uintMax(1 << 40))
		case 9:
			r.arrayOf(2)
			q.Verdict = Verdict{VerdictState(r.uintMax(2)), r.uintMax(1 << 62)}
		case 10:
			q.Probe = r.probe()
		case 11:
			q.Sent = r.nonces()
		case 12:
			q.Stick = r.uintMax(1) == 1
		default:
			return false
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return q, nil
}

// probe writes [days, of, keys, hashes]: sums of days or hashes of records.
func (w *writer) probe(p *Probe) {
	bounded := p.From != Key{} || p.To != Key{}
	if bounded {
		w.array(6)
	} else {
		w.array(4)
	}
	var s stream
	s.uvarint(uint64(len(p.Days)))
	day, count := make([]int64, len(p.Days)), make([]int64, len(p.Days))
	for i, d := range p.Days {
		day[i], count[i] = int64(d.Day), int64(d.Count)
	}
	s.ints(day)
	s.ints(count)
	for _, d := range p.Days {
		s.b = binary.LittleEndian.AppendUint64(s.b, d.Lo)
		s.b = binary.LittleEndian.AppendUint64(s.b, d.Hi)
	}
	w.bin(s.b)
	w.bin(appendDays(p.Of))
	keys, sorted := appendHashes(p.Records)
	var hashes []byte
	for _, h := range sorted {
		hashes = binary.BigEndian.AppendUint64(hashes, h.Hash)
	}
	w.bin(keys)
	w.bin(hashes)
	if bounded {
		w.bin(p.From.Bytes())
		w.bin(p.To.Bytes())
	}
}

func (r *reader) probe() *Probe {
	parts := r.array(6)
	if r.err == nil && parts != 4 && parts != 6 {
		r.fail("probe of %d parts", parts)
	}
	p := &Probe{}
	u := &unstream{b: r.bin(MaxMessage)}
	if r.err != nil {
		return p
	}
	n := u.count(MaxDays)
	days, counts := u.ints(n), u.ints(n)
	sums := u.take(16 * n)
	if u.err == nil && len(u.b) > 0 {
		u.fail("bytes after the days")
	}
	for i := 0; i < n && u.err == nil; i++ {
		if days[i] < 0 || days[i] > 1<<32-1 || counts[i] < 0 {
			u.fail("day %d", days[i])
			break
		}
		b := sums[16*i:]
		p.Days = append(p.Days, DaySum{uint32(days[i]), Sum{uint64(counts[i]), binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}})
	}
	r.take(u.err)
	p.Of = r.days()
	keys, hashes := r.keys(), r.bin(8*MaxKeys)
	if r.err == nil && len(hashes) != 8*len(keys) {
		r.fail("%d keys with %d bytes of hashes", len(keys), len(hashes))
	}
	if r.err != nil {
		return p
	}
	for i, k := range keys {
		p.Records = append(p.Records, RecordHash{k, binary.BigEndian.Uint64(hashes[8*i:])})
	}
	if parts == 6 {
		p.From, p.To = r.recordKey(), r.recordKey()
	}
	return p
}

// AppendReply appends the encoded form of p.
func AppendReply(dst []byte, p *Reply) []byte {
	m := newMapWriter()
	m.putInt(0, int64(p.Version))
	m.putInt(1, p.Now)
	if p.Error != nil {
		m.key(2)
		m.error(p.Error)
	}
	m.putInt(3, int64(p.Retry))
	if p.Moved {
		m.key(4)
		m.cursor(p.Cursor)
	}
	m.putBin(5, p.Lease)
	m.putInt(6, int64(p.Renumber))
	if len(p.Rejections) > 0 {
		m.key(7)
		m.array(len(p.Rejections))
		for _, x := range p.Rejections {
			m.array(4)
			m.uint(uint64(x.Collection))
			m.bin(x.ID.Bytes())
			m.str(string(x.Code))
			m.str(x.Message)
		}
	}
	m.putBin(8, p.Batch)
	m.putBin(9, appendKeys(p.Gone))
	m.putBin(10, appendKeys(p.Purged))
	if p.More {
		m.key(11)
		m.uint(p.Left)
	}
	if p.Sum != nil {
		m.key(12)
		m.sum(*p.Sum)
	}
	if len(p.DifferDays) > 0 {
		m.putBin(13, appendDays(p.DifferDays))
	}
	m.putBin(14, appendKeys(p.Want))
	m.putBin(15, p.Token)
	return m.message(dst)
}

// DecodeReply reads an encoded reply. Its batch is a part of b, which must not
// be changed.
func DecodeReply(b []byte) (*Reply, error) {
	if len(b) > MaxMessage {
		return nil, tooLarge("reply of %d bytes", len(b))
	}
	p, r := &Reply{}, newReader(b)
	err := r.message(func(key int) bool {
		switch key {
		case 0:
			p.Version = int(r.uintMax(1 << 16))
		case 1:
			p.Now = r.int()
		case 2:
			p.Error = r.error()
		case 3:
			p.Retry = int(r.uintMax(1 << 24))
		case 4:
			p.Moved, p.Cursor = true, r.cursor()
		case 5:
			p.Lease = r.bin(LeaseSize)
		case 6:
			p.Renumber = ReplicaID(r.uintMax(1<<32 - 1))
		case 7:
			p.Rejections = r.rejections()
		case 8:
			p.Batch = r.binOf(b, MaxMessage)
		case 9:
			p.Gone = r.keys()
		case 10:
			p.Purged = r.keys()
		case 11:
			p.More, p.Left = true, r.uintMax(1<<62)
		case 12:
			s := r.sum()
			p.Sum = &s
		case 13:
			p.DifferDays = r.days()
		case 14:
			p.Want = r.keys()
		case 15:
			p.Token = r.bin(TokenSize)
		default:
			return false
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (r *reader) rejections() []Rejection {
	out := make([]Rejection, 0, 8)
	for range r.array(MaxRows) {
		if r.err != nil {
			return nil
		}
		r.arrayOf(4)
		c := Collection(r.uintMax(1<<16 - 1))
		out = append(out, Rejection{Key{c, r.stamp()}, Code(r.str(64)), r.str(4096)})
	}
	return out
}

// AppendJoinRequest appends the encoded form of q.
func AppendJoinRequest(dst []byte, q *JoinRequest) []byte {
	m := newMapWriter()
	m.putInt(0, int64(q.Version))
	m.putBin(1, q.Secret)
	m.putStr(2, q.Device)
	m.putInt(3, q.Now)
	m.putBin(4, q.Nonce)
	m.putBin(5, q.SignKey)
	m.putStr(6, q.Recipient)
	return m.message(dst)
}

// DecodeJoinRequest reads an encoded enrolment.
func DecodeJoinRequest(b []byte) (*JoinRequest, error) {
	q, r := &JoinRequest{}, newReader(b)
	err := r.message(func(key int) bool {
		switch key {
		case 0:
			q.Version = int(r.uintMax(1 << 16))
		case 1:
			q.Secret = r.bin(64)
		case 2:
			q.Device = r.str(256)
		case 3:
			q.Now = r.int()
		case 4:
			q.Nonce = r.bin(64)
		case 5:
			q.SignKey = r.bin(32)
		case 6:
			q.Recipient = r.str(256)
		default:
			return false
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return q, nil
}

// AppendJoinReply appends the encoded form of p.
func AppendJoinReply(dst []byte, p *JoinReply) []byte {
	m := newMapWriter()
	m.putInt(0, int64(p.Version))
	m.putInt(1, p.Now)
	if p.Error != nil {
		m.key(2)
		m.error(p.Error)
	}
	m.putInt(3, int64(p.Device))
	m.putInt(4, int64(p.Replica))
	m.putBin(5, p.Token)
	m.putBin(6, p.Lease)
	m.putInt(7, int64(p.Epoch))
	m.putStr(8, p.Township)
	m.putStr(9, p.TownshipName)
	m.putStr(10, p.Role)
	m.putStr(11, p.Scope)
	m.putStr(12, p.Person)
	m.putStr(13, p.RecoveryKey)
	m.putStr(14, p.BundleKey)
	m.putBin(15, p.SignKey)
	return m.message(dst)
}

// DecodeJoinReply reads the answer to an enrolment.
func DecodeJoinReply(b []byte) (*JoinReply, error) {
	p, r := &JoinReply{}, newReader(b)
	texts := map[int]*string{8: &p.Township, 9: &p.TownshipName, 10: &p.Role, 11: &p.Scope,
		12: &p.Person, 13: &p.RecoveryKey, 14: &p.BundleKey}
	err := r.message(func(key int) bool {
		switch key {
		case 0:
			p.Version = int(r.uintMax(1 << 16))
		case 1:
			p.Now = r.int()
		case 2:
			p.Error = r.error()
		case 3:
			p.Device = uint32(r.uintMax(1<<32 - 1))
		case 4:
			p.Replica = ReplicaID(r.uintMax(1<<32 - 1))
		case 5:
			p.Token = r.bin(TokenSize)
		case 6:
			p.Lease = r.bin(LeaseSize)
		case 7:
			p.Epoch = Epoch(r.uintMax(1<<32 - 1))
		case 15:
			p.SignKey = r.bin(32)
		default:
			t, ok := texts[key]
			if ok {
				*t = r.str(1024)
			}
			return ok
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}
