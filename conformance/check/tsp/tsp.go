// Package tsp holds the rules for time-stamp requests, responses and tokens (RFC 3161, RFC 5816, GB/T 20520), one file a rule.
package tsp

import (
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
)

// Rules of the area, in the order of a report.
func Rules() []check.Rule {
	return []check.Rule{request, response, form, tolerated, imprint, signature, binding, usage, certificate, moment}
}

var judgedAt = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// judge reads a token, compares its imprint and judges it. What speaks against it comes before what is not known.
func judge(v vectors.Vector) check.Outcome {
	roots, err := check.Roots(v)
	if err != nil {
		return check.Refuse("vector", err)
	}
	options := tst.Options{Roots: roots, At: judgedAt}
	if list, ok := v.Fields["crl"]; ok {
		crl, err := pki.ParseCRL(list)
		if err != nil {
			return check.Refuse("crl", err)
		}
		options.Evidence.CRLs = []*pki.CRL{crl}
	}
	token, err := tst.Parse(v.Fields["token"])
	if err != nil {
		return check.Refuse(tst.Code(err), err)
	}
	if err := token.Info.Imprint.Check(v.Fields["octets"]); err != nil {
		return check.Refuse(tst.Code(err), err)
	}
	judged := token.Judge(options)
	outcome := check.Accept()
	for _, finding := range judged.Findings {
		if !tst.NotKnown(finding) {
			return check.Refuse(tst.Code(finding), finding)
		}
		outcome = check.Undecided(tst.Code(finding))
	}
	if outcome.Accepted && len(judged.Deviations) > 0 {
		return check.AcceptWith(string(judged.Deviations[0]))
	}
	return outcome
}

// judgeRequest reads a request.
func judgeRequest(v vectors.Vector) check.Outcome {
	_, err := tst.ParseRequest(v.Fields["request"])
	return check.Of("TS_REQUEST", err)
}

// judgeResponse compares a response with the request that was sent; the token is judged by the other rules.
func judgeResponse(v vectors.Vector) check.Outcome {
	asked, err := tst.ParseRequest(v.Fields["request"])
	if err != nil {
		return check.Refuse("TS_REQUEST", err)
	}
	answered, err := tst.ParseResponse(v.Fields["response"])
	if err != nil {
		return check.Refuse("TS_RESPONSE", err)
	}
	switch err := answered.Answers(asked); {
	case errors.Is(err, tst.ErrRefused):
		return check.Refuse("TS_REFUSED", err)
	case errors.Is(err, tst.ErrResponse):
		return check.Refuse("TS_RESPONSE", err)
	default:
		return check.Of(tst.Code(err), err)
	}
}
