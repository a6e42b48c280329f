package tokens

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Introspect answers RFC 7662 for a client: only the client that a token was issued to, or a resource server in its
// audience, learns anything (O-41).
func (s *Service) Introspect(ctx context.Context, client idp.Client, token string) (map[string]any, error) {
	inactive := map[string]any{"active": false}
	a, err := s.Judge(ctx, token)
	if errors.Is(err, ErrToken) || err == nil && a.ClientID != client.ClientID && !slices.ContainsFunc(a.Audience, client.AnswersFor) {
		return inactive, nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.noteIntrospection(a, client); err != nil {
		return nil, err
	}
	answer := map[string]any{"active": true, "client_id": a.ClientID, "sub": a.Subject, "aud": a.Audience, "iss": s.issuer, "scope": strings.Join(a.Scopes, " "),
		"exp": a.Expires.Unix(), "iat": a.IssuedAt.Unix(), "jti": a.JTI, "token_type": a.Binding.TokenType()}
	if !a.Binding.IsZero() {
		answer["cnf"] = a.Binding
	}
	if a.Actor != nil {
		answer["act"] = a.Actor
	}
	if a.Mandate != nil {
		answer["mandate_id"] = a.Mandate.ID
	}
	if a.ACR != "" {
		answer["acr"], answer["auth_time"] = a.ACR, a.AuthTime.Unix()
	}
	if a.IAL != nil {
		client.TellLevel(answer, *a.IAL)
	}
	if passed := s.passedBy(a); passed != nil {
		answer[idp.ClaimRecipients] = passed
	}
	if len(a.Details) > 0 {
		answer["authorization_details"] = a.Details
	}
	return answer, nil
}

// passedBy is to whom the client of a token may pass on what it may be told by it. A recipient that takes the token looks itself up here.
func (s *Service) passedBy(a Access) []idp.Passed {
	owner, ok := s.clients.Find(a.ClientID)
	if !ok || len(owner.Recipients) == 0 {
		return nil
	}
	words := s.words.Load()
	client, told := words.Withholding(owner.Client, a.Withheld), []string{"ial"}
	for _, name := range words.Claims() {
		if (words.Opens(a.Scopes, name) || slices.Contains(a.Userinfo, name)) && words.Opens(client.Scopes(), name) {
			told = append(told, name)
		}
	}
	told = slices.DeleteFunc(told, func(name string) bool {
		return !client.MayHave(name) || a.Mandate != nil && name != "ial" && !a.Mandate.Opens(name)
	})
	return a.PassedOn(client, told)
}

// SignIntrospection makes the signed form of an answer (RFC 9701 5).
func (s *Service) SignIntrospection(ctx context.Context, client idp.Client, answer map[string]any) (string, error) {
	algorithm := jose.Algorithm(client.IntrospectionAlg)
	if algorithm == "" {
		algorithm = jose.ES256
	}
	return s.sign(ctx, client, algorithm, typeAnswer, map[string]any{"iss": s.issuer, "aud": client.ClientID, "iat": s.now().Unix(), "token_introspection": answer})
}
