// Package httpapi carries the protocol over HTTP: exchanges, enrolments and a
// sign of life. It looks at bytes and connections; what they mean is for the
// office.
package httpapi

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"gridbook/syncproto"
)

// Office answers what laptops ask. Errors are the store's: the laptop is told
// to come again.
type Office interface {
	Exchange(*syncproto.Request) (*syncproto.Served, error)
	Join(*syncproto.JoinRequest) (*syncproto.JoinReply, error)
	Photos(*syncproto.PhotoRequest) (*syncproto.PhotoServing, error)
	// Courier says whether the laptop with a token may hand in sticks.
	Courier(token []byte) error
	ForwardBundle(*syncproto.BundleRequest) (*syncproto.BundleReply, error)
	Flush() error
}

// PathHealth answers 200 and "ok" while the server runs.
const PathHealth = "/health"

// Limits bound what laptops and strangers can make the server hold.
type Limits struct {
	// Idle is how long a connection may stand still in the middle of a
	// message. There is no limit on a message's whole time: at 64 kbit/s a
	// large one takes minutes.
	Idle time.Duration
	// Slowest is how many bytes a second a message must bring, on average
	// over Idle. What holds much room must bring more, but never as much as
	// 64 kbit/s.
	Slowest int64
	// Kept is how long a connection stays open between two exchanges.
	Kept time.Duration
	// Small and Heavy are how many exchanges run at once; a first copy or a
	// comparison is heavy. Couriers is how many sticks are taken at once.
	Small, Heavy, Couriers int
	// Waiting is how many of each kind may wait, and Patience how long.
	Waiting  int
	Patience time.Duration
	// Bodies bounds the bytes of all request bodies in memory, Albums those of
	// photos and Sticks those of sticks, which have budgets of their own so
	// that text never waits.
	Bodies, Albums, Sticks int64
	// Flush is how often "last seen" is written down.
	Flush time.Duration
	// Grace is how long a stop waits for running exchanges.
	Grace time.Duration
}

// DefaultLimits suit a township: a few hundred laptops, slow links, a machine
// with two cores.
func DefaultLimits() Limits {
	return Limits{
		Idle:     90 * time.Second,
		Slowest:  256,
		Kept:     5 * time.Minute,
		Small:    8,
		Heavy:    2,
		Couriers: 2,
		Waiting:  256,
		Patience: 20 * time.Second,
		Bodies:   128 << 20,
		Albums:   48 << 20,
		Sticks:   syncproto.MaxBundleMessage,
		Flush:    time.Minute,
		Grace:    15 * time.Second,
	}
}

// Server serves one office.
type Server struct {
	office   Office
	limits   Limits
	log      *slog.Logger
	small    *queue
	heavy    *queue
	photos   *queue
	couriers *queue
	bodies   *budget
	albums   *budget
	sticks   *budget
	http     *http.Server
}

// New returns a server; it logs without personal data: device numbers, sizes
// and codes.
func New(o Office, l Limits, logger *slog.Logger) *Server {
	s := &Server{
		office:   o,
		limits:   l,
		log:      logger,
		small:    newQueue(l.Small, l.Waiting, l.Patience),
		heavy:    newQueue(l.Heavy, l.Waiting, l.Patience),
		photos:   newQueue(l.Heavy, l.Waiting, l.Patience),
		couriers: newQueue(l.Couriers, l.Waiting, l.Patience),
		bodies:   &budget{left: l.Bodies},
		albums:   &budget{left: l.Albums},
		sticks:   &budget{left: l.Sticks},
	}
	texts, album := door{s.bodies, syncproto.MaxMessage}, door{s.albums, syncproto.MaxPhotoMessage}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+syncproto.PathExchange, s.guard(texts, s.exchange, refusal))
	mux.HandleFunc("POST "+syncproto.PathJoin, s.guard(texts, s.join, joinRefusal))
	mux.HandleFunc("POST "+syncproto.PathPhotos, s.guard(album, s.movePhotos, photoRefusal))
	mux.HandleFunc("POST "+syncproto.PathBundles, s.hand)
	mux.HandleFunc("GET "+PathHealth, health)
	s.http = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: l.Idle,
		IdleTimeout:       l.Kept,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          log.New(debugWriter{logger}, "", 0),
	}
	return s
}

// debugWriter takes what net/http complains about: strangers' handshakes.
type debugWriter struct{ log *slog.Logger }

func (w debugWriter) Write(b []byte) (int, error) {
	w.log.Debug("http", "text", string(b))
	return len(b), nil
}

// Serve serves l until ctx ends, then lets running exchanges finish.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var flushing sync.WaitGroup
	flushing.Go(func() { s.flush(ctx) })
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.Grace)
		defer cancel()
		stopped <- s.http.Shutdown(grace)
	}()
	err := s.http.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		err = <-stopped
	}
	cancel()
	flushing.Wait()
	return err
}

// flush writes "last seen" from time to time.
func (s *Server) flush(ctx context.Context) {
	ticker := time.NewTicker(s.limits.Flush)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.office.Flush(); err != nil {
				s.log.Error("flush", "error", err)
			}
		}
	}
}

func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, "ok\n")
}

// answer is what a handler sends back, and what the log says about it.
type answer struct {
	body   []byte
	retry  int // seconds
	device uint32
	joined int
	code   syncproto.Code
}

// handler answers a body.
type handler func(ctx context.Context, body []byte) answer

// guard reads the body within limits, runs a handler, and sends its answer.
// A panic becomes CodeInternal.
func (s *Server) guard(d door, f handler, refuse func(syncproto.Code) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		body, release, code := s.read(w, r, d)
		defer release()
		var a answer
		if code != "" {
			a = refuse(code)
		} else {
			a = s.protect(r.Context(), body, f, refuse)
		}
		s.send(w, r, a, len(body), began)
	}
}

// send writes the answer to a message of that many bytes, and the log.
func (s *Server) send(w http.ResponseWriter, r *http.Request, a answer, up int, began time.Time) {
	err := s.write(w, a)
	s.log.Info("served", "path", r.URL.Path, "device", a.device, "up", up, "down", len(a.body),
		"joined", a.joined, "code", a.code, "ms", time.Since(began).Milliseconds(), "sent", err == nil)
}

func (s *Server) protect(ctx context.Context, body []byte, f handler, refuse func(syncproto.Code) answer) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("panic", "value", r, "stack", string(debug.Stack()))
			a = refuse(syncproto.CodeInternal)
		}
	}()
	return f(ctx, body)
}

// write sends an answer with as few header bytes as HTTP allows.
func (s *Server) write(w http.ResponseWriter, a answer) error {
	h := w.Header()
	h["Date"] = nil
	h.Set("Content-Type", syncproto.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.code == syncproto.CodeBusy {
		h.Set("Retry-After", strconv.Itoa(a.retry))
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	control := http.NewResponseController(w)
	for rest := a.body; len(rest) > 0; {
		n := min(len(rest), 16<<10)
		_ = control.SetWriteDeadline(time.Now().Add(s.limits.Idle))
		if _, err := w.Write(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	_ = control.SetWriteDeadline(time.Time{})
	return nil
}
