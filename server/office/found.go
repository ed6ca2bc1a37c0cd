package office

import (
	"fmt"
	"io"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Founding is what a new township's server begins with.
type Founding struct {
	Township string // 9-digit code
	Name     string
	Keys     Keys
	Who      string // for the audit
}

// Found makes the empty store of a new township. Errors: CodePlace,
// CodeUsage, CodeExists.
func (o *Office) Found(f Founding) error {
	if !ledger.IsTownship(f.Township) {
		return &syncproto.Error{
			Code:    syncproto.CodePlace,
			Message: fmt.Sprintf("“%s”不是乡镇（街道）代码。", f.Township),
			Hint:    "请填 9 位数字的区划代码，例如新狮街道是 330702009。",
		}
	}
	if f.Name == "" {
		return &syncproto.Error{
			Code:    syncproto.CodeUsage,
			Message: "没有填乡镇（街道）的名称。",
			Hint:    "请加上 --name，例如 --name 新狮街道。",
		}
	}
	return o.store.Update(func(tx Tx) error {
		s, err := tx.State()
		if err != nil {
			return err
		}
		if s.Township != "" {
			return &syncproto.Error{
				Code:    syncproto.CodeExists,
				Message: "这里已经是 " + s.Name + "（" + s.Township + "）的服务器。",
				Hint:    "请换一个空目录。",
			}
		}
		for name, value := range f.Keys.settings() {
			if err := tx.PutSetting(name, value); err != nil {
				return err
			}
		}
		s.Township, s.Name, s.Epoch = f.Township, f.Name, syncproto.Epoch(o.now()/1000)
		if err := tx.SetState(s); err != nil {
			return err
		}
		return o.audit(tx, f.Who, ActInit, f.Township, f.Name)
	})
}

// Restored makes a store that was copied from a backup the township's server
// again: it opens a new epoch, in which laptops give back what the backup
// lacks, and never again gives out a number that may have been given out
// after the backup.
func (o *Office) Restored(who, file string) (syncproto.HubState, error) {
	var s syncproto.HubState
	err := o.store.Update(func(tx Tx) (err error) {
		if s, err = tx.State(); err != nil {
			return err
		}
		s = syncproto.NewEpoch(s, o.now())
		if err := tx.SetState(s); err != nil {
			return err
		}
		if err := tx.PutSetting(settingRestored, fmt.Append(nil, o.now())); err != nil {
			return err
		}
		if _, err := o.album.settleAll(tx, o.now()); err != nil {
			return err
		}
		return o.audit(tx, who, ActRestore, file, fmt.Sprintf("epoch %d", s.Epoch))
	})
	if err != nil {
		return s, fmt.Errorf("new epoch: %w", err)
	}
	return s, nil
}

// Address returns where laptops reach the server, "" if it never served.
func (o *Office) Address() (address string, err error) {
	err = o.store.View(func(tx Tx) error {
		v, err := tx.Setting(settingAddress)
		address = string(v)
		return err
	})
	return address, err
}

// SetAddress remembers where laptops reach the server.
func (o *Office) SetAddress(address string) error {
	before, err := o.Address()
	if err != nil || before == address {
		return err
	}
	return o.store.Update(func(tx Tx) error { return tx.PutSetting(settingAddress, []byte(address)) })
}

// Snapshot writes a copy of the store while it is in use.
func (o *Office) Snapshot(w io.Writer) (int64, error) {
	if err := o.Flush(); err != nil {
		return 0, err
	}
	return o.store.Snapshot(w)
}
