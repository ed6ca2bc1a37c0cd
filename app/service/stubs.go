package service

import (
	"context"

	"gridbook/syncproto"
)

// Service is what the screens call; every exported method is theirs.
type Service struct{}

// unbuilt stands where a method is still to come.
func unbuilt() error {
	return &syncproto.Error{Code: syncproto.CodeInternal, Message: "这个功能还没有做好", Hint: "请先用别的功能。"}
}

// State says who is at the laptop and which screen comes first.
func (s *Service) State(ctx context.Context) (State, error) { return State{}, unbuilt() }

// Join enrols this laptop with an invitation and sets the person's password.
func (s *Service) Join(ctx context.Context, invitation, device, password string) (State, error) {
	return State{}, unbuilt()
}

// Unlock opens the data with the person's password.
func (s *Service) Unlock(ctx context.Context, password string) (State, error) {
	return State{}, unbuilt()
}

// Lock closes the data until the password is given again.
func (s *Service) Lock(ctx context.Context) (State, error) { return State{}, unbuilt() }

// ChangePassword replaces the person's password.
func (s *Service) ChangePassword(ctx context.Context, old, replacement string) error {
	return unbuilt()
}

// Settings returns the person's settings.
func (s *Service) Settings(ctx context.Context) (Settings, error) { return Settings{}, unbuilt() }

// SaveSettings replaces the person's settings.
func (s *Service) SaveSettings(ctx context.Context, settings Settings) error { return unbuilt() }

// Home returns the first screen.
func (s *Service) Home(ctx context.Context) (Home, error) { return Home{}, unbuilt() }

// Villages lists the villages of this laptop; a township has all of its own.
func (s *Service) Villages(ctx context.Context) ([]VillageRow, error) { return nil, unbuilt() }

// Grids returns a village as a tree; "" is the laptop's own village.
func (s *Service) Grids(ctx context.Context, village string) (VillageGrids, error) {
	return VillageGrids{}, unbuilt()
}

// Grid returns one grid in full.
func (s *Service) Grid(ctx context.Context, id string) (GridPage, error) {
	return GridPage{}, unbuilt()
}

// Members lists the Party members of a village, by grid and name.
func (s *Service) Members(ctx context.Context, village string) ([]MemberRow, error) {
	return nil, unbuilt()
}

// Member returns a member's own page.
func (s *Service) Member(ctx context.Context, id string) (MemberPage, error) {
	return MemberPage{}, unbuilt()
}

// Households returns a window into the list of households.
func (s *Service) Households(ctx context.Context, query HouseholdQuery, offset, limit int) (HouseholdList, error) {
	return HouseholdList{}, unbuilt()
}

// Search finds people, households and members by name, full pinyin, initials,
// door number or end of a phone number, as one types.
func (s *Service) Search(ctx context.Context, text string, limit int) ([]Hit, error) {
	return nil, unbuilt()
}

// Household returns the page of a household.
func (s *Service) Household(ctx context.Context, id string) (HouseholdPage, error) {
	return HouseholdPage{}, unbuilt()
}

// VisitsOf returns the contact log of a household, newest first, from a
// cursor that an earlier page gave; "" is the beginning.
func (s *Service) VisitsOf(ctx context.Context, household, cursor string, limit int) (VisitPage, error) {
	return VisitPage{}, unbuilt()
}

// Visits returns the contact logs of a village ("": all), newest first.
func (s *Service) Visits(ctx context.Context, village, cursor string, limit int) (VisitPage, error) {
	return VisitPage{}, unbuilt()
}

// VisitForm returns a visit as a draft, to change it.
func (s *Service) VisitForm(ctx context.Context, id string) (VisitDraft, error) {
	return VisitDraft{}, unbuilt()
}

// SaveVisit saves a visit and drops its draft. With MakeMatter it also makes
// a matter of the request, in the same transaction.
func (s *Service) SaveVisit(ctx context.Context, visit VisitDraft) (Saved, error) {
	return Saved{}, unbuilt()
}

// SaveDraft keeps a visit that is being written, through a crash too.
func (s *Service) SaveDraft(ctx context.Context, visit VisitDraft) error { return unbuilt() }

// Draft returns the visit that was being written, null if there is none.
func (s *Service) Draft(ctx context.Context) (*VisitDraft, error) { return nil, unbuilt() }

// DiscardDraft drops the visit that was being written.
func (s *Service) DiscardDraft(ctx context.Context) error { return unbuilt() }

// LinkSuggestions proposes members who could look after a household: by
// kinship, nearness, convenience. The secretary decides.
func (s *Service) LinkSuggestions(ctx context.Context, household string) ([]LinkSuggestion, error) {
	return nil, unbuilt()
}

// Link lets a member look after a household from a date on; "" is today.
func (s *Service) Link(ctx context.Context, household, member, basis, from string) (Saved, error) {
	return Saved{}, unbuilt()
}

// EndLink ends that on a date; "" is today.
func (s *Service) EndLink(ctx context.Context, id, to string) (Saved, error) {
	return Saved{}, unbuilt()
}

// Schema returns the vocabulary, with what this person may write.
func (s *Service) Schema(ctx context.Context) (Schema, error) { return Schema{}, unbuilt() }

