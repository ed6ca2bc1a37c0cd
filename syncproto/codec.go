package syncproto

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"gridbook/syncproto/textmodel"
)

// Compressors of a batch's streams. Their numbers never change.
const (
	codecStored = 0
	codecZstd   = 1 // RFC 8878
	codecBrotli = 2 // RFC 7932
	codecText   = 3 // package textmodel, without a prime
	codecLight  = 4 // its light model; from version 2 on
	codecCodes  = 5 // characters as codes, then zstd; from version 2 on
	codecPrimed = 6 // the light model with a prime, in uploads; from version 2 on
)

// Effort says how much work a batch is worth.
type Effort int

// Efforts. Packing and unpacking a byte of text costs both ends about 0.05 µs
// by zstd, 0.2 µs by the light model and 1 µs by the deep one; the light one
// leaves two thirds of zstd's bytes, the deep one 96 of the light one's 100.
const (
	Fast  Effort = iota // the way is fast: both ends' time counts
	Spare               // there is time for a batch that is not large
	Small               // the way is slow: bytes count
)

// slowLink is the speed in bytes/s under which bytes cost more than the time
// that the light model takes at both ends.
const slowLink = 256 << 10

// EffortFor chooses by the speed of the way; 0 is unknown.
func EffortFor(link int) Effort {
	switch {
	case link == 0:
		return Spare
	case link < slowLink:
		return Small
	}
	return Fast
}

// quickLink is the speed in bytes/s, of a network within a building, from which
// an upload's bytes cost less than the hub's time to unpack it by a model: many
// laptops may come at once.
const quickLink = 2 << 20

// effortUp chooses for an upload. A laptop takes its time where that spares
// bytes.
func effortUp(link int) Effort {
	if e := EffortFor(link); e != Fast || link >= quickLink {
		return e
	}
	return Spare
}

// Up to how many bytes something is worth which effort.
const (
	deepBatch   = 128 << 10 // beyond, the deep model's time is worth more than its bytes
	spareText   = 2 << 20
	spareNumber = 256 << 10 // of structure, where the light model gains less
	spareOld    = 128 << 10 // brotli's time in version 1
)

// maxModelled bounds what a reader may be made to spend on a text: about ten
// seconds.
const maxModelled = 4 << 20

// Codec encodes and decodes batches. It keeps compressors for reuse and may
// be used by several goroutines.
type Codec struct {
	// Plain leaves batches as they are, whatever the way: for simulations.
	Plain     bool
	tiny, enc sync.Pool // encoders of streams of up to tinyStream and smallStream bytes
	dec       sync.Pool
	mu        sync.Mutex
	large     []*zstd.Encoder // at rest
	settled   settled
}

// NewCodec returns a codec.
func NewCodec() *Codec { return &Codec{} }

// NewHubCodec returns a codec that keeps up to so many bytes of what it has
// packed, for the next laptop that asks for the same.
func NewHubCodec(keep int) *Codec {
	return &Codec{settled: settled{limit: keep, blocks: map[blockKey]*block{}}}
}

// Encode returns the batch encoded for a peer that speaks a version of the
// protocol; an empty batch gives no bytes.
func (c *Codec) Encode(b *Batch, e Effort, version int) []byte {
	if len(b.Records) == 0 {
		return nil
	}
	structure, text := b.layout()
	numbers, prose := compressors(e, len(structure), len(text), version)
	if c.Plain {
		numbers, prose = codecStored, codecStored
	}
	return c.pack(c.pack(nil, structure, numbers, len(text)), text, prose, len(structure))
}

// compressors chooses for the two streams, by their sizes.
func compressors(e Effort, structure, text, version int) (numbers, prose byte) {
	if version < 2 {
		numbers, prose = oldCompressor(e, structure), oldCompressor(e, text)
		if e == Small && text <= maxModelled {
			prose = codecText
		}
		return numbers, prose
	}
	if e == Small && structure+text <= deepBatch {
		return codecText, codecText
	}
	numbers, prose = codecZstd, codecCodes
	if e == Small && structure <= maxModelled || e == Spare && structure <= spareNumber {
		numbers = codecLight
	}
	if e == Small && text <= maxModelled || e == Spare && text <= spareText {
		prose = codecLight
	}
	return numbers, prose
}

// oldCompressor chooses for a stream of n bytes among those of version 1.
func oldCompressor(e Effort, n int) byte {
	if e == Small || e == Spare && n <= spareOld {
		return codecBrotli
	}
	return codecZstd
}

