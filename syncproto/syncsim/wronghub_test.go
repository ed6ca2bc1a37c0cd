package syncsim

import (
	"bytes"
	"iter"

	"gridbook/syncproto"
)

func (h *wrongHub) State() (syncproto.HubState, error) {
	s, err := h.HubTx.State()
	if h.allNumbers {
		s.FirstReplica = syncproto.HubReplica + 1
	}
	return s, err
}

func (h *wrongHub) DeviceByToken(hash [32]byte) (*syncproto.Device, error) {
	d, err := h.HubTx.DeviceByToken(hash)
	if d != nil && h.anyLease && h.req != nil {
		d.Lease = bytes.Clone(h.req.Lease)
	}
	return d, err
}

func (h *wrongHub) Record(k syncproto.Key) (*syncproto.Stored, error) {
	st, err := h.HubTx.Record(k)
	if st != nil && st.Purged && h.forgetPurged && h.req != nil && len(h.req.Batch) > 0 {
		return nil, err
	}
	return st, err
}

func (h *wrongHub) PutRecord(old, st *syncproto.Stored) error {
	if h.drops != 0 && st.Collection == h.drops {
		return nil
	}
	h.puts++
	for i := range st.Fields {
		g := &st.Fields[i].Register
		if h.lastWins && len(g.Heads) > 1 {
			g.Heads = g.Heads[len(g.Heads)-1:]
		}
		if h.dropSeen {
			g.Seen = nil
		}
	}
	if h.earlyTags && old != nil {
		st.Changed = nil
		for _, f := range st.Fields {
			st.Changed = append(st.Changed, syncproto.TagSeq{Tag: f.Tag, Seq: old.Seq})
		}
	}
	return h.HubTx.PutRecord(old, st)
}

func (h *wrongHub) Dependants(k syncproto.Key) iter.Seq2[syncproto.Key, error] {
	if h.noDependants {
		return func(func(syncproto.Key, error) bool) {}
	}
	return h.HubTx.Dependants(k)
}

func (h *wrongHub) PutSum(s syncproto.Scope, day uint32, sum syncproto.Sum) error {
	if h.sumsOnce && h.puts > 0 {
		return nil
	}
	return h.HubTx.PutSum(s, day, sum)
}

// openPolicy is the policy that forgets that some records are private.
type openPolicy struct{ policy }

func (p openPolicy) Scopes(township string, c syncproto.Collection, home string) []syncproto.Scope {
	if c == privateKind {
		c = householdKind
	}
	return p.policy.Scopes(township, c, home)
}

// depositless is the policy by which the hub keeps all deposits to itself.
type depositless struct{ policy }

func (p depositless) Scopes(township string, c syncproto.Collection, home string) []syncproto.Scope {
	if c == depositKind {
		return nil
	}
	return p.policy.Scopes(township, c, home)
}
