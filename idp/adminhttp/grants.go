package adminhttp

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// GrantRecord is a grant on the wire: what a person allowed a client, with the family of tokens that stands on it.
type GrantRecord struct {
	ID        string     `json:"id" doc:"Identifier of the grant"`
	ClientID  string     `json:"client_id" doc:"Client that holds it"`
	Client    string     `json:"client_name" doc:"Name of the client"`
	AccountID string     `json:"account_id" doc:"Account that it speaks for"`
	SID       string     `json:"sid,omitempty" doc:"Session in which it was given; it ends with it"`
	State     string     `json:"state" enum:"active,revoked" doc:"A revoked grant ended with all its tokens"`
	CreatedAt time.Time  `json:"created_at" doc:"When it was given"`
	RevokedAt *time.Time `json:"revoked_at,omitempty" doc:"When it ended"`
}

// GrantDetail adds what is known of the tokens.
type GrantDetail struct {
	GrantRecord
	Scopes     []string   `json:"scopes" doc:"What it allows"`
	Consented  []string   `json:"consented_scopes" doc:"What the person allows this client now"`
	LastUse    time.Time  `json:"last_use" doc:"When a refresh token was last exchanged; the beginning when none was"`
	Exchanges  int        `json:"exchanges" doc:"How often refresh tokens were exchanged, at most 100 counted"`
	ExpiresAt  *time.Time `json:"refresh_expires_at,omitempty" doc:"End of the refresh token that can be used"`
	Constraint string     `json:"sender_constraint" enum:"none,dpop,mtls" doc:"Key that the tokens are bound to"`
	Thumbprint string     `json:"thumbprint,omitempty" doc:"Of that key or certificate"`
}

// TokenFound is what a token is.
type TokenFound struct {
	Kind       string     `json:"kind" enum:"access,refresh,unknown" doc:"unknown: none of ours, or one whose time is over"`
	Active     bool       `json:"active" doc:"Whether it is accepted now"`
	ClientID   string     `json:"client_id,omitempty" doc:"To whom it was issued"`
	AccountID  string     `json:"account_id,omitempty" doc:"Account that it speaks for"`
	GrantID    string     `json:"grant_id,omitempty" doc:"Grant that it stands on; revoke that"`
	SID        string     `json:"sid,omitempty" doc:"Session that it came from"`
	JTI        string     `json:"jti,omitempty" doc:"Identifier of an access token"`
	Subject    string     `json:"sub,omitempty" doc:"Subject that the client knows"`
	Audience   []string   `json:"aud,omitempty" doc:"Resource servers it is for"`
	Scopes     []string   `json:"scopes,omitempty" doc:"What it allows"`
	IssuedAt   *time.Time `json:"issued_at,omitempty" doc:"When it was made"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty" doc:"When it ends"`
	UsedAt     *time.Time `json:"used_at,omitempty" doc:"When a refresh token was exchanged; it is of no use since"`
	Constraint string     `json:"sender_constraint,omitempty" enum:"none,dpop,mtls" doc:"Key that it is bound to"`
}

const (
	tagGrants = "grants"
	tagTokens = "tokens"
)

func (s *Server) grantRecord(g oauth.GrantRecord) GrantRecord {
	r := GrantRecord{ID: g.ID, ClientID: g.ClientID, Client: s.PartyName(g.ClientID), AccountID: g.AccountID, SID: g.SID, State: "active", CreatedAt: g.CreatedAt}
	if !g.RevokedAt.IsZero() {
		r.State, r.RevokedAt = "revoked", &g.RevokedAt
	}
	return r
}

func constraint(b oauth.Binding) (kind, thumbprint string) {
	switch {
	case b.JKT != "":
		return "dpop", b.JKT
	case b.X5T != "":
		return "mtls", b.X5T
	}
	return "none", ""
}

func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// PathGrant names a grant.
type PathGrant struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the grant"`
}

// ClientGrants asks for, or confirms, the end of all grants of a client.
type ClientGrants struct {
	ClientID string `json:"client_id" minLength:"1" maxLength:"128" doc:"Client"`
	Live     int64  `json:"live" minimum:"0" doc:"How many grants have not ended"`
}

