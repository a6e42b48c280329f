package tsp

import "github.com/yinxin-gov/yinxin/conformance/check"

// usage is RFC 3161 2.3: the certificate is for time stamps alone, and critically so.
var usage = check.Rule{
	ID:        "tsp/usage",
	Title:     "the certificate is for time stamps alone, and critically so",
	Citation:  check.Citation{Standard: "RFC 3161", Clause: "2.3"},
	Scope:     "time-stamp token",
	Effective: "2010-03-01",
	Judge:     judge,
}
