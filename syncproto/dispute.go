package syncproto

import "slices"

// Dispute makes a field stand between several values again: what somebody
// decided is taken back. All heads that are there are replaced; the values
// become heads of their own, in their order, so that the last is shown. They
// carry new stamps of this replica, which are returned, since the old ones are
// superseded for ever. Heads of one replica beside each other are sound: they
// are in one register of one delta, so nobody ever knows one without the
// other, and whoever decides supersedes both.
//
// It fails with CodeNotFound if the record is not here.
func (w *Writer) Dispute(k Key, t Tag, values []Value) ([]Stamp, error) {
	current, err := Current(w.tx, k)
	if err != nil {
		return nil, err
	}
	if current == nil {
		return nil, &Error{Code: CodeNotFound, Message: "这条记录已不在这台电脑上", Hint: "它可能已迁往别处或已被彻底删除,请刷新后再看"}
	}
	values = values[:min(len(values), MaxHeads)]
	if len(values) == 0 {
		return nil, nil
	}
	g, _ := current.Field(t)
	stamps := make([]Stamp, len(values))
	for i := range stamps {
		stamps[i] = w.stamp()
	}
	out := g.Write(stamps[0], values[0])
	for i := 1; i < len(values); i++ {
		out.Heads = append(out.Heads, Head{stamps[i], values[i]})
	}
	d, err := w.tx.Delta(k)
	if err != nil {
		return nil, err
	}
	if d == nil {
		d = &Delta{Record: NewRecord(k.Collection, k.ID), Order: w.meta.next()}
	} else {
		d.Record.Fields = slices.Clone(d.Record.Fields)
	}
	d.set(t, out)
	d.Gen = w.meta.next()
	d.Rejected = nil
	return stamps, w.tx.PutDelta(k, d)
}
