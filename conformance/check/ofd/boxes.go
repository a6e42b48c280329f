package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// boxes is GB/T 33190-2016 7.3: boxes are four finite numbers with an area.
var boxes = check.Rule{
	ID:        "ofd/boxes",
	Title:     "boxes are four finite numbers with an area",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "7.3"},
	Scope:     "page area",
	Effective: "2017-05-01",
	Judge:     open,
}
