// Package envelope seals bundles into the files that travel on sticks, and
// opens them: signed by the sender, encrypted to the receiver. PROTOCOL.md §13
// has the format.
//
// It draws no randomness of its own but for what filippo.io/age takes from the
// system to encrypt; nothing that the simulation drives goes through here.
package envelope

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/vmihailenco/msgpack/v5"

	"gridbook/syncproto"
)

// Extension is that of the files' names.
const Extension = ".gridbundle"

// Kind says which way a file goes.
type Kind uint8

// The kinds.
const (
	Up        Kind = 1 // from a laptop to its hub
	Answer    Kind = 2 // what the hub answers to an Up
	FirstCopy Kind = 3 // from a hub to a laptop that has not enrolled yet
)

// IDSize is the length of a Header's ID in bytes.
const IDSize = 8

// Header is what can be read of a file without any key.
type Header struct {
	Kind     Kind
	Township string // 9-digit code
	Device   uint32 // the laptop that it is from or for
	Created  int64  // by the clock of who made it, ms since 1970
	// ID names an Up or FirstCopy; an Answer has that of its Up.
	ID [IDSize]byte
	// Signer is the Ed25519 key that signed the file. Who holds it, the reader
	// must know or learn from what is inside.
	Signer ed25519.PublicKey
}

// Sizes in bytes.
const (
	magicSize = 16
	maxHeader = 256
	// MaxFile is that of a whole file: a bundle with what encryption adds.
	MaxFile = syncproto.MaxBundle + syncproto.MaxBundle>>11 + 64<<10
)

// formatVersion is the version of the files that this code writes.
const formatVersion = 1

// magic returns the first bytes of a file. As in PNG files, the bytes around
// the name show what a transfer as text would do to them; the version stands
// twice, so that one wrong byte is not taken for a newer program's file.
func magic(version byte) []byte {
	return append([]byte("\x89GRIDBOOK\r\n\x1a\n\x00"), version, ^version)
}

// Seal makes a file: b encrypted to one receiver and signed with key.
func Seal(h Header, b *syncproto.Bundle, key ed25519.PrivateKey, to age.Recipient) ([]byte, error) {
	h.Signer = key.Public().(ed25519.PublicKey)
	out := bytes.NewBuffer(magic(formatVersion))
	head := encodeHeader(h)
	out.Write(binary.AppendUvarint(nil, uint64(len(head))))
	out.Write(head)
	w, err := age.Encrypt(out, to)
	if err == nil {
		_, err = w.Write(syncproto.AppendBundle(nil, b))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("envelope: encrypt: %w", err)
	}
	out.Write(ed25519.Sign(key, out.Bytes()))
	if out.Len() > MaxFile {
		return nil, tooLarge()
	}
	return out.Bytes(), nil
}

// Peek reads a file's header and makes sure that the file is as its signer
// wrote it, to the last byte. Errors: CodeFileKind for something else,
// CodeVersion for a newer program's file, CodeDamaged, CodeTooLarge.
func Peek(file []byte) (Header, error) {
	h, _, err := open(file)
	return h, err
}

// Open is Peek, and returns what is inside. It fails too with CodeNotAllowed
// if the file is encrypted to someone else.
func Open(file []byte, as age.Identity) (Header, *syncproto.Bundle, error) {
	h, sealed, err := open(file)
	if err != nil {
		return h, nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), as)
	if err != nil {
		var other *age.NoIdentityMatchError
		if errors.As(err, &other) || errors.Is(err, age.ErrIncorrectIdentity) {
			return h, nil, notForUs(h.Kind, err)
		}
		return h, nil, damaged(err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, syncproto.MaxBundle+1))
	if err != nil {
		return h, nil, damaged(err)
	}
	b, err := syncproto.DecodeBundle(plain)
	switch {
	case err != nil:
		return h, nil, damaged(err)
	case b.Version > syncproto.Version:
		return h, nil, newer(fmt.Errorf("bundle of version %d", b.Version))
	}
	return h, b, nil
}

// open checks all that can be checked without a key.
func open(file []byte) (h Header, sealed []byte, err error) {
	if len(file) > MaxFile {
		return h, nil, tooLarge()
	}
	if err := checkMagic(file); err != nil {
		return h, nil, err
	}
	n, used := binary.Uvarint(file[magicSize:])
	rest := magicSize + max(used, 0)
	if used <= 0 || n > maxHeader || len(file)-rest < int(n)+ed25519.SignatureSize {
		return h, nil, damaged(errors.New("the header is cut"))
	}
	if h, err = decodeHeader(file[rest : rest+int(n)]); err != nil {
		return h, nil, damaged(err)
	}
	end := len(file) - ed25519.SignatureSize
	if !ed25519.Verify(h.Signer, file[:end], file[end:]) {
		return h, nil, damaged(errors.New("the signature does not fit"))
	}
	return h, file[rest+int(n) : end], nil
}

// checkMagic tells our files from others, and whole beginnings from damaged
// ones.
func checkMagic(file []byte) error {
	want := magic(formatVersion)
	same := 0
	for i := range min(len(file), magicSize) {
		if file[i] == want[i] {
			same++
		}
	}
	name := magicSize - 2
	switch {
	case len(file) >= magicSize && same == magicSize:
		return nil
	case len(file) >= magicSize && bytes.Equal(file[:name], want[:name]) && file[name] == ^file[name+1]:
		return newer(fmt.Errorf("format %d", file[name]))
	case same < len(file) && same < magicSize*3/4:
		return notBundle()
	}
	return damaged(errors.New("the beginning is cut or changed"))
}

func encodeHeader(h Header) []byte {
	var buf bytes.Buffer
	enc := msgpack.NewEncoder(&buf)
	// Writing to a bytes.Buffer cannot fail.
	_ = enc.EncodeArrayLen(headerParts)
	_ = enc.EncodeUint(uint64(h.Kind))
	_ = enc.EncodeString(h.Township)
	_ = enc.EncodeUint(uint64(h.Device))
	_ = enc.EncodeInt(h.Created)
	_ = enc.EncodeBytes(h.ID[:])
	_ = enc.EncodeBytes(h.Signer)
	return buf.Bytes()
}

const headerParts = 6

// decodeHeader reads a header; entries that a later program may add at its end
// are passed over.
func decodeHeader(b []byte) (h Header, err error) {
	r := bytes.NewReader(b)
	dec := msgpack.NewDecoder(r)
	n, err := dec.DecodeArrayLen()
	if err != nil || n < headerParts || n > maxHeader {
		return h, errors.Join(errors.New("not a header"), err)
	}
	kind, err1 := dec.DecodeUint8()
	township, err2 := dec.DecodeString()
	device, err3 := dec.DecodeUint32()
	created, err4 := dec.DecodeInt64()
	id, err5 := dec.DecodeBytes()
	signer, err6 := dec.DecodeBytes()
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		return h, err
	}
	if kind < uint8(Up) || kind > uint8(FirstCopy) || len(id) != IDSize || len(signer) != ed25519.PublicKeySize {
		return h, errors.New("a header of other parts")
	}
	for range n - headerParts {
		if err := dec.Skip(); err != nil {
			return h, err
		}
	}
	if r.Len() > 0 {
		return h, errors.New("something follows the header")
	}
	return Header{Kind(kind), township, device, created, [IDSize]byte(id), signer}, nil
}
