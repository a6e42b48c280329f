package pdf

import "github.com/yinxin-gov/yinxin/conformance/check"

// seal is GB/T 38540-2020 7.3: dataHash of a seal signature is of the range.
var seal = check.Rule{
	ID:        "pdf/seal",
	Title:     "dataHash of a seal signature is of the range",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.3"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
