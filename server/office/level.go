package office

import (
	"fmt"

	"gridbook/syncproto"
)

// Level gives all numbers of each laptop the role that was decided last. In
// stores of servers that changed only the number that was named they differ,
// and an old image of a laptop would go on under its old role. Whoever was
// stopped stays so, and nobody else is: it may have been a number that was no
// longer in use.
func (o *Office) Level(who string) error {
	var uneven []*syncproto.Device
	look := func(tx Tx) (err error) {
		uneven, err = unevenLaptops(tx)
		return err
	}
	if err := o.store.View(look); err != nil || len(uneven) == 0 {
		return err
	}
	err := o.update(func(tx Tx, hub *syncproto.Hub) error {
		if err := look(tx); err != nil {
			return err
		}
		for _, d := range uneven {
			changed, err := hub.Reassign(tx, d, d.Role, d.Scope, o.now())
			if err != nil {
				return err
			}
			if err := o.announce(tx, hub, changed, d, who, ActRole, d.Role+" "+d.Scope); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("level the numbers of laptops: %w", err)
	}
	return nil
}

// unevenLaptops returns, of each laptop whose numbers have different roles, the
// one whose role was changed last.
func unevenLaptops(tx Tx) (newest []*syncproto.Device, err error) {
	devices, err := collect(tx.Devices())
	if err != nil {
		return nil, err
	}
	for _, family := range syncproto.Families(devices) {
		last := family[0]
		for _, d := range family {
			if changedAt(d) > changedAt(last) {
				last = d
			}
		}
		for _, d := range family {
			if d.Revoked == 0 && (d.Role != last.Role || d.Scope != last.Scope) {
				newest = append(newest, last)
				break
			}
		}
	}
	return newest, nil
}

// changedAt is when a number's role was changed, ms since 1970, 0: never.
func changedAt(d *syncproto.Device) int64 {
	if len(d.Former) == 0 {
		return 0
	}
	return d.Former[len(d.Former)-1].Until
}
