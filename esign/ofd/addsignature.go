package ofd

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
)

// Errors of signing.
var (
	ErrLocked  = errors.New("ofd: an earlier signature locks the list of signatures")
	ErrUnknown = errors.New("ofd: no such page or document")
	ErrFaulty  = errors.New("ofd: the package is damaged and cannot be signed")
)

// Algorithm identifiers written into Signature.xml (GM/T 0006).
const (
	oidSM2SM3 = "1.2.156.10197.1.501"
	oidSM3    = "1.2.156.10197.1.401"
)

// SignatureRequest says what to sign and where the seal appears.
type SignatureRequest struct {
	Provider, ProviderVersion, Company string
	SigningTime                        time.Time
	Stamps                             []StampRequest // none: an invisible seal
	Seal                               []byte         // written as Seal.esl; the value embeds it too
	SealSM3                            []byte         // its digest where the caller has it; computed when empty
	Lock                               bool           // protect Signatures.xml as well: no further signature is possible
}

// StampRequest places a seal on a page; pages count from 1, millimetres from the top left corner.
type StampRequest struct {
	Page     int
	Boundary Box
	Clip     *Box
}

// PendingSignature is a package with a new Signature.xml that waits for its value.
type PendingSignature struct {
	Description []byte // Signature.xml: what dataHash must bind (SM3 of these octets)
	Path        string // absolute path of Signature.xml: propertyInfo of TBS_Sign
	valuePath   string
	source      *Package
	changed     map[string][]byte
	added       []File
}

// AddSignature prepares a further signature over every file of the package but the list of signatures (unless locked)
// and its own two files. Existing entries keep their octets, except OFD.xml when it names no list yet and the list
// itself. ErrLocked when an earlier signature forbids that.
func (p *Package) AddSignature(request SignatureRequest) (*PendingSignature, error) {
	if len(p.Faults) > 0 || p.Bodies != 1 {
		return nil, ErrFaulty
	}
	document := p.current()
	pending := &PendingSignature{source: p, changed: map[string][]byte{}}
	list := document.SignaturesPath
	if list == "" {
		list = folderOf(document.Root) + "/Signs/Signatures.xml"
		if err := pending.createList(list); err != nil {
			return nil, err
		}
	}
	if p.covered(list) { // where the list is new there is no signature that could cover OFD.xml
		return nil, ErrLocked
	}
	folder, id := p.freeFolder(list)
	pending.Path, pending.valuePath = folder+"/Signature.xml", folder+"/SignedValue.dat"
	if err := pending.appendToList(list, id); err != nil {
		return nil, err
	}
	sealPath := ""
	if len(request.Seal) > 0 {
		sealPath = folder + "/Seal.esl"
		pending.added = append(pending.added, File{Path: sealPath, Content: request.Seal, Store: true})
	}
	stamps, err := stampElements(document, request.Stamps, id)
	if err != nil {
		return nil, err
	}
	references, err := pending.references(list, request.Lock, map[string][]byte{sealPath: request.SealSM3})
	if err != nil {
		return nil, err
	}
	pending.Description = []byte(description(request, references, stamps, sealPath, pending.valuePath))
	return pending, nil
}

// Complete puts the value in and gives the whole package.
func (s *PendingSignature) Complete(value []byte) ([]byte, error) {
	added := append(append([]File(nil), s.added...), File{Path: s.Path, Content: s.Description}, File{Path: s.valuePath, Content: value, Store: true}) // nearly all of it is the picture of the seal
	return s.source.Rewrite(s.changed, added)
}

func (p *Package) current() *Document {
	for _, d := range p.Documents {
		if d.Current {
			return d
		}
	}
	return p.Documents[0]
}

// Current is the document that a reader shows: the current version of the first body.
func (p *Package) Current() *Document { return p.current() }

func folderOf(path string) string { return path[:strings.LastIndexByte(path, '/')] }

func (p *Package) covered(path string) bool {
	for _, s := range p.Signatures {
		for _, r := range s.References {
			if r.Path == path {
				return true
			}
		}
	}
	return false
}

// createList adds an empty list and names it in OFD.xml, changing nothing else of that file.
func (s *PendingSignature) createList(list string) error {
	content, err := s.source.Read(rootFile)
	if err != nil {
		return err
	}
	tree, err := s.source.Tree(rootFile)
	if err != nil {
		return err
	}
	body := tree.Child("DocBody")
	at := body.InnerEnd + len(content) - len(strings.TrimPrefix(string(content), "\xef\xbb\xbf"))
	prefix := ""
	if body.prefix != "" {
		prefix = body.prefix + ":"
	}
	element := fmt.Sprintf("<%sSignatures>%s</%sSignatures>", prefix, escape(list), prefix)
	s.changed[rootFile] = []byte(string(content[:at]) + element + string(content[at:]))
	s.added = append(s.added, File{Path: list, Content: []byte(xmlHead + `<ofd:Signatures xmlns:ofd="` + Namespace + `"></ofd:Signatures>`)})
	return nil
}

const xmlHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// freeFolder finds Sign_N and an ID that no signature uses.
func (p *Package) freeFolder(list string) (folder, id string) {
	taken := map[string]bool{}
	for _, s := range p.Signatures {
		taken[s.ID] = true
	}
	for n := 0; ; n++ {
		folder = fmt.Sprintf("%s/Sign_%d", folderOf(list), n)
		id = fmt.Sprintf("s%03d", n+1)
		if _, used := p.Find(folder + "/Signature.xml"); !used && !taken[id] {
			return folder, id
		}
	}
}

