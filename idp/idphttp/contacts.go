package idphttp

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	contactsPath = "/me/security/contacts"
	// contactLife is how long somebody may take to show both codes.
	contactLife = 15 * time.Minute
	// freshProof is how young a proof of level 3 must be to stand in for the code of a number that was lost.
	freshProof = 15 * time.Minute
)

// contactChange is a mobile number or an address on its way into an account: bound to the browser, taken once.
type contactChange struct {
	AccountID string             `json:"account_id"`
	New       subject.Identifier `json:"new"`
	// Old is what it takes the place of, nil when the account has none of the kind. Its code comes first.
	Old       *subject.Identifier `json:"old,omitempty"`
	OldProven bool                `json:"old_proven,omitempty"`
}

// asked is whose code is asked for now.
func (c contactChange) asked() (subject.Identifier, authn.Purpose) {
	if c.Old != nil && !c.OldProven {
		return *c.Old, authn.PurposeContactOld
	}
	return c.New, authn.PurposeContactNew
}

// contactStart begins a change: a code to the contact that goes, unless its person has just been proved at level 3, and then one to the
// one that comes (experience specification 3.4).
func (s *Server) contactStart(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	identifier, err := subject.ParseIdentifier(r.PostFormValue("contact-new"))
	if err != nil || identifier.Kind != subject.Mobile && identifier.Kind != subject.Email {
		return s.showSecurity(w, r, http.StatusUnprocessableEntity, s.failed(w, r, fault.New(fault.IdentifierInvalid), "contact-new"))
	}
	account, err := s.Accounts.Account(ctx, current.AccountID)
	if err != nil {
		return err
	}
	person, err := s.Accounts.Open(ctx, account)
	if err != nil {
		return err
	}
	change := contactChange{AccountID: account.ID, New: identifier}
	if value := map[subject.IdentifierKind]string{subject.Mobile: person.Mobile, subject.Email: person.Email}[identifier.Kind]; value != "" {
		change.Old = &subject.Identifier{Kind: identifier.Kind, Value: value}
	}
	if change.Old != nil && *change.Old == identifier {
		return s.showSecurity(w, r, http.StatusUnprocessableEntity, s.failed(w, r, fault.New(fault.ContactOwn), "contact-new"))
	}
	proof := account.InForce(s.Now())
	// A recovery by proof is by a way that gives at least the level of the account, so it shows as much as evidence of that level does.
	proved := proof != nil && s.Now().Sub(proof.At) <= freshProof || slices.Contains(current.Methods, authn.WordProved) && s.Now().Sub(current.AuthTime) <= freshProof
	change.OldProven = change.Old != nil && proof != nil && proof.IAL >= 3 && proved
	return s.contactAsk(w, r, change, func(err error) error { return s.changed(w, r, err) })
}

// contactAsk sends the next code and shows where it is typed; refused answers where none is sent.
func (s *Server) contactAsk(w http.ResponseWriter, r *http.Request, change contactChange, refused func(error) error) error {
	ctx := r.Context()
	to, purpose := change.asked()
	challenge, err := s.sendBy(w, r, to, purpose)
	if err != nil {
		return refused(err)
	}
	s.Wake()
	browser, err := s.browserHash(ctx, s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	step, err := s.Steps.Begin(ctx, authn.StepContact, browser, change, contactLife)
	if err != nil {
		return err
	}
	return s.showContactCode(w, r, http.StatusOK, change, step, challenge, nil)
}

func (s *Server) showContactCode(w http.ResponseWriter, r *http.Request, status int, change contactChange, step, challenge string, failures []web.FieldError) error {
	to, purpose := change.asked()
	body := web.OTPPage{Action: contactsPath + "/code", ResendAction: contactsPath + "/resend", ResendAfter: 60, Hidden: hidden("step", step, "challenge", challenge), To: subject.MaskIdentifier(to),
		Minutes: int(authn.CodeLife / time.Minute), Step: 1, Steps: 1, Old: purpose == authn.PurposeContactOld,
		Voice: s.offersCall(to), Called: asksCall(r) && len(failures) == 0}
	if change.Old != nil {
		body.Steps = 2
		if change.OldProven {
			body.Step = 2
		}
	}
	if s.Inbox != nil {
		body.InboxURL = "/inbox"
	}
	return s.Pages.Page(w, r, status, "otp", web.Page{Identity: s.Identity(r), Errors: failures, Body: body})
}

// contactChanging is the change that the form goes on with, and the session in which it began.
func (s *Server) contactChanging(r *http.Request, read func(browser []byte, v *contactChange) error) (v contactChange, current session.Session, err error) {
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return v, current, err
	}
	if err := read(browser, &v); err != nil {
		return v, current, err
	}
	current, ok, err := s.Session(r)
	if err == nil && (!ok || current.AccountID != v.AccountID) {
		err = fault.New(fault.StepLost)
	}
	return v, current, err
}

