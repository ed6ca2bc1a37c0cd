package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gridbook/app/boltstore"
	"gridbook/app/service"
	"gridbook/syncproto"
)

// desk runs commands in this process, so that a test can use what one prints
// for the next.
type desk struct {
	t   *testing.T
	dir string
}

func newDesk(t *testing.T) *desk {
	t.Setenv("TEST_ROLE", "village")
	t.Setenv("TEST_SCOPE", "330702009217")
	d := &desk{t, t.TempDir()}
	d.lines("join", syncproto.Invitation{
		Address: "http://127.0.0.1:1", Secret: make([]byte, syncproto.SecretSize), Township: "330702009",
	}.String(), "--device", "村委电脑")
	return d
}

// run runs one command with --json and returns its exit code and output.
func (d *desk) run(stdin string, args ...string) (int, string, string) {
	d.t.Helper()
	var out, failed bytes.Buffer
	p := &Program{
		Name: "gridbook", Version: "test", Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &failed,
		Env: func(name string) string {
			return map[string]string{"GRIDBOOK_PASSWORD": "沙溪村2024", "GRIDBOOK_DATA": d.dir}[name]
		},
		Now:  func() time.Time { return time.Date(2024, 3, 5, 9, 30, 0, 0, time.FixedZone("CST", 8*3600)) },
		Rand: rand.Reader, Network: testOffice{},
		Options: func(o *service.Options) { o.KDF = boltstore.KDF{Time: 1, Memory: 8, Threads: 1} },
	}
	code := p.Run(context.Background(), append(args, "--json"))
	return code, out.String(), failed.String()
}

// lines runs a command that must succeed and returns its JSON lines.
func (d *desk) lines(args ...string) []map[string]any { return d.fed("", args...) }

func (d *desk) fed(stdin string, args ...string) []map[string]any {
	d.t.Helper()
	code, out, failed := d.run(stdin, args...)
	if code != exitDone {
		d.t.Fatalf("%v: exit %d: %s", args, code, failed)
	}
	var lines []map[string]any
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			d.t.Fatalf("%v: %v in %s", args, err, out)
		}
		lines = append(lines, line)
	}
	return lines
}

const twice = `{"op":"put","collection":"household","ref":"a","fields":{"head_name":"张三","address":"沙溪村12号"}}
{"op":"put","collection":"household","ref":"b","fields":{"head_name":"张三","address":"12号","phone":"13800001234"}}
`

func TestDuplicateCommands(t *testing.T) {
	d := newDesk(t)
	made := d.fed(twice, "apply", "-")
	a, b := made[0]["id"].(string), made[1]["id"].(string)
	proposed := func() (proposed, decided int) {
		for _, line := range d.lines("duplicates") {
			if line["proposed"] != nil {
				proposed++
			} else {
				decided++
			}
		}
		return proposed, decided
	}
	if p, n := proposed(); p != 1 || n != 0 {
		t.Fatalf("%d proposed, %d decided", p, n)
	}
	d.lines("merge", a, b, "--take", "address")
	if p, n := proposed(); p != 0 || n != 1 {
		t.Errorf("after the merge %d proposed, %d decided", p, n)
	}
	list := d.lines("list", "household")
	if len(list) != 1 || list[0]["id"] != a {
		t.Fatalf("list %v", list)
	}
	if f := list[0]["fields"].(map[string]any); f["address"] != "12号" || f["phone"] != "13800001234" {
		t.Errorf("the kept household has %v", f)
	}
	if code, _, failed := d.run("", "merge", a, b); code != exitUsage || !strings.Contains(failed, `"hint"`) {
		t.Errorf("merged again: exit %d %s", code, failed)
	}
	d.lines("unmerge", b)
	d.lines("notsame", a, b)
	if p, n := proposed(); p != 0 || n != 1 {
		t.Errorf("two after all: %d proposed, %d decided", p, n)
	}
	if n := len(d.lines("list", "household")); n != 2 {
		t.Errorf("%d households", n)
	}
	if code, _, _ := d.run("", "merge", a, "nonsense"); code != exitUsage {
		t.Errorf("nonsense: exit %d", code)
	}
}
