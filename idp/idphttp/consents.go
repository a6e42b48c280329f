package idphttp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

func withdrawURL(clientID string) string {
	return "/me/consents/withdrawal?" + url.Values{"client": {clientID}}.Encode()
}

// withdrawConsent ends what the signed-in person allowed an application: its refresh tokens and access tokens end with it
// (O-37). Withdrawing twice, or what was never given, changes nothing and is no error.
func (s *Server) withdrawConsent(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return toLogin(w, r, "/me")
	}
	client := r.URL.Query().Get("client")
	if client == "" || len(client) > 128 {
		return fault.New(fault.Malformed)
	}
	if err := s.Engine.WithdrawConsent(r.Context(), current.AccountID, client); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return see(w, r, "/me")
}

// claimsFor lists the claims behind the scopes and those asked for one by one, with the person's own masked values.
func (s *Server) claimsFor(r *http.Request, f authflow.Flow, client idp.Client, p idp.Person, m *mandate.Mandate) []web.Claim {
	words, locale := s.Words.Load(), s.Pages.Locale(r)
	singles := slices.Concat(f.Claims, f.UserinfoClaims)
	var all []web.Claim
	for _, name := range words.Claims() {
		asked, single := words.Opens(f.Scopes, name), slices.Contains(singles, name) && words.Opens(client.Scopes(), name)
		value, quiet := words.Shown(name, &p, s.Now)
		if client.MayHave(name) && (m == nil || m.Opens(name)) && (asked && !quiet || single && !asked) {
			all = append(all, shownClaim(words, client, name, s.shownValue(r, value), locale))
		}
	}
	if client.MayHave("ial") {
		all = append(all, shownClaim(words, client, "ial", "", locale))
	}
	return all
}

// shownValue is a value in words; a number says nothing to a person.
func (s *Server) shownValue(r *http.Request, value any) string {
	switch value := value.(type) {
	case string:
		return value
	case bool:
		if value {
			return s.Pages.Text(r, "verify.answer.yes")
		}
		return s.Pages.Text(r, "verify.answer.no")
	}
	return ""
}

// shownClaim is a claim on the consent page, under its law where it has one.
func shownClaim(words *idp.Vocabulary, client idp.Client, name, value, locale string) web.Claim {
	known, _ := words.Claim(name)
	claim := web.Claim{Name: name, Label: known.Title[locale], Value: value, Kind: web.ClaimNeeded, Basis: words.BasisOf(client, name), Sensitive: known.Sensitive}
	if claim.Basis != "" {
		claim.Kind = web.ClaimStatutory
	}
	return claim
}

// scopesFor are the scopes of a request that show no claim, in the words of the vocabulary. One that nobody defined stands
// there as it is.
func (s *Server) scopesFor(r *http.Request, f authflow.Flow, client idp.Client) []string {
	words, locale := s.Words.Load(), s.Pages.Locale(r)
	var all []string
	for _, name := range f.Scopes {
		known, ok := words.Scope(name)
		shown := slices.ContainsFunc(known.Claims, client.MayHave)
		switch {
		case name == "openid" || shown:
		case !ok:
			all = append(all, name)
		case known.Description[locale] != "":
			all = append(all, s.Pages.Text(r, "consent.scope", "title", known.Title[locale], "text", known.Description[locale]))
		default:
			all = append(all, known.Title[locale])
		}
	}
	return all
}

// itemTitles are the items of a consent in words; a claim that one of its scopes opens is not said again.
func (s *Server) itemTitles(r *http.Request, items []string) []string {
	words, locale := s.Words.Load(), s.Pages.Locale(r)
	var all []string
	for _, item := range items {
		name, single := strings.CutPrefix(item, idp.ClaimItem)
		scope, isScope := words.Scope(item)
		claim, isClaim := words.Claim(name)
		switch {
		case single && words.Opens(items, name):
		case single && isClaim:
			all = append(all, claim.Title[locale])
		case isScope:
			all = append(all, scope.Title[locale])
		default:
			all = append(all, item)
		}
	}
	return all
}
