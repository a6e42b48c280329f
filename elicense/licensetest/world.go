package licensetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/keystest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Codes of the sample world.
const (
	BusinessLicense = "11100000MB0143028R001"
	RealEstateTitle = "11100000MB03271699001"
	AuthorityCode   = "11990000MB7QX0015W"
	AuthorityName   = "示例市市场监督管理局"
	SealID          = "seal_sample"
	Holder          = "account:holder"
	BaseURL         = "https://id.example"
)

// World is a licence service over a store, with real cryptography: a root, an issuing CA, a seal and its sealer, keys in
// memory, and a clock that tests move.
type World struct {
	cards   elicense.CardStore
	Service *elicense.Service
	Store   elicense.Store
	Blobs   *Blobs
	Sealer  *Sealer
	Keys    *keys.Ring
	// What the next Restart builds the service with: letters that can be drawn, two people for a type, witnesses.
	RealLetters, TypesByTwo bool
	Witnesses               []elicense.LogWitness
	AskWitness              elicense.AskWitness
	// Redraw stands in for a renderer with a fault: it changes a document that was made.
	Redraw func(document []byte) []byte
	// Levels is how highly the holder of a code is proven; the next Restart uses it.
	Levels func(ctx context.Context, codeType, code string) (int, error)
	// Accounts is the account of who proved a code; nil knows nobody.
	Accounts func(ctx context.Context, codeType, code string) (string, error)
	// Fetch is how the next Restart lets the service reach other platforms.
	Fetch func(ctx context.Context, address string) ([]byte, error)

	address string
	mutex   sync.Mutex
	at      time.Time
	root    *pki.Certificate
	ca      *pki.Certificate
	caKey   keys.Signer
	made    map[string][]byte // certificates by key id
}

// Start is when worlds begin.
var Start = time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)

// NewWorld builds a world over the store and registers the sample authority.
func NewWorld(t testing.TB, store elicense.Store) *World {
	t.Helper()
	return NewWorldAt(t, store, BaseURL, AuthorityCode)
}

// NewWorldAt is NewWorld for another platform, with an address and an authority of its own.
func NewWorldAt(t testing.TB, store elicense.Store, address, authorityCode string) *World {
	t.Helper()
	w := &World{Store: store, cards: cardsOf(store), Blobs: NewBlobs(), at: Start, made: map[string][]byte{}, address: address}
	w.Keys = keys.NewRing(keystest.NewTwin(w.Now))
	if err := w.makeCA(); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.Sealer, err = w.newSealer(); err != nil {
		t.Fatal(err)
	}
	w.Restart(t)
	if err := w.Service.PutAuthority(As("system:test"), elicense.Authority{Code: authorityCode, Name: AuthorityName, SealID: SealID, TypeCodes: []string{BusinessLicense, RealEstateTitle}}); err != nil && !errors.Is(err, ErrCrash) {
		t.Fatal(err)
	}
	return w
}

// cardsOf is the store itself where it keeps cards too, else one in memory.
func cardsOf(store elicense.Store) elicense.CardStore {
	if cards, ok := store.(elicense.CardStore); ok {
		return cards
	}
	return &Cards{}
}

