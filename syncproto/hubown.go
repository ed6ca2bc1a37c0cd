package syncproto

// acceptOwn takes a record of the hub's own from a laptop: one that came back
// after a restore, or one on which people have decided.
func (x *exchange) acceptOwn(w *work) (bool, error) {
	if !x.genuine(w.after) || x.overclaims(w) {
		return x.reject(w, &Rejection{Code: CodeNotAllowed, Message: "这是服务器写的记录,不能修改"})
	}
	if e, ok := x.Clerk.ReadErased(w.after); ok {
		if err := x.erase(e.Of); err != nil {
			return false, err
		}
		return true, x.keepOwn(w)
	}
	item, isItem := x.Clerk.ReadInbox(w.after)
	if !isItem && !x.deposited(w.sent.Collection) {
		return true, x.keepOwn(w)
	}
	if isItem {
		rej := x.mayDecide(w, item)
		switch {
		case x.failed != nil:
			return false, x.failed
		case rej != nil:
			return x.reject(w, rej)
		}
	}
	if erased, err := x.erased(w); err != nil || erased {
		return erased, err
	}
	if !isItem {
		return x.acceptDeposit(w)
	}
	return x.acceptItem(w)
}

// acceptItem takes an item of the inbox.
func (x *exchange) acceptItem(w *work) (bool, error) {
	united, apart, err := x.unite(w.after)
	if err != nil {
		return false, err
	}
	item, _ := x.Clerk.ReadInbox(united)
	if item.Taken && w.old != nil && !x.tookBefore(w.old) {
		rej, err := x.mayTake(item)
		if err != nil {
			return false, err
		}
		if rej != nil {
			return x.reject(w, rej)
		}
	}
	if united != w.after {
		w.after, w.changed = united, tagsOf(united)
	}
	if err := x.keepOwn(w); err != nil {
		return false, err
	}
	if err := x.deposit(w.after, "", nil); err != nil {
		return false, err
	}
	if item.Taken {
		if err := x.take(item); err != nil {
			return false, err
		}
	}
	return true, x.fileApart(w.after, apart)
}

// tookBefore reports whether an item had been taken already.
func (x *exchange) tookBefore(old *Stored) bool {
	item, _ := x.Clerk.ReadInbox(old.Record)
	return item.Taken
}

// keepOwn stores a record of the hub's own that a laptop has shown.
func (x *exchange) keepOwn(w *work) error {
	if err := x.put(w.old, w.after, w.changed); err != nil {
		return err
	}
	x.taken[w.sent.Key] = w.old
	x.gaveBack(w)
	return nil
}

// erased buries what is about an erased record, and reports whether it was.
func (x *exchange) erased(w *work) (bool, error) {
	of, err := x.tx.Record(x.Policy.Parent(w.after))
	if err != nil || of == nil || !of.Purged {
		return false, err
	}
	x.reply.Purged = append(x.reply.Purged, w.sent.Key)
	return true, x.bury(w.sent.Key, w.old)
}

// mayDecide asks whether the device may write on an item, or might when it
// did: no decision is dropped because of who its author is now. Who shows a
// whole item was once given it: after a restore it comes back from whoever has
// it, whatever the backup thinks of them.
func (x *exchange) mayDecide(w *work, i Item) *Rejection {
	if w.home = i.Home; w.home == "" {
		w.home = x.state.Township
	}
	rej := x.judge(x.device, w)
	if rej == nil || x.genuine(w.sent) {
		return nil
	}
	for _, span := range x.device.Former {
		d := *x.device
		d.Role, d.Scope = span.Role, span.Scope
		if x.judge(&d, w) == nil {
			return nil
		}
	}
	return rej
}
