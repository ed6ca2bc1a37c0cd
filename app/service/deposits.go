package service

import (
	"cmp"
	"context"
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Deposits lists work of this laptop that the township was to decide about:
// what waits first, then by time, the newest first, at most limit (0: all).
func (b *Book) Deposits(limit int) (DepositPage, error) {
	all := []Deposit{}
	err := b.read(func(r reader) error {
		for rec, err := range r.tx.Scan(ledger.Deposit) {
			if err != nil {
				return err
			}
			all = append(all, r.deposit(rec))
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Deposit) int {
		return cmp.Or(cmp.Compare(isDecided(a), isDecided(b)), cmp.Compare(b.Received, a.Received), cmp.Compare(a.ID, b.ID))
	})
	out := DepositPage{Total: len(all), Rows: all}
	if limit > 0 {
		out.Rows = all[:min(len(all), limit)]
	}
	return out, err
}

// isDecided is 1 for a deposit about which someone has decided, else 0.
func isDecided(d Deposit) int { return min(len(d.Decision), 1) }

func (r reader) deposit(rec *syncproto.Record) Deposit {
	f := fieldsOf(rec)
	out := Deposit{
		ID: rec.ID.String(), Label: f.text("collection"), Written: f.ref("record").Time.Milli(),
		Reason: fullWidth(f.text("reason")), Received: f.int("received"), Decision: f.text("decision"), By: f.text("by"), At: f.int("at"),
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

// Deposits lists work of this laptop that the township was to decide about, at
// most limit (0: 50).
func (s *Service) Deposits(ctx context.Context, limit int) (DepositPage, error) {
	b, err := s.book()
	if err != nil {
		return DepositPage{}, err
	}
	return b.Deposits(bounded(limit))
}
