// Package evidence packs a sealed document with all that a judgement of it leaned on — certificates, CRLs and OCSP answers, lists of seals
// and licences, trust lists, time-stamp tokens, the report — so that it can be judged without any network when the sources are gone and
// the certificates have ended. It is a leaf: octets, trust and a moment go in.
//
// A package is a ZIP. Its first entry, evidence.cbor, is the manifest: every other file with size and SM3, signed by whoever packed
// (keys/signed). evidence.tsr is a time-stamp token over the manifest. What stands in a package is evidence, never trust: its roots and
// trust lists count only as far as the judge's own roots vouch for them.
package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/esign/etsi"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// Kind says what a member of a package is.
type Kind string

// Kinds.
const (
	KindDocument      Kind = "document"
	KindReport        Kind = "report"      // JSON of design contract 3.2
	KindReportETSI    Kind = "report_etsi" // ETSI TS 119 102-2
	KindCertificate   Kind = "certificate"
	KindCRL           Kind = "crl"
	KindOCSP          Kind = "ocsp"
	KindTrustList     Kind = "trust_list"
	KindSealStatus    Kind = "seal_status"
	KindLicenseStatus Kind = "license_status"
	KindLicenseType   Kind = "license_type" // signed package of the document's type, where one is not built in
	KindLogProof      Kind = "log_proof"    // C2SP tlog-proof of the licence, or of a change of its status
	KindTimestamp     Kind = "timestamp"    // a copy of a token inside the document, for people and other programs
)

// Names of the two files that the manifest does not list.
const (
	manifestName = "evidence.cbor"
	tokenName    = "evidence.tsr"
)

// Bounds.
const (
	MaxSize         = 200 << 20 // of a package
	maxMembers      = 512
	maxCertificates = 128
	maxName         = 255
	maxTime         = 253402300799
)

// Errors. Callers compare with errors.Is.
var (
	ErrNoDocument = errors.New("evidence: only documents, seals and seal signatures are packed")
	ErrTooLarge   = errors.New("evidence: too large for a package")
	ErrDiffers    = errors.New("evidence: the package would not give the verdict that the document gives")
)

// Member is a file of a package.
type Member struct {
	Path    string // absolute
	Kind    Kind
	Content []byte
}

// Material is what a judgement leaned on.
type Material struct {
	Members      []Member
	certificates []*pki.Certificate
}

// Objects are the validation objects of a report by ETSI TS 119 102-2.
func (m Material) Objects() []etsi.Object {
	var all []etsi.Object
	for _, c := range m.certificates {
		all = append(all, etsi.Certificate(c.Raw, c.Issuer.String(), c.SerialHex()))
	}
	words := map[Kind]string{KindCRL: "CRL", KindOCSP: "OCSPResponse", KindTimestamp: "timestamp", KindTrustList: "other", KindSealStatus: "other", KindLicenseStatus: "other", KindLicenseType: "other"}
	for _, member := range m.Members {
		if word, ok := words[member.Kind]; ok {
			all = append(all, etsi.Object{Type: "urn:etsi:019102:validationObject:" + word, Content: member.Content})
		}
	}
	return all
}

// Collect judges a document and gathers what the judgement leaned on. more are certificates whose chains are needed too, those of whoever
// packs for instance.
func Collect(name string, document []byte, o licensefile.Options, more ...*pki.Certificate) (verify.Result, Material) {
	seen := &verify.Seen{}
	o.Seen = seen
	var lists []*statuslist.List
	var asked pki.Evidence
	inner := o.FindList
	o.FindList = func(uri string) *statuslist.List {
		lists = append(lists, newest(o.StatusLists, uri, o.At))
		if inner == nil {
			return nil
		}
		list := inner(uri)
		lists = append(lists, list)
		return list
	}
	if ask := o.More; ask != nil { // what is brought along from the network belongs into the package
		o.More = func(certificate, issuer *pki.Certificate) (pki.Evidence, []string) {
			further, problems := ask(certificate, issuer)
			asked.CRLs, asked.OCSP = append(asked.CRLs, further.CRLs...), append(asked.OCSP, further.OCSP...)
			return further, problems
		}
	}
	o.Options = o.Options.Resolved()
	result := licensefile.Verify(name, document, o)
	o.CRLs, o.OCSP = slices.Concat(o.CRLs, asked.CRLs), slices.Concat(o.OCSP, asked.OCSP)
	o.Types = slices.DeleteFunc(slices.Clone(o.Types), func(p *typepackage.Package) bool {
		return result.License == nil || p.Type.Code != result.License.TypeCode
	})
	return result, gather(seen, o, lists, more)
}

