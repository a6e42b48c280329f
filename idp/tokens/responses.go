package tokens

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Types of signed answers. JARM and OpenID Connect name none for theirs, so they have types of ours: an answer never
// passes for an ID token, which holds the same issuer and audience (J-10).
const (
	typeAuthorization = "oauth-authz-resp+jwt"
	typeUserinfo      = "userinfo+jwt"
)

// authorizationLife is how long a signed authorization response may be taken (JARM 2.1: not longer than ten minutes).
const authorizationLife = 5 * time.Minute

// AuthorizationResponse signs the parameters of an authorization response (JARM 2.1) in the algorithm of the client's
// registration.
func (s *Service) AuthorizationResponse(ctx context.Context, client idp.Client, values url.Values) (string, error) {
	claims := map[string]any{"iss": s.issuer, "aud": client.ClientID, "exp": s.now().Add(authorizationLife).Unix()}
	for name := range values {
		claims[name] = values.Get(name)
	}
	return s.sign(ctx, client, jose.Algorithm(client.AuthorizationAlg), typeAuthorization, claims)
}

// Userinfo signs what userinfo answers, and encrypts it where that is registered (OpenID Connect Core 5.3.2).
func (s *Service) Userinfo(ctx context.Context, client idp.Client, claims map[string]any) (string, error) {
	claims["iss"], claims["aud"], claims["iat"] = s.issuer, client.ClientID, s.now().Unix()
	token, err := s.sign(ctx, client, jose.Algorithm(client.UserinfoAlg), typeUserinfo, claims)
	if err != nil || client.UserinfoKeyWrap == "" {
		return token, err
	}
	return s.encrypt(client, token)
}

// SignExport is a detached signature of a copy of a person's data: a JWS over its digests, which a receiver checks with the
// published keys.
func (s *Service) SignExport(ctx context.Context, e idp.Export, content []byte) (string, error) {
	sum := sha256.Sum256(content)
	return s.sign(ctx, idp.Client{}, jose.ES256, typeExport, map[string]any{"iss": s.issuer, "iat": s.now().Unix(), "jti": e.ID, "schema": idp.ExportSchema,
		"size": len(content), "sha-256": hex.EncodeToString(sum[:]), "sm3": e.Digest})
}
