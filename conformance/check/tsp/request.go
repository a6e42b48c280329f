package tsp

import "github.com/yinxin-gov/yinxin/conformance/check"

// request is RFC 3161 2.4.1: a request is strict DER with one imprint.
var request = check.Rule{
	ID:        "tsp/request",
	Title:     "a request is strict DER with one imprint",
	Citation:  check.Citation{Standard: "RFC 3161", Clause: "2.4.1"},
	Scope:     "time-stamp request",
	Effective: "2010-03-01",
	Judge:     judgeRequest,
}
