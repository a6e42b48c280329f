package tsp

import "github.com/yinxin-gov/yinxin/conformance/check"

// certificate is RFC 3161 4: the certificate was valid at genTime, and its later revocation leaves the token.
var certificate = check.Rule{
	ID:        "tsp/certificate",
	Title:     "the certificate was valid at genTime, and its later revocation leaves the token",
	Citation:  check.Citation{Standard: "RFC 3161", Clause: "4"},
	Scope:     "time-stamp token",
	Effective: "2010-03-01",
	Judge:     judge,
}
