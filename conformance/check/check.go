// Package check is the form of a conformance rule: one small file a rule below check/<area>/, with the clause it stands
// on, what it applies to and since when. A rule is of one of two forms. One judges vectors; it never knows the answer,
// which stands in the vector. The other probes a server that it meets as a relying party over HTTP.
package check

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/party"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
)

// Citation is where a standard asks for what the rule checks.
type Citation struct {
	Standard string // "GB/T 32918.2-2016"
	Clause   string // "7.1 B1"
}

// Outcome is what the implementation under test did with a vector.
type Outcome struct {
	Accepted  bool
	Undecided bool   // neither accepted nor refused: nothing is known against it, and not enough for it
	Code      string // stable reason code of a refusal, or of a tolerated deviation; may be empty
	Detail    string // for people
}

// Rule is one requirement of a standard. It has a Judge or a Probe.
type Rule struct {
	ID        string // "<area>/<name>", the name of its file
	Title     string // what must hold
	Citation  Citation
	Scope     string // kind of object that the rule is about
	Effective string // date since when the requirement is in force, YYYY-MM-DD; older objects are not judged
	Judge     func(vectors.Vector) Outcome
	Probe     func(context.Context, *party.Trial)
}

// Accept is the outcome of a vector that was taken.
func Accept() Outcome { return Outcome{Accepted: true} }

// AcceptWith is the outcome of a vector that was taken with a named deviation.
func AcceptWith(code string) Outcome { return Outcome{Accepted: true, Code: code} }

// Refuse is the outcome of a vector that was refused.
func Refuse(code string, err error) Outcome {
	outcome := Outcome{Code: code}
	if err != nil {
		outcome.Detail = err.Error()
	}
	return outcome
}

// Undecided is the outcome of a vector that could not be decided.
func Undecided(code string) Outcome { return Outcome{Undecided: true, Code: code} }

// Of is Accept for nil and Refuse for an error.
func Of(code string, err error) Outcome {
	if err == nil {
		return Accept()
	}
	return Refuse(code, err)
}
