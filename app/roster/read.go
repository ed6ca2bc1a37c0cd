package roster

import (
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// fields reads the fields of a record by their keys.
type fields struct {
	rec    *syncproto.Record
	of     *ledger.Collection
	shared *shared
}

// shared is what many records have in common, kept once.
type shared struct {
	words  map[string]string
	traits map[Traits]*Traits
}

func newShared() *shared {
	return &shared{words: map[string]string{}, traits: map[Traits]*Traits{}}
}

func (r *Roster) fields(rec *syncproto.Record) fields {
	return fields{rec, ledger.Must(rec.Collection), r.shared}
}

func (f fields) value(key string) syncproto.Value { return f.rec.Value(f.of.Tag(key)) }
func (f fields) text(key string) string           { return f.value(key).Text() }
func (f fields) int(key string) int64             { return f.value(key).Int() }
func (f fields) ref(key string) ID                { return f.value(key).Ref() }
func (f fields) bool(key string) bool             { return f.value(key).Bool() }

// word is a text that many records have in common; it is kept once.
func (f fields) word(key string) string {
	s := f.text(key)
	if kept, ok := f.shared.words[s]; ok {
		return kept
	}
	f.shared.words[s] = s
	return s
}

func (f fields) traits() *Traits {
	t := Traits{Sex: f.word("sex"), Relation: f.word("relation"), Residence: f.word("residence")}
	kept, ok := f.shared.traits[t]
	if !ok {
		kept = new(Traits)
		*kept = t
		f.shared.traits[t] = kept
	}
	return kept
}

func (f fields) village() *Village {
	return &Village{ID: f.rec.ID, Code: f.word("code"), Name: f.word("name")}
}

func (f fields) grid() *Grid {
	return &Grid{
		ID: f.rec.ID, Village: f.word("village"), Code: f.text("grid_code"), Name: f.word("grid_name"),
		Phone: f.text("phone"), To: f.int("to"),
		Into: f.ref("into"), From: f.ref("succeeds"),
		Instructor: f.text("instructor"), Leader: f.text("leader"),
		Fulltime: f.text("fulltime"), Parttime: f.text("parttime"),
	}
}

func (f fields) micro() *Micro {
	return &Micro{ID: f.rec.ID, Name: f.word("name"), Leader: f.text("leader"), Phone: f.text("phone"), grid: f.ref("grid")}
}

func (f fields) branch() *Branch {
	return &Branch{
		ID: f.rec.ID, Village: f.word("village"), Name: f.word("name"), Kind: f.word("kind"),
		Secretary: f.text("secretary"), Phone: f.text("phone"), To: f.int("to"),
	}
}

func (f fields) cover() *BranchGrid {
	return &BranchGrid{ID: f.rec.ID, Branch: f.ref("branch"), Grid: f.ref("grid"), From: f.int("from"), To: f.int("to")}
}

func (f fields) member() *Member {
	return &Member{
		ID: f.rec.ID, Village: f.word("village"), Name: f.text("name"), Phone: f.text("phone"),
		Address: f.text("address"), Post: f.word("party_post"), Branch: f.ref("branch"), grid: f.ref("grid"),
		Status: f.word("party_status"), Online: f.word("online_branch"), Reason: f.text("link_reason"),
		Mobile: f.bool("mobile_member"), Exempt: f.bool("exempt"), To: f.int("to"), Birth: f.int("birth_ym"), Of: f.ref("resident"),
	}
}

func (f fields) role() *Role {
	return &Role{
		ID: f.rec.ID, Member: f.ref("member"), Name: f.text("name"), Phone: f.text("phone"), Role: f.word("role"),
		Grid: f.ref("grid"), Micro: f.ref("microgrid"), Branch: f.ref("branch"), From: f.int("from"), To: f.int("to"),
	}
}

func (f fields) household() *Household {
	return &Household{
		ID: f.rec.ID, Village: f.word("village"), No: f.text("hh_no"), Head: f.text("head_name"),
		HeadRef: f.ref("head"), Address: f.text("address"), Hamlet: f.word("hamlet"), Phone: f.text("phone"),
		grid: f.ref("grid"), Micro: f.ref("microgrid"), Kind: f.word("kind"), Residence: f.word("residence"),
		Size: int(f.int("people")), MovedOut: f.int("moved_out"),
	}
}

func (f fields) resident() *Resident {
	return &Resident{
		ID: f.rec.ID, Household: f.ref("household"), Name: f.text("name"), Phone: f.text("phone"),
		Short: f.text("short_phone"), Birth: f.int("birth"), Traits: f.traits(), home: f.ref("household"),
	}
}

func (f fields) link() *Link {
	return &Link{
		ID: f.rec.ID, Household: f.ref("household"), Basis: f.word("link_basis"),
		From: f.int("from"), To: f.int("to"), home: f.ref("household"), who: f.ref("member"),
	}
}

func (f fields) care() *Care {
	return &Care{
		ID: f.rec.ID, Household: f.ref("household"), Resident: f.ref("resident"), Name: f.text("name"),
		Category: f.word("care"), Cycle: f.word("cycle"), Review: f.int("review"), From: f.int("from"), To: f.int("to"),
		home: f.ref("household"), person: f.ref("resident"),
	}
}
