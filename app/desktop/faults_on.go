//go:build gridbook_faults

package desktop

import "gridbook/app/bridge"

// fault is in the build with which the window's tests show that a panic does
// not end the program and that events arrive. Nobody is given that build.
type fault struct {
	inner  *fault
	events *bridge.Events
}

// Fault dereferences nil.
func (f *fault) Fault() *bridge.Events { return f.inner.events }

// Emit sends an event to the screens.
func (f *fault) Emit(topic string, revision uint64) { f.events.Emit(topic, revision, topic) }

func faults(events *bridge.Events) []any { return []any{&fault{events: events}} }
