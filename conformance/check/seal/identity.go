package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// identity is GB/T 32918.2-2016 5.5: ZA with the default identity stands before the message.
var identity = check.Rule{
	ID:        "seal/identity",
	Title:     "ZA with the default identity stands before the message",
	Citation:  check.Citation{Standard: "GB/T 32918.2-2016", Clause: "5.5"},
	Scope:     "seal, seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
