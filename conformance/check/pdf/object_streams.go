package pdf

import "github.com/yinxin-gov/yinxin/conformance/check"

// objectStreams is ISO 32000-1 7.5.7: object and cross-reference streams are read like tables, within bounds.
var objectStreams = check.Rule{
	ID:        "pdf/object_streams",
	Title:     "object and cross-reference streams are read like tables, within bounds",
	Citation:  check.Citation{Standard: "ISO 32000-1", Clause: "7.5.7"},
	Scope:     "PDF file",
	Effective: "2008-07-01",
	Judge:     judge,
}
