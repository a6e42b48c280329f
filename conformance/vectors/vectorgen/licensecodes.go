package vectorgen

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

const specPresented = "LZ1" // the presentation protocol, whose clauses are those of its digest (license.md 11)

func logKey(name string, key signer) (translog.Key, error) {
	return translog.NewKey(name, translog.SM2Key, key.publicKey())
}

// packages: packages of evidence around the licence, written octet by octet.
func (l *licenseWriter) packages() {
	tsa, tsaKey := l.world.stamping("证据", certificatesBegin, certificatesEnd)
	log := newLog(l)
	type member struct {
		path, kind string
		content    []byte
	}
	type parts struct {
		members  []member
		verdict  string
		packed   time.Time
		stamped  time.Time
		by       bool // packed under another root
		untimed  bool
		more     []zipEntry
		manifest func([]byte) []byte
	}
	foreign := &world{rootKey: signer{newKey("foreign root")}}
	foreign.root = foreign.issue(pki.ProfileRoot, "别处的根", nil, foreign.rootKey, certificatesBegin, certificatesEnd)
	stranger := foreign.issue(pki.ProfileService, "别处的服务", foreign.root, l.serviceKey, certificatesBegin, certificatesEnd)
	pack := func(change func(*parts)) []byte {
		packed := licensesJudged.Add(-time.Hour)
		p := parts{members: []member{{"document.ofd", "document", l.license(nil)}, {"license-status/1.cbor", "license_status", l.statusList(statuslist.InForce, nil)}, {"log-proofs/1.tlog-proof", "log_proof", log.proof(nil)}}, verdict: "V00", packed: packed, stamped: packed.Add(time.Minute)}
		if change != nil {
			change(&p)
		}
		var listed []any
		for _, m := range p.members {
			listed = append(listed, map[int]any{1: m.path, 2: m.kind, 3: digest.Sum(m.content), 4: len(m.content)})
		}
		by := l.service
		if p.by {
			by = stranger
		}
		manifest := l.signed(signed.KindEvidence, map[int]any{1: "license.ofd", 2: p.packed.Unix(), 3: "valid", 4: p.verdict, 5: listed}, by, l.serviceKey)
		if p.manifest != nil {
			manifest = p.manifest(manifest)
		}
		entries := []zipEntry{{name: "evidence.cbor", content: manifest}}
		for _, m := range p.members {
			entries = append(entries, zipEntry{name: m.path, content: m.content})
		}
		if !p.untimed {
			entries = append(entries, zipEntry{name: "evidence.tsr", content: token(tokenParts{octets: manifest, certificate: tsa, key: tsaKey, genTime: p.stamped})})
		}
		return writeZip(append(entries, p.more...), nil, nil)
	}
	one := func(name, expect, code, vcode, note string, content []byte, reasons []string, more ...field) {
		l.one("evidence", name, "RFC 3161", "2.4.2", expect, code, note, golden(vcode, reasons...), field{"evidence", content}, append([]field{l.root()}, more...)...)
	}
	keys := field{"log_keys", []byte(log.keys)}
	stamped := func(first []string, later ...string) []string { // what a package under a time stamp carries, between what is said before and of the document
		return append(append(slices.Clone(first), "evidence_as_of", "evidence_rests", "evidence_rests", "evidence_rests"), ofFile(later...)...)
	}
	one("good", "accept", "", "V00", "document, status list and log proof under a time stamp", pack(nil), stamped(nil), keys)
	one("years-later", "accept", "", "V00", "the same, five years later", pack(nil), append([]string{"evidence_as_of", "evidence_later", "evidence_rests", "evidence_rests", "evidence_rests"}, ofFile()...), keys, judgedAt(time.Date(2031, 7, 1, 0, 0, 0, 0, time.UTC)))
	one("other-log", "accept", "", "V00", "the key of the log is not known", pack(nil), stamped([]string{"evidence_log_signer"}), field{"log_keys", []byte(log.impostor)})
	one("no-stamp", "accept", "", "V00", "no time stamp, judged as of now", pack(func(p *parts) { p.untimed = true }), append([]string{"evidence_untimed"}, ofFile()...), keys)
	one("other-verdict", "accept", "", "V00", "whoever packed came to another verdict", pack(func(p *parts) { p.verdict = "V01" }), stamped([]string{"evidence_differs"}), keys)
	one("wrong-leaf", "refuse", "evidence_log", "V20", "the proof is of another licence", pack(func(p *parts) {
		p.members[2].content = log.proof(func(q *proofParts) { q.salt = digest.Sum([]byte("other salt")) })
	}), stamped([]string{"evidence_log"}), keys)
	one("member-changed", "refuse", "evidence_member", "V20", "a member is not the one of the manifest", pack(func(p *parts) {
		good := p.members[0].content
		p.more, p.members[0].path = []zipEntry{{name: "document.ofd", content: good[:len(good)-1]}}, "other.ofd"
	}), []string{"evidence_member"}, keys)
	one("member-more", "refuse", "evidence_member", "V20", "a file that the manifest does not name", pack(func(p *parts) { p.more = []zipEntry{{name: "more.txt", content: []byte("x")}} }), []string{"evidence_member"}, keys)
	one("manifest", "refuse", "evidence_manifest", "V22", "bit of the manifest's signature changed", pack(func(p *parts) {
		p.manifest = func(m []byte) []byte { m[len(m)-1] ^= 1; return m }
	}), []string{"evidence_manifest"}, keys)
	one("stranger", "undecided", "evidence_signer", "V24", "packed by a service under another root", pack(func(p *parts) { p.by = true }), stamped([]string{"evidence_signer"}), keys)
	one("tampered", "refuse", "DIGEST_MISMATCH", "V20", "the document had been changed before it was packed", pack(func(p *parts) {
		p.verdict = "V20"
		p.members[0].content = l.license(func(q *licenseParts) { q.after = func(d *draft) { d.edit(licensePage, "餐饮", "餐飮") } })
		p.members = p.members[:2]
	}), stamped(nil, "DIGEST_MISMATCH", "license_data_mismatch"), keys)
}

