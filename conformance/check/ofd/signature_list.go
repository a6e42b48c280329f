package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// signatureList is GB/T 33190-2016 18.1: declared signatures are there with their values.
var signatureList = check.Rule{
	ID:        "ofd/signature_list",
	Title:     "declared signatures are there with their values",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "18.1"},
	Scope:     "signature list",
	Effective: "2017-05-01",
	Judge:     judge,
}
