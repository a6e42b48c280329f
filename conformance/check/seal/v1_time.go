package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// v1Time is GM/T 0031-2014 6.2.1: V1 times are read in every form met, and an unreadable one proves nothing.
var v1Time = check.Rule{
	ID:        "seal/v1_time",
	Title:     "V1 times are read in every form met, and an unreadable one proves nothing",
	Citation:  check.Citation{Standard: "GM/T 0031-2014", Clause: "6.2.1"},
	Scope:     "seal signature",
	Effective: "2014-02-13",
	Judge:     judge,
}
