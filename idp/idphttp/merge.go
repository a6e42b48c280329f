package idphttp

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/web"
)

// Two accounts of one person become one (one legal identity, one account): signed in to one of them a moment ago, the
// person shows control of the other by its password or by a code, reads what will happen, and agrees.

const (
	freshMerge   = 5 * time.Minute  // age of the login before the other account is named
	ticketMerge  = 10 * time.Minute // life of what shows control of the other account
	purposeMerge = authn.Purpose("merge")
)

// mergePages adds the pages of merging.
func (s *Server) mergePages(page func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error)) {
	page("GET /merge", s.mergePage)
	page("POST /merge", s.mergeStart)
	page("POST /merge/code", s.mergeCode)
	page("POST /merge/confirm", s.mergeConfirm)
}

// merging is the session of somebody who may merge now; ok is false when the answer was written already.
func (s *Server) merging(w http.ResponseWriter, r *http.Request, life time.Duration) (current session.Session, ok bool, err error) {
	current, ok, err = s.Session(r)
	switch {
	case err != nil:
		return current, false, err
	case !ok:
		return current, false, s.toLogin(w, r, "/merge")
	case s.Now().Sub(current.AuthTime) > life:
		return current, false, s.showMerge(w, r, http.StatusUnauthorized, web.MergePage{Step: web.MergeStale}, nil)
	}
	return current, true, nil
}

func (s *Server) showMerge(w http.ResponseWriter, r *http.Request, status int, body web.MergePage, failures []web.FieldError) error {
	return s.Pages.Page(w, r, status, "merge", web.Page{Identity: s.Identity(r), Errors: failures, Body: body})
}

func (s *Server) mergePage(w http.ResponseWriter, r *http.Request) error {
	if _, ok, err := s.merging(w, r, freshMerge); !ok {
		return err
	}
	return s.showMerge(w, r, http.StatusOK, web.MergePage{Step: web.MergeBegin}, nil)
}

func (s *Server) mergeAgain(w http.ResponseWriter, r *http.Request, err error, field string) error {
	status := fault.MetaOf(fault.CodeOf(err)).Status
	if status >= http.StatusInternalServerError {
		return err
	}
	body := web.MergePage{Step: web.MergeBegin, Identifier: r.PostFormValue("merge-identifier")}
	return s.showMerge(w, r, status, body, s.failed(w, r, err, field))
}

// mergeStart takes the name of the other account with its password, or sends a code to it. Whether there is such an account
// cannot be seen from the answer.
func (s *Server) mergeStart(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.merging(w, r, freshMerge)
	if !ok {
		return err
	}
	typed := r.PostFormValue("merge-identifier")
	identifier, err := subject.ParseIdentifier(typed)
	if err != nil {
		return s.mergeAgain(w, r, fault.New(fault.IdentifierInvalid), "merge-identifier")
	}
	if r.PostFormValue("merge-by-code") != "" {
		challenge, err := s.sendBy(w, r, identifier, purposeMerge)
		if sent, status, ok := keepsCode(r, err); ok {
			return s.showMergeCode(w, r, status, sent, identifier, s.failed(w, r, err, "otp-resend"))
		}
		if err != nil {
			return s.mergeAgain(w, r, err, "merge-identifier")
		}
		s.Wake()
		return s.showMergeCode(w, r, http.StatusOK, challenge, identifier, nil)
	}
	login, err := s.Password.Login(r.Context(), typed, r.PostFormValue("merge-password"), reqctx.From(r.Context()).Source())
	if err != nil {
		return s.mergeAgain(w, r, err, "merge-password")
	}
	return s.mergeAsk(w, r, current, idp.Control{AccountID: login.AccountID, Methods: login.Methods})
}

func (s *Server) showMergeCode(w http.ResponseWriter, r *http.Request, status int, challenge string, identifier subject.Identifier, failures []web.FieldError) error {
	inbox := ""
	if s.Inbox != nil {
		inbox = "/inbox"
	}
	return s.Pages.Page(w, r, status, "otp", web.Page{Identity: s.Identity(r), Errors: failures, Body: web.OTPPage{Action: "/merge/code",
		Hidden: hidden("challenge", challenge, "merge-identifier", identifier.Value, "merge-by-code", "1"),
		To:     subject.MaskIdentifier(identifier), Minutes: int(authn.CodeLife / time.Minute), ResendAction: "/merge", ResendAfter: 60, InboxURL: inbox,
		Voice: s.offersCall(identifier), Called: asksCall(r) && len(failures) == 0}})
}

