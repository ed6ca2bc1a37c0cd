package service

import (
	"cmp"
	"context"
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Deposits lists work of this laptop that the township was to decide about:
// what waits first, then by time, the newest first.
func (b *Book) Deposits() ([]Deposit, error) {
	out := []Deposit{}
	err := b.read(func(r reader) error {
		for rec, err := range r.tx.Scan(ledger.Deposit) {
			if err != nil {
				return err
			}
			out = append(out, r.deposit(rec))
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Deposit) int {
		return cmp.Or(cmp.Compare(isDecided(a), isDecided(b)), cmp.Compare(b.Received, a.Received), cmp.Compare(a.ID, b.ID))
	})
	return out, err
}

// isDecided is 1 for a deposit about which someone has decided, else 0.
func isDecided(d Deposit) int { return min(len(d.Decision), 1) }

func (r reader) deposit(rec *syncproto.Record) Deposit {
	f := fieldsOf(rec)
	out := Deposit{
		ID: rec.ID.String(), Label: f.text("collection"), Written: f.ref("record").Time.Milli(),
		Reason: f.text("reason"), Received: f.int("received"), Decision: f.text("decision"), By: f.text("by"), At: f.int("at"),
	}
	if c, known := ledger.ByKey(out.Label); known {
		out.Label = c.Label
	}
	return out
}

// deposited counts the deposits, and those about which nobody has decided.
func (r reader) deposited() (all, waiting int, err error) {
	for rec, err := range r.tx.Scan(ledger.Deposit) {
		if err != nil {
			return 0, 0, err
		}
		all++
		if fieldsOf(rec).text("decision") == "" {
			waiting++
		}
	}
	return all, waiting, nil
}

// Deposits lists work of this laptop that the township was to decide about.
func (s *Service) Deposits(ctx context.Context) ([]Deposit, error) {
	b, err := s.book()
	if err != nil {
		return nil, err
	}
	return b.Deposits()
}
