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
)

// Effort says how much work a batch is worth.
type Effort int

// Efforts.
const (
	Fast  Effort = iota // the way is fast: both ends' time counts
	Spare               // the writer has time, the reader has none
	Small               // the way is slow: bytes count
)

// slowLink is the speed in bytes/s under which bytes cost more than the time
// of both ends: packing and unpacking a text by its model takes about 2 µs a
// byte.
const slowLink = 256 << 10

// spareSize is up to how many bytes a writer takes its time for a fast way.
const spareSize = 128 << 10

// EffortFor chooses by the speed of the way; 0 is unknown, taken for fast.
func EffortFor(link int) Effort {
	if link > 0 && link < slowLink {
		return Small
	}
	return Fast
}

// maxModelled bounds what a reader may be made to spend on a text: about ten
// seconds.
const maxModelled = 4 << 20

// Codec encodes and decodes batches. It keeps compressors for reuse and may
// be used by several goroutines.
type Codec struct {
	// Plain leaves batches as they are, whatever the way: for simulations.
	Plain    bool
	enc, dec sync.Pool
}

// NewCodec returns a codec.
func NewCodec() *Codec { return &Codec{} }

// Encode returns the encoded batch; an empty batch gives no bytes.
func (c *Codec) Encode(b *Batch, e Effort) []byte {
	if len(b.Records) == 0 {
		return nil
	}
	structure, text := b.layout()
	if c.Plain {
		return c.pack(c.pack(nil, structure, codecStored), text, codecStored)
	}
	prose := compressor(e, len(text))
	if e == Small && len(text) <= maxModelled {
		prose = codecText
	}
	out := c.pack(nil, structure, compressor(e, len(structure)))
	return c.pack(out, text, prose)
}

// compressor chooses for a stream of n bytes.
func compressor(e Effort, n int) byte {
	if e == Small || e == Spare && n <= spareSize {
		return codecBrotli
	}
	return codecZstd
}

// Decode reads an encoded batch.
func (c *Codec) Decode(p []byte) (*Batch, error) {
	b := &Batch{}
	if len(p) == 0 {
		return b, nil
	}
	structure, rest, err := c.unpack(p)
	if err != nil {
		return nil, err
	}
	text, rest, err := c.unpack(rest)
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

// pack appends codec, plain length, packed length and the packed bytes.
func (c *Codec) pack(dst, src []byte, codec byte) []byte {
	packed := src
	if len(src) <= 32 {
		codec = codecStored
	}
	switch codec {
	case codecZstd:
		packed = c.packZstd(src)
	case codecBrotli:
		packed = packBrotli(src)
	case codecText:
		packed = textmodel.Compress(nil, src, nil)
	}
	if len(packed) >= len(src) {
		codec, packed = codecStored, src
	}
	dst = append(dst, codec)
	dst = binary.AppendUvarint(dst, uint64(len(src)))
	dst = binary.AppendUvarint(dst, uint64(len(packed)))
	return append(dst, packed...)
}

func (c *Codec) unpack(p []byte) (plain, rest []byte, err error) {
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
		plain, err = unpackText(packed, size)
	default:
		return nil, nil, malformed("unknown compressor %d", codec)
	}
	if err == nil && len(plain) != size {
		err = malformed("stream of %d bytes, want %d", len(plain), size)
	}
	return plain, u.b, err
}

func unpackText(packed []byte, size int) ([]byte, error) {
	if size > maxModelled {
		return nil, tooLarge("modelled text of %d bytes", size)
	}
	plain, err := textmodel.Decompress(nil, packed, nil, size)
	if err != nil {
		return nil, &Error{Code: CodeMalformed, Err: err}
	}
	return plain, nil
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

func (c *Codec) packZstd(src []byte) []byte {
	enc, _ := c.enc.Get().(*zstd.Encoder)
	if enc == nil {
		enc, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(4<<20), zstd.WithEncoderCRC(false))
	}
	defer c.enc.Put(enc)
	return enc.EncodeAll(src, nil)
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
