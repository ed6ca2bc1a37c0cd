package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"gridbook/app/boltstore"
	"gridbook/app/photos"
	"gridbook/syncproto"
)

// Options are what a laptop needs from outside.
type Options struct {
	Dir     string // the data folder
	Version string // of the program
	// Now is the wall clock in the zone of the laptop's calendar.
	Now  func() time.Time
	Rand io.Reader // cryptographically strong
	// KDF is the cost of new passwords; zero: boltstore.DefaultKDF.
	KDF boltstore.KDF
	// LockTimeout is how long to wait for another program to let go.
	LockTimeout time.Duration
	Network     Network // nil: HTTP
	// Drives lists the folders of the sticks that are plugged in; nil: Drives.
	Drives func() []string
	// Changed and Exchanging, which may be nil, are told of every commit and
	// whenever the exchange does something else.
	Changed    func(keys []syncproto.Key, remote bool)
	Exchanging func()
	// PhotosMoved, which may be nil, is told when photos have come or gone.
	PhotosMoved func()
	// Redirected, which may be nil, is told when the laptop has learnt of
	// another role or place, or that there is none any more.
	Redirected func()
}

func (o Options) network() Network {
	if o.Network != nil {
		return o.Network
	}
	return HTTP{Now: o.Now, Rand: o.Rand}
}

// Laptop is an open data folder: the book, and the exchange with the server.
type Laptop struct {
	Store *boltstore.Store
	Book  *Book
	Sync  Syncer
	// Photos are the pictures, in a file beside the store; nil while they
	// cannot be opened: see PhotosProblem.
	Photos *photos.Store

	o        Options
	shut     sync.Mutex // guards Photos' coming, and what follows
	problem  error      // why Photos is nil
	closed   bool       // photos are not opened again
	setAside string     // the damaged file of which a notice tells

	redirected func()
	stop       context.CancelFunc
	running    chan struct{}
}

func (o Options) store() boltstore.Options {
	return boltstore.Options{
		Now: func() int64 { return o.Now().UnixMilli() }, Rand: o.Rand, KDF: o.KDF, LockTimeout: o.LockTimeout,
		Index: Index, IndexVersion: IndexVersion,
	}
}

// Open unlocks the data folder. It fails with CodePassword, CodeLocked,
// CodeDamaged, and CodeNotJoined if there is none or its joining did not end.
func Open(o Options, password string) (*Laptop, error) {
	store, err := boltstore.Open(o.Dir, password, o.store())
	if err != nil {
		return nil, err
	}
	return openLaptop(o, store)
}

// Frugal makes this program collect its garbage when that is half of what it
// uses, not as much again: village laptops have little memory, and nothing
// here is in a hurry.
func Frugal() { debug.SetGCPercent(50) }

