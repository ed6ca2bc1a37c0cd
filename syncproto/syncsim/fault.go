package syncsim

import (
	"iter"

	"gridbook/syncproto"
)

// failingReplica fails at its left-th operation, and at all after it.
type failingReplica struct {
	syncproto.ReplicaTx
	left int
}

func (f *failingReplica) spend() error {
	if f.left--; f.left <= 0 {
		return errCrash
	}
	return nil
}

func (f *failingReplica) Meta() (syncproto.ReplicaMeta, error) {
	if err := f.spend(); err != nil {
		return syncproto.ReplicaMeta{}, err
	}
	return f.ReplicaTx.Meta()
}

func (f *failingReplica) SetMeta(m syncproto.ReplicaMeta) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.ReplicaTx.SetMeta(m)
}

func (f *failingReplica) Agreed(k syncproto.Key) (*syncproto.Record, error) {
	if err := f.spend(); err != nil {
		return nil, err
	}
	return f.ReplicaTx.Agreed(k)
}

func (f *failingReplica) PutAgreed(k syncproto.Key, r *syncproto.Record, received int64) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.ReplicaTx.PutAgreed(k, r, received)
}

func (f *failingReplica) Delta(k syncproto.Key) (*syncproto.Delta, error) {
	if err := f.spend(); err != nil {
		return nil, err
	}
	return f.ReplicaTx.Delta(k)
}

func (f *failingReplica) Gen(k syncproto.Key) (uint64, error) {
	if err := f.spend(); err != nil {
		return 0, err
	}
	return f.ReplicaTx.Gen(k)
}

func (f *failingReplica) PutDelta(k syncproto.Key, d *syncproto.Delta) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.ReplicaTx.PutDelta(k, d)
}

func (f *failingReplica) Deltas() iter.Seq2[*syncproto.Delta, error] {
	return failing(f.ReplicaTx.Deltas(), f.spend)
}

func (f *failingReplica) Sum() (syncproto.Sum, error) {
	if err := f.spend(); err != nil {
		return syncproto.Sum{}, err
	}
	return f.ReplicaTx.Sum()
}

// failing lets a listing fail at any of its steps.
func failing[V any](seq iter.Seq2[V, error], spend func() error) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for v, err := range seq {
			if err == nil {
				err = spend()
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// failingHub fails at its left-th operation, and at all after it.
type failingHub struct {
	syncproto.HubTx
	left int
}

func (f *failingHub) spend() error {
	if f.left--; f.left <= 0 {
		return errCrash
	}
	return nil
}

func (f *failingHub) State() (syncproto.HubState, error) {
	if err := f.spend(); err != nil {
		return syncproto.HubState{}, err
	}
	return f.HubTx.State()
}

func (f *failingHub) SetState(s syncproto.HubState) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.HubTx.SetState(s)
}

func (f *failingHub) PutDevice(d *syncproto.Device) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.HubTx.PutDevice(d)
}

func (f *failingHub) Head(k syncproto.Key) (*syncproto.Stored, error) {
	if err := f.spend(); err != nil {
		return nil, err
	}
	return f.HubTx.Head(k)
}

func (f *failingHub) Record(k syncproto.Key) (*syncproto.Stored, error) {
	if err := f.spend(); err != nil {
		return nil, err
	}
	return f.HubTx.Record(k)
}

func (f *failingHub) PutRecord(old, st *syncproto.Stored) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.HubTx.PutRecord(old, st)
}

func (f *failingHub) PutSum(s syncproto.Scope, day uint32, sum syncproto.Sum) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.HubTx.PutSum(s, day, sum)
}

func (f *failingHub) Feed(s syncproto.Scope, after syncproto.Seq) iter.Seq2[syncproto.FeedEntry, error] {
	return failing(f.HubTx.Feed(s, after), f.spend)
}
