package pdf

import "github.com/yinxin-gov/yinxin/conformance/check"

// twoSignatures is ISO 32000-1 12.8.1: each signature is judged, and the worst counts.
var twoSignatures = check.Rule{
	ID:        "pdf/two_signatures",
	Title:     "each signature is judged, and the worst counts",
	Citation:  check.Citation{Standard: "ISO 32000-1", Clause: "12.8.1"},
	Scope:     "signature",
	Effective: "2008-07-01",
	Judge:     judge,
}
