package idphttp

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// Limits of typing codes of devices (O-57): wrong ones count on the account, because nobody types one before signing in.
const (
	deviceWrong      = 5
	deviceTries      = 30 // right ones and parallel ones included
	deviceSpan       = 15 * time.Minute
	scopeDevice      = "device-code"
	scopeDeviceWrong = "device-code-wrong"
)

const devicePrefix = "device"

// startDevice is the device authorization endpoint (RFC 8628 3.1).
func (s *Server) startDevice(w http.ResponseWriter, r *http.Request) {
	form, err := s.form(w, r)
	var client oauth.Caller
	if err == nil {
		client, err = s.authenticate(r.Context(), r, form)
	}
	var answer oauth.DeviceAnswer
	if err == nil {
		answer, err = s.Engine.StartDevice(reqctx.WithActor(r.Context(), reqctx.Actor{ID: "client:" + client.ClientID}), client.StoredClient, form)
	}
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
}

// deviceFlow remembers a code over a login. It is stored like a request, under a name of its own kind, and no page of
// authorization takes it.
type deviceFlow struct {
	UserCode string `json:"user_code"`
}

func isDeviceFlow(id string) bool { return strings.HasPrefix(id, devicePrefix+"_") }

// devicePage asks for the code that a device shows, after a login.
func (s *Server) devicePage(w http.ResponseWriter, r *http.Request) error {
	typed := oauth.NormalUserCode(r.URL.Query().Get("user_code"))
	_, signedIn, err := s.Session(r)
	if err != nil {
		return err
	}
	if !signedIn {
		return s.loginForDevice(w, r, typed)
	}
	if id := r.URL.Query().Get("flow"); isDeviceFlow(id) && typed == "" {
		hash, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
		if err != nil {
			return err
		}
		body, _, err := s.Flows.Flow(r.Context(), id, hash, s.Now())
		var kept deviceFlow
		if err == nil && json.Unmarshal(body, &kept) == nil {
			typed = oauth.NormalUserCode(kept.UserCode)
		} else if err != nil && !errors.Is(err, idp.ErrNotFound) {
			return fault.Wrap(err, fault.Unavailable)
		}
	}
	if typed != "" {
		typed = oauth.ShownUserCode(typed)
	}
	return s.showDevice(w, r, http.StatusOK, typed, nil)
}

func (s *Server) showDevice(w http.ResponseWriter, r *http.Request, status int, typed string, failures []web.FieldError) error {
	return s.Pages.Page(w, r, status, "device", web.Page{Identity: s.Identity(r), Errors: failures, Body: web.DevicePage{Code: typed}})
}

// loginForDevice keeps the code and leads to the login page.
func (s *Server) loginForDevice(w http.ResponseWriter, r *http.Request, code string) error {
	hash, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return err
	}
	body, err := json.Marshal(deviceFlow{UserCode: code})
	if err != nil {
		return err
	}
	id, now := ident.New(s.Rand, devicePrefix), s.Now().UTC()
	if err := s.Flows.PutFlow(r.Context(), id, hash, body, now, now.Add(authflow.Life)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return see(w, r, "/login?flow="+id)
}

// typedDevice finds the request behind a typed code. Every try counts before anything is compared, so that parallel ones
// are bounded; a right code forgives no wrong one, since an attacker has right codes of his own.
func (s *Server) typedDevice(r *http.Request, current session.Session) (oauth.DeviceRecord, error) {
	ctx, key := r.Context(), []byte(current.AccountID)
	all, err := s.Throttle.Count(ctx, scopeDevice, key, deviceSpan, s.Now())
	if err != nil {
		return oauth.DeviceRecord{}, fault.Wrap(err, fault.Unavailable) // no counter, no answer (R6)
	}
	wrong, err := s.Throttle.Counted(ctx, scopeDeviceWrong, key, deviceSpan, s.Now())
	if err != nil {
		return oauth.DeviceRecord{}, fault.Wrap(err, fault.Unavailable)
	}
	if wrong >= deviceWrong || all > deviceTries {
		return oauth.DeviceRecord{}, fault.New(fault.TooManyRequests).After(int(deviceSpan / time.Second))
	}
	d, err := s.Engine.WaitingDevice(ctx, oauth.NormalUserCode(r.PostFormValue("device-code")))
	if errors.Is(err, oauth.ErrNotFound) {
		if _, err := s.Throttle.Count(ctx, scopeDeviceWrong, key, deviceSpan, s.Now()); err != nil {
			return d, fault.Wrap(err, fault.Unavailable)
		}
		return d, fault.Wrap(err, fault.DeviceCode)
	}
	if err != nil {
		return d, fault.Wrap(err, fault.Unavailable)
	}
	return d, nil
}