// Presented is a token by its value.
type Presented struct {
	Token string `json:"token" minLength:"1" maxLength:"16384" doc:"Value of the token; it is neither stored nor logged"`
}

func (s *Server) grantsAPI(api huma.API) {
	huma.Register(api, operation(tagGrants, "list-grants", get, "grants", "授权列表 List grants of an account or a client, the newest first", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		Account string `query:"account" maxLength:"64" doc:"Identifier of the account"`
		Client  string `query:"client" maxLength:"128" doc:"Identifier of the client"`
	}) (*listing[GrantRecord], error) {
		return s.listGrants(ctx, in.Account, in.Client, in.After, in.Limit)
	})
	huma.Register(api, operation(tagGrants, "get-grant", get, "grants/{id}", "授权详情 One grant with its tokens", http.StatusOK), func(ctx context.Context, in *PathGrant) (*tagged[GrantDetail], error) {
		return answer(s.grantDetail(ctx, in.ID))
	})
	huma.Register(api, operation(tagGrants, "revoke-grant", post, "grants/{id}/revocation", "撤销授权 Revoke a grant with all its tokens", http.StatusOK), func(ctx context.Context, in *struct {
		PathGrant
		Body struct{ Reason }
	}) (*tagged[GrantDetail], error) {
		if err := s.revokeGrant(ctx, in.ID, in.Body.Reason.Reason); err != nil {
			return nil, err
		}
		return answer(s.grantDetail(ctx, in.ID))
	})
	huma.Register(api, operation(tagGrants, "count-grants", get, "grants/count", "应用的有效授权数 Count the grants of a client that have not ended", http.StatusOK), func(ctx context.Context, in *struct {
		Client string `query:"client" required:"true" minLength:"1" maxLength:"128" doc:"Identifier of the client"`
	}) (*struct{ Body ClientGrants }, error) {
		live, err := s.liveGrants(ctx, in.Client)
		if err != nil {
			return nil, err
		}
		return &struct{ Body ClientGrants }{ClientGrants{in.Client, live}}, nil
	})
	huma.Register(api, operation(tagGrants, "revoke-grants-of-client", post, "grants/revocation", "撤销应用的全部授权 Revoke every grant of a client; confirms how many there are", http.StatusOK), func(ctx context.Context, in *struct {
		Body struct {
			Reason
			ClientGrants
		}
	}) (*struct {
		Body struct {
			Revoked int64 `json:"revoked" doc:"How many were revoked"`
		}
	}, error) {
		revoked, err := s.revokeGrantsOf(ctx, in.Body.ClientID, in.Body.Live, in.Body.Reason.Reason)
		if err != nil {
			return nil, err
		}
		out := &struct {
			Body struct {
				Revoked int64 `json:"revoked" doc:"How many were revoked"`
			}
		}{}
		out.Body.Revoked = revoked
		return out, nil
	})
	huma.Register(api, operation(tagTokens, "look-up-token", post, "tokens/lookup", "查询令牌 What a token is, and whether it is active", http.StatusOK), func(ctx context.Context, in *struct{ Body Presented }) (*struct{ Body TokenFound }, error) {
		found, err := s.lookUp(ctx, in.Body.Token)
		if err != nil {
			return nil, err
		}
		return &struct{ Body TokenFound }{found}, nil
	})
	huma.Register(api, operation(tagTokens, "revoke-token", post, "tokens/revocation", "撤销令牌 Revoke a token, with its grant when it stands on one", http.StatusOK), func(ctx context.Context, in *struct {
		Body struct {
			Reason
			Presented
		}
	}) (*struct{ Body TokenFound }, error) {
		found, err := s.revokeToken(ctx, in.Body.Token, in.Body.Reason.Reason)
		if err != nil {
			return nil, err
		}
		return &struct{ Body TokenFound }{found}, nil
	})
}

