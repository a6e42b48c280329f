package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// references is GB/T 33190-2016 18.2: every referenced file has the digest that was sealed.
var references = check.Rule{
	ID:        "ofd/references",
	Title:     "every referenced file has the digest that was sealed",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "18.2"},
	Scope:     "signature description",
	Effective: "2017-05-01",
	Judge:     judge,
}
