package licensefile

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/region"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// Options say what is trusted, what evidence is at hand and when the judgement is made.
type Options struct {
	verify.Options
	StatusLists []*statuslist.List
	// FindList gives further lists of an address on demand, for holders of many; may be nil.
	FindList func(uri string) *statuslist.List
	Deltas   []*statuslist.Delta
	// Types are packages of licence types beside the built-in ones. Those count whose signer is trusted at the moment of judgement; a type
	// of which no such package is at hand stays unknown.
	Types   []*typepackage.Package
	Bundles []*presentation.Bundle
	// Challenge is the verifier's own for presentation codes, empty when none was issued.
	Challenge []byte
	// PageText is the text of the page that a code stands on, where somebody typed or read it; empty when not.
	PageText string
	// Consumed is the replay cache of the venue; nil when there is none.
	Consumed func(pid [16]byte) bool
	// Regions are other platforms, each of which counts for licences of authorities in its divisions alone.
	Regions []*region.Vouched
	Log     translog.Policy // who signs the transparency logs that proofs are judged by; empty where nobody is known
}

// Verify judges one file or the text of one presentation code. It is the one entry point of command line, API, SDK,
// browser and conformance runner, so that all give the same report. It never fails: what cannot be judged is part of the
// result.
func Verify(name string, data []byte, options Options) verify.Result {
	options.Options = options.Options.Resolved()
	if text, ok := codeText(data); ok {
		return VerifyCode(name, text, options)
	}
	result, parties := judgeFile(name, data, options)
	return elsewhere(name, data, options, result, parties)
}

// judgeFile judges a file. parties are the codes of those in whose name it speaks: the authority of a licence, and the maker of a copy; none for
// other files.
func judgeFile(name string, data []byte, options Options) (result verify.Result, parties []string) {
	document := verify.VerifyDocument(name, data, options.Options)
	if document.Package != nil {
		if c, machine, err := readCopy(document.Package); !errors.Is(err, ErrNoCopy) {
			result = document.Result
			parties = (&licenseJudge{result: &result, options: options}).copy(document, c, machine, err)
			return result, parties
		}
	}
	result, l := judgeDocument(document, options)
	if l != nil && l.Ours {
		parties = []string{l.Values.First(catalog.KeyAuthorityCode)}
	}
	return result, parties
}

// judgeDocument goes on from the judgement of a document with that of the licence in it, which is nil where there is none.
func judgeDocument(document verify.Document, options Options) (verify.Result, *License) {
	result := document.Result
	if document.Package == nil {
		return result, nil
	}
	l, err := Read(document.Package)
	if types := options.typesOf(l); types != nil { // what the file says of its type is read without it
		l, err = ReadWith(types, document.Package)
	}
	if errors.Is(err, ErrNoLicense) {
		return result, nil
	}
	j := &licenseJudge{result: &result, options: options}
	if err != nil {
		j.fail("license_data", reasonDamaged, "")
		j.conclude(true, "V00")
		return result, nil
	}
	result.License = &verify.License{LicenseID: l.ID, TypeCode: l.TypeCode, Status: "unknown", StatusSource: "none"}
	if len(l.Deviations) > 0 {
		j.reason(reasonIDOdd, string(l.Deviations[0]))
	}
	j.data(l, document)
	if key := l.copyElement(); key != "" {
		j.reason(reasonCopyFields, key)
	}
	if l.Ours {
		j.party(l.Values.First(catalog.KeyAuthority), l.Values.First(catalog.KeyAuthorityCode), "")
	}
	j.period(l)
	code := j.status(l)
	j.conclude(l.Ours || options.Strict, code)
	return result, l
}

// maxCodeText bounds what may be the text of a code; everything longer is a file.
const maxCodeText = 4096

// codeText tells whether the octets are the text of one code, or of an address met where a code is expected.
func codeText(data []byte) (string, bool) {
	if len(data) > maxCodeText || !utf8.Valid(data) {
		return "", false
	}
	text := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(string(data), "\ufeff"), "\n"), "\r")
	return text, presentation.IsCode(text) || addressHost(text) != ""
}

