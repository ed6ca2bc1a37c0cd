package bridge

import (
	"errors"

	"gridbook/syncproto"
)

// Fault is what a screen gets when a call fails.
type Fault struct {
	Code    string `json:"code"`    // one of syncproto's append-only codes
	Message string `json:"message"` // what happened, in simplified Chinese
	Hint    string `json:"hint"`    // what to do next
}

// FaultOf turns any error into what the screen shows. Technical causes stay
// behind: they help nobody at the screen and may name a person or a path.
func FaultOf(err error) Fault {
	e := explain(err)
	return Fault{Code: string(e.Code), Message: e.Message, Hint: e.Hint}
}

// explain finds the coded error in err and completes its words.
func explain(err error) *syncproto.Error {
	e := &syncproto.Error{Code: syncproto.CodeInternal, Err: err}
	var coded *syncproto.Error
	if errors.As(err, &coded) {
		e = &syncproto.Error{Code: coded.Code, Message: coded.Message, Hint: coded.Hint, Err: err}
	}
	w, known := words(e.Code)
	if !known {
		w, _ = words(syncproto.CodeInternal)
	}
	if e.Message == "" {
		e.Message = w.message
		if e.Hint == "" {
			e.Hint = w.hint
		}
	}
	return e
}
