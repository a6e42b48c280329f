package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/elicense/licensedb"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/sealdb"
	"github.com/yinxin-gov/yinxin/esign/sealhttp"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/ca"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
	"github.com/yinxin-gov/yinxin/web"
)

func sealingMigrations() []sqldb.MigrationSet {
	return []sqldb.MigrationSet{sealdb.Migrations(), licensedb.Migrations()}
}

// sealing joins the rooms of seals and licences.
type sealing struct {
	app       *App
	seals     *esign.Service
	licenses  *elicense.Service
	forgeries *forgery.Service
	ticks     int
}

func openSealing(ctx context.Context, a *App) (*sealing, error) {
	s := &sealing{app: a}
	var err error
	sealStore := sealdb.New(a.db)
	licenseStore := licensedb.New(a.db)
	licenseStore.Under = a.underMandate
	cfg := esign.Config{Store: sealStore, Held: licenseStore.Documents, Lists: sealStore, BaseURL: a.cfg.Issuer, Issuers: func() []*pki.Certificate { return a.ca.Certificates()[1:] }, Keys: a.ring, Authority: certificates{a.ca}, Blobs: a.blobs, Trust: a.trust.options,
		Now: a.opts.Now, Rand: a.opts.Rand, MakerName: a.cfg.Operator.Name, Areas: a.Staff.AreaOf, Keepers: sealKeepers{a}, People: sealPeople{sealKeepers{a}}, FilingRequired: a.cfg.Seals.FilingRequired, Hours: a.cfg.Seals.Hours.hours()}
	if a.stamps != nil { // a nil *tsa.Service would be an interface that is not nil
		cfg.TimeStamper = a.stamps
	}
	if err := sealStore.FillColumns(ctx); err != nil {
		return nil, err
	}
	s.seals, err = esign.New(cfg)
	if err != nil {
		return nil, err
	}
	maker, err := licenseface.New(licenseface.Config{VerifyAddress: a.cfg.Issuer + "/verify",
		Faces: map[string]licenseface.Typeface{"sans": typeface.Sans(), "serif_bold": typeface.Serif()}})
	if err != nil {
		return nil, err
	}
	var timeStamp func(ctx context.Context, octets []byte) ([]byte, error)
	if a.stamps != nil {
		timeStamp = a.stamps.TimeStamp
	}
	s.licenses, err = elicense.New(elicense.Config{Store: licenseStore, Cards: licenseStore, Blobs: a.blobs, Sealer: sealer{s.seals}, Keys: a.ring, Certificates: certificates{a.ca},
		Trust: a.trust, Evidence: s.evidence, Published: s.publishedFor, Lists: s.listsForVerifiers, TimeStamp: timeStamp, Maker: maker, Grantees: grantees{a}, BaseURL: a.cfg.Issuer, Publisher: a.publisher(), Fetch: a.fetchRegion, Now: a.opts.Now, Rand: a.opts.Rand, Areas: a.Staff.AreaOf, HolderLevel: s.holderLevel, HolderAccount: s.holderAccount, TypesByTwo: a.cfg.typesByTwo(),
		LogDelay: a.cfg.Log.CheckpointEvery, Witnesses: a.cfg.Log.witnesses(), AskWitness: a.askWitness})
	if err != nil {
		return nil, err
	}
	if err := s.licenses.RefreshTypes(ctx); err != nil {
		return nil, err
	}
	if s.forgeries, err = a.newForgeries(s); err != nil {
		return nil, err
	}
	return s, s.recover(ctx)
}

// recover settles what a process that died left behind, and publishes the lists that are missing.
func (s *sealing) recover(ctx context.Context) error {
	if _, err := s.seals.Recover(ctx); err != nil {
		return err
	}
	if _, err := s.licenses.Recover(ctx); err != nil {
		return err
	}
	if err := s.seals.PublishMissing(ctx); err != nil {
		return err
	}
	if err := s.licenses.Refresh(ctx); err != nil {
		return err
	}
	if err := s.licenses.KeepLog(ctx); err != nil { // a log that cannot be signed holds nobody up
		s.app.opts.Log.WarnContext(ctx, "transparency log was not brought up to date", "error", err)
	}
	return nil
}

// evidence adds what judgements here know beyond certificates: authorities of the trust list, and the register of seals, which is ahead of
// every published list. A seal that the register does not know is judged by the published list, as everybody else judges it.
func (s *sealing) evidence(ctx context.Context, o *verify.Options) error {
	o.SealRegister = func(code string, sm3 [32]byte) (sealstatus.Seal, bool, error) {
		return s.seals.Entry(ctx, code, sm3)
	}
	o.SealListOf = func(division string) (*sealstatus.List, error) { return s.sealListOf(ctx, division) }
	if s.app.revocation != nil {
		o.More = s.app.revocation.More(ctx, o.At)
	}
	var err error
	o.TrustLists, err = s.app.trust.authorities(ctx)
	return err
}

