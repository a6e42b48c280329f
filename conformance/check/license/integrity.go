package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// integrity is GB/T 36905-2018 7: what changed after the seal, or was left out of it, is found.
var integrity = check.Rule{
	ID:        "license/integrity",
	Title:     "what changed after the seal, or was left out of it, is found",
	Citation:  check.Citation{Standard: "GB/T 36905-2018", Clause: "7"},
	Scope:     "licence file",
	Effective: "2019-04-01",
	Judge:     judge,
}
