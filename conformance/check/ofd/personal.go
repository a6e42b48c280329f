package ofd

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
)

// personal is GM/T 0031-2014 6.1.1.1 c: type 2 is the seal of a person, which a report tells from that of an organisation.
var personal = check.Rule{
	ID:        "ofd/personal",
	Title:     "the seal of a person is told as such, whatever its structure",
	Citation:  check.Citation{Standard: "GM/T 0031-2014", Clause: "6.1.1.1 c"},
	Scope:     "seal signature in a document",
	Effective: "2014-02-13",
	Judge: func(v vectors.Vector) check.Outcome {
		outcome, result := judgeBoth(v)
		return check.WithNote(outcome, result, "seal_personal")
	},
}
