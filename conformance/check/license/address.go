package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// address is GB/T 18284-2000 7: an address is no presentation code.
var address = check.Rule{
	ID:        "license/address",
	Title:     "an address is no presentation code",
	Citation:  check.Citation{Standard: "GB/T 18284-2000", Clause: "7"},
	Scope:     "text of a QR code",
	Effective: "2000-12-28",
	Judge:     judge,
}
