package party

import (
	"context"
	"encoding/json"
	"net/http"
)

// Register registers a client dynamically; the members are those of RFC 7591. The rule does not apply where registration is
// not offered.
func (t *Trial) Register(ctx context.Context, members map[string]any) Answer {
	return t.registration(ctx, http.MethodPost, t.Has("registration_endpoint"), t.With.InitialAccessToken, members)
}

// Update changes a client that was registered dynamically (RFC 7592).
func (t *Trial) Update(ctx context.Context, registered Answer, members map[string]any) Answer {
	return t.registration(ctx, http.MethodPut, registered.String("registration_client_uri"), registered.String("registration_access_token"), members)
}

// Unregister takes a dynamically registered client away again; a server that cannot keeps it.
func (t *Trial) Unregister(ctx context.Context, registered Answer) {
	if address := registered.String("registration_client_uri"); address != "" {
		t.Call(ctx, http.MethodDelete, address, http.Header{"Authorization": {"Bearer " + registered.String("registration_access_token")}}, "")
	}
}

func (t *Trial) registration(ctx context.Context, method, address, token string, members map[string]any) Answer {
	body, err := json.Marshal(members)
	t.Need("the registration can be written", err == nil, "%v", err)
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	answer := t.Call(ctx, method, address, header, string(body))
	if method == http.MethodPost && (answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden) {
		t.Skip("registration wants an initial access token that the file does not hold: %s", answer.Said())
	}
	return answer
}

// Registered is the client of a registration that was accepted.
func Registered(a Answer, keys ...Key) Client {
	c := Client{ClientID: a.String("client_id"), ClientSecret: a.String("client_secret"), Scope: a.String("scope"), Method: a.String("token_endpoint_auth_method"),
		IDTokenAlg: a.String("id_token_signed_response_alg"), RedirectURIs: Metadata(a.Body).List("redirect_uris"), GrantTypes: Metadata(a.Body).List("grant_types"), JWKS: PrivateSet{keys}}
	return c
}
