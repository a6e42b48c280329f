package tsp

import "github.com/yinxin-gov/yinxin/conformance/check"

// response is RFC 3161 2.4.2: a response answers the request that was sent.
var response = check.Rule{
	ID:        "tsp/response",
	Title:     "a response answers the request that was sent",
	Citation:  check.Citation{Standard: "RFC 3161", Clause: "2.4.2"},
	Scope:     "time-stamp response",
	Effective: "2010-03-01",
	Judge:     judgeResponse,
}
