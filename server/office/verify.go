package office

import (
	"fmt"
	"slices"

	"gridbook/syncproto"
)

// Verified is the outcome of a full check.
type Verified struct {
	Records  int      `json:"records"`
	Purged   int      `json:"purged"`
	Places   int      `json:"places"`
	Scopes   int      `json:"scopes"`
	Devices  int      `json:"devices"`
	Audit    int      `json:"audit"`
	Problems []string `json:"problems"`
}

// maxProblems bounds the list: a broken index would fill it with its records.
const maxProblems = 50

// Verify reads everything and compares it with everything else that says the
// same: records with the feeds, the fingerprints and the indexes, devices with
// their tokens, the audit log with its chain. It returns CodeDamaged with the
// list of what is wrong.
func (o *Office) Verify() (Verified, error) {
	c := &verification{
		places:  map[placeAt]syncproto.FeedEntry{},
		members: map[member]uint64{},
		sums:    map[sumOf]syncproto.Sum{},
		parents: map[syncproto.Key][]syncproto.Key{},
		scopes:  map[syncproto.Scope]bool{},
	}
	c.out.Problems = []string{}
	if err := o.store.Check(); err != nil {
		return c.out, err
	}
	if err := o.store.View(c.run); err != nil {
		return c.out, err
	}
	if len(c.out.Problems) == 0 {
		return c.out, nil
	}
	return c.out, &syncproto.Error{
		Code:    syncproto.CodeDamaged,
		Message: fmt.Sprintf("服务器的数据有 %d 处不一致。", len(c.out.Problems)),
		Hint:    "请停止服务，用最近一次检查通过的备份执行 gridbookd restore，各村电脑会自动补齐；这份数据请留着备查。",
		Err:     fmt.Errorf("first: %s", c.out.Problems[0]),
	}
}

type placeAt struct {
	scope syncproto.Scope
	seq   syncproto.Seq
}

type member struct {
	scope syncproto.Scope
	key   syncproto.Key
}

type sumOf struct {
	scope syncproto.Scope
	day   uint32
}

// verification collects what the records say, and then hears the others.
type verification struct {
	out     Verified
	state   syncproto.HubState
	places  map[placeAt]syncproto.FeedEntry
	members map[member]uint64
	sums    map[sumOf]syncproto.Sum
	parents map[syncproto.Key][]syncproto.Key
	scopes  map[syncproto.Scope]bool
}

func (c *verification) problem(format string, args ...any) {
	if len(c.out.Problems) < maxProblems {
		c.out.Problems = append(c.out.Problems, fmt.Sprintf(format, args...))
	}
}

func (c *verification) run(tx Tx) (err error) {
	if c.state, err = tx.State(); err != nil {
		return err
	}
	for st, err := range tx.Records() {
		if err != nil {
			return err
		}
		c.record(st)
	}
	for scope, err := range tx.Scopes() {
		if err != nil {
			return err
		}
		c.scopes[scope] = true
	}
	for scope := range c.scopes {
		if err := c.scope(tx, scope); err != nil {
			return err
		}
	}
	for at, e := range c.places {
		c.problem("record %s is missing in %s at %d", e.Key, at.scope, at.seq)
	}
	for m := range c.members {
		c.problem("record %s is missing among the members of %s", m.key, m.scope)
	}
	c.out.Scopes = len(c.scopes)
	if err := c.dependants(tx); err != nil {
		return err
	}
	if err := c.devices(tx); err != nil {
		return err
	}
	return c.audit(tx)
}

func (c *verification) record(st *syncproto.Stored) {
	c.out.Records++
	if st.Purged {
		c.out.Purged++
	}
	if st.Seq == 0 || st.Seq > c.state.Seq {
		c.problem("record %s has the place %d of %d", st.Key, st.Seq, c.state.Seq)
	}
	if st.Parent != (syncproto.Key{}) {
		c.parents[st.Parent] = append(c.parents[st.Parent], st.Key)
	}
	hash, day := st.Hash(), st.ID.Time.Day()
	for _, p := range st.Places {
		c.out.Places++
		c.scopes[p.Scope] = true
		at := placeAt{p.Scope, p.Seq}
		if other, ok := c.places[at]; ok {
			c.problem("records %s and %s share the place %d of %s", st.Key, other.Key, p.Seq, p.Scope)
		}
		c.places[at] = syncproto.FeedEntry{Seq: p.Seq, Key: st.Key, Gone: p.Gone}
		if p.Gone || st.Purged {
			continue
		}
		c.members[member{p.Scope, st.Key}] = hash.Short()
		for _, d := range []uint32{day, syncproto.AllDays} {
			s := sumOf{p.Scope, d}
			c.sums[s] = c.sums[s].Add(hash)
		}
	}
}

