// Package license holds the rules for licences and what is shown of them: files and annotated copies (GB/T 36905-2018, GB/T 36903-2018),
// identifiers (GB/T 36904-2018), status lists, proofs of the transparency log, packages of evidence and presentation codes, one file a rule.
//
// A golden vector names more than the reason of its rule: the V-code and every reason in its order, which are what all channels must say.
package license

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Rules of the area, in the order of a report.
func Rules() []check.Rule {
	return []check.Rule{
		identifier, data, photo, integrity, authority, trust, period, status, statusAge, statusSource, history, listForm, copies, logProof, packages, address,
		codeForm, codeIssuer, codeTime, codeHolder, codeStatus, codePaper,
	}
}

// usualMoment is when vectors are judged that name none.
var usualMoment = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// Options are the trust, the evidence and the moment of a vector.
func Options(v vectors.Vector) (licensefile.Options, error) {
	o := licensefile.Options{Options: verify.Options{At: usualMoment}}
	var err error
	keep := func(one error) { err = errors.Join(err, one) }
	if len(v.Fields["root"])+len(v.Fields["untrusted"]) > 0 {
		o.Roots, err = check.Roots(v)
	}
	if at := v.Fields["at"]; len(at) > 0 {
		moment, failure := time.Parse(time.RFC3339, string(at))
		o.At = moment
		keep(failure)
	}
	for _, name := range []string{"status_list", "older_list"} {
		if content, ok := v.Fields[name]; ok {
			list, failure := statuslist.Open(content)
			o.StatusLists = append(o.StatusLists, list)
			keep(failure)
		}
	}
	if content, ok := v.Fields["delta"]; ok {
		delta, failure := statuslist.OpenDelta(content)
		o.Deltas = []*statuslist.Delta{delta}
		keep(failure)
	}
	if content, ok := v.Fields["keys"]; ok {
		bundle, failure := presentation.OpenBundle(content)
		o.Bundles = []*presentation.Bundle{bundle}
		keep(failure)
	}
	if content, ok := v.Fields["seal_list"]; ok {
		list, failure := sealstatus.Open(content)
		o.SealLists = []*sealstatus.List{list}
		keep(failure)
	}
	if content, ok := v.Fields["crl"]; ok {
		crl, failure := pki.ParseCRL(content)
		o.CRLs = []*pki.CRL{crl}
		keep(failure)
	}
	if content, ok := v.Fields["log_keys"]; ok {
		known, failure := translog.ParseKeys(string(content))
		o.Log.Log = known
		keep(failure)
	}
	o.Challenge, o.PageText = v.Fields["challenge"], string(v.Fields["page_text"])
	if known, ok := v.Fields["consumed"]; ok {
		o.Consumed = func([16]byte) bool { return string(known) == "1" }
	}
	return o, err
}

// names of the objects that a golden vector may hold, and of the files in which they come.
var names = map[string]string{"license": ".ofd", "evidence": ".zip", "code": ".txt"}

// Object is what a golden vector is about, with a name for it.
func Object(v vectors.Vector) (name string, content []byte) {
	for field, extension := range names {
		if content, ok := v.Fields[field]; ok {
			return strings.ReplaceAll(v.Name, "/", "-") + extension, content
		}
	}
	return "", nil
}

// Told is what a report says, in the words of a golden vector: the V-code and every reason in its order.
func Told(result verify.Result) string {
	words := []string{result.Code}
	for _, reason := range result.Reasons {
		words = append(words, reason.Code)
	}
	return strings.Join(words, " ")
}

// Golden is what the report about a vector must say, in the words of Told.
func Golden(v vectors.Vector) string {
	return strings.TrimSpace(string(v.Fields["verdict"]) + " " + string(v.Fields["reasons"]))
}

// judge gives a file or a code to the judge of the product; its report must be the golden one.
func judge(v vectors.Vector) check.Outcome {
	options, err := Options(v)
	if err != nil {
		return check.Refuse("vector", err)
	}
	name, content := Object(v)
	result := evidence.Judge(name, content, options)
	if got, want := Told(result), Golden(v); got != want {
		return check.Outcome{Code: "report_differs", Detail: fmt.Sprintf("the report says %s, the vector %s", got, want)}
	}
	return check.WithNote(check.Verdict(v, result), result, v.Code)
}

// judgeIdentifier reads an identifier, under strict by what is minted.
func judgeIdentifier(v vectors.Vector) check.Outcome {
	text := string(v.Fields["identifier"])
	refused := &catalog.IDError{}
	if len(v.Fields["strict"]) > 0 {
		if _, err := catalog.ParseID(text); errors.As(err, &refused) {
			return check.Refuse(string(refused.Part), err)
		}
		return check.Accept()
	}
	_, odd, err := catalog.ReadID(text)
	if errors.As(err, &refused) {
		return check.Refuse(string(refused.Part), err)
	}
	for _, deviation := range odd {
		if string(deviation) == v.Code {
			return check.AcceptWith(v.Code)
		}
	}
	return check.Accept()
}

// judgeList reads a status list, whose entry 7 has the status of the vector.
func judgeList(v vectors.Vector) check.Outcome {
	list, err := statuslist.Open(v.Fields["status_list"])
	switch {
	case errors.Is(err, statuslist.ErrSignature):
		return check.Refuse("signature", err)
	case err != nil:
		return check.Refuse("format", err)
	}
	if status, ok := list.Lookup(7); !ok || byte(status) != v.Fields["status"][0] {
		return check.Refuse("status", fmt.Errorf("entry 7 is %d", status))
	}
	return check.Accept()
}

// judgeProof judges a proof of the transparency log about a licence.
func judgeProof(v vectors.Vector) check.Outcome {
	known, err := translog.ParseKeys(string(v.Fields["log_keys"]))
	if err != nil {
		return check.Refuse("vector", err)
	}
	proof, err := translog.ParseProof(v.Fields["proof"])
	if err == nil {
		_, err = proof.JudgeLicense(string(v.Fields["license_id"]), v.Fields["original"], translog.Policy{Log: known})
	}
	switch {
	case err == nil:
		return check.Accept()
	case errors.Is(err, translog.ErrStranger):
		return check.Undecided("stranger")
	case errors.Is(err, translog.ErrProof):
		return check.Refuse("proof", err)
	case errors.Is(err, translog.ErrSignature):
		return check.Refuse("signature", err)
	}
	return check.Refuse("format", err)
}
