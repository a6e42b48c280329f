// Package idphttp is the HTTP side of identity: the protocol endpoints of OAuth 2 and OpenID Connect, and the pages on
// which people register, sign in, prove their names, consent and sign out.
package idphttp

import (
	"context"
	"encoding/json"
	"errors"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/grants"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/internal/cookies"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/netregion"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/web"
)

// FlowStore keeps logins in progress and consent; idpdb implements it.
type FlowStore interface {
	PutFlow(ctx context.Context, id string, browser, body []byte, created, expires time.Time) error
	Flow(ctx context.Context, id string, browser []byte, now time.Time) (body []byte, created time.Time, err error)
	FinishFlow(ctx context.Context, id string, now time.Time) error
	idp.ConsentStore
	// ConsentsOf lists what a person allows now, by client: scopes, version and time.
	ConsentsOf(ctx context.Context, accountID string) ([]idp.Consent, error)
}

// Inbox is the simulated inbox.
type Inbox interface {
	Inbox(ctx context.Context, to string, limit int) ([]authn.InboxMessage, error)
}

// Config of the server.
type Config struct {
	Issuer    string
	AliasBase string // of the listener for client certificates (RFC 8705 5); empty without one
	Pages     *web.Renderer
	Clients   *idp.Clients
	Details   *idp.Details
	Words     *idp.LiveVocabulary // nil is what is built in
	Requests  *oauth.Requests
	Accounts  *idp.Accounts
	Sessions  *session.Service
	Engine    *oauth.Engine
	Auth      *oauth.ClientAuth
	Tokens    *tokens.Service
	Ledger    *idp.Ledger
	Deletions *idp.Deletions
	Exports   *idp.Exports
	Disputes  *idp.Disputes
	Throttle  authn.ThrottleStore
	Proofs    *oauth.Proofs
	Grants    *grants.Service
	Store     oauth.Store
	Flows     FlowStore
	Passwords *authn.Passwords
	Password  *authn.PasswordLogin
	Codes     *authn.Codes
	Ways      *authn.Ways     // credentials that people added
	Steps     *authn.Steps    // what stands between two pages of a login
	formPages map[string]bool // paths of pages that are there by GET, as patterns
	Passkeys  *authn.Passkeys // nil where the issuer is an address
	Methods   []authn.Method

	Certificates *authn.Certificates // nil without a trust list
	Devices      *authn.Devices
	QR           *authn.QR
	Proofing     *proofing.Service
	Mergers      *idp.Mergers
	// Corrections takes events of registers.
	Corrections *idp.Corrections
	// Reviewer is the member of staff who asks, in a console or by a token, and the human behind it; Console is what the pages of staff have in
	// common.
	Reviewer func(ctx context.Context) (proofing.Reviewer, error)
	Console  web.Site
	Ring     *keys.Ring
	Encode   authn.Encoder   // seals messages for the outbox
	Locales  idp.LocaleStore // languages of messages
	// Calls reports whether a code can be read aloud over a mobile number; nil is never.
	Calls   func(to string) bool
	NoCodes bool  // no channel can carry a code, so nothing that needs one is offered
	Inbox   Inbox // nil outside the sandbox
	// Reply answers a message of the inbox as its person would; set where Inbox is.
	Reply func(ctx context.Context, message, answer string) error
	Wake  func() // tells the outbox that a message is due
	// Receipt is how far an outbox message came; nil where nobody can tell.
	Receipt  func(ctx context.Context, topic, key string) (r outbox.Receipt, ok bool, err error)
	Portals  func() []web.Link
	Licenses func(ctx context.Context, accountID string) ([]web.LicenseCard, error)
	// LicensesFor are a page of the licences of whom the actor of a request acts for.
	LicensesFor func(ctx context.Context, list web.ActingLicenses) (cards []web.LicenseCard, next string, err error)
	// OfflineCards are the printed code cards of people; nil where there are none.
	OfflineCards OfflineCards
	Regions      Regions                 // of network addresses
	LicenseTypes func() *catalog.Catalog // that this node knows; the built-in ones when nil
	// LicenseItems are types of licences of organisations and purposes for which they are lent, as items of mandates; nil offers none.
	LicenseItems func(locale string) (types, purposes []web.ItemChoice)
	Now          func() time.Time
	Rand         io.Reader

	Registration *openplatform.Service // of applications by themselves; nil is off
	// Refused notes what a registered client named otherwise than it is registered, for its owner.
	Refused  func(ctx context.Context, clientID, parameter, received, supportCode string) error
	Demands  func(operation string) idp.Demand
	Mandates *mandate.Service // nil: everybody acts for itself
	Passes   Passes           // of counters; nil is off
	Bridges                   // portals behind bridges and upstream sources
}

