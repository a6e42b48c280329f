// Package app assembles the platform: configuration, the rooms, the servers. It is what cmd/yinxin and end-to-end tests
// start; no other wiring exists.
package app

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/adminhttp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/counterhttp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/grants"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/idp/intake"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/authority"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/idp/staffhttp"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/idp/vocabulary"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/blob"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/netregion"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/ca"
	"github.com/yinxin-gov/yinxin/keys/keysdb"
	"github.com/yinxin-gov/yinxin/keys/revocation"
	"github.com/yinxin-gov/yinxin/keys/softkeys"
	"github.com/yinxin-gov/yinxin/keys/tsa"
	"github.com/yinxin-gov/yinxin/keys/vault"
	"github.com/yinxin-gov/yinxin/web"
)

// Options are what tests and quickstart may set; the zero value is a server's.
type Options struct {
	Log        *slog.Logger // silent when nil
	Now        func() time.Time
	Rand       io.Reader
	Public     net.Listener // already open, for free ports
	Management net.Listener
	MutualTLS  net.Listener     // of listen.mtls
	Register   mandate.Register // of organisations and guardians, in place of the configured one; may be nil
	Migrate    bool             // bring the schema up to date at start; always done on SQLite
	Cheap      *Cheap           // nil is a server's cost
}

// Cheap is how tests that start hundreds of platforms make keys and hashes. No configuration leads here.
type Cheap struct {
	Password authn.Cost
	Derive   func(passphrase string, salt []byte) ([]byte, error)
	RSA      func(rand io.Reader, bits int) (*rsa.PrivateKey, error)
}

// App is an assembled platform.
type App struct {
	cfg      Config
	opts     Options
	db       *sqldb.DB
	blobs    *blob.Files
	ring     *keys.Ring
	keyStore *keysdb.Store
	ca       *ca.Authority
	stamps   *tsa.Service // nil without a policy
	store    *idpdb.Store
	worker   *outbox.Worker
	metrics  *metrics
	outbound *outbound.Client
	pages    *web.Renderer
	// revocation asks authorities of others about certificates; nil asks nobody.
	revocation *revocation.Asker
	channels   *channel.Channels
	// simulated: the inbox stands for a kind of message at least.
	simulated bool

	Clients       *idp.Clients
	Details       *idp.Details
	words         *idp.LiveVocabulary
	vocabulary    *vocabulary.Service
	Registration  *openplatform.Service
	refusals      *idp.Refusals
	Accounts      *idp.Accounts
	Intake        *intake.Service
	Mandates      *mandate.Service
	registers     mandate.Register
	fourEyes      *foureyes.Engine
	clientAdmin   *idp.ClientAdmin
	moveCounters  func(ctx context.Context, department, path string) error
	Staff         *staff.Service
	Members       *staff.Members
	staffPages    *staffhttp.Server
	staffSessions *session.Service
	identity      *idphttp.Server
	texts         *i18n.Catalogue
	admin         *adminhttp.Server
	ledger        *idp.Ledger
	deletions     *idp.Deletions
	disputes      *idp.Disputes
	inquiry       *mandate.Inquiry
	items         mandate.Items
	exports       *idp.Exports
	regions       *netregion.File // of network addresses; nil knows none
	resealAt      time.Time       // when the next pass over fields of earlier releases begins
	resealAfter   string
	bridges       *bridges
	trust         *trustSource
	sealing       *sealing
	counter       *counterhttp.Server

	public http.Handler
	alias  http.Handler // of the listener for client certificates
	api    huma.API
	calls  http.Handler // the API behind the question who calls

	demands         *registry.Registry[idp.Demand, *idp.Demand]
	levels          *registry.Registry[proofing.Level, *proofing.Level]
	certificates    *proofing.CertificateWatch // behind levels
	revocationLists *certificateTrust
	kinds           *registry.Registry[idp.DocumentOverride, *idp.DocumentOverride]
	operations      []string // of the API document

	// What goes on after its request was answered; Close ends it.
	importing  sync.Mutex
	errands    sync.WaitGroup
	closing    context.Context
	hurry      context.CancelFunc
	simulators []*http.Server // sources that a sandbox answers itself
}

