package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// packageStructure is APPNOTE 6.3.4 4.3.6: local and central headers agree and nothing hides between entries.
var packageStructure = check.Rule{
	ID:        "ofd/package_structure",
	Title:     "local and central headers agree and nothing hides between entries",
	Citation:  check.Citation{Standard: "APPNOTE 6.3.4", Clause: "4.3.6"},
	Scope:     "OFD package",
	Effective: "2017-05-01",
	Judge:     open,
}
