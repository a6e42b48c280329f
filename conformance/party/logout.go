package party

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Logout takes the browser to the end-session endpoint and confirms where the server asks.
func (t *Trial) Logout(ctx context.Context, b *Browser, params url.Values) Landing {
	address := t.Has("end_session_endpoint")
	if len(params) > 0 {
		address += "?" + params.Encode()
	}
	t.Look(ctx, b, address)
	if b.page.Has("logout-confirm") {
		err := b.submit(ctx, map[string]string{"logout-confirm": "1"})
		t.Need("the logout page takes the confirmation", err == nil, "%v", err)
	}
	return b.landing()
}

// SignedOut records whether the browser has no session any more: a silent request must be refused.
func (t *Trial) SignedOut(ctx context.Context, b *Browser, c Client) {
	l := t.Watch(ctx, b, t.Ask(c, "prompt", "none"))
	t.Holds("the session has ended", l.Values.Get("error") == "login_required" || l.Values.Get("error") == "interaction_required", "a silent request came to %s", l.Said())
}

// Header is the header of a token, unverified.
func Header(token string) map[string]any { return part(token, 0) }

// Payload is the payload of a token, unverified.
func Payload(token string) map[string]any { return part(token, 1) }

func part(token string, i int) map[string]any {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		return nil
	}
	var object map[string]any
	if json.Unmarshal(raw, &object) != nil {
		return nil
	}
	return object
}

// Unsigned is a token with the same payload, the algorithm none and no signature.
func (t *Trial) Unsigned(token string) string {
	made, err := t.sign(Key{}, map[string]any{"alg": "none"}, Payload(token))
	t.Need("the token can be changed", err == nil, "%v", err)
	return made
}

// Forged is a token with the same payload that another key has signed.
func (t *Trial) Forged(token string) string {
	key := t.NewKey()
	header := Changes{"alg": string(key.Algorithm)}.apply(Header(token))
	made, err := t.sign(key, header, Payload(token))
	t.Need("the token can be forged", err == nil, "%v", err)
	return made
}

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

// NonceOf is the nonce of an ID token, unverified; empty without one.
func NonceOf(token string) string { return Metadata(Payload(token)).Text("nonce") }

// PublicSet is the public half of a key as a member jwks.
func (t *Trial) PublicSet(keys ...Key) map[string]any {
	raw, err := PrivateSet{keys}.Public()
	t.Need("the key set can be written", err == nil, "%v", err)
	var set map[string]any
	err = json.Unmarshal(raw, &set)
	t.Need("the key set can be read", err == nil, "%v", err)
	return set
}

// CheckKeys says what is wrong with the server's key set: it must hold a key, and every key of it is judged.
func (t *Trial) CheckKeys(ctx context.Context) error {
	answer, err := t.send(ctx, nil, http.MethodGet, t.Has("jwks_uri"), nil, nil)
	if err != nil {
		return err
	}
	set, err := jose.ParseKeySet([]byte(answer.Text), true)
	if err == nil && len(set.Keys()) == 0 {
		err = errors.New("there is no key to verify with")
	}
	return err
}

// PublicKey is a key as the header of a proof carries it.
func (t *Trial) PublicKey(key Key) map[string]any {
	jwk, err := key.jwk()
	t.Need("the key can be written", err == nil, "%v", err)
	return jwk
}

// PrivateKey is a key with its private members, which no header may carry.
func (t *Trial) PrivateKey(key Key) map[string]any {
	raw, err := json.Marshal(PrivateSet{[]Key{key}})
	t.Need("the key can be written", err == nil, "%v", err)
	var set struct{ Keys []map[string]any }
	err = json.Unmarshal(raw, &set)
	t.Need("the key can be read", err == nil && len(set.Keys) == 1, "%v", err)
	return set.Keys[0]
}

// Spoiled is a token whose signature is another.
func Spoiled(token string) string {
	cut := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil || len(signature) == 0 {
		return token + "AAAA"
	}
	signature[len(signature)/2] ^= 1
	return token[:cut+1] + encode(signature)
}
