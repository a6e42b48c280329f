package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// checkMethod is GB/T 33190-2016 18.2: files are digested with SM3, and there are some.
var checkMethod = check.Rule{
	ID:        "ofd/check_method",
	Title:     "files are digested with SM3, and there are some",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "18.2"},
	Scope:     "signature description",
	Effective: "2017-05-01",
	Judge:     judge,
}
