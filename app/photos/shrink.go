package photos

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"runtime/debug"
	"slices"

	"golang.org/x/image/webp"

	"gridbook/syncproto"
)

// What a picture may be, and what becomes of it.
const (
	MaxInput  = 30 << 20   // bytes of a file
	MaxPixels = 50_000_000 // of a picture
	// LongestSide of what is kept, in pixels: a page held before the camera can
	// still be read.
	LongestSide = 1600
	// usualSize is what a photo should not exceed: 20 seconds at 20 kB/s.
	usualSize = 400 << 10
	MediaType = "image/jpeg" // of what is kept
)

// Picture is a photo that is ready to be kept.
type Picture struct {
	JPEG          []byte
	Width, Height int
}

// Shrink makes a photo of a picture file: upright, at most LongestSide long,
// as a JPEG without anything but the picture: no place, no time, no camera.
// The same file always gives the same bytes. Errors: CodePhotoSize,
// CodePhotoKind.
func Shrink(file []byte) (Picture, error) {
	// A camera's picture takes tens of megabytes in memory for a moment.
	defer debug.FreeOSMemory()
	if len(file) > MaxInput {
		return Picture{}, &syncproto.Error{Code: syncproto.CodePhotoSize, Message: fmt.Sprintf("这个照片文件有 %d MB，太大了", len(file)>>20),
			Hint: "一个文件最多 30 MB。请用手机自带的相机按普通大小拍，或用微信发到电脑上再添加。"}
	}
	k := kindOf(file)
	if err := k.refusal(); err != nil {
		return Picture{}, err
	}
	config, err := k.config(bytes.NewReader(file))
	if err != nil {
		return Picture{}, unreadable(err)
	}
	if config.Width <= 0 || config.Height <= 0 {
		return Picture{}, unreadable(errors.New("no pixels"))
	}
	if config.Width > MaxPixels/config.Height {
		return Picture{}, &syncproto.Error{Code: syncproto.CodePhotoSize,
			Message: fmt.Sprintf("这张照片有 %d 万像素，太大了", config.Width/100*config.Height/100),
			Hint:    "最多 5000 万像素。请把相机调到普通大小再拍，或用微信发到电脑上再添加。"}
	}
	src, err := k.decode(bytes.NewReader(file))
	if err != nil {
		return Picture{}, unreadable(err)
	}
	picture := upright(reduce(src, LongestSide), orientation(file))
	return encode(picture)
}

// encode finds the quality at which a photo is small enough.
func encode(picture *image.RGBA) (Picture, error) {
	var out bytes.Buffer
	for _, quality := range []int{82, 74, 66, 58, 50} {
		out.Reset()
		if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
			return Picture{}, fmt.Errorf("photos: encode: %w", err)
		}
		if out.Len() <= usualSize {
			break
		}
	}
	size := picture.Bounds().Size()
	if out.Len() > syncproto.MaxPhoto {
		return encode(reduce(picture, max(size.X, size.Y)*3/4))
	}
	return Picture{JPEG: out.Bytes(), Width: size.X, Height: size.Y}, nil
}

// reduce makes a picture smaller, so that its longest side is at most longest:
// each new pixel is the mean of those that it stands for. What is transparent
// becomes white.
func reduce(src image.Image, longest int) *image.RGBA {
	from := src.Bounds()
	w, h := from.Dx(), from.Dy()
	dw, dh := w, h
	if side := max(w, h); side > longest {
		dw, dh = max(1, (w*longest+side/2)/side), max(1, (h*longest+side/2)/side)
	}
	out := image.NewRGBA(image.Rect(0, 0, dw, dh))
	strip := image.NewRGBA(image.Rect(0, 0, w, 1))
	r := reducer{sums: make([]uint64, dw*3), w: w, h: h, dw: dw, dh: dh, out: out}
	opaque, _ := src.(interface{ Opaque() bool })
	solid := opaque != nil && opaque.Opaque()
	for y := range h {
		if !solid {
			draw.Draw(strip, strip.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		}
		draw.Draw(strip, strip.Bounds(), src, image.Pt(from.Min.X, from.Min.Y+y), draw.Over)
		r.row(y, strip.Pix)
	}
	return out
}

// reducer adds up rows. Areas are counted in units of 1/dw × 1/dh of a source
// pixel, so that all weights are whole numbers.
type reducer struct {
	sums         []uint64
	w, h, dw, dh int
	out          *image.RGBA
}

// row adds source row y to the one or two new rows that it is part of.
func (r *reducer) row(y int, pix []byte) {
	for top, bottom := y*r.dh, (y+1)*r.dh; top < bottom; {
		dy := top / r.h
		part := min(bottom, (dy+1)*r.h) - top
		r.add(pix, uint64(part))
		if top += part; top == (dy+1)*r.h {
			r.finish(dy)
		}
	}
}

func (r *reducer) add(pix []byte, weight uint64) {
	for x := range r.w {
		p := pix[x*4 : x*4+3 : x*4+3]
		for left, right := x*r.dw, (x+1)*r.dw; left < right; {
			dx := left / r.w
			part := min(right, (dx+1)*r.w) - left
			area := weight * uint64(part)
			s := r.sums[dx*3 : dx*3+3 : dx*3+3]
			s[0] += area * uint64(p[0])
			s[1] += area * uint64(p[1])
			s[2] += area * uint64(p[2])
			left += part
		}
	}
}

func (r *reducer) finish(dy int) {
	area := uint64(r.w) * uint64(r.h)
	row := r.out.Pix[dy*r.out.Stride:]
	for dx := range r.dw {
		for c := range 3 {
			row[dx*4+c] = byte((r.sums[dx*3+c] + area/2) / area)
		}
		row[dx*4+3] = 0xff
	}
	clear(r.sums)
}

// upright turns and mirrors a picture as its EXIF orientation says.
func upright(src *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 || orientation > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			to := turned(orientation, x, y, w, h)
			copy(out.Pix[out.PixOffset(to.X, to.Y):][:4], src.Pix[src.PixOffset(x, y):][:4])
		}
	}
	return out
}

