package service

import (
	"context"
	"errors"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
)

// Network reaches the township's server.
type Network interface {
	// Join enrols the store's laptop with an invitation. keep runs in the
	// transaction that keeps the enrolment. It may be repeated after a failure.
	Join(ctx context.Context, store *boltstore.Store, invitation, device string, keep func(Setter, *syncproto.JoinReply) error) error
	// Syncer returns the exchange of an enrolled store.
	Syncer(store *boltstore.Store, heard Heard) (Syncer, error)
}

// Setter writes small sealed values of a laptop's own.
type Setter interface {
	PutSetting(name string, v []byte) error
}

// Heard is told what an exchange does. Neither may call the Syncer.
type Heard struct {
	Received func(News) // after each commit, with what it changed
	Status   func()     // when the Syncer's Status has changed
	Rested   func()     // after an exchange or the reading of a stick
	Photos   Album      // what is moved after the text
	// Keep is called in the transaction of each step, with what it replaced
	// and how many records it handed over for good: see syncproto.Progress.
	Keep func(tx Keeper, p syncproto.Progress) error
}

// News is what a step of an exchange changed on this laptop.
type News struct {
	Keys []syncproto.Key
	// Arrived are those of Keys that were not here before, in the same order,
	// as they stood when the store was at Revision.
	Arrived  []syncproto.Arrived
	Revision uint64
}

// Syncer exchanges with the township's server.
type Syncer interface {
	// SyncNow exchanges until both sides are empty.
	SyncNow(ctx context.Context) (SyncDone, error)
	// Run syncs in the background until ctx ends: now and then, after edits,
	// and again after failures.
	Run(ctx context.Context)
	// Wake says that there is something to send.
	Wake()
	// Status is what the exchange is doing: all of a SyncStatus that the
	// store does not know.
	Status() SyncStatus
	// Close ends the connections.
	Close() error
}

// problemOf shows an error to people.
func problemOf(err error) *Problem {
	var e *syncproto.Error
	if !errors.As(err, &e) {
		return nil
	}
	return &Problem{Code: string(e.Code), Message: e.Message, Hint: e.Hint}
}
