package verify

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// ofd judges a package: container, each signature, and what all of them together leave uncovered.
func (j *judgement) ofd(data []byte) {
	p, err := ofd.Open(data, j.options.Limits)
	if err != nil {
		code := ofd.CodeStructure
		if failure, ok := errors.AsType[*ofd.Error](err); ok {
			code = failure.Code
		}
		j.reason(code, err.Error())
		return
	}
	j.pkg = p
	for _, fault := range p.Faults {
		j.reason(fault.Code, fault.Path)
	}
	for _, d := range p.Deviations {
		j.reason("deviation", d.Name+" "+d.Path)
	}
	for _, u := range p.Unknown { // two viewers may read on differently (D-23)
		if j.options.Strict {
			j.reason("xml", u.Name+" "+u.Detail+" "+u.Path)
		} else {
			j.reason("deviation", u.Name+" "+u.Detail+" "+u.Path)
		}
	}
	if p.Has("/OFDEntries.xml") {
		j.reason("integrity_list", "")
	}
	if len(p.Signatures) == 0 {
		if len(p.Faults) == 0 {
			j.reason("unsigned", "")
		}
		return
	}
	covered := map[string]bool{}
	digests := &digests{p: p, memo: j.options.Memo, done: map[string][]byte{}}
	for _, signature := range p.Signatures {
		j.ofdSignature(signature, digests, covered)
	}
	j.coverage(covered)
	j.appearance()
}

// appearance tells what a reader may see otherwise than the file says it, and what leads out of the package and is never followed (D-16, D-18). It changes
// no verdict: every other file of offices has fonts that are not embedded.
func (j *judgement) appearance() {
	if outside := j.pkg.Outside(); len(outside) > 0 {
		j.reason("external_reference", few(outside))
	}
	var letters ofd.Letters
	var unbound, differs []string
	var program []byte // of the last path: fonts of one program are neighbours
	last, unread := "", false
	for _, use := range j.pkg.FontUses() {
		switch {
		case use.Path == "":
			if text := name(use); len(unbound) == 0 || unbound[len(unbound)-1] != text { // in two documents
				unbound = append(unbound, text)
			}
			continue
		case !use.Compared():
			continue
		case use.Path != last:
			last = use.Path
			program, _ = j.pkg.Read(use.Path) // what cannot be read is judged as a file of the package
		}
		differences, ok := letters.Differences(use, program)
		unread = !ok // and so for all that come after it
		for _, d := range differences {
			differs = append(differs, fmt.Sprintf("%s %c→%c", name(use), d.Letter, d.Shown))
		}
	}
	if len(unbound) > 0 {
		j.reason("font_unbound", few(unbound))
	}
	if len(differs) > 0 {
		j.reason("text_glyph_differs", few(differs))
	}
	if unread || j.pkg.Unsurveyed {
		j.reason("text_unread", "")
	}
}

// name tells a font by its ID and name.
func name(use ofd.FontUse) string {
	return strings.TrimSpace(ofd.Shown(use.ID) + " " + ofd.Shown(use.Name))
}

func (j *judgement) ofdSignature(description *ofd.Signature, digests *digests, covered map[string]bool) {
	s := j.newSignature(description.ID, description.Type, "")
	if description.Fault != nil {
		s.out.Structure = structureOf(description)
		s.failed("sig_format", description.Fault.Code, description.Fault.Path)
		s.finish()
		return
	}
	s.placements(description)
	if method := strings.TrimSpace(description.Method); knownMethod(method, description.Type == "sign") {
		s.signedValue(description)
	} else {
		s.out.Structure = structureOf(description)
		s.failed("sig_format", "SIG_ALG", few([]string{method}))
	}
	s.references(description, digests, covered)
	s.finish()
}

// knownMethod tells whether the algorithm that a description names is one by which values are judged (D-24). It is told there for people alone: what is
// computed is what the value and the certificate say. No name is one that the standard lets away.
func knownMethod(name string, message bool) bool {
	name = strings.ToUpper(name)
	if name == "" || strings.HasPrefix(name, "1.2.156.10197.") || strings.Contains(name, "SM2") || strings.Contains(name, "SM3") {
		return true
	}
	return message && slices.Contains(messageMethods, name)
}

// messageMethods are the signature algorithms of messages beside SM2: RSA and ECDSA with SHA-2, and PKCS#7 as a whole.
var messageMethods = []string{"1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13", "1.2.840.113549.1.1.10", "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4", "1.2.840.113549.1.7.2"}

