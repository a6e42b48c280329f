package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// history is GB/T 36903-2018 5.2: a licence is judged as of a day by what was known then.
var history = check.Rule{
	ID:        "license/history",
	Title:     "a licence is judged as of a day by what was known then",
	Citation:  check.Citation{Standard: "GB/T 36903-2018", Clause: "5.2"},
	Scope:     "licence file and status lists",
	Effective: "2019-04-01",
	Judge:     judge,
}
