package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// statusSource is GB/T 36903-2018 5.2: the list is of the address and by the service that the sealed licence names.
var statusSource = check.Rule{
	ID:        "license/status_source",
	Title:     "the list is of the address and by the service that the sealed licence names",
	Citation:  check.Citation{Standard: "GB/T 36903-2018", Clause: "5.2"},
	Scope:     "licence file and status list",
	Effective: "2019-04-01",
	Judge:     judge,
}
