package service

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"gridbook/syncproto"
)

// stickFolderSetting is the folder that a person used last.
const stickFolderSetting = "stick-folder"

// Sticks lists the newest bundles that were made here, the newest first.
func (s *Service) Sticks(ctx context.Context) ([]Stick, error) {
	laptop, err := s.unlocked()
	if err != nil {
		return nil, err
	}
	return laptop.Sticks()
}

// StickPlaces lists where bundles can be written now: the sticks that are
// plugged in, and the folder that was used last. A screen can name no others.
func (s *Service) StickPlaces(ctx context.Context) ([]StickPlace, error) {
	laptop, err := s.unlocked()
	if err != nil {
		return nil, err
	}
	last := ""
	if _, err := laptop.Book.Setting(stickFolderSetting, &last); err != nil {
		return nil, err
	}
	drives := s.o.Drives
	if drives == nil {
		drives = Drives
	}
	out := []StickPlace{}
	for _, d := range drives() {
		out = append(out, StickPlace{ID: d, Name: driveName(d), Last: d == last})
	}
	known := slices.ContainsFunc(out, func(p StickPlace) bool { return p.Last })
	if info, err := os.Stat(last); last != "" && !known && err == nil && info.IsDir() {
		out = append(out, StickPlace{ID: last, Name: last, Last: true})
	}
	return out, nil
}

// at returns the unlocked laptop, if a place is one of StickPlaces.
func (s *Service) at(ctx context.Context, place string) (*Laptop, error) {
	places, err := s.StickPlaces(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(places, func(p StickPlace) bool { return p.ID == place }) {
		return nil, &syncproto.Error{Code: syncproto.CodeUnplugged, Message: "U 盘不见了", Hint: "请把 U 盘插好，等它出现后再试。"}
	}
	laptop, err := s.unlocked()
	if err != nil {
		return nil, err
	}
	return laptop, laptop.rememberFolder(place)
}

// rememberFolder keeps the folder for the next time.
func (l *Laptop) rememberFolder(path string) error {
	folder, err := filepath.Abs(path)
	if err != nil {
		return nil //nolint:nilerr // only a convenience
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		folder = filepath.Dir(folder)
	}
	last := ""
	if _, err := l.Book.Setting(stickFolderSetting, &last); err != nil || last == folder {
		return err
	}
	return l.Book.PutSetting(stickFolderSetting, folder)
}

// WriteStick writes a bundle with all unsent work to a place.
func (s *Service) WriteStick(ctx context.Context, place string) (StickMade, error) {
	laptop, err := s.at(ctx, place)
	if err != nil {
		return StickMade{}, err
	}
	made, err := laptop.StickOut(ctx, place)
	s.tellSync()
	return made, err
}

// ReadStick reads the answers for this laptop that lie at a place.
func (s *Service) ReadStick(ctx context.Context, place string) ([]StickRead, error) {
	laptop, err := s.at(ctx, place)
	if err != nil {
		return nil, err
	}
	read, err := laptop.StickIn(ctx, []string{place})
	s.tellSync()
	return read, err
}

// ListStick lists the bundles of villages that lie at a place.
func (s *Service) ListStick(ctx context.Context, place string) ([]StickFound, error) {
	laptop, err := s.at(ctx, place)
	if err != nil {
		return nil, err
	}
	return laptop.StickList(place)
}

// TakeStick hands bundles in, by their names at a place, and writes the answers
// beside them. Without names it takes all.
func (s *Service) TakeStick(ctx context.Context, place string, names []string) ([]StickTaken, error) {
	laptop, err := s.at(ctx, place)
	if err != nil {
		return nil, err
	}
	paths := []string{place}
	if len(names) > 0 {
		paths = nil
		for _, name := range names {
			paths = append(paths, filepath.Join(place, filepath.Base(name)))
		}
	}
	return laptop.StickTake(ctx, paths)
}

// JoinByStick enrols this laptop with the file of a first copy, which a screen
// has handed over, and the code that opens it.
func (s *Service) JoinByStick(ctx context.Context, handle, code, device, password string) (State, error) {
	if s.files == nil {
		return State{}, &syncproto.Error{Code: syncproto.CodeUsage, Message: "这里不能读文件", Hint: "请用 gridbook join 命令加入。"}
	}
	file, err := s.files.Get(handle)
	if err != nil {
		return State{}, err
	}
	return s.open(ctx, func(o Options) (*Laptop, error) { return joinFirst(o, file.Data, code, device, password) })
}
