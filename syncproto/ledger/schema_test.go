package ledger

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gridbook/syncproto"
)

var update = flag.Bool("update", false, "append what is new in the schema to the golden list")

// schemaLines is the part of the schema that is stored and sent.
func schemaLines() []string {
	var out []string
	for _, c := range All() {
		out = append(out, fmt.Sprintf("%d %s", c.Number, c.Key))
		for _, f := range c.Fields {
			out = append(out, fmt.Sprintf("%d.%d %s.%s %s", c.Number, f.Tag, c.Key, f.Key, kindName(f.Type.Kind())))
		}
	}
	return out
}

// Numbers and tags are on disk and on the wire for ever: the golden list only
// grows.
func TestNumbersAndTagsNeverChange(t *testing.T) {
	path := filepath.Join("testdata", "schema.golden")
	now := strings.Join(schemaLines(), "\n") + "\n"
	want, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, line := range strings.Split(now, "\n") {
		have[line] = true
	}
	for _, line := range strings.Split(string(want), "\n") {
		if !have[line] {
			t.Errorf("the schema no longer has %q: stored data would be read wrongly", line)
		}
	}
	if now == string(want) || t.Failed() {
		return
	}
	if !*update {
		t.Fatal("the schema has grown: run go test ./syncproto/ledger -update and commit testdata/schema.golden")
	}
	if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSchemaIsSound(t *testing.T) {
	numbers, keys := map[syncproto.Collection]bool{}, map[string]bool{}
	for _, c := range All() {
		if numbers[c.Number] || keys[c.Key] {
			t.Errorf("%s: number or key used twice", c.Key)
		}
		numbers[c.Number], keys[c.Key] = true, true
		if c.Label == "" || !c.Writer.Valid() {
			t.Errorf("%s: no label or writer", c.Key)
		}
		if c.Companion != "" {
			if _, ok := ByKey(c.Companion); !ok {
				t.Errorf("%s: companion of unknown %s", c.Key, c.Companion)
			}
		}
		checkFieldsSound(t, c)
	}
}

func checkFieldsSound(t *testing.T, c *Collection) {
	tags, keys := map[syncproto.Tag]bool{}, map[string]bool{}
	for i, f := range c.Fields {
		name := c.Key + "." + f.Key
		if tags[f.Tag] || keys[f.Key] {
			t.Errorf("%s: tag or key used twice", name)
		}
		tags[f.Tag], keys[f.Key] = true, true
		if i > 0 && f.Tag <= c.Fields[i-1].Tag {
			t.Errorf("%s: tags must rise", name)
		}
		if f.Label == "" || strings.ToLower(f.Key) != f.Key {
			t.Errorf("%s: no label, or a key that is not lower case", name)
		}
		if _, ok := TableOf(f.Table); (f.Type == Enum || f.Table != "") && !ok {
			t.Errorf("%s: no table %q", name, f.Table)
		}
		if _, ok := ByKey(f.Ref); f.Ref != "" && (!ok || f.Type != Ref) {
			t.Errorf("%s: refers to %q", name, f.Ref)
		}
		_ = f.Type.String() // panics on a type without traits
	}
	for _, key := range c.Parents {
		if f, ok := c.FieldByKey(key); !ok || f.Type != Ref || f.Ref == "" {
			t.Errorf("%s: parent %s is no reference", c.Key, key)
		}
	}
	for _, group := range c.OneOf {
		for _, key := range group {
			if _, ok := c.FieldByKey(key); !ok {
				t.Errorf("%s: one of unknown %s", c.Key, key)
			}
		}
	}
	for tag, key := range map[syncproto.Tag]string{TagVillage: "village", TagDeleted: "deleted", TagNote: "note"} {
		if f, ok := c.Field(tag); !ok || f.Key != key {
			t.Errorf("%s: tag %d is not %s", c.Key, tag, key)
		}
	}
}

// What a class may hold follows from the number, also for newer peers.
func TestClasses(t *testing.T) {
	for key, want := range map[string]Class{"notice": Shared, "resident": Roster, "visit": Log, "resident_private": Private} {
		if c, _ := ByKey(key); c.Class != want {
			t.Errorf("%s is %s, want %s", key, c.Class, want)
		}
	}
	for n, want := range map[syncproto.Collection]Class{0: Private, 99: Shared, 100: Roster, 399: Roster, 400: Log, 799: Log, 800: Private, 60000: Private} {
		if got := ClassOf(n); got != want {
			t.Errorf("class of %d is %s, want %s", n, got, want)
		}
	}
	for _, c := range All() {
		if c.Class != Private && c.Companion != "" {
			t.Errorf("%s: only private parts are companions", c.Key)
		}
		for _, f := range c.Fields {
			if f.Type == IDNumber && c.Class != Private {
				t.Errorf("%s.%s: ID numbers live in private collections", c.Key, f.Key)
			}
		}
	}
}

// Every stored column of the forms has a field; those that the program
// derives or leaves to paper are named here.
func TestFormColumnsHaveFields(t *testing.T) {
	derived := map[string]bool{
		"seq": true, "linked_count": true, "signature": true, "overdue": true, "care_list.last": true,
		"red_roster.role": true, "grid_list.branch": true,
		"link_list.grid": true, "link_list.red_name": true, "link_list.red_phone": true, "link_list.head_name": true, "link_list.address": true,
		"link_list.member_count": true, "link_list.head_phone": true, "link_list.care_flag": true,
	}
	forms := map[string][]string{
		"grid_list": {"grid"}, "red_roster": {"member"}, "link_list": {"link"}, "household": {"resident", "household", "resident_private"},
		"visit_log": {"visit"}, "matter": {"matter"}, "dispute": {"dispute"}, "hazard": {"hazard"}, "house_check": {"house_check"},
		"care_list": {"care"}, "banquet": {"banquet"}, "activity": {"activity"}, "mobile": {"mobile"}, "resource": {"resource"}, "evac": {"evac"},
	}
	for form, keys := range formKeys(t) {
		collections, ok := forms[form]
		if !ok {
			continue // made by the program: daily_log, monthly; grid_team is roles
		}
		for _, key := range keys {
			if derived[key] || derived[form+"."+key] {
				continue
			}
			found := false
			for _, name := range collections {
				c, _ := ByKey(name)
				_, ok := c.FieldByKey(key)
				found = found || ok
			}
			if !found {
				t.Errorf("form %s: column %s has no field in %v", form, key, collections)
			}
		}
	}
}

func formKeys(t *testing.T) map[string][]string {
	b, err := os.ReadFile(filepath.Join("testdata", "form-keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out map[string][]string
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDescribe(t *testing.T) {
	b, err := json.Marshal(Describe())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"field":"name","tag":5,"label":"姓名","type":"name","required":true,"privacy":"personal","max":60}`,
		`{"code":"kin","label":"就亲"}`,
		`"class":"private","companion":"resident"`,
	} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("schema lacks %s", want)
		}
	}
}

func kindName(k syncproto.Kind) string {
	return [...]string{syncproto.Bool: "bool", syncproto.Int: "int", syncproto.Text: "text", syncproto.Bytes: "bytes", syncproto.Ref: "ref", syncproto.List: "list"}[k]
}