func (s *Server) listGrants(ctx context.Context, account, client, after string, limit int) (*listing[GrantRecord], error) {
	if err := holds(ctx, watchers...); err != nil {
		return nil, err
	}
	page, next, err := s.Grants.Page(ctx, oauth.GrantQuery{AccountID: account, ClientID: client, Limit: limit}, after)
	return recorded(page, next, err, func(g oauth.GrantRecord) (GrantRecord, error) { return s.grantRecord(g), nil })
}

func (s *Server) grantDetail(ctx context.Context, id string) (GrantDetail, error) {
	if err := holds(ctx, watchers...); err != nil {
		return GrantDetail{}, err
	}
	g, err := s.Grants.Grant(ctx, id)
	if err != nil {
		return GrantDetail{}, err
	}
	d := GrantDetail{GrantRecord: s.grantRecord(g.GrantRecord), Scopes: orEmpty(g.Scopes), Consented: orEmpty(g.Consents), LastUse: g.LastUse, Exchanges: g.Rotated, ExpiresAt: moment(g.Expires)}
	d.Constraint, d.Thumbprint = constraint(g.Binding)
	return d, nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (s *Server) revokeGrant(ctx context.Context, id, reason string) error {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return err
	}
	return s.Grants.End(ctx, id)
}

func (s *Server) liveGrants(ctx context.Context, client string) (int64, error) {
	if err := holds(ctx, watchers...); err != nil {
		return 0, err
	}
	return s.Grants.Live(ctx, client)
}

func (s *Server) revokeGrantsOf(ctx context.Context, client string, confirmed int64, reason string) (int64, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return 0, err
	}
	return s.Grants.EndAll(ctx, client, confirmed)
}

// lookUp says what a token is.
func (s *Server) lookUp(ctx context.Context, token string) (TokenFound, error) {
	if err := holds(ctx, watchers...); err != nil {
		return TokenFound{}, err
	}
	token = strings.TrimSpace(token)
	if token == "" {
		return TokenFound{}, fault.New(fault.Invalid).WithField("token", fault.Malformed)
	}
	record, grant, active, err := s.Grants.RefreshToken(ctx, token)
	if err == nil {
		f := TokenFound{Kind: "refresh", Active: active, ClientID: grant.ClientID, AccountID: grant.AccountID, GrantID: grant.ID, SID: grant.SID, Subject: record.Request.Session.Subject,
			Scopes: record.Request.GrantedScopes, IssuedAt: moment(record.Request.RequestedAt), ExpiresAt: moment(record.ExpiresAt), UsedAt: moment(record.UsedAt)}
		f.Constraint, _ = constraint(record.Request.Session.Binding)
		return f, nil
	}
	if !errors.Is(err, oauth.ErrNotFound) {
		return TokenFound{}, fault.Wrap(err, fault.Unavailable)
	}
	found, ok, err := s.Tokens.LookUp(ctx, token)
	if err != nil {
		return TokenFound{}, err
	}
	if !ok {
		return TokenFound{Kind: "unknown"}, nil
	}
	f := TokenFound{Kind: "access", Active: found.Active, ClientID: found.ClientID, GrantID: found.GrantID, SID: found.SID, JTI: found.JTI, Subject: found.Subject, Audience: found.Audience,
		Scopes: found.Scopes, IssuedAt: moment(found.IssuedAt), ExpiresAt: moment(found.Expires)}
	if found.Grant != nil {
		f.AccountID = found.Grant.AccountID
	}
	f.Constraint, _ = constraint(found.Binding)
	return f, nil
}

// revokeToken ends the grant of a token, or an access token that stands on none.
func (s *Server) revokeToken(ctx context.Context, token, reason string) (TokenFound, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return TokenFound{}, err
	}
	found, err := s.lookUp(ctx, token)
	switch {
	case err != nil:
		return found, err
	case found.GrantID != "":
		err = s.Grants.End(ctx, found.GrantID)
	case found.JTI != "":
		err = s.Grants.EndToken(ctx, found.JTI, found.ClientID, *found.ExpiresAt)
	default:
		return found, fault.New(fault.NotFound)
	}
	if err != nil {
		return found, err
	}
	return s.lookUp(ctx, token)
}
