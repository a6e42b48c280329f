package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// codePaper is LZ1 11.5 M4: a paper copy is told from a view token, is judged by its status list, and vouches for the text of its page.
var codePaper = check.Rule{
	ID:        "license/code_paper",
	Title:     "a paper copy is told from a view token, is judged by its status list, and vouches for the text of its page",
	Citation:  check.Citation{Standard: "LZ1", Clause: "11.5 M4"},
	Scope:     "presentation code",
	Effective: "2026-01-01",
	Judge:     judge,
}