// migrations of every room, in the order in which they may refer to each other.
func migrations() []sqldb.MigrationSet {
	return append([]sqldb.MigrationSet{auditdb.Migrations(), outboxdb.Migrations(), keysdb.Migrations(), idpdb.Migrations()}, sealingMigrations()...)
}

func openDatabase(ctx context.Context, cfg Config) (*sqldb.DB, error) {
	settings := sqldb.Config{URL: cfg.Database.URL}
	if cfg.Database.PasswordFile != "" {
		password, err := ReadSecret(cfg.Database.PasswordFile)
		if err != nil {
			return nil, err
		}
		settings.Password = password
	}
	return sqldb.Open(ctx, settings)
}

// New assembles the platform. Close it after Serve has returned.
func New(ctx context.Context, cfg Config, opts Options) (*App, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Cheap == nil {
		opts.Cheap = &Cheap{}
	}
	if opts.Rand == nil {
		opts.Rand = rand.Reader
	}
	a := &App{cfg: cfg, opts: opts, metrics: newMetrics(Version())}
	a.closing, a.hurry = context.WithCancel(context.WithoutCancel(ctx))
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if opts.Cheap.Derive == nil {
		debug.FreeOSMemory() // Argon2 took tens of MiB to open the keys, which a small server needs for other things
	}
	return a, nil
}

// open assembles the parts in the order in which they need each other.
func (a *App) open(ctx context.Context) (err error) {
	if err := a.openStores(ctx); err != nil {
		return err
	}
	if err := a.openKeys(ctx); err != nil {
		return err
	}
	if err := a.openTimeStamps(ctx); err != nil {
		return err
	}
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		return err
	}
	a.texts = catalogue
	if err := a.openPages(catalogue); err != nil {
		return err
	}
	roots, err := outboundTLS(a.cfg.Outbound.CAFile)
	if err != nil {
		return err
	}
	a.outbound = outbound.New(outbound.Config{Allowed: a.cfg.Outbound.Allowed, TLS: roots})
	if a.cfg.Trust.AskAuthorities {
		a.revocation = revocation.New(a.outbound, a.opts.Now)
	}
	a.store = idpdb.New(a.db)
	if err := a.openChannels(catalogue, roots); err != nil {
		return err
	}
	if err := a.openIdentity(ctx); err != nil {
		return err
	}
	if a.trust, err = newTrustSource(ctx, a); err != nil {
		return err
	}
	if a.sealing, err = openSealing(ctx, a); err != nil {
		return err
	}
	if err := a.trust.register.Refresh(ctx); err != nil {
		return fmt.Errorf("publish trust list: %w", err)
	}
	if err := a.openCounter(); err != nil {
		return err
	}
	a.openOutbox()
	return a.openRoutes()
}

func (a *App) openStores(ctx context.Context) (err error) {
	if a.db, err = openDatabase(ctx, a.cfg); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if a.opts.Migrate || a.db.Dialect() == sqldb.SQLite {
		if err := a.db.Migrate(ctx, a.opts.Now(), migrations()...); err != nil {
			return err
		}
	}
	status, err := a.db.MigrationStatus(ctx, migrations()...)
	if err != nil {
		return err
	}
	if pending := sqldb.Pending(status); pending > 0 {
		return fmt.Errorf("%d migrations wait: run yinxin migrate up", pending)
	}
	a.blobs, err = blob.OpenFiles(a.cfg.Blob.Dir, a.opts.Now)
	return err
}

func (a *App) openKeys(ctx context.Context) (err error) {
	a.keyStore = keysdb.New(a.db)
	provider, err := openProvider(ctx, a.cfg, a.keyStore, a.opts)
	if err != nil {
		return fmt.Errorf("open key provider: %w", err)
	}
	a.ring = keys.NewRing(provider)
	a.ca, err = ca.New(ctx, ca.Config{Provider: provider, Store: a.keyStore, Now: a.opts.Now, Rand: a.opts.Rand, Name: a.cfg.Operator.Name + " 演示"})
	return err
}

