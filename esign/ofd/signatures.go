package ofd

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// Signature is one entry of a signature list with its description (GB/T 33190-2016 clause 18).
type Signature struct {
	ID       string
	Type     string // "seal" or "sign"
	Path     string // Signature.xml
	ListPath string // Signatures.xml
	Document int    // index in Package.Documents of the body it belongs to
	Fault    *Error // why the description cannot be judged; the rest is then empty in part

	Raw         []byte // Signature.xml as stored: what dataHash binds
	Provider    string
	Method      string
	DateTime    string
	CheckMethod string
	References  []Reference
	Stamps      []Stamp
	SealPath    string // empty when the element is absent
	ValuePath   string
	Value       []byte
}

// Reference is one protected file.
type Reference struct {
	Path       string // absolute, as stored; empty when Fault is set
	FileRef    string // as written
	CheckValue []byte
	Fault      *Error
}

// Stamp is one appearance of a seal. Page counts from 1; 0 when PageRef names no page.
type Stamp struct {
	ID, PageRef string
	Page        int
	Boundary    Box
	Clip        *Box
	Fault       *Error
}

// MaxReferences bounds one signature.
const MaxReferences = 20_000

func (p *Package) walkSignatures(list string, document int) *Error {
	p.mark(list, Container)
	tree, failure := p.tree(list)
	if failure != nil {
		return failure
	}
	if failure := oneNamespace(list, tree); failure != nil {
		return failure
	}
	for _, node := range tree.All("Signature") {
		s := &Signature{ID: node.AttrOr("ID", ""), Type: strings.ToLower(node.AttrOr("Type", "Seal")), ListPath: list, Document: document}
		path, found, failure := p.locate(list, node.AttrOr("BaseLoc", ""))
		if failure != nil {
			return failure
		}
		p.Signatures = append(p.Signatures, s)
		s.Path = path
		if !found {
			s.Fault = refuse(CodePath, path, "the description of the signature is not in the package")
			continue
		}
		p.mark(path, Material)
		s.Fault = p.readSignature(s)
		if s.Fault == nil && s.Type != "seal" && s.Type != "sign" { // GB/T 33190-2016 18.1: it says how the value is to be read
			s.Fault = refuse(CodeXML, list, "signature of the unknown type %s", strconv.Quote(clip(s.Type)))
		}
	}
	return nil
}

func (p *Package) readSignature(s *Signature) *Error {
	raw, failure := p.exact[s.Path].read()
	if failure != nil {
		return failure
	}
	s.Raw = raw
	tree, failure := p.tree(s.Path)
	if failure != nil {
		return failure
	}
	if tree.Name != "Signature" || len(tree.All("SignedInfo")) != 1 || len(tree.All("SignedValue")) != 1 {
		return refuse(CodeXML, s.Path, "not exactly one SignedInfo and one SignedValue")
	}
	if tainted(tree) {
		return refuse(CodeXML, s.Path, "a comment or CDATA inside the description")
	}
	if failure := oneNamespace(s.Path, tree); failure != nil {
		return failure
	}
	info := tree.Child("SignedInfo")
	if failure := once(s.Path, info, "Provider", "SignatureMethod", "SignatureDateTime", "References", "Seal"); failure != nil {
		return failure
	}
	provider := info.Child("Provider")
	s.Provider = provider.AttrOr("ProviderName", provider.Child("ProviderName").Value())
	s.Method, s.DateTime = info.Child("SignatureMethod").Value(), info.Child("SignatureDateTime").Value()
	if failure := p.readReferences(s, info); failure != nil {
		return failure
	}
	p.readStamps(s, info)
	if seal := info.Child("Seal"); seal != nil {
		location := seal.AttrOr("BaseLoc", seal.Child("BaseLoc").Value())
		path, found, failure := p.locate(s.Path, location)
		if failure != nil {
			return failure
		}
		if !found {
			return refuse(CodePath, path, "the seal file is not in the package")
		}
		s.SealPath = path
		p.mark(path, Material)
	}
	path, found, failure := p.locate(s.Path, tree.Child("SignedValue").Value())
	if failure != nil {
		return failure
	}
	if !found {
		return refuse(CodePath, path, "the signature value is not in the package")
	}
	s.ValuePath = path
	p.mark(path, Material)
	s.Value, failure = p.exact[path].read()
	return failure
}

func tainted(n *Node) bool {
	if n.Tainted && len(n.Children) == 0 {
		return true
	}
	for _, c := range n.Children {
		if tainted(c) {
			return true
		}
	}
	return false
}

func (p *Package) readReferences(s *Signature, info *Node) *Error {
	list := info.Child("References")
	s.CheckMethod = list.AttrOr("CheckMethod", "")
	nodes := list.All("Reference")
	if len(nodes) > MaxReferences {
		return refuse(CodeLimit, s.Path, "more than %d references", MaxReferences)
	}
	seen := map[string]bool{}
	for _, node := range nodes {
		if failure := p.step(s.Path); failure != nil {
			return failure
		}
		s.References = append(s.References, p.readReference(s.Path, node, seen))
	}
	return nil
}

func (p *Package) readReference(holder string, node *Node, seen map[string]bool) Reference {
	r := Reference{FileRef: node.AttrOr("FileRef", "")}
	wanted, failure := Resolve(holder, r.FileRef)
	if failure != nil {
		r.Fault = failure
		return r
	}
	if failure := once(holder, node, "CheckValue"); failure != nil {
		r.Fault = failure
		return r
	}
	value, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(node.Child("CheckValue").Value()), ""))
	switch {
	case seen[wanted]:
		r.Fault = refuse(CodePath, wanted, "is referenced twice")
	case !p.Has(wanted):
		r.Path, r.Fault = wanted, refuse(CodePath, wanted, "is referenced but not in the package")
	case err != nil:
		r.Path, r.Fault = wanted, refuse(CodeXML, wanted, "check value is not Base64")
	default:
		r.Path, r.CheckValue = wanted, value
	}
	seen[wanted] = true
	return r
}

func (p *Package) readStamps(s *Signature, info *Node) {
	pages := map[string]int{}
	for i, page := range p.Documents[s.Document].Pages {
		pages[page.ID] = i + 1
	}
	for _, node := range info.All("StampAnnot") {
		stamp := Stamp{ID: node.AttrOr("ID", ""), PageRef: node.AttrOr("PageRef", "")}
		stamp.Page = pages[stamp.PageRef]
		stamp.Boundary, stamp.Fault = ParseBox(s.Path, node.AttrOr("Boundary", ""))
		if clip, ok := node.Attr("Clip"); ok && stamp.Fault == nil {
			var box Box
			if box, stamp.Fault = ParseBox(s.Path, clip); stamp.Fault == nil {
				stamp.Clip = &box
			}
		}
		s.Stamps = append(s.Stamps, stamp)
	}
}
