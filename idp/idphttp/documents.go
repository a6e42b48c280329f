package idphttp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// chosenKind is the kind of document that the person chose, else the one that the account is bound to, else the resident
// identity card.
func chosenKind(r *http.Request, person idp.Person) string {
	switch kind := r.FormValue("document"); {
	case kind != "":
		return kind
	case person.IDNumber != "":
		return person.IDType
	}
	return subject.CitizenID
}

// askDocument fills the page of proofing for the chosen kind of document: what else there is, by which methods it may be
// proved, and what the form asks for.
func (s *Server) askDocument(r *http.Request, body *web.ProofingPage, person idp.Person, wanted subject.IAL, flow string) {
	table := s.Accounts.Documents()
	kind, ok := table.Find(chosenKind(r, person))
	if !ok {
		kind, _ = table.Find(subject.CitizenID)
	}
	locale := reqctx.From(r.Context()).Locale
	address := func(document string, ial subject.IAL) string {
		link := "/proofing?ial=" + strconv.Itoa(int(ial))
		if document != subject.CitizenID {
			link += "&document=" + url.QueryEscape(document)
		}
		if flow != "" {
			link += "&flow=" + url.QueryEscape(flow)
		}
		return link
	}
	for _, other := range table.Kinds() {
		body.Kinds = append(body.Kinds, web.ProofingKind{Name: other.Name(locale), URL: address(other.Kind, wanted), Chosen: other.Kind == kind.Kind, Counter: !s.Proofing.Answered(other.Kind)})
	}
	body.Kind, body.Counter = kind.Name(locale), !s.Proofing.Answered(kind.Kind)
	body.Hidden = hidden("flow", flow, "ial", strconv.Itoa(int(wanted)), "document", kind.Kind)
	method := web.ProofingMethod{ID: "document", URL: address(kind.Kind, 1), Reaches: 1, Minutes: 2, Chosen: wanted == 1}
	if kind.Kind == subject.CitizenID {
		method.ID, method.Minutes = "card", 1
	}
	if !body.Counter {
		body.Methods = []web.ProofingMethod{method}
	}
	if reaches := s.Proofing.Reaches(kind); body.Needed > int(reaches) && person.IAL >= reaches {
		body.NoForm = true // name and number lead no further
	}
	if !body.Counter && s.Proofing.Reaches(kind) >= 2 {
		body.Methods = append(body.Methods, web.ProofingMethod{ID: "mobile", URL: address(kind.Kind, 2), Reaches: 2, Minutes: 2, Chosen: wanted == 2})
	}
	s.offerWays(r, body, person, kind, flow)
	s.askFields(r, body, kind)
}

// askFields fills in what the form asks for a kind of document.
func (s *Server) askFields(r *http.Request, body *web.ProofingPage, kind subject.DocumentKind) {
	if kind.Kind != subject.CitizenID {
		body.NumberHint = kind.Form
	}
	if kind.Nationality == subject.NationalityAsked {
		locale := reqctx.From(r.Context()).Locale
		body.Nations, body.Nationality = nations(locale), r.PostFormValue("proofing-nationality")
	}
	body.AskBirth, body.Birth = kind.AsksBirth, r.PostFormValue("proofing-birth")
	body.AskExpiry, body.Expires = kind.Expires, r.PostFormValue("proofing-expires")
	body.AskZone, body.Zone = kind.MRZ, r.PostFormValue("proofing-mrz")
}

// nations are the nationalities to choose from, in the order of the three letters that documents print.
func nations(locale string) []web.Option {
	names := display.Regions(language.Make(locale))
	all := make([]web.Option, 0, 240)
	for _, code := range subject.Nationalities() {
		label := code
		if region, err := language.ParseRegion(subject.Alpha2(code)); err == nil && names != nil {
			label += " " + names.Name(region)
		}
		all = append(all, web.Option{Value: code, Label: label})
	}
	return slices.Clip(all)
}
