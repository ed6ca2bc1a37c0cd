package ledger

import "gridbook/syncproto"

// gridCodeLen is the length of a grid's code: the village's 12 digits and 3.
const gridCodeLen = 15

// OtherGrid returns the code of the grid that a record belongs to if that is
// not the one to which a role is bound. Only a grid worker who was invited for
// one grid is; a record without a grid is everyone's. Who may write a record
// where it is may give it away: ask about what it was before a change. get
// returns another record, nil if there is none.
func OtherGrid(r Role, scope string, rec *syncproto.Record, get func(syncproto.Key) *syncproto.Record) (code string, ok bool) {
	if r != RoleGrid || len(scope) != gridCodeLen {
		return "", false
	}
	code = gridCodeOf(rec, get)
	return code, code != "" && code != scope
}

func otherGrid(d *syncproto.Device, c syncproto.Change) (code string, ok bool) {
	rec := c.Before
	if rec == nil {
		rec = c.After
	}
	return OtherGrid(Role(d.Role), d.Scope, rec, c.Record)
}

// Left is the grid that a record gives up with a change.
func (Policy) Left(c syncproto.Change) []syncproto.Scope {
	known, ok := Lookup(c.After.Collection)
	if !ok {
		return nil
	}
	f, ok := known.FieldByKey("grid")
	if !ok || f.Type != Ref || c.Before.Value(f.Tag) == c.After.Value(f.Tag) {
		return nil
	}
	code := gridCodeOf(c.Before, c.Record)
	if code == "" || code == gridCodeOf(c.After, c.Record) {
		return nil
	}
	return []syncproto.Scope{syncproto.GridScope(code)}
}

// gridCodeOf returns the code of the grid that a record belongs to, "" if it
// has none, or one whose code is not known.
func gridCodeOf(rec *syncproto.Record, get func(syncproto.Key) *syncproto.Record) string {
	if get == nil {
		return ""
	}
	id, ok := GridOf(rec, func(k syncproto.Key) (*syncproto.Record, bool) {
		up := get(k)
		return up, up != nil
	})
	if !ok {
		return ""
	}
	grid := get(syncproto.Key{Collection: Grid, ID: id})
	if grid == nil {
		return ""
	}
	code := grid.Value(Must(Grid).Tag("grid_code")).Text()
	if len(code) != gridCodeLen {
		return ""
	}
	return code
}
