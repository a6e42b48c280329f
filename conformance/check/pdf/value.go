package pdf

import "github.com/yinxin-gov/yinxin/conformance/check"

// value is GB/T 35275-2017 8.1: the value is of these octets.
var value = check.Rule{
	ID:        "pdf/value",
	Title:     "the value is of these octets",
	Citation:  check.Citation{Standard: "GB/T 35275-2017", Clause: "8.1"},
	Scope:     "signature value",
	Effective: "2018-07-01",
	Judge:     judge,
}
