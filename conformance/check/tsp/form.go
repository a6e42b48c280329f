package tsp

import "github.com/yinxin-gov/yinxin/conformance/check"

// form is RFC 3161 2.4.2: one signature over TSTInfo, and nothing that leaves a choice.
var form = check.Rule{
	ID:        "tsp/form",
	Title:     "one signature over TSTInfo, and nothing that leaves a choice",
	Citation:  check.Citation{Standard: "RFC 3161", Clause: "2.4.2"},
	Scope:     "time-stamp token",
	Effective: "2010-03-01",
	Judge:     judge,
}
