package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// codeIssuer is LZ1 11.4, 2 and 3: a key of a trusted and fresh bundle signed the view, for its type and time.
var codeIssuer = check.Rule{
	ID:        "license/code_issuer",
	Title:     "a key of a trusted and fresh bundle signed the view, for its type and time",
	Citation:  check.Citation{Standard: "LZ1", Clause: "11.4, 2 and 3"},
	Scope:     "presentation code",
	Effective: "2026-01-01",
	Judge:     judge,
}
