package tsp

import "github.com/yinxin-gov/yinxin/conformance/check"

// moment is RFC 3161 2.4.2: genTime is not in the future.
var moment = check.Rule{
	ID:        "tsp/time",
	Title:     "genTime is not in the future",
	Citation:  check.Citation{Standard: "RFC 3161", Clause: "2.4.2"},
	Scope:     "time-stamp token",
	Effective: "2010-03-01",
	Judge:     judge,
}
