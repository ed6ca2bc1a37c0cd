package ledger

import (
	"errors"

	"gridbook/syncproto"
)

// Cause says why a value was refused. An import reports it beside the cell;
// it travels as the cause of a *syncproto.Error of CodeField. The list is
// append-only.
type Cause string

// The causes.
const (
	CauseKind        Cause = "wrong_kind"          // not the JSON type or encoding of the field
	CauseTooLong     Cause = "too_long"            // more characters or items than allowed
	CauseRequired    Cause = "required"            // empty though it must be filled in
	CauseEnum        Cause = "enum_unknown"        // neither a code nor a word of the table
	CauseDate        Cause = "date_bad"            // not a date
	CauseMonth       Cause = "date_month_unclear"  // 2024.1 as a number: January or October
	CauseNumber      Cause = "number_bad"          // not a number, or out of range
	CauseBool        Cause = "bool_bad"            // neither yes nor no
	CausePhone       Cause = "phone_bad"           // not a telephone number
	CauseIDAsNumber  Cause = "id_number_as_number" // the spreadsheet lost the last three digits
	CauseIDCheck     Cause = "id_check_digit"      // the check digit does not match
	CauseIDOld       Cause = "id_old_15"           // a first-generation number
	CauseIDDate      Cause = "id_bad_date"         // the birth date inside is no date
	CauseIDShape     Cause = "id_bad_shape"        // not 17 digits and a check digit
	CausePlace       Cause = "place_bad"           // not a code of 9 or 12 digits
	CauseGridCode    Cause = "grid_code_bad"       // not a code of 15 or 17 digits
	CauseReference   Cause = "ref_bad"             // not the id of a record
	CauseUnknownName Cause = "name_unknown"        // nobody and nothing of that name is there
	CauseAmbiguous   Cause = "name_ambiguous"      // several of that name are there
	CauseNumberCell  Cause = "stored_as_number"    // a code that lost digits as a number
)

func (c Cause) Error() string { return string(c) }

// CauseOf returns the cause of err, "" if it has none.
func CauseOf(err error) Cause {
	var c Cause
	errors.As(err, &c)
	return c
}

// wrong returns the error for a value of f. It names the field, the value and
// the reason, and what to do next.
func (f *Field) wrong(c Cause, value, reason, hint string) error {
	msg := "“" + f.Label + "”"
	if value != "" {
		msg += "填的是“" + clip(value) + "”:"
	}
	return &syncproto.Error{Code: syncproto.CodeField, Message: msg + reason, Hint: hint, Err: c}
}

// Missing returns the error for a required field that is empty.
func (f *Field) Missing() error {
	return f.wrong(CauseRequired, "", "没有填,这一项必须填写", "请补上后再试")
}
