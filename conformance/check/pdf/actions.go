package pdf

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
)

// actions is ISO 32000-1 12.6: what leads out of a signed file, runs or plays is told, wherever it hangs, and followed nowhere.
var actions = check.Rule{
	ID:        "pdf/actions",
	Title:     "actions that lead outside, and forms with scripts of their own, are told",
	Citation:  check.Citation{Standard: "ISO 32000-1", Clause: "12.6"},
	Scope:     "PDF file",
	Effective: "2008-07-01",
	Judge: func(v vectors.Vector) check.Outcome {
		result, err := report(v)
		if err != nil {
			return check.Refuse("vector", err)
		}
		return check.WithNote(check.Verdict(v, result), result, "external_reference")
	},
}
