package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// tolerated is GB/T 38540-2020 6.1: departures of real makers are read under a name, over the octets received.
var tolerated = check.Rule{
	ID:        "seal/tolerated",
	Title:     "departures of real makers are read under a name, over the octets received",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "6.1"},
	Scope:     "seal, seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
