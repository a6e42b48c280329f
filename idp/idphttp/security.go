package idphttp

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

const securityPath = "/me/security"

// changeWindow is how young a login must be for changes of the ways into an account.
const changeWindow = 5 * time.Minute

// strongEnough reports whether a session may change the ways in: its login is young, and it showed a second factor if the
// account had one by then. A recovery code does not count: whoever holds only that cannot make the account theirs.
func (s *Server) strongEnough(r *http.Request, current session.Session) (bool, error) {
	if s.Now().Sub(current.AuthTime) > changeWindow {
		return false, nil
	}
	if current.AAL >= 2 || authn.Strong(current.Methods) {
		return true, nil
	}
	second, err := s.Ways.Second(r.Context(), current.AccountID)
	if err != nil {
		return false, err
	}
	for _, since := range second {
		if !since.After(current.AuthTime) {
			return false, nil
		}
	}
	return true, nil
}

// changer is who is signed in, if the login allows changes; ok is false when the answer was written.
func (s *Server) changer(w http.ResponseWriter, r *http.Request) (current session.Session, ok bool, err error) {
	current, signedIn, err := s.Session(r)
	if err != nil {
		return current, false, err
	}
	if !signedIn {
		return current, false, s.toLogin(w, r, securityPath)
	}
	account, err := s.Accounts.AccountAt(r.Context(), current.AccountID, current.AccountVersion)
	if err != nil {
		return current, false, err
	}
	if account.State != idp.AccountActive {
		return current, false, fault.New(fault.Unauthenticated)
	}
	strong, err := s.strongEnough(r, current)
	if err != nil {
		return current, false, err
	}
	if !strong {
		stale := fault.New(fault.StrongLoginNeeded)
		return current, false, s.showSecurity(w, r, fault.MetaOf(fault.StrongLoginNeeded).Status, s.failed(w, r, stale, ""))
	}
	return current, true, nil
}

func (s *Server) securityPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSecurity(w, r, http.StatusOK, nil)
}

func (s *Server) showSecurity(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	ctx := r.Context()
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return see(w, r, "/login?"+url.Values{"next": {securityPath}}.Encode())
	}
	account, err := s.Accounts.Account(ctx, current.AccountID)
	if err != nil {
		return err
	}
	person, err := s.Accounts.Open(ctx, account)
	if err != nil {
		return err
	}
	all, left, err := s.Ways.List(ctx, current.AccountID)
	if err != nil {
		return err
	}
	strong, err := s.strongEnough(r, current)
	if err != nil {
		return err
	}
	body := web.SecurityPage{Strong: strong, LoginURL: "/login?" + url.Values{"next": {securityPath}}.Encode(), CodesLeft: left, Methods: contactMethods(account, person)}
	body.Contact, body.ContactChanged = r.PostFormValue("contact-new"), r.URL.Query().Get("done") == "contact"
	known, err := s.Devices.List(ctx, current.AccountID)
	if err != nil {
		return err
	}
	for _, d := range known {
		body.Devices = append(body.Devices, web.SessionItem{Device: d.Name, Region: s.placed(r, d.Address), LastUse: d.SeenAt, Current: d.SID == current.ID, EndURL: securityPath + "/devices/" + d.ID + "/removal"})
	}
	if s.Certificates != nil {
		body.CertificateURL = securityPath + "/certificate"
	}
	if s.Passkeys != nil {
		body.Passkey = &web.PasskeyForm{Create: true, Action: securityPath + "/passkeys", Options: securityPath + "/passkeys/options"}
	}
	for _, c := range all {
		item := web.CredentialItem{ID: c.ID, Kind: string(c.Kind), Name: c.Name, AddedAt: c.CreatedAt, Flagged: c.State == authn.CredentialFlagged}
		if !c.UsedAt.IsZero() {
			item.UsedAt = &c.UsedAt
		}
		body.Credentials = append(body.Credentials, item)
		body.Second = body.Second || c.State == authn.CredentialActive
	}
	return s.Pages.Page(w, r, status, "security", web.Page{Identity: s.Identity(r), Errors: failures, Body: body})
}

