package pdf

import "github.com/yinxin-gov/yinxin/conformance/check"

// byteRange is ISO 32000-1 12.8.1: a range is everything but the value.
var byteRange = check.Rule{
	ID:        "pdf/byte_range",
	Title:     "a range is everything but the value",
	Citation:  check.Citation{Standard: "ISO 32000-1", Clause: "12.8.1"},
	Scope:     "signature dictionary",
	Effective: "2008-07-01",
	Judge:     judge,
}
