package tsp

import "github.com/yinxin-gov/yinxin/conformance/check"

// tolerated is RFC 3161 2.4.2: what real authorities write otherwise is named.
var tolerated = check.Rule{
	ID:        "tsp/tolerated",
	Title:     "what real authorities write otherwise is named",
	Citation:  check.Citation{Standard: "RFC 3161", Clause: "2.4.2"},
	Scope:     "time-stamp token",
	Effective: "2010-03-01",
	Judge:     judge,
}
