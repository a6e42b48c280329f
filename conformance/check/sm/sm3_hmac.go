package sm

import (
	"crypto/hmac"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// sm3HMAC is GB/T 15852.2-2012 7: keyed digests use blocks of 64 octets and hash longer keys.
var sm3HMAC = check.Rule{
	ID:        "sm/sm3_hmac",
	Title:     "keyed digests use blocks of 64 octets and hash longer keys",
	Citation:  check.Citation{Standard: "GB/T 15852.2-2012", Clause: "7"},
	Scope:     "HMAC-SM3",
	Effective: "2013-06-01",
	Judge:     judgeHMAC,
}

func judgeHMAC(v vectors.Vector) check.Outcome {
	mac := hmac.New(digest.New, v.Fields["key"])
	mac.Write(v.Fields["message"])
	return same(mac.Sum(nil), v.Fields["tag"], "tag")
}
