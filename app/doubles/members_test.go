package doubles

import (
	"testing"

	"gridbook/app/roster"
	"gridbook/syncproto/ledger"
)

func (w *town) member(name string, more ...any) roster.ID {
	v := map[string]any{"village": "330702009217", "name": name}
	for i := 0; i+1 < len(more); i += 2 {
		v[more[i].(string)] = more[i+1]
	}
	return w.put(ledger.Member, v)
}

func TestMembers(t *testing.T) {
	for name, c := range map[string]struct {
		one, two []any
		want     Reason // "": not proposed
	}{
		"the same phone":              {[]any{"phone", "13800001234"}, []any{"phone", "13800001234"}, SamePhone},
		"the same month of birth":     {[]any{"birth_ym", "1962-08"}, []any{"birth_ym", "1962-08-15"}, SameMonth},
		"another month":               {[]any{"birth_ym", "1962-08", "phone", "13800001234"}, []any{"birth_ym", "1963-08", "phone", "13800001234"}, ""},
		"a year alone":                {[]any{"birth_ym", "1962"}, []any{"birth_ym", "1962"}, ""},
		"nothing but the name":        {nil, nil, ""},
		"a branch and no phone":       {[]any{"grid", roster.ID{Time: 9, Replica: 1}}, []any{"grid", roster.ID{Time: 9, Replica: 1}, "phone", "13800001234"}, SameBranch},
		"a branch and two phones":     {[]any{"grid", roster.ID{Time: 9, Replica: 1}, "phone", "13900001234"}, []any{"grid", roster.ID{Time: 9, Replica: 1}, "phone", "13800001234"}, ""},
		"two residents":               {[]any{"phone", "13800001234", "resident", roster.ID{Time: 7, Replica: 1}}, []any{"phone", "13800001234", "resident", roster.ID{Time: 8, Replica: 1}}, ""},
		"one who left":                {[]any{"phone", "13800001234", "to", "2024-01-01"}, []any{"phone", "13800001234"}, ""},
		"the same name in two places": {[]any{"phone", "13800001234"}, []any{"phone", "13800001234", "village", "330702009218"}, ""},
	} {
		w := newTown(t)
		w.member("吕建国", c.one...)
		w.member("吕 建国", c.two...)
		found := Find(w.r, func(roster.ID) string { return "" })
		switch {
		case c.want == "" && len(found) > 0:
			t.Errorf("%s: proposed %+v", name, found)
		case c.want != "" && (len(found) != 1 || found[0].Kind != roster.KindMember || found[0].Why[0] != c.want):
			t.Errorf("%s: proposed %+v, want %s", name, found, c.want)
		}
	}
}