// placements lists where the seal is drawn, and says so when a stamp cannot be seen (D-14).
func (s *signatureJudge) placements(description *ofd.Signature) {
	pages := s.pkg.Documents[description.Document].Pages
	for _, stamp := range description.Stamps {
		if stamp.Fault != nil || stamp.Page == 0 {
			s.reason("stamp_not_visible", stamp.ID)
			continue
		}
		s.out.Placements = append(s.out.Placements, Placement{Page: stamp.Page, XMM: stamp.Boundary.X, YMM: stamp.Boundary.Y, WidthMM: stamp.Boundary.Width, HeightMM: stamp.Boundary.Height})
		if !onPage(stamp, pages[stamp.Page-1].Area) {
			s.reason("stamp_not_visible", stamp.ID)
		}
	}
}

// onPage tells whether any part of the stamp, after its clip, lies on the page. Boundaries count from the page's top left.
func onPage(stamp ofd.Stamp, page ofd.Box) bool {
	shown := stamp.Boundary
	if stamp.Clip != nil {
		left, top := max(stamp.Clip.X, 0), max(stamp.Clip.Y, 0)
		right, bottom := min(stamp.Clip.X+stamp.Clip.Width, shown.Width), min(stamp.Clip.Y+stamp.Clip.Height, shown.Height)
		shown = ofd.Box{X: shown.X + left, Y: shown.Y + top, Width: right - left, Height: bottom - top}
	}
	if shown.Width <= 0 || shown.Height <= 0 {
		return false
	}
	if page.Width <= 0 { // a document that does not say how large its pages are
		return true
	}
	return shown.X < page.Width && shown.Y < page.Height && shown.X+shown.Width > 0 && shown.Y+shown.Height > 0
}

func structureOf(description *ofd.Signature) string {
	if description.Type == "sign" {
		return "cms"
	}
	return "v4"
}

// signedValue tells the kind of value by its shape and judges it.
func (s *signatureJudge) signedValue(description *ofd.Signature) {
	if signature, err := ses.ParseSignature(description.Value); err == nil {
		s.out.Structure = string(signature.Structure)
		s.sealSignature(signature, description)
		s.sealFile(signature, description)
		return
	}
	if message, err := pki.ParseSignedData(description.Value); err == nil && description.Type == "sign" {
		s.out.Structure = "cms"
		s.message(message, description)
		return
	}
	if _, err := pki.SM2SignatureToRaw(description.Value); err == nil && description.Type == "sign" {
		s.out.Structure = "raw"
		s.moment(parseDateTime(description.DateTime))
		s.unknown("sig_value", "signer_unknown", "")
		return
	}
	s.out.Structure = structureOf(description)
	s.failed("sig_format", "SIG_FORMAT", "")
}

// sealFile: a seal file in the package must equal the seal inside the value (S-28).
func (s *signatureJudge) sealFile(signature *ses.Signature, description *ofd.Signature) {
	if description.SealPath == "" {
		return
	}
	content, err := s.pkg.Read(description.SealPath)
	if err != nil || !bytes.Equal(content, signature.Seal.Raw) {
		s.failed("seal_format", "seal_mismatch", description.SealPath)
	}
}

// digests computes SM3 of each file once; the file of a seal is known from other documents.
type digests struct {
	p    *ofd.Package
	memo *pki.Memo
	done map[string][]byte
}

func (d *digests) of(path string) []byte {
	if sum, ok := d.done[path]; ok {
		return sum
	}
	content, err := d.p.Read(path)
	if err != nil {
		return nil
	}
	sum := sm3.Sum
	if strings.HasSuffix(strings.ToLower(path), ".esl") {
		sum = d.memo.SM3
	}
	value := sum(content)
	d.done[path] = value[:]
	return value[:]
}

// references compares every protected file (GB/T 33190-2016 18.2).
func (s *signatureJudge) references(description *ofd.Signature, digests *digests, covered map[string]bool) {
	out := &References{Total: len(description.References), Mismatched: []string{}}
	s.out.References = out
	folded, known := checkMethod(description.CheckMethod)
	if !known {
		s.failed("references", "weak_digest", description.CheckMethod)
		return
	}
	pages, faults := false, map[string][]string{}
	for _, r := range description.References {
		if r.Fault != nil {
			faults[r.Fault.Code] = append(faults[r.Fault.Code], r.FileRef)
			if r.Path != "" {
				out.Mismatched = append(out.Mismatched, r.Path)
			}
			continue
		}
		pages = pages || s.pkg.RoleOf(r.Path) == ofd.Visible
		covered[r.Path] = true
		if s.matches(r, digests, folded) {
			out.Matched++
		} else {
			out.Mismatched = append(out.Mismatched, r.Path)
		}
	}
	// A seal whose document was exchanged for another still protects pages; that it was exchanged is what speaks then.
	pages = pages || slices.ContainsFunc(description.References, func(r ofd.Reference) bool { return r.Fault == nil && s.isDocument(r.Path) })
	for _, code := range slices.Sorted(maps.Keys(faults)) {
		s.failed("references", code, few(faults[code]))
	}
	switch {
	case !pages: // also where nothing is referred to
		s.failed("references", "references", "")
	case len(out.Mismatched) > 0:
		out.Pages = s.pkg.Documents[description.Document].PagesOf(out.Mismatched)
		s.failed("references", "DIGEST_MISMATCH", few(out.Mismatched))
	case out.Matched == out.Total:
		s.passed("references")
	}
}

