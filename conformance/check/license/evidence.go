package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// packages is RFC 3161 2.4.2: a package of evidence is judged as of its time stamp, by what the judge trusts.
var packages = check.Rule{
	ID:        "license/evidence",
	Title:     "a package of evidence is judged as of its time stamp, by what the judge trusts",
	Citation:  check.Citation{Standard: "RFC 3161", Clause: "2.4.2"},
	Scope:     "package of evidence",
	Effective: "2001-08-01",
	Judge:     judge,
}
