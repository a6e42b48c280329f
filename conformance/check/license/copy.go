package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// copies is GB/T 36903-2018 5.3: an annotated copy holds its original, says for what and until when, and ends with either.
var copies = check.Rule{
	ID:        "license/copy",
	Title:     "an annotated copy holds its original, says for what and until when, and ends with either",
	Citation:  check.Citation{Standard: "GB/T 36903-2018", Clause: "5.3"},
	Scope:     "annotated copy",
	Effective: "2019-04-01",
	Judge:     judge,
}
