package ofd

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
)

// appearance is GB/T 33190-2016 11 and 14: what a page shows otherwise than the file says it is told, and so is what leads outside.
var appearance = check.Rule{
	ID:        "ofd/appearance",
	Title:     "what is seen otherwise than it is stored, and what leads outside, is told",
	Citation:  check.Citation{Standard: "GB/T 33190-2016", Clause: "11.4.1"},
	Scope:     "pages and resources of a sealed document",
	Effective: "2017-05-01",
	Judge: func(v vectors.Vector) check.Outcome {
		outcome, result := judgeBoth(v)
		for _, note := range []string{"text_glyph_differs", "font_unbound", "external_reference"} {
			outcome = check.WithNote(outcome, result, note)
		}
		return outcome
	},
}
