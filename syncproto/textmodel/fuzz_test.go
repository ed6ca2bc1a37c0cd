package textmodel_test

import (
	"errors"
	"testing"

	"gridbook/syncproto/textmodel"
)

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte{}, []byte{})
	f.Add(notes(1, 300), notes(2, 200))
	f.Add([]byte("\xff\xfe村\xe6"), []byte("村里"))
	f.Fuzz(func(t *testing.T, src, prime []byte) { roundTrip(t, src, prime) })
}

func FuzzDecompress(f *testing.F) {
	prime := notes(2, 200)
	f.Add([]byte{}, 100)
	f.Add([]byte{0, 1, 2}, 2)
	f.Add(textmodel.Compress(nil, notes(1, 300), prime), 400)
	f.Add([]byte{1, 200, 1, 0, 0, 0xff, 0xff, 0xff}, 1000)
	deep, light := textmodel.New(prime), textmodel.NewLight(prime)
	f.Add(light.Compress(nil, notes(1, 300)), 400)
	f.Add([]byte{2, 200, 1, 0, 0, 0xff, 0xff, 0xff}, 1000)
	f.Fuzz(func(t *testing.T, coded []byte, max int) {
		max %= 1 << 14
		m := deep
		if len(coded) > 0 && coded[0] == 2 {
			m = light
		}
		text, err := m.Decompress(nil, coded, max)
		if err != nil {
			if !errors.Is(err, textmodel.ErrCorrupt) && !errors.Is(err, textmodel.ErrTooLarge) {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		if len(text) > max {
			t.Fatalf("%d bytes, at most %d allowed", len(text), max)
		}
		again, err := m.Decompress(nil, m.Compress(nil, text), max)
		if err != nil || string(again) != string(text) {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}
