package service

import (
	"cmp"
	"slices"

	"gridbook/syncproto"
)

// visitMarks is when each household was visited. A township has a hundred
// thousand visits, so that what is kept of one is small: its mark, and the
// number of the list that has it.
type visitMarks struct {
	listOf  map[syncproto.ID]uint32 // by visit
	numbers map[syncproto.ID]uint32 // by household as the visits name it
	lists   []visitList
}

// visitList is the visits of a household, newest first.
type visitList struct {
	household syncproto.ID
	marks     []visitMark
}

// visitMark is a visit in the list of its household. The parts of its id stand
// by themselves, for without the room between them it takes 24 bytes.
type visitMark struct {
	time      syncproto.Time
	replica   syncproto.ReplicaID
	day, next int32 // days since 1970; next: promised, 0: not
	away      bool  // nobody was at home
}

func (m visitMark) id() syncproto.ID { return syncproto.ID{Time: m.time, Replica: m.replica} }

func newVisitMarks() *visitMarks {
	return &visitMarks{listOf: map[syncproto.ID]uint32{}, numbers: map[syncproto.ID]uint32{}}
}

// put takes a visit that is not there yet.
func (v *visitMarks) put(household syncproto.ID, m visitMark) {
	n, ok := v.numbers[household]
	if !ok {
		n = uint32(len(v.lists))
		v.numbers[household], v.lists = n, append(v.lists, visitList{household: household})
	}
	v.listOf[m.id()] = n
	list := &v.lists[n]
	i, _ := slices.BinarySearchFunc(list.marks, m, newerFirst)
	list.marks = slices.Insert(list.marks, i, m)
}

// remove forgets a visit, if it is there.
func (v *visitMarks) remove(id syncproto.ID) {
	n, ok := v.listOf[id]
	if !ok {
		return
	}
	delete(v.listOf, id)
	list := &v.lists[n]
	list.marks = slices.DeleteFunc(list.marks, func(m visitMark) bool { return m.id() == id })
}

// of lists the visits that name a household, newest first.
func (v *visitMarks) of(household syncproto.ID) []visitMark {
	if n, ok := v.numbers[household]; ok {
		return v.lists[n].marks
	}
	return nil
}

// household returns whom a visit names.
func (v *visitMarks) household(visit syncproto.ID) (id syncproto.ID, ok bool) {
	if n, ok := v.listOf[visit]; ok {
		return v.lists[n].household, true
	}
	return id, false
}

func newerFirst(a, b visitMark) int {
	return cmp.Or(cmp.Compare(b.day, a.day), b.id().Compare(a.id()))
}
