package idphttp

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

func (s *Server) homePage(w http.ResponseWriter, r *http.Request) error {
	return s.Pages.Page(w, r, http.StatusOK, "home", web.Page{Identity: s.Identity(r), Body: web.HomePage{Portals: s.Portals(), NoRegister: s.NoCodes}})
}

// failed is what a form shows again: at the inputs that the fault names, else at the one given, else above the form.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error, field string) []web.FieldError {
	f := fault.From(err)
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	ids := map[string]string{}
	for _, one := range f.Fields {
		ids[one.Name] = one.Name // our faults name the inputs of the pages
	}
	all := s.Pages.FieldErrors(r, err, ids)
	if len(f.Fields) == 0 {
		all[0].Field = field
	}
	return all
}

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLogin(w, r, http.StatusOK, nil)
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	s.browser(w, r)
	id, f, client, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	typed := r.PostFormValue("login-identifier")
	if typed == "" {
		typed = f.LoginHint
	}
	suffix := ""
	if id != "" {
		suffix = "?flow=" + id
	}
	registerURL, codeURL := "/register"+suffix, "/login/code"+suffix
	if s.NoCodes {
		registerURL, codeURL = "-", ""
	}
	first, others := s.upstreamLinks(id, client.PreferredUpstream)
	body := web.LoginPage{First: first, Passkey: s.passkeyForm(id), QRURL: qrLoginPath + suffix, CertificateURL: s.certificateURL(suffix),
		Hidden: hidden("flow", id), App: client.ClientName, Department: client.Department, Identifier: typed, RegisterURL: registerURL, CodeURL: codeURL, Upstreams: others, Silent: s.silentSources(), RecoverURL: recoverPath, CancelURL: leaveURL(id), Links: linksOf(client)}
	if err := s.hurdles(w, r, &body); err != nil {
		return err
	}
	return s.Pages.Page(w, r, status, "login", web.Page{Errors: failures, Callbacks: callbacks(f.RedirectURI), Body: body})
}

func (s *Server) loginAnswer(w http.ResponseWriter, r *http.Request) error {
	id, _, _, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	if err := s.checkHurdles(r); err != nil {
		status, field := fault.MetaOf(fault.CodeOf(err)).Status, ""
		if status >= http.StatusInternalServerError {
			return err
		}
		if fault.CodeOf(err) == fault.QuestionNeeded {
			field = "login-question"
		}
		return s.showLogin(w, r, status, s.failed(w, r, err, field))
	}
	login, err := s.Password.Login(r.Context(), r.PostFormValue("login-identifier"), r.PostFormValue("login-password"), reqctx.From(r.Context()).Source())
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		return s.showLogin(w, r, status, s.failed(w, r, err, "login-password"))
	}
	return s.enter(w, r, waiting{Login: login, Flow: id, Next: onward(id)})
}

// --- One-time codes: login and registration share the steps. ---

// withCodes answers that a page is not offered where no channel carries a code: a code that goes nowhere is worse.
func (s *Server) withCodes(page func(w http.ResponseWriter, r *http.Request) error) func(w http.ResponseWriter, r *http.Request) error {
	if !s.NoCodes {
		return page
	}
	return func(http.ResponseWriter, *http.Request) error { return fault.New(fault.CodeNotOffered) }
}

func (s *Server) codePage(w http.ResponseWriter, r *http.Request) error {
	return s.showIdentifier(w, r, http.StatusOK, "/login/code", nil)
}

func (s *Server) registerPage(w http.ResponseWriter, r *http.Request) error {
	return s.showIdentifier(w, r, http.StatusOK, "/register", nil)
}

