// Package pdf holds the rules for signed PDF files (ISO 32000-1, GB/T 32010.1, with values of GB/T 35275 and GB/T 38540), one
// file a rule. All are judged by the verdict of the verification report, since what an attack on PDF must not reach is just
// that: a file that is called valid.
package pdf

import (
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// Rules of the area, in the order of a report.
func Rules() []check.Rule {
	return []check.Rule{structure, objectStreams, contents, byteRange, changedAfter, docMDP, twoSignatures, value, seal, trust, actions}
}

// judgedAt is the moment of judgement of the area's vectors.
var judgedAt = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// judge gives the file of a vector to the judge of the product, with the test root trusted unless the vector says not.
func judge(v vectors.Vector) check.Outcome {
	result, err := report(v)
	if err != nil {
		return check.Refuse("vector", err)
	}
	return check.Verdict(v, result)
}

func report(v vectors.Vector) (verify.Result, error) {
	roots, err := check.Roots(v)
	return verify.Verify(v.Name+".pdf", v.Fields["file"], verify.Options{Roots: roots, At: judgedAt}), err
}
