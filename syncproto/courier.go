package syncproto

import "slices"

// PathBundles is the HTTP endpoint at which a township's laptop hands in the
// sticks of villages, beside PathExchange.
const PathBundles = "/u"

// MaxBundleMessage bounds the messages of PathBundles: a file and little else.
const MaxBundleMessage = MaxBundle + MaxBundle>>9

// BundleRequest hands a bundle's file in for the laptop that made it. Token is
// that of the township's laptop.
type BundleRequest struct {
	Version int
	Token   []byte
	File    []byte
}

// BundleReply is what came of it: the file to give back to the village, and
// what the bundle had in it.
type BundleReply struct {
	Version int
	Now     int64  // the hub's wall clock, ms since 1970
	Error   *Error // nothing was joined
	File    []byte // the answer's
	Device  uint32
	Person  string
	Scope   string // place code of the device's role
	Made    int64  // by the clock of the device, ms since 1970
	// Records is how many the bundle had; each is one of the others.
	Records, Joined, Known, Rejected int
	// Renumbered says that the device is a copy or an older state of another:
	// its work comes with its next bundle.
	Renumbered bool
	Problem    *Error // what the answer tells the device, such as a wrong clock
	Photos     PhotoTally
}

// PhotoTally is what became of the photos in a bundle.
type PhotoTally struct {
	Arrived int // the hub has them whole
	Refused int // it does not take them, and says why
	Damaged int // not whole; they come again
	Early   int // their text was not joined; they come again
}

// Count adds what a reply says of the photos that a message brought. What the
// hub could not serve counts as damaged, and a message that nobody could read,
// which has nothing in it, as one.
func (t *PhotoTally) Count(q *PhotoRequest, p *PhotoReply) {
	names := slices.Clone(q.Ask)
	for _, part := range q.Up {
		names = append(names, part.PhotoName)
	}
	if p.Error != nil {
		if t.Damaged += len(names); len(names)+len(q.Want) == 0 {
			t.Damaged++
		}
		return
	}
	for _, n := range names {
		switch p.status(n.Record).State {
		case PhotoWhole:
			t.Arrived++
		case PhotoRefused:
			t.Refused++
		case PhotoParts:
			t.Damaged++
		default:
			t.Early++
		}
	}
}

// AppendBundleRequest appends the encoded form of q.
func AppendBundleRequest(dst []byte, q *BundleRequest) []byte {
	m := newMapWriter()
	m.putInt(0, int64(q.Version))
	m.putBin(1, q.Token)
	m.putBin(2, q.File)
	return m.message(dst)
}

// BundleHead is how many bytes of a BundleRequest tell who sends it, whatever
// comes after them.
const BundleHead = 64

// BundleSender returns the token of a BundleRequest of which at least the
// first BundleHead bytes, or all, are there: it comes before the file, so that
// nobody need take a file from a stranger.
func BundleSender(head []byte) (token []byte, err error) {
	r := newReader(head)
	err = r.message(func(key int) bool {
		switch key {
		case 0:
			r.uintMax(1 << 16)
		case 1:
			token = r.bin(TokenSize)
		default:
			r.fail("entry %d: the token would stand before it", key) // or stood there: enough is read
		}
		return true
	})
	if len(token) > 0 {
		return token, nil
	}
	if err == nil {
		err = malformed("no token")
	}
	return nil, err
}

// DecodeBundleRequest reads an encoded BundleRequest. Its File is a part of b.
func DecodeBundleRequest(b []byte) (*BundleRequest, error) {
	q, r := &BundleRequest{}, newReader(b)
	err := r.message(func(key int) bool {
		switch key {
		case 0:
			q.Version = int(r.uintMax(1 << 16))
		case 1:
			q.Token = r.bin(TokenSize)
		case 2:
			q.File = r.binOf(b, MaxBundleMessage)
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

// AppendBundleReply appends the encoded form of p.
func AppendBundleReply(dst []byte, p *BundleReply) []byte {
	m := newMapWriter()
	m.putInt(0, int64(p.Version))
	m.putInt(1, p.Now)
	if p.Error != nil {
		m.key(2)
		m.error(p.Error)
	}
	m.putBin(3, p.File)
	m.putInt(4, int64(p.Device))
	m.putStr(5, p.Person)
	m.putStr(6, p.Scope)
	m.putInt(7, p.Made)
	for i, n := range []int{p.Records, p.Joined, p.Known, p.Rejected} {
		m.putInt(8+i, int64(n))
	}
	if p.Renumbered {
		m.putInt(12, 1)
	}
	if p.Problem != nil {
		m.key(13)
		m.error(p.Problem)
	}
	for i, n := range []int{p.Photos.Arrived, p.Photos.Refused, p.Photos.Damaged, p.Photos.Early} {
		m.putInt(14+i, int64(n))
	}
	return m.message(dst)
}

// DecodeBundleReply reads an encoded BundleReply.
func DecodeBundleReply(b []byte) (*BundleReply, error) {
	p, r := &BundleReply{}, newReader(b)
	counts := map[int]*int{8: &p.Records, 9: &p.Joined, 10: &p.Known, 11: &p.Rejected,
		14: &p.Photos.Arrived, 15: &p.Photos.Refused, 16: &p.Photos.Damaged, 17: &p.Photos.Early}
	err := r.message(func(key int) bool {
		switch key {
		case 0:
			p.Version = int(r.uintMax(1 << 16))
		case 1:
			p.Now = r.int()
		case 2:
			p.Error = r.error()
		case 3:
			p.File = r.bin(MaxBundleMessage)
		case 4:
			p.Device = uint32(r.uintMax(1<<32 - 1))
		case 5:
			p.Person = r.str(1024)
		case 6:
			p.Scope = r.str(64)
		case 7:
			p.Made = r.int()
		case 12:
			p.Renumbered = r.uintMax(1) == 1
		case 13:
			p.Problem = r.error()
		default:
			n, ok := counts[key]
			if ok {
				*n = int(r.uintMax(1 << 40))
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
