// Package textmodel compresses text for slow links: notes of visits, mostly
// Chinese, that a dictionary coder leaves twice as large.
//
// Both ends run the same predictor, which guesses every binary decision of
// the text from several contexts at once and learns as it goes; an arithmetic
// coder writes just what the guesses leave open. A prime, text that both ends
// hold, is learnt before the first byte and costs nothing on the wire.
//
// Any bytes come back as they were, text or not. All arithmetic is on
// integers and nothing depends on the machine, the clock or the order of a
// map, so that what one end writes every other can read. Each constant of the
// model is part of the format: to change one is to make a new form byte.
//
// The coded form is one form byte, then for
//
//	0  the bytes themselves, if they would not get smaller
//	1  the length in bytes (uvarint), a check of prime and text (16 bits, little
//	   endian), then one arithmetic code of the symbols that the prime lacks
//	   and of the text
//	2  the same by the light model
package textmodel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrCorrupt means bytes that Compress did not write, or not with this prime.
var ErrCorrupt = errors.New("textmodel: corrupt")

// ErrTooLarge means a text longer than the caller allows.
var ErrTooLarge = errors.New("textmodel: text too large")

const (
	formStored   = 0
	formModelled = 1
	formLight    = 2

	// maxText is the longest text that is modelled, and maxSymbols the most
	// different symbols one may add to those of the prime. What is beyond is
	// stored; a decoder refuses it.
	maxText    = 1 << 28
	maxSymbols = 1 << 16
)

// Compress appends the coded form of src to dst. prime is text that both ends
// hold, as like src as can be had; it may be nil. The work is that of
// len(prime)+len(src) bytes: who codes often with one prime keeps a Model.
func Compress(dst, src, prime []byte) []byte { return New(prime).Compress(dst, src) }

// Decompress appends to dst the text that coded stands for. It returns dst as
// it was and ErrTooLarge if the text has more than max bytes, ErrCorrupt if
// coded is malformed or was made with another prime.
func Decompress(dst, coded, prime []byte, max int) ([]byte, error) {
	return New(prime).Decompress(dst, coded, max)
}

// Model is what was learnt from a prime. It never changes, and may be used by
// many goroutines at once. It takes up to 22 MB, and each call as much again
// while it runs; a few hundred kB for texts of a few kB.
type Model struct {
	form     byte
	t        *constants
	alphabet *alphabet
	trained  learner // nil without a prime
	length   int     // of the prime, in bytes
	sum      uint32  // CRC-32 of the prime
}

// learner is a model at work: symbol passes one symbol, by number, through
// the coder and learns it, or returns -1 if the decisions lead nowhere.
type learner interface {
	symbol(c coder, a *alphabet, s int32) int32
	clone() learner
	widen(n int) // makes room for n bytes, what was learnt included
	settle()     // ends the learning of a prime
}

// New learns a prime, which may be nil.
func New(prime []byte) *Model { return learn(formModelled, prime) }

// NewLight is New for the light model: about a fifth of the work, for about
// a twentieth more bytes.
func NewLight(prime []byte) *Model { return learn(formLight, prime) }

func learn(form byte, prime []byte) *Model {
	m := &Model{
		form:     form,
		t:        theConstants(),
		alphabet: newAlphabet(prime),
		length:   len(prime),
		sum:      crc32.ChecksumIEEE(prime),
	}
	if len(prime) == 0 {
		return m
	}
	m.trained = m.learner(len(prime))
	pass(m.trained, listener{}, m.alphabet, prime)
	m.trained.settle()
	return m
}

// learner gives one that knows nothing, for n bytes.
func (m *Model) learner(n int) learner {
	if m.form == formLight {
		return newLight(m.t, n)
	}
	return newPredictor(m.t, n)
}

// pass codes a text whose symbols are all in the alphabet.
func pass(p learner, c coder, a *alphabet, text []byte) {
	for len(text) > 0 {
		var s symbol
		s, text = firstSymbol(text)
		p.symbol(c, a, a.number[s])
	}
}

