package workload

import (
	"fmt"
	"io"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Seed is the township as records: what its villages wrote before the
// measurement, each at the time that the document names.
type Seed struct {
	// Villages are the names v01 … in the order of the file.
	Villages []string
	// Shared are the records that the township wrote, Own those of each village.
	Shared []*syncproto.Record
	Own    map[string][]*syncproto.Record
	IDs    map[string]syncproto.ID // by the document's id

	writer func(village string) syncproto.ReplicaID
	last   map[stampKey]uint16
}

type stampKey struct {
	replica syncproto.ReplicaID
	milli   int64
}

// ReadSeed reads township.ndjson. writer gives the replica number under which
// a village ("" the township) wrote.
func ReadSeed(r io.Reader, writer func(village string) syncproto.ReplicaID) (*Seed, error) {
	s := &Seed{Own: map[string][]*syncproto.Record{}, IDs: map[string]syncproto.ID{}, writer: writer, last: map[stampKey]uint16{}}
	return s, Township(r, s.take)
}

func (s *Seed) take(d *Doc) error {
	for _, op := range d.Ops() {
		records, err := s.records(d, op)
		if err != nil {
			return fmt.Errorf("document %s: %w", d.ID, err)
		}
		s.IDs[op.Ref] = records[0].ID
		if d.Type == "village" {
			s.Villages = append(s.Villages, d.Village)
			s.Shared = append(s.Shared, records...)
		} else {
			s.Own[d.Village] = append(s.Own[d.Village], records...)
		}
	}
	return nil
}

// records are the op's record and, where it has a private field, the
// companion.
func (s *Seed) records(d *Doc, op Op) ([]*syncproto.Record, error) {
	writer := d.Village
	if d.Type == "village" {
		writer = ""
	}
	at := s.stamp(s.writer(writer), d.UpdatedAt)
	main, private := op.Fields, map[string]any{}
	if id, ok := op.Fields["id_no"]; ok {
		main, private = without(op.Fields, "id_no"), map[string]any{"id_no": id}
	}
	rec, err := s.record(op.Collection, at, main)
	if err != nil || len(private) == 0 {
		return []*syncproto.Record{rec}, err
	}
	companion, err := s.record(op.Collection+"_private", at, private)
	return []*syncproto.Record{rec, companion}, err
}

func without(m map[string]any, key string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if k != key {
			out[k] = v
		}
	}
	return out
}

func (s *Seed) stamp(replica syncproto.ReplicaID, milli int64) syncproto.Stamp {
	k := stampKey{replica, milli}
	n := s.last[k]
	s.last[k] = n + 1
	return syncproto.Stamp{Time: syncproto.TimeAt(milli) + syncproto.Time(n), Replica: replica}
}

func (s *Seed) record(collection string, at syncproto.Stamp, fields map[string]any) (*syncproto.Record, error) {
	c, ok := ledger.ByKey(collection)
	if !ok {
		return nil, fmt.Errorf("no collection %s", collection)
	}
	rec := syncproto.NewRecord(c.Number, at)
	for key, in := range fields {
		f, ok := c.FieldByKey(key)
		if !ok {
			return nil, fmt.Errorf("no field %s.%s", collection, key)
		}
		if f.Type == ledger.Ref {
			in = s.IDs[in.(string)].String()
		}
		v, err := f.Parse(in)
		if err != nil {
			return nil, fmt.Errorf("field %s.%s: %w", collection, key, err)
		}
		rec.Write(f.Tag, at, v)
	}
	return rec, ledger.Check(rec)
}
