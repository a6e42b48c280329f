package sealtest

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// World is a seal room over a store, with real cryptography: a root, an issuing CA, keys and documents in memory, and a
// clock that tests move.
type World struct {
	Service *esign.Service
	Store   esign.Store
	Steps   *Steps
	Keys    *Keys
	Blobs   *Blobs
	Keepers *Keepers
	People  *People

	// Template changes certificates before they are issued; nil: as they are.
	Template func(*pki.CertificateTemplate)
	// IssueError is what the authority answers instead of a certificate.
	IssueError error
	// TrustError is what the source of trust answers instead.
	TrustError error
	// NoCRL leaves revocation lists out of the trust.
	NoCRL bool
	// NoRoot leaves the root out of the trust.
	NoRoot bool

	mutex   sync.Mutex
	at      time.Time
	ring    *keys.Ring
	root    *pki.Certificate
	ca      *pki.Certificate
	caKey   keys.Signer
	made    map[string]*pki.Certificate // by label
	revoked []pki.CRLEntry
	list    *pki.CRL // of the moment
}

// Start is when worlds begin.
var Start = time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)

// NewWorld builds a world over the store, whose calls become steps.
func NewWorld(t testing.TB, store esign.Store) *World {
	t.Helper()
	steps := &Steps{}
	w := &World{Store: &Faulty{store, steps}, Steps: steps, Blobs: &Blobs{steps: steps, files: map[string][]byte{}, put: map[string]time.Time{}}, at: Start, made: map[string]*pki.Certificate{}}
	w.Blobs.now = w.Now
	w.Keepers = &Keepers{steps: steps, by: map[string]esign.Naming{}}
	w.People = newPeople(steps)
	w.Keys = NewKeys(w.Now, steps)
	w.ring = keys.NewRing(w.Keys)
	if err := w.makeCA(); err != nil {
		t.Fatal(err)
	}
	w.Restart(t)
	return w
}

// Restart makes a new service over the same store, as after a crash or on another node.
func (w *World) Restart(t testing.TB) {
	t.Helper()
	var err error
	if w.Service, err = esign.New(w.Config()); err != nil {
		t.Fatal(err)
	}
}

// Config of the world's service.
func (w *World) Config() esign.Config {
	return esign.Config{Store: w.Store, Keys: w.ring, Authority: w, Blobs: w.Blobs, Trust: w.Trust, Now: w.Now, Rand: ident.System(), MakerName: "示例市公安局", Keepers: w.Keepers, People: w.People}
}

// Now is the world's clock.
func (w *World) Now() time.Time {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.at
}

// Advance moves the clock.
func (w *World) Advance(d time.Duration) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.at = w.at.Add(d)
}

// As is a context in which the actor acts with the roles.
func As(actor string, roles ...string) context.Context {
	return reqctx.With(context.Background(), reqctx.Request{ID: "req", SupportCode: "ABCD1234", Locale: "zh-CN", ClientIP: "192.0.2.1", Actor: reqctx.Actor{ID: actor, Roles: roles}})
}

// Contexts of the sample staff. Other has every role and did nothing yet.
var (
	Keeper   = As("staff:keeper", esign.RoleKeeper)
	Reviewer = As("staff:reviewer", esign.RoleReviewer)
	Maker    = As("staff:maker", esign.RoleMaker)
	Approver = As("staff:approver", esign.RoleApprover)
	Official = As("staff:official", esign.RoleKeeper) // the person of the sample personal seal
	Other    = As("staff:other", esign.RoleKeeper, esign.RoleReviewer, esign.RoleMaker)
	Person   = As("account:person")
)

// Key gives a signer over a new key.
func (w *World) Key(usage keys.Usage, label string) (keys.Signer, error) {
	info, err := w.Keys.Create(context.Background(), keys.Spec{Usage: usage, Algorithm: keys.SM2, Label: label})
	if err != nil {
		return nil, err
	}
	return w.Keys.Signer(context.Background(), info.ID, usage)
}

