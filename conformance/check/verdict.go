package check

import (
	"errors"

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
