package service

import (
	"strings"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
)

// What follows is what the commands ask of a Book in their own words.

// View returns a record as a form shows it.
func (b *Book) View(collection, id string) (RecordView, error) {
	_, k, err := keyFor(collection, id)
	if err != nil {
		return RecordView{}, err
	}
	var out RecordView
	err = b.read(func(r reader) error {
		rec, err := r.get(k)
		if err == nil {
			out = r.record(rec)
		}
		return err
	})
	return out, err
}

// Search finds people, households and members: see Service.Search.
func (b *Book) Search(text string, limit int) []Hit {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return reader{Book: b}.hits(text, limit)
}

// Take decides a field by taking head n of its conflict.
func (b *Book) Take(id, field string, n int) error {
	parsed, err := parseID(id)
	if err != nil {
		return err
	}
	_, err = b.ResolveTake(parsed, field, n)
	return err
}

// Decide decides a field with a value of its own, as JSON gives it.
func (b *Book) Decide(id, field string, value any) error {
	parsed, err := parseID(id)
	if err != nil {
		return err
	}
	_, err = b.ResolveValue(parsed, field, value)
	return err
}

// Retry puts the refused changes of a record ("": of all) back into the queue
// and returns how many.
func (b *Book) Retry(id string) (int, error) {
	if id == "" {
		return b.RetryRejected(syncproto.Key{})
	}
	parsed, err := parseID(id)
	if err != nil {
		return 0, err
	}
	list, err := b.Rejections()
	if err != nil {
		return 0, err
	}
	total := 0
	for _, x := range list {
		_, k, err := keyFor(x.Collection, x.ID)
		if err != nil {
			return total, err
		}
		if k.ID != parsed {
			continue
		}
		n, err := b.RetryRejected(k)
		if err != nil {
			return total, err
		}
		total += n
	}
	if total == 0 {
		return 0, notFound("这条资料没有被退回的修改")
	}
	return total, nil
}

// Restore makes the data folder from a backup. It never replaces one. It fails
// with CodeExists, CodePassword, CodeNotFound, and CodeDamaged if the file is
// no backup, or not a whole one.
func Restore(o Options, backup, password string) error {
	if err := o.Folder(); err != nil {
		return err
	}
	store, err := boltstore.Restore(o.Dir, backup, password, o.store())
	if syncproto.CodeOf(err) == syncproto.CodeDamaged {
		// The store speaks of a laptop's own file, which it mends itself.
		return &syncproto.Error{Code: syncproto.CodeDamaged, Message: "这个文件不是网格簿的备份，或者已经损坏",
			Hint: "请换一份备份再试；没有改动任何数据。", Err: err}
	}
	if err != nil {
		return err
	}
	return store.Close()
}

// Recover opens the laptop with the township's recovery key and gives its
// first person a new password, for when theirs is forgotten. identity is what
// stands in the server's recovery.key; it may have been typed from paper. It
// fails with CodePassword if it is another's, and like Open.
func Recover(o Options, identity, password string) (*Laptop, error) {
	if err := goodPassword(password); err != nil {
		return nil, err
	}
	identity = strings.ToUpper(strings.Join(strings.Fields(identity), ""))
	store, err := boltstore.Recover(o.Dir, identity, "", password, o.store())
	if err != nil {
		return nil, err
	}
	return openLaptop(o, store)
}

// ParseID reads an id that a person typed: CodeNotFound if it is none.
func ParseID(text string) (syncproto.ID, error) { return parseID(text) }