func openProvider(ctx context.Context, cfg Config, store *keysdb.Store, opts Options) (keys.Provider, error) {
	if cfg.Keys.Provider == "file" {
		passphrase, err := ReadSecret(cfg.Keys.PassphraseFile)
		if err != nil {
			return nil, err
		}
		return softkeys.New(ctx, softkeys.Config{Store: store, Passphrase: passphrase, Now: opts.Now, Rand: opts.Rand, Derive: opts.Cheap.Derive, RSA: opts.Cheap.RSA})
	}
	v := cfg.Keys.Vault
	role, errRole := ReadSecret(v.RoleIDFile)
	secret, errSecret := ReadSecret(v.SecretIDFile)
	if err := errors.Join(errRole, errSecret); err != nil {
		return nil, err
	}
	return vault.New(ctx, vault.Config{Address: v.Address, Namespace: v.Namespace, RoleID: role, SecretID: secret, TransitMount: v.TransitMount,
		TransitKey: v.TransitKey, CAFile: v.CAFile, Store: store, Now: opts.Now, Rand: opts.Rand})
}

func (a *App) openPages(catalogue *i18n.Catalogue) (err error) {
	if a.items, err = a.cfg.ServiceItems.open(); err != nil {
		return err
	}
	host := strings.TrimPrefix(strings.TrimPrefix(a.cfg.Issuer, "https://"), "http://")
	a.pages, err = web.New(web.Config{Catalogue: catalogue, Identity: a.actingIdentity, Item: a.itemName, Secure: strings.HasPrefix(a.cfg.Issuer, "https://"),
		Brand: web.Brand{Name: a.cfg.Operator.Name, Operator: a.cfg.Operator.Name, Hotline: a.cfg.Operator.Hotline, Host: host, Sandbox: a.cfg.Sandbox}})
	return err
}

