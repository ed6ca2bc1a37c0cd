package office

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// DeviceLine is a device as people see it. Times are ms since 1970, 0: never.
type DeviceLine struct {
	Device uint32 `json:"device"`
	// Numbers are those of the same laptop, this one too: a copy, or one that
	// was restored, goes on under another.
	Numbers  []uint32 `json:"numbers"`
	Replica  uint32   `json:"replica"`
	Role     string   `json:"role"`
	Scope    string   `json:"scope"`
	Place    string   `json:"place"` // the scope's name
	Person   string   `json:"person"`
	Name     string   `json:"name"`
	Joined   int64    `json:"joined"`
	Seen     int64    `json:"last_seen"`
	Uploaded int64    `json:"last_upload"`
	// Verified is when the laptop last compared itself with the server; Equal
	// and Records are what came of it.
	Verified int64  `json:"last_verified"`
	Equal    bool   `json:"equal"`
	Records  uint64 `json:"records"`
	Offset   int64  `json:"clock_offset_ms"` // its clock minus ours
	Sent     uint64 `json:"sent"`
	Rejected uint64 `json:"rejected"`
	Revoked  int64  `json:"revoked"`
}

// Devices lists all devices by number.
func (o *Office) Devices() (out []DeviceLine, err error) {
	err = o.store.View(func(tx Tx) error {
		out, err = o.devices(tx)
		return err
	})
	return out, err
}

func (o *Office) devices(tx Tx) ([]DeviceLine, error) {
	devices, err := collect(tx.Devices())
	if err != nil {
		return nil, err
	}
	numbers, out := map[uint32][]uint32{}, []DeviceLine{}
	for _, family := range syncproto.Families(devices) {
		for _, d := range family {
			numbers[d.ID] = numbersOf(family)
		}
	}
	for _, d := range devices {
		o.seen.of(d)
		line := deviceLine(d)
		line.Numbers = numbers[d.ID]
		line.Joined, line.Uploaded, line.Offset, line.Sent, line.Rejected = d.Joined, d.Uploaded, d.Offset, d.Sent, d.Rejected
		line.Verified, line.Equal, line.Records = d.VerdictAt, d.Verdict.State == syncproto.VerdictEqual, d.Verdict.Records
		if d.Seen > d.Joined { // enrolment itself is no exchange
			line.Seen = d.Seen
		}
		out = append(out, line)
	}
	return out, nil
}

// deviceLine says who a device is.
func deviceLine(d *syncproto.Device) DeviceLine {
	return DeviceLine{Device: d.ID, Replica: uint32(d.Replica), Role: d.Role, Scope: d.Scope, Place: placeName(d.Scope),
		Person: d.Person, Name: d.Name, Revoked: d.Revoked}
}

// placeName returns the name of a place code, "" if it is not in the table.
func placeName(code string) string {
	if p, ok := ledger.PlaceOf(ledger.Area(code)); ok {
		return p.Short()
	}
	return ""
}

func deviceName(id uint32) string { return fmt.Sprintf("device %d", id) }

// Revoke ends a laptop's right to sync, under all numbers that it has had.
// What it still has to send stays on it, and can be handed in as a bundle.
// Revoking twice changes nothing.
func (o *Office) Revoke(id uint32, who, reason string) (DeviceLine, error) {
	var line DeviceLine
	err := o.update(func(tx Tx, hub *syncproto.Hub) error {
		d, err := deviceOf(tx, id)
		if err != nil {
			return err
		}
		changed, err := hub.Revoke(tx, d, o.now())
		if err != nil {
			return err
		}
		if err := o.announce(tx, hub, changed, d, who, ActRevoke, reason); err != nil {
			return err
		}
		line, err = o.lineOf(tx, d)
		return err
	})
	return line, err
}

// lineOf says who a device is, and which laptop.
func (o *Office) lineOf(tx Tx, d *syncproto.Device) (DeviceLine, error) {
	family, err := syncproto.Family(tx, d)
	if err != nil {
		return DeviceLine{}, err
	}
	line := deviceLine(d)
	line.Numbers = numbersOf(family)
	return line, nil
}

func numbersOf(family []*syncproto.Device) (out []uint32) {
	for _, d := range family {
		out = append(out, d.ID)
	}
	return out
}

// Status is how a township stands.
type Status struct {
	Township string `json:"township"`
	Name     string `json:"name"`
	Address  string `json:"address"`
	Epoch    uint32 `json:"epoch"`
	Seq      uint64 `json:"seq"`
	Records  uint64 `json:"records"`
	// Photos that are here whole, their bytes with those still on their way,
	// and how many are named by records and not here yet.
	Photos        int           `json:"photos"`
	PhotoBytes    int64         `json:"photo_bytes"`
	PhotosWaiting int           `json:"photos_waiting"`
	Villages      []VillageLine `json:"villages"`
	Devices       []DeviceLine  `json:"devices"`
	Laptops       int           `json:"laptops"`     // whose numbers these are
	Waiting       []InviteLine  `json:"invitations"` // not yet used
	// Inbox is how many items wait for the township\'s decision.
	Inbox   int      `json:"inbox"`
	Returns *Returns `json:"returns,omitempty"` // after a restore
}

