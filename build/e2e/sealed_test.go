package e2e

import (
	"index/suffixarray"
	"os"
	"regexp"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// secrets are the names, numbers, addresses and words in a dump: everything
// that the fields say, cut at punctuation, without the codes of places.
func (w *town) secrets(dump []byte) map[string]bool {
	word := regexp.MustCompile(`\p{Han}{2,}|[0-9][0-9Xx-]{6,}`)
	place := regexp.MustCompile(`^` + xinshi + `[0-9]*$|^(19|20)[0-9]{2}-[0-9]{2}(-[0-9]{2})?$`)
	out := map[string]bool{}
	for _, l := range w.lines(dump) {
		if l.Collection == "device" {
			continue
		}
		for _, v := range l.Fields {
			text, ok := v.(string)
			if !ok || text == "" {
				continue
			}
			for _, s := range word.FindAllString(text, -1) {
				if !place.MatchString(s) {
					out[s] = true
				}
			}
		}
	}
	return out
}

// encoded are the ways in which a word may lie in a file. Where a word gives
// fewer than six bytes, chance would find it in sealed data.
func encoded(word string) [][]byte {
	const telling = 6
	out := [][]byte{[]byte(word)}
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(word))
	if err == nil {
		out = append(out, gb)
	}
	for _, order := range []unicode.Endianness{unicode.LittleEndian, unicode.BigEndian} {
		wide, err := unicode.UTF16(order, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(word))
		if err == nil {
			out = append(out, wide)
		}
	}
	kept := out[:0]
	for _, b := range out {
		if len(b) >= telling {
			kept = append(kept, b)
		}
	}
	return kept
}

func TestFolderGivesNothingAway(t *testing.T) {
	w := settle(t, plain)
	l := w.join("village", shaxi, "周书记")
	w.importSamples(l)
	w.sync(l)
	w.must(l.Run("backup", l.Dir+"/备份.gridbackup").Failed())
	dump := w.dump(l)
	secrets := w.secrets(dump)
	if len(secrets) < 200 {
		t.Fatalf("only %d words to look for", len(secrets))
	}
	t.Logf("looking for %d names, numbers, addresses and words", len(secrets))
	seen, open := 0, suffixarray.New(dump)
	for s := range secrets {
		if open.Lookup([]byte(s), 1) != nil {
			seen++
		}
	}
	if seen != len(secrets) {
		t.Fatalf("the search finds %d of %d words in the open", seen, len(secrets))
	}
	for _, name := range files(t, l.Dir) {
		b, err := os.ReadFile(name)
		w.must(err)
		index := suffixarray.New(b)
		for s := range secrets {
			for _, e := range encoded(s) {
				if index.Lookup(e, 1) != nil {
					t.Errorf("%s gives away %q", name, s)
				}
			}
		}
	}
}
