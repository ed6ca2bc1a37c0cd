package syncproto

// renumber takes the number that the hub gives a copy.
func (r *receiver) renumber() error {
	p, m := r.reply, r.meta
	old := m.Replica
	m.Replica, m.Lease, m.Token, m.Pending, m.Sticks = p.Renumber, p.Lease, p.Token, nil, nil
	if p.Moved { // a new epoch: the hub may lack what it once took
		m.Cursor, m.Verified.Equal = p.Cursor, false
	}
	r.found.Renumbered, r.claim, r.asking, r.more, r.probe.step = true, false, nil, true, 0
	jump, err := clockJump(r.opts.Rand)
	if err == nil {
		r.found.Renamed, err = renumber(r.tx, m, old, r.now, jump)
	}
	return err
}

// unheard counts the replies that did not settle an upload. No hub goes on
// like that; a stick has no more replies than it has.
func (r *receiver) unheard() error {
	if r.req != nil && r.req.Stick {
		return nil
	}
	if r.heals++; r.heals <= maxHeals {
		return nil
	}
	return &Error{Code: CodeInternal, Message: "服务器收下了内容,却没有给出凭证", Hint: "程序稍后会自己再试;若一直这样,请乡镇(街道)检查服务器"}
}
