package service

import (
	"context"
	"os"
	"path/filepath"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// State says who is at the laptop and which screen comes first.
func (s *Service) State(ctx context.Context) (State, error) {
	out := State{Phase: PhaseLocked, Version: s.o.Version, Today: dateText(ledger.DayOf(s.o.Now()))}
	laptop, err := s.unlocked()
	if err != nil {
		if err := s.o.settleAnew(); err != nil {
			return out, err
		}
		if !s.o.enrolled() {
			out.Phase = PhaseNew
		}
		return out, nil
	}
	return s.ready(out, laptop)
}

func (s *Service) ready(out State, laptop *Laptop) (State, error) {
	me := laptop.Book.Identity()
	out.Phase = PhaseReady
	out.Township, out.TownshipName, out.Scope = me.Township, me.TownshipName, me.Scope
	out.Role, out.RoleName, out.Person, out.Device = string(me.Role), me.RoleName(), me.Person, me.Device
	out.CanWrite = me.mayWriteSome(ledger.Visit)
	var err error
	if out.Ended, err = laptop.Book.Ended(); err != nil {
		return out, err
	}
	err = laptop.Book.read(func(r reader) error {
		out.Village = me.Village()
		if out.Village != "" {
			out.VillageName = r.placeName(out.Village)
		}
		out.ScopeName = firstOf(out.VillageName, me.TownshipName)
		drafts, err := draftsIn(r.tx)
		out.Draft = len(drafts) > 0
		return err
	})
	if got := laptop.Store.Recovered(); got != nil {
		out.Recovered = &Recovered{At: got.At, Copy: got.Copy, Kept: got.Kept, Message: got.Message, Hint: got.Hint}
	}
	return out, err
}

// Join enrols this laptop with an invitation and sets the person's password.
func (s *Service) Join(ctx context.Context, invitation, device, password string) (State, error) {
	return s.open(ctx, func(o Options) (*Laptop, error) { return Join(ctx, o, invitation, device, password) })
}

// Unlock opens the data with the person's password.
func (s *Service) Unlock(ctx context.Context, password string) (State, error) {
	return s.open(ctx, func(o Options) (*Laptop, error) { return Open(o, password) })
}

// Recover opens the data with the township's recovery key, typed or pasted,
// and gives it a new password: the old one is forgotten.
func (s *Service) Recover(ctx context.Context, key, password string) (State, error) {
	return s.open(ctx, func(o Options) (*Laptop, error) { return Recover(o, key, password) })
}

func (s *Service) open(ctx context.Context, how func(Options) (*Laptop, error)) (State, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	if _, err := s.unlocked(); err == nil {
		return s.State(ctx)
	}
	if err := s.o.Folder(); err != nil {
		return State{}, err
	}
	o := s.o
	o.Changed, o.Exchanging, o.PhotosMoved, o.Redirected = s.changed, s.tellSync, s.photosMoved, s.tellState
	laptop, err := how(o)
	if err != nil {
		return State{}, err
	}
	laptop.Background()
	s.mu.Lock()
	s.laptop = laptop
	s.mu.Unlock()
	state, err := s.State(ctx)
	if err == nil {
		s.emit(TopicState, state)
	}
	go s.tellLoaded(laptop)
	return state, err
}

// tellLoaded lets the screens read again when the logs have been gone through:
// until then what is open, due or undecided looks like nothing.
func (s *Service) tellLoaded(l *Laptop) {
	l.Book.Loaded() // also when it is closed meanwhile
	if now, err := s.unlocked(); err == nil && now == l {
		s.emit(TopicRecords, Changed{Remote: true})
	}
}

// changed tells the screens about a commit.
func (s *Service) changed(keys []syncproto.Key, remote bool) {
	const most = 100
	out := Changed{Remote: remote, More: len(keys) > most}
	seen := map[string]bool{}
	for i, k := range keys {
		name := keyOf(k.Collection)
		if !seen[name] {
			seen[name] = true
			out.Collections = append(out.Collections, name)
		}
		if i < most {
			out.Records = append(out.Records, RecordKey{name, k.ID.String()})
		}
	}
	s.emit(TopicRecords, out)
	s.tellSync()
}

// tellState tells the screens who is at the laptop now, and to read again.
func (s *Service) tellState() {
	if state, err := s.State(context.Background()); err == nil {
		s.emit(TopicState, state)
		s.emit(TopicRecords, Changed{Remote: true})
	}
}

// tellSync tells the screens what the exchange is doing.
func (s *Service) tellSync() {
	laptop, err := s.unlocked()
	if err != nil {
		return
	}
	if status, err := laptop.brief(); err == nil {
		s.emit(TopicSync, status)
	}
}

// Lock closes the data until the password is given again.
func (s *Service) Lock(ctx context.Context) (State, error) {
	if err := s.close(); err != nil {
		return State{}, err
	}
	state, err := s.State(ctx)
	if err == nil {
		s.emit(TopicState, state)
	}
	return state, err
}

// ChangePassword replaces the person's password.
func (s *Service) ChangePassword(ctx context.Context, old, replacement string) error {
	laptop, err := s.unlocked()
	if err != nil {
		return err
	}
	return laptop.ChangePassword(old, replacement)
}

// ChangePassword replaces a password of the data folder.
func (l *Laptop) ChangePassword(old, replacement string) error {
	if err := goodPassword(replacement); err != nil {
		return err
	}
	return l.Store.ChangePassword(old, replacement)
}

// Settings returns the person's settings.
func (s *Service) Settings(ctx context.Context) (Settings, error) {
	out := Settings{TextSize: 18, Language: "zh-CN", LockMinutes: 15, VisitMode: "door"}
	b, err := s.book()
	if err != nil {
		return out, err
	}
	_, err = b.Setting(preferencesSetting, &out)
	return out, err
}

// SaveSettings replaces the person's settings.
func (s *Service) SaveSettings(ctx context.Context, settings Settings) error {
	b, err := s.book()
	if err != nil {
		return err
	}
	return b.PutSetting(preferencesSetting, settings)
}

// Backup makes a verified copy of all data, sealed as it is here, to be put
// on another disk.
func (s *Service) Backup(ctx context.Context) (File, error) {
	laptop, err := s.unlocked()
	if err != nil {
		return File{}, err
	}
	// Beside the data: the copy is sealed, but another disk may be slow or full.
	path := filepath.Join(s.o.Dir, "gridbook-backup-tmp.db")
	defer os.Remove(path)
	if err := laptop.Store.Backup(path); err != nil {
		return File{}, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return File{}, &syncproto.Error{Code: syncproto.CodeInput, Message: "备份没有做成", Hint: "请检查磁盘空间后再试。", Err: err}
	}
	return s.keep("网格簿备份-"+dateText(laptop.Book.today())+".gridbackup", data)
}

// keep hands a file to the screens.
func (s *Service) keep(name string, data []byte) (File, error) {
	if s.files == nil {
		return File{}, &syncproto.Error{Code: syncproto.CodeUsage, Message: "这里不能保存文件", Hint: "请用 gridbook 命令导出。"}
	}
	handle, err := s.files.Put(name, data)
	return File{Handle: handle, Name: name}, err
}
