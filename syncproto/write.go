package syncproto

// FieldValue is a value for a field.
type FieldValue struct {
	Tag   Tag
	Value Value
	// Anew says to write it even where it stands already and alone.
	Anew bool
}

// Writer makes local edits within one transaction of a replica's store. All
// stamps come from the replica's own clock. Close stores the clock; without
// it nothing that the Writer did may be committed.
type Writer struct {
	tx   ReplicaTx
	meta ReplicaMeta
	now  int64
}

// NewWriter begins local edits at now, the wall clock in ms since 1970. The
// offset that was learnt at the last exchange is added to it.
func NewWriter(tx ReplicaTx, now int64) (*Writer, error) {
	meta, err := tx.Meta()
	if err != nil {
		return nil, err
	}
	if meta.Replica == 0 {
		return nil, notJoined()
	}
	return &Writer{tx, meta, now}, nil
}

func notJoined() error {
	return &Error{Code: CodeNotJoined, Message: "这台电脑还没有加入乡镇(街道)", Hint: "请先用邀请加入"}
}

// Close stores the clock.
func (w *Writer) Close() error { return w.tx.SetMeta(w.meta) }

func (w *Writer) stamp() Stamp {
	return Stamp{w.meta.Clock.Next(w.now + w.meta.Offset), w.meta.Replica}
}

// Create writes a new record and returns its id.
func (w *Writer) Create(c Collection, sets []FieldValue) (ID, error) {
	at := w.stamp()
	return at, w.write(Key{c, at}, at, sets)
}

// CreateAs writes a companion: a record that shares the id of one in another
// collection. If it exists it is changed.
func (w *Writer) CreateAs(k Key, sets []FieldValue) error {
	current, err := Current(w.tx, k)
	if err != nil {
		return err
	}
	return w.change(current, k, sets)
}

// Put changes fields of a record that is here. A value that is already there,
// undisputed, is not written again.
func (w *Writer) Put(k Key, sets []FieldValue) error {
	current, err := Current(w.tx, k)
	if err != nil {
		return err
	}
	if current == nil {
		return &Error{Code: CodeNotFound, Message: "这条记录已不在这台电脑上", Hint: "它可能已迁往别处或已被彻底删除,请刷新后再看"}
	}
	return w.change(current, k, sets)
}

func (w *Writer) change(current *Record, k Key, sets []FieldValue) error {
	var due []FieldValue
	for _, s := range sets {
		if current != nil && !s.Anew {
			if g, ok := current.Field(s.Tag); ok && !g.Conflicted() && g.Shown().Value == s.Value {
				continue
			}
		}
		due = append(due, s)
	}
	if len(due) == 0 {
		return nil
	}
	return w.writeOver(current, k, w.stamp(), due)
}

func (w *Writer) write(k Key, at Stamp, sets []FieldValue) error {
	return w.writeOver(nil, k, at, sets)
}

func (w *Writer) writeOver(current *Record, k Key, at Stamp, sets []FieldValue) error {
	d, err := w.tx.Delta(k)
	if err != nil {
		return err
	}
	if d == nil {
		d = &Delta{Record: NewRecord(k.Collection, k.ID), Order: w.meta.next()}
	}
	for _, s := range sets {
		var g Register
		if current != nil {
			g, _ = current.Field(s.Tag)
		}
		d.set(s.Tag, g.Write(at, s.Value))
	}
	d.Gen = w.meta.next()
	d.Rejected = nil
	return w.tx.PutDelta(k, d)
}

// set replaces a register.
func (r *Record) set(t Tag, g Register) {
	if i, ok := r.find(t); ok {
		r.Fields[i].Register = g
		return
	}
	r.Join(&Record{Fields: []Field{{t, g}}})
}

// Put, Create and CreateAs are single edits of a Writer.
func Put(tx ReplicaTx, now int64, k Key, sets []FieldValue) error {
	w, err := NewWriter(tx, now)
	if err != nil {
		return err
	}
	if err := w.Put(k, sets); err != nil {
		return err
	}
	return w.Close()
}

// Create writes one new record.
func Create(tx ReplicaTx, now int64, c Collection, sets []FieldValue) (ID, error) {
	w, err := NewWriter(tx, now)
	if err != nil {
		return ID{}, err
	}
	id, err := w.Create(c, sets)
	if err != nil {
		return ID{}, err
	}
	return id, w.Close()
}

// CreateAs writes one companion record.
func CreateAs(tx ReplicaTx, now int64, k Key, sets []FieldValue) error {
	w, err := NewWriter(tx, now)
	if err != nil {
		return err
	}
	if err := w.CreateAs(k, sets); err != nil {
		return err
	}
	return w.Close()
}

// Current returns what a person sees: Agreed ⊔ Delta, nil if there is neither.
func Current(tx ReplicaTx, k Key) (*Record, error) {
	agreed, err := tx.Agreed(k)
	if err != nil {
		return nil, err
	}
	d, err := tx.Delta(k)
	switch {
	case err != nil:
		return nil, err
	case d == nil:
		return agreed, nil
	case agreed == nil:
		return d.Record.Clone(), nil
	}
	agreed.Join(d.Record)
	return agreed, nil
}