func (w *World) makeCA() error {
	rootKey, err := w.Key(keys.UsageCA, "root")
	if err != nil {
		return err
	}
	template := pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{Organization: "示例市", CommonName: "示例根"}, NotBefore: Start.AddDate(-1, 0, 0), NotAfter: Start.AddDate(30, 0, 0)}
	if w.root, err = pki.MakeCertificate(ident.System(), template, nil, rootKey); err != nil {
		return err
	}
	if w.caKey, err = w.Key(keys.UsageCA, "issuing"); err != nil {
		return err
	}
	template.Profile, template.Subject.CommonName, template.PublicKey = pki.ProfileIssuingCA, "示例签发", w.caKey.Public()
	w.ca, err = pki.MakeCertificate(ident.System(), template, w.root, rootKey)
	return err
}

// Issue implements esign.Authority: ten years, once for each label.
func (w *World) Issue(_ context.Context, key keys.Info, profile pki.Profile, subject pki.Subject, label string) (*pki.Certificate, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.IssueError != nil {
		return nil, w.IssueError
	}
	if made := w.made[label]; made != nil {
		return made, nil
	}
	template := pki.CertificateTemplate{Profile: profile, Subject: subject, PublicKey: key.Public, NotBefore: w.at.Add(-5 * time.Minute), NotAfter: w.at.AddDate(10, 0, 0)}
	if w.Template != nil {
		w.Template(&template)
	}
	certificate, err := pki.MakeCertificate(ident.System(), template, w.ca, w.caKey)
	if err == nil {
		w.made[label] = certificate
	}
	return certificate, err
}

// Certificate is what was issued under a label.
func (w *World) Certificate(label string) *pki.Certificate {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.made[label]
}

// CA is the certificate of the issuing CA.
func (w *World) CA() *pki.Certificate { return w.ca }

// Revoke puts a certificate on the CA's list from now on.
func (w *World) Revoke(serial *big.Int) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.revoked = append(w.revoked, pki.CRLEntry{Serial: serial, RevokedAt: w.at, Reason: pki.RevokedKeyCompromise})
}

// Trust is what the world's documents are judged against.
func (w *World) Trust(context.Context) (verify.Options, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.TrustError != nil {
		return verify.Options{}, w.TrustError
	}
	options := verify.Options{Intermediates: pki.NewPool(w.ca), At: w.at}
	if !w.NoRoot {
		options.Roots = pki.NewPool(w.root)
	}
	if !w.NoCRL {
		if w.list == nil || !w.list.ThisUpdate.Equal(w.at.Add(-time.Minute)) || len(w.list.Entries) != len(w.revoked) {
			list, err := pki.MakeCRL(ident.System(), pki.CRLTemplate{Number: big.NewInt(1), ThisUpdate: w.at.Add(-time.Minute), NextUpdate: w.at.Add(24 * time.Hour), Entries: w.revoked}, w.ca, w.caKey)
			if err != nil {
				return verify.Options{}, err
			}
			w.list = list
		}
		options.CRLs = []*pki.CRL{w.list}
	}
	return options, nil
}

