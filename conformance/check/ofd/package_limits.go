package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// packageLimits is APPNOTE 6.3.4 4.4.5: packages that grow beyond measure are refused.
var packageLimits = check.Rule{
	ID:        "ofd/package_limits",
	Title:     "packages that grow beyond measure are refused",
	Citation:  check.Citation{Standard: "APPNOTE 6.3.4", Clause: "4.4.5"},
	Scope:     "OFD package",
	Effective: "2017-05-01",
	Judge:     open,
}
