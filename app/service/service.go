package service

import (
	"context"
	"slices"
	"sync"

	"gridbook/app/bridge"
	"gridbook/app/edit"
	"gridbook/syncproto"
)

// Files hands files between the screens and the service: bridge.Files.
type Files interface {
	Put(name string, data []byte) (handle string, err error)
	Get(handle string) (bridge.File, error)
	// Path returns the path that the person chose.
	Path(handle string) (string, error)
}

// Service is what the screens call; every exported method is theirs. It is
// safe for concurrent use.
type Service struct {
	o     Options
	emit  func(topic string, payload any)
	files Files

	opening sync.Mutex // one Join, Unlock or Lock at a time
	mu      sync.Mutex // guards what follows
	laptop  *Laptop    // nil: locked
	undo    map[string][]edit.Edit
	undone  []string // tokens in their order
	tokens  int
	chosen  []string // places for bundles beside the sticks, the newest last
}

// New returns the services behind the screens, locked, and the function that
// closes them. emit, which may be nil, is told what changes; its revisions
// only grow.
func New(o Options, files Files, emit func(topic string, revision uint64, payload any)) (*Service, func() error) {
	var revision uint64
	var order sync.Mutex
	s := &Service{o: o, files: files, undo: map[string][]edit.Edit{}}
	s.emit = func(topic string, payload any) {
		if emit == nil {
			return
		}
		order.Lock()
		defer order.Unlock()
		revision++
		emit(topic, revision, payload)
	}
	return s, s.close
}

func (s *Service) close() error {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.mu.Lock()
	laptop := s.laptop
	s.laptop, s.undo, s.undone, s.chosen = nil, map[string][]edit.Edit{}, nil, nil
	s.mu.Unlock()
	if laptop == nil {
		return nil
	}
	return laptop.Close()
}

// book returns the unlocked book.
func (s *Service) book() (*Book, error) {
	laptop, err := s.unlocked()
	if err != nil {
		return nil, err
	}
	return laptop.Book, nil
}

func (s *Service) unlocked() (*Laptop, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.laptop == nil {
		return nil, &syncproto.Error{Code: syncproto.CodePassword, Message: "网格簿已锁定", Hint: "请输入密码打开。"}
	}
	return s.laptop, nil
}

// read runs f on the unlocked book.
func (s *Service) read(ctx context.Context, f func(r reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b, err := s.book()
	if err != nil {
		return err
	}
	return b.read(f)
}

// ask returns what f reads from the unlocked book.
func ask[T any](ctx context.Context, s *Service, f func(r reader) (T, error)) (T, error) {
	var out T
	err := s.read(ctx, func(r reader) error {
		var err error
		out, err = f(r)
		return err
	})
	return out, err
}

// maxUndo is how many writes of a session can be taken back.
const maxUndo = 100

// saved makes the answer to a write and keeps its undo.
func (s *Service) saved(w Written) Saved {
	var out Saved
	if len(w.IDs) > 0 {
		out.ID = w.IDs[0].String()
	}
	for i, k := range w.Keys {
		if i > 0 {
			out.Created = append(out.Created, RecordKey{keyOf(k.Collection), k.ID.String()})
		}
	}
	if len(w.Undo) > 0 {
		out.Undo = s.keepUndo(w.Undo)
	}
	return out
}

func (s *Service) keepUndo(edits []edit.Edit) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
	token := "u" + itoa(s.tokens)
	s.undo[token] = edits
	if s.undone = append(s.undone, token); len(s.undone) > maxUndo {
		delete(s.undo, s.undone[0])
		s.undone = s.undone[1:]
	}
	return token
}

// Undo takes back a write of this session. It fails with CodeNotFound if that
// was done already, or if what was written has been changed since: by whom
// does not matter, their work is not replaced.
func (s *Service) Undo(ctx context.Context, token string) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	s.mu.Lock()
	edits, ok := s.undo[token]
	delete(s.undo, token) // two clicks undo once
	s.mu.Unlock()
	if !ok {
		return Saved{}, notFound("这一步已经不能撤销了")
	}
	w, err := b.Write(edits)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if slices.Contains(s.undone, token) {
			s.undo[token] = edits // such as a full disk: it may be tried again
		}
		return Saved{}, err
	}
	return s.saved(w), nil
}
