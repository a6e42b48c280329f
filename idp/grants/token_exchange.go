package grants

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/keys"
)

// typeAccessToken is the one type of token that is exchanged and issued (RFC 8693 3).
const typeAccessToken = "urn:ietf:params:oauth:token-type:access_token"

// TokenExchange gives a resource server or gateway a token of its own to act for the person behind the token that it was
// given (RFC 8693). The subject stays the person, act names who acts; audience, scope and life only shrink, the chain
// of actors is short, and the new token ends with the old one.
type TokenExchange struct {
	Engine  *oauth.Engine
	Clients *idp.Clients
	Ring    *keys.Ring
	Judge   func(ctx context.Context, token string) (tokens.Access, error)
	Now     func() time.Time
}

// Type implements Grant.
func (TokenExchange) Type() string { return idp.GrantTokenExchange }

// Run implements Grant.
func (g TokenExchange) Run(ctx context.Context, x oauth.Exchange) (oauth.Issued, error) {
	target, err := exchangeTarget(x)
	if err != nil {
		return oauth.Issued{}, err
	}
	given, err := g.given(ctx, x)
	if err != nil {
		return oauth.Issued{}, err
	}
	actor, err := g.actor(ctx, x, given)
	if err != nil {
		return oauth.Issued{}, err
	}
	scopes, err := exchangeScopes(x, given.Scopes)
	if err != nil {
		return oauth.Issued{}, err
	}
	mint := oauth.Mint{Client: x.Client.Client, Scopes: scopes, Audience: []string{target}, Life: min(oauth.AccessLife, given.Expires.Sub(g.Now()).Truncate(time.Second)),
		Session: oauth.Session{Version: oauth.SessionVersion, Subject: given.Subject, Details: given.Details, Binding: x.Binding, Actor: actor, Parents: append([]string{given.JTI}, given.Parents...)}}
	if given.Grant != nil {
		if err := g.person(ctx, &mint, given, target); err != nil {
			return oauth.Issued{}, err
		}
	}
	issued, err := g.Engine.Delegate(ctx, mint)
	issued.IssuedTokenType = typeAccessToken
	return issued, err
}

// exchangeTarget reads where the new token goes: one of the resource servers that the client may ask for.
func exchangeTarget(x oauth.Exchange) (string, error) {
	target := x.Form.Get("audience")
	if x.Resource != "" {
		if target != "" && target != x.Resource {
			return "", refuse("invalid_target", "audience and resource differ")
		}
		target = x.Resource
	}
	if !slices.Contains(x.Client.TokenExchangeAudience, target) {
		return "", refuse("invalid_target", "the client may not ask for this audience")
	}
	if wanted := x.Form.Get("requested_token_type"); wanted != "" && wanted != typeAccessToken {
		return "", refuse("invalid_request", "requested_token_type is not offered")
	}
	return target, nil
}

// given judges the subject token: an active access token of ours that was meant for the client, or that is of a client
// whose tokens it may exchange (O-43).
func (g TokenExchange) given(ctx context.Context, x oauth.Exchange) (tokens.Access, error) {
	if x.Form.Get("subject_token") == "" || x.Form.Get("subject_token_type") != typeAccessToken {
		return tokens.Access{}, refuse("invalid_request", "subject_token is missing or of another type")
	}
	given, err := g.Judge(ctx, x.Form.Get("subject_token"))
	if errors.Is(err, tokens.ErrToken) {
		return given, refuse("invalid_request", "subject_token is not active")
	}
	if err != nil {
		return given, err
	}
	if !slices.ContainsFunc(given.Audience, x.Client.AnswersFor) && !slices.Contains(x.Client.TokenExchangeClients, given.ClientID) {
		return given, refuse("invalid_request", "subject_token is not meant for the client")
	}
	return given, nil
}

// actor is who acts: the client, or the holder of an access token that was issued to it.
func (g TokenExchange) actor(ctx context.Context, x oauth.Exchange, given tokens.Access) (*oauth.Actor, error) {
	actor := &oauth.Actor{Subject: x.Client.ClientID, Actor: given.Actor}
	if x.Form.Has("actor_token") {
		if x.Form.Get("actor_token_type") != typeAccessToken {
			return nil, refuse("invalid_request", "actor_token is of another type")
		}
		acting, err := g.Judge(ctx, x.Form.Get("actor_token"))
		if errors.Is(err, tokens.ErrToken) || err == nil && acting.ClientID != x.Client.ClientID {
			return nil, refuse("invalid_request", "actor_token is not an active token of the client")
		}
		if err != nil {
			return nil, err
		}
		actor.Subject = acting.Subject
	} else if x.Form.Has("actor_token_type") {
		return nil, refuse("invalid_request", "actor_token is missing")
	}
	if actor.Depth() > oauth.MaxActors {
		return nil, refuse("invalid_request", "the chain of actors is too long")
	}
	return actor, nil
}

// exchangeScopes: what the client asks for, or all that both the token and the client have; never more than either.
func exchangeScopes(x oauth.Exchange, given []string) ([]string, error) {
	both := slices.DeleteFunc(slices.Clone(given), func(scope string) bool { return !slices.Contains(x.Client.Scopes(), scope) })
	wanted := strings.Fields(x.Form.Get("scope"))
	if len(wanted) == 0 {
		wanted = both
	}
	if len(wanted) == 0 || slices.ContainsFunc(wanted, func(scope string) bool { return !slices.Contains(both, scope) }) {
		return nil, refuse("invalid_scope", "a scope is not one of the token and the client")
	}
	return wanted, nil
}

// person carries over who stands behind the token. The subject is the one that the department of the target knows, so
// that two departments cannot join their records by it.
func (g TokenExchange) person(ctx context.Context, mint *oauth.Mint, given tokens.Access, target string) error {
	sector := mint.Client.SectorOf()
	if server, ok := g.Clients.ResourceServer(target); ok {
		sector = server.SectorOf()
	}
	sub, err := idp.PairwiseSubject(ctx, g.Ring, sector, given.Principal())
	if err != nil {
		return err
	}
	level, err := subject.ParseAAL(given.ACR)
	if err != nil {
		return err
	}
	mint.GrantID = given.Grant.ID
	s := &mint.Session
	s.ToldIAL, s.Consent = given.IAL, given.Consent
	s.AccountVersion, s.Mandate, s.PrincipalVersion = given.AccountVersion, given.Mandate, given.PrincipalVersion
	if given.Mandate != nil {
		if s.Actor, err = g.known(ctx, s.Actor, given.Mandate.Chain(), sector); err != nil {
			return err
		}
	}
	s.AccountID, s.Subject, s.SID, s.AAL, s.Methods, s.AuthTime = given.Grant.AccountID, sub, given.Grant.SID, int(level), given.AMR, given.AuthTime
	return nil
}

// known is a chain of actors whose innermost ones, who act under a mandate, are named as the department of the target knows
// them.
func (g TokenExchange) known(ctx context.Context, chain *oauth.Actor, agents []string, sector string) (*oauth.Actor, error) {
	if chain == nil {
		return nil, nil
	}
	rest, err := g.known(ctx, chain.Actor, agents, sector)
	if err != nil {
		return nil, err
	}
	named := &oauth.Actor{Subject: chain.Subject, IAL: chain.IAL, Actor: rest}
	if place := len(agents) - chain.Depth(); place >= 0 {
		named.Subject, err = idp.PairwiseSubject(ctx, g.Ring, sector, agents[place])
	}
	return named, err
}