// encodePrimed is Encode for a small batch whose text is packed with a prime.
func (c *Codec) encodePrimed(b *Batch, p *prime) []byte {
	structure, text := b.layout()
	numbers, _ := compressors(Small, len(structure), len(text), Version)
	dst := c.pack(nil, structure, numbers, 0)
	packed := textmodel.NewLight(p.text).Compress(p.append(nil), text)
	dst = binary.AppendUvarint(append(dst, codecPrimed), uint64(len(text)))
	dst = binary.AppendUvarint(dst, uint64(len(packed)))
	return append(dst, packed...)
}

// Decode reads an encoded batch.
func (c *Codec) Decode(p []byte) (*Batch, error) { return c.decode(p, nil) }

// primes gives the text of a prime.
type primes func(*prime) ([]byte, error)

// decode is Decode with what primes there are.
func (c *Codec) decode(p []byte, known primes) (*Batch, error) {
	b := &Batch{}
	if len(p) == 0 {
		return b, nil
	}
	structure, rest, err := c.unpack(p, nil)
	if err != nil {
		return nil, err
	}
	text, rest, err := c.unpack(rest, known)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, malformed("%d bytes after the batch", len(rest))
	}
	if err := b.parse(structure, text); err != nil {
		return nil, err
	}
	return b, nil
}

// pack appends codec, plain length, packed length and the packed bytes. other
// is the length of the batch's other stream.
func (c *Codec) pack(dst, src []byte, codec byte, other int) []byte {
	packed := src
	if len(src) <= 32 {
		codec = codecStored
	}
	if codec != codecStored {
		codec, packed = c.settled.pack(codec, src, func(codec byte, src []byte) (byte, []byte) { return c.compress(codec, src, other) })
	}
	if len(packed) >= len(src) {
		codec, packed = codecStored, src
	}
	dst = append(dst, codec)
	dst = binary.AppendUvarint(dst, uint64(len(src)))
	dst = binary.AppendUvarint(dst, uint64(len(packed)))
	return append(dst, packed...)
}

// compress returns packed bytes, and with which compressor: that for codes may
// have to give way.
func (c *Codec) compress(codec byte, src []byte, other int) (byte, []byte) {
	switch codec {
	case codecBrotli:
		return codec, packBrotli(src)
	case codecText:
		return codec, textmodel.Compress(nil, src, nil)
	case codecLight:
		return codec, textmodel.NewLight(nil).Compress(nil, src)
	case codecCodes:
		return c.packCodes(src, other)
	}
	return codecZstd, c.packZstd(src, other)
}

func (c *Codec) unpack(p []byte, known primes) (plain, rest []byte, err error) {
	u := &unstream{b: p}
	codec, size := u.byte(), u.count(MaxBatch)
	packed := u.take(u.count(MaxMessage))
	if u.err != nil {
		return nil, nil, u.err
	}
	switch codec {
	case codecStored:
		plain = packed
	case codecZstd:
		plain, err = c.unpackZstd(packed, size)
	case codecBrotli:
		plain, err = readExactly(brotli.NewReader(bytes.NewReader(packed)), size)
	case codecText:
		plain, err = unpackText(textmodel.New(nil), packed, size)
	case codecLight:
		plain, err = unpackText(textmodel.NewLight(nil), packed, size)
	case codecCodes:
		plain, err = c.unpackCodes(packed, size)
	case codecPrimed:
		plain, err = unpackPrimed(packed, size, known)
	default:
		return nil, nil, malformed("unknown compressor %d", codec)
	}
	if err == nil && len(plain) != size {
		err = malformed("stream of %d bytes, want %d", len(plain), size)
	}
	return plain, u.b, err
}

func unpackText(m *textmodel.Model, packed []byte, size int) ([]byte, error) {
	if size > maxModelled {
		return nil, tooLarge("modelled text of %d bytes", size)
	}
	plain, err := m.Decompress(nil, packed, size)
	if err != nil {
		return nil, &Error{Code: CodeMalformed, Err: err}
	}
	return plain, nil
}

func unpackPrimed(packed []byte, size int, known primes) ([]byte, error) {
	u := &unstream{b: packed}
	name := u.primeName()
	if u.err != nil {
		return nil, u.err
	}
	if known == nil {
		return nil, otherPrime()
	}
	text, err := known(name)
	if err != nil {
		return nil, err
	}
	return unpackText(textmodel.NewLight(text), u.b, size)
}

