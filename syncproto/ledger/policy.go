package ledger

import (
	"strings"

	"gridbook/syncproto"
)

// Role is what a person may do with a device. It is given by the invitation.
type Role string

// The roles.
const (
	RoleTownship  Role = "township"  // the township's office
	RoleVillage   Role = "village"   // a village's secretary
	RoleGrid      Role = "grid"      // a grid worker
	RoleInspector Role = "inspector" // reads, writes only the trace of reading
)

// RoleEnded is the role of a device whose person has left: it reads and writes
// nothing, and nobody is invited with it.
const RoleEnded Role = "ended"

// rank orders the roles for Collection.Writer.
func (r Role) rank() int {
	switch r {
	case RoleTownship:
		return 4
	case RoleVillage:
		return 3
	case RoleGrid:
		return 2
	case RoleInspector:
		return 1
	}
	return 0
}

// Valid reports whether r is a role that this version knows.
func (r Role) Valid() bool { return r.rank() > 0 }

// writerOf is who may write a class unless a collection says otherwise: what
// everyone reads the township, rosters the village, logs also a grid worker.
func writerOf(c Class) Role {
	switch c {
	case Shared:
		return RoleTownship
	case Log:
		return RoleGrid
	}
	return RoleVillage
}

// ValidScope reports whether scope fits the role: a township's code (9 digits)
// for township; a village's (12) for village; a village's or a grid's (12
// digits of the village and 3 of the grid) for grid; a township's or village's
// for inspector.
func ValidScope(r Role, scope string) bool {
	if !allDigits(scope) {
		return false
	}
	switch r {
	case RoleTownship:
		return len(scope) == 9
	case RoleVillage:
		return len(scope) == 12
	case RoleGrid:
		return len(scope) == 12 || len(scope) == 15
	case RoleInspector:
		return len(scope) == 9 || len(scope) == 12
	}
	return false
}

// Area returns the place whose data a scope covers: the scope itself, and for
// a grid its village, the unit of an offline copy.
func Area(scope string) string {
	if len(scope) > 12 {
		return scope[:12]
	}
	return scope
}

// covers reports whether home lies in the scope.
func covers(scope, home string) bool {
	area := Area(scope)
	return len(area) >= 9 && strings.HasPrefix(home, area)
}

// MayRead reports whether a device of that role and scope may hold the records
// of a collection whose home is that place (see Home).
//
//   - Shared: everyone of the same township.
//   - Roster and Log: who covers the place: the township all, the others their
//     village.
//   - The inbox: the township only.
//   - Deposits: the devices of who wrote what they are about; that their place
//     does not say.
//   - Private: only the village itself. A township asks for one record at a
//     time, with a reason; that is not decided here.
func MayRead(r Role, scope string, c syncproto.Collection, home string) bool {
	if !ValidScope(r, scope) || TownshipOf(home) == "" {
		return false
	}
	switch c {
	case Inbox:
		return IsTownship(scope) && covers(scope, home)
	case Deposit:
		return false
	}
	switch ClassOf(c) {
	case Shared:
		return TownshipOf(scope) == TownshipOf(home)
	case Private:
		return r == RoleVillage && covers(scope, home)
	}
	return covers(scope, home)
}

// MayWrite reports whether a device of that role and scope may write records
// of a collection whose home is that place. It may write only what it may
// read, and only from the collection's Writer upwards: a township writes what
// is shared and everything in its villages but the private; a village
// everything of its own; a grid worker logs, households, residents and care; an
// inspector the access log. Collections that are not known here follow their
// class. What was erased is for the server alone to say.
func MayWrite(r Role, scope string, c syncproto.Collection, home string) bool {
	writer := writerOf(ClassOf(c))
	if known, ok := Lookup(c); ok {
		writer = known.Writer
	}
	return c != Erased && MayRead(r, scope, c, home) && r.rank() >= writer.rank()
}
