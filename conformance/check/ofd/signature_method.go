package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// signatureMethod is GB/T 33190-2016 18.2: the algorithm that a description names is one by which seals are made.
var signatureMethod = check.Rule{
	ID:        "ofd/signature_method",
	Title:     "the algorithm that a description names is one by which seals are made",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "18.2"},
	Scope:     "signature description",
	Effective: "2017-05-01",
	Judge:     judge,
}
