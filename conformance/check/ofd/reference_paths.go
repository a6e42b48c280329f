package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// referencePaths is GB/T 33190-2016 18.2: references name files of the package, each once.
var referencePaths = check.Rule{
	ID:        "ofd/reference_paths",
	Title:     "references name files of the package, each once",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "18.2"},
	Scope:     "signature description",
	Effective: "2017-05-01",
	Judge:     judge,
}
