package bridge

import (
	"context"
	"reflect"
	"sync"
)

// Event says that something changed. Revision only grows; a screen that has
// seen a later one ignores it, so that a late answer cannot overwrite a newer
// state. Payload is the state itself or nothing, never a difference.
type Event struct {
	Topic    string `json:"topic"`
	Revision uint64 `json:"revision"`
	Payload  any    `json:"payload"`
}

// Events carries events from services to whoever shows them: the window, or
// each browser that is connected. The zero value is ready.
type Events struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
}

// listener holds what one listener has not yet been told. A newer event of a
// topic takes the place of the older, so that a stalled browser costs one
// event per topic and not memory without bound.
type listener struct {
	wake    chan struct{}
	order   []string
	pending map[string]Event
}

// Emit tells every listener; it never waits for one. Like a result, the
// payload reaches the screens without nil slices and maps.
func (e *Events) Emit(topic string, revision uint64, payload any) {
	if payload != nil {
		payload = withoutNil(reflect.ValueOf(payload)).Interface()
	}
	if payload != nil {
		// As with results: a list that is sometimes null breaks a screen.
		payload = withoutNil(reflect.ValueOf(payload)).Interface()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.listeners {
		if old, ok := l.pending[topic]; !ok {
			l.order = append(l.order, topic)
		} else if old.Revision > revision {
			continue
		}
		l.pending[topic] = Event{Topic: topic, Revision: revision, Payload: payload}
		select {
		case l.wake <- struct{}{}:
		default: // already woken
		}
	}
}

// Listen calls tell with every event from now on, one at a time and in order,
// until ctx ends or tell fails; it returns that error. ready, which may be
// nil, is called once no later event can be missed.
func (e *Events) Listen(ctx context.Context, ready func(), tell func(Event) error) error {
	l := &listener{wake: make(chan struct{}, 1), pending: map[string]Event{}}
	e.mu.Lock()
	if e.listeners == nil {
		e.listeners = map[*listener]struct{}{}
	}
	e.listeners[l] = struct{}{}
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		delete(e.listeners, l)
		e.mu.Unlock()
	}()
	if ready != nil {
		ready()
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.wake:
		}
		for _, event := range e.take(l) {
			if err := tell(event); err != nil {
				return err
			}
		}
	}
}

// take empties the listener's list.
func (e *Events) take(l *listener) []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	events := make([]Event, 0, len(l.order))
	for _, topic := range l.order {
		events = append(events, l.pending[topic])
	}
	l.order = nil
	clear(l.pending)
	return events
}
