package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/bankcard"
	"github.com/yinxin-gov/yinxin/idp/proofing/carrier"
	"github.com/yinxin-gov/yinxin/idp/proofing/certificate"
	"github.com/yinxin-gov/yinxin/idp/proofing/face"
	"github.com/yinxin-gov/yinxin/idp/proofing/networkid"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/proofing/transfer"
	"github.com/yinxin-gov/yinxin/idp/proofing/visit"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox"
)

// Proofing names the sources of the methods beside name and number; docs/integration/proofing-sources.md describes their protocols.
// A method without a source is not offered; in the sandbox a simulated one answers for each.
type Proofing struct {
	Carrier   ProofingSource  `yaml:"carrier"`    // 运营商三要素; without it the authority is asked about mobile numbers
	BankCard  ProofingSource  `yaml:"bank_card"`  // 银行卡四要素
	Face      ProofingService `yaml:"face"`       // 人脸比对: a service with a page of its own
	NetworkID ProofingService `yaml:"network_id"` // 国家网络身份认证: a service with a page of its own
	// ManualReview lets people hand in pictures of a document, which two staff with the role proofing_reviewer look at.
	ManualReview bool `yaml:"manual_review"`
	// Transfer moves small amounts to bank accounts of organisations (对公打款).
	Transfer ProofingBank `yaml:"transfer"`
	// Certificates say, for each authority of login.certificate_trust_file, where its certificates carry whom they name.
	Certificates []certificate.Authority `yaml:"certificates"`
	// MismatchMinutes is for how long a source that answered no is not asked the same again; the answer is given from memory, and the try
	// counts. At most 60; -1 asks each time.
	MismatchMinutes int `yaml:"mismatch_minutes"`
}

// defaultMismatchMinutes is short: what was put right at the register is asked about soon.
const defaultMismatchMinutes = 10

// ProofingSource is an HTTP source of one method.
type ProofingSource struct {
	URL       string `yaml:"url"`
	TokenFile string `yaml:"token_file"`
	// Documents are the kinds of documents that it knows; empty is citizen_id alone.
	Documents []string `yaml:"documents"`
	// Cost of one question that was answered, in the operator's unit: yinxin_source_cost_total adds it up.
	Cost int64 `yaml:"cost"`
}

// ProofingBank is an HTTP source that is asked about organisations alone.
type ProofingBank struct {
	URL       string `yaml:"url"`
	TokenFile string `yaml:"token_file"`
	Cost      int64  `yaml:"cost"` // as that of ProofingSource
}

func (b ProofingBank) source() ProofingSource {
	return ProofingSource{URL: b.URL, TokenFile: b.TokenFile, Cost: b.Cost}
}

// ProofingService is an HTTP source of a method with pages of its own.
type ProofingService struct {
	URL       string `yaml:"url"`
	TokenFile string `yaml:"token_file"`
	// Pages is the origin of its pages; empty is the origin of url.
	Pages string `yaml:"pages"`
	// Documents and Cost are those of ProofingSource.
	Documents []string `yaml:"documents"`
	Cost      int64    `yaml:"cost"`
}

func (s ProofingService) source() ProofingSource {
	return ProofingSource{s.URL, s.TokenFile, s.Documents, s.Cost}
}

func (s ProofingService) check(name string) []string {
	faults := s.source().check(name)
	if s.Pages != "" && (s.URL == "" || origin(s.Pages) != s.Pages) {
		faults = append(faults, "proofing."+name+".pages: must be scheme, host and port of a service")
	}
	return faults
}

func (s ProofingSource) check(name string) (faults []string) {
	add := func(format string, args ...any) {
		faults = append(faults, "proofing."+name+fmt.Sprintf(format, args...))
	}
	if s.URL == "" {
		if s.TokenFile != "" || len(s.Documents) > 0 || s.Cost != 0 {
			add(".url: is missing")
		}
		return faults
	}
	if origin(s.URL) == "" {
		add(".url: must be an address")
	}
	if s.TokenFile == "" {
		add(".token_file: is missing")
	}
	if s.Cost < 0 {
		add(".cost: must not be below zero")
	}
	for _, kind := range s.Documents {
		if _, ok := subject.DefaultDocuments().Find(kind); !ok {
			add(".documents: there is no kind %q", kind)
		}
	}
	return faults
}

func (p Proofing) check() []string {
	all := p.Carrier.check("carrier")
	all = append(all, p.BankCard.check("bank_card")...)
	all = append(all, p.Face.check("face")...)
	all = append(all, p.NetworkID.check("network_id")...)
	all = append(all, p.Transfer.source().check("transfer")...)
	if p.MismatchMinutes < -1 || p.MismatchMinutes > int(proofing.LongestNegative/time.Minute) {
		all = append(all, "proofing.mismatch_minutes: is between 1 and 60, or -1")
	}
	for i, a := range p.Certificates {
		if wrong := a.Check(subject.DefaultDocuments()); wrong != "" {
			all = append(all, fmt.Sprintf("proofing.certificates[%d]: %s", i, wrong))
		}
	}
	return all
}

// origin of an address; empty when it has none.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// client is the client of a source; nil when the method is not there.
func (a *App) client(word string, s ProofingSource, simulated func(token string, origin func() string) http.Handler) (client *source.Client, pages string, err error) {
	settings := source.Config{Name: word, URL: strings.TrimSuffix(s.URL, "/"), Client: a.outbound, Now: a.opts.Now, Cost: s.Cost, Note: a.metrics.source}
	if s.URL == "" {
		if !a.cfg.Sandbox {
			return nil, "", nil
		}
		settings.Name, settings.Token = "sandbox", ident.Secret(a.opts.Rand, 24)
		address := ""
		if address, settings.Client, err = a.serveSimulated(simulated(settings.Token, func() string { return pages })); err != nil {
			return nil, "", err
		}
		settings.URL, pages = strings.TrimSuffix(address, "/"), strings.TrimSuffix(address, "/")
		return source.New(settings), pages, nil
	}
	if settings.Token, err = ReadSecret(s.TokenFile); err != nil {
		return nil, "", err
	}
	return source.New(settings), origin(s.URL), nil
}

