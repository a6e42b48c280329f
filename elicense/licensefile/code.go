package licensefile

import (
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// VerifyCode judges the text of a presentation code offline: keys from the newest trusted bundle, status from delta and
// status lists.
func VerifyCode(name, text string, options Options) verify.Result {
	options.Options = options.Options.Resolved()
	j := &licenseJudge{options: options}
	bundle := j.findBundle()
	judging := presentation.Options{At: options.At, Challenge: options.Challenge, Consumed: options.Consumed, StatusOf: j.statusOfCode}
	if bundle != nil {
		judging.Keys, judging.KeysStale = bundle.Keys, bundle.Stale(options.At)
	}
	return CodeResult(name, text, presentation.Verify(text, judging), options.Locale)
}

// findBundle is the newest bundle whose signer is trusted.
func (j *licenseJudge) findBundle() *presentation.Bundle {
	var best *presentation.Bundle
	for _, bundle := range j.options.Bundles {
		if best != nil && bundle.Number <= best.Number {
			continue
		}
		if _, err := bundle.Judge(j.trust()); err == nil {
			best = bundle
		}
	}
	return best
}

// statusOfCode asks the status list for codes that name an entry, the delta list for short-lived ones.
func (j *licenseJudge) statusOfCode(code *presentation.Code, key presentation.Key) presentation.StatusAnswer {
	var licenseType *catalog.Type
	if types := j.options.typesFor(code.View.TypeCode); types != nil {
		licenseType, _ = types.Find(code.View.TypeCode)
	}
	fresh := freshFor(licenseType, code.View.TypeCode)
	if entry := code.View.Status; entry != nil {
		list := j.findList(&StatusEntry{List: key.StatusBase + strconv.FormatUint(entry.List, 10), Signer: key.StatusSigner})
		if list == nil {
			return presentation.StatusAnswer{Source: "none"}
		}
		status, ok := list.Lookup(entry.Index)
		return presentation.StatusAnswer{Known: ok && list.Fresh(j.options.At, fresh), Status: status, Source: "list", Time: list.Issued}
	}
	var best *statuslist.Delta
	for _, delta := range j.options.Deltas {
		if delta.URI != key.StatusBase+"delta" || best != nil && delta.Number <= best.Number {
			continue
		}
		if signer, err := delta.Judge(j.trust()); err == nil && signer.Name() == key.StatusSigner {
			best = delta
		}
	}
	if best == nil {
		return presentation.StatusAnswer{Source: "none"}
	}
	return presentation.StatusAnswer{Known: best.Covers(code.View.IssuedAt, j.options.At, fresh), Hit: best.Has(code.View.PID[:]), Source: "list", Time: best.Issued}
}

var codeReasons = map[presentation.Reason]string{
	presentation.ReasonFormat: reasonCodeFormat, presentation.ReasonUnknownKey: reasonCodeKey, presentation.ReasonIssuerScope: reasonCodeScope,
	presentation.ReasonIssuerSignature: reasonCodeSignature, presentation.ReasonNotYet: reasonCodeNotYet, presentation.ReasonExpired: reasonCodeExpired,
	presentation.ReasonHolderSignature: reasonCodeHolder, presentation.ReasonChallenge: reasonCodeChallenge, presentation.ReasonConsumed: reasonCodeConsumed,
	presentation.ReasonEnded: reasonEnded, presentation.ReasonSuspended: reasonSuspended, presentation.ReasonReplaced: reasonReplaced,
	presentation.ReasonNoBundle: reasonNoBundle, presentation.ReasonBundleStale: reasonBundleStale, presentation.ReasonNoStatus: reasonStatusUnknown,
	presentation.ReasonNoChallenge: reasonNoChallenge, presentation.ReasonMaybeChange: reasonCodeChange,
}

// CodeResult writes the judgement of a code as report. The server uses it too, with its own evidence.
func CodeResult(name, text string, judged presentation.Result, locale string) verify.Result {
	result := verify.Result{
		File: path.Base(strings.ReplaceAll(name, `\`, "/")), Format: "presentation", SM3: digest.Hex([]byte(text)), Reasons: []verify.Reason{}, Signatures: []verify.Signature{},
	}
	if name == "" {
		result.File = ""
	}
	for _, reason := range judged.Reasons {
		code := codeReasons[reason]
		if reason == presentation.ReasonFormat && !presentation.IsCode(text) {
			code = reasonCodeForeign
		}
		judge.AddReason(&result, code, locale, "")
	}
	if judged.Code != nil && judged.Key != nil {
		result.License = &verify.License{TypeCode: judged.Code.View.TypeCode, Status: "unknown", StatusSource: judged.Status.Source}
		switch {
		case judged.Status.Source == "none" || judged.Status.Source == "":
			result.License.StatusSource = "none"
		case judged.Status.Known || judged.Status.Status != statuslist.InForce:
			result.License.Status = PublicStatus(judged.Status.Status)
		}
		if judged.Status.Hit {
			result.License.Status = "unknown"
		}
		if !judged.Status.Time.IsZero() {
			at := judged.Status.Time.UTC()
			result.License.StatusTime = &at
		}
	}
	judge.Conclude(&result, false, "V00")
	return result
}

// NumberAnswer is what the register says about a licence number.
type NumberAnswer struct {
	LicenseID, TypeCode string
	Status              statuslist.Status
	Before, After       bool // its validity has not begun, has ended
	Time                time.Time
}

// NumberResult writes the answer to a look-up by number as report; nil is "no such number, or the check does not fit".
func NumberResult(answer *NumberAnswer, locale string) verify.Result {
	result := verify.Result{Format: "unknown", Reasons: []verify.Reason{}, Signatures: []verify.Signature{}}
	if answer == nil {
		judge.AddReason(&result, reasonNumberNotFound, locale, "")
		judge.Conclude(&result, false, "V00")
		return result
	}
	at := answer.Time.UTC()
	result.License = &verify.License{LicenseID: answer.LicenseID, TypeCode: answer.TypeCode, Status: PublicStatus(answer.Status), StatusSource: "online", StatusTime: &at}
	if code := endReasons[answer.Status]; code != "" {
		judge.AddReason(&result, code, locale, "")
	}
	if answer.Before {
		judge.AddReason(&result, reasonNotYet, locale, "")
	}
	if answer.After {
		judge.AddReason(&result, reasonExpired, locale, "")
	}
	judge.Conclude(&result, false, "V00")
	return result
}

// ImportedResult writes the answer to a look-up of a licence that was issued elsewhere and is on record here: by whom, and that its status is not
// known. It never is a valid one: only the document of the licence can be judged.
func ImportedResult(licenseID, typeCode, recordedBy, locale string) verify.Result {
	if locale == "" {
		locale = "zh-CN"
	}
	result := verify.Result{Format: "unknown", Reasons: []verify.Reason{}, Signatures: []verify.Signature{}}
	result.License = &verify.License{LicenseID: licenseID, TypeCode: typeCode, Status: "unknown", StatusSource: "none"}
	judge.AddReason(&result, reasonImported, locale, recordedBy)
	judge.AddReason(&result, reasonStatusUnknown, locale, "")
	judge.Conclude(&result, false, "V00")
	return result
}