// deltaParts names codes whose licences changed.
func (l *licenseWriter) delta(number uint64, change func(*statuslist.Delta), pids ...[]byte) []byte {
	var ids [][8]byte
	for _, pid := range pids {
		ids = append(ids, [8]byte(digest.Sum(pid)[:8]))
	}
	d := statuslist.NewDelta(statusBase+"delta", number, licensesJudged.Add(-24*time.Hour), licensesJudged.Add(-time.Hour), licensesJudged.Add(time.Hour), ids)
	if change != nil {
		change(d)
	}
	return must(d.Sign([][]byte{l.service.Raw}, signed.SignFunc(signFunc(l.serviceKey))))
}

// codeParts is a presentation code in the making. Bodies are maps, so that any member may be wrong.
type codeParts struct {
	view     map[int]any
	step     uint64
	answer   []byte // challenge
	issuer   signer
	holder   signer
	paper    bool
	viewRaw  func([]byte) []byte
	outer    func([]any) []any
	envelope func([]byte) []byte
	text     func(string) string
}

var (
	codeIssuer = signer{newKey("presentation")}
	codeHolder = signer{newKey("holder")}
	codePID    = []byte("conformance-pid1")
)

const faceName, faceNumber = 8, 2 // numbers of fields of the type: holder and number of the licence

// presented is the text of a code after a change.
func presented(change func(*codeParts)) []byte {
	point := codeHolder.key.public.encode()
	kid := digest.Sum(codeIssuer.key.public.encode())[:4]
	issued := licensesJudged.Add(-5 * time.Minute)
	p := codeParts{issuer: codeIssuer, holder: codeHolder, step: uint64(licensesJudged.Unix()) / 15,
		view: map[int]any{1: 1, 2: licenseTypeCode, 3: codePID, 4: issued.Unix(), 5: 600, 6: kid, 8: map[int]string{faceName: "示例市和平里餐饮管理有限公司", faceNumber: "JY29901000000017"}, 9: append([]byte{2 | point[64]&1}, point[1:33]...)}}
	if change != nil {
		change(&p)
	}
	if p.paper {
		delete(p.view, 9)
	}
	view := must(signed.Encode(p.view))
	if p.viewRaw != nil {
		view = p.viewRaw(view)
	}
	raw := func(key signer, message []byte) []byte {
		return must(pki.SM2SignatureToRaw(must(key.Sign(nil, message, nil))))
	}
	parts := []any{1, view, raw(p.issuer, view)}
	if !p.paper {
		device := must(signed.Encode([]any{p.step, append([]byte{}, p.answer...)}))
		parts = append(parts, device, raw(p.holder, slices.Concat([]byte("LZ1"), digest.Sum(view), device)))
	}
	if p.outer != nil {
		parts = p.outer(parts)
	}
	envelope := must(signed.Encode(parts))
	if p.envelope != nil {
		envelope = p.envelope(envelope)
	}
	text := "LZ1:" + base45(envelope)
	if p.text != nil {
		text = p.text(text)
	}
	return []byte(text)
}

