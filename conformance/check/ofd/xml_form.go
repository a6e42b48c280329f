package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// xmlForm is XML 1.0 2.1: XML is well-formed, of bounded depth, in either namespace in use.
var xmlForm = check.Rule{
	ID:        "ofd/xml_form",
	Title:     "XML is well-formed, of bounded depth, in either namespace in use",
	Citation:  check.Citation{Standard: "XML 1.0", Clause: "2.1"},
	Scope:     "XML of an OFD package",
	Effective: "2017-05-01",
	Judge:     open,
}