// newest is the list of an address that is in force, or was last.
func newest(lists []*statuslist.List, uri string, at time.Time) (best *statuslist.List) {
	for _, list := range lists {
		if list.URI == uri && !list.Issued.After(at) && (best == nil || list.Number > best.Number) {
			best = list
		}
	}
	return best
}

func gather(seen *verify.Seen, o licensefile.Options, lists []*statuslist.List, more []*pki.Certificate) Material {
	m := Material{certificates: closure(append(slices.Clone(seen.Certificates), more...), o)}
	g := gatherer{material: &m, have: map[string]bool{}}
	for _, c := range m.certificates {
		g.add(KindCertificate, "certificates", ".cer", c.Raw)
	}
	for _, crl := range o.CRLs {
		if slices.ContainsFunc(m.certificates, func(c *pki.Certificate) bool { return bytes.Equal(c.Issuer.Raw, crl.Issuer.Raw) }) {
			g.add(KindCRL, "crls", ".crl", crl.Raw)
		}
	}
	for _, response := range o.OCSP {
		if slices.ContainsFunc(response.Singles, func(one pki.OCSPSingle) bool {
			return slices.ContainsFunc(m.certificates, func(c *pki.Certificate) bool { return one.ID.Serial != nil && c.Serial.Cmp(one.ID.Serial) == 0 })
		}) {
			g.add(KindOCSP, "ocsp", ".ocsp", response.Raw)
		}
	}
	for _, list := range o.TrustLists.Lists() {
		g.add(KindTrustList, "trust-lists", ".cbor", list.Raw)
	}
	for _, list := range o.SealLists {
		if slices.ContainsFunc(seen.Seals, func(code string) bool { d, ok := sealstatus.DivisionOf(code); return ok && d == list.Division }) {
			g.add(KindSealStatus, "seal-status", ".cbor", list.Raw)
		}
	}
	for _, list := range lists {
		if list != nil {
			g.add(KindLicenseStatus, "license-status", ".cbor", list.Raw)
		}
	}
	for _, p := range o.Types {
		g.add(KindLicenseType, "license-types", ".cbor", p.Raw)
	}
	for _, token := range seen.Tokens {
		g.add(KindTimestamp, "timestamps", ".tsr", token)
	}
	return m
}

// gatherer gives each content one numbered name.
type gatherer struct {
	material *Material
	have     map[string]bool
	numbers  map[Kind]int
}

func (g *gatherer) add(kind Kind, folder, extension string, content []byte) {
	if len(content) == 0 || g.have[string(content)] {
		return
	}
	if g.numbers == nil {
		g.numbers = map[Kind]int{}
	}
	g.have[string(content)] = true
	g.numbers[kind]++
	g.material.Members = append(g.material.Members, Member{fmt.Sprintf("/%s/%03d%s", folder, g.numbers[kind], extension), kind, content})
}

// closure are certificates with all that may have issued them, by name; the judge of the package finds out which did.
func closure(first []*pki.Certificate, o licensefile.Options) []*pki.Certificate {
	known := slices.Concat(o.Roots.Certificates(), o.Intermediates.Certificates(), o.Services().Certificates())
	for _, list := range o.TrustLists.Lists() {
		for _, authority := range list.Authorities {
			known = append(known, authority.Certificate)
		}
	}
	pool := pki.NewPool(first...)
	for i := 0; i < pool.Len() && pool.Len() < maxCertificates; i++ {
		issued := pool.Certificates()[i]
		for _, c := range known {
			if bytes.Equal(c.Subject.Raw, issued.Issuer.Raw) && pool.Len() < maxCertificates {
				pool.Add(c)
			}
		}
	}
	return pool.Certificates()
}