// packBrotli takes the level whose time a stream of that size is worth.
func packBrotli(src []byte) []byte {
	level := brotli.BestCompression
	if len(src) > 512<<10 {
		level = 9
	}
	var buf bytes.Buffer
	// A window larger than the stream gains nothing, and its tables of 32 MB
	// would be cleared for every small upload.
	window := min(max(bits.Len(uint(len(src)+15)), 16), 22)
	w := brotli.NewWriterOptions(&buf, brotli.WriterOptions{Quality: level, LGWin: window})
	_, _ = w.Write(src) // a buffer takes everything
	_ = w.Close()
	return buf.Bytes()
}

// Up to how many bytes a stream is packed with which tables. Those of zstd's
// best level take 34 MB, of the one before 4 MB, of the next 1 MB and of the
// fastest 256 kB: to clear them and to bring them into the processor's cache
// takes ten times as long as to pack the text of 200 edits. A small stream goes
// with what the other one needs anyway.
const (
	tinyStream  = 4 << 10
	smallStream = 128 << 10
)

func (c *Codec) packZstd(src []byte, other int) []byte {
	switch {
	case max(len(src), other) <= tinyStream:
		return packPooled(&c.tiny, zstd.SpeedFastest, src)
	case len(src) <= smallStream:
		return packPooled(&c.enc, zstd.SpeedDefault, src)
	}
	return c.packLarge(src)
}

func packPooled(pool *sync.Pool, level zstd.EncoderLevel, src []byte) []byte {
	enc, _ := pool.Get().(*zstd.Encoder)
	if enc == nil {
		enc = newEncoder(level, smallStream)
	}
	defer pool.Put(enc)
	return enc.EncodeAll(src, nil)
}

// keptLarge is how many encoders of large streams are kept between two uses:
// to make one takes as long as to pack a megabyte, and garbage of its size
// makes memory peak.
const keptLarge = 2

func (c *Codec) packLarge(src []byte) []byte {
	c.mu.Lock()
	var enc *zstd.Encoder
	if n := len(c.large); n > 0 {
		enc, c.large = c.large[n-1], c.large[:n-1]
	}
	c.mu.Unlock()
	if enc == nil {
		enc = newEncoder(zstd.SpeedBestCompression, 4<<20)
	}
	out := enc.EncodeAll(src, nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.large) < keptLarge {
		c.large = append(c.large, enc)
	}
	return out
}

// newEncoder makes an encoder; with these options that cannot fail.
func newEncoder(level zstd.EncoderLevel, window int) *zstd.Encoder {
	enc, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(level),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithEncoderCRC(false))
	return enc
}

// packCodes returns codec and bytes: of the text itself if it has too many
// characters for codes.
func (c *Codec) packCodes(src []byte, other int) (byte, []byte) {
	coded, ok := appendCodes(make([]byte, 0, len(src)), src)
	if !ok {
		return codecZstd, c.packZstd(src, other)
	}
	return codecCodes, append(binary.AppendUvarint(nil, uint64(len(coded))), c.packZstd(coded, other)...)
}

func (c *Codec) unpackCodes(packed []byte, size int) ([]byte, error) {
	u := &unstream{b: packed}
	n := u.count(min(maxCoded(size), MaxBatch))
	if u.err != nil {
		return nil, u.err
	}
	coded, err := c.unpackZstd(u.b, n)
	if err != nil {
		return nil, err
	}
	return uncode(coded, size)
}

func (c *Codec) unpackZstd(packed []byte, size int) ([]byte, error) {
	dec, _ := c.dec.Get().(*zstd.Decoder)
	if dec == nil {
		dec, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxBatch))
	}
	defer c.dec.Put(dec)
	if err := dec.Reset(bytes.NewReader(packed)); err != nil {
		return nil, &Error{Code: CodeMalformed, Err: err}
	}
	return readExactly(dec, size)
}

// readExactly reads size bytes and no more, growing as they come, so that a
// false size costs nothing.
func readExactly(r io.Reader, size int) ([]byte, error) {
	var buf bytes.Buffer
	buf.Grow(min(size, 1<<20))
	n, err := io.Copy(&buf, io.LimitReader(r, int64(size)+1))
	if err != nil {
		return nil, &Error{Code: CodeMalformed, Err: err}
	}
	if n != int64(size) {
		return nil, malformed("stream is not of %d bytes", size)
	}
	return buf.Bytes(), nil
}
