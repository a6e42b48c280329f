package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// coverage is GB/T 33190-2016 18.2: what a seal leaves out is not proven by it.
var coverage = check.Rule{
	ID:        "ofd/coverage",
	Title:     "what a seal leaves out is not proven by it",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "18.2"},
	Scope:     "signature description",
	Effective: "2017-05-01",
	Judge:     judge,
}
