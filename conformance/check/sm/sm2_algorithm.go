package sm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// sm2Algorithm is GB/T 33560-2017 5: the algorithm named beside a signature fits the key.
var sm2Algorithm = check.Rule{
	ID:        "sm/sm2_algorithm",
	Title:     "the algorithm named beside a signature fits the key",
	Citation:  check.Citation{Standard: "GB/T 33560-2017", Clause: "5"},
	Scope:     "AlgorithmIdentifier",
	Effective: "2017-12-01",
	Judge:     judgeAlgorithm,
}

func judgeAlgorithm(v vectors.Vector) check.Outcome {
	public, err := pki.ParseSM2Key(v.Fields["public_key"])
	if err != nil {
		return check.Refuse(pki.Code(err), err)
	}
	algorithm := pki.AlgorithmIdentifier{OID: string(v.Fields["algorithm"]), Parameters: v.Fields["parameters"]}
	err = pki.CheckSignature(public, algorithm, v.Fields["message"], v.Fields["signature"], pki.FormDER)
	return check.Of(pki.Code(err), err)
}
