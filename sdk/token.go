package yinxin

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

const leeway = 30 * time.Second

// keyCache holds the platform's public keys and fetches them again when a token names a key that is not there, at most
// every ten seconds, so that forged key ids cannot make the portal hammer the platform.
type keyCache struct {
	client  *Client
	mutex   sync.Mutex
	set     jose.KeySet
	fetched time.Time
}

func newKeyCache(c *Client) *keyCache { return &keyCache{client: c} }

const refetchPause = 10 * time.Second

func (k *keyCache) forToken(ctx context.Context, token string) (jose.KeySet, error) {
	id, err := jose.PeekKeyID(token)
	if err != nil {
		return jose.KeySet{}, err
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.set.Has(id) || k.client.now().Sub(k.fetched) < refetchPause {
		return k.set, nil
	}
	var all []jose.Key
	for _, address := range []string{k.client.meta.JWKSURI, k.client.meta.GMJWKSURI} {
		if address == "" {
			continue
		}
		var raw json.RawMessage
		if err := k.client.getJSON(ctx, address, &raw); err != nil {
			return jose.KeySet{}, &Error{Code: "keys", Hint: "the platform's keys cannot be fetched", Err: err}
		}
		set, err := jose.ParseKeySet(raw, true)
		if err != nil {
			return jose.KeySet{}, &Error{Code: "keys", Err: err}
		}
		all = append(all, set.Keys()...)
	}
	if k.set, err = jose.NewKeySet(all...); err != nil {
		return jose.KeySet{}, &Error{Code: "keys", Err: err}
	}
	k.fetched = k.client.now()
	return k.set, nil
}

// idClaims are the claims of an ID token that the portal uses.
type idClaims struct {
	Nonce           string   `json:"nonce"`
	AuthorizedParty string   `json:"azp"`
	AccessTokenHash string   `json:"at_hash"`
	ACR             string   `json:"acr"`
	Methods         []string `json:"amr"`
	AuthTime        int64    `json:"auth_time"`
	SessionID       string   `json:"sid"`
	IAL             int      `json:"ial"`
	Name            string   `json:"name"`
	Actor           *struct {
		Subject string `json:"sub"`
		Name    string `json:"name"`
	} `json:"act"`
}

// checkIDToken is OpenID Connect Core 3.1.3.7.
func (c *Client) checkIDToken(ctx context.Context, token, accessToken, nonce string) (Citizen, error) {
	keys, err := c.keys.forToken(ctx, token)
	if err != nil {
		return Citizen{}, &Error{Code: "id_token", Err: err}
	}
	verified, err := jose.Verify(token, keys, jose.Policy{
		Algorithms: []jose.Algorithm{jose.Algorithm(c.algorithm)}, Issuer: c.meta.Issuer, Audience: c.id, Now: c.now(), Leeway: leeway,
	})
	if err != nil {
		return Citizen{}, &Error{Code: "id_token", Err: err}
	}
	var claims idClaims
	if err := verified.Decode(&claims); err != nil {
		return Citizen{}, &Error{Code: "id_token", Err: err}
	}
	switch {
	case claims.Nonce != nonce:
		return Citizen{}, &Error{Code: "id_token", Hint: "nonce is of another login"}
	case len(verified.Claims.Audience) > 1 && claims.AuthorizedParty != c.id:
		return Citizen{}, &Error{Code: "id_token", Hint: "issued to another party"}
	case verified.Claims.Subject == "":
		return Citizen{}, &Error{Code: "id_token", Hint: "no subject"}
	case claims.AccessTokenHash != "" && claims.AccessTokenHash != jose.HalfHash(verified.Header.Algorithm, accessToken):
		return Citizen{}, &Error{Code: "id_token", Hint: "at_hash is of another access token"}
	case claims.IAL < c.ial:
		return Citizen{}, &Error{Code: "level", Hint: "the real-name level is lower than asked for"}
	}
	citizen := Citizen{
		Subject: verified.Claims.Subject, IAL: claims.IAL, ACR: claims.ACR, Methods: claims.Methods, Name: claims.Name,
		AuthTime: time.Unix(claims.AuthTime, 0).UTC(), SessionID: claims.SessionID, SignedInAt: c.now(),
	}
	if claims.Actor != nil {
		citizen.ActorName = claims.Actor.Name
	}
	return citizen, nil
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backChannel is OpenID Connect Back-Channel Logout 1.0 section 2.5–2.8.
func (c *Client) backChannel(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, jose.MaxToken+1024)
	if err := c.endSessions(r.Context(), r.PostFormValue("logout_token")); err != nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		body, _ := json.Marshal(map[string]string{"error": "invalid_request", "error_description": err.Error()})
		w.Write(body)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (c *Client) endSessions(ctx context.Context, token string) error {
	keys, err := c.keys.forToken(ctx, token)
	if err != nil {
		return &Error{Code: "logout_token", Err: err}
	}
	verified, err := jose.Verify(token, keys, jose.Policy{
		Algorithms: []jose.Algorithm{jose.Algorithm(c.algorithm)}, Type: "logout+jwt", Issuer: c.meta.Issuer, Audience: c.id, Now: c.now(), Leeway: leeway,
	})
	if err != nil {
		return &Error{Code: "logout_token", Err: err}
	}
	var claims struct {
		Nonce     *string                    `json:"nonce"`
		SessionID string                     `json:"sid"`
		Events    map[string]json.RawMessage `json:"events"`
	}
	if err := verified.Decode(&claims); err != nil {
		return &Error{Code: "logout_token", Err: err}
	}
	_, isLogout := claims.Events[logoutEvent]
	switch {
	case !isLogout:
		return &Error{Code: "logout_token", Hint: "not a logout event"}
	case claims.Nonce != nil:
		return &Error{Code: "logout_token", Hint: "holds a nonce"}
	case claims.SessionID == "" && verified.Claims.Subject == "":
		return &Error{Code: "logout_token", Hint: "names neither session nor subject"}
	case verified.Claims.JTI == "" || !c.logoutIDs.add(verified.Claims.JTI, struct{}{}):
		return &Error{Code: "logout_token", Hint: "was used before"}
	}
	c.sessions.removeIf(func(s session) bool {
		if claims.SessionID != "" {
			return s.citizen.SessionID == claims.SessionID
		}
		return s.citizen.Subject == verified.Claims.Subject
	})
	return nil
}

// Algorithms lists the ID token algorithms that the client can check.
func Algorithms() []string {
	names := []string{string(jose.ES256), string(jose.RS256), string(jose.PS256), string(jose.SM2SM3)}
	slices.SortFunc(names, strings.Compare)
	return names
}
