package syncsim

import "gridbook/syncproto"

// Disks makes real stores for a simulation. What is on them is also kept in
// memory, read anew after each transaction, for the oracle to look at.
type Disks interface {
	Replica() ReplicaDisk
	Hub(syncproto.HubState) HubDisk
}

// ReplicaDisk is a laptop's store on a disk.
type ReplicaDisk interface {
	View(func(syncproto.ReplicaTx) error) error
	Update(func(syncproto.ReplicaTx) error) error
	// Copy is what copying the closed file would give.
	Copy() ReplicaDisk
	// Reopen is what ending the program and starting it again does.
	Reopen()
}

// HubDisk is a hub's store on a disk.
type HubDisk interface {
	View(func(syncproto.HubTx) error) error
	Update(func(syncproto.HubTx) error) error
	Copy() HubDisk // a backup
	// Contents lists all devices and records.
	Contents() ([]*syncproto.Device, []*syncproto.Stored)
}

func (s stage) replica() *ReplicaStore {
	store := NewReplicaStore()
	if s.disks != nil {
		store.disk = s.disks.Replica()
	}
	return store
}

func (s stage) hub(state syncproto.HubState) *HubStore {
	store := NewHubStore(state)
	if s.disks != nil {
		store.disk = s.disks.Hub(state)
	}
	return store
}

// mirror reads what is on the disk.
func (s *ReplicaStore) mirror() {
	now := NewReplicaStore()
	must(s.disk.View(func(tx syncproto.ReplicaTx) (err error) {
		if now.meta, err = tx.Meta(); err != nil {
			return err
		}
		for d, err := range tx.Deltas() {
			if err != nil {
				return err
			}
			now.deltas[d.Key] = d
		}
		for d, err := range tx.Days() {
			if err != nil {
				return err
			}
			now.days[d.Day] = d.Sum
			for h, err := range tx.OfDay(d.Day) {
				if err != nil {
					return err
				}
				r, err := tx.Agreed(h.Key)
				if err != nil {
					return err
				}
				now.agreed[h.Key] = agreement{record: r, hash: r.Hash()}
			}
		}
		return nil
	}))
	now.disk = s.disk
	*s = *now
}

// mirror reads what is on the disk.
func (s *HubStore) mirror() {
	now := NewHubStore(syncproto.HubState{})
	must(s.disk.View(func(tx syncproto.HubTx) (err error) {
		now.state, err = tx.State()
		return err
	}))
	devices, records := s.disk.Contents()
	for _, d := range devices {
		now.devices[d.ID] = d
	}
	for _, st := range records {
		now.records[st.Key] = newStored(st)
	}
	now.disk = s.disk
	*s = *now
}
