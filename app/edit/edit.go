// Package edit describes changes to the ledger before they are written: what
// a form, an import or a command wants to happen. The service validates them
// and writes all of a list in one transaction or none.
package edit

import "gridbook/syncproto"

// Handle names, within one list of edits, a record that the list creates.
// Handles start at 1; 0 names nothing.
type Handle int

// Edit creates, changes or deletes one record.
type Edit struct {
	Collection syncproto.Collection
	ID         syncproto.ID // the record to change; zero with New set
	New        Handle       // the record to create
	// Companion says that the created record takes the id of another one: of
	// the record created under this handle, or of CompanionOf if it exists
	// already. A resident's private part is such a companion.
	Companion   Handle
	CompanionOf syncproto.ID
	Set         []Set
	Delete      bool
}

// Set gives one field a value. If To is not 0 the value is a reference to the
// record that the edit with that handle creates.
type Set struct {
	Tag   syncproto.Tag
	Value syncproto.Value
	To    Handle
	// Again, in place of a value, makes the field stand between these again,
	// the last of them shown: it takes a decision back. Their stamps say who
	// had written them.
	Again []syncproto.Head
	// Seen, if not nil, is what the form showed: one value, or those between
	// which nobody had decided; Null stands for an empty field. If the field
	// stands at others by now, the new value is put beside them, and people
	// decide: nobody replaces what they have not seen.
	Seen []syncproto.Value
	// Still, if not nil, are the values at which the field must stand, or
	// nothing of the list is written: a decision about them, or an undo.
	Still []syncproto.Value
}
