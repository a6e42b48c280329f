package licensefile

import (
	"path"
	"slices"
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
	judging := presentation.Options{At: options.At, Challenge: options.Challenge, PageText: options.PageText, Consumed: options.Consumed, StatusOf: j.statusOfCode}
	if bundle != nil {
		judging.Keys, judging.KeysStale = bundle.Keys, bundle.Stale(options.At)
	}
	judged := presentation.Verify(text, judging)
	types := catalog.Default()
	if judged.Code != nil {
		if known := options.typesFor(judged.Code.View.TypeCode); known != nil {
			types = known
		}
	}
	return CodeResult(name, text, judged, types, options.Locale)
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

// statusOfCode asks the status list for codes that name an entry, the delta list for short-lived ones, and for a paper copy both: the delta names
// those that their holders withdrew.
func (j *licenseJudge) statusOfCode(code *presentation.Code, key presentation.Key) presentation.StatusAnswer {
	var licenseType *catalog.Type
	if types := j.options.typesFor(code.View.TypeCode); types != nil {
		licenseType, _ = types.Find(code.View.TypeCode)
	}
	fresh := freshFor(licenseType, code.View.TypeCode)
	delta := j.findDelta(key)
	if entry := code.View.Status; entry != nil {
		withdrawn := code.View.IsPaper() && delta != nil && delta.Has(code.View.PID[:])
		list := j.findList(&StatusEntry{List: key.StatusBase + strconv.FormatUint(entry.List, 10), Signer: key.StatusSigner})
		if list == nil {
			return presentation.StatusAnswer{Hit: withdrawn, Source: "none"}
		}
		status, ok := list.Lookup(entry.Index)
		return presentation.StatusAnswer{Known: ok && list.Fresh(j.options.At, fresh), Status: status, Hit: withdrawn, Source: "list", Time: list.Issued}
	}
	if delta == nil {
		return presentation.StatusAnswer{Source: "none"}
	}
	return presentation.StatusAnswer{Known: delta.Covers(code.View.IssuedAt, j.options.At, fresh), Hit: delta.Has(code.View.PID[:]), Source: "list", Time: delta.Issued}
}

// findDelta is the newest delta of a key whose signer is trusted; nil when there is none.
func (j *licenseJudge) findDelta(key presentation.Key) (best *statuslist.Delta) {
	for _, delta := range j.options.Deltas {
		if delta.URI != key.StatusBase+"delta" || best != nil && delta.Number <= best.Number {
			continue
		}
		if signer, err := delta.Judge(j.trust()); err == nil && signer.Name() == key.StatusSigner {
			best = delta
		}
	}
	return best
}

// ViewFields are the fields of a view for people, in the order of their numbers in the type. One whose type or number is not among the types is
// left out.
func ViewFields(view presentation.View, types *catalog.Catalog, locale string) []ShownField {
	return NumberedFields(view.Fields, view.TypeCode, types, locale)
}

// NumberedFields is ViewFields of fields that are in no view yet.
func NumberedFields(fields map[int]string, typeCode string, types *catalog.Catalog, locale string) (list []ShownField) {
	versions := types.Versions(typeCode)
	slices.Reverse(versions) // a number means the same in all of them, and the newest knows the words of today
	for number := 1; number <= 255; number++ {
		value, shown := fields[number]
		if !shown {
			continue
		}
		for _, licenseType := range versions {
			if key, known := licenseType.ByNumber(number); known {
				list = append(list, ShownField{Key: key, Label: licenseType.Label(key, locale), Value: value})
				break
			}
		}
	}
	return list
}

// ShownField is one field of a view.
type ShownField struct{ Key, Label, Value string }

// paper tells what a paper copy must say, so that whoever holds it compares the page with what was signed.
func paper(result *verify.Result, view presentation.View, types *catalog.Catalog, locale string) {
	day := func(at time.Time) string {
		d := catalog.Day(at)
		return d[:4] + "-" + d[4:6] + "-" + d[6:]
	}
	judge.AddReason(result, reasonPaperCopy, locale, day(view.IssuedAt)+" – "+day(view.Expires()))
	if fields := ViewFields(view, types, locale); len(fields) == len(view.Fields) {
		for _, f := range fields {
			judge.AddReason(result, reasonPaperSays, locale, f.Label+" "+f.Value)
		}
		return
	}
	for number := 1; number <= 255; number++ { // the version of the type is not known here: the values alone
		if value := view.Fields[number]; value != "" {
			judge.AddReason(result, reasonPaperSays, locale, value)
		}
	}
}

var codeReasons = map[presentation.Reason]string{
	presentation.ReasonFormat: reasonCodeFormat, presentation.ReasonUnknownKey: reasonCodeKey, presentation.ReasonIssuerScope: reasonCodeScope,
	presentation.ReasonIssuerSignature: reasonCodeSignature, presentation.ReasonNotYet: reasonCodeNotYet, presentation.ReasonExpired: reasonCodeExpired,
	presentation.ReasonHolderSignature: reasonCodeHolder, presentation.ReasonChallenge: reasonCodeChallenge, presentation.ReasonConsumed: reasonCodeConsumed,
	presentation.ReasonEnded: reasonEnded, presentation.ReasonSuspended: reasonSuspended, presentation.ReasonReplaced: reasonReplaced,
	presentation.ReasonNoBundle: reasonNoBundle, presentation.ReasonBundleStale: reasonBundleStale, presentation.ReasonNoStatus: reasonStatusUnknown,
	presentation.ReasonWithdrawn: reasonPaperWithdrawn, presentation.ReasonPageText: reasonPaperText,
	presentation.ReasonNoChallenge: reasonNoChallenge, presentation.ReasonMaybeChange: reasonCodeChange,
}

// CodeResult writes the judgement of a code as report. The server uses it too, with its own evidence and types.
func CodeResult(name, text string, judged presentation.Result, types *catalog.Catalog, locale string) verify.Result {
	result := verify.Result{
		File: path.Base(strings.ReplaceAll(name, `\`, "/")), Format: "presentation", SM3: digest.Hex([]byte(text)), Reasons: []verify.Reason{}, Signatures: []verify.Signature{},
	}
	if name == "" {
		result.File = ""
	}
	for _, reason := range judged.Reasons {
		code, detail := codeReasons[reason], ""
		if reason == presentation.ReasonFormat && !presentation.IsCode(text) {
			code, detail = reasonCodeForeign, clipped(addressHost(text))
		}
		judge.AddReason(&result, code, locale, detail)
	}
	if judged.Code != nil && judged.Key != nil {
		result.License = &verify.License{TypeCode: judged.Code.View.TypeCode, Status: "unknown", StatusSource: judged.Status.Source}
		switch {
		case judged.Status.Source == "none" || judged.Status.Source == "":
			result.License.StatusSource = "none"
		case judged.Status.Known || judged.Status.Status != statuslist.InForce:
			result.License.Status = PublicStatus(judged.Status.Status)
		}
		if judged.Status.Hit && judged.Status.Status == statuslist.InForce {
			result.License.Status = "unknown"
		}
		if !judged.Status.Time.IsZero() {
			at := judged.Status.Time.UTC()
			result.License.StatusTime = &at
		}
		if judged.Code.View.IsPaper() {
			paper(&result, judged.Code.View, types, locale)
		} else if tells(judged) {
			for _, f := range ViewFields(judged.Code.View, types, locale) {
				result.License.Shown = append(result.License.Shown, verify.Shown(f))
			}
		}
	}
	judge.Conclude(&result, false, "V00")
	return result
}

// tells reports whether what a code shows is told: of one that is genuine, shown by its holder now and to this verifier, whatever became of the licence.
func tells(judged presentation.Result) bool {
	if judged.Level != presentation.Invalid {
		return true
	}
	switch judged.Reasons[0] {
	case presentation.ReasonEnded, presentation.ReasonSuspended, presentation.ReasonReplaced:
		return true
	}
	return false
}

// maxHost bounds the host of a link that is told (RFC 1035 2.3.4).
const maxHost = 253

func clipped(host string) string {
	if len(host) > maxHost {
		return strings.ToValidUTF8(host[:maxHost], "") + "…"
	}
	return host
}

// NumberAnswer is what the register says about a licence number.
type NumberAnswer struct {
	LicenseID, TypeCode string
	Status              statuslist.Status
	Since               time.Time // when the status took effect; zero where that is not told
	Current             int       // version in force of a licence that was replaced; 0 where there is none, or it is not told
	Before, After       bool      // its validity has not begun, has ended
	From, Until         string    // first and last day of validity, YYYYMMDD; empty without one
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
	switch code := endReasons[answer.Status]; {
	case code == reasonReplaced && answer.Current > 0:
		judge.AddReason(&result, code, locale, strconv.Itoa(answer.Current))
	case code == reasonEnded && !answer.Since.IsZero():
		judge.AddReason(&result, code, locale, readable(catalog.Day(answer.Since)))
	case code != "":
		judge.AddReason(&result, code, locale, "")
	}
	if answer.Before {
		judge.AddReason(&result, reasonNotYet, locale, readable(answer.From))
	}
	if answer.After {
		judge.AddReason(&result, reasonExpired, locale, readable(answer.Until))
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
