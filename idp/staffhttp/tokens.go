package staffhttp

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// TokenOf is the token of staff that a request presents; ok is false for every other request. It goes as a bearer token in one header,
// and nowhere else (RFC 6750 2.1).
func TokenOf(r *http.Request) (secret string, ok bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || len(r.Header.Values("Authorization")) > 1 || r.URL.Query().Has("access_token") {
		return "", false
	}
	return secret, strings.HasPrefix(secret, staff.TokenPrefix)
}

// Bearer puts the member of staff behind a token into the context: the actor that a console would see, with no more than the roles of the
// token. The token works as long as the session in which it was made; using it does not prolong that session.
func (s *Server) Bearer(ctx context.Context, secret string) (context.Context, error) {
	t, err := s.Tokens.Find(ctx, secret)
	if err != nil {
		return ctx, err
	}
	v, ok, err := s.Sessions.ByID(ctx, t.SID)
	if err != nil {
		return ctx, err
	}
	if !ok || v.AccountID != t.Holder {
		return ctx, fault.New(fault.Unauthenticated)
	}
	ctx, known, weak, err := s.asMember(ctx, v)
	switch {
	case err != nil:
		return ctx, err
	case known == nil || known.member.CredentialsAt.After(t.SignedInAt):
		return ctx, fault.New(fault.Unauthenticated)
	case weak != nil:
		return ctx, weak
	}
	request := reqctx.From(ctx)
	request.Actor, request.StaffToken = t.Limit(request.Actor), t.ID
	return reqctx.With(ctx, request), nil
}

func (s *Server) tokensPage(w http.ResponseWriter, r *http.Request) error {
	return s.showTokens(w, r, http.StatusOK, "", nil)
}

func (s *Server) showTokens(w http.ResponseWriter, r *http.Request, status int, secret string, failures []web.FieldError) error {
	known, err := s.member(w, r)
	if known == nil {
		return err
	}
	all, err := s.Tokens.List(r.Context(), known.member.ID)
	if err != nil {
		return err
	}
	body := web.StaffTokensPage{LoginURL: LoginURL(tokensPath), HomeURL: homePath, Secret: secret, Full: len(all) >= staff.MaxTokens, Max: staff.MaxTokens}
	if body.Strong, err = s.strong(r, known); err != nil {
		return err
	}
	for _, t := range all {
		item := web.StaffTokenItem{ID: t.ID, Name: t.Name, MadeAt: t.CreatedAt, Until: t.ExpiresAt}
		for _, role := range t.Roles {
			item.Roles = append(item.Roles, s.roleName(r, role))
		}
		body.Tokens = append(body.Tokens, item)
	}
	if status != http.StatusOK { // what was typed stands there again
		body.Name = r.PostFormValue("token-name")
	}
	for _, role := range staff.RolesOf(reqctx.From(r.Context()).Actor) {
		body.Roles = append(body.Roles, web.StaffTokenRole{Role: role, Label: s.roleName(r, role), Ticked: status != http.StatusOK && slices.Contains(r.PostForm["token-roles"], role)})
	}
	return s.show(w, r, status, "staff-tokens", web.Page{Errors: failures, Self: tokensPath, Body: body})
}

func (s *Server) roleName(r *http.Request, role string) string { return s.Pages.Text(r, "role."+role) }

// tokenChanger is who is signed in, if the login allows to make a token; nil when the answer was written.
func (s *Server) tokenChanger(w http.ResponseWriter, r *http.Request) (*signedIn, error) {
	known, err := s.member(w, r)
	if known == nil {
		return nil, err
	}
	ok, err := s.strong(r, known)
	if err != nil || ok {
		return known, err
	}
	return nil, s.showTokens(w, r, fault.MetaOf(fault.StrongLoginNeeded).Status, "", s.failed(w, r, fault.New(fault.StrongLoginNeeded), ""))
}

func (s *Server) tokenMake(w http.ResponseWriter, r *http.Request) error {
	known, err := s.tokenChanger(w, r)
	if known == nil || err != nil {
		return err
	}
	_, secret, err := s.Tokens.Make(r.Context(), known.member, known.session.ID, r.PostFormValue("token-name"), r.PostForm["token-roles"])
	if status, ok := mendable(err); ok {
		return s.showTokens(w, r, status, "", s.Pages.FieldErrors(r, err, map[string]string{"token-name": "token-name", "token-roles": "token-roles"}))
	}
	if err != nil {
		return err
	}
	return s.showTokens(w, r, http.StatusOK, secret, nil)
}

// tokenRevoke asks for no young login: whoever sees a token that should not be there ends it at once.
func (s *Server) tokenRevoke(w http.ResponseWriter, r *http.Request) error {
	known, err := s.member(w, r)
	if known == nil {
		return err
	}
	if err := s.Tokens.Revoke(r.Context(), known.member.ID, r.PathValue("id")); err != nil && fault.CodeOf(err) != fault.NotFound {
		return err
	}
	return see(w, r, tokensPath)
}
