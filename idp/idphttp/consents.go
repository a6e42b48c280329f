package idphttp

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

func withdrawURL(clientID string) string {
	return "/me/consents/withdrawal?" + url.Values{"client": {clientID}}.Encode()
}

func consentURL(clientID string) string {
	return "/me/consents?" + url.Values{"client": {clientID}}.Encode()
}

// claimNames are the names of claims on a page, and of those that the application cannot do without.
func claimNames(claims []web.Claim) (all, needed []string) {
	for _, c := range claims {
		all = append(all, c.Name)
		if c.Kind == web.ClaimNeeded {
			needed = append(needed, c.Name)
		}
	}
	return all, needed
}

// agreed reads what the person allowed before. A claim more, another purpose or another basis than the person agreed to makes
// it nothing, so that it is asked again.
func (s *Server) agreed(r *http.Request, state *authflow.State, claims []web.Claim, client idp.Client, accountID string) (err error) {
	if state.Agreed, err = s.Flows.ConsentInForce(r.Context(), accountID, client.ClientID); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	all, needed := claimNames(claims)
	if state.Agreed.Covers(idp.TermsOf(client, all), needed) {
		state.Consented = state.Agreed.Scopes
	}
	return nil
}

// agree stores what the person allows now, as it was shown. Of the form only the ticks of optional claims count; what was
// asked for stands in the stored request (O-45).
func (s *Server) agree(r *http.Request, accountID string, client idp.Client, items []string, claims []web.Claim) (idp.Consent, error) {
	ctx := r.Context()
	before, err := s.Flows.ConsentInForce(ctx, accountID, client.ClientID)
	if err != nil {
		return before, fault.Wrap(err, fault.Unavailable)
	}
	var withheld []string
	shown := idp.ShownConsent{App: client.ClientName, Department: client.Department, Purpose: client.Purpose}
	for _, c := range claims {
		given := c.Kind != web.ClaimOptional || slices.Contains(r.PostForm["claim"], c.Name)
		if !given {
			withheld = append(withheld, c.Name)
		}
		shown.Claims = append(shown.Claims, idp.ShownClaim{Name: c.Name, Label: s.Pages.Word(r, "claim.", c.Name), Purpose: client.PurposeOf(c.Name), Kind: c.Kind, Basis: c.Basis, Given: given})
	}
	all, _ := claimNames(claims)
	after := before.Widened(items, idp.TermsOf(client, all), withheld)
	after.Locale, after.GivenAt = s.Pages.Locale(r), s.Now().UTC()
	if after.Shown, err = json.Marshal(shown); err != nil {
		return before, err
	}
	e := idp.Event(ctx, s.Now(), "consent.given", "account", accountID, map[string]string{"client": client.ClientID, "scopes": strings.Join(items, " "), "withheld": strings.Join(withheld, " ")})
	if after, err = s.Flows.GiveConsent(ctx, after, audit.With(e)); err != nil {
		return before, fault.Wrap(err, fault.Unavailable)
	}
	return after, nil
}

// bridgeClaims are the claims for a portal behind a bridge, without those that the person does not give it, written down
// before they leave.
func (s *Server) bridgeClaims(ctx context.Context, person idp.Person, client idp.Client, scopes []string) (map[string]any, error) {
	agreed, err := s.Flows.ConsentInForce(ctx, person.AccountID, client.ClientID)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	claims := s.Tokens.PersonClaims(person, client.Withholding(agreed.Withheld), scopes, nil)
	return claims, s.release(ctx, client, person.AccountID, "", idp.ChannelBridge, claims, agreed.Version)
}

