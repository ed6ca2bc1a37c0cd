package ledger

import (
	"testing"

	"gridbook/syncproto"
)

func TestSubscriptions(t *testing.T) {
	tests := []struct {
		role  Role
		scope string
		want  []syncproto.Scope
	}{
		{RoleTownship, town, []syncproto.Scope{"a" + town, "d7"}},
		{RoleVillage, shaxi, []syncproto.Scope{"t" + town, "v" + shaxi, "d7", "p" + shaxi}},
		{RoleGrid, shaxi, []syncproto.Scope{"t" + town, "v" + shaxi, "d7"}},
		{RoleGrid, shaxi + "001", []syncproto.Scope{"t" + town, "v" + shaxi, "d7", "g" + shaxi + "001"}},
		{RoleEnded, shaxi, []syncproto.Scope{"d7"}},
		{RoleInspector, shaxi, []syncproto.Scope{"t" + town, "v" + shaxi, "d7"}},
	}
	for _, tt := range tests {
		got := Policy{}.Subscriptions(town, &syncproto.Device{ID: 7, Role: string(tt.role), Scope: tt.scope})
		if len(got) != len(tt.want) {
			t.Fatalf("%s: %v, want %v", tt.role, got, tt.want)
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: %v, want %v", tt.role, got, tt.want)
			}
		}
	}
}

// Whoever may read a record has one of its feeds among the device's, and
// nobody else.
func TestScopesAgreeWithMayRead(t *testing.T) {
	devices := []syncproto.Device{
		{Role: string(RoleTownship), Scope: town}, {Role: string(RoleVillage), Scope: shaxi},
		{Role: string(RoleVillage), Scope: xiapei}, {Role: string(RoleGrid), Scope: shaxi + "001"},
		{Role: string(RoleInspector), Scope: shaxi},
	}
	for _, c := range All() {
		for _, home := range []string{shaxi, xiapei} {
			for _, d := range devices {
				reads := false
				for _, s := range (Policy{}).Scopes(town, c.Number, home) {
					for _, sub := range (Policy{}).Subscriptions(town, &d) {
						reads = reads || s == sub
					}
				}
				if want := MayRead(Role(d.Role), d.Scope, c.Number, home); reads != want {
					t.Errorf("%s of %s gets %s of %s: %v, want %v", d.Role, d.Scope, c.Key, home, reads, want)
				}
			}
		}
	}
}

func TestAllow(t *testing.T) {
	id := syncproto.Stamp{Time: syncproto.TimeAt(1_700_000_000_000), Replica: 7}
	household := func(village, head string) *syncproto.Record {
		r := syncproto.NewRecord(Household, id)
		r.Write(TagVillage, id, syncproto.TextOf(village))
		if head != "" {
			r.Write(Must(Household).Tag("head_name"), id, syncproto.TextOf(head))
		}
		return r
	}
	village := &syncproto.Device{Role: string(RoleVillage), Scope: shaxi}
	tests := []struct {
		name          string
		d             *syncproto.Device
		before, after *syncproto.Record
		home          string
		want          syncproto.Code
	}{
		{"its own village", village, nil, household(shaxi, "苏凤龙"), shaxi, ""},
		{"another village", village, nil, household(xiapei, "苏凤龙"), xiapei, syncproto.CodeScope},
		{"gives a household away", village, household(shaxi, "苏凤龙"), household(xiapei, "苏凤龙"), xiapei, ""},
		{"takes one from another village", village, household(xiapei, "苏凤龙"), household(shaxi, "苏凤龙"), shaxi, syncproto.CodeScope},
		{"without a head", village, nil, household(shaxi, ""), shaxi, syncproto.CodeField},
		{"the township", &syncproto.Device{Role: string(RoleTownship), Scope: town}, nil, household(xiapei, "王"), xiapei, ""},
		{"another township", &syncproto.Device{Role: string(RoleTownship), Scope: "330702001"}, nil, household(xiapei, "王"), xiapei, syncproto.CodeScope},
		{"an inspector", &syncproto.Device{Role: string(RoleInspector), Scope: shaxi}, nil, household(shaxi, "王"), shaxi, syncproto.CodeScope},
		{"the list of devices", village, nil, Policy{}.DeviceRecord(id, village), town, syncproto.CodeNotAllowed},
	}
	for _, tt := range tests {
		got := Policy{}.Allow(town, tt.d, syncproto.Change{Before: tt.before, After: tt.after, Home: tt.home})
		var code syncproto.Code
		if got != nil {
			code = got.Code
		}
		if code != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, got, tt.want)
		}
	}
}

func TestFirstCopyNamesEveryCollectionOnceLogsLast(t *testing.T) {
	seen := map[syncproto.Collection]bool{}
	logs := false
	for _, o := range (Policy{}).FirstCopy() {
		if seen[o.Collection] {
			t.Errorf("%d twice", o.Collection)
		}
		seen[o.Collection] = true
		if o.Newest != (ClassOf(o.Collection) == Log) || logs && !o.Newest {
			t.Errorf("%d out of place", o.Collection)
		}
		logs = logs || o.Newest
	}
	if len(seen) != len(All()) {
		t.Errorf("%d of %d collections", len(seen), len(All()))
	}
}

// A replica that drops a record with unsent work keeps its companions until
// it went up; it knows them by their greater numbers.
func TestCompanionsComeAfterTheirRecords(t *testing.T) {
	for _, c := range All() {
		if c.Companion != "" && c.Number <= mustKey(c.Companion) {
			t.Errorf("%s comes before %s", c.Key, c.Companion)
		}
	}
}
