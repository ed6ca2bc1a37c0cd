package syncproto

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Hub is the step machine of the server's side. It does no I/O: each Serve
// runs in one transaction of the hub's store.
type Hub struct {
	Policy Policy
	Rand   io.Reader
	Codec  *Codec
	// Clerk makes the hub's own records, and Key is the secret of 32 bytes
	// with which they are sealed. Without both there is no inbox, and no
	// trace of what was erased.
	Clerk Clerk
	Key   []byte
	// Version is the newest protocol version to speak, with the one before
	// it; 0: Version.
	Version int
}

// version returns the newest protocol version that h speaks.
func (h *Hub) version() int {
	if h.Version == 0 {
		return Version
	}
	return h.Version
}

// Served is what came of a request: the reply, and the device that made it
// with what people want to know of it brought up to date. After an upload the
// device has been stored; else the caller may store it when it likes.
type Served struct {
	Reply  *Reply
	Device *Device // nil if the request was refused before it was known
	Joined []Key   // records that the upload changed
	// Foreign are the numbers of other laptops under which the device has sent
	// what those never wrote; it was refused.
	Foreign []ReplicaID

	down    *Batch // still to be packed
	effort  Effort
	version int
}

// NeedsWrite reports whether Serve may write: it does for an upload and for a
// replica that asks to have its lease settled. All other requests may be
// served in a read-only transaction.
func NeedsWrite(q *Request) bool { return len(q.Batch) > 0 || len(q.Nonce) > 0 }

// exchange is one Serve.
type exchange struct {
	*Hub
	tx     HubTx
	req    *Request
	now    int64
	state  HubState
	device *Device
	scopes []Scope
	base   Seq // the feed's end before this upload
	since  Seq // up to here the replica knows every change
	reply  *Reply
	down   Batch
	index  map[Key]int // where a record stands in down
	size   int
	joined []Key
	taken  map[Key]*Stored // of the upload: as it stood before, nil: not here
	held   map[Key]bool    // of the upload: kept in the inbox
	filed  int             // bytes of it that went into the inbox
	failed error           // of the store, found where none can be returned

	overtaken bool // the upload was: its sender gets no news, see lease

	kin        map[ReplicaID]bool // the numbers of the same laptop, once they are asked for
	foreigners []ReplicaID        // see Served.Foreign
}

// Serve answers one request. The error is of the store; everything that the
// peer did wrong is in the reply.
func (h *Hub) Serve(tx HubTx, q *Request, now int64) (*Served, error) {
	s, err := h.Join(tx, q, now)
	if err == nil {
		h.Pack(s)
	}
	return s, err
}

// Join is Serve but for packing the reply's batch, which may take long for a
// slow way and needs no transaction: Pack does it afterwards.
func (h *Hub) Join(tx HubTx, q *Request, now int64) (*Served, error) {
	x := &exchange{Hub: h, tx: tx, req: q, now: now, reply: &Reply{Version: h.version(), Now: now}, index: map[Key]int{}}
	err := x.run()
	if err == nil {
		return &Served{x.reply, x.device, x.joined, x.foreigners, &x.down, effortFor(q), q.Version}, nil
	}
	var e *refusal
	if errors.As(err, &e) {
		return &Served{Reply: &Reply{Version: h.version(), Now: now, Error: e.cause, Retry: e.retry}, Device: x.device}, nil
	}
	return nil, err
}

// effortFor chooses for a reply. What version 1 has for a writer with time to
// spare takes more of it than a hub has.
func effortFor(q *Request) Effort {
	if e := EffortFor(q.Link); e != Spare || q.Version > 1 {
		return e
	}
	return Fast
}

// Pack finishes the reply of a Join.
func (h *Hub) Pack(s *Served) {
	if s.down != nil {
		s.Reply.Batch, s.down = h.Codec.Encode(s.down, s.effort, s.version), nil
	}
}

// Unpack decodes the batch of a request ahead of Join, if the device is known:
// it costs the hub work. view runs a function in a read transaction; none is
// open while the batch is decoded, so that a slow one holds up nobody. What is
// wrong with the batch or its sender, Join will say; the error is the store's.
//
// What is written between Unpack and Join makes no difference: a prime is the
// right one if its text is, whenever the text was read.
func (h *Hub) Unpack(q *Request, view func(func(HubTx) error) error) error {
	known := func(f func(*exchange) error) error {
		return view(func(tx HubTx) error {
			x := &exchange{Hub: h, tx: tx, req: q}
			if err := x.admit(); err != nil {
				return err
			}
			x.scopes = h.Policy.Subscriptions(x.state.Township, x.device)
			return f(x)
		})
	}
	err := known(func(*exchange) error { return nil })
	if err == nil {
		q.batch, err = h.decode(q.Batch, func(p *prime) (text []byte, err error) {
			err = known(func(x *exchange) error {
				text, err = x.primeText(p)
				return err
			})
			return text, err
		})
	}
	if errors.As(err, &q.unread) {
		return nil
	}
	return err
}

