package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// period is GB/T 36903-2018 5.2: a licence holds from the first to the last day that it names, in the time of Beijing.
var period = check.Rule{
	ID:        "license/period",
	Title:     "a licence holds from the first to the last day that it names, in the time of Beijing",
	Citation:  check.Citation{Standard: "GB/T 36903-2018", Clause: "5.2"},
	Scope:     "licence file",
	Effective: "2019-04-01",
	Judge:     judge,
}
