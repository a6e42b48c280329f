package sm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// sm3Padding is GB/T 32905-2016 5.2: messages are padded to whole blocks and closed with their length in bits.
var sm3Padding = check.Rule{
	ID:        "sm/sm3_padding",
	Title:     "messages are padded to whole blocks and closed with their length in bits",
	Citation:  check.Citation{Standard: "GB/T 32905-2016", Clause: "5.2"},
	Scope:     "SM3",
	Effective: "2017-03-01",
	Judge:     judgePieces,
}

// judgePieces feeds the message octet by octet, so that buffering and padding meet at every border.
func judgePieces(v vectors.Vector) check.Outcome {
	running := digest.New()
	for _, octet := range v.Fields["message"] {
		running.Write([]byte{octet})
	}
	return same(running.Sum(nil), v.Fields["digest"], "digest")
}
