package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// dataHash is GB/T 38540-2020 7.3: the seal is bound to its Signature.xml.
var dataHash = check.Rule{
	ID:        "ofd/data_hash",
	Title:     "the seal is bound to its Signature.xml",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.3"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
