package syncproto

import (
	"strconv"
	"time"
)

// digits fits texts that are all decimal digits of one length (telephone
// numbers, place codes) to integers.
func digits(texts []string) (ns []int64, length int, ok bool) {
	length = len(texts[0])
	if length == 0 || length > 16 {
		return nil, 0, false
	}
	ns = make([]int64, len(texts))
	for i, t := range texts {
		if len(t) != length {
			return nil, 0, false
		}
		for _, c := range []byte(t) {
			if c < '0' || c > '9' {
				return nil, 0, false
			}
			ns[i] = ns[i]*10 + int64(c-'0')
		}
	}
	return ns, length, true
}

func (u *uncolumns) digits(out []string) {
	length := int(u.byte())
	if length == 0 || length > 16 {
		u.fail("digits of length %d", length)
		return
	}
	var buf [20]byte
	for i, n := range u.ints(len(out)) {
		b := strconv.AppendInt(buf[:0], n, 10)
		if n < 0 || len(b) > length {
			u.fail("number %d does not fit %d digits", n, length)
			return
		}
		out[i] = "0000000000000000"[:length-len(b)] + string(b)
	}
	u.spend(length * len(out))
}

// idCards fits citizen identity numbers (GB 11643-1999: 6 digits of area,
// birth date, 3 of sequence, check digit) to three columns; the check digit
// follows from the rest. A column with any other text is left alone.
func idCards(texts []string) (areas, days, serials []int64, ok bool) {
	for _, t := range texts {
		if len(t) != 18 {
			return nil, nil, nil, false
		}
		area, err1 := strconv.ParseUint(t[:6], 10, 32)
		born, err2 := time.Parse("20060102", t[6:14])
		serial, err3 := strconv.ParseUint(t[14:17], 10, 16)
		if err1 != nil || err2 != nil || err3 != nil {
			return nil, nil, nil, false
		}
		day := born.Unix() / 86400
		if made, fine := idCard(int64(area), day, int64(serial)); !fine || made != t {
			return nil, nil, nil, false
		}
		areas = append(areas, int64(area))
		days = append(days, day)
		serials = append(serials, int64(serial))
	}
	return areas, days, serials, true
}

// firstIDDay and lastIDDay bound the birth dates of four-digit years, as days since 1970.
const firstIDDay, lastIDDay = -719_162, 2_932_896

func idCard(area, day, serial int64) (string, bool) {
	if area < 0 || area > 999_999 || serial < 0 || serial > 999 || day < firstIDDay || day > lastIDDay {
		return "", false
	}
	b := make([]byte, 0, 18)
	b = appendDigits(b, area, 6)
	b = time.Unix(day*86400, 0).UTC().AppendFormat(b, "20060102")
	b = appendDigits(b, serial, 3)
	// ISO/IEC 7064 MOD 11-2
	sum := 0
	for _, c := range b {
		sum = (sum + int(c-'0')) * 2 % 11
	}
	return string(append(b, "10X98765432"[sum%11])), len(b) == 17
}

func appendDigits(b []byte, n int64, width int) []byte {
	s := strconv.FormatInt(n, 10)
	for i := len(s); i < width; i++ {
		b = append(b, '0')
	}
	return append(b, s...)
}
