package syncproto

import (
	"errors"
	"fmt"
)

// Code tells programs what went wrong. The list is append-only: codes cross
// the wire and are read by older and newer peers.
type Code string

// The codes. PROTOCOL.md lists them with what a client does about each.
const (
	CodeMalformed   Code = "malformed"      // bytes that are not this protocol
	CodeTooLarge    Code = "too_large"      // over a limit
	CodeVersion     Code = "version"        // no common protocol version
	CodeToken       Code = "token"          // unknown or revoked device
	CodeRevoked     Code = "revoked"        // this device may no longer sync
	CodeInvitation  Code = "invitation"     // unknown, used or expired invitation
	CodeTownship    Code = "wrong_township" // the device belongs to another township
	CodeScope       Code = "scope"          // the role or scope does not allow it
	CodeClockAhead  Code = "clock_ahead"    // stamps more than 24 h ahead of the hub
	CodeBusy        Code = "busy"           // come again after RetryAfter
	CodeEpoch       Code = "epoch"          // the cursor is of another epoch
	CodeLease       Code = "lease"          // the lease is stale: renumber
	CodeField       Code = "field"          // a value that the ledger does not allow
	CodePurged      Code = "purged"         // the record was erased for good
	CodeInternal    Code = "internal"       // the hub failed; nothing was lost
	CodeNotOurs     Code = "not_ours"       // the answer did not come from a Gridbook server
	CodeUnreachable Code = "unreachable"    // no connection
	CodeCertificate Code = "certificate"    // not the certificate of the invitation
	CodePassword    Code = "password"       // wrong password
	CodeLocked      Code = "already_open"   // another program holds the data
	CodeDamaged     Code = "damaged"        // the store cannot be read
	CodeDiskFull    Code = "disk_full"      // no room to save
	CodeNotJoined   Code = "not_joined"     // this laptop has no township yet
	CodeNotFound    Code = "not_found"      // no such record
	CodeUsage       Code = "usage"          // the call is wrong
	CodeInput       Code = "input"          // a file or line that cannot be used
	CodePlace       Code = "unknown_place"  // no such village or township code
	CodeReference   Code = "reference"      // points to a record that is not there
	CodeNotAllowed  Code = "not_allowed"    // this person may not do it
	CodeClockWrong  Code = "clock_wrong"    // the laptop's clock is far off
	CodeFileKind    Code = "file_kind"      // a file that is not what it should be
	CodeExists      Code = "exists"         // already there
	CodePhotoSize   Code = "photo_size"     // a photo of too many bytes or pixels
	CodePhotoCount  Code = "photo_count"    // a record has as many photos as it may
	CodePhotoQuota  Code = "photo_quota"    // the village's room for photos is used up
	CodePhotoKind   Code = "photo_kind"     // not a picture that can be read
	CodePhotoSpoilt Code = "photo_spoilt"   // the bytes are not those of the name
	CodePhotosShut  Code = "photos_shut"    // a laptop's photos cannot be opened now
	CodePrime       Code = "prime"          // an upload packed by records that the hub has otherwise
	CodeUnplugged   Code = "unplugged"      // the stick cannot be written or read: pulled or locked
	CodeAuthor      Code = "author"         // signed with the number of another laptop
)

// Error is a failure that a person or a program can act on. Message says what
// happened and Hint what to do next, both in simplified Chinese.
type Error struct {
	Code    Code
	Message string
	Hint    string
	Err     error // the cause, for the log; may be nil
}

func (e *Error) Error() string {
	s := string(e.Code)
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is match on the code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == ""
}

// CodeOf returns the code of err, CodeInternal if it has none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

func malformed(format string, args ...any) error {
	return &Error{Code: CodeMalformed, Err: fmt.Errorf(format, args...)}
}

func tooLarge(format string, args ...any) error {
	return &Error{Code: CodeTooLarge, Err: fmt.Errorf(format, args...)}
}
