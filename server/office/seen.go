package office

import (
	"sync"

	"gridbook/syncproto"
)

// seenBook holds what exchanges without an upload tell about their devices,
// until some commit takes it along. Losing it in a crash loses nothing but
// "last seen".
type seenBook struct {
	mu      sync.Mutex
	waiting sightings
}

// sightings are devices as they were last seen, by token.
type sightings map[[32]byte]syncproto.Device

func (b *seenBook) note(d *syncproto.Device) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == nil {
		b.waiting = sightings{}
	}
	now := *d
	if before, ok := b.waiting[d.TokenHash]; ok {
		// d was read from the store: what waits may know a newer verdict.
		judge(&now, before)
	}
	b.waiting[d.TokenHash] = now
}

// of brings a device up to date with what is waiting.
func (b *seenBook) of(d *syncproto.Device) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := b.waiting[d.TokenHash]; ok {
		sight(d, s)
	}
}

func (b *seenBook) take() sightings {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.waiting
	b.waiting = nil
	return out
}

// giveBack returns sightings that could not be written; newer ones stay.
func (b *seenBook) giveBack(s sightings) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for token, d := range b.waiting {
		if s == nil {
			s = sightings{}
		}
		s[token] = d
	}
	b.waiting = s
}

// write brings the stored devices up to date.
func (s sightings) write(tx Tx) error {
	for token, seen := range s {
		d, err := tx.DeviceByToken(token)
		if err != nil {
			return err
		}
		if d == nil {
			continue // it has a new token meanwhile
		}
		sight(d, seen)
		if err := tx.PutDevice(d); err != nil {
			return err
		}
	}
	return nil
}

// sight takes over what an exchange without an upload changes.
func sight(d *syncproto.Device, s syncproto.Device) {
	if s.Seen <= d.Seen {
		return
	}
	d.Seen, d.Offset = s.Seen, s.Offset
	judge(d, s)
}

// judge takes over how comparisons went, unless d knows of a later one.
func judge(d *syncproto.Device, s syncproto.Device) {
	if s.VerdictAt > d.VerdictAt {
		d.Verdict, d.VerdictAt = s.Verdict, s.VerdictAt
	}
	if d.Whole == 0 {
		d.Whole = s.Whole
	}
}