// few joins names for a message and cuts a long list.
func few(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], " ") + fmt.Sprintf(" … (%d)", len(names))
	}
	return strings.Join(names, " ")
}

// checkMethod knows the spellings of SM3; folded is the vendor's SM3(Z‖file).
func checkMethod(name string) (folded, known bool) {
	switch strings.ToUpper(name) {
	case "1.2.156.10197.1.401", "1.2.156.10197.1.401.1", "SM3":
		return false, true
	case "1.2.156.10197.1.401.2":
		return true, true
	}
	return
}

func (s *signatureJudge) matches(r ofd.Reference, digests *digests, folded bool) bool {
	if !folded {
		return bytes.Equal(digests.of(r.Path), r.CheckValue)
	}
	content, err := s.pkg.Read(r.Path)
	return err == nil && !s.options.Strict && s.withZ(content, r.CheckValue)
}

// coverage lists what no signature covers, by role (design decision 11).
func (j *judgement) coverage(covered map[string]bool) {
	coverage := &Coverage{Complete: true, Uncovered: []Uncovered{}}
	j.result.Coverage = coverage
	visible, extra := []string{}, false
	for _, path := range j.pkg.Names() {
		role := j.pkg.RoleOf(path)
		if covered[path] || role == ofd.Material {
			continue
		}
		coverage.Uncovered = append(coverage.Uncovered, Uncovered{Path: path, Role: string(role)})
		switch role {
		case ofd.Visible:
			visible = append(visible, path)
		case ofd.Extra:
			extra = true
		}
	}
	coverage.Complete = len(visible) == 0
	if changed := j.changedAfter(covered); changed != "" {
		j.reason("changed_after", changed)
	}
	if len(visible) > 0 {
		j.reason("uncovered_visible", few(visible))
	}
	if extra {
		j.reason("extra", "")
	}
	j.containerCoverage(covered)
}

// containerCoverage: OFD.xml uncovered is a note while it can lead only to one covered document.
func (j *judgement) containerCoverage(covered map[string]bool) {
	const root = "/OFD.xml"
	if !covered[root] {
		switch {
		case j.pkg.Bodies == 1 && len(j.pkg.Documents) == 1 && covered[j.pkg.Documents[0].Root]:
			j.reason("ofd_xml_uncovered", "")
		default:
			j.reason("uncovered_visible", root)
		}
	}
	for _, s := range j.pkg.Signatures {
		if !covered[s.ListPath] {
			j.reason("list_uncovered", "")
			return
		}
	}
}

// changedAfter finds a document that the signatures do not know beside or in place of one that they do (D-07, D-08), or a
// signature that another one covers and no list names any more (D-13).
func (j *judgement) changedAfter(covered map[string]bool) string {
	for _, path := range slices.Sorted(maps.Keys(covered)) {
		if j.pkg.RoleOf(path) == ofd.Extra && j.isSignature(path) {
			return path
		}
	}
	uncovered, known := "", false
	for _, document := range j.pkg.Documents {
		if covered[document.Root] {
			known = true
		} else if uncovered == "" {
			uncovered = document.Root
		}
	}
	if uncovered == "" {
		return ""
	}
	for path := range covered {
		known = known || j.isDocument(path)
	}
	if known {
		return uncovered
	}
	return ""
}

// isDocument tells whether a covered file is the root of a document, reached or not.
func (j *judgement) isDocument(path string) bool {
	tree := j.xml(path)
	return tree != nil && tree.Name == "Document" && tree.Child("Pages") != nil
}

// isSignature tells whether a file is the description of a signature.
func (j *judgement) isSignature(path string) bool {
	tree := j.xml(path)
	return tree != nil && tree.Name == "Signature" && tree.Child("SignedInfo") != nil
}

// xml is the tree of a file that is XML by its name, nil when it is none.
func (j *judgement) xml(path string) *ofd.Node {
	if !strings.HasSuffix(strings.ToLower(path), ".xml") {
		return nil
	}
	tree, err := j.pkg.Tree(path)
	if err != nil {
		return nil
	}
	return tree
}