// methods are the ways to prove who one is that are configured: one line each.
func (a *App) methods() (all []proofing.Method, err error) {
	cfg := a.cfg.Proofing
	everything := func(s ProofingSource) []string {
		if s.URL == "" {
			return sandbox.Kinds()
		}
		return s.Documents
	}
	if cfg.Carrier.URL != "" { // the simulated authority knows mobile numbers itself
		client, _, err := a.client("carrier", cfg.Carrier, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, carrier.Method(carrier.New(client, cfg.Carrier.Documents)))
	}
	client, _, err := a.client("bank", cfg.BankCard, func(token string, _ func() string) http.Handler { return sandbox.Bank(token, slowAnswer) })
	if err != nil {
		return nil, err
	}
	if client != nil {
		all = append(all, bankcard.Method(bankcard.New(client, everything(cfg.BankCard))))
	}
	for word, s := range map[string]ProofingService{proofing.Face: cfg.Face, proofing.NetworkID: cfg.NetworkID} {
		title := map[string]string{proofing.Face: "模拟人脸比对", proofing.NetworkID: "模拟国家网络身份认证"}[word]
		client, pages, err := a.client(word, s.source(), func(token string, at func() string) http.Handler { return sandbox.Visits(token, title, slowAnswer, at) })
		if err != nil {
			return nil, err
		}
		if client == nil {
			continue
		}
		if s.Pages != "" {
			pages = s.Pages
		}
		visits, err := visit.New(client, pages)
		if err != nil {
			return nil, err
		}
		if word == proofing.Face {
			all = append(all, face.Method(face.New(visits, everything(s.source()))))
		} else {
			all = append(all, networkid.Method(networkid.New(visits)))
		}
	}
	if cfg.ManualReview || a.cfg.Sandbox {
		all = append(all, proofing.Method{Word: proofing.ManualReview, Review: true})
	}
	if m, ok := a.guardianMethod(); ok {
		all = append(all, m)
	}
	client, _, err = a.client("transfer", cfg.Transfer.source(), func(token string, _ func() string) http.Handler {
		return sandbox.Transfers(token, slowAnswer, a.arrived)
	})
	if err != nil {
		return nil, err
	}
	if client != nil {
		all = append(all, transfer.New(client).Method())
	}
	if len(cfg.Certificates) > 0 {
		all = append(all, certificate.New(cfg.Certificates).Method())
	}
	return all, nil
}

// openProofing makes the pipeline.
func (a *App) openProofing(ctx context.Context, authority proofing.Source) (*proofing.Service, error) {
	methods, err := a.methods()
	if err != nil {
		return nil, err
	}
	a.levels = registry.New[proofing.Level](proofing.PolicyKind, a.store, a.ring, a.opts.Now)
	if err := a.levels.Refresh(ctx); err != nil {
		return nil, err
	}
	var organisations proofing.OrganisationReader
	if len(a.cfg.Proofing.Certificates) > 0 {
		organisations = certificate.New(a.cfg.Proofing.Certificates)
	}
	return proofing.New(proofing.Config{Organisations: organisations, Guardians: guardians{a}, Accounts: a.Accounts, Store: a.store, Sources: []proofing.Source{authority}, Methods: methods, Reviews: a.store, Now: a.opts.Now, Rand: a.opts.Rand,
		Policy: a.proofingPolicy, CountShared: true, NegativeFor: time.Duration(max(a.cfg.Proofing.MismatchMinutes, 0)) * time.Minute}), nil
}

// arrived shows in the simulated inbox what the simulated bank moved to an account.
func (a *App) arrived(id, account string, fen int) {
	amount := fmt.Sprintf("%d.%02d", fen/100, fen%100)
	if err := a.store.PutInbox(context.Background(), "transfer/"+id, authn.InboxMessage{To: account, Text: "到账 " + amount + " 元", Code: amount, At: a.opts.Now().UTC()}); err != nil {
		a.opts.Log.Warn("a simulated transfer is not in the inbox", "error", err)
	}
}

// deliverReviewNotice tells a person that reviewers decided.
func (a *App) deliverReviewNotice(ctx context.Context, d outbox.Delivery) error {
	var m proofing.ReviewedMessage
	if err := json.Unmarshal(d.Payload, &m); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	if m.Guardian != "" {
		return a.deliverWardResult(ctx, d, m)
	}
	account, err := a.Accounts.Account(ctx, m.AccountID)
	if err != nil {
		return err
	}
	template := channel.TemplateReviewRefused
	switch {
	case m.Child:
		template = channel.TemplateChildRefused
	case m.Granted:
		c, err := a.store.Case(ctx, d.Key)
		if err == nil && c.State == proofing.Passed {
			err = fmt.Errorf("case %s was decided and is not carried out yet", c.ID)
		}
		if err != nil && !errors.Is(err, idp.ErrNotFound) {
			return err
		}
		if err == nil && c.State == proofing.Rejected { // the document is another account's
			template = channel.TemplateDocumentBound
			break
		}
		template = channel.TemplateReviewPassed
	}
	return a.notify(ctx, d, account, template, map[string]string{"date": a.opts.Now().In(legalTime).Format(time.DateOnly)})
}
