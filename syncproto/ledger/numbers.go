package ledger

import "gridbook/syncproto"

// The collection numbers. They appear in keys on disk and on the wire.
const (
	Township syncproto.Collection = 1
	Village  syncproto.Collection = 2
	CodeRow  syncproto.Collection = 3
	Notice   syncproto.Collection = 4
	Device   syncproto.Collection = 5

	Grid         syncproto.Collection = 100
	Microgrid    syncproto.Collection = 101
	Branch       syncproto.Collection = 102
	BranchGrid   syncproto.Collection = 103
	Member       syncproto.Collection = 104
	RoleHeld     syncproto.Collection = 105
	Household    syncproto.Collection = 110
	Resident     syncproto.Collection = 111
	Link         syncproto.Collection = 112
	Care         syncproto.Collection = 113
	Mobile       syncproto.Collection = 120
	Organisation syncproto.Collection = 121
	Post         syncproto.Collection = 122
	Resource     syncproto.Collection = 123
	Evac         syncproto.Collection = 124
	Merge        syncproto.Collection = 130
	Erased       syncproto.Collection = 131

	Visit           syncproto.Collection = 400
	Matter          syncproto.Collection = 401
	MatterStep      syncproto.Collection = 402
	Dispute         syncproto.Collection = 403
	DisputeStep     syncproto.Collection = 404
	Hazard          syncproto.Collection = 405
	ChecklistAnswer syncproto.Collection = 406
	HouseCheck      syncproto.Collection = 407
	Activity        syncproto.Collection = 408
	MobileContact   syncproto.Collection = 409
	Banquet         syncproto.Collection = 410
	Attachment      syncproto.Collection = 420
	AccessLog       syncproto.Collection = 421
	Correction      syncproto.Collection = 422
	Inbox           syncproto.Collection = 430
	Deposit         syncproto.Collection = 431

	ResidentPrivate syncproto.Collection = 800
)
