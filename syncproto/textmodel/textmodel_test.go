package textmodel_test

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gridbook/syncproto/textmodel"

	"pgregory.net/rapid"
)

// models are what makes each of the models of a prime, by form.
func models() map[int]func(prime []byte) *textmodel.Model {
	return map[int]func([]byte) *textmodel.Model{1: textmodel.New, 2: textmodel.NewLight}
}

// roundTrip fails unless src comes back from both models, after what dst held
// before. It returns what the deep one wrote.
func roundTrip(t rapid.TB, src, prime []byte) []byte {
	t.Helper()
	bothWays(t, textmodel.NewLight(prime), src)
	return bothWays(t, textmodel.New(prime), src)
}

func bothWays(t rapid.TB, m *textmodel.Model, src []byte) []byte {
	t.Helper()
	coded := m.Compress([]byte("前"), src)
	if !bytes.HasPrefix(coded, []byte("前")) {
		t.Fatalf("Compress changed what dst held")
	}
	coded = coded[len("前"):]
	if len(coded) > len(src)+1 {
		t.Errorf("%d bytes became %d, more than one byte over", len(src), len(coded))
	}
	back, err := m.Decompress([]byte("后"), coded, len(src))
	if err != nil {
		t.Fatalf("Decompress: %v", err)
	}
	if want := append([]byte("后"), src...); !bytes.Equal(back, want) {
		t.Fatalf("got %q, want %q", back, want)
	}
	return coded
}

func TestRoundTrip(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	texts := map[string][]byte{
		"empty":              nil,
		"one byte":           {0},
		"one character":      []byte("村"),
		"one repeated":       bytes.Repeat([]byte("村"), 5000),
		"two symbols":        bytes.Repeat([]byte("ab"), 3000),
		"every byte":         bytes.Repeat(every, 20),
		"cut character":      []byte("走访记录" + "\xe6\x9d"),
		"surrogates":         []byte("\xed\xa0\x80\xed\xb0\x80 走访"),
		"overlong":           []byte("\xc0\x80\xe0\x80\x80"),
		"replacement itself": []byte("\ufffd\xff\ufffd"),
		"greatest":           []byte("\U0010ffff\xf4\x90\x80\x80\U0010ffff"),
		"rare characters":    []byte("𠮷野家𠮷，䶮、㐂。"),
		"latin":              []byte(strings.Repeat("The road is wet; the lamp is out. ", 40)),
		"notes":              notes(1, 8000),
		"all different":      allDifferent(3000),
	}
	primes := map[string][]byte{
		"no prime":   nil,
		"one symbol": []byte("村"),
		"notes":      notes(2, 3000),
		"bytes":      every,
	}
	for name, text := range texts {
		for primeName, prime := range primes {
			t.Run(name+"/"+primeName, func(t *testing.T) { roundTrip(t, text, prime) })
		}
	}
}

func allDifferent(n int) []byte {
	var b []byte
	for i := range n {
		b = fmt.Appendf(b, "%c", rune(0x4E00+7*i%20000))
	}
	return b
}

func TestAnyText(t *testing.T) {
	words := strings.Split("灯,水管,的,了,，,。,\n,12,3.5,王,李家,上,abc,\xff,\U00020bb7, ", ",")
	text := rapid.Map(rapid.SliceOf(rapid.SampledFrom(words)), func(w []string) []byte { return []byte(strings.Join(w, "")) })
	either := rapid.OneOf(text, rapid.SliceOf(rapid.Byte()))
	rapid.Check(t, func(t *rapid.T) {
		roundTrip(t, either.Draw(t, "src"), either.Draw(t, "prime"))
	})
}

// TestTooManySymbols: what has more different characters than any script is
// not worth a model, and a decoder does not make one for it.
func TestTooManySymbols(t *testing.T) {
	var src []byte
	for r := rune(0x10000); r < 0x10000+1<<16+1; r++ {
		src = fmt.Appendf(src, "%c", r)
	}
	if coded := roundTrip(t, src, nil); coded[0] != 0 {
		t.Errorf("form %d, want stored", coded[0])
	}
	if coded := roundTrip(t, src[4:], nil); coded[0] != 1 {
		t.Errorf("one less: form %d, want modelled", coded[0])
	}
}

// TestGolden keeps the format: laptops in the field and old bundles hold what
// earlier versions wrote. If this fails, give the new model a new form byte.
func TestGolden(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	text, prime := read("text.txt"), read("prime.txt")
	for name, m := range map[string]*textmodel.Model{
		"alone.coded": textmodel.New(nil), "primed.coded": textmodel.New(prime),
		"light.coded": textmodel.NewLight(nil), "light-primed.coded": textmodel.NewLight(prime),
	} {
		coded := read(name)
		if got := m.Compress(nil, text); !bytes.Equal(got, coded) {
			t.Errorf("%s: Compress writes other bytes than before", name)
		}
		got, err := m.Decompress(nil, coded, len(text))
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: old bytes are not read any more: %v", name, err)
		}
	}
}

