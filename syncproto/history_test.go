package syncproto_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"gridbook/syncproto"
)

// TestProtocolText compares what PROTOCOL.md says with the constants: its
// version, a dated history without gaps up to it, the limits, and that every
// code which crosses the wire has its line.
func TestProtocolText(t *testing.T) {
	b, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if want := fmt.Sprintf("# The Gridbook protocol, version %d\n", syncproto.Version); !strings.HasPrefix(text, want) {
		t.Errorf("PROTOCOL.md does not begin with %q", want)
	}
	checkHistory(t, section(t, text, "History"))
	limits := section(t, text, "Limits")
	for _, want := range []string{
		fmt.Sprintf("A message has at most %d MiB", syncproto.MaxMessage>>20),
		fmt.Sprintf("a batch %d MiB", syncproto.MaxBatch>>20),
		thousands(syncproto.MaxRows) + " records",
		thousands(syncproto.MaxRows) + " replicas",
		thousands(syncproto.MaxFields) + " fields",
		thousands(syncproto.MaxHeads) + " heads",
		thousands(syncproto.MaxSeen) + " seen",
		"a text or bytes " + thousands(syncproto.MaxText) + " bytes",
		"a list " + thousands(syncproto.MaxList) + " texts",
		"all lists of a column " + thousands(syncproto.MaxListed),
		"a page " + thousands(syncproto.MaxPage) + " bytes",
		"a list of keys " + thousands(syncproto.MaxKeys),
		"of days " + thousands(syncproto.MaxDays),
		fmt.Sprintf("turns that a hub remembers %d", syncproto.MaxTurns),
		fmt.Sprintf("a bundle %d MiB", syncproto.MaxBundle>>20),
	} {
		if !strings.Contains(limits, want) {
			t.Errorf("the limits lack %q", want)
		}
	}
	if want := fmt.Sprintf("more than %d h ahead", syncproto.MaxAheadMillis/3_600_000); !strings.Contains(text, want) {
		t.Errorf("PROTOCOL.md lacks %q", want)
	}
	codes := section(t, text, "Errors")
	for _, c := range []syncproto.Code{syncproto.CodeBusy, syncproto.CodeClockAhead, syncproto.CodeToken, syncproto.CodeRevoked,
		syncproto.CodeTownship, syncproto.CodeVersion, syncproto.CodeInvitation, syncproto.CodeEpoch, syncproto.CodeLease, syncproto.CodeMalformed,
		syncproto.CodeTooLarge, syncproto.CodeInternal, syncproto.CodeScope, syncproto.CodeField, syncproto.CodeReference} {
		if !strings.Contains(codes, "`"+string(c)+"`") {
			t.Errorf("the errors lack %s", c)
		}
	}
}

// checkHistory wants one line per version, oldest first, with dates that do
// not go back.
func checkHistory(t *testing.T, text string) {
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| (\S+) \| (.+) \|$`).FindAllStringSubmatch(text, -1)
	if len(rows) != syncproto.Version {
		t.Fatalf("%d versions in the history, want %d", len(rows), syncproto.Version)
	}
	var last time.Time
	for i, row := range rows {
		at, err := time.Parse(time.DateOnly, row[2])
		if err != nil || at.Before(last) || row[1] != strconv.Itoa(i+1) {
			t.Errorf("history line %q: %v", row[0], err)
		}
		last = at
	}
}

// section returns the text under a numbered heading.
func section(t *testing.T, text, title string) string {
	_, rest, ok := strings.Cut(text, " "+title+"\n")
	if !ok {
		t.Fatalf("PROTOCOL.md has no section %q", title)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