func (s *Server) showIdentifier(w http.ResponseWriter, r *http.Request, status int, action string, failures []web.FieldError) error {
	s.browser(w, r)
	id, f, client, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	suffix := ""
	if id != "" {
		suffix = "?flow=" + id
	}
	body := web.RegisterPage{Action: action, Hidden: hidden("flow", id), Identifier: r.PostFormValue("register-identifier"), App: client.ClientName, LoginURL: "/login" + suffix, Agreement: idp.AccountAgreement}
	if body.SignIn = action == "/login/code"; body.SignIn {
		body.RegisterURL = "/register" + suffix
	}
	if action == "/register" && s.Mandates != nil { // a child below 14 registers nothing; its guardian does (PIPL 31)
		body.GuardianURL = LoginURL("/me/children/new")
	}
	page := web.Page{Errors: failures, Callbacks: callbacks(f.RedirectURI), Body: body}
	if body.SignIn {
		page.Title = s.Pages.Text(r, "login.title")
	}
	return s.Pages.Page(w, r, status, "register", page)
}

func (s *Server) codeStart(w http.ResponseWriter, r *http.Request) error {
	return s.sendCode(w, r, authn.PurposeLogin, "/login/code")
}

func (s *Server) registerStart(w http.ResponseWriter, r *http.Request) error {
	return s.sendCode(w, r, authn.PurposeRegister, "/register")
}

// sendCode sends a code whether or not the identifier has an account; the answer is the same.
func (s *Server) sendCode(w http.ResponseWriter, r *http.Request, purpose authn.Purpose, action string) error {
	if _, _, _, err := s.optionalFlow(r); err != nil {
		return err
	}
	identifier, err := subject.ParseIdentifier(r.PostFormValue("register-identifier"))
	if err != nil {
		return s.showIdentifier(w, r, http.StatusUnprocessableEntity, action, s.failed(w, r, fault.New(fault.IdentifierInvalid), "register-identifier"))
	}
	challenge, err := s.sendBy(w, r, identifier, purpose)
	if sent, status, ok := keepsCode(r, err); ok {
		return s.showCode(w, r, status, sent, identifier, purpose, s.failed(w, r, err, "otp-resend"))
	}
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		return s.showIdentifier(w, r, status, action, s.failed(w, r, err, "register-identifier"))
	}
	s.Wake()
	return s.showCode(w, r, http.StatusOK, challenge, identifier, purpose, nil)
}

// sendBy sends a code by message, or by a call where the person asked for one on the page of the code.
func (s *Server) sendBy(w http.ResponseWriter, r *http.Request, identifier subject.Identifier, purpose authn.Purpose) (challenge string, err error) {
	send := s.Codes.Send
	if asksCall(r) {
		send = s.Codes.Call
	}
	return send(r.Context(), identifier, purpose, s.browser(w, r), reqctx.From(r.Context()).Locale, s.Encode)
}

// keepsCode reports whether another code was refused on the page of one that was sent: that page stays, since the code that is on its way, or
// has come, is still good there.
func keepsCode(r *http.Request, err error) (challenge string, status int, ok bool) {
	challenge, status = r.PostFormValue("challenge"), fault.MetaOf(fault.CodeOf(err)).Status
	return challenge, status, err != nil && challenge != "" && status < http.StatusInternalServerError
}

func asksCall(r *http.Request) bool { return r.PostFormValue("otp-voice") != "" }

// offersCall reports whether the page of a code offers to have it read aloud.
func (s *Server) offersCall(to subject.Identifier) bool {
	return to.Kind == subject.Mobile && s.Calls != nil && s.Calls(to.Value)
}

func (s *Server) showCode(w http.ResponseWriter, r *http.Request, status int, challenge string, identifier subject.Identifier, purpose authn.Purpose, failures []web.FieldError) error {
	action, resend := "/login/code/check", "/login/code"
	switch purpose {
	case authn.PurposeRegister:
		action, resend = "/register/code", "/register/resend"
	case authn.PurposeRecover:
		action, resend = recoverPath+"/code", recoverPath
	}
	inbox := ""
	if s.Inbox != nil {
		inbox = "/inbox"
	}
	return s.Pages.Page(w, r, status, "otp", web.Page{Errors: failures, Body: web.OTPPage{Action: action,
		Hidden: hidden("flow", r.FormValue("flow"), "challenge", challenge, "register-identifier", identifier.Value),
		To:     subject.MaskIdentifier(identifier), Minutes: int(authn.CodeLife / time.Minute), ResendAction: resend, ResendAfter: 60, InboxURL: inbox, Voice: s.offersCall(identifier), Called: asksCall(r) && len(failures) == 0}})
}

