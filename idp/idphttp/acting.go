package idphttp

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/web"
)

// acting is for whom the person of a session goes on; the zero value is for itself.
type acting struct {
	mandate   *mandate.Mandate
	principal idp.Person
	undecided bool // the person must say first
}

// subject is the account that sub stands for: the principal, never the one who logged in for it.
func (a acting) subject(current session.Session) string {
	if a.mandate != nil {
		return a.mandate.Principal
	}
	return current.AccountID
}

// consents is under what consent is kept: what was allowed for oneself is no consent for another, nor for the same one
// under another mandate.
func (a acting) consents(current session.Session) string {
	if a.mandate != nil {
		return a.mandate.ID
	}
	return current.AccountID
}

// asked is whose data is asked about: the principal's, or those of the person who logged in.
func (a acting) asked(person idp.Person) idp.Person {
	if a.mandate != nil {
		return a.principal
	}
	return person
}

// actsFor finds out for whom a flow goes on: as the request says, else as the person chose at this client or for the whole
// session. Whoever has no mandate is not asked, and nobody is at a client that does not know of acting.
func (s *Server) actsFor(ctx context.Context, f authflow.Flow, client idp.Client, current session.Session) (a acting, refusal *oauth.Error, err error) {
	if !client.ActingFor || f.ActingFor == authflow.ActingSelf {
		return a, nil, nil
	}
	live, err := s.Mandates.Usable(ctx, current.AccountID)
	if err != nil {
		return a, nil, err
	}
	wanted := f.ActingFor
	if wanted == "" && f.HintSubject != "" { // the one whom the client knows
		own, err := idp.PairwiseSubject(ctx, s.Ring, client.SectorOf(), current.AccountID)
		if err != nil || own == f.HintSubject {
			return a, nil, err
		}
		wanted = f.HintSubject
	}
	if wanted != "" {
		if a.mandate, err = s.mandateFor(ctx, client, live, wanted); err != nil {
			return a, nil, err
		}
		if a.mandate == nil && f.ActingFor != "" {
			return a, oauth.Refusal("access_denied", "the person has no mandate of the one it should act for"), nil
		}
	} else if len(live) > 0 {
		var since time.Time
		if slices.Contains(f.Prompt, "select_account") {
			since = f.CreatedAt
		}
		chosen, ok, err := s.Mandates.Acting(ctx, current.ID, current.AccountID, client.ClientID, since)
		if err != nil {
			return a, nil, err
		}
		a.mandate, a.undecided = chosen, !ok
	}
	return a, s.withinMandate(f, a.mandate), nil
}

// mandateFor is the live mandate with an identifier, or the last used one of a principal with a pairwise subject.
func (s *Server) mandateFor(ctx context.Context, client idp.Client, live []mandate.Mandate, wanted string) (*mandate.Mandate, error) {
	for i, m := range live {
		if m.ID == wanted {
			return &live[i], nil
		}
		sub, err := idp.PairwiseSubject(ctx, s.Ring, client.SectorOf(), m.Principal)
		if err != nil {
			return nil, err
		}
		if sub == wanted {
			return &live[i], nil
		}
	}
	return nil, nil
}

// withinMandate refuses authorization_details of kinds that the mandate does not name, and service items that it does not extend to.
func (s *Server) withinMandate(f authflow.Flow, m *mandate.Mandate) *oauth.Error {
	if m == nil || len(f.Details) == 0 {
		return nil
	}
	list, err := idp.ReadDetails(f.Details)
	if err != nil || slices.ContainsFunc(list, func(d idp.Detail) bool { return !slices.Contains(m.DetailTypes, d.Type) }) {
		return oauth.Refusal("invalid_authorization_details", "the mandate does not extend to them")
	}
	if slices.ContainsFunc(s.Details.Items(f.Details), func(item string) bool { return !m.Covers(item) || s.Mandates.Items().Withholds(*m, item) }) {
		return oauth.Refusal("invalid_authorization_details", "the mandate does not extend to the service item")
	}
	return nil
}

