package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// status is GB/T 36903-2018 5.2: the newest list says whether the licence is in force.
var status = check.Rule{
	ID:        "license/status",
	Title:     "the newest list says whether the licence is in force",
	Citation:  check.Citation{Standard: "GB/T 36903-2018", Clause: "5.2"},
	Scope:     "licence file and status list",
	Effective: "2019-04-01",
	Judge:     judge,
}
