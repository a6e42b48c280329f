package seal

import (
	"errors"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// judgeTrusted gives a seal to the judge of the product, with the root and the lists of the vector. Of several reasons the one that the
// vector asks for counts, else the first.
func judgeTrusted(v vectors.Vector) check.Outcome {
	options := verify.Options{Roots: pki.NewPool(), At: sealJudgedAt, TrustLists: &trustlist.Set{}}
	if err := options.Roots.AddFile(v.Fields["root"]); err != nil {
		return check.Refuse("vector", err)
	}
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
	result := verify.Verify("vector.esl", v.Fields["seal"], options)
	code, detail := "", ""
	for _, reason := range result.Reasons {
		if code == "" || reason.Code == v.Code {
			code, detail = reason.Code, reason.Message
		}
	}
	switch result.Verdict {
	case verify.Valid: // reasons of a valid result are notes
		return check.Accept()
	case verify.Indeterminate:
		return check.Undecided(code)
	}
	return check.Refuse(code, errors.New(detail))
}
