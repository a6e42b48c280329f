package tsp

import "github.com/yinxin-gov/yinxin/conformance/check"

// binding is RFC 5816 2.2: the token names the certificate that signed it.
var binding = check.Rule{
	ID:        "tsp/binding",
	Title:     "the token names the certificate that signed it",
	Citation:  check.Citation{Standard: "RFC 5816", Clause: "2.2"},
	Scope:     "time-stamp token",
	Effective: "2010-03-01",
	Judge:     judge,
}
