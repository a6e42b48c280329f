package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// photo is GB/T 36905-2018 6, of the picture of the holder: the page shows the one that metadata and machine file name, once, whole and at its place, and no
// other.
var photo = check.Rule{
	ID:        "license/photo",
	Title:     "the picture on the page is the one that the data name",
	Citation:  check.Citation{Standard: "GB/T 36905-2018", Clause: "6"},
	Scope:     "licence file",
	Effective: "2019-04-01",
	Judge:     judge,
}