// withdrawConsent ends what the signed-in person allowed an application: its refresh tokens and access tokens end with it
// (O-37). Withdrawing twice, or what was never given, changes nothing and is no error.
func (s *Server) withdrawConsent(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
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

const consentVersions = 20

// consentDetail shows what an application may have, claim by claim, and the versions of the consent.
func (s *Server) consentDetail(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	agreed, client, err := s.consentOf(r, current.AccountID)
	if err != nil {
		return err
	}
	person, err := s.person(r, current)
	if err != nil {
		return err
	}
	body := web.ConsentDetailPage{App: client.ClientName, Department: client.Department, Purpose: client.Purpose, RevokeURL: withdrawURL(client.ClientID), Action: consentURL(client.ClientID)}
	for _, c := range claimsFor(authflow.Flow{Scopes: agreed.Scopes, Claims: singleClaims(agreed.Scopes)}, client, person) {
		body.Claims = append(body.Claims, web.ConsentedClaim{Claim: c, Given: !slices.Contains(agreed.Withheld, c.Name) || !client.Refusable(c.Name), Refusable: client.Refusable(c.Name)})
	}
	versions, err := s.Flows.ConsentVersions(r.Context(), current.AccountID, client.ClientID, consentVersions)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	for _, v := range versions {
		body.Versions = append(body.Versions, versionShown(v))
	}
	return s.Pages.Page(w, r, http.StatusOK, "consent-detail", web.Page{Identity: s.Identity(r), Self: consentURL(client.ClientID), Body: body})
}

// singleClaims are the claims among the items of a consent that were asked for one by one.
func singleClaims(items []string) (names []string) {
	for _, item := range items {
		if name, single := authflow.ItemClaim(item); single {
			names = append(names, name)
		}
	}
	return names
}

// versionShown is a version of a consent in the words in which it was shown.
func versionShown(c idp.Consent) web.ConsentVersion {
	v := web.ConsentVersion{Number: c.Version, At: c.GivenAt, Ended: c.EndedAt, Locale: c.Locale}
	var shown idp.ShownConsent
	if json.Unmarshal(c.Shown, &shown) != nil {
		return v // a consent of a release that did not keep what was shown
	}
	v.Purpose = shown.Purpose
	for _, claim := range shown.Claims {
		if claim.Given && !slices.Contains(c.Withheld, claim.Name) {
			v.Given = append(v.Given, claim.Label)
		} else {
			v.Refused = append(v.Refused, claim.Label)
		}
	}
	return v
}

// consentOf is the consent and the client that the address names.
func (s *Server) consentOf(r *http.Request, accountID string) (idp.Consent, idp.Client, error) {
	id := r.URL.Query().Get("client")
	client, ok := s.party(id)
	if id == "" || len(id) > 128 || !ok {
		return idp.Consent{}, client, fault.New(fault.NotFound)
	}
	agreed, err := s.Flows.ConsentInForce(r.Context(), accountID, client.ClientID)
	if err != nil {
		return agreed, client, fault.Wrap(err, fault.Unavailable)
	}
	if agreed.Version == 0 {
		return agreed, client, fault.New(fault.NotFound)
	}
	return agreed, client, nil
}

// consentClaim withdraws one claim, or gives it again.
func (s *Server) consentClaim(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	if err := s.setClaim(r, current.AccountID, r.PostFormValue("claim"), r.PostFormValue("give") == "1"); err != nil {
		return err
	}
	return see(w, r, consentURL(r.URL.Query().Get("client")))
}

func (s *Server) setClaim(r *http.Request, accountID, claim string, give bool) error {
	agreed, client, err := s.consentOf(r, accountID)
	if err != nil {
		return err
	}
	if !slices.Contains(idp.PersonClaims, claim) || !client.Refusable(claim) {
		return fault.New(fault.ClaimNotRefusable)
	}
	if give != slices.Contains(agreed.Withheld, claim) {
		return nil // as it is
	}
	versions, err := s.Flows.ConsentVersions(r.Context(), accountID, client.ClientID, 1)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if len(versions) > 0 { // what was shown stays what was shown
		agreed.Shown, agreed.Locale = versions[0].Shown, versions[0].Locale
	}
	kind := "consent.claim_withdrawn"
	if agreed.Withheld = slices.DeleteFunc(slices.Clone(agreed.Withheld), func(c string) bool { return c == claim }); give {
		kind = "consent.claim_given"
	} else {
		agreed.Withheld = slices.Sorted(slices.Values(append(agreed.Withheld, claim)))
	}
	agreed.GivenAt = s.Now().UTC()
	e := idp.Event(r.Context(), s.Now(), kind, "account", accountID, map[string]string{"client": client.ClientID, "claim": claim})
	if _, err := s.Flows.GiveConsent(r.Context(), agreed, audit.With(e)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}