func (a *App) openIdentity(ctx context.Context) error {
	o := a.opts
	a.Clients = idp.NewClients(a.store, a.ring, o.Now)
	a.Clients.CheckAddresses(a.outbound.Check)
	a.words = &idp.LiveVocabulary{}
	a.Clients.CheckWords(a.words)
	a.vocabulary = vocabulary.New(vocabulary.Config{Store: a.store, Ring: a.ring, Live: a.words, Clients: a.Clients, Others: func() []idp.Client { return a.bridges.clients() }, Now: o.Now})
	if err := a.vocabulary.Refresh(ctx); err != nil {
		return err
	}
	if err := a.Clients.Refresh(ctx); err != nil {
		return err
	}
	a.refusals = idp.NewRefusals(a.store, o.Now)
	a.Clients.AllowSandbox(a.cfg.Sandbox)
	a.Registration = openplatform.New(openplatform.Config{Issuer: a.cfg.Issuer, Store: a.store, Clients: a.Clients, Ring: a.ring, Words: a.words, Names: []string{a.cfg.Operator.Name},
		CheckAddress: a.outbound.Check, Now: o.Now, Rand: o.Rand})
	a.Details = idp.NewDetails(a.store, o.Now)
	if err := a.Details.Refresh(ctx); err != nil {
		return err
	}
	a.Accounts = idp.NewAccounts(idp.AccountsConfig{Store: a.store, Ring: a.ring, Now: o.Now, Rand: o.Rand,
		Farewell: func(ctx context.Context, accountID string) (audit.Record, error) {
			return a.identity.Sessions.Farewell(ctx, accountID)
		}, Documents: a.documents})
	passwords, err := authn.NewPasswords(o.Rand, 2, o.Cheap.Password)
	if err != nil {
		return err
	}
	a.Intake = intake.New(intake.Config{Store: a.store, Accounts: a.Accounts, Passwords: passwords, Now: o.Now, Rand: o.Rand})
	source, err := a.proofingSource()
	if err != nil {
		return err
	}
	if err := a.openDocuments(ctx); err != nil {
		return err
	}
	a.demands = registry.New[idp.Demand](idp.DemandKind, a.store, a.ring, o.Now)
	if err := a.demands.Refresh(ctx); err != nil {
		return err
	}
	if a.bridges, err = openBridges(ctx, a); err != nil {
		return err
	}
	a.ledger = idp.NewLedger(jointLedger{LedgerStore: a.store, app: a}, o.Now)
	proofs := oauth.NewProofs(oauth.ProofsConfig{Ring: a.ring, Store: a.store, Now: o.Now})
	tokenService := tokens.New(tokens.Config{Issuer: a.cfg.Issuer, Ring: a.ring, Clients: a.Clients, People: a.Accounts, Store: a.store, Proofs: proofs, Words: a.words, Ledger: a.ledger, Details: a.Details, Now: o.Now, Rand: o.Rand})
	if err := tokenService.EnsureKeys(ctx); err != nil {
		return err
	}
	roots, err := clientRoots(a.cfg.Listen.clientCAFile())
	if err != nil {
		return err
	}
	auth := oauth.NewClientAuth(oauth.ClientAuthConfig{Issuer: a.cfg.Issuer, Clients: a.Clients, Ring: a.ring, Store: a.store, Fetch: a.fetchKeys, Roots: roots, Now: o.Now})
	engine := oauth.New(oauth.Config{Issuer: a.cfg.Issuer, Store: a.store, Clients: a.Clients, Ring: a.ring, Minter: tokenService, Words: a.words, Ledger: a.ledger, Details: a.Details, Now: o.Now, Rand: o.Rand})
	tokenEndpoint, err := grants.New(grants.Config{Auth: auth, Proofs: proofs, IDTokens: tokenService, Grants: a.grantTypes(engine, tokenService)})
	if err != nil {
		return err
	}
	if a.registers, err = a.openRegister(); err != nil {
		return err
	}
	people, err := a.openProofing(ctx, source)
	if err != nil {
		return err
	}
	ways := authn.NewWays(authn.WaysConfig{Store: a.store, Throttle: a.store, Ring: a.ring, Sealer: a.Accounts, Now: o.Now, Rand: o.Rand, Issuer: a.cfg.Operator.Name})
	steps := authn.NewSteps(a.store, a.ring, o.Now, o.Rand)
	passkeys, err := a.openPasskeys(ways, steps, a.Accounts)
	if err != nil {
		return err
	}
	if a.revocationLists, err = a.openCertificateTrust(); err != nil {
		return err
	}
	certificates := a.openCertificates("", ways, steps, a.Accounts)
	a.certificates = a.newCertificateWatch(certificates)
	sessions := session.New(session.Config{Store: a.store, Ring: a.ring, Clients: a.Clients, Now: o.Now, Rand: o.Rand, Wake: a.wake, Others: a.bridges.logoutMessages})
	a.fourEyes = foureyes.New(foureyes.Config{Store: a.store, Sealer: a.Accounts, Now: o.Now, Rand: o.Rand, Human: func(ctx context.Context, actor string) (string, error) { return a.Members.Human(ctx, actor) }})
	sharedUses{a}.register()
	a.metrics.faces(o.Now, a.store.FaceStore)
	a.Staff = a.newStaff()
	a.Members = staff.NewMembers(staff.MembersConfig{Store: a.store, Areas: a.Staff, Accounts: a.Accounts, Engine: a.fourEyes, Ring: a.ring, Now: o.Now, Rand: o.Rand})
	a.Clients.CheckDepartments(a.Staff.NameOf)
	a.clientAdmin = idp.NewClientAdmin(idp.ClientAdminConfig{Clients: a.Clients, Engine: a.fourEyes, Rand: o.Rand, Two: a.cfg.clientsByTwo(), Area: a.Staff.AreaOf})
	a.Registration.ByTwo(openplatform.Two{Engine: a.fourEyes, Asked: a.cfg.clientsByTwo(), Area: a.Staff.AreaOf})
	a.vocabulary.ByTwo(registry.Two{Engine: a.fourEyes, Asked: a.cfg.wordsByTwo()})
	a.bridges.byTwo(registry.Two{Engine: a.fourEyes, Asked: a.cfg.peersByTwo()})
	if err := a.openStaff(passwords, steps); err != nil {
		return err
	}
	a.Mandates = newMandates(a, sessions, a.registers, people.Founding)
	a.inquiry = mandate.NewInquiry(mandate.InquiryConfig{Store: a.store, Organisations: a.store, Mandates: a.Mandates, Engine: a.fourEyes, Now: o.Now, Wake: a.wake})
	a.deletions = idp.NewDeletions(idp.DeletionsConfig{Store: a.store, Accounts: a.Accounts, Blockers: a.deletionBlockers, Guardians: childDeletions{guardians{a}}, Forget: a.ledger.Forget, Now: o.Now, Rand: o.Rand})
	a.exports = idp.NewExports(idp.ExportsConfig{Store: a.store, Accounts: a.Accounts, Sections: a.exportSections(), Document: a.exportDocument, Issuer: a.cfg.Issuer, Now: o.Now, Rand: o.Rand, Wake: a.wake})
	a.disputes = idp.NewDisputes(idp.DisputesConfig{Store: disputeLedger{a.store, jointLedger{LedgerStore: a.store, app: a}}, Accounts: a.Accounts, DepartmentOf: func(id string) string {
		client, _ := a.Clients.Find(id)
		return client.Department
	}, Human: a.Members.Human, RaiseAfter: a.cfg.Disputes.RaiseAfter, Now: o.Now, Rand: o.Rand, Wake: a.wake})
	if a.regions, err = openRegions(a.cfg, o); err != nil {
		return err
	}
	a.identity = idphttp.New(idphttp.Config{
		Regions:      a.regions,
		LicenseTypes: func() *catalog.Catalog { return a.sealing.licenses.Types() },
		LicenseItems: a.licenseItems,
		Receipt:      outboxdb.New(a.db).Receipt,
		Mandates:     a.Mandates,
		Reply:        a.answerInbox,
		Auth:         auth, Proofs: proofs, Grants: tokenEndpoint, Engine: engine, Store: a.store, Throttle: a.store,
		Issuer: a.cfg.Issuer, Pages: a.pages, Clients: a.Clients, Accounts: a.Accounts, Tokens: tokenService, Ledger: a.ledger, Deletions: a.deletions, Disputes: a.disputes, Exports: a.exports, Flows: a.store, Passwords: passwords,
		AliasBase:    a.cfg.aliasBase(),
		Details:      a.Details,
		Words:        a.words,
		Demands:      a.demandOf,
		Registration: a.Registration,
		Refused:      a.refusals.Note,
		Requests:     oauth.NewRequests(oauth.RequestsConfig{Issuer: a.cfg.Issuer, Store: a.store, Ring: a.ring, Keys: auth.ClientKeys, Now: o.Now, Rand: o.Rand}),
		Sessions:     sessions,
		Password:     authn.NewPasswordLogin(a.Accounts, passwords, a.store, o.Now),
		Codes:        authn.NewCodes(authn.CodesConfig{Store: a.store, Accounts: a.Accounts, Ring: a.ring, Reaches: a.reaches, Sources: a.codeSources(), Now: o.Now, Rand: o.Rand}),
		NoCodes:      !a.offersCodes(),
		Locales:      a.store,
		Ways:         ways, Steps: steps, Passkeys: passkeys, Certificates: certificates,
		Devices:     authn.NewDevices(authn.DevicesConfig{Place: a.placeOf, Store: a.store, Throttle: a.store, Steps: steps, Ring: a.ring, Now: o.Now, Rand: o.Rand}),
		QR:          authn.NewQR(authn.QRConfig{Store: a.store, Throttle: a.store, Accounts: a.Accounts, Ring: a.ring, Now: o.Now, Rand: o.Rand}),
		Methods:     loginMethods(),
		Proofing:    people,
		Mergers:     a.mergers(),
		Corrections: a.corrections(people),
		Reviewer:    a.reviewer,
		Console:     a.site(),
		Ring:        a.ring, Encode: a.sealMessage, Calls: a.readsAloud, Inbox: a.inbox(), Wake: a.wake, Portals: a.portals, Licenses: a.licenseCards, LicensesFor: a.licenseCardsFor, OfflineCards: offlineCards{a}, Now: o.Now, Rand: o.Rand, Bridges: a.bridges.services(),
	})
	return nil
}

