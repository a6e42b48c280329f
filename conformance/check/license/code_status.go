package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// codeStatus is LZ1 11.4, 7: short codes are looked up in a delta, long ones in the status list.
var codeStatus = check.Rule{
	ID:        "license/code_status",
	Title:     "short codes are looked up in a delta, long ones in the status list",
	Citation:  check.Citation{Standard: "LZ1", Clause: "11.4, 7"},
	Scope:     "presentation code",
	Effective: "2026-01-01",
	Judge:     judge,
}