func (s *Server) mergeCode(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.merging(w, r, freshMerge+ticketMerge)
	if !ok {
		return err
	}
	identifier, err := subject.ParseIdentifier(r.PostFormValue("merge-identifier"))
	if err != nil {
		return fault.New(fault.Malformed)
	}
	challenge := r.PostFormValue("challenge")
	err = s.Codes.Check(r.Context(), challenge, identifier, purposeMerge, s.cookie(r, cookieBrowser), digitsOf(r.PostFormValue("otp-code")))
	if fault.CodeOf(err) == fault.CodeWrong {
		return s.showMergeCode(w, r, http.StatusUnauthorized, challenge, identifier, s.failed(w, r, err, "otp-code"))
	}
	if err != nil {
		return err
	}
	account, err := s.Accounts.ByIdentifier(r.Context(), identifier)
	if errors.Is(err, idp.ErrNotFound) { // whoever controls the number may know that nobody registered with it
		return s.mergeAgain(w, r, fault.Wrap(err, fault.MergeImpossible), "merge-identifier")
	}
	if err != nil {
		return err
	}
	return s.mergeAsk(w, r, current, idp.Control{AccountID: account.ID, Methods: []string{"otp"}})
}

// mergeAsk shows what would happen, with what shows control of the other account sealed into the form.
func (s *Server) mergeAsk(w http.ResponseWriter, r *http.Request, current session.Session, other idp.Control) error {
	if err := s.unguarded(r.Context(), other.AccountID); err != nil {
		return s.mergeAgain(w, r, err, "merge-identifier")
	}
	survivor, absorbed, err := s.Mergers.Plan(r.Context(), idp.Control{AccountID: current.AccountID, Methods: current.Methods}, other)
	if err != nil {
		return s.mergeAgain(w, r, err, "merge-identifier")
	}
	ticket, err := s.sealControl(r.Context(), control{SID: current.ID, Current: current.AccountID, Other: other, Expires: s.Now().Add(ticketMerge)})
	if err != nil {
		return err
	}
	body := web.MergePage{Step: web.MergeConfirm, Hidden: hidden("merge-ticket", ticket), StaysHere: survivor.ID == current.AccountID}
	if body.Stays, err = s.Mergers.Masked(r.Context(), survivor); err != nil {
		return err
	}
	if body.Goes, err = s.Mergers.Masked(r.Context(), absorbed); err != nil {
		return err
	}
	return s.showMerge(w, r, http.StatusOK, body, nil)
}

// mergeConfirm merges. Afterwards the person is signed in to the account that goes on: control of both was shown.
func (s *Server) mergeConfirm(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.merging(w, r, freshMerge+2*ticketMerge)
	if !ok {
		return err
	}
	shown, err := s.openControl(r.Context(), r.PostFormValue("merge-ticket"))
	if err != nil || shown.SID != current.ID || shown.Current != current.AccountID || !s.Now().Before(shown.Expires) {
		return s.showMerge(w, r, http.StatusUnauthorized, web.MergePage{Step: web.MergeStale}, nil)
	}
	if err := s.unguarded(r.Context(), shown.Other.AccountID); err != nil {
		return s.mergeAgain(w, r, err, "merge-identifier")
	}
	survivor, err := s.Mergers.Merge(r.Context(), idp.Control{AccountID: current.AccountID, Methods: current.Methods}, shown.Other)
	if err != nil {
		return s.mergeAgain(w, r, err, "merge-identifier")
	}
	if survivor != current.AccountID {
		forget(r)
		login := idp.Login{AccountID: survivor, AAL: 1, Methods: shown.Other.Methods, At: s.Now().UTC()}
		if err := s.signInThen(w, r, login, func(started session.Session) error { return s.noteDevice(w, r, started) }); err != nil {
			return err
		}
	}
	return s.Pages.Page(w, r, http.StatusOK, "merge", web.Page{Body: web.MergePage{Step: web.MergeDone}})
}

// unguarded refuses an account with a second factor, which one factor must not open by this way either (security rule 8): its
// person signs in to it and merges from there.
func (s *Server) unguarded(ctx context.Context, accountID string) error {
	second, err := s.Ways.Second(ctx, accountID)
	if err == nil && len(second) > 0 {
		return fault.New(fault.MergeSecond)
	}
	return err
}

// control is what shows that the person of a session controls another account, for a few minutes.
type control struct {
	SID     string      `json:"sid"`
	Current string      `json:"current"`
	Other   idp.Control `json:"other"`
	Expires time.Time   `json:"expires"`
}

func (s *Server) sealControl(ctx context.Context, c control) (string, error) {
	content, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	sum, err := s.controlSum(ctx, content)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(content) + "." + base64.RawURLEncoding.EncodeToString(sum), nil
}

func (s *Server) openControl(ctx context.Context, ticket string) (control, error) {
	var c control
	body, tag, _ := strings.Cut(ticket, ".")
	content, err := base64.RawURLEncoding.DecodeString(body)
	given, errTag := base64.RawURLEncoding.DecodeString(tag)
	if err != nil || errTag != nil {
		return c, fault.New(fault.Malformed)
	}
	sum, err := s.controlSum(ctx, content)
	if err != nil {
		return c, err
	}
	if subtle.ConstantTimeCompare(sum, given) == 0 {
		return c, fault.New(fault.Malformed)
	}
	return c, json.Unmarshal(content, &c)
}

func (s *Server) controlSum(ctx context.Context, content []byte) ([]byte, error) {
	mac, err := s.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, []byte("merge-control"), content)
}
