package tsp

import "github.com/yinxin-gov/yinxin/conformance/check"

// imprint is RFC 3161 2.4.2: the imprint is of these octets, by a strong digest.
var imprint = check.Rule{
	ID:        "tsp/imprint",
	Title:     "the imprint is of these octets, by a strong digest",
	Citation:  check.Citation{Standard: "RFC 3161", Clause: "2.4.2"},
	Scope:     "time-stamp token",
	Effective: "2010-03-01",
	Judge:     judge,
}
