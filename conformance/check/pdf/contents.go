package pdf

import "github.com/yinxin-gov/yinxin/conformance/check"

// contents is ISO 32000-1 12.8.1: a signed field has a value and a range.
var contents = check.Rule{
	ID:        "pdf/contents",
	Title:     "a signed field has a value and a range",
	Citation:  check.Citation{Standard: "ISO 32000-1", Clause: "12.8.1"},
	Scope:     "signature dictionary",
	Effective: "2008-07-01",
	Judge:     judge,
}
