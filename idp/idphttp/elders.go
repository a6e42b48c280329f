package idphttp

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// elderPath is where a helper follows a request that an elder confirms by telephone.
const elderPath = "/me/mandates/telephone"

func (s *Server) elderPages(page func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error)) {
	page("GET "+elderPath+"/{id}", s.elderPage)
	page("POST "+elderPath+"/{id}/code", s.elderCode)
	page("POST "+elderPath+"/{id}/end", s.elderEnd)
}

// byTelephone reports whether a form of mandates asks that the elder confirms by telephone.
func byTelephone(r *http.Request) bool {
	return r.FormValue("ask") != "" && r.PostFormValue("mandate-confirm") == "telephone"
}

// askElder is giveMandate for such a form: only an elder's helper confirms so, with the rights of the kind.
func (s *Server) askElder(r *http.Request, current session.Session, t mandate.Terms) (mandate.PhoneRequest, error) {
	if t.Kind != mandate.ElderHelper {
		return mandate.PhoneRequest{}, fault.New(fault.MandateTerms).WithField("mandate-kind", fault.MandateTerms)
	}
	by := mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}
	return s.Mandates.AskByPhone(r.Context(), by, r.PostFormValue("mandate-name"), r.PostFormValue("mandate-to"), mandate.Terms{Items: t.Items, Until: t.Until})
}

// elderRequest is a request as its helper sees it: what was typed, masked.
func (s *Server) elderRequest(ctx context.Context, r mandate.PhoneRequest) (web.ElderRequest, error) {
	typed, err := s.Mandates.PhoneTyped(ctx, r)
	if err != nil {
		return web.ElderRequest{}, err
	}
	tone := map[mandate.PhoneState]string{mandate.PhoneConfirmed: "success", mandate.PhoneCode: "warning", mandate.PhoneWaiting: "warning"}[r.State]
	if tone == "" {
		tone = "neutral"
	}
	return web.ElderRequest{Name: subject.MaskName(typed.Name), Number: subject.MaskIdentifier(subject.Identifier{Kind: subject.Mobile, Value: typed.Number}), State: string(r.State), Tone: tone, At: r.CreatedAt, URL: elderPath + "/" + r.ID}, nil
}

// elderRequests are those on the list of mandates.
func (s *Server) elderRequests(r *http.Request, account string, body *web.MandatesPage) error {
	page, next, err := s.Mandates.PhoneRequests(r.Context(), account, r.URL.Query().Get("telephone"), mandatesOnPage)
	if err != nil {
		return err
	}
	for _, one := range page {
		item, err := s.elderRequest(r.Context(), one)
		if err != nil {
			return err
		}
		body.Telephone = append(body.Telephone, item)
	}
	if next != "" {
		body.MoreTelephone = "/me/mandates?" + url.Values{"telephone": {next}}.Encode()
	}
	return nil
}

func (s *Server) elderPage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	return s.showElder(w, r, current, nil)
}

func (s *Server) showElder(w http.ResponseWriter, r *http.Request, current session.Session, refusal error) error {
	request, err := s.Mandates.PhoneRequest(r.Context(), current.AccountID, r.PathValue("id"))
	if err != nil {
		return err
	}
	item, err := s.elderRequest(r.Context(), request)
	if err != nil {
		return err
	}
	policy := s.Mandates.PhonePolicy()
	clock := func(d time.Duration) string { return fmt.Sprintf("%d:%02d", int(d.Hours()), int(d.Minutes())%60) }
	body := web.ElderRequestPage{Request: item, Items: request.Items, Until: request.NotAfter, Called: request.Channel == channel.Voice, CodeUntil: request.CodeUntil, Hours: int(policy.Pause.Hours()), From: clock(policy.From), To: clock(policy.To)}
	switch request.State {
	case mandate.PhoneCode:
		body.CodeURL, body.WithdrawAt, body.TriesLeft = item.URL+"/code", item.URL+"/end", policy.CodeTries-request.Tries
	case mandate.PhoneWaiting:
		body.WithdrawAt = item.URL + "/end"
	case mandate.PhoneConfirmed:
		body.MandateURL = "/me/mandates/" + request.MandateID
	default:
		body.AgainURL = "/me/mandates/new?ask=1"
	}
	if s.Inbox != nil && body.WithdrawAt != "" {
		body.InboxURL = "/inbox"
	}
	page, status := web.Page{Identity: s.Identity(r), Body: body}, http.StatusOK
	if refusal != nil {
		page.Errors, status = s.failed(w, r, refusal, ""), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	return s.Pages.Page(w, r, status, "elder-request", page)
}

func (s *Server) elderCode(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	_, err = s.Mandates.TypePhoneCode(r.Context(), mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}, r.PathValue("id"), digitsOf(r.PostFormValue("otp-code")))
	return s.elderAnswer(w, r, current, err)
}

func (s *Server) elderEnd(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	return s.elderAnswer(w, r, current, s.Mandates.WithdrawPhoneRequest(r.Context(), mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}, r.PathValue("id")))
}

func (s *Server) elderAnswer(w http.ResponseWriter, r *http.Request, current session.Session, err error) error {
	switch status := fault.MetaOf(fault.CodeOf(err)).Status; {
	case err == nil:
		return see(w, r, elderPath+"/"+r.PathValue("id"))
	case status == http.StatusNotFound || status >= http.StatusInternalServerError:
		return err
	}
	return s.showElder(w, r, current, err)
}