// refusal ends an exchange with an error for the peer.
type refusal struct {
	cause *Error
	retry int // seconds
}

func (r *refusal) Error() string { return r.cause.Error() }

func refuse(code Code, message, hint string) error {
	return &refusal{cause: &Error{Code: code, Message: message, Hint: hint}}
}

func (x *exchange) run() error {
	if err := x.admit(); err != nil {
		return err
	}
	x.scopes = x.Policy.Subscriptions(x.state.Township, x.device)
	x.base = x.state.Seq
	var err error
	if x.since, err = since(x.req.Cursor); err != nil {
		return err
	}
	x.device.Seen = x.now
	if !x.req.Stick {
		x.device.Offset = x.req.Now - x.now
	}
	if x.req.Verdict.State != VerdictUnknown {
		x.device.Verdict, x.device.VerdictAt = x.req.Verdict, x.now
		if x.req.Verdict.State == VerdictEqual && x.device.Whole == 0 {
			x.device.Whole = x.now
		}
	}
	switch {
	case NeedsWrite(x.req):
		var proceed bool
		if proceed, x.overtaken, err = x.lease(); err != nil || !proceed {
			return err
		}
	case x.oldEpoch():
		return refuse(CodeEpoch, "服务器的数据是从备份恢复的", "程序会自动核对并补报,不用做什么")
	case len(x.req.Lease) > 0 && !x.device.follows(x.req):
		// It must learn that it is a copy before it gets what the other has
		// written under the same number: only then can it tell its own
		// unsent work from that.
		return refuse(CodeLease, "这是另一台电脑的副本,或是从备份恢复的", "程序会自动换一个编号,内容都还在")
	}
	if len(x.req.Batch) > 0 {
		if err := x.upload(); err != nil {
			return err
		}
	}
	switch {
	case x.overtaken:
		return nil
	case x.req.Probe != nil:
		return x.probe()
	}
	return x.download()
}

// oldEpoch reports whether the replica knows us from before a restore. One
// that has no cursor yet does if it was enrolled before the epoch began.
func (x *exchange) oldEpoch() bool {
	if e := x.req.Cursor.Epoch; e != 0 {
		return e != x.state.Epoch
	}
	began := int64(x.state.Epoch) * 1000
	return x.device.Joined < began && began <= x.now
}

func (x *exchange) admit() (err error) {
	if v := x.version(); x.req.Version < max(v-1, MinVersion) || x.req.Version > v {
		return refuse(CodeVersion, fmt.Sprintf("服务器使用第 %d 版协议,这台电脑使用第 %d 版", v, x.req.Version), "请安装同一批次的网格簿程序,数据不会丢")
	}
	if x.state, err = x.tx.State(); err != nil {
		return err
	}
	if x.device, err = x.tx.DeviceByToken(sha256.Sum256(x.req.Token)); err != nil {
		return err
	}
	switch {
	case x.device == nil:
		return refuse(CodeToken, "服务器不认识这台电脑", "请向乡镇(街道)要一张新的邀请,重新加入;未上报的内容都还在")
	case x.device.Revoked != 0:
		return refuse(CodeRevoked, "这台电脑已被乡镇(街道)停用", "请与乡镇(街道)联系;未上报的内容都还在,可导出数据包交给他们")
	}
	return nil
}

func (h *Hub) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(h.Rand, b); err != nil {
		return nil, fmt.Errorf("random bytes: %w", err)
	}
	return b, nil
}