// fetchKeys gets a key set of a client through the outbound client.
func (a *App) fetchKeys(ctx context.Context, address string) ([]byte, error) {
	answer, err := a.outbound.Do(ctx, http.MethodGet, address, http.Header{"Accept": {"application/jwk-set+json, application/json"}}, nil)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("key set answered with status %d", answer.Status)
	}
	return answer.Body, nil
}

// proofingSource is the configured authority; the sandbox answers itself over its own HTTP address when none is named.
func (a *App) proofingSource() (proofing.Source, error) {
	settings := authority.Config{Name: "authority", URL: a.cfg.Authority.URL, Client: a.outbound, Now: a.opts.Now, Cost: a.cfg.Authority.Cost, Note: a.metrics.source,
		Documents: a.cfg.Authority.Documents, Code: a.documentCode}
	if a.cfg.Authority.TokenFile != "" {
		token, err := ReadSecret(a.cfg.Authority.TokenFile)
		if err != nil {
			return nil, err
		}
		settings.Token = token
	}
	if a.cfg.Sandbox && settings.URL == "" {
		return a.sandboxSource()
	}
	return authority.New(settings), nil
}

func (a *App) wake() {
	if a.worker != nil {
		a.worker.Wake()
	}
}

// portals are the sample portals, for the home page of the sandbox.
func (a *App) portals() []web.Link {
	var links []web.Link
	for _, client := range a.Clients.All() {
		if client.PortalURL != "" {
			links = append(links, web.Link{Label: client.ClientName, URL: client.PortalURL})
		}
	}
	return links
}

