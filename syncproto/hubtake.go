package syncproto

// taking is the join of an item's content with the record that it is about;
// nothing changes if it was joined before, or the record was erased.
func (x *exchange) taking(i Item) (old *Stored, after *Record, changed []Tag, err error) {
	content, err := x.Content(i)
	if err != nil {
		return nil, nil, nil, err
	}
	old, err = x.tx.Record(i.Of)
	switch {
	case err != nil || old != nil && old.Purged:
		return old, nil, nil, err
	case old == nil:
		return nil, content, tagsOf(content), nil
	}
	after = old.Record.Clone()
	return old, after, after.Join(content), nil
}

// mayTake asks whether the content of an item still fits into its record. If
// not, the decision stays with who made it, and the item without one.
func (x *exchange) mayTake(i Item) (*Rejection, error) {
	_, after, changed, err := x.taking(i)
	if err != nil || len(changed) == 0 || after.fits() {
		return nil, err
	}
	return &Rejection{Code: CodeTooLarge, Message: "收不下：原记录现在的内容加上这一件，超过了一条记录的上限。这一件仍留在乡镇收件里；请先精简原记录再收，或者选“不收”"}, nil
}

// take joins the content of an item that the township has taken. What no
// longer fits, because its decision came back after a restore to a record that
// has grown since, stays in the item.
func (x *exchange) take(i Item) error {
	old, after, changed, err := x.taking(i)
	if err != nil || len(changed) == 0 || !after.fits() {
		return err
	}
	return x.putAt(old, after, changed, i.Home)
}