// publishedFor puts the published trust list and the published lists of the seals' divisions in the place of the registers, so that a
// package of evidence holds all that its verdict leans on.
func (s *sealing) publishedFor(ctx context.Context, o *verify.Options, seals []string) error {
	set := &trustlist.Set{}
	current, err := s.app.trust.register.Current(ctx)
	if err != nil {
		return err
	}
	own, err := trustlist.Open(current.Content)
	if err != nil {
		return err
	}
	for _, list := range append([]*trustlist.List{own}, o.TrustLists.Lists()...) {
		if err := set.Add(list); err != nil {
			return err
		}
	}
	o.TrustLists, o.SealRegister, o.SealListOf = set, nil, nil
	divisions := map[string]bool{}
	for _, code := range seals {
		division, ok := sealstatus.DivisionOf(code)
		if !ok || divisions[division] {
			continue
		}
		divisions[division] = true
		list, err := s.sealListOf(ctx, division)
		if err != nil {
			return err
		}
		if list != nil {
			o.SealLists = append(o.SealLists, list)
		}
	}
	return nil
}

// sealListOf is the published list of a division, nil where none is published.
func (s *sealing) sealListOf(ctx context.Context, division string) (*sealstatus.List, error) {
	published, err := s.seals.PublishedList(ctx, division)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return sealstatus.Open(published.Content)
}

// PackEvidence makes a package of evidence of a document, in a language of reports.
func (a *App) PackEvidence(ctx context.Context, name, locale string, document []byte) ([]byte, verify.Result, error) {
	return a.sealing.licenses.PackEvidence(reqctx.With(ctx, reqctx.Request{Locale: locale, Actor: reqctx.Actor{ID: "system:evidence"}}), name, document)
}

// tick runs the regular duties: lists that are due, stamps and licences whose process died.
func (s *sealing) tick(ctx context.Context) {
	if err := s.licenses.RefreshTypes(ctx); err != nil && ctx.Err() == nil {
		s.app.opts.Log.WarnContext(ctx, "refresh of licence types failed", "error", err)
	}
	s.ticks++
	if s.ticks%5 != 0 {
		return
	}
	for name, duty := range map[string]func(context.Context) error{
		"status lists":  s.licenses.Refresh,
		"seal lists":    s.seals.RefreshLists,
		"trust list":    s.app.trust.register.Refresh,
		"sweep":         s.licenses.Sweep,
		"seal uses":     func(ctx context.Context) error { _, err := s.seals.ExpireUses(ctx); return err },
		"successions":   s.seals.EndSucceeded,
		"stamps":        func(ctx context.Context) error { _, err := s.seals.Recover(ctx); return err },
		"licence log":   s.licenses.KeepLog,
		"sealed orders": s.licenses.TellOrders,
		"licences":      func(ctx context.Context) error { _, err := s.licenses.Recover(ctx); return err },
	} {
		if err := duty(ctx); err != nil && ctx.Err() == nil {
			s.app.opts.Log.WarnContext(ctx, "regular duty failed", "duty", name, "error", err)
		}
	}
}

func (s *sealing) handlers(all map[string]outbox.Handler) {
	all[elicense.TopicPublish] = func(ctx context.Context, d outbox.Delivery) error { return s.licenses.HandlePublish(ctx, d.Payload) }
	all[esign.TopicPublish] = func(ctx context.Context, d outbox.Delivery) error { return s.seals.HandlePublish(ctx, d.Payload) }
	all[elicense.TopicIssued] = func(ctx context.Context, d outbox.Delivery) error { return s.deliver(ctx, d.Payload) }
	all[elicense.TopicImported] = func(ctx context.Context, d outbox.Delivery) error {
		return s.licenses.ClaimImported(ctx, d.Payload, s.holderAccount)
	}
	all[forgery.TopicDecided] = func(ctx context.Context, d outbox.Delivery) error { return s.forgeries.HandleDecided(ctx, d.Payload) }
	all[forgery.TopicNotice] = s.app.deliverForgeryNotice
	all[esign.TopicFlagged] = s.deliverFlags
	all[elicense.TopicGranted] = s.deliverGranted
	all[elicense.TopicLent] = s.deliverLent
	all[elicense.TopicConsentAsked] = s.deliverConsent
	all[elicense.TopicConsentAnswered] = s.deliverConsent
	all[elicense.TopicFrozen] = s.deliverFrozen
	all[elicense.TopicPaper] = s.deliverPaper
	all[elicense.TopicExpiring] = s.deliverExpiring
	all[elicense.TopicRuled] = s.deliverRuled
	all[staff.TopicChanged] = s.deliverStaffChanged
	// Holders and staff see these on their own pages; there is nobody else to tell yet.
	for _, topic := range []string{elicense.TopicStatus, elicense.TopicPresented, elicense.TopicType, esign.TopicUse, forgery.TopicReported} {
		all[topic] = func(context.Context, outbox.Delivery) error { return nil }
	}
}

