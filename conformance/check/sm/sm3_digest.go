package sm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// sm3Digest is GB/T 32905-2016 A: SM3 gives the published digests.
var sm3Digest = check.Rule{
	ID:        "sm/sm3_digest",
	Title:     "SM3 gives the published digests",
	Citation:  check.Citation{Standard: "GB/T 32905-2016", Clause: "A"},
	Scope:     "SM3",
	Effective: "2017-03-01",
	Judge:     judgeDigest,
}

func judgeDigest(v vectors.Vector) check.Outcome {
	return same(digest.Sum(v.Fields["message"]), v.Fields["digest"], "digest")
}
