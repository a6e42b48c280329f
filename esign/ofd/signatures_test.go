package ofd_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
)

const goodDescription = `<Signature><!-- note --><SignedInfo><Provider ProviderName="p"/><SignatureMethod>m</SignatureMethod><SignatureDateTime>t</SignatureDateTime>` +
	`<References CheckMethod="c"><Reference FileRef="/OFD.xml"><CheckValue>AA AA</CheckValue></Reference></References>` +
	`<StampAnnot ID="1" PageRef="1" Boundary="1 2 3 4" Clip="0 0 1 1"/><StampAnnot ID="2" PageRef="9" Boundary="1 2 3 4"/><Seal><BaseLoc>/OFD.xml</BaseLoc></Seal></SignedInfo><SignedValue>/OFD.xml</SignedValue></Signature>`

// signedBy is a package with one signature of this description.
func signedBy(t *testing.T, description string) []byte {
	t.Helper()
	return files(map[string]string{"OFD.xml": swap(t, minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>s.xml</ofd:Signatures>"),
		"s.xml": `<Signatures><Signature ID="1" BaseLoc="d.xml"/></Signatures>`, "d.xml": description})
}

// refusedFor tells whether an error is a refusal of this code and these words.
func refusedFor(err error, code, words string) bool {
	refusal, ok := errors.AsType[*ofd.Error](err)
	return ok && said(refusal, code, words)
}

// said tells whether a refusal has the code and the words.
func said(failure *ofd.Error, code, words string) bool {
	return failure != nil && failure.Code == code && strings.Contains(failure.Detail, words)
}

func TestDescriptionThatIsWhole(t *testing.T) {
	s := open(t, signedBy(t, goodDescription)).Signatures[0]
	got := fmt.Sprint(s.Fault == nil, s.Type, s.Path, s.ListPath, s.Provider, s.Method, s.DateTime, s.CheckMethod, s.References, s.SealPath, s.ValuePath, strings.HasPrefix(string(s.Value), "<ofd:OFD "), len(s.Raw))
	if want := fmt.Sprint(true, "seal", "/d.xml", "/s.xml", "p", "m", "t", "c", []ofd.Reference{{Path: "/OFD.xml", FileRef: "/OFD.xml", CheckValue: []byte{0, 0, 0}}}, "/OFD.xml", "/OFD.xml", true, len(goodDescription)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if len(s.Stamps) != 2 || s.Stamps[0].Page != 1 || s.Stamps[0].Clip == nil || *s.Stamps[0].Clip != (ofd.Box{Width: 1, Height: 1}) || s.Stamps[1].Page != 0 || s.Stamps[1].Clip != nil || s.Stamps[1].Fault != nil {
		t.Errorf("%+v", s.Stamps)
	}
}

// TestDescriptionsThatCannotBeJudged: each fault of a description under its own words; the rest of the package is read.
func TestDescriptionsThatCannotBeJudged(t *testing.T) {
	for name, c := range map[string]struct{ old, replacement, code, words string }{
		"no XML":                       {"<Signature>", "<Signature", ofd.CodeXML, "XML syntax error"},
		"two SignedInfo":               {"</SignedInfo>", "</SignedInfo><SignedInfo/>", ofd.CodeXML, "not exactly one SignedInfo"},
		"two SignedValue":              {"</SignedInfo>", "</SignedInfo><SignedValue/>", ofd.CodeXML, "not exactly one SignedInfo"},
		"comment inside a value":       {"<SignatureMethod>", "<SignatureMethod><!---->", ofd.CodeXML, "inside the description"},
		"CDATA for a path":             {"<SignedValue>/OFD.xml", "<SignedValue><![CDATA[/OFD.xml]]>", ofd.CodeXML, "inside SignedValue"},
		"element of another namespace": {"<Provider", `<x:Seal xmlns:x="u"/><Provider`, ofd.CodeXML, "of another namespace"},
		"two lists of references":      {"<References", "<References/><References", ofd.CodeXML, "two elements References"},
		"two seals":                    {"<Seal>", "<Seal/><Seal>", ofd.CodeXML, "two elements Seal"},
		"seal outside the package":     {"<BaseLoc>/OFD.xml", "<BaseLoc>../x", ofd.CodePath, "leaves the package"},
		"seal that is not there":       {"<BaseLoc>/OFD.xml", "<BaseLoc>none", ofd.CodePath, "the seal file is not in the package"},
		"value outside the package":    {"<SignedValue>/OFD.xml", "<SignedValue>../x", ofd.CodePath, "leaves the package"},
		"value that is not there":      {"<SignedValue>/OFD.xml", "<SignedValue>none", ofd.CodePath, "the signature value is not in the package"},
	} {
		if s := open(t, signedBy(t, swap(t, goodDescription, c.old, c.replacement))).Signatures[0]; !said(s.Fault, c.code, c.words) {
			t.Errorf("%s: %v", name, s.Fault)
		}
	}
	other := strings.NewReplacer("<Signature>", "<Sign>", "</Signature>", "</Sign>").Replace(goodDescription)
	if s := open(t, signedBy(t, other)).Signatures[0]; !said(s.Fault, ofd.CodeXML, "not exactly one SignedInfo") {
		t.Errorf("another root element: %v", s.Fault)
	}
	// Of references and stamps each has its own fault.
	for name, c := range map[string]struct{ old, replacement, code, words, path string }{
		"outside the package": {`FileRef="/OFD.xml"`, `FileRef="../x"`, ofd.CodePath, "leaves the package", ""},
		"two check values":    {"<CheckValue>", "<CheckValue/><CheckValue>", ofd.CodeXML, "two elements CheckValue", ""},
		"not there":           {`FileRef="/OFD.xml"`, `FileRef="/none"`, ofd.CodePath, "is referenced but not in the package", "/none"},
		"no Base64":           {"AA AA", "A!", ofd.CodeXML, "check value is not Base64", "/OFD.xml"},
	} {
		s := open(t, signedBy(t, swap(t, goodDescription, c.old, c.replacement))).Signatures[0]
		if r := s.References[0]; s.Fault != nil || !said(r.Fault, c.code, c.words) || r.Path != c.path || r.CheckValue != nil {
			t.Errorf("reference %s: %v %+v", name, s.Fault, r)
		}
	}
	twice := open(t, signedBy(t, swap(t, goodDescription, "</References>", `<Reference FileRef="/OFD.xml"><CheckValue>AAAA</CheckValue></Reference></References>`))).Signatures[0].References
	if len(twice) != 2 || twice[0].Fault != nil || !said(twice[1].Fault, ofd.CodePath, "is referenced twice") || twice[1].CheckValue != nil {
		t.Errorf("two of one file: %+v", twice)
	}
	for name, stamp := range map[string]string{"box": `Boundary="x" Clip="0 0 1 1"`, "clip": `Boundary="1 2 3 4" Clip="x"`} {
		s := open(t, signedBy(t, swap(t, goodDescription, `Boundary="1 2 3 4" Clip="0 0 1 1"`, stamp))).Signatures[0].Stamps[0]
		if !said(s.Fault, ofd.CodeBounds, "not four numbers") || s.Clip != nil {
			t.Errorf("bad %s: %+v", name, s)
		}
	}
}

func TestListsOfSignatures(t *testing.T) {
	list := func(text string) []byte {
		return files(map[string]string{"OFD.xml": swap(t, minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>s.xml</ofd:Signatures>"), "s.xml": text, "d.xml": goodDescription})
	}
	if p := open(t, list(`<Signatures><!-- two of one kind --><Signature ID="1" Type="Sign" BaseLoc="none.xml"/><Signature ID="2" BaseLoc="d.xml"/></Signatures>`)); len(p.Signatures) != 2 || p.Signatures[0].Type != "sign" ||
		!said(p.Signatures[0].Fault, ofd.CodePath, "the description of the signature is not in the package") || p.Signatures[0].Path != "/none.xml" || p.Signatures[1].Fault != nil {
		t.Errorf("%+v", p.Signatures)
	}
	broken := files(map[string]string{"OFD.xml": swap(t, minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>s.xml</ofd:Signatures>"), "s.xml": `<Signatures><Signature ID="1" Type="Stamp" BaseLoc="d.xml"/></Signatures>`, "d.xml": "<x"})
	if s := open(t, broken).Signatures[0]; s.Fault == nil || s.Fault.Path != "/d.xml" { // the first thing that is wrong is told
		t.Errorf("an unknown type of what cannot be read: %+v", s.Fault)
	}
	for kind, known := range map[string]bool{"Seal": true, "seal": true, "Sign": true, "'Seal": false, "": false, "Seal ": false, "Stamp": false} {
		s := open(t, list(`<Signatures><Signature ID="1" Type="`+kind+`" BaseLoc="d.xml"/></Signatures>`)).Signatures[0]
		if known != (s.Fault == nil) || !known && !said(s.Fault, ofd.CodeXML, "unknown type") || s.ValuePath == "" {
			t.Errorf("type %q: %+v", kind, s)
		}
	}
	for name, c := range map[string]struct{ text, code, words string }{
		"another namespace":   {`<Signatures><x:Signature xmlns:x="u" BaseLoc="d.xml"/></Signatures>`, ofd.CodeXML, "of another namespace"},
		"outside the package": {`<Signatures><Signature BaseLoc="../d.xml"/></Signatures>`, ofd.CodePath, "leaves the package"},
	} {
		if _, err := ofd.Open(list(c.text), ofd.DefaultLimits()); !refusedFor(err, c.code, c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
