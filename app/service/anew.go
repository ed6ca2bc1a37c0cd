package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gridbook/app/boltstore"
	"gridbook/app/edit"
	"gridbook/app/syncer"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// A laptop whose person has left is handed on, or its person gets another
// duty: it joins anew, with a new invitation. The new store is made beside the
// old one, and takes its place only once the enrolment is whole; the old files
// stay, in a folder of their own.

// anew is the folder in which the new store is made.
func (o Options) anew() Options {
	o.Dir = filepath.Join(o.Dir, "joining-anew")
	return o
}

// JoinAnew enrols in the place of an old laptop, which it closes when that has
// succeeded; until then nothing has changed. join is Join or JoinByStick. It
// fails with CodeNotAllowed while the old laptop has a duty or unsent work, and
// with the errors of join; after those it may be repeated.
func JoinAnew(o Options, old *Laptop, join func(Options) (*Laptop, error)) error {
	if err := old.mayGo(); err != nil {
		return err
	}
	if err := o.anew().Folder(); err != nil {
		return err
	}
	fresh, err := join(o.anew())
	if err != nil {
		return err
	}
	if err := errors.Join(old.carryDeposits(fresh), fresh.Close(), old.Close()); err != nil {
		return fmt.Errorf("service: join anew: %w", err)
	}
	aside := filepath.Join(o.Dir, "ended-"+o.Now().UTC().Format("20060102-150405"))
	if err := moveStore(o.Dir, aside); err != nil {
		return err
	}
	return o.settleAnew()
}

// mayGo checks that nothing is lost when another store takes this one's place.
func (l *Laptop) mayGo() error {
	ended, err := l.Book.Ended()
	if err != nil {
		return err
	}
	if ended == nil {
		return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "这台电脑还在使用中，不用重新加入", Hint: "要换一个身份加入，请另选一个数据文件夹。"}
	}
	if ended.ToSend+ended.Photos > 0 {
		return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "还有没上传的内容，先不能重新加入",
			Hint: "请先联网同步一次，或用 U 盘交给乡镇(街道)；全部上传后再用新的邀请码加入。"}
	}
	return nil
}

// carryDeposits shows the deposits to the server from the new store too, if it
// is the same server: it may have been restored, since this laptop was last
// there, from a backup that lacks what is in them.
func (l *Laptop) carryDeposits(to *Laptop) error {
	var kept []*syncproto.Record
	var here, there []byte
	err := l.Store.View(func(tx *boltstore.Tx) (err error) {
		if here, err = hubKey(tx); err != nil {
			return err
		}
		for rec, err := range tx.Scan(ledger.Deposit) {
			if err != nil {
				return err
			}
			kept = append(kept, rec)
		}
		return nil
	})
	if err != nil || here == nil || len(kept) == 0 {
		return err
	}
	return to.Store.Update(func(tx *boltstore.Tx) (err error) {
		if there, err = hubKey(tx); err != nil || !bytes.Equal(here, there) {
			return err
		}
		for _, rec := range kept {
			if err := syncproto.Carry(tx, rec); err != nil {
				return err
			}
		}
		return nil
	})
}

// hubKey is the key by which an enrolled store knows its server, nil for none.
func hubKey(tx *boltstore.Tx) ([]byte, error) {
	hub, err := syncer.HubOf(tx)
	if syncproto.CodeOf(err) == syncproto.CodeNotJoined {
		return nil, nil
	}
	return hub.SignKey, err
}

// settleAnew gives a new store its place, also if the program was stopped on
// the way there.
func (o Options) settleAnew() error {
	if _, err := os.Stat(filepath.Join(o.Dir, boltstore.FileName)); err == nil || !o.anew().enrolled() {
		return nil
	}
	if err := moveStore(o.anew().Dir, o.Dir); err != nil {
		return err
	}
	_ = os.Remove(o.anew().Dir) // it is empty; if not, no harm is done
	return nil
}

// moveStore moves the files of a store, the ledger itself last: while it is
// there, the store is.
func moveStore(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("service: move the data: %w", err)
	}
	var files []string
	for _, pattern := range []string{"photos*", "gridbook?*"} {
		found, err := filepath.Glob(filepath.Join(from, pattern))
		if err != nil {
			return fmt.Errorf("service: move the data: %w", err)
		}
		files = append(files, found...)
	}
	last := filepath.Join(from, boltstore.FileName)
	for _, f := range files {
		if f == last {
			continue
		}
		if err := rename(f, to); err != nil {
			return err
		}
	}
	return rename(last, to)
}

// rename moves a file into a folder. Windows lets go of a closed file only
// after a moment.
func rename(file, folder string) (err error) {
	for range 10 {
		if err = os.Rename(file, filepath.Join(folder, filepath.Base(file))); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return &syncproto.Error{Code: syncproto.CodeDiskFull, Message: "旧资料没有移开，新的还没有启用", Hint: "请关掉网格簿再打开一次。", Err: err}
}

// JoinAnew enrols this laptop with a new invitation when its duty has ended.
func (s *Service) JoinAnew(ctx context.Context, invitation, device, password string) (State, error) {
	return s.joinAnew(ctx, password, func(o Options) (*Laptop, error) { return Join(ctx, o, invitation, device, password) })
}

// JoinAnewByStick is JoinAnew with the file of a first copy: see JoinByStick.
func (s *Service) JoinAnewByStick(ctx context.Context, handle, code, device, password string) (State, error) {
	if s.files == nil {
		return State{}, &syncproto.Error{Code: syncproto.CodeUsage, Message: "这里不能读文件", Hint: "请用 gridbook join 命令加入。"}
	}
	file, err := s.files.Get(handle)
	if err != nil {
		return State{}, err
	}
	return s.joinAnew(ctx, password, func(o Options) (*Laptop, error) { return joinFirst(o, file.Data, code, device, password) })
}

func (s *Service) joinAnew(ctx context.Context, password string, join func(Options) (*Laptop, error)) (State, error) {
	laptop, err := s.unlocked()
	if err != nil {
		return State{}, err
	}
	if err := s.inPlaceOf(laptop, join); err != nil {
		return State{}, err
	}
	return s.Unlock(ctx, password)
}

// inPlaceOf leaves the service locked when it has succeeded.
func (s *Service) inPlaceOf(old *Laptop, join func(Options) (*Laptop, error)) error {
	s.opening.Lock()
	defer s.opening.Unlock()
	err := JoinAnew(s.o, old, join)
	if err == nil {
		s.mu.Lock()
		s.laptop, s.undo, s.undone = nil, map[string][]edit.Edit{}, nil
		s.mu.Unlock()
	}
	return err
}
