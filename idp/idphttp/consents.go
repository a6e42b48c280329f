package idphttp

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/session"
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
func (s *Server) agreed(r *http.Request, state *authflow.State, claims []web.Claim, client idp.Client, consenter string) (err error) {
	if state.Agreed, err = s.Flows.ConsentInForce(r.Context(), consenter, client.ClientID); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	all, needed := claimNames(claims)
	terms := s.Words.Load().TermsOf(client, all)
	if state.Agreed.Covers(terms, needed) {
		state.Consented = state.Agreed.Scopes
	} else {
		state.Unshown = terms.Recipients()
	}
	return nil
}

// agree stores what the person allows now, as it was shown; what was allowed while acting is kept under the mandate. Of the
// form only the ticks of optional claims and of recipients count; what was asked for stands in the stored request (O-45).
func (s *Server) agree(r *http.Request, a acting, current session.Session, client idp.Client, items []string, claims []web.Claim) (idp.Consent, error) {
	ctx, words, now := r.Context(), s.Words.Load(), s.Now().UTC()
	var withheld []string
	page := idp.ShownConsent{App: client.ClientName, Department: client.Department, Purpose: client.Purpose}
	for _, c := range claims {
		given := c.Kind != web.ClaimOptional || slices.Contains(r.PostForm["claim"], c.Name)
		if !given {
			withheld = append(withheld, c.Name)
		}
		page.Claims = append(page.Claims, idp.ShownClaim{Name: c.Name, Label: s.claimLabel(r, c), Purpose: client.PurposeOf(c.Name), Kind: c.Kind, Basis: c.Basis, Given: given})
	}
	var refused []string
	for _, recipient := range recipientsFor(client, claims) {
		given := !recipient.Refusable || slices.Contains(r.PostForm["recipient"], recipient.ID)
		if !given {
			refused = append(refused, idp.WithheldItem(recipient.ID))
		}
		page.Recipients = append(page.Recipients, s.shownRecipient(r, recipient, given))
	}
	shown, err := json.Marshal(page)
	if err != nil {
		return idp.Consent{}, err
	}
	withheld = append(withheld, refused...)
	all, _ := claimNames(claims)
	terms := words.TermsOf(client, all)
	e := idp.Event(ctx, now, "consent.given", "account", current.AccountID, map[string]string{"client": client.ClientID, "scopes": strings.Join(items, " "), "withheld": strings.Join(withheld, " ")})
	if a.mandate != nil {
		e.ActingFor, e.Details["mandate"] = a.mandate.Principal, a.mandate.ID
	}
	after, err := s.Flows.GiveConsent(ctx, a.consents(current), client.ClientID, func(before idp.Consent) (idp.Consent, error) {
		next := before.Widened(items, terms, withheld)
		next.Shown, next.Locale, next.GivenAt = shown, s.Pages.Locale(r), now
		return next, nil
	}, audit.With(e))
	if err != nil {
		return after, fault.Wrap(err, fault.Unavailable)
	}
	return after, nil
}

func (s *Server) claimLabel(r *http.Request, c web.Claim) string {
	if c.Label != "" {
		return c.Label
	}
	return s.Pages.Word(r, "claim.", c.Name)
}

// shownRecipient is a recipient as it stood on the page.
func (s *Server) shownRecipient(r *http.Request, recipient web.Recipient, given bool) idp.ShownRecipient {
	one := idp.ShownRecipient{Department: recipient.ID, Name: recipient.Name, Given: given}
	for _, c := range recipient.Claims {
		one.Claims = append(one.Claims, idp.ShownClaim{Name: c.Name, Label: s.claimLabel(r, c), Purpose: c.Purpose, Kind: c.Kind, Basis: c.Basis, Days: c.Retention, Given: given || c.Basis != ""})
	}
	return one
}

// recipientsFor are the departments to which an application passes on what it asks for, each with the person's own masked values.
func recipientsFor(client idp.Client, claims []web.Claim) (all []web.Recipient) {
	names, _ := claimNames(claims)
	for _, recipient := range client.RecipientsOf(names) {
		all = append(all, shownPassed(recipient, claims))
	}
	return all
}

func shownPassed(recipient idp.Recipient, claims []web.Claim) web.Recipient {
	one := web.Recipient{ID: recipient.Department, Name: recipient.Name, Refusable: recipient.Refusable()}
	for _, passed := range recipient.Claims {
		i := slices.IndexFunc(claims, func(c web.Claim) bool { return c.Name == passed.Claim })
		c := claims[i]
		c.Kind, c.Basis, c.Purpose, c.Retention = web.ClaimNeeded, passed.LegalBasis, passed.Purpose, passed.RetentionDays
		if c.Basis != "" {
			c.Kind = web.ClaimStatutory
		}
		one.Claims = append(one.Claims, c)
	}
	return one
}

