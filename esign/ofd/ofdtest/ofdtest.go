// Package ofdtest makes sealed documents for tests: a real certification authority, a seal, a document and its signature,
// with a place to put one fault at every step, and hand-made ZIP files. It is for tests only and follows no standard where
// a test asks for something that no standard allows.
package ofdtest

import (
	"crypto/rand"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Times of the world.
var (
	Begin = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)  // certificates begin
	Made  = time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC)  // the seal is made and begins
	Time  = time.Date(2026, 5, 20, 8, 0, 0, 0, time.UTC) // documents are sealed
	Now   = time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)
	Ended = time.Date(2028, 2, 1, 0, 0, 0, 0, time.UTC) // the seal ends
	End   = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC) // certificates end
)

// Party is a certificate with its key.
type Party struct {
	Cert *pki.Certificate
	Key  *sm2.PrivateKey
}

// Sign signs a message under the default user ID and returns DER {r,s}.
func (p Party) Sign(message []byte) ([]byte, error) {
	return p.Key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
}

// World is a root, an issuing CA, a seal maker and a seal signer.
type World struct {
	Root, Issuing, Maker, Signer Party
}

// New makes a world with fresh keys.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{}
	w.Root = Party{Key: NewKey(t)}
	w.Root.Cert = make1(t, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: "示例根"}, NotBefore: Begin, NotAfter: End}, Party{Key: w.Root.Key})
	w.Issuing = w.Under(t, w.Root, pki.ProfileIssuingCA, "示例签发", nil)
	w.Maker = w.Issue(t, pki.ProfileSealMaker, "示例制章", nil)
	w.Signer = w.Issue(t, pki.ProfileSealSigner, "37030000001721", nil)
	return w
}