// deliverStaffChanged stops the personal seals of somebody of staff who may have left.
func (s *sealing) deliverStaffChanged(ctx context.Context, d outbox.Delivery) error {
	var message staff.ChangedMessage
	if err := json.Unmarshal(d.Payload, &message); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	return s.seals.PersonChanged(ctx, message.Account)
}

// deliverFlags tells those whom the organisation of a seal named as its keepers that uses of it were flagged, once for a seal and a day until
// somebody looked. Staff and auditors see them in their inbox.
func (s *sealing) deliverFlags(ctx context.Context, d outbox.Delivery) error {
	day, keepers, err := s.seals.FlagKeepers(ctx, d.Payload)
	if err != nil {
		return err
	}
	var accounts []string
	for _, keeper := range keepers {
		if id, ok := strings.CutPrefix(keeper.Actor, "account:"); ok && !slices.Contains(accounts, id) {
			accounts = append(accounts, id)
		}
	}
	return s.app.tellEach(ctx, d, accounts, channel.TemplateSealFlagged, map[string]string{"seal": day.SealName, "day": day.Day.String()})
}

// deliver puts a new licence into the wallets of the holders who proved their identity here.
func (s *sealing) deliver(ctx context.Context, payload []byte) error {
	var notice elicense.Notice
	if err := json.Unmarshal(payload, &notice); err != nil {
		return err
	}
	staff := reqctx.WithActor(ctx, reqctx.Actor{ID: "system:delivery", Roles: []string{elicense.RoleClerk}})
	detail, err := s.licenses.Find(staff, notice.License)
	if err != nil {
		return err
	}
	types := detail.Values[catalog.KeyHolderType]
	for i, code := range detail.Values[catalog.KeyHolderCode] {
		if i >= len(types) {
			continue
		}
		account, err := s.holderAccount(ctx, types[i], code)
		if err != nil {
			return err
		}
		if account == "" {
			continue
		}
		if _, err := s.licenses.Claim(staff, account, types[i], code); err != nil {
			return err
		}
	}
	return nil
}

// holderLevel is how highly whoever has a holder code is proven here; 0 where nobody proved it.
func (s *sealing) holderLevel(ctx context.Context, codeType, code string) (int, error) {
	ref, err := s.holderAccount(ctx, codeType, code)
	id, ok := strings.CutPrefix(ref, "account:")
	if err != nil || !ok {
		return 0, err
	}
	account, err := s.app.Accounts.Account(ctx, id)
	if err != nil {
		return 0, err
	}
	proof := account.InForce(s.app.opts.Now())
	if proof == nil || account.State != idp.AccountActive {
		return 0, nil
	}
	return int(proof.IAL), nil
}

