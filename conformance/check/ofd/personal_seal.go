package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// personalSeal is GM/T 0031-2014 6.1.1.1 c: the seal of a person is used by that person.
var personalSeal = check.Rule{
	ID:        "ofd/personal_seal",
	Title:     "the seal of a person is used by that person",
	Citation:  check.Citation{Standard: "GM/T 0031-2014", Clause: "6.1.1.1 c"},
	Scope:     "seal signature",
	Effective: "2014-02-13",
	Judge:     judge,
}
