package service

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"gridbook/syncproto"
)

// stickFolderSetting is the folder that a person used last.
const stickFolderSetting = "stick-folder"

// maxChosen is how many places that a person chose are listed, the newest.
const maxChosen = 5

// StickPlaces lists where bundles can be read or written now: the sticks that
// are plugged in, the folder that was used last, and what was chosen since the
// laptop was unlocked. A screen can name no others.
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
	s.mu.Lock()
	others := slices.Concat([]string{last}, s.chosen)
	s.mu.Unlock()
	for _, path := range others {
		if path == "" || slices.ContainsFunc(out, func(p StickPlace) bool { return p.ID == path }) {
			continue
		}
		if place, err := placeAt(path); err == nil {
			place.Last = path == last
			out = append(out, place)
		}
	}
	return out, nil
}

// ChooseStick makes a place of a folder, or of the file of a bundle, that the
// person chose in the host's dialog or wrote; handle is the host's. It fails
// with CodeNotFound if there is nothing, CodeFileKind if it is something else,
// and CodeUnplugged if it cannot be looked at.
func (s *Service) ChooseStick(ctx context.Context, handle string) (StickPlace, error) {
	if _, err := s.unlocked(); err != nil {
		return StickPlace{}, err
	}
	if s.files == nil {
		return StickPlace{}, &syncproto.Error{Code: syncproto.CodeUsage, Message: "这里不能选文件夹", Hint: "请用 gridbook bundle 命令。"}
	}
	path, err := s.files.Path(handle)
	if err != nil {
		return StickPlace{}, err
	}
	place, err := placeAt(path)
	if err != nil {
		return StickPlace{}, err
	}
	if place.File {
		if found := readFound(path, false); syncproto.CodeOf(found.err) == syncproto.CodeFileKind {
			return StickPlace{}, &syncproto.Error{Code: syncproto.CodeFileKind, Message: "这不是网格簿的数据包：" + path,
				Hint: "数据包的文件名以 .gridbundle 结尾，请重新选择。", Err: found.err}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.chosen, path) {
		s.chosen = append(s.chosen, path)
		s.chosen = s.chosen[max(0, len(s.chosen)-maxChosen):]
	}
	return place, nil
}

// placeAt looks at what is at a path.
func placeAt(path string) (StickPlace, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return StickPlace{}, noStick(path, err)
	case err != nil:
		return StickPlace{}, &syncproto.Error{Code: syncproto.CodeNotFound, Message: "没有这个文件夹或文件：" + path,
			Hint: "请核对写的位置；在 U 盘上的，先看看 U 盘是不是插好了。", Err: err}
	case !info.IsDir() && !info.Mode().IsRegular():
		return StickPlace{}, &syncproto.Error{Code: syncproto.CodeFileKind, Message: "这不是文件夹，也不是数据包：" + path, Hint: "请选放数据包的文件夹，或数据包本身。"}
	}
	return StickPlace{ID: path, Name: path, File: !info.IsDir()}, nil
}

// at returns the unlocked laptop, if a place is one of StickPlaces.
func (s *Service) at(ctx context.Context, place string) (*Laptop, error) {
	places, err := s.StickPlaces(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(places, func(p StickPlace) bool { return p.ID == place }) {
		return nil, noStick(place, nil)
	}
	return s.unlocked()
}

// rememberFolder keeps the folder of what was read or written for the next time.
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

// unwritable says of a bundle that was not written that the folder lets nobody
// write, if that is why.
func unwritable(path string, err error) error {
	if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		return err
	}
	return &syncproto.Error{Code: syncproto.CodeUnplugged, Message: "这里不让写文件：" + filepath.Dir(path),
		Hint: "请换一个文件夹或 U 盘；U 盘侧面有锁扣的，把它拨到能写的一边，再做一次。内容都还在。", Err: err}
}

// noStick says that nothing can be read or written at a path.
func noStick(path string, cause error) error {
	if errors.Is(cause, fs.ErrPermission) {
		return &syncproto.Error{Code: syncproto.CodeUnplugged, Message: "这台电脑不让打开 " + path, Hint: "请换一个文件夹，或请管电脑的人看看它的权限。", Err: cause}
	}
	return &syncproto.Error{Code: syncproto.CodeUnplugged, Message: "找不到 " + path, Hint: "请把 U 盘插好，等它出现后再试。", Err: cause}
}
