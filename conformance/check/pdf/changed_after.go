package pdf

import "github.com/yinxin-gov/yinxin/conformance/check"

// changedAfter is ISO 32000-1 7.5.6: nothing but a further signature comes behind a signature.
var changedAfter = check.Rule{
	ID:        "pdf/changed_after",
	Title:     "nothing but a further signature comes behind a signature",
	Citation:  check.Citation{Standard: "ISO 32000-1", Clause: "7.5.6"},
	Scope:     "incremental update",
	Effective: "2008-07-01",
	Judge:     judge,
}
