package service

import (
	"context"
	"os"
	"path/filepath"

	"gridbook/syncproto"
)

// Sticks lists the newest bundles that were made here, the newest first.
func (s *Service) Sticks(ctx context.Context) ([]Stick, error) {
	laptop, err := s.unlocked()
	if err != nil {
		return nil, err
	}
	return laptop.Sticks()
}

// WriteStick writes a bundle with all unsent work to a place that is a folder.
func (s *Service) WriteStick(ctx context.Context, place string) (StickMade, error) {
	laptop, err := s.at(ctx, place)
	if err != nil {
		return StickMade{}, err
	}
	if info, err := os.Stat(place); err == nil && !info.IsDir() {
		return StickMade{}, &syncproto.Error{Code: syncproto.CodeFileKind, Message: "“" + place + "”是一个文件，不能导出到里面", Hint: "请选一个文件夹。"}
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
	if err != nil {
		return read, err
	}
	return read, laptop.rememberFolder(place)
}

// ListStick lists the bundles of villages that lie at a place.
func (s *Service) ListStick(ctx context.Context, place string) ([]StickFound, error) {
	laptop, err := s.at(ctx, place)
	if err != nil {
		return nil, err
	}
	found, err := laptop.StickList(place)
	if err != nil {
		return nil, err
	}
	return found, laptop.rememberFolder(place)
}

// TakeStick hands bundles in, by their names at a place, and writes the answers
// beside them. Without names it takes all; a place that is a file has but one.
func (s *Service) TakeStick(ctx context.Context, place string, names []string) ([]StickTaken, error) {
	laptop, err := s.at(ctx, place)
	if err != nil {
		return nil, err
	}
	paths := []string{place}
	if info, err := os.Stat(place); len(names) > 0 && err == nil && info.IsDir() {
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
