package bridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"

	"gridbook/app/bridge"
)

func TestEventsKeepTheNewestOfEachTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events bridge.Events
		events.Emit("nobody", 1, nil) // heard by none, blocks none

		hold := make(chan struct{})
		var heard []bridge.Event
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- events.Listen(ctx, nil, func(e bridge.Event) error {
				heard = append(heard, e)
				<-hold
				return nil
			})
		}()
		synctest.Wait()
		events.Emit("sync", 1, "first")
		synctest.Wait() // the listener is busy with it
		events.Emit("sync", 2, "passed over")
		events.Emit("visits", 3, nil)
		events.Emit("sync", 5, "newest")
		events.Emit("sync", 4, "late")
		close(hold)
		synctest.Wait()
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Listen ended with %v", err)
		}
		want := []bridge.Event{{"sync", 1, "first"}, {"sync", 5, "newest"}, {"visits", 3, nil}}
		if len(heard) != len(want) {
			t.Fatalf("heard %v, want %v", heard, want)
		}
		for i := range want {
			if heard[i] != want[i] {
				t.Errorf("event %d is %v, want %v", i, heard[i], want[i])
			}
		}
	})
}

func TestListenEndsWhenTellFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events bridge.Events
		gone := errors.New("the browser went away")
		done := make(chan error)
		go func() {
			done <- events.Listen(t.Context(), nil, func(bridge.Event) error { return gone })
		}()
		synctest.Wait()
		events.Emit("sync", 1, nil)
		if err := <-done; !errors.Is(err, gone) {
			t.Errorf("Listen ended with %v, want %v", err, gone)
		}
		events.Emit("sync", 2, nil) // its listener is no longer there
	})
}

func TestEventsCarryNoNullLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events bridge.Events
		ctx, stop := context.WithCancel(t.Context())
		heard := make(chan bridge.Event, 1)
		go events.Listen(ctx, nil, func(e bridge.Event) error {
			heard <- e
			return nil
		})
		synctest.Wait()
		events.Emit("sync", 1, struct {
			Kinds []string `json:"kinds"`
		}{})
		got, err := json.Marshal((<-heard).Payload)
		if err != nil || string(got) != `{"kinds":[]}` {
			t.Errorf("payload %s, %v; a screen cannot count null", got, err)
		}
		stop()
	})
}

func TestEventsHaveNoNilLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events bridge.Events
		var heard any
		done := make(chan error)
		go func() {
			done <- events.Listen(t.Context(), nil, func(e bridge.Event) error {
				heard = e.Payload
				return errors.New("enough")
			})
		}()
		synctest.Wait()
		events.Emit("visits", 1, visit{Household: "x"})
		<-done
		if v, ok := heard.(visit); !ok || v.Topics == nil || v.Household != "x" {
			t.Errorf("payload %#v, want an empty list of topics", heard)
		}
	})
}
