package roster

import (
	"slices"
	"strings"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"
)

// A sound is how one character may be read. Characters that are read alike
// share one, so that a name costs two bytes a character.
type sound struct {
	syllables []string // without tones; ü as v
	letters   uint32   // which letters they begin with, bit 0 for a
}

// sounds turns names into sequences of sounds and matches what people type
// against them. A character with several readings matches by each: 单 is found
// under dan and shan, as a surname is read in its own way.
type sounds struct {
	of   map[rune]uint16
	same map[string]uint16 // by the syllables
	all  []sound
	// soft holds the same sounds with what a southern ear takes for them.
	soft []sound
}

func newSounds() *sounds {
	return &sounds{of: map[rune]uint16{}, same: map[string]uint16{}}
}

// appendName adds the sounds of a name to dst.
func (s *sounds) appendName(dst []uint16, name string) []uint16 {
	for _, r := range name {
		n, ok := s.of[r]
		if !ok {
			n = s.add(readings(r))
			s.of[r] = n
		}
		dst = append(dst, n)
	}
	return dst
}

func (s *sounds) add(syllables []string) uint16 {
	key := strings.Join(syllables, ",")
	n, ok := s.same[key]
	if !ok {
		n = uint16(len(s.all))
		s.same[key] = n
		s.all = append(s.all, soundOf(syllables))
		s.soft = append(s.soft, soundOf(softened(syllables)))
	}
	return n
}

func soundOf(syllables []string) sound {
	out := sound{syllables: syllables}
	for _, y := range syllables {
		if c := y[0]; 'a' <= c && c <= 'z' {
			out.letters |= 1 << (c - 'a')
		}
	}
	return out
}

// readings lists the toneless readings of a character. A Latin letter reads
// as itself; what has no reading gives none.
func readings(r rune) []string {
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	if 'a' <= r && r <= 'z' {
		return []string{string(r)}
	}
	var out []string
	for y := range strings.SplitSeq(pinyin.PinyinDict[int(r)], ",") {
		y = toneless(y)
		if y == "" {
			continue
		}
		out = append(out, y)
		if base, ok := strings.CutSuffix(y, "v"); ok { // 吕: lv, and as people also type it
			out = append(out, base+"u", base+"yu")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// toneless turns lǜ into lv.
func toneless(y string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(strings.Map(dropTone, norm.NFD.String(y))) {
		switch {
		case r == 'ü':
			b.WriteByte('v')
		case r == 'ê':
			b.WriteByte('e')
		case 'a' <= r && r <= 'z':
			b.WriteRune(r)
		}
	}
	return b.String()
}

// dropTone drops the four tone marks and keeps the dots of ü.
func dropTone(r rune) rune {
	switch r {
	case '\u0300', '\u0301', '\u0304', '\u030c':
		return -1
	}
	return r
}

// softened adds to syllables how many people in the south spell them: z for
// zh, c for ch, s for sh, l for n, -n for -ng, and each the other way round.
func softened(syllables []string) []string {
	var out []string
	for _, y := range syllables {
		begin, rest := initial(y)
		for _, b := range alike(begin, [...][2]string{{"zh", "z"}, {"ch", "c"}, {"sh", "s"}, {"n", "l"}}) {
			for _, e := range endings(rest) {
				out = append(out, b+e)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// initial splits a syllable into its initial and the rest.
func initial(y string) (begin, rest string) {
	n := strings.IndexAny(y, "aeiouv")
	if n < 0 {
		n = len(y)
	}
	return y[:n], y[n:]
}

func alike(begin string, pairs [4][2]string) []string {
	for _, p := range pairs {
		if begin == p[0] || begin == p[1] {
			return p[:]
		}
	}
	return []string{begin}
}

func endings(rest string) []string {
	for _, e := range [...]string{"an", "en", "in"} {
		if base, ok := strings.CutSuffix(strings.TrimSuffix(rest, "g"), e); ok {
			return []string{base + e, base + e + "g"}
		}
	}
	return []string{rest}
}

// heard reports whether typed letters are the beginning of the sounds of a
// name from its character i on: whole syllables, their beginnings, or first
// letters only, in any mixture (zhangsan, zhangs, zs, zhs). whole says that
// they reach the name's last character.
func heard(all []sound, name []uint16, typed string) (ok, whole bool) {
	if len(name) == 0 {
		return false, false
	}
	first := all[name[0]]
	if first.letters&(1<<(typed[0]-'a')) == 0 {
		return false, false
	}
	for _, y := range first.syllables {
		for n := commonPrefix(y, typed); n > 0; n-- {
			if n == len(typed) {
				return true, len(name) == 1
			}
			if ok, whole := heard(all, name[1:], typed[n:]); ok {
				return true, whole
			}
		}
	}
	return false, false
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
