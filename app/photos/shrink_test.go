package photos

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"gridbook/syncproto"
)

func encodeJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// quarters has red and green above, blue and white below.
func quarters(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, quarter(x >= w/2, y >= h/2))
		}
	}
	return m
}

func quarter(right, low bool) color.RGBA {
	switch {
	case right && low:
		return color.RGBA{255, 255, 255, 255}
	case right:
		return color.RGBA{0, 255, 0, 255}
	case low:
		return color.RGBA{0, 0, 255, 255}
	}
	return color.RGBA{255, 0, 0, 255}
}

// camera is an EXIF block as a phone writes it: maker, orientation, and where
// the phone was.
func camera(order binary.AppendByteOrder, orientation uint16) []byte {
	const maker = "ACME Phone 9\x00"
	head := "II*\x00"
	if order.String() == "BigEndian" {
		head = "MM\x00*"
	}
	b := order.AppendUint32([]byte(head), 8)
	entry := func(tag, kind uint16, count, value uint32) {
		b = order.AppendUint16(b, tag)
		b = order.AppendUint16(b, kind)
		b = order.AppendUint32(b, count)
		if kind == 3 {
			b = order.AppendUint16(b, uint16(value))
			b = order.AppendUint16(b, 0)
			return
		}
		b = order.AppendUint32(b, value)
	}
	const first = 8 + 2 + 3*12 + 4
	b = order.AppendUint16(b, 3)
	entry(0x010f, 2, uint32(len(maker)), first)            // maker
	entry(0x0112, 3, 1, uint32(orientation))               // orientation
	entry(0x8825, 4, 1, first+uint32(len(maker)))          // GPS
	b = append(order.AppendUint32(b, 0), maker...)         // no other directory
	b = order.AppendUint16(b, 2)                           // GPS:
	entry(0x0001, 2, 2, 'N'<<24>>24)                       // latitude is north
	entry(0x0002, 5, 3, first+uint32(len(maker))+2+2*12+4) // latitude
	b = order.AppendUint32(b, 0)                           //
	for _, n := range []uint32{29, 1, 4, 1, 4444, 100} {   // 29° 4' 44.44"
		b = order.AppendUint32(b, n)
	}
	return b
}

// withExif puts a block into a JPEG.
func withExif(photo, block []byte) []byte {
	block = append([]byte("Exif\x00\x00"), block...)
	out := append([]byte{}, photo[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(block)+2))
	return append(append(out, block...), photo[2:]...)
}

// segments lists the markers of a JPEG up to its picture.
func segments(t *testing.T, b []byte) (out []byte) {
	t.Helper()
	for at := 2; at+4 <= len(b); {
		if b[at] != 0xff {
			t.Fatalf("no marker at %d", at)
		}
		out = append(out, b[at+1])
		if b[at+1] == 0xda {
			return out
		}
		at += 2 + int(binary.BigEndian.Uint16(b[at+2:]))
	}
	return out
}

func decode(t *testing.T, p Picture) image.Image {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(p.JPEG))
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds().Dx() != p.Width || m.Bounds().Dy() != p.Height {
		t.Errorf("says %d × %d, is %v", p.Width, p.Height, m.Bounds())
	}
	return m
}

// near reports whether a pixel is about of a colour.
func near(m image.Image, x, y int, want color.RGBA) bool {
	r, g, b, _ := m.At(x, y).RGBA()
	off := func(a uint32, b uint8) bool { return max(a>>8, uint32(b))-min(a>>8, uint32(b)) > 40 }
	return !off(r, want.R) && !off(g, want.G) && !off(b, want.B)
}

