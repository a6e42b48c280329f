package yinxin

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

const leeway = 30 * time.Second

// keyCache holds the platform's public keys. It fetches them again when a token names a key that is not there, so that a
// rotation is noticed at once, and when they are an hour old, so that a withdrawn key is forgotten; but at most every ten
// seconds, whatever the outcome, so that forged key ids cannot make the portal hammer the platform.
type keyCache struct {
	client  *Client
	mutex   sync.Mutex
	set     jose.KeySet
	fetched time.Time // of the set
	tried   time.Time
}

const (
	refetchPause = 10 * time.Second
	keysFresh    = time.Hour
	keysUsable   = 6 * time.Hour // while the platform does not answer
)

func (k *keyCache) forToken(ctx context.Context, token string) (jose.KeySet, error) {
	id, err := jose.PeekKeyID(token)
	if err != nil {
		return jose.KeySet{}, err
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	now := k.client.now()
	if k.set.Has(id) && now.Sub(k.fetched) < keysFresh {
		return k.set, nil
	}
	var fetching error
	if now.Sub(k.tried) >= refetchPause {
		fetching = k.fetch(ctx, now)
	}
	if now.Sub(k.fetched) >= keysUsable {
		return jose.KeySet{}, &Error{Code: "keys", Hint: "the platform's keys cannot be fetched", Err: fetching}
	}
	return k.set, nil
}

func (k *keyCache) fetch(ctx context.Context, now time.Time) error {
	k.tried = now
	var raw json.RawMessage
	if err := k.client.getJSON(ctx, k.client.keySetAddress(), &raw); err != nil {
		return err
	}
	set, err := jose.ParseKeySet(raw, true)
	if err != nil {
		return err
	}
	k.set, k.fetched = set, now
	return nil
}

// keySetAddress is where the keys of the client's algorithm stand: SM2 keys have a set of their own.
func (c *Client) keySetAddress() string {
	if c.algorithm == string(jose.SM2SM3) {
		return c.meta.GMJWKSURI
	}
	return c.meta.JWKSURI
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

// Levels that exist; a token with any other is refused.
const (
	maxIAL    = 4
	maxAAL    = 3
	aalPrefix = "urn:yinxin:aal:"
)

// checkIDToken is OpenID Connect Core 3.1.3.7, and that the levels that this login asked for were reached.
func (c *Client) checkIDToken(ctx context.Context, token, accessToken string, begun attempt) (Citizen, error) {
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
	aal := 0 // too low for any wish
	if number, ok := strings.CutPrefix(claims.ACR, aalPrefix); ok {
		aal, _ = strconv.Atoi(number)
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(claims.Nonce), []byte(begun.nonce)) != 1:
		return Citizen{}, &Error{Code: "id_token", Hint: "nonce is of another login"}
	case verified.Claims.IssuedAt.IsZero():
		return Citizen{}, &Error{Code: "id_token", Hint: "no iat"}
	case (len(verified.Claims.Audience) > 1 || claims.AuthorizedParty != "") && claims.AuthorizedParty != c.id:
		return Citizen{}, &Error{Code: "id_token", Hint: "issued to another party"}
	case verified.Claims.Subject == "":
		return Citizen{}, &Error{Code: "id_token", Hint: "no subject"}
	case claims.AccessTokenHash != "" && claims.AccessTokenHash != jose.HalfHash(verified.Header.Algorithm, accessToken):
		return Citizen{}, &Error{Code: "id_token", Hint: "at_hash is of another access token"}
	case claims.IAL < 0 || claims.IAL > maxIAL || aal > maxAAL:
		return Citizen{}, &Error{Code: "id_token", Hint: "a level that does not exist"}
	case claims.IAL < begun.level:
		return Citizen{}, &Error{Code: "level", Hint: "the real-name level is lower than asked for"}
	case aal < c.aal:
		return Citizen{}, &Error{Code: "level", Hint: "the login is weaker than asked for"}
	}
	citizen := Citizen{
		Subject: verified.Claims.Subject, IAL: claims.IAL, ACR: claims.ACR, Methods: claims.Methods, Name: claims.Name,
		SessionID: claims.SessionID, SignedInAt: c.now(),
	}
	if claims.AuthTime > 0 {
		citizen.AuthTime = time.Unix(claims.AuthTime, 0).UTC()
	}
	if claims.Actor != nil {
		citizen.ActorName = claims.Actor.Name
	}
	return citizen, nil
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backChannel is OpenID Connect Back-Channel Logout 1.0 sections 2.5 to 2.8.
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
		MaxLife: logoutTokenLife,
	})
	if err != nil {
		return &Error{Code: "logout_token", Err: err}
	}
	var claims struct {
		Nonce     json.RawMessage            `json:"nonce"`
		SessionID string                     `json:"sid"`
		Events    map[string]json.RawMessage `json:"events"`
	}
	if err := verified.Decode(&claims); err != nil {
		return &Error{Code: "logout_token", Err: err}
	}
	refuse := func(hint string) error { return &Error{Code: "logout_token", Hint: hint} }
	switch {
	case !isObject(claims.Events[logoutEvent]):
		return refuse("not a logout event")
	case claims.Nonce != nil:
		return refuse("holds a nonce")
	case claims.SessionID == "" && verified.Claims.Subject == "":
		return refuse("names neither session nor subject")
	case verified.Claims.IssuedAt.IsZero():
		return refuse("no iat")
	case verified.Claims.JTI == "":
		return refuse("no jti")
	case !c.logoutIDs.add(verified.Claims.JTI, struct{}{}):
		return refuse("was used before")
	}
	c.sessions.removeIf(func(s session) bool {
		if claims.SessionID != "" {
			return s.citizen.SessionID == claims.SessionID
		}
		return s.citizen.Subject == verified.Claims.Subject
	})
	return nil
}

// isObject reports whether the JSON value is an object: null, which decodes into anything, is none.
func isObject(raw json.RawMessage) bool { return strings.HasPrefix(string(raw), "{") }

// Algorithms lists the ID token algorithms that the client can check.
func Algorithms() []string {
	names := []string{string(jose.ES256), string(jose.RS256), string(jose.PS256), string(jose.SM2SM3)}
	slices.SortFunc(names, strings.Compare)
	return names
}
