package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// xmlDoctype is XML 1.0 2.8: no document type declaration is taken.
var xmlDoctype = check.Rule{
	ID:        "ofd/xml_doctype",
	Title:     "no document type declaration is taken",
	Citation:  check.Citation{Standard: "XML 1.0", Clause: "2.8"},
	Scope:     "XML of an OFD package",
	Effective: "2017-05-01",
	Judge:     open,
}