// actor is who acts in tokens, as the client's department knows it, with the level of who logged in. nil for a person who acts
// for itself.
func (s *Server) actor(ctx context.Context, client idp.Client, a acting) (*oauth.Actor, error) {
	if a.mandate == nil {
		return nil, nil
	}
	var actor *oauth.Actor
	for _, account := range slices.Backward(a.mandate.Chain()) {
		sub, err := idp.PairwiseSubject(ctx, s.Ring, client.SectorOf(), account)
		if err != nil {
			return nil, err
		}
		level, err := s.Accounts.LevelAt(ctx, account, 0)
		if err != nil {
			return nil, err
		}
		actor = &oauth.Actor{Subject: sub, Actor: actor}
		if client.MayHave("ial") {
			ial := s.Words.Load().ShownIAL(client, int(level))
			actor.IAL = &ial
		}
	}
	return actor, nil
}

// Identity is who is acting on our own pages, for the head of every page. What belongs to the person who logged in alone,
// such as its ways to sign in, is always done for itself.
func (s *Server) Identity(r *http.Request) web.Identity {
	if h := hereOf(r.Context()); h != nil {
		return s.identityHere(r, h)
	}
	current, ok, err := s.Session(r)
	if err != nil {
		return web.Identity{Kind: web.IdentityUnknown}
	}
	if !ok {
		return web.Identity{}
	}
	person, err := s.person(r, current)
	if err != nil {
		return web.Identity{Kind: web.IdentityUnknown}
	}
	if s.Mandates == nil {
		identity := s.identityOf(r, person, acting{})
		s.untilEnd(&identity, current)
		return identity
	}
	a, err := s.actingHere(r, current)
	if err != nil {
		return web.Identity{Kind: web.IdentityUnknown}
	}
	identity := s.identityOf(r, person, a)
	s.untilEnd(&identity, current)
	if live, err := s.Mandates.Live(r.Context(), current.AccountID); err == nil && len(live) > 0 && r.URL.Path != "/acting" {
		identity.SwitchURL = "/acting"
	}
	return identity
}

// untilEnd says when the session ends if nothing more happens, so that the page can warn before (experience.md 3.2).
func (s *Server) untilEnd(identity *web.Identity, current session.Session) {
	idle, ends := s.Sessions.Ends(current)
	now := s.Now()
	if now.Sub(current.LastSeen) > time.Minute { // this request was written down as use
		idle = idle.Add(now.Sub(current.LastSeen))
	}
	if ends.Before(idle) {
		idle = ends
	}
	identity.IdleAt, identity.IdleLeft, identity.CanExtend = idle, int(idle.Sub(now)/time.Second), idle.Before(ends)
}

// identityOf is who acts and for whom.
func (s *Server) identityOf(r *http.Request, person idp.Person, a acting) web.Identity {
	if a.mandate == nil {
		return web.Identity{Kind: web.IdentitySelf, Name: displayName(person), Tier: int(person.IAL)}
	}
	identity := web.Identity{Kind: web.IdentityPerson, Name: displayName(a.principal), Actor: displayName(person)}
	if mandate.IsOrganisation(a.mandate.Principal) {
		identity.Kind, identity.Name, identity.Role = web.IdentityOrganization, a.principal.Name, s.Pages.Text(r, "mandate.kind."+string(a.mandate.Kind))
	}
	return identity
}

// actingHere is for whom the session goes on at our own pages.
func (s *Server) actingHere(r *http.Request, current session.Session) (a acting, err error) {
	if !actingPage(r.URL.Path) {
		return a, nil
	}
	if a.mandate, _, err = s.Mandates.Acting(r.Context(), current.ID, current.AccountID, "", time.Time{}); err != nil || a.mandate == nil {
		return a, err
	}
	a.principal, err = s.Accounts.Person(r.Context(), a.mandate.Principal)
	return a, err
}

// actingPage reports whether a page of ours is used for whom the session acts; all others are the person's own.
func actingPage(path string) bool {
	return path == "/" || path == "/acting"
}
