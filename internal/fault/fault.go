// Package fault is the platform's one error type: a machine code, words that are safe to show, a private cause.
//
// Codes are declared in codes.yaml, from which the Go constants, the reference page and the messages are generated.
// Domain code returns a fault with New or Wrap, or wraps another error with %w and a short verb phrase; package problem
// renders it once, at the edge. The cause is for logs only and never leaves the process. An error that holds no fault
// is shown as Internal.
package fault

//go:generate go run ./gen

import (
	"errors"
	"fmt"
)

// Code is a stable machine code "YX-<AREA>-<nnn>". A code is never reused for another meaning.
type Code string

// Text is a message in the languages of the catalogue, keyed by BCP 47 tag ("zh-CN", "en").
type Text map[string]string

// In returns the text in the language, or in zh-CN when the language has none.
func (t Text) In(locale string) string {
	if s, ok := t[locale]; ok {
		return s
	}
	return t["zh-CN"]
}

// Meta is what the catalogue says about a code.
type Meta struct {
	Code      Code
	Status    int  // HTTP status
	Retryable bool // the same request may succeed later
	Title     Text // what happened
	Hint      Text // what to do next
}

// Field is a fault of one input field.
type Field struct {
	Name   string // wire name of the field
	Code   Code   // why it is refused
	Params map[string]string
}

// Fault is an error with a code. Params fill placeholders {name} of title and hint and must not hold personal data.
type Fault struct {
	Code       Code
	Params     map[string]string
	Fields     []Field
	RetryAfter int // seconds; 0 says nothing
	cause      error
}

// New returns a fault with the code and parameters given as name, value pairs.
func New(code Code, params ...string) *Fault { return Wrap(nil, code, params...) }

// Wrap returns a fault with a private cause.
func Wrap(cause error, code Code, params ...string) *Fault {
	f := &Fault{Code: code, cause: cause}
	for i := 0; i+1 < len(params); i += 2 {
		if f.Params == nil {
			f.Params = map[string]string{}
		}
		f.Params[params[i]] = params[i+1]
	}
	return f
}

// WithField returns the fault with one more refused field; parameters as in New.
func (f *Fault) WithField(name string, code Code, params ...string) *Fault {
	f.Fields = append(f.Fields, Field{Name: name, Code: code, Params: New(code, params...).Params})
	return f
}

// After returns the fault with the seconds to wait before trying again.
func (f *Fault) After(seconds int) *Fault {
	f.RetryAfter = seconds
	return f
}

// Error is for logs: it holds the cause.
func (f *Fault) Error() string {
	if f.cause != nil {
		return fmt.Sprintf("%s: %v", f.Code, f.cause)
	}
	return string(f.Code)
}

// Unwrap returns the private cause.
func (f *Fault) Unwrap() error { return f.cause }

// Is makes errors.Is(err, fault.New(code)) compare codes.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// From finds the fault in err, or makes an Internal one with err as its cause. From(nil) is nil.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return Wrap(err, Internal)
}

// CodeOf returns the code of the fault in err, empty for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return From(err).Code
}

// MetaOf returns the catalogue entry of a code; an unknown code has the entry of Internal.
func MetaOf(code Code) Meta {
	if m, ok := catalogue[code]; ok {
		return m
	}
	return catalogue[Internal]
}

// Codes returns all declared codes in the order of the catalogue.
func Codes() []Meta {
	all := make([]Meta, 0, len(order))
	for _, code := range order {
		all = append(all, catalogue[code])
	}
	return all
}