// VillageLine is the state of a village's upload.
type VillageLine struct {
	Village  string `json:"village"` // 12-digit code
	Name     string `json:"name"`
	Records  uint64 `json:"records"` // rosters and logs, at the server
	Devices  int    `json:"devices"` // laptops of the village that may sync
	Verified int    `json:"verified_devices"`
	// The newest of the village's laptops, ms since 1970, 0: never.
	LastSeen     int64 `json:"last_seen"`
	LastUpload   int64 `json:"last_upload"`
	LastVerified int64 `json:"last_verified"`
}

// InviteLine is an invitation that nobody has used yet.
type InviteLine struct {
	Role    string `json:"role"`
	Scope   string `json:"scope"`
	Person  string `json:"person"`
	Expires int64  `json:"expires"`
}

// Status returns the state of every village's upload and of all devices.
func (o *Office) Status() (s Status, err error) {
	err = o.store.View(func(tx Tx) error {
		state, err := tx.State()
		if err != nil {
			return err
		}
		address, err := tx.Setting(settingAddress)
		if err != nil {
			return err
		}
		s = Status{Township: state.Township, Name: state.Name, Address: string(address), Epoch: uint32(state.Epoch), Seq: uint64(state.Seq)}
		if s.Devices, err = o.devices(tx); err != nil {
			return err
		}
		if s.Waiting, err = o.waiting(tx); err != nil {
			return err
		}
		if err := o.photoStatus(tx, &s); err != nil {
			return err
		}
		if s.Inbox, err = o.undecided(tx, state.Township); err != nil {
			return err
		}
		if r, err := o.returns(tx); err != nil {
			return err
		} else if r.Restored != 0 {
			s.Returns = &r
		}
		return s.count(tx)
	})
	return s, err
}

// undecided counts the held items of the inbox without a decision.
func (o *Office) undecided(tx Tx, township string) (n int, err error) {
	for id, err := range tx.Scan(syncproto.AllScope(township), ledger.Inbox, syncproto.ID{}, false) {
		if err != nil {
			return 0, err
		}
		st, err := tx.Record(syncproto.Key{Collection: ledger.Inbox, ID: id})
		if err != nil {
			return 0, err
		}
		if i, ok := (ledger.Policy{}).ReadInbox(st.Record); ok && i.Kind == syncproto.ItemHeld && !i.Decided {
			n++
		}
	}
	return n, nil
}

func (o *Office) waiting(tx Tx) ([]InviteLine, error) {
	out := []InviteLine{}
	for i, err := range tx.Invites() {
		if err != nil {
			return nil, err
		}
		if i.Used == 0 && i.Expires > o.now() {
			out = append(out, InviteLine{i.Role, i.Scope, i.Person, i.Expires})
		}
	}
	slices.SortFunc(out, func(a, b InviteLine) int {
		return cmp.Or(cmp.Compare(a.Expires, b.Expires), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Person, b.Person))
	})
	return out, nil
}

// count fills in the villages: those of the table of places, those that have
// records, and those that have a device.
func (s *Status) count(tx Tx) error {
	villages := map[string]*VillageLine{}
	line := func(code string) *VillageLine {
		if villages[code] == nil {
			villages[code] = &VillageLine{Village: code, Name: placeName(code)}
		}
		return villages[code]
	}
	for _, p := range ledger.Below(s.Township) {
		line(p.Code)
	}
	for scope, err := range tx.Scopes() {
		if err != nil {
			return err
		}
		sum, err := tx.Sum(scope, syncproto.AllDays)
		if err != nil {
			return err
		}
		if code, ok := strings.CutPrefix(string(scope), string(syncproto.VillageScope(""))); ok {
			line(code).Records = sum.Count
		}
		// Every record stands in one of these: all but the private, and the
		// private of each village.
		if scope == syncproto.AllScope(s.Township) || strings.HasPrefix(string(scope), string(syncproto.PrivateScope(""))) {
			s.Records += sum.Count
		}
	}
	known := Laptops(s.Devices)
	s.Laptops = len(known)
	for _, d := range known {
		if village := ledger.Area(d.Scope); len(village) == 12 && d.Revoked == 0 {
			line(village).add(d)
		}
	}
	s.Villages = make([]VillageLine, 0, len(villages))
	for _, v := range villages {
		s.Villages = append(s.Villages, *v)
	}
	slices.SortFunc(s.Villages, func(a, b VillageLine) int { return cmp.Compare(a.Village, b.Village) })
	return nil
}

// Laptops makes one line of all numbers of a laptop: the one under which it was
// seen last, with what came under any of them.
func Laptops(devices []DeviceLine) []DeviceLine {
	out, at := []DeviceLine{}, map[uint32]int{} // by the first of their numbers
	for _, d := range devices {
		i, ok := at[d.Numbers[0]]
		if !ok {
			at[d.Numbers[0]] = len(out)
			out = append(out, d)
			continue
		}
		other := out[i]
		if d.Seen < other.Seen {
			d, other = other, d
		}
		d.Joined, d.Uploaded = min(d.Joined, other.Joined), max(d.Uploaded, other.Uploaded)
		d.Sent, d.Rejected = d.Sent+other.Sent, d.Rejected+other.Rejected
		out[i] = d
	}
	return out
}

func (v *VillageLine) add(d DeviceLine) {
	v.Devices++
	if d.Equal {
		v.Verified++
		v.LastVerified = max(v.LastVerified, d.Verified)
	}
	v.LastSeen = max(v.LastSeen, d.Seen)
	v.LastUpload = max(v.LastUpload, d.Uploaded)
}
