// Package trouble is the one error that people read: a stable code, what happened, and the next step. Every layer
// returns it as it is; tools, commands and summaries show it without translating it.
package trouble

import "errors"

// Code names a kind of trouble. Clients and scripts act on codes, so a code never changes its meaning. All codes are
// declared in codes.go, once, and the README has a row for each.
type Code string

// Error is a refusal or a failure for people. What and Next are lower case, without a full stop, and may quote text
// from outside, which is cleaned where they are shown.
type Error struct {
	Code Code   `json:"code"`
	What string `json:"message"`   // what happened
	Next string `json:"next_step"` // the next step, an imperative
	Err  error  `json:"-"`         // the cause, nil when there is none
}

// Error joins what happened and the next step.
func (e *Error) Error() string {
	if e.Next == "" {
		return e.What
	}
	return e.What + "; " + e.Next
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is lets errors.Is compare by code: a sentinel with a code alone matches every Error with that code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.What == "" && t.Next == "" && t.Err == nil && t.Code == e.Code
}

// Find returns the first Error in err's chain, nil when there is none.
func Find(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// CodeOf returns the code of the first Error in err's chain, or "" when there is none.
func CodeOf(err error) Code {
	if e := Find(err); e != nil {
		return e.Code
	}
	return ""
}
