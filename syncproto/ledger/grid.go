package ledger

import "gridbook/syncproto"

// gridCodeLen is the length of a grid's code: the village's 12 digits and 3.
const gridCodeLen = 15

// otherGrid returns the code of the grid that a record belongs to if that is
// not the device's own. Only a device that was enrolled for one grid is held
// to it. Who may write a record where it is may give it away, so what it was
// before the change decides; a record without a grid is everyone's.
func otherGrid(d *syncproto.Device, c syncproto.Change) (code string, ok bool) {
	if Role(d.Role) != RoleGrid || len(d.Scope) != gridCodeLen {
		return "", false
	}
	rec := c.Before
	if rec == nil {
		rec = c.After
	}
	code = gridCodeOf(rec, c.Record)
	return code, code != "" && code != d.Scope
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
