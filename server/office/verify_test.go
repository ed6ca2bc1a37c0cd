package office_test

import (
	"errors"
	"iter"
	"path/filepath"
	"strings"
	"testing"

	"gridbook/server/boltstore"
	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// TestVerifyNotices breaks one thing at a time, behind the hub's back.
func TestVerifyNotices(t *testing.T) {
	scope := syncproto.VillageScope(village)
	first := func(tx office.Tx) *syncproto.Stored {
		for st, err := range tx.Records() {
			if err != nil {
				t.Fatal(err)
			}
			if st.Collection == ledger.Household {
				return st
			}
		}
		t.Fatal("no household")
		return nil
	}
	for name, damage := range map[string]func(tx office.Tx) error{
		"a value": func(tx office.Tx) error {
			old, st := first(tx), first(tx)
			st.Record.Write(ledger.TagNote, st.ID, syncproto.TextOf("x"))
			return tx.PutRecord(old, st)
		},
		"a fingerprint": func(tx office.Tx) error { return tx.PutSum(scope, syncproto.AllDays, syncproto.Sum{Count: 1}) },
		"a day's fingerprint": func(tx office.Tx) error {
			return tx.PutSum(scope, first(tx).ID.Time.Day(), syncproto.Sum{})
		},
		"a place": func(tx office.Tx) error {
			old, st := first(tx), first(tx)
			st.Places = st.Places[:1]
			return tx.PutRecord(old, st)
		},
		"a lost place": func(tx office.Tx) error {
			// The feed keeps what the record no longer knows of.
			st := first(tx)
			st.Places = st.Places[:1]
			return tx.PutRecord(nil, st)
		},
		"a sequence": func(tx office.Tx) error {
			s, err := tx.State()
			s.Seq = 1
			return errors.Join(err, tx.SetState(s))
		},
		"a parent": func(tx office.Tx) error {
			// The index is not told.
			st := first(tx)
			st.Parent = syncproto.Key{Collection: 1, ID: st.ID}
			return tx.PutRecord(st, st)
		},
		"a replica number": func(tx office.Tx) error {
			return tx.PutDevice(&syncproto.Device{ID: 1, Replica: 3, TokenHash: [32]byte{9}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTown(t)
			h.quiet = true
			l := h.enrol("village", village, "张三")
			h.enrol("village", village, "李四")
			l.send(l.household("1号"), l.household("2号"))
			if v, err := h.Verify(); err != nil {
				t.Fatalf("%v, %v", err, v.Problems)
			}
			if err := h.store.Update(damage); err != nil {
				t.Fatal(err)
			}
			v, err := h.Verify()
			var e *syncproto.Error
			if !errors.As(err, &e) || e.Code != syncproto.CodeDamaged || e.Hint == "" || len(v.Problems) == 0 {
				t.Errorf("%v, %v", err, v.Problems)
			}
		})
	}
}

// TestVerifyAudit: a line that was changed or taken out shows.
func TestVerifyAudit(t *testing.T) {
	for name, act := range map[string]string{"changed": "edit", "removed": ""} {
		t.Run(name, func(t *testing.T) {
			store, err := boltstore.Create(filepath.Join(t.TempDir(), "gridbookd.db"), boltstore.Options{NoSync: true})
			if err != nil {
				t.Fatal(err)
			}
			h := &town{t: t, now: 1}
			h.Office = office.New(tampered{store, act}, office.Options{Policy: ledger.Policy{}, Now: func() int64 { return h.now }})
			defer h.Close()
			for range 3 {
				if err := h.Record("王工", office.ActInvite, "x", ""); err != nil {
					t.Fatal(err)
				}
			}
			if v, err := h.Verify(); syncproto.CodeOf(err) != syncproto.CodeDamaged || !strings.Contains(strings.Join(v.Problems, "\n"), "audit") {
				t.Errorf("%v, %v", err, v.Problems)
			}
		})
	}
}

// tampered shows a store whose second audit line was changed, or removed.
type tampered struct {
	office.Store
	act string
}

func (s tampered) View(f func(office.Tx) error) error {
	return s.Store.View(func(tx office.Tx) error { return f(tamperedTx{tx, s.act}) })
}

type tamperedTx struct {
	office.Tx
	act string
}

func (t tamperedTx) Audit(after uint64) iter.Seq2[office.Entry, error] {
	return func(yield func(office.Entry, error) bool) {
		for e, err := range t.Tx.Audit(after) {
			if e.Number == 2 {
				if t.act == "" {
					continue
				}
				e.Act = t.act
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
