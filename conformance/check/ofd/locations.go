package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// locations is GB/T 33190-2016 7.3: locations resolve inside the package.
var locations = check.Rule{
	ID:        "ofd/locations",
	Title:     "locations resolve inside the package",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "7.3"},
	Scope:     "ST_Loc",
	Effective: "2017-05-01",
	Judge:     open,
}