func openLaptop(o Options, store *boltstore.Store) (*Laptop, error) {
	// What the password's key derivation took, up to 64 MB, goes back before
	// the rosters come: village laptops have little.
	debug.FreeOSMemory()
	l := &Laptop{Store: store, o: o}
	book, err := NewBook(store, o.Now, func(keys []syncproto.Key, remote bool) {
		if o.Changed != nil {
			o.Changed(keys, remote)
		}
		if !remote && l.Sync != nil {
			l.Sync.Wake()
		}
	})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	l.Book = book
	if _, err := book.heedDuty(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if err := l.openPhotos(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	heard := Heard{Received: l.received, Status: func() {}, Photos: Album{book, o.PhotosMoved}, Keep: book.keep, Rested: l.rested}
	if o.Exchanging != nil {
		heard.Status = o.Exchanging
	}
	l.redirected = o.Redirected
	if l.Sync, err = o.network().Syncer(store, heard); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	// A stop right after the enrolment may have left this undone. It costs
	// nothing when it is done already.
	if key := book.me.Recovery; key != "" {
		if err := store.SetRecovery(key); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// received takes in what the server sent. The records are safe in the store
// already; if they cannot be read back, whoever opens them next is told.
func (l *Laptop) received(n News) {
	if l.Book.absorb(n, true) == nil {
		_ = l.Book.sweepPhotos()  // the next start does it too
		_ = l.Book.noteUploads(n) // a date on the township's list, no more
	}
}

// rested takes note of what an exchange that has ended came to. What cannot
// be noted now, the next one or the next start notes.
func (l *Laptop) rested() {
	l.shut.Lock()
	_ = l.tellPhotos()
	l.shut.Unlock()
	if changed, err := l.Book.heedDuty(); err == nil && changed && l.redirected != nil {
		l.redirected()
	}
}

// Join enrols this laptop with an invitation and sets the person's password.
// It fails with CodeExists if the folder is another's, CodeInvitation,
// CodeUnreachable and CodeCertificate; after those it may be repeated.
func Join(ctx context.Context, o Options, invitation, device, password string) (*Laptop, error) {
	if err := goodPassword(password); err != nil {
		return nil, err
	}
	if _, err := syncproto.ParseInvitation(invitation); err != nil {
		return nil, err
	}
	return enrol(o, password, func(store *boltstore.Store) error {
		return o.network().Join(ctx, store, invitation, device, func(tx Setter, reply *syncproto.JoinReply) error {
			return putSetting(tx, identitySetting, identityOf(reply, device))
		})
	})
}

// enrol makes the store, or takes that of an attempt that did not end, and
// lets join enrol it.
func enrol(o Options, password string, join func(*boltstore.Store) error) (*Laptop, error) {
	store, fresh, err := storeToJoin(o, password)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(o.joining(), nil, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("service: mark the enrolment: %w", err), store.Close())
	}
	if err := join(store); err != nil {
		return nil, errors.Join(err, abandon(o, store, fresh && neverAsked(err)))
	}
	if err := o.joined(); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return openLaptop(o, store)
}

// joining is a file that stands while an enrolment is under way: the store is
// there, but the first screen still asks for the invitation.
func (o Options) joining() string { return filepath.Join(o.Dir, "gridbook.joining") }

// joined takes that file away.
func (o Options) joined() error {
	if err := os.Remove(o.joining()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("service: end the enrolment: %w", err)
	}
	return nil
}

// enrolled reports whether the data folder holds an enrolled store, as far as
// can be told without the password.
func (o Options) enrolled() bool {
	_, err := os.Stat(o.joining())
	return boltstore.Exists(o.Dir) && errors.Is(err, os.ErrNotExist)
}

// storeToJoin makes the store, or opens the one of an attempt that did not
// end.
func storeToJoin(o Options, password string) (store *boltstore.Store, fresh bool, err error) {
	if !boltstore.Exists(o.Dir) {
		store, err = boltstore.Create(o.Dir, password, o.store())
		return store, true, err
	}
	store, err = boltstore.Open(o.Dir, password, o.store())
	if syncproto.CodeOf(err) == syncproto.CodePassword && !o.enrolled() {
		err = &syncproto.Error{Code: syncproto.CodePassword, Message: "上次加入没有完成，这次的密码和上次的不一样",
			Hint: "请输入上次设置的密码；想不起来了，就请乡镇(街道)再发一张邀请码，换一个数据文件夹加入。", Err: err}
	}
	if err != nil {
		return nil, false, err
	}
	err = store.View(func(tx *boltstore.Tx) error {
		_, err := readIdentity(tx)
		return err
	})
	switch {
	case err == nil:
		err = errors.Join(&syncproto.Error{Code: syncproto.CodeExists, Message: "这台电脑已经加入了乡镇(街道)",
			Hint: "请直接打开。要换一个身份加入，请另选一个数据文件夹。"}, o.joined())
	case syncproto.CodeOf(err) == syncproto.CodeNotJoined:
		return store, false, nil
	}
	return nil, false, errors.Join(err, store.Close())
}

// neverAsked reports whether a failed enrolment certainly did not use up the
// invitation, so that nothing needs to be kept for the next try.
func neverAsked(err error) bool {
	switch syncproto.CodeOf(err) {
	case syncproto.CodeInvitation, syncproto.CodeTownship, syncproto.CodeCertificate, syncproto.CodeVersion, syncproto.CodeNotOurs:
		return true
	}
	return false
}

// abandon closes a store that was not enrolled, and removes it if there is
// nothing in it that another try would need.
func abandon(o Options, store *boltstore.Store, remove bool) error {
	err := store.Close()
	if remove && err == nil {
		err = removeStore(o.Dir)
	}
	return err
}

// removeStore removes a store that was made a moment ago and holds nothing.
func removeStore(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "gridbook*"))
	for _, f := range files {
		err = errors.Join(err, os.Remove(f))
	}
	if err != nil {
		return fmt.Errorf("service: remove the store that was not enrolled: %w", err)
	}
	return nil
}

// minPassword is the least number of characters of a password.
const minPassword = 6

func goodPassword(password string) error {
	if len([]rune(password)) < minPassword {
		return &syncproto.Error{Code: syncproto.CodePassword, Message: fmt.Sprintf("密码太短，至少 %d 位", minPassword),
			Hint: "请换一个自己记得住、别人猜不到的密码。"}
	}
	return nil
}

// Background syncs and makes copies by itself until Close.
func (l *Laptop) Background() {
	ctx, stop := context.WithCancel(context.Background())
	l.stop, l.running = stop, make(chan struct{})
	go func() {
		defer close(l.running)
		l.Sync.Run(ctx)
	}()
}

// CopyIfDue makes a verified copy of the store beside it when it is time.
func (l *Laptop) CopyIfDue() error {
	due, err := l.Store.CopyDue()
	if err != nil || !due {
		return err
	}
	return l.Store.Copy()
}

// Close ends the exchange and closes the store.
func (l *Laptop) Close() error {
	if l.stop != nil {
		l.stop()
		<-l.running
	}
	var err error
	if l.Sync != nil {
		err = l.Sync.Close()
	}
	if l.Book != nil {
		l.Book.Close()
	}
	return errors.Join(err, l.closePhotos(), l.Store.Close())
}

// Folder makes the data folder if it is not there.
func (o Options) Folder() error {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return &syncproto.Error{Code: syncproto.CodeDiskFull, Message: "建不了数据文件夹", Hint: "请检查磁盘空间和文件夹的权限，或用 --data 换一个位置。", Err: err}
	}
	return nil
}