// renumber makes the asking copy a device of its own, so that two copies of
// one laptop never write under the same number. Its token and lease come from
// the old token and the nonce: asked again because the reply was lost, the hub
// gives the same ones, and keeps no token for it.
func (x *exchange) renumber() error {
	if len(x.req.Nonce) == 0 {
		return refuse(CodeMalformed, "上报的数据缺少编号", "请更新程序后再试")
	}
	token, lease := x.inherit("token")[:TokenSize], x.inherit("lease")[:LeaseSize]
	heir, err := x.tx.DeviceByToken(sha256.Sum256(token))
	if err != nil {
		return err
	}
	if heir == nil {
		d := *x.device
		d.Before, d.Lease = x.device.ID, lease
		if _, err := x.enrol(&d, token); err != nil {
			return err
		}
		if err := x.bequeath(&d); err != nil {
			return err
		}
		heir = &d
	}
	x.reply.Renumber, x.reply.Token, x.reply.Lease = heir.Replica, token, lease
	if x.req.Cursor.Epoch != 0 && x.oldEpoch() {
		x.reply.Moved, x.reply.Cursor = true, x.compared()
	}
	return nil
}

// inherit derives a secret that only who has the old token can know.
func (x *exchange) inherit(what string) []byte {
	mac := hmac.New(sha256.New, x.req.Token)
	mac.Write([]byte("gridbook renumber " + what))
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(x.state.Epoch)))
	mac.Write(x.req.Nonce)
	return mac.Sum(nil)
}

// Enrol makes a device for a person, with its token, replica number and the
// shared record that lets everyone name the author of its stamps.
func (h *Hub) Enrol(tx HubTx, role, scope, person, name string, now int64) (*JoinReply, error) {
	x := &exchange{Hub: h, tx: tx, now: now, reply: &Reply{}}
	var err error
	if x.state, err = tx.State(); err != nil {
		return nil, err
	}
	token, err := x.random(TokenSize)
	if err != nil {
		return nil, err
	}
	lease, err := x.random(LeaseSize)
	if err != nil {
		return nil, err
	}
	return x.enrol(&Device{Role: role, Scope: scope, Person: person, Name: name, Subs: 1, Lease: lease}, token)
}

// enrol gives d its number and stores it.
func (x *exchange) enrol(d *Device, token []byte) (*JoinReply, error) {
	s := &x.state
	s.NextDevice = max(s.NextDevice, 1)
	s.NextReplica = max(s.NextReplica, HubReplica+1)
	if s.FirstReplica == 0 {
		if s.NextReplica > HubReplica+1 { // a hub of before this was kept
			s.NextReplica++ // its own is new too: see HubState.Own
		}
		s.FirstReplica = s.NextReplica
	}
	d.ID, d.Replica, d.TokenHash = s.NextDevice, s.NextReplica, sha256.Sum256(token)
	d.Turns, d.Told, d.Void, d.Joined = nil, nil, nil, x.now
	d.Seen, d.Uploaded, d.Verdict, d.VerdictAt, d.Sent, d.Rejected = x.now, 0, Verdict{}, 0, 0, 0
	d.Returned, d.Whole = nil, 0
	s.NextDevice++
	s.NextReplica++
	at := Stamp{s.Clock.Next(x.now), HubReplica}
	rec := x.Policy.DeviceRecord(at, d)
	x.seal(rec, at)
	x.base = s.Seq
	if err := x.put(nil, rec, nil); err != nil {
		return nil, err
	}
	if err := x.tx.PutDevice(d); err != nil {
		return nil, err
	}
	if err := x.tx.SetState(x.state); err != nil {
		return nil, err
	}
	return &JoinReply{Version: Version, Now: x.now, Device: d.ID, Replica: d.Replica, Token: token, Lease: d.Lease,
		Epoch: s.Epoch, Township: s.Township, TownshipName: s.Name, Role: d.Role, Scope: d.Scope, Person: d.Person}, nil
}

// HubReplica is the number of the hub's own writes, but for those that hold
// people's work: see HubState.Own.
const HubReplica ReplicaID = 1

// NewEpoch returns the state with which a restored hub begins: a new epoch,
// and numbers beyond all that the lost time may have given out.
func NewEpoch(s HubState, now int64) HubState {
	s.Epoch = max(s.Epoch+1, Epoch(now/1000))
	// By the clock, so that one backup may be restored twice: no hub enrols
	// a laptop every second. Where numbers have run ahead of the clock, two
	// restorations still differ by the seconds between them.
	if next := ReplicaID(now / 1000); next > s.NextReplica {
		s.NextReplica = next
	} else {
		s.NextReplica += 1<<16 + next%(1<<16)
	}
	s.NextReplica++ // the one before is the hub's own
	s.FirstReplica = s.NextReplica
	s.NextDevice += 1 << 16
	// A clock that leads goes on where the lost time's went on: up to a minute
	// further, by the same clock.
	s.Clock.Last += TimeAt(1 + now/1000%60_000)
	return s
}
