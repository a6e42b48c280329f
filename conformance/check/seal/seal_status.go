package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// sealStatus is GB/T 38540-2020 6.3: a seal that its maker's house stopped, or ended, is not in use.
var sealStatus = check.Rule{
	ID:        "seal/seal_status",
	Title:     "the status list decides whether the seal is in use",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "6.3"},
	Scope:     "seal",
	Effective: "2020-10-01",
	Judge:     judgeTrusted,
}
