package syncproto

// Bundle is what a file on a stick holds, before it is sealed: requests on the
// way to the hub, answers on the way back, or a first copy for a laptop that
// has not enrolled.
type Bundle struct {
	Version int
	// To the hub: the requests, and the keys for the answer, which are
	// believed because the requests' token proves the sender.
	Requests  []*Request
	SignKey   []byte
	Recipient string
	// From the hub.
	Answers []Answer
	Welcome *JoinReply // with Answers that begin from nothing
	// Chunks of photos, each an encoded message of its own; see photo.go.
	Photos [][]byte
	// From the hub: where it is and how to know it, as in an Invitation, for a
	// laptop that had none. Empty if the hub was never on a network.
	Address     string
	Certificate []byte
}

// Limits of a bundle.
const (
	MaxBundle   = 256 << 20 // bytes of an encoded bundle
	maxMessages = 1 << 12   // messages of each kind in a bundle
)

// AppendBundle appends the encoded form of b.
func AppendBundle(dst []byte, b *Bundle) []byte {
	m := newMapWriter()
	m.putInt(0, int64(b.Version))
	putMessages(m, 1, b.Requests, AppendRequest)
	m.putBin(2, b.SignKey)
	m.putStr(3, b.Recipient)
	putMessages(m, 4, b.Answers, appendAnswer)
	if b.Welcome != nil {
		m.putBin(5, AppendJoinReply(nil, b.Welcome))
	}
	putMessages(m, 6, b.Photos, func(dst, photo []byte) []byte { return append(dst, photo...) })
	m.putStr(7, b.Address)
	m.putBin(8, b.Certificate)
	return m.message(dst)
}

func putMessages[T any](m *mapWriter, key int, list []T, encode func([]byte, T) []byte) {
	if len(list) == 0 {
		return
	}
	m.key(key)
	m.array(len(list))
	for _, v := range list {
		m.bin(encode(nil, v))
	}
}

// DecodeBundle reads an encoded bundle.
func DecodeBundle(p []byte) (*Bundle, error) {
	if len(p) > MaxBundle {
		return nil, tooLarge("bundle of %d bytes", len(p))
	}
	b, r := &Bundle{}, newReader(p)
	err := r.message(func(key int) bool {
		switch key {
		case 0:
			b.Version = int(r.uintMax(1 << 16))
		case 1:
			b.Requests = messages(r, DecodeRequest)
		case 2:
			b.SignKey = r.bin(64)
		case 3:
			b.Recipient = r.str(256)
		case 4:
			b.Answers = messages(r, decodeAnswer)
		case 5:
			var err error
			b.Welcome, err = DecodeJoinReply(r.bin(MaxMessage))
			r.take(err)
		case 6:
			b.Photos = messages(r, func(p []byte) ([]byte, error) { return p, nil })
		case 7:
			b.Address = r.str(maxInvitation)
		case 8:
			b.Certificate = r.bin(64)
		default:
			return false
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

func messages[T any](r *reader, decode func([]byte) (T, error)) (list []T) {
	for range r.array(maxMessages) {
		p := r.bin(MaxMessage)
		if r.err != nil {
			return nil
		}
		v, err := decode(p)
		if !r.take(err) {
			return nil
		}
		list = append(list, v)
	}
	return list
}

// appendAnswer writes an answer as a message.
func appendAnswer(dst []byte, a Answer) []byte {
	m := newMapWriter()
	m.putBin(0, a.Nonce)
	m.putInt(1, a.Made)
	if a.Base.Epoch != 0 || len(a.Base.Page) > 0 {
		m.key(2)
		m.cursor(a.Base)
	}
	if a.Probe {
		m.putInt(3, 1)
	}
	m.putBin(4, AppendReply(nil, a.Reply))
	return m.message(dst)
}

func decodeAnswer(p []byte) (a Answer, err error) {
	r := newReader(p)
	err = r.message(func(key int) bool {
		switch key {
		case 0:
			a.Nonce = r.bin(NonceSize)
		case 1:
			a.Made = r.int()
		case 2:
			a.Base = r.cursor()
		case 3:
			a.Probe = r.uintMax(1) == 1
		case 4:
			var err error
			a.Reply, err = DecodeReply(r.bin(MaxMessage))
			r.take(err)
		default:
			return false
		}
		return true
	})
	if err == nil && a.Reply == nil {
		err = malformed("an answer without a reply")
	}
	return a, err
}
