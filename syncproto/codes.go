package syncproto

import (
	"cmp"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// Chinese is three bytes a character in UTF-8, and few of the many characters
// occur in one text. Compressor 5 writes a text as codes of one or two bytes
// before zstd reads it: shorter, so that zstd sees further, and a tenth
// smaller after it.

// shortCodes is how many of the most frequent characters get one byte.
const shortCodes = 192

// invalidByte plus its value stands for a byte that is not part of valid
// UTF-8, so that any bytes have codes.
const (
	invalidByte   = utf8.MaxRune + 1
	lastCharacter = invalidByte + 256
)

// cutRune cuts the first character off a text that is not empty.
func cutRune(text []byte) (rune, []byte) {
	r, n := utf8.DecodeRune(text)
	if r == utf8.RuneError && n == 1 {
		return invalidByte + rune(text[0]), text[1:]
	}
	return r, text[n:]
}

// perCharacter has a number for each character of a text, in pages that are
// made when the first of their 256 characters occurs.
type perCharacter [lastCharacter>>8 + 1]*[256]int32

func (p *perCharacter) of(r rune) *int32 {
	page := &p[r>>8]
	if *page == nil {
		*page = new([256]int32)
	}
	return &(*page)[r&0xFF]
}

// appendCodes appends the characters of a text and its codes, or reports that
// it has more characters than there are codes.
func appendCodes(dst, text []byte) ([]byte, bool) {
	code := new(perCharacter)
	short, long := characters(text, code)
	if len(long) > (256-len(short))*256 {
		return dst, false
	}
	for i, r := range short {
		*code.of(r) = int32(i)
	}
	for i, r := range long {
		*code.of(r) = int32(len(short)<<8 + i)
	}
	dst = appendGaps(appendGaps(dst, short), long)
	for len(text) > 0 {
		var r rune
		r, text = cutRune(text)
		if c := *code.of(r); int(c) < len(short) {
			dst = append(dst, byte(c))
		} else {
			dst = append(dst, byte(c>>8), byte(c))
		}
	}
	return dst, true
}

// characters lists those of a text, the most frequent apart, both in order. It
// leaves in often how often each occurs.
func characters(text []byte, often *perCharacter) (short, long []rune) {
	var all []rune
	for len(text) > 0 {
		var r rune
		r, text = cutRune(text)
		n := often.of(r)
		if *n == 0 {
			all = append(all, r)
		}
		*n++
	}
	slices.SortFunc(all, func(a, b rune) int { return cmp.Or(cmp.Compare(*often.of(b), *often.of(a)), cmp.Compare(a, b)) })
	n := min(len(all), shortCodes)
	slices.Sort(all[:n])
	slices.Sort(all[n:])
	return all[:n], all[n:]
}

// appendGaps appends how many characters there are, and their differences.
func appendGaps(dst []byte, rs []rune) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(rs)))
	last := rune(0)
	for _, r := range rs {
		dst = binary.AppendUvarint(dst, uint64(r-last))
		last = r
	}
	return dst
}

// maxCoded bounds the coded form of a text of n bytes: each character costs at
// most three bytes in the list, once, and two wherever it stands.
func maxCoded(n int) int { return 5*n + 16 }

// gaps reads what appendGaps wrote.
func (u *unstream) gaps(limit int) []rune {
	n, last := u.count(limit), uint64(0)
	out := make([]rune, 0, min(n, len(u.b)))
	for range n {
		gap := u.uvarint()
		last += gap
		if gap >= lastCharacter || last >= lastCharacter || last < invalidByte && !utf8.ValidRune(rune(last)) {
			u.fail("character %d", last)
		}
		if u.err != nil {
			return nil
		}
		out = append(out, rune(last))
	}
	return out
}

// uncode returns the text of size bytes that codes stand for.
func uncode(coded []byte, size int) ([]byte, error) {
	u := &unstream{b: coded}
	short := u.gaps(256)
	long := u.gaps((256 - len(short)) << 8)
	if u.err != nil {
		return nil, u.err
	}
	text := make([]byte, 0, min(size, 4*len(u.b))+utf8.UTFMax)
	for len(u.b) > 0 {
		r, k := rune(0), int(u.byte())
		if k < len(short) {
			r = short[k]
		} else if k = (k-len(short))<<8 + int(u.byte()); k < len(long) {
			r = long[k]
		} else {
			u.fail("code %d of %d", k, len(long))
			break
		}
		if r >= invalidByte {
			text = append(text, byte(r-invalidByte))
		} else {
			text = utf8.AppendRune(text, r)
		}
		if len(text) > size {
			u.fail("codes of more than %d bytes", size)
		}
	}
	return text, u.err
}
