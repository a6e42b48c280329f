package check

import (
	"errors"
	"slices"

	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Roots is the trust that a vector asks for: its field root, or nothing when it says untrusted. A vector whose root cannot be read has an error.
func Roots(v vectors.Vector) (*pki.Pool, error) {
	roots := pki.NewPool()
	if len(v.Fields["untrusted"]) > 0 {
		return roots, nil
	}
	return roots, roots.AddFile(v.Fields["root"])
}

// WithNote is the outcome; an acceptance that names nothing yet names the note, where the report has it.
func WithNote(outcome Outcome, result verify.Result, note string) Outcome {
	if outcome.Accepted && outcome.Code == "" && slices.ContainsFunc(result.Reasons, func(reason verify.Reason) bool { return reason.Code == note }) {
		return AcceptWith(note)
	}
	return outcome
}

// Verdict is what a verification report says of a vector. Of several reasons the one that the vector asks for counts, else the first;
// reasons of a valid report are notes.
func Verdict(v vectors.Vector, result verify.Result) Outcome {
	code, detail := "", ""
	for _, reason := range result.Reasons {
		if code == "" || reason.Code == v.Code {
			code, detail = reason.Code, reason.Message
		}
	}
	switch result.Verdict {
	case verify.Valid:
		return Accept()
	case verify.Indeterminate:
		return Undecided(code)
	}
	return Refuse(code, errors.New(detail))
}
