// Package ledger is the vocabulary of Gridbook: which collections of records
// there are, which fields they have, what the fields may hold, who may read
// and write them, and the code tables and places behind them.
//
// Everything here is pure and constant. Numbers and tags are part of the
// protocol: they are never changed and never used again. A new field is one
// more line in a list of fields.
package ledger

import (
	"slices"
	"sync"

	"gridbook/syncproto"
)

// Class says to whom a collection is sent. It follows from the collection's
// number, so that a peer knows it for collections that are newer than itself.
type Class uint8

// The classes, each with its range of collection numbers.
const (
	Shared  Class = iota + 1 // 1–99: everyone in the township
	Roster                   // 100–399: who and what is in a village
	Log                      // 400–799: what was heard and done in a village
	Private                  // 800–999: identifiers, only on the village's own laptop
)

var classNames = [...]string{Shared: "shared", Roster: "roster", Log: "log", Private: "private"}

func (c Class) String() string {
	if int(c) < len(classNames) && classNames[c] != "" {
		return classNames[c]
	}
	return "unknown"
}

// ClassOf returns the class of a collection by its number alone. Numbers
// outside all ranges are Private, which the fewest may read.
func ClassOf(n syncproto.Collection) Class {
	switch {
	case 1 <= n && n <= 99:
		return Shared
	case 100 <= n && n <= 399:
		return Roster
	case 400 <= n && n <= 799:
		return Log
	}
	return Private
}

// Privacy says how a field is treated on screens, in exports and in the
// access log.
type Privacy uint8

// The degrees of privacy.
const (
	Public    Privacy = iota
	Personal          // personal information (PIPL art. 4)
	Sensitive         // sensitive (PIPL art. 28) or to be treated so
)

var privacyNames = [...]string{Public: "public", Personal: "personal", Sensitive: "sensitive"}

func (p Privacy) String() string { return privacyNames[min(int(p), len(privacyNames)-1)] }

// The tags that mean the same in every collection.
const (
	TagVillage syncproto.Tag = 1 // the place the record belongs to
	TagDeleted syncproto.Tag = 2 // true once someone deleted it
	TagNote    syncproto.Tag = 3 // free text
)

// Field describes one field of a collection.
type Field struct {
	Tag      syncproto.Tag
	Key      string // the name that programs use
	Label    string // the name that people see
	Type     Type
	Table    string // the code table of an Enum or List, the suggestions of a Word
	Ref      string // the collection that a Ref points to; "" is any
	Required bool
	Privacy  Privacy
	Max      int // longest text in characters; 0 is the limit of the type
}

// Collection describes one kind of record.
type Collection struct {
	Number syncproto.Collection
	Key    string
	Label  string
	Class  Class
	// Parents are the Ref fields that lead to the record whose place this one
	// shares, in the order in which they are tried.
	Parents []string
	// Companion is the collection whose record of the same id this one
	// completes; "" for all but private parts.
	Companion string
	// Writer is the lowest role that may write here.
	Writer Role
	// OneOf lists groups of fields of which at least one must be filled in.
	OneOf  [][]string
	Fields []Field // by tag

	byTag []*Field
	byKey map[string]*Field
}

// Field returns the field with the tag, false if there is none.
func (c *Collection) Field(t syncproto.Tag) (*Field, bool) {
	if int(t) < len(c.byTag) && c.byTag[t] != nil {
		return c.byTag[t], true
	}
	return nil, false
}

// FieldByKey returns the field with the key, false if there is none.
func (c *Collection) FieldByKey(key string) (*Field, bool) {
	f, ok := c.byKey[key]
	return f, ok
}

// Tag returns the tag of the field with the key. Use it only with keys that
// stand in this package: it panics on any other, a mistake of the program.
func (c *Collection) Tag(key string) syncproto.Tag {
	f, ok := c.byKey[key]
	if !ok {
		panic("ledger: collection " + c.Key + " has no field " + key)
	}
	return f.Tag
}

type schema struct {
	all      []*Collection // by number
	byNumber map[syncproto.Collection]*Collection
	byKey    map[string]*Collection
}

var theSchema = sync.OnceValue(func() *schema {
	s := &schema{byNumber: map[syncproto.Collection]*Collection{}, byKey: map[string]*Collection{}}
	for _, list := range [][]Collection{sharedCollections(), orgCollections(), homeCollections(), workCollections(), safetyCollections(), officeCollections(), hubCollections()} {
		for i := range list {
			s.add(&list[i])
		}
	}
	slices.SortFunc(s.all, func(a, b *Collection) int { return int(a.Number) - int(b.Number) })
	return s
})

func (s *schema) add(c *Collection) {
	c.Class = ClassOf(c.Number)
	if c.Writer == "" {
		c.Writer = writerOf(c.Class)
	}
	c.Fields = append([]Field{
		{Tag: TagVillage, Key: "village", Label: "村(社区)", Type: Place},
		{Tag: TagDeleted, Key: "deleted", Label: "已删除", Type: Bool},
		{Tag: TagNote, Key: "note", Label: "备注", Type: Prose, Privacy: notePrivacy(c)},
	}, c.Fields...)
	c.byTag = make([]*Field, c.Fields[len(c.Fields)-1].Tag+1)
	c.byKey = make(map[string]*Field, len(c.Fields))
	for i := range c.Fields {
		f := &c.Fields[i]
		c.byTag[f.Tag], c.byKey[f.Key] = f, f
	}
	s.all = append(s.all, c)
	s.byNumber[c.Number], s.byKey[c.Key] = c, c
}

// notePrivacy: a free note on people is personal whatever it says.
func notePrivacy(c *Collection) Privacy {
	if c.Class == Shared {
		return Public
	}
	return Personal
}

// All returns every collection by number. The caller must not change them.
func All() []*Collection { return theSchema().all }

// Lookup returns the collection with the number, false if it is not known here.
func Lookup(n syncproto.Collection) (*Collection, bool) {
	c, ok := theSchema().byNumber[n]
	return c, ok
}

// ByKey returns the collection with the key, false if there is none.
func ByKey(key string) (*Collection, bool) {
	c, ok := theSchema().byKey[key]
	return c, ok
}

// Must returns the collection with a number of this package. It panics on any
// other, a mistake of the program.
func Must(n syncproto.Collection) *Collection {
	c, ok := Lookup(n)
	if !ok {
		panic("ledger: no such collection")
	}
	return c
}
