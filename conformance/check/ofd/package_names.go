package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// packageNames is APPNOTE 6.3.4 4.4.17: entry names stay inside the package.
var packageNames = check.Rule{
	ID:        "ofd/package_names",
	Title:     "entry names stay inside the package",
	Citation:  check.Citation{Standard: "APPNOTE 6.3.4", Clause: "4.4.17"},
	Scope:     "OFD package",
	Effective: "2017-05-01",
	Judge:     open,
}