// bridgeClaims are the claims for a portal behind a bridge, without those that the person does not give it, written down
// before they leave.
func (s *Server) bridgeClaims(ctx context.Context, person idp.Person, client idp.Client, scopes []string) (map[string]any, error) {
	agreed, err := s.Flows.ConsentInForce(ctx, person.AccountID, client.ClientID)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	words := s.Words.Load()
	claims := s.Tokens.PersonClaims(person, words.Withholding(client, agreed.Withheld), scopes, nil)
	names := slices.AppendSeq([]string{"sub"}, maps.Keys(claims))
	return claims, s.Ledger.Note(words.Release(idp.Told{Client: client, AccountID: person.AccountID, Channel: idp.ChannelBridge, Claims: names, Consent: agreed.Version}, s.Now()))
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
	body := web.ConsentDetailPage{App: client.ClientName, Department: client.Department, Purpose: client.Purpose, Version: agreed.Version, At: agreed.GivenAt, RevokeURL: withdrawURL(client.ClientID), Action: consentURL(client.ClientID)}
	claims := s.claimsFor(r, authflow.Flow{Scopes: agreed.Scopes, Claims: singleClaims(agreed.Scopes)}, client, person, nil)
	names, _ := claimNames(claims)
	for _, recipient := range client.RecipientsOf(names) {
		body.Recipients = append(body.Recipients, consentedRecipient(recipient, agreed, claims))
	}
	for _, c := range claims {
		refusable := s.Words.Load().Refusable(client, c.Name)
		body.Claims = append(body.Claims, web.ConsentedClaim{Claim: c, Given: !refusable || !slices.Contains(agreed.Withheld, c.Name), Refusable: refusable})
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

// consentedRecipient is a recipient with what the person decided. What it would get now and the person was not asked about is not said to
// be given.
func consentedRecipient(recipient idp.Recipient, agreed idp.Consent, claims []web.Claim) web.ConsentedRecipient {
	allowed := agreed.Allowed(recipient)
	if !allowed.Refusable() {
		return web.ConsentedRecipient{Recipient: shownPassed(recipient, claims), Asks: !agreed.AgreedTo(recipient)}
	}
	return web.ConsentedRecipient{Recipient: shownPassed(allowed, claims), Given: true}
}

// singleClaims are the claims among the items of a consent that were asked for one by one.
func singleClaims(items []string) (names []string) {
	for _, item := range items {
		if name, single := strings.CutPrefix(item, idp.ClaimItem); single {
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
	for _, recipient := range shown.Recipients {
		if slices.Contains(c.Withheld, idp.WithheldItem(recipient.Department)) {
			v.Kept = append(v.Kept, recipient.Name)
		} else {
			v.PassedTo = append(v.PassedTo, recipient.Name)
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

// consentClaim withdraws one claim or one recipient, or gives it again.
func (s *Server) consentClaim(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	give := r.PostFormValue("give") == "1"
	if department := r.PostFormValue("recipient"); department != "" {
		err = s.setRecipient(r, current.AccountID, department, give)
	} else {
		err = s.setClaim(r, current.AccountID, r.PostFormValue("claim"), give)
	}
	if err != nil {
		return err
	}
	return see(w, r, consentURL(r.URL.Query().Get("client")))
}

func (s *Server) setClaim(r *http.Request, accountID, claim string, give bool) error {
	agreed, client, err := s.consentOf(r, accountID)
	if err != nil {
		return err
	}
	if !s.Words.Load().Refusable(client, claim) {
		return fault.New(fault.ClaimNotRefusable)
	}
	kind := "consent.claim_withdrawn"
	if give {
		kind = "consent.claim_given"
	}
	return s.setWithheld(r, agreed, claim, give, idp.Event(r.Context(), s.Now().UTC(), kind, "account", accountID, map[string]string{"client": client.ClientID, "claim": claim}))
}

// setRecipient stops what is passed on to a department, or allows again what the person was asked about: what was added since is asked at
// the next login.
func (s *Server) setRecipient(r *http.Request, accountID, department string, give bool) error {
	agreed, client, err := s.consentOf(r, accountID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(client.Recipients, func(one idp.Recipient) bool { return one.Department == department && one.Refusable() }) {
		return fault.New(fault.ClaimNotRefusable)
	}
	kind := "consent.recipient_withdrawn"
	if give {
		kind = "consent.recipient_given"
	}
	e := idp.Event(r.Context(), s.Now().UTC(), kind, "account", accountID, map[string]string{"client": client.ClientID, "recipient": department})
	return s.setWithheld(r, agreed, idp.WithheldItem(department), give, e)
}

// setWithheld makes a version of a consent in which something more, or less, is withheld.
func (s *Server) setWithheld(r *http.Request, agreed idp.Consent, item string, give bool, e audit.Event) error {
	if give != slices.Contains(agreed.Withheld, item) {
		return nil // as it is
	}
	versions, err := s.Flows.ConsentVersions(r.Context(), agreed.AccountID, agreed.ClientID, 1)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	_, err = s.Flows.GiveConsent(r.Context(), agreed.AccountID, agreed.ClientID, func(before idp.Consent) (idp.Consent, error) {
		if before.Version == 0 {
			return before, fault.New(fault.NotFound) // withdrawn meanwhile
		}
		after := before
		if after.Withheld = slices.DeleteFunc(slices.Clone(before.Withheld), func(c string) bool { return c == item }); !give {
			after.Withheld = slices.Sorted(slices.Values(append(after.Withheld, item)))
		}
		if len(versions) > 0 { // what was shown stays what was shown
			after.Shown, after.Locale = versions[0].Shown, versions[0].Locale
		}
		after.GivenAt = s.Now().UTC()
		return after, nil
	}, audit.With(e))
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		return fault.Wrap(err, fault.Unavailable)
	}
	return err
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
	if claim.Purpose = client.PurposeOf(name); claim.Purpose == client.Purpose {
		claim.Purpose = "" // it stands above all claims
	}
	switch {
	case claim.Basis != "":
		claim.Kind = web.ClaimStatutory
	case words.Optional(client, name):
		claim.Kind = web.ClaimOptional
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
