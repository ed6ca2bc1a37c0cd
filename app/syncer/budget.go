package syncer

import (
	"encoding/binary"
	"time"

	"gridbook/syncproto"
)

// budget sizes the exchanges to the way: each should take about aim, so that a
// cut loses little and the time of answering is small beside it.
type budget struct {
	known    bool
	up, down int // bytes of batch before compression; 0: the session's own
	link     int // bytes/s of the slower direction; 0: unknown
	saved    int // what the store has as link
	distant  int // answers in a row that were long in coming, though the way was thought fast
}

const (
	aim = 10 * time.Second
	// packing is about how many bytes of batch go into one on the wire.
	packing = 4
	// measurable is how many bytes tell something of a way's speed.
	measurable = 4 << 10
	// far is an answering time that only slow ways have, such as a village's
	// mobile network at its edge; slow is the speed to expect of those.
	far  = 150 * time.Millisecond
	slow = 24 << 10
	near = 50 * time.Millisecond
	// brief is how long an upload may take for other reasons than the way:
	// others before it, and the hub's disk.
	brief = 400 * time.Millisecond
	// another is by how many times a way must be slower than was thought to
	// be another one, and not the same on a bad day.
	another = 8
)

const linkSetting = "sync/link"

func (b *budget) load(tx Tx) error {
	v, err := tx.Setting(linkSetting)
	if err != nil {
		return err
	}
	b.known = true
	if n, used := binary.Uvarint(v); used > 0 && n < 1<<40 {
		b.link, b.saved = int(n), int(n)
		b.size()
	}
	return nil
}

func (b *budget) save(tx Tx) error {
	// The speed is a rough figure: small changes are not worth a write.
	if b.link == b.saved || b.link > b.saved*3/4 && b.link < b.saved*4/3 {
		return nil
	}
	b.saved = b.link
	return tx.PutSetting(linkSetting, binary.AppendUvarint(nil, uint64(b.link)))
}

// learn takes the speed from an exchange.
func (b *budget) learn(up int, a Answer) {
	b.known = true
	speed := measured(up, a)
	switch {
	case speed > 0 && b.link > 0 && speed < b.link*64 && speed*another > b.link:
		b.link = (b.link + speed) / 2
	case speed > 0:
		b.link = speed
	case b.gone(up, a):
		b.link = slow
	case b.link > 0 && b.link <= slow*2 && a.Head > 0 && a.Head < near:
		b.link = 0 // another way than the one that was measured
	}
	b.size()
}

// measured is the speed of the slower direction, 0 if too little has passed
// for telling.
func measured(up int, a Answer) (speed int) {
	if len(a.Body) >= measurable {
		speed = rate(len(a.Body), a.Tail)
	}
	if up >= measurable && a.Head >= brief {
		if s := rate(up, a.Head); speed == 0 || s < speed {
			speed = s
		}
	}
	return speed
}

// gone reports whether small exchanges show that the laptop has left the fast
// way that it was on, so that the next large upload is packed for a slow one.
// One late answer may be the hub's doing; a late connection is not.
func (b *budget) gone(up int, a Answer) bool {
	if a.Head < far {
		b.distant = 0
		return false
	}
	if b.link > slow*2 && up == 0 {
		b.distant++
	}
	return b.link == 0 || b.link > slow*2 && (a.Connect >= far || b.distant >= 2)
}

func rate(n int, took time.Duration) int {
	return int(float64(n) / max(took.Seconds(), 1e-4))
}

func (b *budget) size() {
	if b.link == 0 {
		b.up, b.down = 0, 0
		return
	}
	size := int(min(float64(b.link)*aim.Seconds()*packing, syncproto.DefaultDown))
	b.down = max(size, syncproto.MinBudget)
	b.up = max(min(size, syncproto.DefaultUp), syncproto.MinBudget)
}

// halve takes a failed exchange for a sign that the way is worse than thought.
func (b *budget) halve() {
	if b.up == 0 {
		b.up, b.down = syncproto.DefaultUp, syncproto.DefaultDown
	}
	b.up, b.down = max(b.up/2, syncproto.MinBudget), max(b.down/2, syncproto.MinBudget)
	b.link /= 2
}
