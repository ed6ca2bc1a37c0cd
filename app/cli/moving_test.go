package cli

import (
	"strings"
	"testing"
)

const twoGridsFile = `{"op":"put","collection":"grid","ref":"g","fields":{"grid_name":"第一网格"}}
{"op":"put","collection":"grid","ref":"k","fields":{"grid_name":"第二网格"}}
{"op":"put","collection":"member","ref":"m","fields":{"name":"吕建国","grid":"g"}}
{"op":"put","collection":"member","ref":"n","fields":{"name":"吕二","grid":"g"}}
{"op":"put","collection":"household","ref":"a","fields":{"head_name":"张三","address":"12号","grid":"g"}}
{"op":"put","collection":"household","ref":"b","fields":{"head_name":"李四","address":"13号","grid":"g","hamlet":"溪东"}}
{"op":"put","collection":"link","ref":"l","fields":{"member":"m","household":"a","from":"2024-01-01"}}
{"op":"put","collection":"role","ref":"r","fields":{"member":"m","role":"leader","grid":"g","from":"2024-01-01"}}
`

func (d *desk) names(file string) map[string]string {
	d.t.Helper()
	out := map[string]string{}
	for _, line := range d.fed(file, "apply", "-") {
		out[line["ref"].(string)] = line["id"].(string)
	}
	return out
}

func TestMoveCommand(t *testing.T) {
	d := newDesk(t)
	id := d.names(twoGridsFile)
	if plan := d.lines("move", id["a"], "--grid", "第二网格", "--dry-run")[0]; !strings.HasSuffix(plan["text"].(string), "将随户转到第二网格。") {
		t.Errorf("plan %v", plan)
	}
	if n := len(d.lines("list", "household", "--grid", id["k"])); n != 0 {
		t.Error("the plan moved it")
	}
	done := d.lines("move", id["a"], "--grid", "第二网格")[0]
	if len(done["changed"].([]any)) != 2 { // the household and its link
		t.Errorf("done %v", done)
	}
	if n := len(d.lines("list", "household", "--grid", id["k"])); n != 1 {
		t.Errorf("%d households in the grid", n)
	}
	for args, want := range map[string]int{
		id["a"]: exitUsage, id["a"] + " --grid 第二网格": exitUsage, id["a"] + " --grid 无": exitFailed, id["a"] + " --back": exitFailed,
		id["a"] + " --back --grid 第一网格": exitUsage, id["a"] + " --village 330702010201": exitInput, id["a"] + " --village 330702009218": exitNotAllowed,
	} {
		if code, _, failed := d.run("", append([]string{"move"}, strings.Fields(args)...)...); code != want || !strings.Contains(failed, `"hint"`) {
			t.Errorf("move %s: exit %d, want %d: %s", args, code, want, failed)
		}
	}
}

func TestGridCommand(t *testing.T) {
	d := newDesk(t)
	id := d.names(twoGridsFile)
	fresh := d.lines("grid", "split", "第一网格", "--name", "第三网格", "--hamlets", "溪东", "--leader", id["n"])[0]
	if n := len(d.lines("list", "household", "--grid", id["g"])); n != 1 {
		t.Errorf("after the split %d households in the old grid, %v", n, fresh)
	}
	if id := fresh["created"].([]any)[0].(string); len(d.lines("list", "household", "--grid", id)) != 1 {
		t.Errorf("the first of what was created is not the grid: %v", fresh)
	}
	d.lines("grid", "merge", "第三网格", "--into", "第一网格", "--roles", d.dutyOf(id["n"], "leader"))
	if n := len(d.lines("list", "household", "--grid", id["g"])); n != 2 {
		t.Errorf("after the merge %d households", n)
	}
	if code, _, _ := d.run("", "grid", "explode", "第一网格"); code != exitUsage {
		t.Errorf("explode: exit %d", code)
	}
}

// dutyOf is the id of a duty that a member has now.
func (d *desk) dutyOf(member, code string) string {
	d.t.Helper()
	for _, line := range d.lines("duties", "--member", member) {
		if line["code"] == code && line["current"] == true {
			return line["id"].(string)
		}
	}
	d.t.Fatalf("%s is not %s", member, code)
	return ""
}

func TestDutyCommand(t *testing.T) {
	d := newDesk(t)
	id := d.names(twoGridsFile)
	d.lines("duty", id["m"], "--end", id["r"], "--begin", "fulltime", "--grid", "第二网格", "--to", id["n"], "--reason", "外出务工")
	now := d.lines("duties", "--member", id["m"])
	if len(now) != 2 || now[0]["code"] != "fulltime" || now[1]["to"] != "2024-03-05" {
		t.Errorf("duties %v", now)
	}
	links := d.lines("list", "link", "--household", id["a"])
	if len(links) != 2 {
		t.Errorf("links %v", links)
	}
	if code, _, _ := d.run("", "duty", id["m"]); code != exitUsage {
		t.Errorf("nothing to change: exit %d", code)
	}
}

func TestInboxCommand(t *testing.T) {
	d := newDesk(t)
	if got := d.lines("inbox"); len(got) != 0 {
		t.Errorf("a village's inbox has %v", got)
	}
	if code, _, _ := d.run("", "inbox", "--take", "065svpb80000q000003g"); code != exitFailed {
		t.Errorf("what is not there: exit %d", code)
	}
	if code, _, _ := d.run("", "inbox", "--take", "x", "--dismiss", "y"); code != exitUsage {
		t.Errorf("both: exit %d", code)
	}
}
