package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// codeTime is LZ1 11.4, 4 and 5: a code is of the moment, with 90 seconds between clocks and two steps of 15.
var codeTime = check.Rule{
	ID:        "license/code_time",
	Title:     "a code is of the moment, with 90 seconds between clocks and two steps of 15",
	Citation:  check.Citation{Standard: "LZ1", Clause: "11.4, 4 and 5"},
	Scope:     "presentation code",
	Effective: "2026-01-01",
	Judge:     judge,
}
