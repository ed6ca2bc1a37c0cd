package syncproto

import "slices"

// A laptop that was copied, or whose hub was restored, gets another number and
// is a device of its own from then on: Device.Before says of which. People
// know one laptop, so what they decide about one of its numbers is decided
// about all: else its older token, or a copy's, would go on as before.

// Families sorts devices, listed by number, into laptops.
func Families(devices []*Device) (families [][]*Device) {
	at := map[uint32]int{} // the family of a number
	for _, d := range devices {
		i, ok := at[d.Before] // a lesser number
		if !ok {
			i = len(families)
			families = append(families, nil)
		}
		at[d.ID] = i
		families[i] = append(families[i], d)
	}
	return families
}

// Family lists, by number, the devices that are the same laptop as d, with d
// itself in its place.
func Family(tx HubDevices, d *Device) ([]*Device, error) {
	var all []*Device
	for other, err := range tx.Devices() {
		if err != nil {
			return nil, err
		}
		if other.ID == d.ID {
			other = d
		}
		all = append(all, other)
	}
	for _, family := range Families(all) {
		if slices.Contains(family, d) {
			return family, nil
		}
	}
	return []*Device{d}, nil
}

// Revoke ends the right to sync of a laptop, under all of its numbers. It
// returns the devices that could until now.
func (h *Hub) Revoke(tx HubTx, d *Device, now int64) ([]*Device, error) {
	return change(tx, d, func(d *Device) bool {
		if d.Revoked != 0 {
			return false
		}
		d.Revoked = now
		return true
	})
}

// Reassign gives a laptop another role and place, under all of its numbers. Its
// unsent work from before still goes up, into the inbox where it may no longer
// write. It returns the devices that changed; those that were revoked do not.
func (h *Hub) Reassign(tx HubTx, d *Device, role, scope string, now int64) ([]*Device, error) {
	return change(tx, d, func(d *Device) bool {
		if d.Revoked != 0 || d.Role == role && d.Scope == scope {
			return false
		}
		d.Former = append(slices.Clone(d.Former), RoleSpan{Role: d.Role, Scope: d.Scope, Until: now})
		d.Role, d.Scope = role, scope
		d.Subs++
		return true
	})
}

func change(tx HubTx, d *Device, f func(*Device) bool) (changed []*Device, err error) {
	family, err := Family(tx, d)
	if err != nil {
		return nil, err
	}
	for _, d := range family {
		if !f(d) {
			continue
		}
		if err := tx.PutDevice(d); err != nil {
			return nil, err
		}
		changed = append(changed, d)
	}
	return changed, nil
}
