package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// schemaOrder is GB/T 33190-2016 7: no element that the schema does not know stands before one that it knows.
var schemaOrder = check.Rule{
	ID:        "ofd/schema_order",
	Title:     "no element that the schema does not know stands before one that it knows",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "7"},
	Scope:     "XML of an OFD package",
	Effective: "2017-05-01",
	Judge:     judge,
}