// begin gives the state in which both ends start on a text of n bytes.
func (m *Model) begin(n int) (*alphabet, learner) {
	if m.trained == nil {
		return m.alphabet.clone(), m.learner(n)
	}
	p := m.trained.clone()
	p.widen(m.length + n)
	return m.alphabet.clone(), p
}

// Compress is like the function Compress with the prime of the model.
func (m *Model) Compress(dst, src []byte) []byte {
	start := len(dst)
	if coded, ok := m.encode(dst, src); ok && len(coded)-start <= len(src) {
		return coded
	}
	return append(append(dst[:start], formStored), src...)
}

// encode appends the model's form, if src may have it.
func (m *Model) encode(dst, src []byte) ([]byte, bool) {
	if len(src) == 0 || len(src) > maxText {
		return nil, false
	}
	symbols, weights := counts(src, m.alphabet.number)
	if len(symbols) > maxSymbols {
		return nil, false
	}
	dst = append(dst, m.form)
	dst = binary.AppendUvarint(dst, uint64(len(src)))
	dst = binary.LittleEndian.AppendUint16(dst, m.check(src))
	e := newEncoder(dst)
	a, p := m.begin(len(src))
	symbols, weights, _ = codeAlphabet(e, symbols, weights, maxSymbols)
	a.extend(symbols, weights)
	pass(p, e, a, src)
	return e.finish(), true
}

// check sums up prime and text, so that another prime is found out.
func (m *Model) check(text []byte) uint16 {
	s := crc32.Update(m.sum, crc32.IEEETable, text)
	return uint16(s ^ s>>16)
}

// Decompress is like the function Decompress with the prime of the model.
func (m *Model) Decompress(dst, coded []byte, max int) ([]byte, error) {
	if len(coded) == 0 {
		return dst, fmt.Errorf("%w: no bytes", ErrCorrupt)
	}
	form, body := coded[0], coded[1:]
	switch form {
	case formStored:
		if len(body) > max {
			return dst, fmt.Errorf("%w: %d bytes, at most %d allowed", ErrTooLarge, len(body), max)
		}
		return append(dst, body...), nil
	case m.form:
		return m.decompress(dst, body, min(max, maxText))
	}
	return dst, fmt.Errorf("%w: unknown form %d", ErrCorrupt, form)
}

func (m *Model) decompress(dst, body []byte, max int) ([]byte, error) {
	n, k := binary.Uvarint(body)
	if k <= 0 || n == 0 || len(body) < k+2 {
		return dst, fmt.Errorf("%w: bad head", ErrCorrupt)
	}
	if max < 0 || n > uint64(max) {
		return dst, fmt.Errorf("%w: %d bytes, at most %d allowed", ErrTooLarge, n, max)
	}
	text, err := m.decode(dst, body[k+2:], int(n))
	if err != nil {
		return dst, err
	}
	if m.check(text[len(dst):]) != binary.LittleEndian.Uint16(body[k:]) {
		return dst, fmt.Errorf("%w: the check differs (another prime?)", ErrCorrupt)
	}
	return text, nil
}

// decode appends n bytes of text. It stops as soon as it has used up more
// than there is, so that a short code with a long length costs little.
func (m *Model) decode(dst, code []byte, n int) ([]byte, error) {
	d := newDecoder(code)
	a, p := m.begin(n)
	symbols, weights, ok := codeAlphabet(d, nil, nil, min(n, maxSymbols))
	if !ok || d.exhausted() {
		return nil, fmt.Errorf("%w: impossible alphabet", ErrCorrupt)
	}
	a.extend(symbols, weights)
	if a.root == nowhere {
		return nil, fmt.Errorf("%w: no alphabet", ErrCorrupt)
	}
	end := len(dst) + n
	for len(dst) < end {
		s := p.symbol(d, a, 0)
		if s < 0 || d.exhausted() {
			return nil, fmt.Errorf("%w: the code ends early", ErrCorrupt)
		}
		dst = appendSymbol(dst, a.symbols[s])
	}
	if len(dst) != end || !d.finished() {
		return nil, fmt.Errorf("%w: the code does not end with the text", ErrCorrupt)
	}
	return dst, nil
}
