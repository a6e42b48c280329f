package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// listForm is RFC 8949 4.2.1: a status list has one form and holds a whole shard.
var listForm = check.Rule{
	ID:        "license/list_form",
	Title:     "a status list has one form and holds a whole shard",
	Citation:  check.Citation{Standard: "RFC 8949", Clause: "4.2.1"},
	Scope:     "status list",
	Effective: "2020-12-01",
	Judge:     judgeList,
}
