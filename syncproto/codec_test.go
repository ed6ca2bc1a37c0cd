package syncproto

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// prose draws text that has few or very many characters, and broken ones.
func prose(t *rapid.T) []byte {
	words := rapid.SliceOf(rapid.SampledFrom(strings.Split("灯,水管,的,，,。,\n,12,王,abc,\xff,\xe6,\U00020bb7,\ufffd", ",")))
	if rapid.Bool().Draw(t, "words") {
		return []byte(strings.Join(words.Draw(t, "text"), ""))
	}
	return rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
}

func TestCodesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := prose(t)
		coded, ok := appendCodes(nil, text)
		if !ok {
			t.Fatal("too many characters")
		}
		if len(coded) > maxCoded(len(text)) {
			t.Errorf("%d bytes became %d, at most %d allowed", len(text), len(coded), maxCoded(len(text)))
		}
		got, err := uncode(coded, len(text))
		if err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%q came back as %q: %v", text, got, err)
		}
	})
}

// different gives n different characters.
func different(n int) []byte {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune(0x20000 + i))
	}
	return []byte(b.String())
}

func TestCodesOfManyCharacters(t *testing.T) {
	const most = shortCodes + (256-shortCodes)*256
	c := NewCodec()
	for n, want := range map[int]byte{most: codecCodes, most + 1: codecZstd} {
		text := different(n)
		codec, packed := c.packCodes(text, 0)
		if codec != want {
			t.Errorf("%d characters: compressor %d, want %d", n, codec, want)
		}
		got, rest, err := c.unpack(c.pack(nil, text, codecCodes, 0), nil)
		if err != nil || len(rest) > 0 || !bytes.Equal(got, text) {
			t.Errorf("%d characters in %d bytes do not come back: %v", n, len(packed), err)
		}
	}
}

func TestBadCodes(t *testing.T) {
	good, _ := appendCodes(nil, []byte("网格"))
	long := append([]byte{1, 'a', 1, 'b'}, 1, 0) // "a" has code 0, "b" code 1 0
	tests := []struct {
		name  string
		coded []byte
		size  int
		want  string
		code  Code
	}{
		{"good", good, 6, "网格", ""},
		{"a long one", long, 1, "b", ""},
		{"nothing", nil, 6, "", CodeMalformed},
		{"more than claimed", good, 3, "", CodeMalformed},
		{"half a long code", long[:5], 1, "", CodeMalformed},
		{"a code of none", append(long[:5:5], 1), 1, "", CodeMalformed},
		{"no long ones", []byte{1, 'a', 0, 1, 0}, 1, "", CodeMalformed},
		{"short ones beyond a byte", []byte{0x81, 0x02}, 1, "", CodeTooLarge},
		{"long ones beyond two", []byte{0, 0x81, 0x80, 0x04}, 1, "", CodeTooLarge},
		{"half a surrogate", []byte{1, 0x80, 0xb0, 0x03, 0, 0}, 3, "", CodeMalformed},
		{"beyond all characters", []byte{1, 0x80, 0x82, 0x44, 0, 0}, 3, "", CodeMalformed},
		{"characters end early", []byte{5, 'a'}, 1, "", CodeMalformed},
	}
	for _, tt := range tests {
		got, err := uncode(tt.coded, tt.size)
		if CodeOf(err) != tt.code || tt.code == "" && string(got) != tt.want {
			t.Errorf("%s: %q, %v; want %q, %q", tt.name, got, err, tt.want, tt.code)
		}
	}
}