// base45 is RFC 9285 4.
func base45(data []byte) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	var out strings.Builder
	for ; len(data) > 1; data = data[2:] {
		n := int(data[0])*256 + int(data[1])
		out.Write([]byte{alphabet[n%45], alphabet[n/45%45], alphabet[n/45/45]})
	}
	if len(data) == 1 {
		out.Write([]byte{alphabet[data[0]%45], alphabet[data[0]/45]})
	}
	return out.String()
}

// codes: form, keys, moments, holder, challenge and status of presentation codes.
func (l *licenseWriter) codes() {
	bundle := func(issued time.Time, by *pki.Certificate, byKey signer, change func(*presentation.Key)) field {
		key := presentation.Key{Public: codeIssuer.publicKey(), Issuer: authorityName, TypeCodes: []string{licenseTypeCode}, NotBefore: certificatesBegin, NotAfter: certificatesEnd, StatusBase: statusBase, StatusSigner: statusSigner}
		if change != nil {
			change(&key)
		}
		b := presentation.Bundle{Number: 1, Issued: issued, NextUpdate: issued.Add(24 * time.Hour), Keys: []presentation.Key{key}}
		return field{"keys", must(b.Sign([][]byte{by.Raw}, statuslist.SignFunc(signFunc(byKey))))}
	}
	recent := licensesJudged.Add(-time.Hour)
	keys := bundle(recent, l.service, l.serviceKey, nil)
	clean := field{"delta", l.delta(2, nil, []byte("another-pid-0001"))}
	unused := field{"consumed", []byte("0")} // a replay cache that does not know the code
	one := func(rule, name, clause, expect, code, vcode, note string, change func(*codeParts), more ...field) {
		var reasons []string
		if code != "" {
			reasons = []string{code}
		}
		l.one(rule, name, specPresented, clause, expect, code, note, golden(vcode, reasons...), field{"code", presented(change)}, append([]field{l.root()}, more...)...)
	}
	usual := func(rule, name, clause, expect, code, vcode, note string, change func(*codeParts)) {
		one(rule, name, clause, expect, code, vcode, note, change, keys, clean, unused)
	}
	form := func(name, note string, change func(*codeParts)) {
		usual("code_form", name, "11.4, 1", "refuse", "code_format", "V31", note, change)
	}
	view := func(name, note string, change func(map[int]any)) {
		form(name, note, func(p *codeParts) { change(p.view) })
	}
	usual("code_form", "face", "11.2", "accept", "", "V00", "fields of the face", nil)
	usual("code_form", "predicate", "11.2", "accept", "", "V00", "a predicate alone", func(p *codeParts) { p.view[8] = map[int]string{30: "1"} })
	usual("code_form", "masked", "11.2", "accept", "", "V00", "masked fields", func(p *codeParts) { p.view[8] = map[int]string{faceName: "示例市*"} })
	usual("code_form", "paper", "11.5 M4", "accept", "", "V00", "for print: no holder key and no device part", func(p *codeParts) { p.paper = true })
	usual("address", "code", "11.1", "accept", "", "V00", "a presentation code, which is no address", nil)
	form("lower-case", "a character that is not of the alphabet", func(p *codeParts) { p.text = func(s string) string { return s[:9] + "a" + s[10:] } })
	form("lone-character", "a lone character at the end", func(p *codeParts) {
		p.text = func(s string) string { return s + strings.Repeat("0", 3-(len(s)-4)%3+1) }
	})
	form("beyond-group", "a group beyond two octets", func(p *codeParts) { p.text = func(s string) string { return s[:4] + ":::" + s[7:] } })
	form("trailing", "an octet after the code", func(p *codeParts) { p.envelope = func(b []byte) []byte { return append(b, 0) } })
	form("cut", "the last octet is missing", func(p *codeParts) { p.envelope = func(b []byte) []byte { return b[:len(b)-1] } })
	form("indefinite", "an array of indefinite length", func(p *codeParts) {
		p.envelope = func(b []byte) []byte { return append(append([]byte{0x9f}, b[1:]...), 0xff) }
	})
	form("long-length", "the length of the array takes one octet more than it must", func(p *codeParts) {
		p.envelope = func(b []byte) []byte { return append([]byte{0x98, b[0] & 31}, b[1:]...) }
	})
	form("version", "version 2", func(p *codeParts) { p.outer = func(parts []any) []any { parts[0] = 2; return parts } })
	form("four-parts", "no signature of the holder", func(p *codeParts) { p.outer = func(parts []any) []any { return parts[:4] } })
	form("no-device", "a holder key and no device part", func(p *codeParts) { p.outer = func(parts []any) []any { return parts[:3] } })
	form("short-signature", "63 octets of the issuer's signature", func(p *codeParts) {
		p.outer = func(parts []any) []any { parts[2] = parts[2].([]byte)[:63]; return parts }
	})
	form("view-order", "keys of the view in another order", func(p *codeParts) {
		p.viewRaw = func(b []byte) []byte { return slices.Concat(b[:1], b[3:26], b[1:3], b[26:]) } // 1: 1 behind 2: type code
	})
	form("challenge-length", "a challenge of 7 octets", func(p *codeParts) { p.answer = make([]byte, 7) })
	view("view-version", "view of version 2", func(v map[int]any) { v[1] = 2 })
	view("view-type", "type code of 20 characters", func(v map[int]any) { v[2] = licenseTypeCode[:20] })
	view("view-pid", "15 octets of the pid", func(v map[int]any) { v[3] = codePID[:15] })
	view("view-life", "no life", func(v map[int]any) { v[5] = 0 })
	view("view-long-life", "two days of life without a status entry", func(v map[int]any) { v[5] = 2 * 86400 })
	view("view-status", "a status entry in a code of ten minutes", func(v map[int]any) { v[7] = []any{1, statusIndex} })
	view("view-unknown", "a member that is not defined", func(v map[int]any) { v[10] = 1 })
	view("view-no-fields", "no fields", func(v map[int]any) { v[8] = map[int]string{} })
	view("view-point", "a holder key that is no point", func(v map[int]any) { v[9] = append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...) })

	issuer := func(name, expect, code, vcode, note string, change func(*codeParts), more ...field) {
		one("code_issuer", name, "11.4, 2 and 3", expect, code, vcode, note, change, append([]field{clean, unused}, more...)...)
	}
	strange := signer{newKey("strange presentation")}
	strangeKid := digest.Sum(strange.key.public.encode())[:4]
	issuer("good", "accept", "", "V00", "a key of the bundle, for this type and time", nil, keys)
	issuer("unknown", "refuse", "code_unknown_key", "V41", "a key that is not in the bundle", func(p *codeParts) { p.issuer, p.view[6] = strange, strangeKid }, keys)
	issuer("other-key", "refuse", "code_signature", "V22", "signed with another key than the one that it names", func(p *codeParts) { p.issuer = strange }, keys)
	issuer("changed", "refuse", "code_signature", "V22", "a field changed after it was signed", func(p *codeParts) {
		p.outer = func(parts []any) []any {
			parts[1] = bytes.Replace(parts[1].([]byte), []byte("JY299"), []byte("JY399"), 1)
			return parts
		}
	}, keys)
	issuer("type", "refuse", "code_issuer_scope", "V25", "the key is for another type", nil, bundle(recent, l.service, l.serviceKey, func(k *presentation.Key) { k.TypeCodes = []string{"11100000MB0143028R001"} }))
	issuer("too-late", "refuse", "code_issuer_scope", "V25", "the key had ended when the code was made", nil, bundle(recent, l.service, l.serviceKey, func(k *presentation.Key) { k.NotAfter = recent }))
	issuer("no-bundle", "undecided", "code_no_bundle", "V24", "no keys at hand", nil)
	sealing := l.world.issue(pki.ProfileSealSigner, "密钥表", l.world.root, strange, certificatesBegin, certificatesEnd)
	issuer("untrusted-bundle", "undecided", "code_no_bundle", "V24", "the bundle is signed with a certificate for seals", nil, bundle(recent, sealing, strange, nil))
	issuer("week", "accept", "", "V00", "keys of seven days", nil, bundle(licensesJudged.Add(-7*24*time.Hour), l.service, l.serviceKey, nil))
	issuer("stale", "undecided", "code_bundle_stale", "V01", "keys of seven days and a second", nil, bundle(licensesJudged.Add(-7*24*time.Hour-time.Second), l.service, l.serviceKey, nil))

	moment := func(name, expect, code, vcode, note string, change func(*codeParts)) {
		usual("code_time", name, "11.4, 4 and 5", expect, code, vcode, note, change)
	}
	issued := func(at time.Time) func(*codeParts) { return func(p *codeParts) { p.view[4] = at.Unix() } }
	step := func(by int64) func(*codeParts) { return func(p *codeParts) { p.step = uint64(int64(p.step) + by) } }
	moment("good", "accept", "", "V00", "the step of the moment", nil)
	moment("last-second", "accept", "", "V00", "ten minutes and 90 seconds old, clocks may differ by that", issued(licensesJudged.Add(-690*time.Second)))
	moment("expired", "refuse", "code_expired", "V12", "a second older", issued(licensesJudged.Add(-691*time.Second)))
	moment("future", "refuse", "code_not_yet_valid", "V12", "from 91 seconds ahead", issued(licensesJudged.Add(91*time.Second)))
	moment("step-two", "accept", "", "V00", "two steps old", step(-2))
	moment("step-three", "refuse", "code_expired", "V12", "three steps old: a picture", step(-3))
	moment("step-ahead", "refuse", "code_expired", "V12", "three steps ahead", step(3))

	holder := func(name, expect, code, vcode, note string, change func(*codeParts), more ...field) {
		one("code_holder", name, "11.4, 5 and 6", expect, code, vcode, note, change, append([]field{keys, clean}, more...)...)
	}
	nonce := []byte("nonce-01")
	answers := func(challenge []byte) func(*codeParts) { return func(p *codeParts) { p.answer = challenge } }
	asked := field{"challenge", nonce}
	holder("good", "accept", "", "V00", "signed by the key in the view", nil, unused)
	holder("other-key", "refuse", "code_holder_signature", "V22", "signed by another device", func(p *codeParts) { p.holder = strange }, unused)
	holder("challenge", "accept", "", "V00", "answers the verifier's request", answers(nonce), asked)
	holder("other-challenge", "refuse", "code_challenge", "V41", "answers another request", answers([]byte("nonce-02")), asked)
	holder("no-challenge", "refuse", "code_challenge", "V41", "answers no request, though one was made", nil, asked)
	holder("relayed", "undecided", "code_no_challenge", "V01", "neither request nor memory of earlier codes: may be a relayed picture", nil)
	holder("consumed", "refuse", "code_consumed", "V41", "was shown before", nil, field{"consumed", []byte("1")})

	status := func(name, expect, code, vcode, note string, change func(*codeParts), more ...field) {
		one("code_status", name, "11.4, 7", expect, code, vcode, note, change, append([]field{keys, unused}, more...)...)
	}
	stale := func(d *statuslist.Delta) {
		d.Issued = licensesJudged.Add(-24*time.Hour - time.Second)
		d.Since = d.Issued.Add(-time.Hour)
	}
	late := func(d *statuslist.Delta) { d.Since = licensesJudged.Add(-2 * time.Minute); d.Issued = d.Since }
	status("good", "accept", "", "V00", "a delta that does not name the code", nil, clean)
	status("none", "undecided", "license_status_unknown", "V01", "no delta", nil)
	status("hit", "undecided", "code_status_change", "V01", "the delta names the code", nil, field{"delta", l.delta(2, nil, codePID)})
	status("stale-delta", "undecided", "license_status_unknown", "V01", "a delta older than the type allows", nil, field{"delta", l.delta(2, stale)})
	status("late-delta", "undecided", "license_status_unknown", "V01", "a delta whose window begins after the code", nil, field{"delta", l.delta(2, late)})
	long := func(p *codeParts) { p.paper, p.view[5], p.view[7] = true, 180*86400, []any{1, statusIndex} }
	status("paper", "accept", "", "V00", "on paper, in force by the list", long, l.list(statuslist.InForce, nil))
	status("paper-none", "undecided", "license_status_unknown", "V01", "on paper, a delta does not speak of it", long, clean)
	status("paper-ended", "refuse", "license_ended", "V10", "on paper, ended by the list", long, l.list(statuslist.Ended, nil))
	status("paper-suspended", "refuse", "license_suspended", "V11", "on paper, suspended by the list", long, l.list(statuslist.NotUsable, nil))
	status("paper-replaced", "refuse", "license_replaced", "V13", "on paper, replaced by the list", long, l.list(statuslist.Replaced, nil))

	paperText := "营业执照\n名称 示例市和平里餐饮管理有限公司\n"
	inForce := l.list(statuslist.InForce, nil)
	says := []string{"paper_copy", "paper_says", "paper_says"}
	paper := func(name, expect, code, vcode, note string, change func(*codeParts), first []string, more ...field) {
		copied := func(p *codeParts) {
			p.paper, p.view[1], p.view[5], p.view[7] = true, 2, 365*86400, []any{1, statusIndex}
			p.view[10], p.view[11] = digest.Sum([]byte("1.2.156.3005.2.x")), digest.Sum([]byte(paperText))
			p.outer = func(parts []any) []any { parts[0] = 2; return parts }
			if change != nil {
				change(p)
			}
		}
		l.one("code_paper", name, specPresented, "11.5 M4", expect, code, note, golden(vcode, first...), field{"code", presented(copied)}, append([]field{l.root(), keys, unused}, more...)...)
	}
	judged := func(reason ...string) []string { return append(reason, says...) }
	paper("good", "accept", "paper_copy", "V00", "a paper of a licence in force by the list", nil, judged(), inForce)
	paper("one-hour", "accept", "paper_copy", "V00", "a paper of an hour names its status entry too", func(p *codeParts) { p.view[5] = 3600 }, judged(), inForce)
	paper("text", "accept", "paper_copy", "V00", "the text of the page, with other ends of lines and blanks at them", nil, judged(), inForce, field{"page_text", []byte("营业执照 \r\n\r\n名称 示例市和平里餐饮管理有限公司")})
	paper("no-status", "undecided", "license_status_unknown", "V01", "no status list", nil, judged("license_status_unknown"))
	paper("delta-alone", "undecided", "license_status_unknown", "V01", "a delta takes the place of no status list", nil, judged("license_status_unknown"), clean)
	paper("withdrawn", "undecided", "code_status_change", "V01", "in force by the list, named by the delta: withdrawn", nil, judged("code_status_change"), inForce, field{"delta", l.delta(2, nil, codePID)})
	paper("ended", "refuse", "license_ended", "V10", "ended by the list", nil, judged("license_ended"), l.list(statuslist.Ended, nil))
	paper("suspended", "refuse", "license_suspended", "V11", "suspended by the list", nil, judged("license_suspended"), l.list(statuslist.NotUsable, nil))
	paper("expired", "refuse", "code_expired", "V12", "printed for an hour, two hours ago", func(p *codeParts) { p.view[4], p.view[5] = licensesJudged.Add(-2*time.Hour).Unix(), 3600 }, judged("code_expired"), inForce)
	paper("other-text", "refuse", "paper_text", "V20", "one character of the page is another one", nil, judged("paper_text"), inForce, field{"page_text", []byte(strings.Replace(paperText, "餐饮", "餐飮", 1))})
	paper("strange-key", "refuse", "code_unknown_key", "V41", "a key that is not in the bundle", func(p *codeParts) { p.issuer, p.view[6] = strange, strangeKid }, []string{"code_unknown_key"}, inForce)
	paper("other-key", "refuse", "code_signature", "V22", "signed with another key than the one that it names", func(p *codeParts) { p.issuer = strange }, []string{"code_signature"}, inForce)
	bad := func(name, note string, change func(*codeParts)) {
		paper(name, "refuse", "code_format", "V31", note, change, []string{"code_format"}, inForce)
	}
	bad("no-entry", "no status entry", func(p *codeParts) { delete(p.view, 7) })
	bad("no-index", "a status list without the index in it", func(p *codeParts) { p.view[7] = []any{1} })
	bad("no-text", "no hash of the text", func(p *codeParts) { delete(p.view, 11) })
	bad("no-identifier", "no hash of the identifier", func(p *codeParts) { delete(p.view, 10) })
	bad("long-life", "longer than a year", func(p *codeParts) { p.view[5] = 367 * 86400 })
	bad("trailing", "an octet after the code", func(p *codeParts) { p.envelope = func(b []byte) []byte { return append(b, 0) } })
	bad("as-view", "in the envelope of view tokens", func(p *codeParts) { p.outer = nil })
	bad("view-as-paper", "a view token in the envelope of papers", func(p *codeParts) {
		p.view[1] = 1
		delete(p.view, 10)
		delete(p.view, 11)
	})
	bad("holder", "with a holder key", func(p *codeParts) { p.paper = false })
	l.one("code_paper", "phone-for-page", specPresented, "11.5 M4", "refuse", "paper_text", "a code of a phone, for which the text of a page is given", golden("V20", "paper_text"), field{"code", presented(nil)}, l.root(), keys, clean, unused, field{"page_text", []byte(paperText)})
}