func (c *verification) scope(tx Tx, s syncproto.Scope) error {
	for e, err := range tx.Feed(s, 0) {
		if err != nil {
			return err
		}
		at := placeAt{s, e.Seq}
		if c.places[at] != e {
			c.problem("the feed of %s has %s at %d", s, e.Key, e.Seq)
		}
		delete(c.places, at)
	}
	total, err := tx.Sum(s, syncproto.AllDays)
	if err != nil {
		return err
	}
	if want := c.sums[sumOf{s, syncproto.AllDays}]; total != want {
		c.problem("the fingerprint of %s says %d records, there are %d, or others", s, total.Count, want.Count)
	}
	days := map[uint32]bool{}
	for k := range c.sums {
		if k.scope == s && k.day != syncproto.AllDays {
			days[k.day] = true
		}
	}
	for d, err := range tx.Days(s) {
		if err != nil {
			return err
		}
		if d.Sum != c.sums[sumOf{s, d.Day}] {
			c.problem("the fingerprint of %s for day %d differs", s, d.Day)
		}
		days[d.Day] = true
	}
	for day := range days {
		if err := c.day(tx, s, day); err != nil {
			return err
		}
	}
	return nil
}

func (c *verification) day(tx Tx, s syncproto.Scope, day uint32) error {
	if sum, err := tx.Sum(s, day); err != nil || sum != c.sums[sumOf{s, day}] {
		c.problem("the fingerprint of %s for day %d is missing or differs: %v", s, day, err)
	}
	for h, err := range tx.OfDay(s, day) {
		if err != nil {
			return err
		}
		m := member{s, h.Key}
		if hash, ok := c.members[m]; !ok || hash != h.Hash {
			c.problem("%s lists %s, which does not stand there or is another", s, h.Key)
		}
		delete(c.members, m)
	}
	return nil
}

func (c *verification) dependants(tx Tx) error {
	for parent, want := range c.parents {
		got, err := collect(tx.Dependants(parent))
		if err != nil {
			return err
		}
		slices.SortFunc(got, syncproto.Key.Compare)
		slices.SortFunc(want, syncproto.Key.Compare)
		if !slices.Equal(got, want) {
			c.problem("%s has %d dependants, its index %d, or others", parent, len(want), len(got))
		}
	}
	return nil
}

func (c *verification) devices(tx Tx) error {
	replicas := map[syncproto.ReplicaID]uint32{}
	for d, err := range tx.Devices() {
		if err != nil {
			return err
		}
		c.out.Devices++
		if other, ok := replicas[d.Replica]; ok {
			c.problem("devices %d and %d share the replica number %d", d.ID, other, d.Replica)
		}
		replicas[d.Replica] = d.ID
		if d.ID >= c.state.NextDevice || d.Replica >= c.state.NextReplica {
			c.problem("device %d, replica %d: not given out yet", d.ID, d.Replica)
		}
		byToken, err := tx.DeviceByToken(d.TokenHash)
		if err != nil {
			return err
		}
		if byToken == nil || byToken.ID != d.ID {
			c.problem("the token of device %d leads elsewhere", d.ID)
		}
	}
	return nil
}

func (c *verification) audit(tx Tx) error {
	var last Entry
	for e, err := range tx.Audit(0) {
		if err != nil {
			return err
		}
		c.out.Audit++
		if e.Number != last.Number+1 || e.Link(last.Chain) != e.Chain {
			c.problem("the audit log was changed at line %d", e.Number)
		}
		last = e
	}
	return nil
}