// addressHost is the host that a link leads to, as a browser reads it: what stands before an "@" is a name that lures, and not the host. Empty for what is
// no link.
func addressHost(text string) string {
	if strings.ContainsAny(text, "\n\r\t") { // a browser leaves them out
		return ""
	}
	scheme, rest, _ := strings.Cut(strings.ReplaceAll(text, `\`, "/"), ":")
	if scheme = strings.ToLower(scheme); scheme != "http" && scheme != "https" {
		return ""
	}
	host, _, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	if end := strings.IndexAny(host, "?#"); end >= 0 {
		host = host[:end]
	}
	return strings.ToLower(host[strings.LastIndex(host, "@")+1:])
}

type licenseJudge struct {
	result  *verify.Result
	options Options
}

func (j *licenseJudge) reason(code, detail string) {
	judge.AddReason(j.result, code, j.options.Locale, detail)
}

// check adds a step to the first signature: licence checks are about the document that it seals.
func (j *licenseJudge) check(name string, status verify.Status, code, detail string) {
	if len(j.result.Signatures) == 0 {
		return
	}
	c := verify.Check{Name: name, Status: status, Code: code, Clause: map[string]string{"license_data": "GB/T 36905-2018", "license_status": "GB/T 36903-2018"}[name]}
	if code != "" {
		c.Message, _ = judge.Text(code, j.options.Locale)
		if detail != "" {
			c.Message += ": " + detail
		}
	}
	first := &j.result.Signatures[0]
	first.Checks = append(slices.Clone(first.Checks), c)
}

func (j *licenseJudge) pass(name string) { j.check(name, verify.Passed, "", "") }

func (j *licenseJudge) fail(name, code, detail string) {
	j.check(name, verify.Failed, code, detail)
	j.reason(code, detail)
}

func (j *licenseJudge) unknown(name, code, detail string) {
	j.check(name, verify.Unknown, code, detail)
	j.reason(code, detail)
}

func (j *licenseJudge) conclude(strict bool, validCode string) {
	judge.Conclude(j.result, strict, validCode)
}

// data compares page text, metadata and machine file.
func (j *licenseJudge) data(l *License, document verify.Document) {
	if !l.Ours {
		// Files of other makers have no data index that says which text shows what; nothing is claimed about them.
		j.check("license_data", verify.Skipped, "", "")
		return
	}
	if l.Type == nil {
		j.unknown("license_data", reasonDataUnknown, l.TypeCode)
		return
	}
	err := l.compare(document.Package, l.Values)
	if different, ok := errors.AsType[*InconsistentError](err); ok {
		places := make([]string, len(different.Mismatches))
		for i, m := range different.Mismatches {
			places[i] = m.Where + ":" + m.Key
		}
		j.fail("license_data", reasonDataMismatch, strings.Join(places, " "))
		return
	}
	if err != nil {
		j.fail("license_data", reasonDamaged, "")
		return
	}
	j.pass("license_data")
}

// copyElement is an element of copies that the document has, though it is no copy (license.md 4); empty where it has none.
func (l *License) copyElement() string {
	for _, e := range catalog.Default().Elements() {
		if e.CopyOnly && (len(l.custom[e.Key]) > 0 || len(l.Values[e.Key]) > 0) {
			return e.Key
		}
	}
	return ""
}

// party asks that a seal is that of the issuing authority, or of the maker of a copy, so that nobody else's genuine seal makes a licence (L-09):
// the signer's certificate names the party or its code, or the seal's name, which its maker signed, is the party's with at most what the seal is for. The seal of a person who works there stands beside it and never in its place, and so does a signature
// without a seal, whoever's certificate it is by: every original carries the e-seal of its issuer. Signatures whose ID begins with not count
// for another document.
func (j *licenseJudge) party(name, code, not string) {
	if len(j.result.Signatures) == 0 {
		return
	}
	for _, s := range j.result.Signatures {
		if s.Seal == nil || s.Seal.Personal() || not != "" && strings.HasPrefix(s.ID, not) {
			continue
		}
		if sealOf(s.Seal.Name, name) || s.Signer != nil && namesParty(s.Signer.Subject, name, code, code+name) {
			return
		}
	}
	j.reason(reasonIssuerScope, "")
}

// units are words by which bodies below an authority are named. Their seals begin with the authority's name (…公安局海淀分局行政审批专用章) and are
// not its own.
var units = []string{"局", "分中心", "办公室", "支队", "大队", "中队", "派出所", "管理所", "监管所", "监督所", "服务站", "管理站", "工作站", "管理处", "办事处", "街道", "委员会", "研究院", "分院", "分公司", "分行", "支行"}

// sealOf tells that the name of a seal is that of a party, alone or with a purpose behind it (行政审批专用章).
func sealOf(seal, party string) bool {
	purpose, found := strings.CutPrefix(seal, party)
	return found && party != "" && (purpose == "" || strings.Contains(purpose, "章")) && !slices.ContainsFunc(units, func(unit string) bool { return strings.Contains(purpose, unit) })
}

// namesParty looks for an attribute of a distinguished name (RFC 4514) whose value is one of the texts.
func namesParty(subject string, texts ...string) bool {
	for _, part := range splitName(subject) {
		_, value, _ := strings.Cut(part, "=")
		if value != "" && slices.Contains(texts, value) {
			return true
		}
	}
	return false
}

// splitName splits a distinguished name at the commas and plus signs that are not escaped, and removes escapes.
func splitName(subject string) []string {
	var parts []string
	var current strings.Builder
	escaped := false
	for _, r := range subject {
		switch {
		case escaped:
			current.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == ',' || r == '+':
			parts = append(parts, strings.TrimSpace(current.String()))
			current.Reset()
		default:
			current.WriteRune(r)
		}
	}
	return append(parts, strings.TrimSpace(current.String()))
}

func (j *licenseJudge) period(l *License) {
	switch {
	case catalog.BeforePeriod(l.Values, j.options.At):
		j.reason(reasonNotYet, readable(l.Values.First(catalog.KeyEffectiveDate)))
	case catalog.AfterPeriod(l.Values, j.options.At):
		j.reason(reasonExpired, readable(l.Values.First(catalog.KeyExpiringDate)))
	}
}

// readable writes a day of a licence (YYYYMMDD) as people and machines read it; anything else is left as it stands.
func readable(day string) string {
	if len(day) != 8 {
		return day
	}
	return day[:4] + "-" + day[4:6] + "-" + day[6:]
}

// PublicStatus is the word for the two bits that status lists show. Why a licence ended is not public.
func PublicStatus(status statuslist.Status) string {
	return [...]string{"valid", "revoked", "suspended", "superseded"}[status&3]
}

var endReasons = map[statuslist.Status]string{statuslist.Ended: reasonEnded, statuslist.NotUsable: reasonSuspended, statuslist.Replaced: reasonReplaced}

// unknownTypeFresh is the policy for types that the catalogue does not hold.
const unknownTypeFresh = 24 * time.Hour

// freshFor is how old a status list may be: what the version says by which the licence was made, and what the built-in type says where
// another one would take more time.
func freshFor(t *catalog.Type, typeCode string) time.Duration {
	fresh := unknownTypeFresh
	if builtIn, ok := catalog.Find(typeCode); ok {
		fresh = builtIn.StatusFresh()
	}
	if t != nil {
		fresh = min(fresh, t.StatusFresh())
	}
	return fresh
}

// typesOf is the catalogue with the trusted packages of the licence's type; nil when there are none.
func (o Options) typesOf(l *License) *catalog.Catalog {
	if l == nil {
		return nil
	}
	return o.typesFor(l.TypeCode)
}

func (o Options) typesFor(code string) *catalog.Catalog {
	var further catalog.Further
	for _, p := range o.Types {
		if p.Type.Code != code {
			continue
		}
		if _, err := p.Judge(o.trust()); err == nil {
			further.Types = append(further.Types, p.Type)
		}
	}
	if len(further.Types) == 0 {
		return nil
	}
	return catalog.Default().With(catalog.Day(o.At), further)
}

func (o Options) trust() statuslist.Trust {
	return statuslist.Trust{Roots: o.Services(), Intermediates: o.Intermediates, CRLs: o.CRLs, At: o.At}
}

// status asks the status lists. It gives the V-code for a valid verdict: V00 with the current list, V01 with one that a
// newer should have replaced by now but that is as fresh as the type asks. A list that says "ended" is believed at any
// age, since ended is final.
func (j *licenseJudge) status(l *License) (validCode string) {
	if l.Status == nil {
		j.unknown("license_status", reasonStatusUnknown, "")
		return "V01"
	}
	list := j.findList(l.Status)
	if list == nil {
		j.unknown("license_status", reasonStatusUnknown, "")
		return "V01"
	}
	status, ok := list.Lookup(l.Status.Index)
	if !ok {
		j.unknown("license_status", reasonStatusUnknown, "")
		return "V01"
	}
	fresh := list.Fresh(j.options.At, freshFor(l.Type, l.TypeCode))
	if !fresh && status != statuslist.Ended && status != statuslist.Replaced {
		j.setStatus("unknown", list)
		j.unknown("license_status", reasonStatusStale, list.Issued.Format(time.RFC3339))
		return "V01"
	}
	j.setStatus(PublicStatus(status), list)
	if code := endReasons[status]; code != "" {
		j.fail("license_status", code, "")
		return ""
	}
	j.pass("license_status")
	if j.options.At.After(list.NextUpdate) {
		return "V01"
	}
	return "V00"
}

func (j *licenseJudge) setStatus(status string, list *statuslist.List) {
	at := list.Issued.UTC()
	j.result.License.Status, j.result.License.StatusSource, j.result.License.StatusTime = status, "list", &at
}

func (j *licenseJudge) trust() statuslist.Trust { return j.options.trust() }

// findList is the newest list of the address that the named authority signed and whose signer is trusted.
func (j *licenseJudge) findList(entry *StatusEntry) *statuslist.List {
	candidates := j.options.StatusLists
	if j.options.FindList != nil {
		if list := j.options.FindList(entry.List); list != nil {
			candidates = append(slices.Clone(candidates), list)
		}
	}
	var best *statuslist.List
	for _, list := range candidates {
		if list.URI != entry.List || list.SignerName() != entry.Signer || best != nil && list.Number <= best.Number {
			continue
		}
		if list.Issued.After(j.options.At.Add(presentation.ClockSkew)) {
			continue
		}
		if _, err := list.Judge(j.trust()); err == nil {
			best = list
		}
	}
	return best
}