// Restart makes a new service over the same store, as after a crash.
func (w *World) Restart(t testing.TB) {
	t.Helper()
	faces := map[string]licenseface.Typeface{"sans": Face("sans"), "serif_bold": Face("serif")}
	if w.RealLetters {
		faces = nil
	}
	maker, err := licenseface.New(licenseface.Config{Faces: faces, VerifyAddress: w.address + "/verify"})
	if err != nil {
		t.Fatal(err)
	}
	w.Service, err = elicense.New(elicense.Config{
		Store: w.Store, Cards: w.cards, Blobs: w.Blobs, Sealer: w.Sealer, Keys: w.Keys, Certificates: w, Trust: w, Maker: redrawing{maker, w}, Grantees: Grantees{}, BaseURL: w.address, Fetch: w.Fetch, HolderLevel: w.Levels, HolderAccount: w.holderAccount, TypesByTwo: w.TypesByTwo, Witnesses: w.Witnesses, AskWitness: w.AskWitness,
		Now: w.Now, Rand: ident.System(),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Applications of departments that worlds know.
const (
	Portal      = "portal"
	OtherPortal = "other-portal"
)

// Grantees knows them.
type Grantees struct{}

// Grantee implements elicense.Grantees.
func (Grantees) Grantee(_ context.Context, client string) (elicense.Grantee, error) {
	if client != Portal && client != OtherPortal {
		return elicense.Grantee{}, elicense.ErrNotFound
	}
	return elicense.Grantee{Client: client, Name: "示例市住房公积金管理中心", Code: "11990000MB7QX0023P"}, nil
}

// Application is a context in which an application acts for itself.
func Application(client string, roles ...string) context.Context {
	return reqctx.With(context.Background(), reqctx.Request{ID: "req", Locale: "zh-CN", Actor: reqctx.Actor{ID: "client:" + client, Client: client, Roles: roles, Rights: reqctx.Everywhere(roles...)}})
}

// FreshPerson is a context in which the holder acts who signed in at the moment.
func FreshPerson(at time.Time) context.Context {
	return reqctx.With(context.Background(), reqctx.Request{ID: "req", Locale: "zh-CN", Actor: reqctx.Actor{ID: Holder, SignedInAt: at}})
}

// redrawing is a maker whose documents Redraw may change.
type redrawing struct {
	*licenseface.Maker
	w *World
}

// Build implements elicense.Maker.
func (r redrawing) Build(t *catalog.Type, values catalog.Values, photo []byte, status licensefile.StatusEntry) ([]byte, error) {
	document, err := r.Maker.Build(t, values, photo, status)
	if err != nil || r.w.Redraw == nil {
		return document, err
	}
	return r.w.Redraw(document), nil
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
	return reqctx.With(context.Background(), reqctx.Request{ID: "req", Locale: "zh-CN", ClientIP: "192.0.2.1", Actor: reqctx.Actor{ID: actor, Roles: roles}})
}

// Contexts of the sample staff and the holder.
var (
	Clerk    = As("staff:clerk", elicense.RoleClerk)
	Reviewer = As("staff:reviewer", elicense.RoleReviewer)
	Issuer   = As("staff:issuer", elicense.RoleIssuer)
	Person   = As(Holder)
)

func (w *World) certificate(profile pki.Profile, organization, name string, key keys.Signer, issuer *pki.Certificate, signer keys.Signer) (*pki.Certificate, error) {
	return pki.MakeCertificate(ident.System(), pki.CertificateTemplate{
		Profile: profile, Subject: pki.Subject{Country: "CN", Organization: organization, CommonName: name}, PublicKey: key.Public(),
		NotBefore: Start.Add(-24 * time.Hour), NotAfter: Start.AddDate(5, 0, 0),
	}, issuer, signer)
}

func (w *World) key(usage keys.Usage, label string) (keys.Signer, error) {
	info, err := w.Keys.Provider().Create(context.Background(), keys.Spec{Usage: usage, Algorithm: keys.SM2, Label: label})
	if err != nil {
		return nil, err
	}
	return w.Keys.Provider().Signer(context.Background(), info.ID, usage)
}

func (w *World) makeCA() error {
	rootKey, err := w.key(keys.UsageCA, "root")
	if err != nil {
		return err
	}
	if w.root, err = w.certificate(pki.ProfileRoot, "示例市", "示例根", rootKey, nil, rootKey); err != nil {
		return err
	}
	if w.caKey, err = w.key(keys.UsageCA, "issuing"); err != nil {
		return err
	}
	w.ca, err = w.certificate(pki.ProfileIssuingCA, "示例市", "示例签发", w.caKey, w.root, rootKey)
	return err
}

// Chain implements elicense.Certificates.
func (w *World) Chain(ctx context.Context, info keys.Info) ([][]byte, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.made[info.ID] == nil {
		signer, err := w.Keys.Provider().Signer(ctx, info.ID, info.Spec.Usage)
		if err != nil {
			return nil, err
		}
		certificate, err := w.certificate(pki.ProfileService, "示例市", "证照服务 "+string(info.Spec.Usage), signer, w.ca, w.caKey)
		if err != nil {
			return nil, err
		}
		w.made[info.ID] = certificate.Raw
	}
	return [][]byte{w.made[info.ID], w.ca.Raw}, nil
}

// Trust implements elicense.Trust.
func (w *World) Trust(context.Context) (statuslist.Trust, error) {
	crl, err := pki.MakeCRL(ident.System(), pki.CRLTemplate{Number: w.ca.Serial, ThisUpdate: w.Now().Add(-time.Minute), NextUpdate: w.Now().Add(24 * time.Hour)}, w.ca, w.caKey)
	if err != nil {
		return statuslist.Trust{}, err
	}
	return statuslist.Trust{Roots: pki.NewPool(w.root), Intermediates: pki.NewPool(w.ca), CRLs: []*pki.CRL{crl}, At: w.Now()}, nil
}

// Options are what an offline verifier with this world's trust and the given lists judges with.
func (w *World) Options(t testing.TB, lists ...*statuslist.List) licensefile.Options {
	t.Helper()
	trust, err := w.Trust(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return licensefile.Options{Options: verify.Options{Roots: trust.Roots, Intermediates: trust.Intermediates, CRLs: trust.CRLs, At: w.Now()}, StatusLists: lists}
}

// Blobs keeps documents in memory.
type Blobs struct {
	mutex sync.Mutex
	files map[string][]byte
}

// NewBlobs returns an empty store.
func NewBlobs() *Blobs { return &Blobs{files: map[string][]byte{}} }

// Put implements elicense.Blobs.
func (b *Blobs) Put(_ context.Context, content []byte) (string, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	address := digest.Hex(content)
	b.files[address] = append([]byte(nil), content...)
	return address, nil
}

// Get implements elicense.Blobs.
func (b *Blobs) Get(_ context.Context, address string) ([]byte, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	content, ok := b.files[address]
	if !ok {
		return nil, errors.New("licensetest: no such blob")
	}
	return append([]byte(nil), content...), nil
}

// Sealer seals with a real V4 seal. As the seal room does, it answers a repeated key with the first result, and refuses
// the key with another document.
type Sealer struct {
	FailBefore func() bool // fails without sealing
	FailAfter  func() bool // seals, and fails before the caller hears of it
	Change     func(sealed []byte) []byte
	Describe   func(description []byte) []byte // changes Signature.xml before it is signed
	Seal       func(*ses.SealInfo)             // changes what the seal says
	Message    bool                            // signs with a message (GB/T 35275) of the same certificate, without a seal

	mutex   sync.Mutex
	world   *World
	maker   keys.Signer
	signer  keys.Signer
	makerC  *pki.Certificate
	signerC *pki.Certificate
	results map[string]stamped
	Stamps  int // signatures made
}

type stamped struct{ document, sealed []byte }

func (w *World) newSealer() (*Sealer, error) {
	s := &Sealer{world: w, results: map[string]stamped{}}
	var err error
	if s.maker, err = w.key(keys.UsageSealMaker, ""); err != nil {
		return nil, err
	}
	if s.signer, err = w.key(keys.UsageSealSigner, "seal:"+SealID); err != nil {
		return nil, err
	}
	if s.makerC, err = w.certificate(pki.ProfileSealMaker, "示例市公安局", "制章", s.maker, w.ca, w.caKey); err != nil {
		return nil, err
	}
	s.signerC, err = w.certificate(pki.ProfileSealSigner, AuthorityName, SealID, s.signer, w.ca, w.caKey)
	return s, err
}

// Stamp implements elicense.Sealer.
func (s *Sealer) Stamp(ctx context.Context, r elicense.StampRequest) ([]byte, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.FailBefore != nil && s.FailBefore() {
		return nil, ErrCrash
	}
	if r.SealID != SealID {
		return nil, fmt.Errorf("licensetest: no seal %q", r.SealID)
	}
	have, ok := s.results[r.Key]
	if ok && string(have.document) != string(r.Document) {
		return nil, errors.New("licensetest: the key was used for another document")
	}
	if !ok {
		sealed, err := s.stamp(ctx, r)
		if err != nil {
			return nil, err
		}
		have = stamped{r.Document, sealed}
		s.results[r.Key] = have
		s.Stamps++
	}
	if s.FailAfter != nil && s.FailAfter() {
		return nil, ErrCrash
	}
	if s.Change != nil {
		return s.Change(have.sealed), nil
	}
	return have.sealed, nil
}

func (s *Sealer) stamp(ctx context.Context, r elicense.StampRequest) ([]byte, error) {
	now := s.world.Now().UTC().Truncate(time.Second)
	sign := func(key keys.Signer) ses.SignFunc {
		return func(message []byte) ([]byte, error) { return key.SignMessage(ctx, message) }
	}
	info := ses.SealInfo{
		Vid: "Yinxin", ESID: "99000000000001", Type: 1, Name: AuthorityName + "行政审批专用章", SignerCerts: [][]byte{s.signerC.Raw},
		CreateDate: Start.Add(-time.Hour), ValidStart: Start.Add(-time.Hour), ValidEnd: Start.AddDate(5, 0, 0),
		Picture: ses.Picture{Type: "PNG", Data: []byte("picture"), WidthMM: 42, HeightMM: 42},
	}
	if s.Seal != nil {
		s.Seal(&info)
	}
	seal, err := ses.NewSeal(info, s.makerC.Raw, sign(s.maker))
	if err != nil {
		return nil, err
	}
	p, err := ofd.Open(r.Document, ofd.DefaultLimits())
	if err != nil {
		return nil, err
	}
	slot := r.Slot
	pending, err := p.AddSignature(ofd.SignatureRequest{
		Provider: "Yinxin", ProviderVersion: "1", Company: "Yinxin", SigningTime: now, Seal: seal,
		Stamps: []ofd.StampRequest{{Page: slot.Page, Boundary: ofd.Box{X: slot.XMM, Y: slot.YMM, Width: slot.WidthMM, Height: slot.HeightMM}}},
	})
	if err != nil {
		return nil, err
	}
	if s.Describe != nil {
		pending.Description = s.Describe(pending.Description)
	}
	if s.Message {
		message, err := pki.MakeSignedData(pki.SignedDataTemplate{GM: true, SigningTime: now}, pending.Description, s.signerC, sign(s.signer))
		if err != nil {
			return nil, err
		}
		return pending.Complete(message)
	}
	value, err := ses.NewSignature(ses.SignatureInfo{Seal: seal, ToSign: ses.ToSign{Time: now, DataHash: digest.Sum(pending.Description), PropertyInfo: pending.Path}}, s.signerC.Raw, sign(s.signer))
	if err != nil {
		return nil, err
	}
	return pending.Complete(value)
}

// Face is a typeface of tests: every character but those of the private use areas has a width, and a subset is a list of
// its characters.
type Face string

// Name implements licenseface.Typeface.
func (f Face) Name() string { return "Test " + string(f) }

// Family implements licenseface.Typeface.
func (f Face) Family() string { return string(f) }

// Advance implements licenseface.Typeface. 𠮷 stands for the rare characters that a built-in face lacks.
func (f Face) Advance(r rune) (float64, bool) {
	if r == '𠮷' {
		return 0, false
	}
	if r < 0x2000 {
		return 0.56, true
	}
	return 1, true
}

// Subset implements licenseface.Typeface.
func (f Face) Subset(text string) ([]byte, error) { return []byte(string(f) + ":" + text), nil }

func (w *World) holderAccount(ctx context.Context, codeType, code string) (string, error) {
	if w.Accounts == nil {
		return "", nil
	}
	return w.Accounts(ctx, codeType, code)
}

// CoOwner is the account of the second holder of TitleApplication, Holder that of the first.
const CoOwner = "account:co-owner"

// TitleApplication is one for a title of two holders, each of whom has an account from now on.
func (w *World) TitleApplication(businessNumber string) elicense.Application {
	t, _ := catalog.Find(RealEstateTitle)
	a := elicense.Application{BusinessNumber: businessNumber, TypeCode: RealEstateTitle, AuthorityCode: AuthorityCode, HolderRef: Holder, LicenseNumber: t.Sample.First(catalog.KeyLicenseNumber), Fields: map[string]string{}}
	accounts := map[string]string{}
	for i, code := range t.Sample[catalog.KeyHolderCode] {
		a.Holders = append(a.Holders, elicense.Holder{Name: t.Sample[catalog.KeyHolderName][i], CodeType: t.Sample[catalog.KeyHolderType][i], Code: code})
		accounts[code] = []string{Holder, CoOwner}[i]
	}
	for _, f := range t.Fields {
		if f.Own {
			a.Fields[f.Key] = t.Sample.First(f.Key)
		}
	}
	w.Accounts = func(_ context.Context, _, code string) (string, error) { return accounts[code], nil }
	return a
}

// SharedTitle is such a title in force, in the wallets of both.
func (w *World) SharedTitle(t testing.TB, businessNumber string) elicense.License {
	t.Helper()
	a := w.TitleApplication(businessNumber)
	l := w.Issued(t, a)
	for i, account := range []string{Holder, CoOwner} {
		if _, err := w.Service.Claim(Clerk, account, a.Holders[i].CodeType, a.Holders[i].Code); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// SampleApplication asks for a business licence.
func SampleApplication(businessNumber string) elicense.Application {
	t, _ := catalog.Find(BusinessLicense)
	fields := map[string]string{}
	for _, f := range t.Fields {
		if f.Own {
			fields[f.Key] = t.Sample.First(f.Key)
		}
	}
	return elicense.Application{
		BusinessNumber: businessNumber, TypeCode: BusinessLicense, AuthorityCode: AuthorityCode, HolderRef: Holder, EffectiveDate: "20261124",
		Holders: []elicense.Holder{{Name: t.Sample.First(catalog.KeyHolderName), CodeType: "001", Code: t.Sample.First(catalog.KeyHolderCode)}}, Fields: fields,
	}
}

// Approved takes an application through entry and review.
func (w *World) Approved(t testing.TB, a elicense.Application) elicense.License {
	t.Helper()
	l, _, err := w.Service.Apply(Clerk, a)
	if err != nil {
		t.Fatal(err)
	}
	if l, err = w.Service.Review(Reviewer, l.ID, elicense.Approve, "", 0); err != nil {
		t.Fatal(err)
	}
	return l
}

// Issued takes an application to a licence in force.
func (w *World) Issued(t testing.TB, a elicense.Application) elicense.License {
	t.Helper()
	l, err := w.Service.Issue(Issuer, w.Approved(t, a).ID)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// List publishes and opens a status list.
func (w *World) List(t testing.TB, number uint64) *statuslist.List {
	t.Helper()
	if err := w.Service.PublishList(context.Background(), number); err != nil {
		t.Fatal(err)
	}
	p, err := w.Service.Published(context.Background(), fmt.Sprint(number))
	if err != nil {
		t.Fatal(err)
	}
	list, err := statuslist.Open(p.Content)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
