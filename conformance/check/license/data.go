package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// data is GB/T 36905-2018 6: page text, metadata and machine file say the same.
var data = check.Rule{
	ID:        "license/data",
	Title:     "page text, metadata and machine file say the same",
	Citation:  check.Citation{Standard: "GB/T 36905-2018", Clause: "6"},
	Scope:     "licence file",
	Effective: "2019-04-01",
	Judge:     judge,
}