// Regions names regions of network addresses; a nil netregion.File knows none.
type Regions interface {
	Find(address string) (netregion.Region, bool)
}

// Server serves identity.
type Server struct {
	Config
	known discoveryCache
}

// New returns the server.
func New(cfg Config) *Server {
	if cfg.Regions == nil {
		cfg.Regions = (*netregion.File)(nil)
	}
	if cfg.LicenseTypes == nil {
		cfg.LicenseTypes = catalog.Default
	}
	return &Server{Config: cfg}
}

// Routes adds the protocol endpoints that carry no cookie.
func (s *Server) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", s.discovery)
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, r *http.Request) { s.keySet(w, r, false) })
	mux.HandleFunc("GET /jwks/gm", func(w http.ResponseWriter, r *http.Request) { s.keySet(w, r, true) })
	mux.HandleFunc("POST /par", s.pushed)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /device_authorization", s.startDevice)
	mux.HandleFunc("POST /introspect", s.introspect)
	mux.HandleFunc("POST /revoke", s.revoke)
	for _, path := range []string{"/par", "/token", "/device_authorization", "/introspect", "/revoke"} {
		mux.HandleFunc(path, s.postOnly)
	}
	mux.HandleFunc("GET /userinfo", s.userinfo)
	mux.HandleFunc("POST /userinfo", s.userinfo)
	if s.Registration != nil {
		s.registrationRoutes(mux)
	}
	s.bridgeRoutes(mux)
	if s.Inbox != nil {
		mux.HandleFunc("GET /sandbox/inbox", s.inboxMessages)
		mux.HandleFunc("POST /sandbox/inbox/answers", s.inboxReply)
	}
}