func (s *Server) contactResend(w http.ResponseWriter, r *http.Request) error {
	change, _, err := s.contactChanging(r, func(browser []byte, v *contactChange) error {
		return s.Steps.Look(r.Context(), authn.StepContact, browser, r.PostFormValue("step"), v)
	})
	if err != nil {
		return err
	}
	return s.contactAsk(w, r, change, func(err error) error {
		if sent, status, ok := keepsCode(r, err); ok {
			return s.showContactCode(w, r, status, change, r.PostFormValue("step"), sent, s.failed(w, r, err, "otp-resend"))
		}
		return s.changed(w, r, err)
	})
}

// contactCode takes a code: of the contact that goes, then that of the one that comes, with which the change is made.
func (s *Server) contactCode(w http.ResponseWriter, r *http.Request) error {
	ctx, step, challenge := r.Context(), r.PostFormValue("step"), r.PostFormValue("challenge")
	change, _, err := s.contactChanging(r, func(browser []byte, v *contactChange) error {
		return s.Steps.Look(ctx, authn.StepContact, browser, step, v)
	})
	if err != nil {
		return err
	}
	asked, purpose := change.asked()
	err = s.Codes.Check(ctx, challenge, asked, purpose, s.cookie(r, cookieBrowser), digitsOf(r.PostFormValue("otp-code")))
	if fault.CodeOf(err) == fault.CodeWrong {
		return s.showContactCode(w, r, http.StatusUnauthorized, change, step, challenge, s.failed(w, r, err, "otp-code"))
	}
	if err != nil {
		return err
	}
	if _, _, err := s.contactChanging(r, func(browser []byte, v *contactChange) error {
		return s.Steps.Take(ctx, authn.StepContact, browser, step, v)
	}); err != nil {
		return err
	}
	if purpose == authn.PurposeContactOld {
		change.OldProven = true
		return s.contactAsk(w, r, change, func(err error) error { return s.changed(w, r, err) })
	}
	return s.contactFinish(w, r, change, challenge)
}

// contactFinish makes the change and tells both the old and the new contact.
func (s *Server) contactFinish(w http.ResponseWriter, r *http.Request, change contactChange, challenge string) error {
	ctx := r.Context()
	messages, err := authn.Notices(authn.NoticeContact+"/"+challenge, authn.Notice{AccountID: change.AccountID, What: authn.NoticeContact})
	if err != nil {
		return err
	}
	if change.Old != nil { // notices go to what the account holds by then
		payload, err := s.Encode(ctx, authn.Message{To: change.Old.Value, Kind: string(change.Old.Kind), Template: authn.NoticeContact, Locale: reqctx.From(ctx).Locale, Until: s.Now().Add(24 * time.Hour)})
		if err != nil {
			return err
		}
		messages = append(messages, audit.Message{Topic: authn.TopicMessage, Key: authn.NoticeContact + "/" + challenge + "/old", Payload: payload})
	}
	err = s.Accounts.ChangeContact(ctx, change.AccountID, change.Old, change.New, messages...)
	if errors.Is(err, idp.ErrConflict) {
		return fault.New(fault.StepLost)
	}
	if err != nil {
		return s.changed(w, r, err)
	}
	s.Wake()
	return see(w, r, securityPath+"?"+url.Values{"done": {"contact"}}.Encode())
}
