package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// identifier is GB/T 36904-2018 5: an identifier has five parts and a check character over them.
var identifier = check.Rule{
	ID:        "license/identifier",
	Title:     "an identifier has five parts and a check character over them",
	Citation:  check.Citation{Standard: "GB/T 36904-2018", Clause: "5"},
	Scope:     "licence identifier",
	Effective: "2019-04-01",
	Judge:     judgeIdentifier,
}
