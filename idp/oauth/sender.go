package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Binding is the key that a token is bound to: the member cnf (RFC 7800). At most one part is set.
type Binding struct {
	JKT string `json:"jkt,omitempty"`      // RFC 9449 6
	X5T string `json:"x5t#S256,omitempty"` // RFC 8705 3
}

// IsZero reports whether there is no binding: a bearer token.
func (b Binding) IsZero() bool { return b == Binding{} }

// TokenType is the token_type of a token with the binding.
func (b Binding) TokenType() string {
	if b.JKT != "" {
		return "DPoP"
	}
	return "Bearer"
}

// Bounds of proofs. iat may lie this far back; the jti is remembered as long as that.
const (
	ProofAge   = time.Minute
	NonceLife  = 5 * time.Minute
	nonceStep  = time.Minute
	proofType  = "dpop+jwt"
	nonceBytes = 24 // 8 of time, 16 of a keyed hash
)

// ProofAlgs are the JWS algorithms of DPoP proofs.
var ProofAlgs = []jose.Algorithm{jose.ES256, jose.PS256, jose.EdDSA, jose.SM2SM3}

// ProofAlgNames are ProofAlgs as words.
func ProofAlgNames() []string {
	var names []string
	for _, algorithm := range ProofAlgs {
		names = append(names, string(algorithm))
	}
	return names
}

// Proof is what a request shows of its key (RFC 9449 4): values only.
type Proof struct {
	Headers       []string // every DPoP header of the request
	Method        string
	URL           string // without query and fragment
	AccessToken   string // the token that is presented with it, empty at the token endpoint
	NonceRequired bool
}

// Proofs judges DPoP proofs.
type Proofs struct{ cfg ProofsConfig }

// ProofsConfig holds what Proofs needs.
type ProofsConfig struct {
	Ring  *keys.Ring
	Store JTIStore
	Now   func() time.Time
}

// NewProofs returns the service.
func NewProofs(cfg ProofsConfig) *Proofs { return &Proofs{cfg} }

func badProof(why string, cause error) *Error {
	return &Error{Code: "invalid_dpop_proof", Description: why, Status: http.StatusBadRequest, cause: cause}
}

// Check judges the proof of a request and returns the thumbprint of its key, empty when there is no proof (RFC 9449
// 4.3). Each proof counts once: a unique insert decides (O-63).
func (p *Proofs) Check(ctx context.Context, proof Proof) (jkt string, err error) {
	if len(proof.Headers) == 0 {
		return "", nil
	}
	if len(proof.Headers) > 1 {
		return "", badProof("more than one proof", nil)
	}
	now := p.cfg.Now()
	token, key, err := jose.VerifyProof(proof.Headers[0], jose.Policy{Algorithms: ProofAlgs, Type: proofType, Now: now, Leeway: ClockLeeway})
	if err != nil {
		return "", badProof("the proof does not verify", err)
	}
	var claims struct {
		Method string  `json:"htm"`
		URL    string  `json:"htu"`
		Hash   string  `json:"ath"`
		Nonce  *string `json:"nonce"`
	}
	if err := token.Decode(&claims); err != nil {
		return "", badProof("claims of another type", err)
	}
	c := token.Claims
	switch {
	case c.JTI == "" || len(c.JTI) > maxJTI:
		return "", badProof("jti is missing or too long", nil)
	case claims.Method != proof.Method:
		return "", badProof("htm is another method", nil)
	case !sameAddress(claims.URL, proof.URL):
		return "", badProof("htu is another address", nil)
	case c.IssuedAt.IsZero() || now.Sub(c.IssuedAt) > ProofAge+ClockLeeway:
		return "", badProof("iat is missing or too old", nil)
	case !c.Expires.IsZero() && !now.Before(c.Expires.Add(ClockLeeway)):
		return "", badProof("the proof has expired", nil)
	case proof.AccessToken != "" && claims.Hash != accessHash(proof.AccessToken):
		return "", badProof("ath is not of this access token", nil)
	}
	if claims.Nonce == nil && proof.NonceRequired || claims.Nonce != nil && !p.nonceHolds(ctx, *claims.Nonce, now) {
		return "", &Error{Code: "use_dpop_nonce", Description: "the proof must hold the nonce of the DPoP-Nonce header", Status: http.StatusBadRequest}
	}
	if jkt, err = key.ThumbprintSHA256(); err != nil {
		return "", badProof("the key has no thumbprint", err)
	}
	hash, err := keyedHash(ctx, p.cfg.Ring, "proof", jkt, c.JTI)
	if err != nil {
		return "", unavailable(err)
	}
	err = p.cfg.Store.UseProof(ctx, hash, c.IssuedAt.Add(ProofAge+2*ClockLeeway))
	if errors.Is(err, ErrConsumed) {
		return "", badProof("the proof was used before", nil)
	}
	if err != nil {
		return "", unavailable(err)
	}
	return jkt, nil
}

// accessHash is ath: SHA-256 of the token (RFC 9449 4.2).
func accessHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// sameAddress compares htu with the address that was called, without query and fragment; scheme and host regardless of
// case, a default port may be left out.
func sameAddress(given, called string) bool {
	a, errA := url.Parse(given)
	b, errB := url.Parse(called)
	if errA != nil || errB != nil || a.Host == "" || a.User != nil {
		return false
	}
	host := func(u *url.URL) string {
		port := u.Port()
		if port == "" {
			port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
		}
		return strings.ToLower(u.Scheme + "://" + u.Hostname() + ":" + port)
	}
	path := func(u *url.URL) string {
		if u.EscapedPath() == "" {
			return "/"
		}
		return u.EscapedPath()
	}
	return host(a) == host(b) && path(a) == path(b)
}

// Nonce is the value of the DPoP-Nonce header: a time and its keyed hash, so that every node knows the nonces of all
// (RFC 9449 8).
func (p *Proofs) Nonce(ctx context.Context) (string, error) {
	step := binary.BigEndian.AppendUint64(nil, uint64(p.cfg.Now().Unix()/int64(nonceStep/time.Second)))
	sum, err := keyedHash(ctx, p.cfg.Ring, "dpop-nonce", string(step))
	if err != nil {
		return "", unavailable(err)
	}
	return base64.RawURLEncoding.EncodeToString(slices.Concat(step, sum[:nonceBytes-len(step)])), nil
}

func (p *Proofs) nonceHolds(ctx context.Context, nonce string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(raw) != nonceBytes {
		return false
	}
	sum, err := keyedHash(ctx, p.cfg.Ring, "dpop-nonce", string(raw[:8]))
	if err != nil || subtle.ConstantTimeCompare(sum[:nonceBytes-8], raw[8:]) != 1 {
		return false
	}
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(raw[:8]))*int64(nonceStep/time.Second), 0))
	return age >= -ClockLeeway && age < NonceLife+nonceStep
}
