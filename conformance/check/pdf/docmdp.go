package pdf

import "github.com/yinxin-gov/yinxin/conformance/check"

// docMDP is ISO 32000-1 12.8.2.2: a certification permits what it says and no more.
var docMDP = check.Rule{
	ID:        "pdf/docmdp",
	Title:     "a certification permits what it says and no more",
	Citation:  check.Citation{Standard: "ISO 32000-1", Clause: "12.8.2.2"},
	Scope:     "incremental update",
	Effective: "2008-07-01",
	Judge:     judge,
}
