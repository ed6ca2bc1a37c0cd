package admin

import (
	"net"
	"regexp"
	"strings"
	"testing"

	"gridbook/syncproto"
)

func TestExitCodes(t *testing.T) {
	for code, want := range map[syncproto.Code]int{
		syncproto.CodeInternal:    1,
		syncproto.CodeLocked:      1,
		syncproto.CodeDiskFull:    1,
		syncproto.CodeUsage:       2,
		syncproto.CodeNotAllowed:  3,
		syncproto.CodeTownship:    3,
		syncproto.CodeUnreachable: 4,
		syncproto.CodeBusy:        4,
		syncproto.CodeDamaged:     5,
		syncproto.CodePlace:       5,
		syncproto.CodeInput:       5,
	} {
		if got := exitOf(code); got != want {
			t.Errorf("%s: exit code %d, want %d", code, got, want)
		}
	}
}

// TestHelp: each command says in Chinese what it does, and its example runs it.
func TestHelp(t *testing.T) {
	han := regexp.MustCompile(`\p{Han}`)
	for _, cmd := range commands() {
		if !han.MatchString(cmd.summary) || !strings.HasPrefix(cmd.example, "gridbookd "+cmd.name) {
			t.Errorf("%s: %q, %q", cmd.name, cmd.summary, cmd.example)
		}
		line, _, _ := strings.Cut(cmd.example, " >")
		c := &call{
			Program: &Program{Env: func(string) string { return "data" }}, cmd: cmd,
			named: map[string]*string{}, given: map[string]*bool{},
		}
		if err := c.options(strings.Fields(line)[2:]); err != nil {
			t.Errorf("%s: %v", cmd.example, err)
		}
	}
}

// TestAgain: a call that goes to another process means the same there.
func TestAgain(t *testing.T) {
	p := &Program{Env: func(string) string { return "" }}
	first, err := p.parse(t.Context(), []string{"--data", "/d", "purge", "-1", "--reason", "--json", "--json"})
	if err == nil {
		t.Fatalf("took an unknown option: %+v", first)
	}
	first, err = p.parse(t.Context(), []string{"invite", "--json", "--data=/d", "--person", "李 四=", "--role=village", "--scope", "1", "--unlisted"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.parse(t.Context(), first.again())
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range first.named {
		if *second.named[name] != *v {
			t.Errorf("%s: %q became %q", name, *v, *second.named[name])
		}
	}
	if !second.json || second.data != first.data || !*second.given["unlisted"] || second.option("person") != "李 四=" {
		t.Errorf("%v", first.again())
	}
}

func TestPublicAddress(t *testing.T) {
	bound := func(s string) net.Addr {
		a, err := net.ResolveTCPAddr("tcp", s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, c := range []struct {
		given, bound string
		plain        bool
		want         string // a regular expression; "": refused
	}{
		{"", "127.0.0.1:8443", false, `^https://127\.0\.0\.1:8443$`},
		{"", "127.0.0.1:80", true, `^http://127\.0\.0\.1:80$`},
		{"", "[::1]:8443", false, `^https://\[::1\]:8443$`},
		{"", "0.0.0.0:8443", false, `^https://\[?[0-9a-f.:]+\]?:8443$`},
		{"https://gridbook.example:8443", "0.0.0.0:1", false, `^https://gridbook\.example:8443$`},
		{"http://gridbook.example", "0.0.0.0:1", false, ""},
		{"https://gridbook.example", "127.0.0.1:1", true, ""},
		{"https://gridbook.example/x", "0.0.0.0:1", false, ""},
		{"https://u@gridbook.example", "0.0.0.0:1", false, ""},
		{"gridbook.example:8443", "0.0.0.0:1", false, ""},
	} {
		got, err := publicAddress(c.given, bound(c.bound), c.plain)
		if c.want == "" {
			if syncproto.CodeOf(err) != syncproto.CodeUsage {
				t.Errorf("%+v: %q, %v", c, got, err)
			}
			continue
		}
		if err != nil || !regexp.MustCompile(c.want).MatchString(got) || strings.Contains(got, "0.0.0.0") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}