// Serve answers until ctx ends.
func (a *App) Serve(ctx context.Context) error {
	public, management := a.opts.Public, a.opts.Management
	var err error
	if public == nil {
		if public, err = net.Listen("tcp", a.cfg.Listen.Public); err != nil {
			return err
		}
	}
	if management == nil {
		if management, err = net.Listen("tcp", a.cfg.Listen.Management); err != nil {
			return err
		}
	}
	tlsConfig, err := serverTLS(a.cfg.Listen.TLS)
	if err != nil {
		return err
	}
	servers := []*server{newServer("public", public, a.public, tlsConfig, a.opts.Log), newServer("management", management, a.management(), nil, a.opts.Log)}
	if a.cfg.Listen.MTLS.Address != "" {
		mutual, err := a.mutualTLS()
		if err != nil {
			return err
		}
		servers = append(servers, mutual)
	}
	running, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { a.worker.Run(running) })
	group.Go(func() { a.background(running) })
	group.Go(func() { a.reconcileLoop(running) })
	licenses := a.sealing.licenses
	group.Go(func() {
		a.beside(running, time.Second, "license batches", func(ctx context.Context) error { _, err := licenses.RunBatches(ctx); return err })
	})
	group.Go(func() { a.beside(running, 2*time.Second, "cosignatures", licenses.CollectCosignatures) })
	group.Go(func() {
		a.beside(running, 10*time.Second, "regions", func(ctx context.Context) error { return licenses.RefreshRegions(ctx, false) })
	})
	err = serveAll(ctx, servers...)
	stop()
	group.Wait()
	return errors.Join(err, a.flushCounts())
}

// flushCounts writes what was counted since the last tick; no request is under way any more.
func (a *App) flushCounts() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(a.ledger.Flush(ctx), a.sealing.licenses.FlushVerified(ctx))
}

// mutualTLS is the listener for client certificates.
func (a *App) mutualTLS() (*server, error) {
	listener := a.opts.MutualTLS
	settings, err := serverTLS(TLS{CertFile: a.cfg.Listen.TLS.CertFile, KeyFile: a.cfg.Listen.TLS.KeyFile, ClientCAFile: a.cfg.Listen.MTLS.ClientCAFile})
	if err == nil && listener == nil {
		listener, err = net.Listen("tcp", a.cfg.Listen.MTLS.Address)
	}
	if err != nil {
		return nil, err
	}
	return newServer("mutual TLS", listener, a.alias, settings, a.opts.Log), nil
}

// Close ends what still goes on, and the database.
func (a *App) Close() error {
	a.hurry()
	a.errands.Wait()
	for _, simulator := range a.simulators {
		simulator.Close()
	}
	if a.db == nil {
		return nil
	}
	return a.db.Close()
}

func (a *App) openRoutes() error {
	proxies := make([]netip.Prefix, 0, len(a.cfg.TrustedProxies))
	for _, text := range a.cfg.TrustedProxies {
		network, err := parseNetwork(text)
		if err != nil {
			return err
		}
		proxies = append(proxies, network)
	}
	mux, err := a.routes()
	if err != nil {
		return err
	}
	edgeOf := func(next http.Handler, routeOf func(r *http.Request) string) *edge {
		return &edge{next: next, rand: a.opts.Rand, now: a.opts.Now, log: a.opts.Log, proxies: proxies, locale: i18n.Choose, metrics: a.metrics, routeOf: routeOf, quiet: quietRoutes}
	}
	a.public = edgeOf(mux, mux.patternOf)
	alias := a.aliasRoutes(mux)
	a.alias = edgeOf(idphttp.OnAlias(alias), alias.patternOf)
	return nil
}