// deviceCode shows who asks, once the code is right.
func (s *Server) deviceCode(w http.ResponseWriter, r *http.Request) error {
	current, signedIn, err := s.Session(r)
	if err != nil {
		return err
	}
	if !signedIn {
		return s.loginForDevice(w, r, oauth.NormalUserCode(r.PostFormValue("device-code")))
	}
	d, err := s.typedDevice(r, current)
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		return s.showDevice(w, r, status, r.PostFormValue("device-code"), s.failed(w, r, err, "device-code"))
	}
	client, ok := s.Clients.Find(d.Request.ClientID)
	if !ok {
		return fault.New(fault.ClientUnknown)
	}
	person, err := s.Accounts.Person(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	code, asked := oauth.NormalUserCode(r.PostFormValue("device-code")), authflow.Flow{Scopes: d.Request.GrantedScopes}
	claims := s.claimsFor(r, asked, client.Client, person, nil)
	return s.Pages.Page(w, r, http.StatusOK, "consent", web.Page{Identity: s.Identity(r), Notice: s.unreviewed(r, client.Client), Body: web.ConsentPage{Action: "/device/answer", Code: oauth.ShownUserCode(code),
		Hidden: hidden("device-code", code), App: client.ClientName, Department: client.Department, Reviewed: client.Reviewed(), Purpose: client.Purpose,
		Claims: claims, Recipients: recipientsFor(client.Client, claims), Scopes: s.scopesFor(r, asked, client.Client), Links: linksOf(client.Client)}})
}

// deviceAnswer stores what the person answered.
func (s *Server) deviceAnswer(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	current, signedIn, err := s.Session(r)
	if err != nil {
		return err
	}
	if !signedIn {
		return see(w, r, "/device")
	}
	choice := r.PostFormValue("consent")
	if choice != "allow" && choice != "deny" {
		return fault.New(fault.Malformed)
	}
	d, err := s.typedDevice(r, current)
	if err != nil {
		return err
	}
	client, ok := s.Clients.Find(d.Request.ClientID)
	if !ok {
		return fault.New(fault.ClientUnknown)
	}
	grant := oauth.Session{AccountID: current.AccountID}
	if choice == "allow" {
		agreed, err := s.consentToDevice(r, current, client.Client, d.Request.GrantedScopes)
		if err != nil {
			return err
		}
		grant.Consent, grant.Withheld, grant.Terms = agreed.Version, agreed.Withheld, idp.RecipientTerms(agreed.Terms.Text())
		grant.SID, grant.AAL, grant.Methods, grant.AuthTime = current.ID, current.AAL, current.Methods, current.AuthTime
		if grant.Subject, err = idp.PairwiseSubject(ctx, s.Ring, client.SectorOf(), current.AccountID); err != nil {
			return err
		}
		if err := s.Sessions.Joined(ctx, session.Party{SID: current.ID, ClientID: client.ClientID, Subject: grant.Subject}); err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
	}
	if err := s.Engine.AnswerDevice(ctx, d, choice == "allow", grant); err != nil {
		if errors.Is(err, oauth.ErrConsumed) {
			return fault.Wrap(err, fault.DeviceCode)
		}
		return fault.Wrap(err, fault.Unavailable)
	}
	answer := map[string]string{"allow": "approved", "deny": "denied"}[choice]
	return s.Pages.Page(w, r, http.StatusOK, "device", web.Page{Identity: s.Identity(r), Body: web.DevicePage{Answer: answer}})
}

func (s *Server) consentToDevice(r *http.Request, current session.Session, client idp.Client, scopes []string) (idp.Consent, error) {
	person, err := s.Accounts.Person(r.Context(), current.AccountID)
	if err != nil {
		return idp.Consent{}, err
	}
	if person.State != idp.AccountActive {
		return idp.Consent{}, fault.New(fault.Forbidden)
	}
	return s.agree(r, acting{}, current, client, s.Words.Load().Items(scopes), s.claimsFor(r, authflow.Flow{Scopes: scopes}, client, person, nil))
}
