package cli

import (
	"context"

	"gridbook/app/boltstore"
	"gridbook/app/service"
	"gridbook/syncproto"
)

// Version is the program's version; the build sets it.
var Version = "dev"

// network is the way to the township's server.
func network() service.Network { return noNetwork{} }

// noNetwork stands for the syncer until it is there.
type noNetwork struct{}

func (noNetwork) Join(context.Context, *boltstore.Store, string, string) (*syncproto.JoinReply, error) {
	return nil, unreachable()
}

func (noNetwork) Syncer(*boltstore.Store, func([]syncproto.Key)) (service.Syncer, error) {
	return noSyncer{}, nil
}

type noSyncer struct{}

func (noSyncer) SyncNow(context.Context) (service.SyncDone, error) {
	return service.SyncDone{}, unreachable()
}
func (noSyncer) Run(ctx context.Context) { <-ctx.Done() }
func (noSyncer) Wake()                   {}
func (noSyncer) Status() service.SyncStatus {
	return service.SyncStatus{Phase: service.SyncOffline}
}
func (noSyncer) Close() error { return nil }

func unreachable() error { return &syncproto.Error{Code: syncproto.CodeUnreachable} }