// listEnd finds the end tag with which a list of signatures ends: where it begins, and the prefix of its name with the colon; -1 where
// the list ends otherwise.
func listEnd(list []byte) (at int, prefix string) {
	const blanks = " \t\r\n"
	tag, closed := bytes.CutSuffix(bytes.TrimRight(list, blanks), []byte(">"))
	at = bytes.LastIndex(tag, []byte("</"))
	if !closed || at < 0 {
		return -1, ""
	}
	name, found := bytes.CutSuffix(bytes.TrimRight(tag[at+2:], blanks), []byte("Signatures"))
	if !found {
		return -1, ""
	}
	if len(name) > 0 {
		before, whole := bytes.CutSuffix(name, []byte(":"))
		if !whole || len(before) == 0 || bytes.ContainsFunc(before, func(char rune) bool {
			return !isLetter(char) && (char < '0' || char > '9') && !strings.ContainsRune("_.-", char)
		}) {
			return -1, ""
		}
	}
	return at, string(name)
}

// appendToList adds the entry before the end tag of the list.
func (s *PendingSignature) appendToList(list, id string) error {
	content := []byte(nil)
	index := -1
	for i, f := range s.added {
		if f.Path == list {
			content, index = f.Content, i
		}
	}
	if index < 0 {
		var err error
		if content, err = s.source.Read(list); err != nil {
			return err
		}
	}
	at, prefix := listEnd(content)
	if at < 0 {
		return fmt.Errorf("%w: the list of signatures has no end tag", ErrFaulty)
	}
	entry := fmt.Sprintf(`<%sSignature ID="%s" Type="Seal" BaseLoc="%s"/>`, prefix, id, escape(s.Path))
	longer := []byte(string(content[:at]) + entry + string(content[at:]))
	if index >= 0 {
		s.added[index].Content = longer
	} else {
		s.changed[list] = longer
	}
	return nil
}

// references digests every file that the signature protects, in the order of the package; known are digests of files that are added.
func (s *PendingSignature) references(list string, lock bool, known map[string][]byte) (string, error) {
	var b strings.Builder
	add := func(path string, content []byte) {
		value := known[path]
		if len(value) == 0 {
			sum := sm3.Sum(content)
			value = sum[:]
		}
		fmt.Fprintf(&b, `<ofd:Reference FileRef="%s"><ofd:CheckValue>%s</ofd:CheckValue></ofd:Reference>`, escape(path), base64.StdEncoding.EncodeToString(value))
	}
	for _, path := range s.source.Names() {
		if path == list && !lock {
			continue
		}
		content, ok := s.changed[path]
		if !ok {
			var err error
			if content, err = s.source.Read(path); err != nil {
				return "", err
			}
		}
		add(path, content)
	}
	for _, f := range s.added {
		if f.Path != list || lock {
			add(f.Path, f.Content)
		}
	}
	return b.String(), nil
}

func stampElements(document *Document, stamps []StampRequest, id string) (string, error) {
	var b strings.Builder
	for i, stamp := range stamps {
		if stamp.Page < 1 || stamp.Page > len(document.Pages) {
			return "", fmt.Errorf("%w: page %d of %d", ErrUnknown, stamp.Page, len(document.Pages))
		}
		clip := ""
		if stamp.Clip != nil {
			clip = fmt.Sprintf(` Clip="%s"`, stamp.Clip)
		}
		fmt.Fprintf(&b, `<ofd:StampAnnot ID="%s-%d" PageRef="%s" Boundary="%s"%s/>`, id, i+1, escape(document.Pages[stamp.Page-1].ID), stamp.Boundary, clip)
	}
	return b.String(), nil
}

func description(r SignatureRequest, references, stamps, sealPath, valuePath string) string {
	var b strings.Builder
	b.WriteString(xmlHead)
	fmt.Fprintf(&b, `<ofd:Signature xmlns:ofd="%s"><ofd:SignedInfo><ofd:Provider ProviderName="%s" Version="%s" Company="%s"/>`,
		Namespace, escape(r.Provider), escape(r.ProviderVersion), escape(r.Company))
	fmt.Fprintf(&b, `<ofd:SignatureMethod>%s</ofd:SignatureMethod><ofd:SignatureDateTime>%s</ofd:SignatureDateTime>`,
		oidSM2SM3, r.SigningTime.UTC().Format("20060102150405Z"))
	fmt.Fprintf(&b, `<ofd:References CheckMethod="%s">%s</ofd:References>%s`, oidSM3, references, stamps)
	if sealPath != "" {
		fmt.Fprintf(&b, `<ofd:Seal><ofd:BaseLoc>%s</ofd:BaseLoc></ofd:Seal>`, escape(sealPath))
	}
	fmt.Fprintf(&b, `</ofd:SignedInfo><ofd:SignedValue>%s</ofd:SignedValue></ofd:Signature>`, escape(valuePath))
	return b.String()
}

// String writes the box as ST_Box, with at most three decimals.
func (b Box) String() string {
	return number(b.X) + " " + number(b.Y) + " " + number(b.Width) + " " + number(b.Height)
}

// number writes millimetres with at most three decimals and no exponent.
func number(v float64) string {
	text := strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', 3, 64), "0"), ".")
	if text == "-0" {
		return "0"
	}
	return text
}
