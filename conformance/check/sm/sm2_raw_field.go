package sm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// sm2RawField is GB/T 35275-2017 8.2: raw r‖s is read only as exactly 64 octets and is named.
var sm2RawField = check.Rule{
	ID:        "sm/sm2_raw_field",
	Title:     "raw r‖s is read only as exactly 64 octets and is named",
	Citation:  check.Citation{Standard: "GB/T 35275-2017", Clause: "8.2"},
	Scope:     "SM2 signature",
	Effective: "2018-07-01",
	Judge:     judgeRawField,
}

func judgeRawField(v vectors.Vector) check.Outcome { return verify(v, pki.FormDEROrRaw) }
