package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// sealFile is GB/T 33190-2016 18.2: a seal file beside the signature equals the seal inside it.
var sealFile = check.Rule{
	ID:        "ofd/seal_file",
	Title:     "a seal file beside the signature equals the seal inside it",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "18.2"},
	Scope:     "signature description",
	Effective: "2017-05-01",
	Judge:     judge,
}
