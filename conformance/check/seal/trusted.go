package seal

import (
	"errors"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// judgeTrusted gives a seal to the judge of the product, with the root and the lists of the vector.
func judgeTrusted(v vectors.Vector) check.Outcome {
	roots, err := check.Roots(v)
	if err != nil {
		return check.Refuse("vector", err)
	}
	options := verify.Options{Roots: roots, At: sealJudgedAt, TrustLists: &trustlist.Set{}}
	for _, name := range []string{"trust_list", "older_list"} {
		if content, ok := v.Fields[name]; ok {
			list, err := trustlist.Open(content)
			if err != nil {
				return check.Refuse("list", err)
			}
			if err := options.TrustLists.Add(list); err != nil && !errors.Is(err, trustlist.ErrOlder) {
				return check.Refuse("list", err)
			}
		}
	}
	if content, ok := v.Fields["status_list"]; ok {
		list, err := sealstatus.Open(content)
		if err != nil {
			return check.Refuse("list", err)
		}
		options.SealLists = append(options.SealLists, list)
	}
	return check.Verdict(v, verify.Verify("vector.esl", v.Fields["seal"], options))
}