// Verify judges a document as an offline verifier with this world's trust does.
func (w *World) Verify(t testing.TB, document []byte) verify.Result {
	t.Helper()
	options, err := w.Trust(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return verify.Verify("a", document, options)
}

// SampleApplication asks for a seal; n makes its code.
func SampleApplication(n int) esign.Application {
	return esign.Application{Code: fmt.Sprintf("370300%08d", n), Owner: "示例市市场监督管理局", OwnerCode: "11990000MB7QX0015W", Line: "行政审批专用章", DiameterMM: 42, Years: 5}
}

// Active takes an application to a seal in use.
func (w *World) Active(t testing.TB, a esign.Application) esign.Seal {
	t.Helper()
	s, err := w.Service.Apply(Keeper, a)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		as context.Context
		do func(context.Context, string) (esign.Seal, error)
	}{{Reviewer, w.Service.Approve}, {Maker, w.Service.Make}, {Keeper, w.Service.Activate}} {
		if s, err = step.do(step.as, s.ID); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// PersonalApplication is one of somebody of People for their own seal; n makes its code.
func PersonalApplication(n int, login string) esign.Application {
	return esign.Application{Code: fmt.Sprintf("370300%08d", n), Owner: "示例市市场监督管理局", OwnerCode: "11990000MB7QX0015W", Years: 5,
		Personal: &esign.PersonalApplication{Login: login, Name: PersonName, Office: "局长", Basis: "示例市任字〔2026〕12号", Layout: sealimage.Square, Filling: sealimage.FillSeal}}
}

// Document is a plain document of so many A4 pages; the same number gives the same octets.
func Document(t testing.TB, pages int) []byte {
	t.Helper()
	b := ofd.Builder{Info: ofd.Info{DocID: "0123456789abcdef0123456789abcdef", Title: "示例通知"}, Fonts: []ofd.BuildFont{{Name: "Sample", Family: "Sample", File: []byte("font")}}}
	for n := range pages {
		b.Pages = append(b.Pages, ofd.BuildPage{Width: 210, Height: 297, Objects: []ofd.Object{ofd.Text{Size: 5, X: 20, Y: 30, Width: 60, Value: fmt.Sprintf("第 %d 页", n+1), Advances: []float64{5, 5, 5, 5}}}})
	}
	files, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	document, err := ofd.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// PDF is a plain PDF file of so many A4 pages with a line on each; more are entries of every page, for instance a turn.
func PDF(pages int, more ...string) []byte {
	objects := pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R>>", 3: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"}
	kids := ""
	for n := range pages {
		page, content := 4+2*n, 5+2*n
		kids += fmt.Sprintf("%d 0 R ", page)
		objects[page] = fmt.Sprintf("<</Type/Page/Parent 2 0 R/Contents %d 0 R/Resources<</Font<</F 3 0 R>>>>%s>>", content, strings.Join(more, ""))
		objects[content] = pdftest.Stream(fmt.Sprintf("BT /F 24 Tf 72 700 Td (Page %d) Tj ET", n+1))
	}
	objects[2] = fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d/MediaBox[0 0 595.2756 841.8898]>>", kids, pages)
	return pdftest.Table(objects, "/Root 1 0 R/ID[<00><01>]")
}

// Request asks for the seal on the first page of a document.
func Request(seal esign.Seal, document []byte) esign.StampRequest {
	return esign.StampRequest{SealID: seal.ID, Document: document, Places: []esign.Place{esign.At(1, 140, 220)}, Item: "2026-1124-0001", Purpose: "公布办事指南", Key: "key-0001"}
}

// Blobs keeps documents in memory; its calls are steps.
type Blobs struct {
	steps *Steps
	now   func() time.Time
	mutex sync.Mutex
	files map[string][]byte
	put   map[string]time.Time // last
}

// Has tells whether a document lies there.
func (b *Blobs) Has(address string) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	_, ok := b.files[address]
	return ok
}

// Remove implements esign.Blobs.
func (b *Blobs) Remove(_ context.Context, address string, since time.Time) (gone bool, err error) {
	err = b.steps.around("blob remove", func() error {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		if _, ok := b.files[address]; ok && !b.put[address].Before(since) {
			return nil
		}
		delete(b.files, address)
		gone = true
		return nil
	})
	return gone, err
}

// Put implements esign.Blobs.
func (b *Blobs) Put(ctx context.Context, content []byte) (address string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	err = b.steps.around("blob put", func() error {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		address = digest.Hex(content)
		b.files[address], b.put[address] = append([]byte(nil), content...), b.now()
		return nil
	})
	return address, err
}

// Get implements esign.Blobs.
func (b *Blobs) Get(_ context.Context, address string) (content []byte, err error) {
	err = b.steps.around("blob get", func() error {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		stored, ok := b.files[address]
		if !ok {
			return errors.New("sealtest: no such blob")
		}
		content = append([]byte(nil), stored...)
		return nil
	})
	return content, err
}

// TrustFiles are the files by which a verifier elsewhere judges the world's documents at this moment: root, issuing CA and its CRL.
func (w *World) TrustFiles(t testing.TB) [][]byte {
	t.Helper()
	options, err := w.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files := [][]byte{w.root.EncodePEM(), w.ca.EncodePEM()}
	for _, list := range options.CRLs {
		files = append(files, list.Raw)
	}
	return files
}
