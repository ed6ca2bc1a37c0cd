package desktop

import (
	"context"
	"fmt"
	"io"
	"sync"

	wails "github.com/wailsapp/wails/v2/pkg/runtime"

	"gridbook/app/bridge"
	"gridbook/syncproto"
)

// eventName is the one Wails event; its data is a bridge.Event.
const eventName = "gridbook"

// Bridge is what Wails binds: the screens see its one exported method.
type Bridge struct {
	files  *bridge.Files
	report func(error)

	mu      sync.Mutex
	ctx     context.Context // Wails' own, which its functions want
	calls   *bridge.Dispatcher
	failed  error // why there are no services
	endings []func()
}

// NewBridge returns the bound object of a window that is still to be shown.
// random must be cryptographically strong; report hears of failures that are
// not a person's to mend.
func NewBridge(random io.Reader, report func(error)) *Bridge {
	return &Bridge{files: bridge.NewFiles(random), report: report}
}

// Call runs a method of the services: see bridge.Dispatcher.Call. Its error
// reaches the screen as a bridge.Fault.
func (b *Bridge) Call(method string, argsJSON string) (string, error) {
	b.mu.Lock()
	ctx, calls, failed := b.ctx, b.calls, b.failed
	b.mu.Unlock()
	if calls == nil {
		if failed == nil {
			failed = &syncproto.Error{Code: syncproto.CodeInternal, Message: "正在打开，请稍等", Hint: "过几秒再试。"}
		}
		return "", failed
	}
	putSignalStacks()
	reply, err := calls.Call(ctx, method, []byte(argsJSON))
	return string(reply), err
}

// start makes the services. If it cannot, every call says why: there is a
// window by now, and the screen can show it.
func (b *Bridge) start(ctx context.Context, data string, open bridge.Open) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ctx = ctx
	backend, closing, err := bridge.NewBackend(data, open, b.files, b.report, bridge.NewDesk(b.files, dialogs{}))
	if err != nil {
		b.failed = fmt.Errorf("desktop: start: %w", err)
		b.report(b.failed)
		return
	}
	b.calls = backend.Calls
	b.endings = append(b.endings, func() {
		if err := closing(); err != nil {
			b.report(fmt.Errorf("desktop: close the data: %w", err))
		}
	})
	listening, quiet := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// It ends when the window does.
		_ = backend.Events.Listen(listening, nil, func(e bridge.Event) error {
			wails.EventsEmit(ctx, eventName, e)
			return nil
		})
	}()
	b.endings = append(b.endings, func() { quiet(); <-ended })
}

// stop ends what start began, the newest first.
func (b *Bridge) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.endings) - 1; i >= 0; i-- {
		b.endings[i]()
	}
	b.endings, b.calls = nil, nil
	b.failed = &syncproto.Error{Code: syncproto.CodeInternal, Message: "网格簿正在关闭", Hint: "请重新打开网格簿。"}
}