// contactMethods are the ways in that every account has from its registration.
func contactMethods(account idp.Account, person idp.Person) (all []web.SignInMethod) {
	if account.PasswordHash != "" {
		all = append(all, web.SignInMethod{Name: "password"})
	}
	for kind, value := range map[subject.IdentifierKind]string{subject.Mobile: person.Mobile, subject.Email: person.Email} {
		if value != "" {
			all = append(all, web.SignInMethod{Name: string(kind), Detail: subject.MaskIdentifier(subject.Identifier{Kind: kind, Value: value})})
		}
	}
	return all
}

// changed answers a change of the ways in: faults that the person can mend stand on the page.
func (s *Server) changed(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		return s.showSecurity(w, r, status, s.failed(w, r, err, ""))
	}
	s.Wake()
	return see(w, r, securityPath)
}

func (s *Server) renameCredential(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	return s.changed(w, r, s.Ways.Rename(r.Context(), current.AccountID, r.PathValue("id"), r.PostFormValue("name")))
}

func (s *Server) removeCredential(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	return s.changed(w, r, s.Ways.Remove(r.Context(), current.AccountID, r.PathValue("id")))
}

// totpStart makes an authenticator and shows it.
func (s *Server) totpStart(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	name, err := s.accountName(r, current)
	if err != nil {
		return err
	}
	setup, err := s.Ways.BeginTOTP(r.Context(), current.AccountID, r.PostFormValue("credential-name"), name)
	if err != nil {
		return s.changed(w, r, err)
	}
	return s.showTOTP(w, r, http.StatusOK, setup, nil)
}

// accountName is how the account is called in an authenticator: masked, because the app is not ours.
func (s *Server) accountName(r *http.Request, current session.Session) (string, error) {
	person, err := s.Accounts.Person(r.Context(), current.AccountID)
	if err != nil {
		return "", err
	}
	return displayName(person), nil
}

func (s *Server) showTOTP(w http.ResponseWriter, r *http.Request, status int, setup authn.TOTPSetup, failures []web.FieldError) error {
	code, err := web.NewQR(setup.URI)
	if err != nil {
		return err
	}
	var groups []string
	for key := setup.Key; key != ""; {
		n := min(4, len(key))
		groups, key = append(groups, key[:n]), key[n:]
	}
	return s.Pages.Page(w, r, status, "totp-new", web.Page{Identity: s.Identity(r), Errors: failures, Body: web.TOTPPage{
		Hidden: hidden("credential", setup.ID), QR: code, Key: strings.Join(groups, " "), CancelURL: securityPath}})
}

// totpFinish turns the authenticator on with its first code.
func (s *Server) totpFinish(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	id := r.PostFormValue("credential")
	codes, err := s.Ways.FinishTOTP(r.Context(), current.AccountID, id, digitsOf(r.PostFormValue("otp-code")))
	if code := fault.CodeOf(err); code == fault.SecondWrong || code == fault.SecondLocked {
		name, failed := s.accountName(r, current)
		if failed != nil {
			return failed
		}
		setup, failed := s.Ways.PendingTOTP(r.Context(), current.AccountID, id, name)
		if failed != nil {
			return failed
		}
		return s.showTOTP(w, r, fault.MetaOf(code).Status, setup, s.failed(w, r, err, "otp-code"))
	}
	if err != nil {
		return s.changed(w, r, err)
	}
	s.Wake()
	return s.showCodes(w, r, codes)
}

// showCodes shows recovery codes, this once; without any it goes back.
func (s *Server) showCodes(w http.ResponseWriter, r *http.Request, codes []string) error {
	if len(codes) == 0 {
		return see(w, r, securityPath)
	}
	return s.Pages.Page(w, r, http.StatusOK, "recovery-codes", web.Page{Identity: s.Identity(r), Body: web.RecoveryCodesPage{Codes: codes, DoneURL: securityPath}})
}

func (s *Server) newRecoveryCodes(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	second, err := s.Ways.Second(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	if len(second) == 0 {
		return fault.New(fault.Conflict) // they stand in for a second factor, and there is none
	}
	codes, err := s.Ways.ReplaceRecoveryCodes(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	s.Wake()
	return s.showCodes(w, r, codes)
}
