package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// twoSeals is GB/T 33190-2016 18.1: a later seal keeps an earlier one whole unless that one locked the list.
var twoSeals = check.Rule{
	ID:        "ofd/two_seals",
	Title:     "a later seal keeps an earlier one whole unless that one locked the list",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "18.1"},
	Scope:     "signature list",
	Effective: "2017-05-01",
	Judge:     judge,
}
