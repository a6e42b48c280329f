// Package seal holds the rules for electronic seals and seal signatures (GB/T 38540-2020, GM/T 0031-2014, GM/T 0031-2025),
// one file a rule. They judge structure, coverage and signers; chains and documents belong to other areas.
package seal

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Rules of the area, in the order of a report.
func Rules() []check.Rule {
	return []check.Rule{
		shape, version, makerSignature, v1Coverage, tolerated, strict, algorithm, rawValue,
		signatureValue, dataHash, signerListed, signerDigest, signerUsage, signingTime, v1Time, bounds, trustList, sealStatus,
		valueRange, valueEncoding, identity, publicKey, structures, personal,
	}
}

// Moments of judgement: a bare seal is judged now, so inside its period; a signature after every time in the vectors.
var (
	sealJudgedAt      = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	signatureJudgedAt = time.Date(2037, 1, 1, 0, 0, 0, 0, time.UTC)
)

// judge takes the steps of GB/T 38540-2020 6.3 and 7.3 that need no trust, and requires that the verification report,
// which no root is given to, finds the same: invalid where a step fails, and nothing against the rest.
func judge(v vectors.Vector) check.Outcome {
	outcome, _ := judgeBoth(v)
	return outcome
}

// judgeBoth is judge, with the report.
func judgeBoth(v vectors.Vector) (check.Outcome, verify.Result) {
	input, name, format, at := v.Fields["seal"], "vector.esl", "seal", sealJudgedAt
	if signature, ok := v.Fields["signature"]; ok {
		input, name, format, at = signature, "vector.dat", "seal_signature", signatureJudgedAt
	}
	result := verify.Verify(name, input, verify.Options{At: at})
	return agree(judgeSteps(v), result, format), result
}

// agree is the outcome, or report_differs when the report says otherwise.
func agree(outcome check.Outcome, result verify.Result, format string) check.Outcome {
	invalid := result.Verdict == verify.Invalid
	switch {
	case outcome.Code == "DATA_HASH": // the report has no document to compare with
	case result.Format != format: // the report goes by content: a seal stays a seal where a signature was asked for
	case outcome.Undecided && result.Verdict == verify.Indeterminate:
	case (outcome.Accepted || outcome.Undecided) && invalid:
		return check.Refuse("report_differs", fmt.Errorf("the report is invalid: %v", result.Reasons))
	case outcome.Undecided || !outcome.Accepted && !invalid:
		return check.AcceptWith("report_differs")
	case !outcome.Accepted && !slices.ContainsFunc(result.Reasons, func(reason verify.Reason) bool { return reason.Code == outcome.Code }):
		return check.Refuse("report_differs", fmt.Errorf("the report lacks %s: %v", outcome.Code, result.Reasons))
	}
	return outcome
}

// judgeSteps reads the seal or the seal signature of a vector.
func judgeSteps(v vectors.Vector) check.Outcome {
	if input, ok := v.Fields["signature"]; ok {
		return judgeSignature(v, input)
	}
	parsed, err := ses.ParseSeal(v.Fields["seal"])
	if err != nil {
		return check.Refuse("SEAL_FORMAT", err)
	}
	outcome := judgeSeal(parsed)
	if !outcome.Accepted {
		return outcome
	}
	return structure(v, parsed.Structure, first(outcome.Code, parsed.Deviations))
}

// judgeSeal verifies the maker's signature.
func judgeSeal(parsed *ses.Seal) check.Outcome {
	maker, err := pki.ParseCertificate(parsed.MakerCert)
	if err != nil {
		return check.Refuse("SEAL_FORMAT", err)
	}
	encoding, err := parsed.CheckSignature(maker, nil)
	switch {
	case err != nil:
		return refuseValue("SEAL_SIGNATURE", err)
	case encoding == pki.EncodingRaw:
		return check.AcceptWith(string(pki.SignatureRaw))
	}
	return check.Accept()
}

// refuseValue refuses a value for the reason that the check of SM2 gives, if it has a more exact one than that the value does not hold.
func refuseValue(code string, err error) check.Outcome {
	if exact := pki.Code(err); exact != "" && exact != pki.CodeValue {
		code = exact
	}
	return check.Refuse(code, err)
}

// judgeSignature verifies seal, value, data hash, signer and time.
func judgeSignature(v vectors.Vector, input []byte) check.Outcome {
	parsed, err := ses.ParseSignature(input)
	if err != nil {
		return check.Refuse("SIG_FORMAT", err)
	}
	if outcome := judgeSeal(parsed.Seal); !outcome.Accepted {
		return outcome
	}
	signer, err := pki.ParseCertificate(parsed.SignerCert)
	if err != nil {
		return check.Refuse("SIG_FORMAT", err)
	}
	encoding, err := parsed.CheckSignature(signer, nil)
	switch {
	case err != nil:
		return refuseValue("SIG_VALUE", err)
	case !parsed.BindsData(v.Fields["document"]):
		return check.Refuse("DATA_HASH", nil)
	case !parsed.Seal.ListsSigner(parsed.SignerCert):
		return check.Refuse("SIGNER_NOT_IN_SEAL", nil)
	}
	if err := pki.CheckUsage(signer, pki.SealUsage, ""); err != nil {
		return check.Refuse("SIGNER_CERT_USAGE", err)
	}
	switch moment := parsed.Time.Moment; {
	case moment.IsZero():
		return check.Undecided("time")
	case !signer.InPeriod(moment):
		return check.Refuse("SIGN_TIME_OUTSIDE_CERT", nil)
	case !parsed.Seal.InPeriod(moment):
		return check.Refuse("SIGN_TIME_OUTSIDE_SEAL", nil)
	}
	code := ""
	if encoding == pki.EncodingRaw {
		code = string(pki.SignatureRaw)
	}
	return structure(v, parsed.Structure, first(first(code, parsed.Deviations), parsed.Seal.Deviations))
}

// structure accepts with the code, unless the vector names a structure and another one was read.
func structure(v vectors.Vector, have ses.Structure, code string) check.Outcome {
	if want, ok := v.Fields["structure"]; ok && string(want) != string(have) {
		return check.Refuse("structure", errors.New("read as "+string(have)))
	}
	return check.AcceptWith(code)
}

// first is the code, or the first deviation when there is no code yet.
func first(code string, deviations []ses.Deviation) string {
	if code == "" && len(deviations) > 0 {
		return string(deviations[0])
	}
	return code
}
