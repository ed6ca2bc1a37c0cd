package service

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"gridbook/app/boltstore"
	"gridbook/app/syncer"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

const (
	township = "330702009"
	shaxi    = "330702009217"
	other    = "330702009218"
	password = "沙溪村2024"
)

// cheap makes passwords cheap: the tests are not about guessing them.
var cheap = boltstore.KDF{Time: 1, Memory: 8, Threads: 1}

// clock is a wall clock that stands until it is moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newClock() *clock {
	return &clock{time.Date(2024, 3, 5, 9, 30, 0, 0, time.FixedZone("CST", 8*3600))}
}

// office enrols whoever asks and keeps still otherwise.
type office struct {
	role    ledger.Role
	scope   string
	replica syncproto.ReplicaID
	key     []byte // by which laptops know it; nil: none
	fails   error
}

func (n *office) Join(_ context.Context, store *boltstore.Store, _, _ string, keep func(Setter, *syncproto.JoinReply) error) error {
	if n.fails != nil {
		return n.fails
	}
	return store.Update(func(tx *boltstore.Tx) error {
		meta, err := tx.Meta()
		if err != nil {
			return err
		}
		meta.Replica, meta.Township = n.replica, township
		if err := tx.SetMeta(meta); err != nil {
			return err
		}
		if n.key != nil {
			if err := syncer.PutHub(tx, syncer.Hub{SignKey: n.key}); err != nil {
				return err
			}
		}
		return keep(tx, &syncproto.JoinReply{Township: township, TownshipName: "新狮街道", Role: string(n.role), Scope: n.scope, Person: "王书记"})
	})
}

func (n *office) Syncer(*boltstore.Store, Heard) (Syncer, error) { return still{}, nil }

type still struct{}

func (still) SyncNow(context.Context) (SyncDone, error) {
	return SyncDone{}, &syncproto.Error{Code: syncproto.CodeUnreachable, Message: "连不上", Hint: "等有网了再试。"}
}
func (still) Run(ctx context.Context) { <-ctx.Done() }
func (still) Wake()                   {}
func (still) Status() SyncStatus      { return SyncStatus{Phase: SyncOffline} }
func (still) Close() error            { return nil }

func invitation() string {
	return syncproto.Invitation{Address: "http://127.0.0.1:1", Secret: make([]byte, syncproto.SecretSize), Township: township}.String()
}

func options(t testing.TB, c *clock, n *office) Options {
	t.Helper()
	return Options{Dir: t.TempDir(), Version: "test", Now: c.now, Rand: rand.Reader, KDF: cheap, Network: n}
}

// joinedLaptop is the laptop of a village's secretary, with nothing in it.
func joinedLaptop(t testing.TB, n *office) (*Laptop, *clock) {
	t.Helper()
	c := newClock()
	l, err := Join(t.Context(), options(t, c, n), invitation(), "村委电脑", password)
	if err != nil {
		t.Fatalf("join: %v", err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l, c
}

func secretary() *office { return &office{role: ledger.RoleVillage, scope: shaxi, replica: 3} }

// put writes one new record and returns its id.
func put(t testing.TB, b *Book, collection string, values map[string]any) string {
	t.Helper()
	c, ok := ledger.ByKey(collection)
	if !ok {
		t.Fatalf("no collection %s", collection)
	}
	edits, err := saveEdits(c, syncproto.ID{}, values)
	if err != nil {
		t.Fatalf("put %s: %v", collection, err)
	}
	w, err := b.Write(edits)
	if err != nil {
		t.Fatalf("put %s: %v", collection, err)
	}
	return w.IDs[0].String()
}

func mustID(t testing.TB, text string) syncproto.ID {
	t.Helper()
	id, err := parseID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// village is a small village: a grid with its branch, a member who looks after
// the first of two households, and people.
type village struct {
	grid, branch, member, first, second, head, wife string
}

func settle(t testing.TB, b *Book) village {
	t.Helper()
	var v village
	v.grid = put(t, b, "grid", map[string]any{"grid_name": "沙溪第一网格", "grid_code": shaxi + "001", "leader": "吕建国"})
	v.branch = put(t, b, "branch", map[string]any{"name": "沙溪村第一党支部", "secretary": "吕建国", "phone": "13700009999"})
	put(t, b, "branch_grid", map[string]any{"branch": v.branch, "grid": v.grid})
	v.member = put(t, b, "member", map[string]any{"name": "吕建国", "phone": "13700009999", "grid": v.grid, "branch": v.branch, "address": "沙溪村溪东"})
	v.first = put(t, b, "household", map[string]any{"hh_no": "0012", "head_name": "张三", "address": "沙溪村12号", "hamlet": "溪东", "grid": v.grid})
	v.second = put(t, b, "household", map[string]any{"hh_no": "0128", "head_name": "吕布衣", "address": "沙溪村128号", "grid": v.grid, "residence": "resident"})
	v.head = put(t, b, "resident", map[string]any{"household": v.first, "name": "张三", "relation": "02", "sex": "男", "birth": "1962-08", "phone": "13800001234", "id_no": "330702196208150011"})
	v.wife = put(t, b, "resident", map[string]any{"household": v.first, "name": "李秀英", "relation": "配偶", "sex": "女"})
	put(t, b, "link", map[string]any{"member": v.member, "household": v.first, "link_basis": "就近", "from": "2024-01-01"})
	return v
}

// disputeField makes a field of a record carry two values, one of this laptop and
// one of another, as an exchange would leave it.
func disputeField(t testing.TB, l *Laptop, collection, id, field string, theirs any, by syncproto.ReplicaID) {
	t.Helper()
	c, k, err := keyFor(collection, id)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := c.FieldByKey(field)
	v, err := f.Parse(theirs)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Store.Update(func(tx *boltstore.Tx) error {
		rec, err := tx.Get(k)
		if err != nil {
			return err
		}
		remote := syncproto.NewRecord(k.Collection, k.ID)
		remote.Write(f.Tag, syncproto.Stamp{Time: rec.Newest() + 1<<20, Replica: by}, v)
		rec.Join(remote)
		if err := tx.PutAgreed(k, rec, 1_709_600_000_000); err != nil {
			return err
		}
		return tx.PutDelta(k, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: []syncproto.Key{k}})
}

// sent marks all that a laptop holds as known to the server.
func sent(t testing.TB, l *Laptop) {
	t.Helper()
	err := l.Store.Update(func(tx *boltstore.Tx) error {
		var all []*syncproto.Delta
		for d, err := range tx.Deltas() {
			if err != nil {
				return err
			}
			all = append(all, d)
		}
		for _, d := range all {
			rec, err := tx.Get(d.Key)
			if err != nil {
				return err
			}
			if err := tx.PutAgreed(d.Key, rec, 1_709_600_000_000); err != nil {
				return err
			}
			if err := tx.PutDelta(d.Key, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode fails the test if err has another code.
func wantCode(t testing.TB, what string, err error, want syncproto.Code) {
	t.Helper()
	if syncproto.CodeOf(err) != want {
		t.Errorf("%s: error %v, want code %q", what, err, want)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