// Where a phone took a picture does not leave the laptop; the picture stands
// upright all the same.
func TestPlaceIsGone(t *testing.T) {
	photo := encodeJPEG(t, quarters(320, 160))
	red, green, blue, white := quarter(false, false), quarter(true, false), quarter(false, true), quarter(true, true)
	for i, want := range [][4]color.RGBA{ // left above, right above, left below, right below
		{red, green, blue, white}, {green, red, white, blue}, {white, blue, green, red}, {blue, white, red, green},
		{red, blue, green, white}, {blue, red, white, green}, {white, green, blue, red}, {green, white, red, blue},
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			file := withExif(photo, camera(order, uint16(i+1)))
			if orientation(file) != i+1 {
				t.Fatalf("orientation %d is read as %d", i+1, orientation(file))
			}
			got, err := Shrink(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, trace := range []string{"Exif", "ACME", "GPS", string(binary.LittleEndian.AppendUint32(nil, 4444)), "II*\x00", "MM\x00*"} {
				if !bytes.Contains(file, []byte(trace)) && trace == "ACME" {
					t.Fatal("the test's own file has no trace")
				}
				if bytes.Contains(got.JPEG, []byte(trace)) {
					t.Errorf("orientation %d: %q is still there", i+1, trace)
				}
			}
			for _, marker := range segments(t, got.JPEG) {
				if marker >= 0xe0 && marker <= 0xef || marker == 0xfe {
					t.Errorf("orientation %d: a segment 0x%x of something else", i+1, marker)
				}
			}
			m := decode(t, got)
			w, h := m.Bounds().Dx(), m.Bounds().Dy()
			if (w > h) != (i < 4) {
				t.Errorf("orientation %d: %d × %d", i+1, w, h)
			}
			for q, c := range want {
				if x, y := w/4+w/2*(q%2), h/4+h/2*(q/2); !near(m, x, y, c) {
					t.Errorf("orientation %d: quarter %d is %v, want %v", i+1, q, m.At(x, y), c)
				}
			}
		}
	}
}

func TestOrientationOfOthers(t *testing.T) {
	block := camera(binary.BigEndian, 6)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(block)))
	chunk = append(append(append(chunk, "eXIf"...), block...), 0, 0, 0, 0)
	file := encodePNG(t, quarters(20, 10))
	file = append(append(append([]byte{}, file[:33]...), chunk...), file[33:]...) // after IHDR
	if got := orientation(file); got != 6 {
		t.Errorf("PNG: %d", got)
	}
	body := append([]byte("WEBPVP8X\x05\x00\x00\x00abcde\x00EXIF"), binary.LittleEndian.AppendUint32(nil, uint32(len(block)))...)
	if got := orientation(append(append([]byte("RIFF\x00\x00\x00\x00"), body...), block...)); got != 6 {
		t.Errorf("WebP: %d", got)
	}
	if got := orientation(encodeJPEG(t, quarters(20, 10))); got != 1 {
		t.Errorf("without EXIF: %d", got)
	}
}

func TestSizes(t *testing.T) {
	noise := image.NewGray(image.Rect(0, 0, 1700, 1700)) // nothing packs worse
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = byte(r.Uint32())
	}
	for what, c := range map[string]struct {
		m    image.Image
		w, h int
	}{
		"small stays":   {quarters(300, 200), 300, 200},
		"wide":          {quarters(4000, 3000), 1600, 1200},
		"high":          {quarters(1000, 3200), 500, 1600},
		"a line":        {quarters(5000, 1), 1600, 1},
		"just too long": {quarters(1601, 1000), 1600, 999},
	} {
		got, err := Shrink(encodePNG(t, c.m))
		if err != nil || got.Width != c.w || got.Height != c.h {
			t.Errorf("%s: %d × %d, %v", what, got.Width, got.Height, err)
			continue
		}
		if m := decode(t, got); c.h > 1 && !near(m, c.w/4, c.h/4, quarter(false, false)) {
			t.Errorf("%s: the colours are wrong", what)
		}
	}
	got, err := Shrink(encodeJPEG(t, noise))
	if err != nil || len(got.JPEG) > syncproto.MaxPhoto {
		t.Errorf("noise: %d bytes, %v", len(got.JPEG), err)
	}
	t.Logf("noise: %d × %d in %d bytes", got.Width, got.Height, len(got.JPEG))
	file := encodePNG(t, quarters(700, 500))
	one, _ := Shrink(file)
	two, err := Shrink(file)
	if err != nil || !bytes.Equal(one.JPEG, two.JPEG) {
		t.Errorf("the same picture came out differently: %v", err)
	}
}