// PageRoutes adds the pages; the caller wraps them with the origin check.
func (s *Server) PageRoutes(mux *http.ServeMux) {
	s.formPages = map[string]bool{}
	page := func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error) {
		if path, isPage := strings.CutPrefix(pattern, "GET "); isPage {
			s.formPages[path] = true
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm) // no form of ours comes near it
			if err := r.ParseForm(); err != nil {
				refusal := fault.Wrap(err, fault.Malformed)
				if _, large := errors.AsType[*http.MaxBytesError](err); large {
					refusal = fault.Wrap(err, fault.TooLarge, "limit", "1 MiB")
				}
				s.Pages.Error(w, r, refusal)
				return
			}
			if err := handler(w, s.withKept(r)); err != nil {
				s.Pages.Error(w, r, err)
			}
		})
	}
	page("GET /authorize", s.authorize)
	page("POST /authorize", s.authorize)
	page("GET /authorize/resume", ofOAuth(s.resume))
	page("GET /consent", ofOAuth(s.consentPage))
	page("POST /consent", ofOAuth(s.consentAnswer))
	s.mandatePages(page)
	s.childPages(mux, page)
	s.wardPages(mux, page)
	s.wardDeletionPages(page)
	s.withdrawalPages(page)
	page("GET /logout", s.logoutPage)
	page("POST /logout", s.logoutAnswer)
	page("GET /login", takesNext(s.loginPage))
	page("POST /login", s.loginAnswer)
	page("GET /login/question/audio", s.questionAudio)
	page("GET /login/code", s.withCodes(s.codePage))
	page("POST /login/code", s.withCodes(s.codeStart))
	page("POST /login/code/check", s.withCodes(s.codeAnswer))
	page("GET /login/second", s.secondPage)
	page("POST /login/second", s.secondAnswer)
	page("POST /login/second/recovery", s.recoveryAnswer)
	page("GET /register", s.withCodes(s.registerPage))
	page("POST /register", s.withCodes(s.registerStart))
	page("POST /register/code", s.withCodes(s.registerCode))
	page("POST /register/resend", s.withCodes(s.registerStart))
	page("POST /register/password", s.registerPassword)
	page("POST /register/skip", s.registerSkip)
	page("GET "+passPath, s.passPage)
	page("POST "+passPath, s.passAnswer)
	page("GET "+passPath+"/password", s.passPassword)
	page("GET "+welcomePath, s.welcomePage)
	page("POST /session/extension", s.extend)
	page("POST /authorize/leave", ofOAuth(s.leave))
	page("GET /proofing", s.proofingPage)
	page("POST /proofing", s.proofingAnswer)
	s.proofingPages(mux, page)
	page("GET /device", s.devicePage)
	page("POST /device", s.deviceCode)
	page("POST /device/answer", s.deviceAnswer)
	s.passkeyPages(page)
	s.certificatePages(page)
	s.bridgePages(page)
	s.mergePages(page)
	page("GET /me", s.mePage)
	page("POST /me/consents/withdrawal", s.withdrawConsent)
	page("GET "+securityPath, s.securityPage)
	page("POST "+securityPath+"/credentials/{id}/name", s.renameCredential)
	page("POST "+securityPath+"/credentials/{id}/removal", s.removeCredential)
	page("POST "+contactsPath, s.contactStart)
	page("POST "+contactsPath+"/code", s.contactCode)
	page("POST "+contactsPath+"/resend", s.contactResend)
	page("POST "+securityPath+"/totp", s.totpStart)
	page("POST "+securityPath+"/totp/code", s.totpFinish)
	page("POST "+securityPath+"/codes", s.newRecoveryCodes)
	page("POST "+securityPath+"/devices/{id}/removal", s.removeDevice)
	page("GET "+qrLoginPath, s.qrLoginPage)
	page("GET "+qrPath, s.qrPhonePage)
	page("POST "+qrPath, s.qrTyped)
	page("GET "+qrPath+"/{secret}", s.qrScanned)
	page("POST "+qrPath+"/answer", s.qrAnswer)
	page("GET "+recoverPath, s.recoverPage)
	page("POST "+recoverPath, s.recoverStart)
	page("POST "+recoverPath+"/code", s.recoverCode)
	page("GET "+recoverPath+"/password", s.recoverPassword)
	page("POST "+recoverPath+"/password", s.recoverFinish)
	page("GET "+recoverPath+"/proof/{method}", s.recoverProofPage)
	page("POST "+recoverPath+"/proof/{method}", s.recoverProofAnswer)
	page("GET "+recoverPath+"/return", s.recoverReturn)
	page("GET /not-me", s.notMePage)
	page("POST /not-me", s.notMeAnswer)
	page("GET /me/consents", s.consentDetail)
	page("POST /me/consents", s.consentClaim)
	s.recordRoutes(page)
	s.deletionRoutes(page)
	s.dataRoutes(page)
	s.documentRoutes(page)
	page("GET /{$}", s.homePage)
	if s.Inbox != nil {
		page("GET /inbox", s.inboxPage)
		page("POST /inbox/answer", s.inboxAnswer)
	}
}

// Kinds of cookies.
const (
	cookieSession = "yx_session"
	cookieBrowser = "yx_browser"
)

func (s *Server) jar() cookies.Jar { return cookies.Jar{Issuer: s.Issuer} }

func (s *Server) setCookie(w http.ResponseWriter, kind, value string, maxAge int) {
	s.jar().Set(w, kind, value, maxAge)
}

func (s *Server) cookie(r *http.Request, kind string) string { return s.jar().Get(r, kind) }

// browser gives the handle that binds flows and codes to this browser, making one when there is none.
func (s *Server) browser(w http.ResponseWriter, r *http.Request) string {
	return s.jar().Handle(w, r, s.Rand, cookieBrowser)
}

func (s *Server) browserHash(ctx context.Context, browser string) ([]byte, error) {
	mac, err := s.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, []byte("browser"), []byte(browser))
}

// signInThen starts a session for a login, ending that of another person; the same person goes on in the session that
// there is, with a new secret. Between the session and its cookie is a step; when that fails the session ends. Only enter,
// which asks for the second factor, and a registration, which found none, call it.
func (s *Server) signInThen(w http.ResponseWriter, r *http.Request, login idp.Login, then func(session.Session) error) error {
	request := reqctx.From(r.Context())
	current, secret, err := s.sessionFor(r, login, deviceOf(request.UserAgent), request.ClientIP)
	if err != nil {
		return err
	}
	if err := then(current); err != nil {
		_, ending := s.Sessions.End(r.Context(), current.ID, current.AccountID)
		return errors.Join(err, ending)
	}
	s.setCookie(w, cookieSession, secret, 0)
	return nil
}

