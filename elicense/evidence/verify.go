package evidence

import (
	"encoding/hex"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/signed"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

const (
	reasonFormat    = "evidence_format"
	reasonManifest  = "evidence_manifest"
	reasonMember    = "evidence_member"
	reasonSigner    = "evidence_signer"
	reasonUntimed   = "evidence_untimed"
	reasonAsOf      = "evidence_as_of"
	reasonRests     = "evidence_rests"
	reasonLater     = "evidence_later"
	reasonDiffering = "evidence_differs"
	reasonLog       = "evidence_log"
	reasonLogSigner = "evidence_log_signer"
)

var judge = licensefile.Judge(
	verify.Rule{Code: reasonFormat, Verdict: verify.Invalid, VCode: "V31", Chinese: "证据包格式不正确", English: "The package of evidence cannot be read"},
	verify.Rule{Code: reasonManifest, Verdict: verify.Invalid, VCode: "V22", Clause: "GB/T 32918.2-2016 7", Chinese: "证据包清单的签名不成立", English: "The signature of the package's manifest does not hold"},
	verify.Rule{Code: reasonMember, Verdict: verify.Invalid, VCode: "V20", Chinese: "证据包内的文件与清单不符", English: "The files of the package are not those of its manifest"},
	verify.Rule{Code: reasonSigner, Verdict: verify.Indeterminate, VCode: "V24", Chinese: "证据包清单的签名者不受信任", English: "The signer of the package's manifest is not trusted"},
	verify.Rule{Code: reasonUntimed, Verdict: verify.Valid, Chinese: "证据包没有时间戳，按现在的时间判断", English: "The package has no time stamp; judged as of now"},
	verify.Rule{Code: reasonAsOf, Verdict: verify.Valid, Clause: "RFC 3161", Chinese: "按时间戳证明的封装时间判断", English: "Judged as of the time that the package's time stamp proves"},
	verify.Rule{Code: reasonRests, Verdict: verify.Valid, Chinese: "结论的前提", English: "The verdict takes for granted"},
	verify.Rule{Code: reasonLater, Verdict: verify.Valid, Chinese: "封装之后情况有变，此结论只说明封装当时", English: "Things have changed since; the verdict is of the time of packing"},
	verify.Rule{Code: reasonLog, Verdict: verify.Invalid, VCode: "V20", Clause: "RFC 6962 2.1", Chinese: "证据包内的透明日志证明不成立，或不属于此证照", English: "The proof of the transparency log in the package does not hold, or is not of this licence"},
	verify.Rule{Code: reasonLogSigner, Verdict: verify.Valid, Chinese: "未提供透明日志的公钥，其签名未经核验", English: "The key of the transparency log is not given; who signed it was not judged"},
	verify.Rule{Code: reasonDiffering, Verdict: verify.Valid, Chinese: "封装者当时得出的结论不同", English: "Whoever packed came to another verdict"},
)

// Codes are all reasons of a report on a package, with what each does to a verdict.
func Codes() map[string]verify.Verdict { return judge.Codes() }

// passing are reasons of today that say nothing about the time of packing: the document was in force then and is no more.
var passing = []string{"license_ended", "license_suspended", "license_replaced", "license_expired", "copy_expired", "SEAL_EXPIRED", "code_expired"}

// Judge judges a file: a package by Verify, everything else by licensefile.Verify. It never fails.
func Judge(name string, data []byte, o licensefile.Options) verify.Result {
	if Is(data) {
		return Verify(name, data, o)
	}
	return licensefile.Verify(name, data, o)
}

// Verify judges a package. With a time stamp that holds, the document is judged as of its time,
// with the evidence in the package and the judge's own; what the judge knows today against it counts all the same. Without one it is
// judged as of now, where old evidence mostly does not count any more. It never fails.
func Verify(name string, data []byte, o licensefile.Options) verify.Result {
	if o.Locale == "" {
		o.Locale = "zh-CN"
	}
	if o.Roots == nil {
		o.Roots = pki.NewPool()
	}
	if o.Intermediates == nil {
		o.Intermediates = pki.NewPool()
	}
	if o.Memo == nil {
		o.Memo = &pki.Memo{}
	}
	v := &verification{now: o.At, own: o}
	v.result = verify.Result{File: path.Base(strings.ReplaceAll(name, `\`, "/")), Format: "evidence", SM3: hex.EncodeToString(digest.Sum(data)), Reasons: []verify.Reason{}, Signatures: []verify.Signature{}}
	opened, refused := open(data)
	if refused != nil {
		v.reason(refused.code, refused.detail)
		judge.Conclude(&v.result, o.Strict, "V00")
		return v.result
	}
	v.opened = opened
	v.judge()
	return v.result
}

type verification struct {
	opened *opened
	own    licensefile.Options // what the judge brings, as of now
	now    time.Time
	result verify.Result // reasons are those of the package until the document's are added
}

func (v *verification) reason(code, detail string) {
	judge.AddReason(&v.result, code, v.own.Locale, detail)
}

func (v *verification) judge() {
	b, document := v.opened.body, v.opened.document
	packed := time.Unix(b.JudgedAt, 0).UTC()
	e := &verify.Evidence{File: b.Name, SM3: hex.EncodeToString(digest.Sum(document.Content)), TimeSource: "now", PackedAt: &packed, PackedCode: b.Code, RestsOn: []string{}}
	v.result.Evidence = e
	moment := v.now
	token, authority := v.token()
	if token != nil {
		moment = token.Info.GenTime
		e.TimeSource, e.StampedBy = "timestamp", authority.Subject.String()
	}
	e.JudgedAt = moment.UTC()
	then := v.as(moment)
	if signer, err := v.opened.object.Judge(signed.Trust{Roots: then.Services(), Intermediates: then.Intermediates, CRLs: then.CRLs, At: moment}); err != nil {
		v.reason(reasonSigner, v.opened.object.SignerName())
	} else {
		e.PackedBy = signer.Certificate.Subject.String()
	}
	inner := licensefile.Verify(document.Path[1:], document.Content, then)
	e.Format = inner.Format
	if inner.Format != formatOf(document.Path) { // a list or a code in a document's place
		v.reason(reasonFormat, inner.Format)
	}
	if b.Code != inner.Code {
		v.reason(reasonDiffering, b.Code)
	}
	v.log(inner)
	if token != nil {
		v.reason(reasonAsOf, moment.UTC().Format(time.RFC3339))
		v.today(moment, inner)
		e.RestsOn = v.restsOn(token, authority, inner)
		for _, one := range e.RestsOn {
			v.reason(reasonRests, one)
		}
	} else if len(v.opened.token) == 0 {
		v.reason(reasonUntimed, "")
	}
	v.conclude(inner)
}

// log judges the proofs of the transparency log. One that does not hold, or is of something else, was put there to lend the document credit.
func (v *verification) log(inner verify.Result) {
	for _, member := range v.opened.members {
		if member.Kind != KindLogProof {
			continue
		}
		if inner.License == nil {
			v.reason(reasonLog, member.Path)
			continue
		}
		proof, err := translog.ParseProof(member.Content)
		if err != nil {
			v.reason(reasonLog, member.Path)
			continue
		}
		opened, err := proof.JudgeLicense(inner.License.LicenseID, digest.Sum(v.opened.document.Content), v.own.Log)
		if err != nil && !errors.Is(err, translog.ErrStranger) {
			v.reason(reasonLog, member.Path)
			continue
		}
		logged := verify.Logged{Origin: opened.Origin, Index: proof.Index, TreeSize: opened.Size, Signed: err == nil}
		for _, cosignature := range opened.Cosignatures {
			logged.Witnesses = append(logged.Witnesses, cosignature.Witness)
		}
		v.result.Evidence.Log = append(v.result.Evidence.Log, logged)
		if !logged.Signed {
			v.reason(reasonLogSigner, opened.Origin)
		}
	}
}

// conclude joins what the document gave with what the package adds: the worse counts.
func (v *verification) conclude(inner verify.Result) {
	judge.Conclude(&v.result, v.own.Strict, inner.Code)
	rank := map[verify.Verdict]int{verify.Valid: 0, verify.Indeterminate: 1, verify.Invalid: 2}
	if rank[inner.Verdict] >= rank[v.result.Verdict] {
		v.result.Verdict, v.result.Code, v.result.Message = inner.Verdict, inner.Code, inner.Message
	}
	v.result.Reasons = append(v.result.Reasons, inner.Reasons...)
	v.result.Signatures, v.result.Coverage, v.result.License = inner.Signatures, inner.Coverage, inner.License
}

func formatOf(document string) string {
	for format, extension := range extensions {
		if path.Ext(document) == extension {
			return format
		}
	}
	return ""
}

// as is what the document is judged with as of a moment: the judge's own trust, and as mere evidence what the package brings.
func (v *verification) as(moment time.Time) licensefile.Options {
	o := v.own
	o.At, o.More = moment, nil // what authorities answer now is not of then
	o.Intermediates = pki.NewPool(v.own.Intermediates.Certificates()...)
	o.CRLs, o.OCSP = slices.Clone(v.own.CRLs), slices.Clone(v.own.OCSP)
	o.StatusLists, o.SealLists = slices.Clone(v.own.StatusLists), slices.Clone(v.own.SealLists)
	lists := &trustlist.Set{}
	for _, member := range v.opened.members {
		switch member.Kind { // one that cannot be read is no evidence
		case KindCertificate:
			if c, err := pki.ParseCertificate(member.Content); err == nil {
				o.Intermediates.Add(c)
			}
		case KindCRL:
			if crl, err := pki.ParseCRL(member.Content); err == nil {
				o.CRLs = append(o.CRLs, crl)
			}
		case KindOCSP:
			if response, err := pki.ParseOCSPResponse(member.Content); err == nil && response.Status == pki.OCSPSuccessful {
				o.OCSP = append(o.OCSP, response)
			}
		case KindSealStatus:
			if list, err := sealstatus.Open(member.Content); err == nil {
				o.SealLists = append(o.SealLists, list)
			}
		case KindLicenseStatus:
			if list, err := statuslist.Open(member.Content); err == nil {
				o.StatusLists = append(o.StatusLists, list)
			}
		case KindLicenseType:
			if p, err := typepackage.Open(member.Content); err == nil {
				o.Types = append(slices.Clip(o.Types), p)
			}
		case KindTrustList:
			if list, err := trustlist.Open(member.Content); err == nil {
				_ = lists.Add(list) // of several with one address the newest counts
			}
		}
	}
	// The judge's own lists, when they count today, know all that was ever granted and withdrawn; those of the package speak only where there
	// are none, so that an old package cannot bring a withdrawn authority back.
	own := v.own.TrustLists.Resolve(v.own.Roots, v.own.Intermediates, v.own.CRLs, v.now)
	if own.Listed().Len() > 0 {
		today := v.own.Options
		today.At = v.now
		today = today.Resolved()
		today.At, today.More, today.Intermediates, today.CRLs, today.OCSP, today.SealLists = moment, nil, o.Intermediates, o.CRLs, o.OCSP, o.SealLists
		o.Options = today
		return o
	}
	o.TrustLists = lists
	o.Options = o.Options.Resolved()
	return o
}

// token judges the time stamp over the manifest. It is nil when there is none or it does not hold in every step; a finding is said.
func (v *verification) token() (*tst.Token, *pki.Certificate) {
	if len(v.opened.token) == 0 {
		return nil, nil
	}
	holds := true
	find := func(err error) {
		holds = false
		v.reason(tst.Code(err), err.Error())
	}
	token, err := tst.ParseStrict(v.opened.token)
	if err != nil {
		find(err)
		return nil, nil
	}
	if err := token.Info.Imprint.Check(v.opened.manifest); err != nil {
		find(err)
	}
	const tolerance = 5 * time.Minute
	if token.Info.GenTime.After(v.now.Add(tolerance)) {
		find(tst.ErrTime)
	}
	if token.Latest().Add(tolerance).Before(time.Unix(v.opened.body.JudgedAt, 0)) { // stamped before it was judged
		find(tst.ErrTime)
	}
	then := v.as(token.Info.GenTime)
	judged := token.Judge(tst.Options{Roots: then.AnchorsFor(trustlist.TimeStamp, token.Info.GenTime), Intermediates: then.Intermediates, Evidence: then.Evidence(), At: token.Info.GenTime, Memo: v.own.Memo})
	for _, finding := range judged.Findings {
		find(finding)
	}
	// What is known today against the authority counts, whatever the package brings: who has its key writes any time.
	today := token.Judge(tst.Options{Roots: then.AnchorsFor(trustlist.TimeStamp, token.Info.GenTime), Intermediates: then.Intermediates, Evidence: v.own.Evidence(), At: v.now, Tolerance: tolerance, Memo: v.own.Memo})
	for _, finding := range today.Findings {
		if !tst.NotKnown(finding) {
			find(finding)
		}
	}
	if !holds {
		return nil, nil
	}
	return token, judged.Certificate
}

// today asks what the judge's own evidence says now. What speaks against the document whenever it is asked counts; what ended after the
// time of packing is only said.
func (v *verification) today(moment time.Time, inner verify.Result) {
	o := v.own
	o.Intermediates = v.as(moment).Intermediates
	codes := judge.Codes()
	for _, r := range licensefile.Verify(v.opened.document.Path[1:], v.opened.document.Content, o).Reasons {
		if slices.ContainsFunc(inner.Reasons, func(have verify.Reason) bool { return have.Code == r.Code }) {
			continue
		}
		switch {
		case slices.Contains(passing, r.Code):
			v.reason(reasonLater, r.Message)
		case codes[r.Code] == verify.Invalid:
			v.result.Reasons = append(v.result.Reasons, r)
		case r.Code == "time_untrusted" || r.Code == "seal_lost_later":
			// A revocation or loss after the time of packing leaves alone what existed then.
			if at, ok := momentIn(r.Message); ok && at.After(moment) {
				v.reason(reasonLater, r.Message)
			} else {
				v.result.Reasons = append(v.result.Reasons, r)
			}
		}
	}
}

// momentIn is the time that a reason gives as its detail.
func momentIn(message string) (time.Time, bool) {
	at := strings.LastIndex(message, ": ")
	if at < 0 {
		return time.Time{}, false
	}
	moment, err := time.Parse(time.RFC3339, message[at+2:])
	return moment, err == nil
}

// restsOn says in words what the verdict takes for granted.
func (v *verification) restsOn(token *tst.Token, authority *pki.Certificate, inner verify.Result) []string {
	text := func(zh, en string) string {
		if v.own.Locale == "en" {
			return en
		}
		return zh
	}
	day := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	rests := []string{
		text("您所信任的根证书，以及封装时有效的信任列表、吊销信息和状态列表", "the roots that you trust, and the trust lists, revocation and status evidence that were current when it was packed"),
		text("时间戳机构“"+authority.Subject.String()+"”证明整个证据包在 "+day(token.Latest())+" 已经存在", "the time-stamping authority "+authority.Subject.String()+" for the whole package having existed at "+day(token.Latest())),
		text("SM2 和 SM3 至今未被攻破", "SM2 and SM3 not having been broken since"),
	}
	if v.now.After(authority.NotAfter) {
		rests = append(rests, text("时间戳证书已于 "+day(authority.NotAfter)+" 到期，此后无人再发布其吊销信息：其私钥须一直未泄露", "the key of the time-stamping authority never having leaked: its certificate ended at "+day(authority.NotAfter)+" and nobody has published its revocation since"))
	}
	for _, s := range inner.Signatures {
		if s.Signer != nil && v.now.After(s.Signer.NotAfter) {
			rests = append(rests, text("签章人证书已于 "+day(s.Signer.NotAfter)+" 到期，当时有效由包内证据说明", "the evidence in the package for the signer's certificate, which ended at "+day(s.Signer.NotAfter)))
			break
		}
	}
	return rests
}