// manifestBody is what is signed.
type manifestBody struct {
	Name     string       `cbor:"1,keyasint"`
	JudgedAt int64        `cbor:"2,keyasint"`
	Verdict  string       `cbor:"3,keyasint"`
	Code     string       `cbor:"4,keyasint"`
	Members  []memberBody `cbor:"5,keyasint"`
}

type memberBody struct {
	Path string `cbor:"1,keyasint"`
	Kind string `cbor:"2,keyasint"`
	SM3  []byte `cbor:"3,keyasint"`
	Size int64  `cbor:"4,keyasint"`
}

// Packer signs manifests and has them stamped.
type Packer struct {
	Chain [][]byte // DER, the signer's certificate first
	Sign  signed.SignFunc
	Stamp func(octets []byte) (token []byte, err error) // nil when there is no time-stamping authority
	Now   func() time.Time                              // of the check of what was made
	// Prove gives proofs of the transparency log for a licence; nil where there is no log.
	Prove func(licenseID string, original []byte) (proofs [][]byte, err error)
}

var extensions = map[string]string{"ofd": ".ofd", "pdf": ".pdf", "seal": ".esl", "seal_signature": ".dat"}

// Make judges a document and packs it. What was made is judged before it is returned and must give the same verdict. Errors wrap one of
// this package, signed.ErrMake, or are the packer's.
func Make(name string, document []byte, o licensefile.Options, p Packer) (octets []byte, result verify.Result, err error) {
	var more []*pki.Certificate
	for _, raw := range p.Chain {
		c, err := pki.ParseCertificate(raw)
		if err != nil {
			return nil, result, fmt.Errorf("%w: %w", signed.ErrMake, err)
		}
		more = append(more, c)
	}
	result, material := Collect(name, document, o, more...)
	extension, ok := extensions[result.Format]
	if !ok {
		return nil, result, ErrNoDocument
	}
	if p.Prove != nil && result.License != nil && result.License.LicenseID != "" {
		proofs, err := p.Prove(result.License.LicenseID, digest.Sum(document))
		if err != nil {
			return nil, result, fmt.Errorf("evidence: proof of the log: %w", err)
		}
		g := gatherer{material: &material, have: map[string]bool{}}
		for _, proof := range proofs {
			g.add(KindLogProof, "log-proofs", ".tlog-proof", proof)
		}
	}
	report, err := json.MarshalIndent(verify.Report{Results: []verify.Result{result}}, "", "  ")
	if err != nil {
		return nil, result, err
	}
	shaped, err := etsi.Make(result, etsi.Options{At: o.At, Objects: material.Objects()})
	if err != nil {
		return nil, result, err
	}
	members := append([]Member{{"/document" + extension, KindDocument, document}, {"/report.json", KindReport, report}, {"/report.xml", KindReportETSI, shaped}}, material.Members...)
	body := manifestBody{Name: shortName(name), JudgedAt: o.At.Unix(), Verdict: string(result.Verdict), Code: result.Code}
	files := make([]ofd.File, 1, len(members)+2) // the first is the manifest
	limits := ofd.DefaultLimits()
	total := int64(0)
	for _, member := range members {
		total += int64(len(member.Content))
		if len(members) > maxMembers || int64(len(member.Content)) > limits.EntryBytes || total > MaxSize {
			return nil, result, ErrTooLarge
		}
		body.Members = append(body.Members, memberBody{member.Path[1:], string(member.Kind), digest.Sum(member.Content), int64(len(member.Content))})
		files = append(files, ofd.File{Path: member.Path, Content: member.Content, Store: true}) // what is packed already does not shrink
	}
	manifest, err := signed.SignObject(signed.KindEvidence, body, p.Chain, p.Sign)
	if err != nil {
		return nil, result, err
	}
	files[0] = ofd.File{Path: "/" + manifestName, Content: manifest, Store: true}
	if p.Stamp != nil {
		token, err := p.Stamp(manifest)
		if err != nil {
			return nil, result, fmt.Errorf("evidence: time stamp: %w", err)
		}
		files = append(files, ofd.File{Path: "/" + tokenName, Content: token, Store: true})
	}
	octets, err = ofd.Pack(files)
	if err != nil {
		return nil, result, err
	}
	check := o
	if now := p.Now(); now.After(check.At) {
		check.At = now
	}
	again := Verify("evidence.zip", octets, check)
	if again.Verdict != result.Verdict || again.Code != result.Code || again.Evidence == nil || p.Stamp != nil && again.Evidence.TimeSource != "timestamp" {
		return nil, result, fmt.Errorf("%w: %s %s, the package %s %s %v", ErrDiffers, result.Verdict, result.Code, again.Verdict, again.Code, again.Reasons)
	}
	return octets, result, nil
}

