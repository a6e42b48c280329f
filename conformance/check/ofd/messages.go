package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// messages is GB/T 35275-2017 8.1: a signature without a seal is a signed message whose value covers the description.
var messages = check.Rule{
	ID:        "ofd/messages",
	Title:     "a signature without a seal is a signed message over the description",
	Citation:  check.Citation{Standard: "GB/T 35275-2017", Clause: "8.1"},
	Scope:     "signature of type Sign",
	Effective: "2018-07-01",
	Judge:     judge,
}