// NewKey makes an SM2 key.
func NewKey(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func make1(t testing.TB, template pki.CertificateTemplate, issuer Party) *pki.Certificate {
	t.Helper()
	certificate, err := pki.MakeCertificate(rand.Reader, template, issuer.Cert, issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// Issue makes a party under the issuing CA; change may be nil.
func (w *World) Issue(t testing.TB, profile pki.Profile, name string, change func(*pki.CertificateTemplate)) Party {
	t.Helper()
	return w.Under(t, w.Issuing, profile, name, change)
}

// Under makes a party under any issuer.
func (w *World) Under(t testing.TB, issuer Party, profile pki.Profile, name string, change func(*pki.CertificateTemplate)) Party {
	t.Helper()
	party := Party{Key: NewKey(t)}
	template := pki.CertificateTemplate{Profile: profile, Subject: pki.Subject{Organization: "示例市市场监督管理局", CommonName: name}, PublicKey: &party.Key.PublicKey, NotBefore: Begin, NotAfter: End}
	if change != nil {
		change(&template)
	}
	party.Cert = make1(t, template, issuer)
	return party
}

// Resigned is the party with a changed TBSCertificate under a fresh signature of the issuer.
func Resigned(t testing.TB, party, issuer Party, change func(tbs []byte) []byte) Party {
	t.Helper()
	reader := &der.Reader{}
	members, err := reader.Sequence(parse(t, party.Cert.Raw))
	if err != nil {
		t.Fatal(err)
	}
	tbs := change(slices.Clone(members[0].Raw))
	value, err := issuer.Sign(tbs)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.ParseCertificate(der.EncodeSequence(tbs, members[1].Raw, der.EncodeBitString(value)))
	if err != nil {
		t.Fatal(err)
	}
	return Party{Cert: certificate, Key: party.Key}
}

func parse(t testing.TB, input []byte) der.Value {
	t.Helper()
	value, err := (&der.Reader{}).Parse(input)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// CRL makes a list of the issuer that holds at Now.
func CRL(t testing.TB, issuer Party, entries ...pki.CRLEntry) *pki.CRL {
	t.Helper()
	list, err := pki.MakeCRL(rand.Reader, pki.CRLTemplate{Number: big.NewInt(7), ThisUpdate: Now.Add(-time.Hour), NextUpdate: Now.Add(24 * time.Hour), Entries: entries}, issuer.Cert, issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Seal makes a seal for the world's signer; change may be nil. The seal may be one that does not verify.
func (w *World) Seal(t testing.TB, change func(*ses.SealInfo)) []byte {
	t.Helper()
	return w.SealBy(t, w.Maker, w.Maker.Sign, change)
}

// SealBy makes a seal with the maker's certificate and any signing function.
func (w *World) SealBy(t testing.TB, maker Party, sign ses.SignFunc, change func(*ses.SealInfo)) []byte {
	t.Helper()
	info := ses.SealInfo{Vid: "YINXIN", ESID: "37030000001721", Type: 1, Name: "示例市市场监督管理局", SignerCerts: [][]byte{w.Signer.Cert.Raw},
		CreateDate: Made, ValidStart: Made, ValidEnd: Ended, Picture: ses.Picture{Type: "PNG", Data: []byte("\x89PNG picture"), WidthMM: 42, HeightMM: 42}}
	if change != nil {
		change(&info)
	}
	seal, err := ses.NewSeal(info, maker.Cert.Raw, sign)
	if err != nil && !errors.Is(err, ses.ErrSelfCheck) {
		t.Fatal(err)
	}
	return seal
}

// Parts are the members of SES_Signature, encoded each; what is nil is filled in by Value.
type Parts struct {
	Version, Seal, Time, DataHash, Property, Extensions []byte // of TBS_Sign
	Cert, Algorithm, Timestamp                          []byte
	Sign                                                func(tbs []byte) ([]byte, error)
}

// OIDSM2SM3 is the encoded signature algorithm.
var OIDSM2SM3 = []byte{0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75}

// Value assembles a SES_Signature over a description without judging anything.
func (w *World) Value(t testing.TB, parts Parts, description []byte, path string) []byte {
	t.Helper()
	sum := sm3.Sum(description)
	moment, err := der.EncodeGeneralizedTime(Time)
	if err != nil {
		t.Fatal(err)
	}
	property, err := der.EncodeText(der.TagIA5String, path)
	if err != nil {
		t.Fatal(err)
	}
	for member, value := range map[*[]byte][]byte{&parts.Version: der.EncodeInt(4), &parts.Time: moment, &parts.DataHash: der.EncodeBitString(sum[:]),
		&parts.Property: property, &parts.Cert: der.EncodeOctetString(w.Signer.Cert.Raw), &parts.Algorithm: OIDSM2SM3} {
		if *member == nil {
			*member = value
		}
	}
	if parts.Seal == nil {
		parts.Seal = w.Seal(t, nil)
	}
	if parts.Sign == nil {
		parts.Sign = w.Signer.Sign
	}
	members := [][]byte{parts.Version, parts.Seal, parts.Time, parts.DataHash, parts.Property}
	if parts.Extensions != nil {
		members = append(members, der.EncodeExplicit(0, parts.Extensions))
	}
	tbs := der.EncodeSequence(members...)
	signature, err := parts.Sign(tbs)
	if err != nil {
		t.Fatal(err)
	}
	outer := [][]byte{tbs, parts.Cert, parts.Algorithm, der.EncodeBitString(signature)}
	if parts.Timestamp != nil {
		outer = append(outer, der.EncodeExplicit(0, der.EncodeBitString(parts.Timestamp)))
	}
	return der.EncodeSequence(outer...)
}

// Files are those of a one-page document with a font, a picture and an attachment.
func Files(t testing.TB) []ofd.File {
	t.Helper()
	b := ofd.Builder{
		Info:        ofd.Info{DocID: "0123456789abcdef0123456789abcdef", Title: "样例"},
		Fonts:       []ofd.BuildFont{{Name: "Sample", Family: "Sample", File: []byte("font")}},
		Images:      []ofd.BuildImage{{Format: "PNG", File: []byte("image")}},
		Attachments: []ofd.BuildAttachment{{Name: "data.json", Format: "json", Content: []byte(`{"a":1}`)}},
		Pages: []ofd.BuildPage{{Width: 210, Height: 297, Objects: []ofd.Object{
			ofd.Text{Font: 0, Size: 5, X: 20, Y: 30, Width: 60, Value: "名称 甲", Advances: []float64{5, 5, 5}},
			ofd.Image{Boundary: ofd.Box{X: 100, Y: 100, Width: 30, Height: 40}, Image: 0},
		}}},
	}
	files, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Document is the packed one-page document.
func Document(t testing.TB) []byte {
	t.Helper()
	return Pack(t, Files(t))
}

// Pack packs files.
func Pack(t testing.TB, files []ofd.File) []byte {
	t.Helper()
	data, err := ofd.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Sealing says how a document is sealed; the zero value seals the sample document well.
type Sealing struct {
	Document []byte
	Request  func(*ofd.SignatureRequest)
	Describe func(description string) string // changes Signature.xml before it is signed
	Parts    Parts
	NoFile   bool                      // no Seal.esl in the package
	Value    func(value []byte) []byte // changes the finished value
}

// Sealed seals a document.
func (w *World) Sealed(t testing.TB, s Sealing) []byte {
	t.Helper()
	if s.Document == nil {
		s.Document = Document(t)
	}
	if s.Parts.Seal == nil {
		s.Parts.Seal = w.Seal(t, nil)
	}
	p, err := ofd.Open(s.Document, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	request := ofd.SignatureRequest{Provider: "印信", ProviderVersion: "1", SigningTime: Time, Seal: s.Parts.Seal,
		Stamps: []ofd.StampRequest{{Page: 1, Boundary: ofd.Box{X: 120, Y: 200, Width: 42, Height: 42}}}}
	if s.NoFile {
		request.Seal = nil
	}
	if s.Request != nil {
		s.Request(&request)
	}
	pending, err := p.AddSignature(request)
	if err != nil {
		t.Fatal(err)
	}
	if s.Describe != nil {
		changed := s.Describe(string(pending.Description))
		if changed == string(pending.Description) {
			t.Fatal("the description did not change")
		}
		pending.Description = []byte(changed)
	}
	value := w.Value(t, s.Parts, pending.Description, pending.Path)
	if s.Value != nil {
		value = s.Value(value)
	}
	data, err := pending.Complete(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Edit changes files of a package after sealing; nil drops a file. It fails the test when nothing changed.
func Edit(t testing.TB, data []byte, change func(path string, content []byte) []byte, added ...ofd.File) []byte {
	t.Helper()
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	var files []ofd.File
	touched := len(added) > 0
	for _, path := range p.Names() {
		content, err := p.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		next := change(path, slices.Clone(content))
		touched = touched || next == nil || string(next) != string(content)
		if next != nil {
			files = append(files, ofd.File{Path: path, Content: next, Store: true})
		}
	}
	if !touched {
		t.Fatal("nothing was changed")
	}
	return Pack(t, append(files, added...))
}

// Keep changes nothing: for Edit with added files only.
func Keep(_ string, content []byte) []byte { return content }

// Replace is a change for Edit: the text in the file with the path, once.
func Replace(path, old, replacement string) func(string, []byte) []byte {
	return func(p string, content []byte) []byte {
		if p != path {
			return content
		}
		return []byte(strings.Replace(string(content), old, replacement, 1))
	}
}

// Drop is a change for Edit: without the file.
func Drop(path string) func(string, []byte) []byte {
	return func(p string, content []byte) []byte {
		if p == path {
			return nil
		}
		return content
	}
}

// Paths of the sample document.
const (
	RootXML      = "/OFD.xml"
	DocumentXML  = "/Doc_0/Document.xml"
	PageXML      = "/Doc_0/Pages/Page_0/Content.xml"
	FontFile     = "/Doc_0/Res/font_0.ttf"
	ListXML      = "/Doc_0/Signs/Signatures.xml"
	SignatureXML = "/Doc_0/Signs/Sign_0/Signature.xml"
	SignedValue  = "/Doc_0/Signs/Sign_0/SignedValue.dat"
	SealFile     = "/Doc_0/Signs/Sign_0/Seal.esl"
)