// shortName is the last element of a name, bounded and in UTF-8.
func shortName(name string) string {
	name = strings.ToValidUTF8(path.Base(strings.ReplaceAll(name, `\`, "/")), "")
	for len(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

// Is tells whether a file claims to be a package of evidence: its first entry has the name of the manifest.
func Is(data []byte) bool {
	return len(data) >= 30+len(manifestName) && bytes.HasPrefix(data, []byte("PK\x03\x04")) && int(data[26])|int(data[27])<<8 == len(manifestName) && string(data[30:30+len(manifestName)]) == manifestName
}

// Drawn gives the OFD document that a judged file shows: the file itself, or the document of a package; nil where there is none.
func Drawn(result verify.Result, data []byte) []byte {
	switch {
	case result.Format == "ofd":
		return data
	case result.Evidence == nil || result.Evidence.Format != "ofd":
		return nil
	}
	opened, refused := open(data)
	if refused != nil {
		return nil
	}
	return opened.document.Content
}

// opened is a package whose manifest holds and whose members are those of the manifest.
type opened struct {
	manifest []byte
	token    []byte
	body     manifestBody
	object   *signed.Object
	members  []Member
	document Member
}

// failure names the reason for which a package is refused.
type failure struct{ code, detail string }

// open reads a package strictly: exactly the members of the manifest, each with its octets.
func open(data []byte) (*opened, *failure) {
	if len(data) > MaxSize+16<<20 {
		return nil, &failure{ofd.CodeLimit, "octets"}
	}
	limits := ofd.DefaultLimits()
	limits.Entries = maxMembers + 2
	files, err := ofd.Unpack(data, limits)
	if err != nil {
		var refused *ofd.Error
		if errors.As(err, &refused) {
			return nil, &failure{refused.Code, strings.TrimSpace(refused.Path + " " + refused.Detail)}
		}
		return nil, &failure{reasonFormat, err.Error()}
	}
	contents := map[string][]byte{}
	for _, f := range files {
		contents[f.Path[1:]] = f.Content
	}
	p := &opened{manifest: contents[manifestName], token: contents[tokenName]}
	p.object, err = signed.OpenObject(signed.KindEvidence, p.manifest, &p.body)
	switch {
	case errors.Is(err, signed.ErrSignature):
		return nil, &failure{reasonManifest, ""}
	case err != nil:
		return nil, &failure{reasonFormat, err.Error()}
	}
	b := p.body
	if b.JudgedAt <= 0 || b.JudgedAt > maxTime || len(b.Name) > maxName || !utf8.ValidString(b.Name) || len(b.Members) > maxMembers {
		return nil, &failure{reasonFormat, "values of the manifest"}
	}
	delete(contents, manifestName)
	delete(contents, tokenName)
	for _, member := range b.Members {
		content, ok := contents[member.Path]
		if !ok {
			return nil, &failure{reasonMember, member.Path + " is missing, or listed twice"}
		}
		if int64(len(content)) != member.Size || !bytes.Equal(digest.Sum(content), member.SM3) {
			return nil, &failure{reasonMember, member.Path}
		}
		delete(contents, member.Path)
		one := Member{"/" + member.Path, Kind(member.Kind), content}
		p.members = append(p.members, one)
		if one.Kind == KindDocument {
			if p.document.Path != "" {
				return nil, &failure{reasonFormat, "two documents"}
			}
			p.document = one
		}
	}
	for _, f := range files { // in their order, so that the same package always gives the same report
		if _, left := contents[f.Path[1:]]; left {
			return nil, &failure{reasonMember, f.Path + " is not in the manifest"}
		}
	}
	if p.document.Path == "" {
		return nil, &failure{reasonFormat, "no document"}
	}
	return p, nil
}
