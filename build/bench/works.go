package main

import (
	"errors"
	"fmt"
	"runtime"

	"gridbook/build/bench/workload"
	"gridbook/build/link"
	"gridbook/build/stage"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// laptop enrols a laptop that is driven by commands, over the way that it
// will use: it learns there what to expect of it.
func (t *township) laptop(role, scope, person string, w link.Way) (*stage.Laptop, error) {
	invitation, err := t.office.Invite(role, scope, person, "--unlisted")
	if err != nil {
		return nil, err
	}
	l := &stage.Laptop{Programs: t.office.Programs, Dir: t.folder(), Password: password, Watched: true}
	return l, t.over(w, func() error { return l.Join(invitation) })
}

// command measures one "sync" of a laptop.
func (t *township) command(what string, l *stage.Laptop, w link.Way) (figure, error) {
	base := l.Run("status") // start, unlock and close, and no sync
	if err := base.Failed(); err != nil {
		return figure{}, err
	}
	var fig figure
	err := t.over(w, func() (err error) {
		fig, err = t.measure(what, func(f *figure) error {
			var s stage.Synced
			r := l.Run("sync")
			if err := r.JSON(&s); err != nil {
				return err
			}
			if !s.Verified.Equal {
				return fmt.Errorf("not the same as the server: %+v", s)
			}
			f.process(r, s, base.Usage)
			f.note = fmt.Sprintf("%d records; start and unlock %s (CPU %s)", s.Verified.Records, seconds(base.Usage.Wall), seconds(base.Usage.CPU))
			return nil
		})
		return err
	})
	if err == nil {
		fig.disk, err = size(l.Dir)
	}
	return fig, err
}

// warm measures one sync of a laptop whose connection is open.
func (t *township) warm(what string, d *desk, w link.Way) (figure, error) {
	var fig figure
	err := t.over(w, func() (err error) {
		fig, err = t.measure(what, func(f *figure) error {
			done, err := d.sync()
			f.exchanges = done.Exchanges
			return err
		})
		return err
	})
	return fig, err
}

// w1: a new laptop fetches its village.
func (t *township) w1() ([]figure, error) {
	var out []figure
	for _, way := range []struct {
		name string
		link.Way
	}{{"fast", link.Way{}}, {"slow", link.Slow()}} {
		l, err := t.laptop("village", workload.VillageCode("v01"), "书记"+way.name, way.Way)
		if err != nil {
			return nil, err
		}
		fig, err := t.command(way.name, l, way.Way)
		if err != nil {
			return nil, err
		}
		out = append(out, fig)
	}
	return out, nil
}

// w2and4: 200 offline edits go up; nothing has changed.
func (t *township) w2and4() (w2, w4 []figure, err error) {
	for batch, way := range []struct {
		name string
		link.Way
	}{{"fast, warm", link.Way{}}, {"slow, warm", link.Slow()}} {
		var d *desk
		err := t.over(way.Way, func() (err error) {
			d, err = t.sit("village", workload.VillageCode("v02"), "委员"+way.name)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		quiet, err := t.warm(way.name, d, way.Way)
		if err != nil {
			return nil, nil, errors.Join(err, d.Close())
		}
		ops, err := t.edits("v02", batch)
		if err == nil {
			err = d.enter(ops)
		}
		if err != nil {
			return nil, nil, errors.Join(err, d.Close())
		}
		busy, err := t.warm(way.name, d, way.Way)
		if err = errors.Join(err, d.Close()); err != nil {
			return nil, nil, err
		}
		w2, w4 = append(w2, busy), append(w4, quiet)
	}
	l, err := t.laptop("village", workload.VillageCode("v02"), "命令", link.Way{})
	if err != nil {
		return nil, nil, err
	}
	if _, err := l.Sync(); err != nil {
		return nil, nil, err
	}
	cold, err := t.command("fast, a new process", l, link.Way{})
	return w2, append(w4, cold), err
}

// sendTimes is how often the villages send, for the median.
const sendTimes = 5

// w3: all villages send their 200 edits at the same time.
func (t *township) w3() (figs []figure, err error) {
	var desks []*desk
	defer func() {
		for _, d := range desks {
			err = errors.Join(err, d.Close())
		}
	}()
	for _, v := range t.seed.Villages {
		d, err := t.sit("village", workload.VillageCode(v), "同时"+v)
		if err != nil {
			return nil, err
		}
		desks = append(desks, d)
	}
	fig, err := medianOf(sendTimes, func(i int) (figure, error) {
		for j, v := range t.seed.Villages {
			ops, err := t.edits(v, batches-sendTimes+i)
			if err == nil {
				err = desks[j].enter(ops)
			}
			if err != nil {
				return figure{}, err
			}
		}
		// Twenty laptops in one process leave a litter of a gigabyte from their
		// first copies. No laptop has that, and a sync should not wade through it.
		runtime.GC()
		return t.measure("", func(*figure) error { return together(desks) })
	})
	fig.what, fig.exchanges = fmt.Sprintf("%d laptops", len(desks)), len(desks)
	fig.note = fmt.Sprintf("median of %d times; the laptops share the machine's 2 cores with the server", sendTimes)
	return []figure{fig}, err
}

// together syncs all desks at once.
func together(desks []*desk) (err error) {
	errs := make(chan error, len(desks))
	for _, d := range desks {
		go func() {
			_, err := d.sync()
			errs <- err
		}()
	}
	for range desks {
		err = errors.Join(err, <-errs)
	}
	return err
}

// w5: two laptops edit one resident offline, different fields and the same.
func (t *township) w5() (string, error) {
	var desks [2]*desk
	for i := range desks {
		d, err := t.sit("village", workload.VillageCode("v03"), fmt.Sprintf("二人%d", i))
		if err != nil {
			return "", err
		}
		defer d.Close()
		desks[i] = d
	}
	person := syncproto.ID{}
	for doc, id := range t.seed.IDs {
		if doc == "p005000" { // of the third village
			person = id
		}
	}
	set := func(d *desk, field, value string) error {
		return d.enter([]workload.Op{{Op: "set", Collection: "resident", ID: person.String(), Fields: map[string]any{field: value}}})
	}
	err := errors.Join(set(desks[0], "job", "务农"), set(desks[1], "note", "两人同时改"),
		set(desks[0], "phone", "10000000001"), set(desks[1], "phone", "10000000002"))
	if err != nil {
		return "", err
	}
	for _, d := range []*desk{desks[0], desks[1], desks[0]} {
		if _, err := d.sync(); err != nil {
			return "", err
		}
	}
	resident := ledger.Must(ledger.Resident)
	for i, d := range desks {
		if err := d.both(syncproto.Key{Collection: ledger.Resident, ID: person}, resident); err != nil {
			return "", fmt.Errorf("laptop %d: %w", i+1, err)
		}
	}
	return "different fields: both stand on both laptops; same field: both values kept, listed for review on both", nil
}

// w6: the township's laptop fetches everything.
func (t *township) w6(slow bool) ([]figure, error) {
	ways := []struct {
		name string
		link.Way
	}{{"fast", link.Way{}}}
	if slow {
		ways = append(ways, struct {
			name string
			link.Way
		}{"slow", link.Slow()})
	}
	var out []figure
	for _, way := range ways {
		l, err := t.laptop("township", townshipCode, "街道"+way.name, way.Way)
		if err != nil {
			return nil, err
		}
		fig, err := t.command(way.name, l, way.Way)
		if err != nil {
			return nil, err
		}
		out = append(out, fig)
	}
	return out, nil
}

// both reports an error unless a record has the values of both laptops.
func (d *desk) both(k syncproto.Key, c *ledger.Collection) error {
	rec, err := d.record(k)
	if err != nil {
		return err
	}
	phone, _ := rec.Field(c.Tag("phone"))
	if rec.Value(c.Tag("note")).Text() != "两人同时改" || rec.Value(c.Tag("job")).IsNull() || len(phone.Heads) != 2 {
		return fmt.Errorf("an edit is missing: %d values of the same field", len(phone.Heads))
	}
	return nil
}

// overTLS measures W4 with a full handshake, resumed in a new process, and on
// a warm connection.
func (t *township) overTLS() ([]figure, error) {
	l, err := t.laptop("village", workload.VillageCode("v01"), "加密", link.Way{})
	if err != nil {
		return nil, err
	}
	if _, err := l.Sync(); err != nil {
		return nil, err
	}
	again, err := t.command("a new process", l, link.Way{})
	if err != nil {
		return nil, err
	}
	d, err := t.sit("village", workload.VillageCode("v01"), "加密二")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	warm, err := t.warm("warm connection", d, link.Way{})
	return []figure{again, warm}, err
}