// TestGoldenLarge does the same with tables large enough to be widened and
// crowded.
func TestGoldenLarge(t *testing.T) {
	want := map[int]string{
		1: "395e807e3d9f442538c1ef77b65d3b5a236ca6bd64b37ab988e16c4949369a89",
		2: "41864869686c1bac9012b18ee00bb4f2c96bdb859d08ce0d4c882ec21b62f29c",
	}
	for form, model := range models() {
		coded := bothWays(t, model(notes(4, 20_000)), notes(3, 200_000))
		sum := sha256.Sum256(coded)
		if got := hex.EncodeToString(sum[:]); got != want[form] {
			t.Errorf("form %d has SHA-256 %s, want %s (%d bytes)", form, got, want[form], len(coded))
		}
	}
}

func TestSmallerThanFlate(t *testing.T) {
	src := notes(5, 60_000)
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(src); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for form, model := range models() {
		alone := len(model(nil).Compress(nil, src))
		primed := len(model(notes(6, 60_000)).Compress(nil, src))
		t.Logf("form %d, %d bytes: flate %d, alone %d, primed %d", form, len(src), b.Len(), alone, primed)
		if alone*10 > b.Len()*7 {
			t.Errorf("form %d: alone %d bytes, want at most 0.7 of flate's %d", form, alone, b.Len())
		}
		if primed >= alone {
			t.Errorf("form %d: primed %d bytes, want fewer than the %d alone", form, primed, alone)
		}
	}
}

func TestLimit(t *testing.T) {
	for name, src := range map[string][]byte{"modelled": notes(7, 500), "stored": {1, 2, 3}} {
		coded := textmodel.Compress(nil, src, nil)
		for _, max := range []int{-1, 0, len(src) - 1} {
			dst := []byte("keep")
			got, err := textmodel.Decompress(dst, coded, nil, max)
			if !errors.Is(err, textmodel.ErrTooLarge) || string(got) != "keep" {
				t.Errorf("%s, max %d of %d: got %q, %v; want ErrTooLarge", name, max, len(src), got, err)
			}
		}
		if _, err := textmodel.Decompress(nil, coded, nil, len(src)); err != nil {
			t.Errorf("%s, max exact: %v", name, err)
		}
	}
}

// TestLimitBeforeWork: a claim over the limit is refused before any table is
// made for it.
func TestLimitBeforeWork(t *testing.T) {
	m := textmodel.New(nil)
	claim := []byte{1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 1, 2, 3}
	allocs := testing.AllocsPerRun(10, func() {
		if _, err := m.Decompress(nil, claim, 1<<20); !errors.Is(err, textmodel.ErrTooLarge) {
			t.Fatalf("got %v, want ErrTooLarge", err)
		}
	})
	if allocs > 8 {
		t.Errorf("%v allocations to refuse, want those of the error alone", allocs)
	}
}

func TestDamage(t *testing.T) {
	for form, model := range models() {
		t.Run(fmt.Sprint("form ", form), func(t *testing.T) { damage(t, model) })
	}
}

func damage(t *testing.T, model func([]byte) *textmodel.Model) {
	src, prime := notes(8, 1200), notes(9, 400)
	m := model(prime)
	coded := m.Compress(nil, src)
	refuse := func(what string, bad []byte, m *textmodel.Model) {
		t.Helper()
		got, err := m.Decompress([]byte("keep"), bad, len(src))
		if !errors.Is(err, textmodel.ErrCorrupt) && !errors.Is(err, textmodel.ErrTooLarge) {
			t.Errorf("%s: got %v, want ErrCorrupt", what, err)
		}
		if string(got) != "keep" {
			t.Errorf("%s: dst is not as it was", what)
		}
	}
	for i := range coded {
		refuse(fmt.Sprintf("cut to %d", i), coded[:i], m)
		flipped := bytes.Clone(coded)
		flipped[i] ^= 1 << (i % 8)
		if flipped[0] != 0 { // form 0 is anything
			refuse(fmt.Sprintf("bit flipped in byte %d", i), flipped, m)
		}
	}
	refuse("byte too many", append(bytes.Clone(coded), 0), m)
	refuse("other prime", coded, model(notes(10, 400)))
	refuse("no prime", coded, model(nil))
	refuse("nothing", nil, m)
	refuse("the other model's form", append([]byte{3 - coded[0]}, coded[1:]...), m)
	refuse("unknown form", []byte{9, 1, 2, 3, 4}, m)
	refuse("length nought", []byte{coded[0], 0, 0, 0}, m)
	refuse("endless length", bytes.Repeat([]byte{0xff}, 20), m)
}

// TestShared: one model serves many exchanges at once and stays as it is.
func TestShared(t *testing.T) {
	shared(t, textmodel.New(notes(11, 2000)))
	shared(t, textmodel.NewLight(notes(11, 2000)))
}

func shared(t *testing.T, m *textmodel.Model) {
	src := notes(12, 2000)
	want := m.Compress(nil, src)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if got := m.Compress(nil, src); !bytes.Equal(got, want) {
				t.Error("the coded form changed with use")
			}
			if got, err := m.Decompress(nil, want, len(src)); err != nil || !bytes.Equal(got, src) {
				t.Errorf("Decompress: %v", err)
			}
		})
	}
	all.Wait()
}
