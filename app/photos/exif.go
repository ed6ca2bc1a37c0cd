package photos

import (
	"bytes"
	"encoding/binary"
)

// orientation reads how a camera was held from a file's EXIF block: 1 to 8 as
// TIFF 6.0 and EXIF 2.3 define it, 1 if there is none or it cannot be read.
func orientation(b []byte) int {
	block := exifBlock(b)
	block = bytes.TrimPrefix(block, []byte("Exif\x00\x00"))
	if len(block) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(block[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(block[4:]))
	if at+2 > uint64(len(block)) {
		return 1
	}
	const tagOrientation, typeShort, entrySize = 0x0112, 3, 12
	n := uint64(order.Uint16(block[at:]))
	for i := range n {
		e := at + 2 + i*entrySize
		if e+entrySize > uint64(len(block)) {
			break
		}
		if order.Uint16(block[e:]) == tagOrientation && order.Uint16(block[e+2:]) == typeShort {
			if v := int(order.Uint16(block[e+8:])); v >= 1 && v <= 8 {
				return v
			}
		}
	}
	return 1
}

// exifBlock finds the EXIF block of a JPEG, PNG or WebP file, nil if there is
// none.
func exifBlock(b []byte) []byte {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8")):
		return jpegExif(b)
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return pngExif(b[8:])
	case len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return webpExif(b[12:])
	}
	return nil
}

// jpegExif goes through the segments before the picture (ITU-T T.81, B.1.1).
func jpegExif(b []byte) []byte {
	for at := 2; at+4 <= len(b) && b[at] == 0xff; {
		marker, n := b[at+1], int(binary.BigEndian.Uint16(b[at+2:]))
		if marker == 0xff { // fill
			at++
			continue
		}
		if marker == 0xda || n < 2 || at+2+n > len(b) {
			return nil
		}
		body := b[at+4 : at+2+n]
		if marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return body
		}
		at += 2 + n
	}
	return nil
}

func pngExif(b []byte) []byte {
	for len(b) >= 12 {
		n := uint64(binary.BigEndian.Uint32(b))
		if n+12 > uint64(len(b)) {
			return nil
		}
		if string(b[4:8]) == "eXIf" {
			return b[8 : 8+n]
		}
		b = b[12+n:]
	}
	return nil
}

func webpExif(b []byte) []byte {
	for len(b) >= 8 {
		n := uint64(binary.LittleEndian.Uint32(b[4:]))
		if n+8 > uint64(len(b)) {
			return nil
		}
		if string(b[:4]) == "EXIF" {
			return b[8 : 8+n]
		}
		b = b[min(8+n+n&1, uint64(len(b))):]
	}
	return nil
}
