package tsp

import "github.com/yinxin-gov/yinxin/conformance/check"

// signature is RFC 3161 2.4.2: the authority's signature holds over TSTInfo.
var signature = check.Rule{
	ID:        "tsp/signature",
	Title:     "the authority's signature holds over TSTInfo",
	Citation:  check.Citation{Standard: "RFC 3161", Clause: "2.4.2"},
	Scope:     "time-stamp token",
	Effective: "2010-03-01",
	Judge:     judge,
}