// The mean of what a pixel stands for: no stripes from fine patterns.
func TestReduceIsTheMean(t *testing.T) {
	m := image.NewGray(image.Rect(5, 7, 5+64, 7+64)) // not at the origin
	for i := range m.Pix {
		m.Pix[i] = byte(i % 2 * 200)
	}
	out := reduce(m, 32)
	for i := 0; i < len(out.Pix); i += 4 {
		if out.Pix[i] != 100 || out.Pix[i+3] != 255 {
			t.Fatalf("pixel %d is %v", i/4, out.Pix[i:i+4])
		}
	}
	clear := image.NewNRGBA(image.Rect(0, 0, 10, 10)) // all transparent
	if got := reduce(clear, 5).RGBAAt(2, 2); got != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("transparent became %v", got)
	}
}

func TestRefused(t *testing.T) {
	bomb := encodePNG(t, quarters(4, 4))
	binary.BigEndian.PutUint32(bomb[16:], 100_000)
	binary.BigEndian.PutUint32(bomb[20:], 100_000)
	// Its checksum no longer fits; a real one would be refused by its size.
	jpegBomb := encodeJPEG(t, quarters(4, 4))
	at := bytes.Index(jpegBomb, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(jpegBomb[at+5:], 60_000)
	binary.BigEndian.PutUint16(jpegBomb[at+7:], 60_000)
	good := encodeJPEG(t, quarters(40, 40))
	for what, c := range map[string]struct {
		file []byte
		want syncproto.Code
		says string
	}{
		"HEIC":        {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1"), syncproto.CodePhotoKind, "HEIC"},
		"a film":      {[]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isom"), syncproto.CodePhotoKind, "不是照片"},
		"GIF":         {[]byte("GIF89a\x01\x00\x01\x00"), syncproto.CodePhotoKind, "格式"},
		"text":        {[]byte("hello"), syncproto.CodePhotoKind, "不是照片"},
		"nothing":     {nil, syncproto.CodePhotoKind, "不是照片"},
		"half":        {good[:len(good)/2], syncproto.CodePhotoKind, "打不开"},
		"pixels":      {jpegBomb, syncproto.CodePhotoSize, "像素"},
		"broken head": {bomb, syncproto.CodePhotoKind, "打不开"},
		"bytes":       {make([]byte, MaxInput+1), syncproto.CodePhotoSize, "MB"},
	} {
		_, err := Shrink(c.file)
		if syncproto.CodeOf(err) != c.want || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", what, err, c.want)
		}
	}
}

func FuzzShrink(f *testing.F) {
	f.Add(withExif(encodeJPEG(f, quarters(8, 8)), camera(binary.LittleEndian, 6)))
	f.Add(encodePNG(f, quarters(8, 8)))
	f.Add([]byte("RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		if config, err := kindOf(b).config(bytes.NewReader(b)); err == nil && config.Width*config.Height > 1<<22 {
			return // slow, and nothing new
		}
		got, err := Shrink(b)
		if err != nil {
			if c := syncproto.CodeOf(err); c != syncproto.CodePhotoKind && c != syncproto.CodePhotoSize {
				t.Errorf("error %v", err)
			}
			return
		}
		if max(got.Width, got.Height) > LongestSide || len(got.JPEG) > syncproto.MaxPhoto {
			t.Errorf("%d × %d in %d bytes", got.Width, got.Height, len(got.JPEG))
		}
	})
}