func FuzzCodes(f *testing.F) {
	good, _ := appendCodes(nil, []byte("网格长走访,a\xff"))
	f.Add(good, uint16(20))
	f.Add([]byte{1, 'a', 1, 'b', 1, 0}, uint16(1))
	f.Fuzz(func(t *testing.T, coded []byte, most uint16) {
		size := int(most)
		text, err := uncode(coded, size)
		if err != nil {
			if c := CodeOf(err); c != CodeMalformed && c != CodeTooLarge {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		if len(text) > size {
			t.Fatalf("%d bytes, at most %d allowed", len(text), size)
		}
		again, ok := appendCodes(nil, text)
		if back, err := uncode(again, len(text)); !ok || err != nil || !bytes.Equal(back, text) {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}

// A peer of version 1 gets none of the compressors that it cannot know.
func TestOldPeersGetOldCompressors(t *testing.T) {
	sizes := []int{0, 40, deepBatch / 2, deepBatch, spareOld, spareOld + 1, spareNumber + 1, spareText + 1, maxModelled, maxModelled + 1, MaxBatch}
	for _, e := range []Effort{Fast, Spare, Small} {
		for _, structure := range sizes {
			for _, text := range sizes {
				for version := 0; version < 2; version++ {
					if a, b := compressors(e, structure, text, version); a > codecText || b > codecText {
						t.Errorf("effort %d, %d and %d bytes: compressors %d and %d for version %d", e, structure, text, a, b, version)
					}
				}
				for version := 1; version <= Version; version++ {
					a, b := compressors(e, structure, text, version)
					if (a == codecText || a == codecLight) && structure > maxModelled || (b == codecText || b == codecLight) && text > maxModelled {
						t.Errorf("effort %d, %d and %d bytes: what no reader takes", e, structure, text)
					}
				}
			}
		}
	}
}

// notebook is a batch of n visits, some of whose words come again and again.
func notebook(n int) *Batch {
	who := strings.Fields("老人 户主 邻居 村医 租客 护林员")
	did := strings.Fields("来电 反映 询问 修好 答应 借用 归还 加固 签字")
	what := strings.Fields("水泵 屋檐 田埂 变压器 稻种 药费 老樟树 涵洞 电表箱 𠮷氏祠堂")
	b := &Batch{}
	for i := range n {
		r := NewRecord(5, Stamp{TimeAt(1_700_000_000_000 + int64(i)*7919), 3})
		text := who[i%len(who)] + did[i*7%len(did)] + what[i*i%len(what)]
		if i%3 == 0 {
			text += fmt.Sprintf("，%d月%d日再来", i%12+1, i%28+1)
		}
		r.Write(1, r.ID, TextOf(text+"。"))
		b.Records, b.Received = append(b.Records, r), append(b.Received, 1_700_000_500_000)
	}
	return b
}

// codecVectors are those of the compressors that came with version 2.
func codecVectors(good func(name, kind string, b []byte, rs []*Record, again bool) vector, bad func(name, kind string, code Code, b []byte) vector) []vector {
	c, b := NewCodec(), notebook(150)
	structure, text := b.layout()
	with := func(codec byte) []byte { return c.pack(c.pack(nil, structure, codec, 0), text, codec, 0) }
	light, codes := with(codecLight), with(codecCodes)
	torn := append(bytes.Clone(light[:len(light)-20]), make([]byte, 20)...)
	few, _ := appendCodes(nil, text[:60])
	packed := append(binary.AppendUvarint(nil, uint64(len(few))), c.packZstd(few, 0)...)
	short := append(appendUvarints([]byte{codecCodes}, uint64(len(text)), uint64(len(packed))), packed...)
	return []vector{
		good("light model", "batch", light, b.Records, false),
		good("codes", "batch", codes, b.Records, false),
		bad("light model, torn", "batch", CodeMalformed, torn),
		bad("codes of less than they say", "batch", CodeMalformed, append(c.pack(nil, structure, codecStored, 0), short...)),
	}
}

func TestSettledStreams(t *testing.T) {
	packs := 0
	compress := func(codec byte, src []byte) (byte, []byte) {
		packs++
		return codec, src[:settledLeast/4]
	}
	stream := func(first byte) []byte { return append([]byte{first}, make([]byte, settledLeast)...) }
	s := &NewHubCodec(settledLeast / 4 * 2).settled // room for two
	tests := []struct {
		about string
		codec byte
		first byte
		packs int
	}{
		{"the first", codecLight, 1, 1},
		{"again", codecLight, 1, 1},
		{"by another compressor", codecZstd, 1, 2},
		{"again by the first", codecLight, 1, 2},
		{"a third", codecLight, 2, 3},
		{"the first, let go", codecLight, 1, 4},
		{"the third, still there", codecLight, 2, 4},
	}
	for _, tt := range tests {
		codec, packed := s.pack(tt.codec, stream(tt.first), compress)
		if codec != tt.codec || packed[0] != tt.first || packs != tt.packs {
			t.Errorf("%s: compressor %d, stream %d, packed %d times; want %d, %d, %d", tt.about, codec, packed[0], packs, tt.codec, tt.first, tt.packs)
		}
	}
	if s.pack(codecLight, stream(1)[:settledLeast-1], compress); packs != 5 {
		t.Error("a small stream was kept")
	}
	if len(s.blocks) != 2 || len(s.order) != 2 || s.size > s.limit {
		t.Errorf("%d blocks in an order of %d with %d bytes, of %d allowed", len(s.blocks), len(s.order), s.size, s.limit)
	}
}

func TestSettledIsPackedOnce(t *testing.T) {
	s := &NewHubCodec(1 << 20).settled
	var packs atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, packed := s.pack(codecLight, make([]byte, settledLeast), func(codec byte, src []byte) (byte, []byte) {
				packs.Add(1)
				return codec, src[:9]
			})
			if len(packed) != 9 {
				t.Errorf("%d bytes", len(packed))
			}
		})
	}
	all.Wait()
	if n := packs.Load(); n != 1 {
		t.Errorf("packed %d times", n)
	}
}
