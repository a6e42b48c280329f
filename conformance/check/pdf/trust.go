package pdf

import "github.com/yinxin-gov/yinxin/conformance/check"

// trust is GB/T 38540-2020 7.3: who is not trusted is not known.
var trust = check.Rule{
	ID:        "pdf/trust",
	Title:     "who is not trusted is not known",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.3"},
	Scope:     "signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
