package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// packageDuplicates is APPNOTE 6.3.4 4.3.2: no two entries have one name, by case or Unicode form either.
var packageDuplicates = check.Rule{
	ID:        "ofd/package_duplicates",
	Title:     "no two entries have one name, by case or Unicode form either",
	Citation:  check.Citation{Standard: "APPNOTE 6.3.4", Clause: "4.3.2"},
	Scope:     "OFD package",
	Effective: "2017-05-01",
	Judge:     open,
}