// checkCode evaluates a code; nil identifier means that the answer was written already.
func (s *Server) checkCode(w http.ResponseWriter, r *http.Request, purpose authn.Purpose) (*subject.Identifier, error) {
	if _, _, _, err := s.optionalFlow(r); err != nil {
		return nil, err
	}
	identifier, err := subject.ParseIdentifier(r.PostFormValue("register-identifier"))
	if err != nil {
		return nil, fault.New(fault.Malformed)
	}
	challenge := r.PostFormValue("challenge")
	err = s.Codes.Check(r.Context(), challenge, identifier, purpose, s.cookie(r, cookieBrowser), digitsOf(r.PostFormValue("otp-code")))
	if fault.CodeOf(err) == fault.CodeWrong {
		return nil, s.showCode(w, r, http.StatusUnauthorized, challenge, identifier, purpose, s.failed(w, r, err, "otp-code"))
	}
	if err != nil {
		return nil, err
	}
	return &identifier, nil
}

// digitsOf keeps the digits of a typed code: blanks and full-width digits are common.
func digitsOf(text string) string {
	var out []rune
	for _, r := range text {
		if r >= '０' && r <= '９' {
			r = r - '０' + '0'
		}
		if r >= '0' && r <= '9' {
			out = append(out, r)
		}
	}
	return string(out)
}

func (s *Server) codeAnswer(w http.ResponseWriter, r *http.Request) error {
	identifier, err := s.checkCode(w, r, authn.PurposeLogin)
	if err != nil || identifier == nil {
		return err
	}
	account, err := s.Accounts.ByIdentifier(r.Context(), *identifier)
	if errors.Is(err, idp.ErrNotFound) {
		account, err = s.Accounts.Create(r.Context(), *identifier) // whoever controls the number may have an account
	}
	if err != nil {
		return err
	}
	return s.codeLogin(w, r, account, onward(r.FormValue("flow")))
}

func (s *Server) codeLogin(w http.ResponseWriter, r *http.Request, account idp.Account, next string) error {
	if account.State != idp.AccountActive {
		return fault.New(fault.CodeWrong)
	}
	if err := idp.Remember(r.Context(), s.Locales, account); err != nil {
		return err
	}
	return s.enter(w, r, waiting{Login: s.byCode(account.ID), Flow: r.FormValue("flow"), Next: next})
}

// byCode is a login by a one-time code.
func (s *Server) byCode(accountID string) idp.Login {
	return idp.Login{AccountID: accountID, AAL: authn.ByCode.AAL(), Methods: authn.ByCode.AMR(), At: s.Now().UTC()}
}

func (s *Server) registerCode(w http.ResponseWriter, r *http.Request) error {
	identifier, err := s.checkCode(w, r, authn.PurposeRegister)
	if err != nil || identifier == nil {
		return err
	}
	account, err := s.Accounts.Create(r.Context(), *identifier)
	if err != nil {
		return err
	}
	second, err := s.Ways.Second(r.Context(), account.ID)
	if err != nil {
		return err
	}
	if account.PasswordHash != "" || account.State != idp.AccountActive || len(second) > 0 { // the person had an account already
		return s.codeLogin(w, r, account, onward(r.FormValue("flow")))
	}
	if err := s.signInThen(w, r, s.byCode(account.ID), func(started session.Session) error { return s.noteDevice(w, r, started) }); err != nil {
		return err
	}
	return s.showPassword(w, r, http.StatusOK, identifier.Value, nil)
}

func (s *Server) showPassword(w http.ResponseWriter, r *http.Request, status int, identifier string, failures []web.FieldError) error {
	return s.Pages.Page(w, r, status, "password", web.Page{Errors: failures, Body: web.PasswordPage{Action: "/register/password",
		Hidden: hidden("flow", r.FormValue("flow"), "register-identifier", identifier), Identifier: identifier, SkipAction: "/register/skip"}})
}