// holderAccount is the account of who proved a holder code here; empty when nobody did.
func (s *sealing) holderAccount(ctx context.Context, codeType, code string) (string, error) {
	if holderIdentities[codeType] == "" {
		return "", nil
	}
	account, err := s.app.Accounts.ByIdentity(ctx, holderIdentities[codeType], code)
	if errors.Is(err, idp.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return "account:" + account, nil
}

// holderIdentities are the documents behind holder code types (GB/T 36903 annex A): of a citizen, and of an organisation, whose agents
// see its licences under their mandates.
var holderIdentities = map[string]string{"111": subject.CitizenID, "001": mandate.IDTypeUSCC}

// pages adds the pages of licences and of seals.
func (s *sealing) pages(mux *http.ServeMux) {
	s.licensePages().Routes(mux)
	seals := &sealhttp.Pages{Site: s.app.site(), Service: s.seals, Rand: s.app.opts.Rand, Faces: render.BuiltIn()}
	seals.Routes(mux)
}

func (s *sealing) licensePages() *licensehttp.Pages {
	return &licensehttp.Pages{Site: s.app.site(), Service: s.licenses, Acting: s.app.identity, AskerName: s.askerName, Reports: verifyReports{s.app}, Forgeries: s.forgeries, Rand: s.app.opts.Rand, Faces: render.BuiltIn()}
}

// cards are the licences of the person who is signed in.
func (s *sealing) cards(ctx context.Context, accountID string) ([]web.LicenseCard, error) {
	return licensehttp.Cards(reqctx.WithActor(ctx, reqctx.Actor{ID: "account:" + accountID}), s.licenses)
}

// cardsFor are those of whom the actor of a request acts for.
func (s *sealing) cardsFor(ctx context.Context, list web.ActingLicenses) ([]web.LicenseCard, string, error) {
	return licensehttp.CardsFor(ctx, s.licenses, list)
}

func (s *sealing) api(api huma.API, _ *http.ServeMux) error {
	sealhttp.Register(api, s.seals)
	licensehttp.Register(api, s.licenses)
	pages := s.licensePages()
	pages.RegisterReports(api)
	pages.RegisterEvidence(api)
	licensehttp.RegisterForgeries(api, s.forgeries)
	return nil
}

func (s *sealing) public(mux *http.ServeMux) {
	licensehttp.Public(mux, s.licenses)
	sealhttp.Public(mux, s.seals)
}

// published are the signed objects for offline verifiers, by file name.
func (s *sealing) published(ctx context.Context) (map[string][]byte, error) {
	files := map[string][]byte{}
	store := licensedb.New(s.app.db)
	lists, err := store.Lists(ctx)
	if err != nil {
		return nil, err
	}
	names := []string{"delta", elicense.NameKeys}
	for _, n := range lists {
		names = append(names, strconv.FormatUint(n, 10))
	}
	for _, name := range names {
		p, err := s.licenses.Published(ctx, name)
		if err != nil {
			continue // not published yet
		}
		files["status-"+name+".cbor"] = p.Content
	}
	err = s.sealLists(ctx, func(division string, content []byte) bool {
		files["seals-"+division+".cbor"] = content
		return true
	})
	return files, err
}

// sealLists gives the published status lists of seals in the order of divisions, as long as they are taken.
func (s *sealing) sealLists(ctx context.Context, take func(division string, content []byte) bool) error {
	const most = 200
	for after := ""; ; {
		page, err := s.seals.StatusLists(ctx, after, most)
		if err != nil {
			return err
		}
		for _, p := range page {
			list, err := s.seals.PublishedList(ctx, p.Division)
			if err != nil {
				return err
			}
			if after = p.Division; !take(p.Division, list.Content) {
				return nil
			}
		}
		if len(page) < most {
			return nil
		}
	}
}

// maxSealLists bounds the status lists of seals that the verifier in the browser is given, in octets. Without the list of a seal its state is
// not judged there.
const maxSealLists = 4 << 20

// listsForVerifiers are the trust lists that count here and the status lists of seals: what the verifier in the browser cannot do without if
// it is to judge as the platform does.
func (s *sealing) listsForVerifiers(ctx context.Context) ([]elicense.TrustFile, error) {
	files, err := s.app.trust.publishedLists(ctx)
	if err != nil {
		return nil, err
	}
	size := 0
	err = s.sealLists(ctx, func(division string, content []byte) bool {
		if size += len(content); size > maxSealLists {
			return false
		}
		files = append(files, elicense.TrustFile{Name: "seals-" + division + ".cbor", Content: content})
		return true
	})
	return files, err
}

// sealer adapts the seal room to licences.
type sealer struct{ seals *esign.Service }

func (s sealer) Stamp(ctx context.Context, r elicense.StampRequest) ([]byte, error) {
	_, sealed, err := s.seals.StampFor(ctx, "system:elicense", esign.StampRequest{SealID: r.SealID, Document: r.Document, Places: []esign.Place{esign.At(r.Slot.Page, r.Slot.XMM, r.Slot.YMM)}, Purpose: r.Purpose, Key: r.Key})
	return sealed, err
}

// certificates adapts the demonstration CA to both rooms.
type certificates struct{ authority *ca.Authority }

// Issue gives the certificate with the label, issuing it the first time.
func (c certificates) Issue(ctx context.Context, key keys.Info, profile pki.Profile, subject pki.Subject, label string) (*pki.Certificate, error) {
	record, err := c.authority.Find(ctx, label)
	if err == nil {
		return record.Cert, nil
	}
	if !errors.Is(err, keys.ErrNotFound) {
		return nil, err
	}
	return c.authority.Issue(ctx, key, ca.Request{Profile: profile, Subject: subject, Label: label})
}

// Chain implements elicense.Certificates.
func (c certificates) Chain(ctx context.Context, key keys.Info) ([][]byte, error) {
	cert, err := c.Issue(ctx, key, pki.ProfileService, pki.Subject{CommonName: "印信 " + string(key.Spec.Usage) + " " + key.ID, Organization: "印信演示"}, "service:"+key.ID)
	if err != nil {
		return nil, err
	}
	return [][]byte{cert.Raw, c.authority.Certificates()[1].Raw}, nil
}

// licenseCardsFor are the licences of whom somebody acts for.
func (a *App) licenseCardsFor(ctx context.Context, list web.ActingLicenses) ([]web.LicenseCard, string, error) {
	return a.sealing.cardsFor(ctx, list)
}

// licenseCards are the licences of a person, for /me.
func (a *App) licenseCards(ctx context.Context, accountID string) ([]web.LicenseCard, error) {
	return a.sealing.cards(ctx, accountID)
}