// sessionFor renews the session of the browser when it is the same person's, and starts one otherwise.
func (s *Server) sessionFor(r *http.Request, login idp.Login, device, address string) (session.Session, string, error) {
	old, signedIn, err := s.Session(r)
	forget(r)
	switch {
	case err != nil:
		return old, "", err
	case signedIn && old.AccountID == login.AccountID:
		secret, renewed, err := s.Sessions.Renew(r.Context(), old, login, device, address)
		if err != nil || renewed {
			return old, secret, err
		}
	case signedIn:
		if _, err := s.Sessions.End(r.Context(), old.ID, old.AccountID); err != nil {
			return old, "", err
		}
	}
	return s.Sessions.Start(r.Context(), login, device, address)
}

// deviceOf is a short name of a browser for /me.
func deviceOf(agent string) string {
	for _, known := range [][2]string{{"MicroMessenger", "WeChat"}, {"Edg/", "Edge"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, known[0]) {
			return known[1]
		}
	}
	return "-"
}

// placed is an address with its region before it, where one is known.
func (s *Server) placed(r *http.Request, address string) string {
	if region, ok := s.Regions.Find(address); ok {
		return region.In(s.Pages.Locale(r)) + " · " + address
	}
	return address
}

// elsewhere reports whether two addresses stand in different regions or, where that cannot be told, in different networks.
func (s *Server) elsewhere(one, other string) bool {
	a, knownA := s.Regions.Find(one)
	b, knownB := s.Regions.Find(other)
	if knownA && knownB {
		return a.Code != b.Code
	}
	return !authn.SameNetwork(one, other)
}

func displayName(p idp.Person) string {
	switch {
	case p.Name != "":
		return subject.MaskName(p.Name)
	case p.Mobile != "":
		return subject.MaskIdentifier(subject.Identifier{Kind: subject.Mobile, Value: p.Mobile})
	}
	return subject.MaskIdentifier(subject.Identifier{Kind: subject.Email, Value: p.Email})
}

// flow loads the login in progress that the handle names, if it belongs to this browser.
func (s *Server) flow(r *http.Request) (string, authflow.Flow, error) {
	id := r.FormValue("flow")
	hash, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return "", authflow.Flow{}, err
	}
	body, created, err := s.Flows.Flow(r.Context(), id, hash, s.Now())
	if errors.Is(err, idp.ErrNotFound) {
		return "", authflow.Flow{}, fault.New(fault.FlowLost)
	}
	if err != nil {
		return "", authflow.Flow{}, fault.Wrap(err, fault.Unavailable)
	}
	var f authflow.Flow
	if err := json.Unmarshal(body, &f); err != nil {
		return "", authflow.Flow{}, err
	}
	f.CreatedAt = created
	return id, f, nil
}

// optionalFlow is flow for pages that also stand alone. A handle that does not hold is an error all the same.
func (s *Server) optionalFlow(r *http.Request) (string, authflow.Flow, idp.Client, error) {
	if r.FormValue("flow") == "" {
		return "", authflow.Flow{}, idp.Client{}, nil
	}
	if id := r.FormValue("flow"); isNext(id) {
		if _, ok := nextPage(id); !ok || !loginPath(r.URL.Path) {
			return "", authflow.Flow{}, idp.Client{}, fault.New(fault.FlowLost)
		}
		return id, authflow.Flow{}, idp.Client{}, nil
	}
	id, f, err := s.flow(r)
	if err != nil {
		return "", f, idp.Client{}, err
	}
	if isDeviceFlow(id) {
		if !loginPath(r.URL.Path) {
			return "", f, idp.Client{}, fault.New(fault.FlowLost) // no authorization request stands behind it
		}
		return id, f, idp.Client{}, nil
	}
	client, ok := s.party(f.ClientID)
	if !ok {
		return "", f, idp.Client{}, fault.New(fault.ClientUnknown)
	}
	return id, f, client, nil
}

// onward leads on after a login: back into the flow, or to the page that was wanted, or to the person's own page.
func onward(flow string) string {
	if flow == "" {
		return "/me"
	}
	if page, ok := nextPage(flow); ok {
		return page
	}
	if isDeviceFlow(flow) {
		return "/device?flow=" + url.QueryEscape(flow)
	}
	if isBridgeFlow(flow) {
		return "/bridge/resume?flow=" + url.QueryEscape(flow)
	}
	return "/authorize/resume?flow=" + url.QueryEscape(flow)
}

func hidden(pairs ...string) []web.Hidden {
	var all []web.Hidden
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			all = append(all, web.Hidden{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	return all
}

func see(w http.ResponseWriter, r *http.Request, address string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}
