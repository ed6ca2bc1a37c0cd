package webhost

import (
	"context"
	"errors"
	"io"

	"gridbook/app/bridge"
	"gridbook/frontend"
)

// Options say what Run serves and to whom.
type Options struct {
	Addr   string // 127.0.0.1:PORT, port 0 for any free one
	Data   string // data folder
	Open   bridge.Open
	Random io.Reader        // cryptographically strong
	Report func(error)      // hears of failures that are not a person's to mend
	Ready  func(url string) // is told the address to open, once it answers
}

// Run opens the data and serves the screens until ctx ends, then closes the
// data. It fails with CodeLocked if another program holds the data.
func Run(ctx context.Context, o Options) (err error) {
	screens, err := frontend.Files()
	if err != nil {
		return err
	}
	l, err := Listen(o.Addr)
	if err != nil {
		return err
	}
	defer l.Close()
	files := bridge.NewFiles(o.Random)
	backend, closing, err := bridge.NewBackend(o.Data, o.Open, files, o.Report, bridge.NewTyping(files))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	h, err := New(l, backend, screens, o.Random)
	if err != nil {
		return err
	}
	o.Ready(h.URL())
	return h.Serve(ctx, l)
}