// turned is where a pixel goes. The names say where the picture's first row
// and first column are to be seen.
func turned(orientation, x, y, w, h int) image.Point {
	switch orientation {
	case 2: // top, right
		return image.Pt(w-1-x, y)
	case 3: // bottom, right
		return image.Pt(w-1-x, h-1-y)
	case 4: // bottom, left
		return image.Pt(x, h-1-y)
	case 5: // left, top
		return image.Pt(y, x)
	case 6: // right, top
		return image.Pt(h-1-y, x)
	case 7: // right, bottom
		return image.Pt(h-1-y, w-1-x)
	case 8: // left, bottom
		return image.Pt(y, w-1-x)
	}
	return image.Pt(x, y)
}

type kind uint8

const (
	kindUnknown kind = iota
	kindJPEG
	kindPNG
	kindWebP
	kindHEIC
	kindOther // a picture of another kind
)

// kindOf looks at what is in a file; its name may say anything.
func kindOf(b []byte) kind {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return kindJPEG
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return kindPNG
	case len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return kindWebP
	case len(b) > 12 && string(b[4:8]) == "ftyp" && slices.Contains(heic(), string(b[8:12])):
		return kindHEIC
	case bytes.HasPrefix(b, []byte("GIF8")), bytes.HasPrefix(b, []byte("BM")), bytes.HasPrefix(b, []byte("II*\x00")), bytes.HasPrefix(b, []byte("MM\x00*")):
		return kindOther
	}
	return kindUnknown
}

// heic are the brands under which phones write ISO/IEC 23008-12 pictures.
func heic() []string {
	return []string{"heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1", "avif", "avis"}
}

func (k kind) refusal() error {
	e := &syncproto.Error{Code: syncproto.CodePhotoKind}
	switch k {
	case kindHEIC:
		e.Message = "这是 HEIC 格式的照片（苹果手机常用），这里打不开"
		e.Hint = "请用微信把照片发到电脑上（不选“原图”），再添加；以后可在手机的“设置－相机－格式”里选“兼容性最佳”。"
	case kindOther:
		e.Message = "这种图片格式不能添加"
		e.Hint = "请另存为 JPG 或 PNG 再添加。"
	case kindUnknown:
		e.Message = "这个文件不是照片"
		e.Hint = "请选 JPG、PNG 或 WebP 格式的照片。"
	default:
		return nil
	}
	return e
}

func (k kind) config(r *bytes.Reader) (image.Config, error) {
	switch k {
	case kindJPEG:
		return jpeg.DecodeConfig(r)
	case kindPNG:
		return png.DecodeConfig(r)
	}
	return webp.DecodeConfig(r)
}

func (k kind) decode(r *bytes.Reader) (image.Image, error) {
	switch k {
	case kindJPEG:
		return jpeg.Decode(r)
	case kindPNG:
		return png.Decode(r)
	}
	return webp.Decode(r)
}

func unreadable(cause error) error {
	return &syncproto.Error{Code: syncproto.CodePhotoKind, Message: "这张照片打不开，文件可能没有传完整",
		Hint: "请从手机上重新传一次，或换一张。", Err: cause}
}
