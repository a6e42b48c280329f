package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// codeHolder is LZ1 11.4, 5 and 6: the holder's device shows the code, once, to who asked.
var codeHolder = check.Rule{
	ID:        "license/code_holder",
	Title:     "the holder's device shows the code, once, to who asked",
	Citation:  check.Citation{Standard: "LZ1", Clause: "11.4, 5 and 6"},
	Scope:     "presentation code",
	Effective: "2026-01-01",
	Judge:     judge,
}
