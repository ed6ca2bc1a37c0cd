package boltstore

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPackTextComesBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var b []byte
		for range rapid.IntRange(0, 6).Draw(rt, "parts") {
			switch rapid.IntRange(0, 3).Draw(rt, "kind") {
			case 0:
				b = append(b, rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(rt, "bytes")...)
			case 1:
				b = append(b, rapid.String().Draw(rt, "any text")...)
			case 2:
				b = append(b, rapid.StringOfN(rapid.RuneFrom([]rune("走访，的A1 ―～㐀鿿①😀")), 0, 12, -1).Draw(rt, "text")...)
			case 3:
				b = append(b, runMark, runEnd)
			}
		}
		got, err := unpackText(packText(b))
		if err != nil || !bytes.Equal(got, b) {
			rt.Fatalf("%x came back as %x, %v", b, got, err)
		}
	})
}

func TestPackTextSaves(t *testing.T) {
	note := "入户走访，老人腰痛，想办慢性病证；子女在义乌务工，电话 13900000000。"
	if got, was := len(packText([]byte(note))), len(note); got > was*3/4 {
		t.Errorf("%d bytes of %d", got, was)
	}
}

// TestEveryCharacter takes every character there is through a run.
func TestEveryCharacter(t *testing.T) {
	coded := 0
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		text := []byte("走访时" + string(r) + "问")
		packed := packText(text)
		if got, err := unpackText(packed); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%q came back as %q, %v", text, got, err)
		}
		if _, ok := runCode(nil, r); ok && r >= utf8.RuneSelf {
			coded++
		}
	}
	if want := (0x100 - twoBytes) << 8; coded != want {
		t.Errorf("%d characters have codes, want %d", coded, want)
	}
}

func FuzzUnpackText(f *testing.F) {
	f.Add([]byte{runMark, 0xA0, 0x00, runEnd})
	f.Add(packText([]byte("村民反映路灯不亮 3 盏")))
	f.Fuzz(func(t *testing.T, b []byte) {
		plain, err := unpackText(b)
		if err != nil {
			return
		}
		again, err := unpackText(packText(plain))
		if err != nil || !bytes.Equal(again, plain) {
			t.Errorf("%x unpacks to %x and comes back as %x, %v", b, plain, again, err)
		}
	})
}
