package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// trustList is GB/T 38540-2020 6.3: the maker's authority is the one that the trust list grants for makers when the seal was made.
var trustList = check.Rule{
	ID:        "seal/trust_list",
	Title:     "the trust list decides whose makers count, and when",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "6.3"},
	Scope:     "seal",
	Effective: "2020-10-01",
	Judge:     judgeTrusted,
}
