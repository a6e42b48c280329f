package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// statusAge is GB/T 36903-2018 5.2: an old list proves that a licence ended, never that it is in force.
var statusAge = check.Rule{
	ID:        "license/status_age",
	Title:     "an old list proves that a licence ended, never that it is in force",
	Citation:  check.Citation{Standard: "GB/T 36903-2018", Clause: "5.2"},
	Scope:     "licence file and status list",
	Effective: "2019-04-01",
	Judge:     judge,
}