// CodeTable returns the rows of a code table.
func (s *Service) CodeTable(ctx context.Context, name string) ([]Code, error) {
	return nil, unbuilt()
}

// Record returns a record for a form; with id "" an empty one.
func (s *Service) Record(ctx context.Context, collection, id string) (RecordView, error) {
	return RecordView{}, unbuilt()
}

// SaveRecord writes fields of a record, or a new record with id "". Only the
// given fields are touched; null empties one. A resident's id_no may be given
// with the resident: it goes to the private part.
func (s *Service) SaveRecord(ctx context.Context, collection, id string, fields map[string]any) (Saved, error) {
	return Saved{}, unbuilt()
}

// Delete deletes a record; Undo brings it back.
func (s *Service) Delete(ctx context.Context, collection, id string) (Saved, error) {
	return Saved{}, unbuilt()
}

// Undo takes back a write of this session.
func (s *Service) Undo(ctx context.Context, token string) (Saved, error) { return Saved{}, unbuilt() }

// Reveal returns a masked field in full and notes the reason in the access log.
func (s *Service) Reveal(ctx context.Context, collection, id, field, reason string) (string, error) {
	return "", unbuilt()
}

// History returns the values of a record's fields with their authors and times.
func (s *Service) History(ctx context.Context, collection, id string) ([]FieldHistory, error) {
	return nil, unbuilt()
}

// Records lists records of a collection from a cursor; "" is the beginning.
func (s *Service) Records(ctx context.Context, query RecordQuery, cursor string, limit int) (RecordPage, error) {
	return RecordPage{}, unbuilt()
}

// Conflicts lists the records that have fields to be decided.
func (s *Service) Conflicts(ctx context.Context) ([]ConflictRow, error) { return nil, unbuilt() }

// ConflictsOf returns the fields of one record that are to be decided.
func (s *Service) ConflictsOf(ctx context.Context, collection, id string) ([]Conflict, error) {
	return nil, unbuilt()
}

// ResolveTake decides a field by taking head n of its conflict.
func (s *Service) ResolveTake(ctx context.Context, collection, id, field string, n int) (Saved, error) {
	return Saved{}, unbuilt()
}

// ResolveValue decides a field with a value of its own.
func (s *Service) ResolveValue(ctx context.Context, collection, id, field string, value any) (Saved, error) {
	return Saved{}, unbuilt()
}

// SyncStatus says what is to be sent, sent, refused and verified.
func (s *Service) SyncStatus(ctx context.Context) (SyncStatus, error) {
	return SyncStatus{}, unbuilt()
}

// SyncNow syncs and returns when it is done; progress comes as events.
func (s *Service) SyncNow(ctx context.Context) (SyncDone, error) { return SyncDone{}, unbuilt() }

// Rejections lists the changes that the server refused.
func (s *Service) Rejections(ctx context.Context) ([]Rejection, error) { return nil, unbuilt() }

// RetryRejected puts a refused change back into the queue; with id "" all.
func (s *Service) RetryRejected(ctx context.Context, collection, id string) error {
	return unbuilt()
}

// ExportRejected makes a file of the refused changes, for the township office.
func (s *Service) ExportRejected(ctx context.Context) (File, error) { return File{}, unbuilt() }

// ImportKinds lists the kinds of workbooks that can be imported.
func (s *Service) ImportKinds(ctx context.Context) ([]ImportKind, error) { return nil, unbuilt() }

// ImportPreview reads an uploaded workbook and says what Import would do.
func (s *Service) ImportPreview(ctx context.Context, kind, upload, village string) (ImportReport, error) {
	return ImportReport{}, unbuilt()
}

// Import writes an uploaded workbook into the ledger, in one transaction.
func (s *Service) Import(ctx context.Context, kind, upload, village string) (ImportReport, error) {
	return ImportReport{}, unbuilt()
}

// Export makes a workbook of the records that Records would list.
func (s *Service) Export(ctx context.Context, query RecordQuery) (File, error) {
	return File{}, unbuilt()
}

// Due lists the visits due up to a date ("": today), most overdue first.
func (s *Service) Due(ctx context.Context, until string) ([]DueVisit, error) { return nil, unbuilt() }

// Monthly returns the monthly report, a line for each village.
func (s *Service) Monthly(ctx context.Context, month string) ([]MonthlyRow, error) {
	return nil, unbuilt()
}

// Checklists returns the points to look at in a household, by hazard kind.
func (s *Service) Checklists(ctx context.Context) ([]Checklist, error) { return nil, unbuilt() }

// AddStep adds a step to a matter, dispute or mobile member's record and, in
// the same transaction, carries what it says over to that record: its state,
// handler, deadline, level, and the date of closing. collection and id name
// the matter; fields are those of the step's own collection without the
// reference back.
func (s *Service) AddStep(ctx context.Context, collection, id string, fields map[string]any) (Saved, error) {
	return Saved{}, unbuilt()
}

// Backup makes a verified copy of all data, sealed as it is here, to be put
// on another disk.
func (s *Service) Backup(ctx context.Context) (File, error) { return File{}, unbuilt() }
