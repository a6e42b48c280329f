package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// codeForm is LZ1 11.4, 1: a presentation code has one form.
var codeForm = check.Rule{
	ID:        "license/code_form",
	Title:     "a presentation code has one form",
	Citation:  check.Citation{Standard: "LZ1", Clause: "11.4, 1"},
	Scope:     "presentation code",
	Effective: "2026-01-01",
	Judge:     judge,
}
