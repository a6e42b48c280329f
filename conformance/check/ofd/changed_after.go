package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// changedAfter is GB/T 33190-2016 18.2: another document behind the same OFD.xml is a change.
var changedAfter = check.Rule{
	ID:        "ofd/changed_after",
	Title:     "another document behind the same OFD.xml is a change",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "18.2"},
	Scope:     "OFD package",
	Effective: "2017-05-01",
	Judge:     judge,
}