// registerPassword sets the first password of the account that just registered in this browser.
func (s *Server) registerPassword(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok || !slices.Contains(current.Methods, "otp") || s.Now().Sub(current.AuthTime) > authn.CodeLife {
		return fault.New(fault.Unauthenticated)
	}
	account, err := s.Accounts.Account(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	if account.PasswordHash != "" {
		return fault.New(fault.Conflict)
	}
	hash, err := s.newPassword(r, account)
	if fault.CodeOf(err) == fault.PasswordRefused {
		return s.showPassword(w, r, http.StatusUnprocessableEntity, r.PostFormValue("register-identifier"), s.failed(w, r, err, "password-new"))
	}
	if err != nil {
		return err
	}
	if err := s.Accounts.SetPassword(r.Context(), account.ID, hash); err != nil {
		return err
	}
	// The new credential is newer than the session, so the person signs in with it from here on.
	again := idp.Login{AccountID: account.ID, AAL: subject.AAL(current.AAL), Methods: current.Methods, At: s.Now().UTC(), Second: true}
	return s.enter(w, r, waiting{Login: again, Flow: r.FormValue("flow"), Next: welcomed(r.FormValue("flow"))})
}

// newPassword hashes the password of a form; names of its account alone are none.
func (s *Server) newPassword(r *http.Request, account idp.Account) (string, error) {
	person, err := s.Accounts.Open(r.Context(), account)
	if err != nil {
		return "", err
	}
	local, _, _ := strings.Cut(person.Email, "@")
	return s.Passwords.Hash(r.Context(), r.PostFormValue("password-new"), strings.TrimPrefix(person.Mobile, "+86"), person.Email, local, person.IDNumber, person.PreferredName)
}

func (s *Server) registerSkip(w http.ResponseWriter, r *http.Request) error {
	return see(w, r, welcomed(r.FormValue("flow")))
}

// --- Proofing ---

func (s *Server) proofingPage(w http.ResponseWriter, r *http.Request) error {
	return s.showProofing(w, r, http.StatusOK, nil)
}

func (s *Server) showProofing(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	v, err := s.prover(r)
	if errors.Is(err, errSignIn) {
		return s.toLogin(w, r, r.URL.RequestURI())
	}
	if err != nil {
		return err
	}
	f, person := v.Flow, v.person
	wanted := wantedIAL(r, f.IAL, person.IAL)
	body := web.ProofingPage{App: v.client.ClientName, Current: int(person.IAL), Needed: int(f.IAL),
		Name: r.PostFormValue("proofing-name"), Number: r.PostFormValue("proofing-number"), AskMobile: wanted >= 2, Mobile: r.PostFormValue("proofing-mobile")}
	open, err := s.Proofing.OpenCases(r.Context(), v.accountID)
	if err != nil {
		return err
	}
	body.Open = openCases(open, proofingPath, func(method string) string { return s.Pages.Text(r, "proofing.method."+method) })
	s.askDocument(r, &body, person, wanted, v.flow)
	if body.CancelURL = leaveURL(v.flow); v.flow == "" {
		body.CancelURL = "/me"
	}
	return s.Pages.Page(w, r, status, "proofing", web.Page{Identity: s.Identity(r), Errors: failures, Callbacks: callbacks(f.RedirectURI), Body: body})
}

// wantedIAL: what the flow needs, or what the person chose, or the next level.
func wantedIAL(r *http.Request, needed, have subject.IAL) subject.IAL {
	wanted := needed
	if chosen, err := strconv.Atoi(r.FormValue("ial")); err == nil {
		wanted = max(wanted, subject.IAL(chosen))
	}
	return min(max(wanted, min(have+1, 2), 1), 2)
}

func (s *Server) proofingAnswer(w http.ResponseWriter, r *http.Request) error {
	v, err := s.prover(r)
	if errors.Is(err, errSignIn) {
		return s.toLogin(w, r, proofingPath)
	}
	if err != nil {
		return err
	}
	in := typedIdentity(r)
	in.Kind, in.Wanted = chosenKind(r, v.person), wantedIAL(r, v.Flow.IAL, v.person.IAL)
	level, err := s.Proofing.Submit(r.Context(), v.accountID, in)
	return s.wayResult(w, r, v, level, err, func(refusal error) error {
		return s.showProofing(w, r, fault.MetaOf(fault.CodeOf(refusal)).Status, s.failed(w, r, refusal, ""))
	})
}

// --- The person's own page ---

func (s *Server) mePage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return s.toLogin(w, r, r.URL.RequestURI())
	}
	ctx := r.Context()
	person, err := s.Accounts.Person(ctx, current.AccountID)
	if err != nil {
		return err
	}
	account, err := s.Accounts.Account(ctx, current.AccountID)
	if err != nil {
		return err
	}
	body := web.MePage{SecurityURL: securityPath, DocumentsURL: documentsPath, Name: displayName(person), Number: subject.MaskID(person.IDNumber), Tier: int(person.IAL), TierSource: person.IALSource}
	if person.IAL > 0 {
		body.TierAt = &person.IALAt
	}
	if person.IAL < s.Proofing.Highest() {
		body.UpgradeURL = "/proofing"
	}
	if person.Mobile == "" && person.Email == "" && !account.MobileTakenAt.IsZero() { // no message reached the person: it is told here, until a contact is there again
		body.ContactTaken = &account.MobileTakenAt
	}
	if account.PasswordHash != "" {
		body.Methods = append(body.Methods, web.SignInMethod{Name: "password"})
	}
	if person.Mobile != "" {
		body.Methods = append(body.Methods, web.SignInMethod{Name: "mobile", Detail: subject.MaskIdentifier(subject.Identifier{Kind: subject.Mobile, Value: person.Mobile})})
	}
	if person.Email != "" {
		body.Methods = append(body.Methods, web.SignInMethod{Name: "email", Detail: subject.MaskIdentifier(subject.Identifier{Kind: subject.Email, Value: person.Email})})
	}
	if err := s.credentialWays(ctx, current.AccountID, &body); err != nil {
		return err
	}
	live, err := s.Sessions.Live(ctx, current.AccountID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	for _, other := range live {
		body.Sessions = append(body.Sessions, web.SessionItem{Device: other.Device, Region: s.placed(r, other.Address), LastUse: other.LastSeen, Current: other.ID == current.ID})
	}
	consents, err := s.Flows.ConsentsOf(ctx, current.AccountID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	for _, agreed := range consents {
		if client, ok := s.party(agreed.ClientID); ok {
			body.Grants = append(body.Grants, web.GrantItem{App: client.ClientName, Department: client.Department, Claims: s.itemTitles(r, agreed.Scopes), At: agreed.GivenAt, Version: agreed.Version,
				RevokeURL: withdrawURL(client.ClientID), ManageURL: consentURL(client.ClientID)})
		}
	}
	slices.SortFunc(body.Grants, func(a, b web.GrantItem) int { return strings.Compare(a.App, b.App) })
	body.MandatesURL = "/me/mandates"
	if len(s.Federation.Sources()) > 0 {
		body.UpstreamsURL = "/federation"
	}
	body.MergeURL = "/merge"
	if body.Licenses, err = s.Licenses(ctx, current.AccountID); err != nil {
		return err
	}
	if body.Card, err = s.offlineCard(ctx, current.AccountID); err != nil {
		return err
	}
	if body.Mandates, err = s.mandateStates(r, current.AccountID); err != nil {
		return err
	}
	if body.Places, err = s.mePlaces(r, current.AccountID); err != nil {
		return err
	}
	told, err := s.newDevice(r, current)
	if err != nil {
		return err
	}
	return s.Pages.Page(w, r, http.StatusOK, "me", web.Page{Identity: s.Identity(r), Notice: told, Body: body})
}
