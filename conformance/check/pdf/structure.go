package pdf

import "github.com/yinxin-gov/yinxin/conformance/check"

// structure is ISO 32000-1 7.5: cross-references and objects hold together, and nothing is repaired.
var structure = check.Rule{
	ID:        "pdf/structure",
	Title:     "cross-references and objects hold together, and nothing is repaired",
	Citation:  check.Citation{Standard: "ISO 32000-1", Clause: "7.5"},
	Scope:     "PDF file",
	Effective: "2008-07-01",
	Judge:     judge,
}
