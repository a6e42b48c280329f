package idphttp

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/idp/tokens"
)

// Accept judges the access token of a request to an endpoint of our own. A token in the query is refused (O-60).
func (s *Server) Accept(w http.ResponseWriter, r *http.Request) (tokens.Access, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "DPoP") || token == "" || r.URL.Query().Has("access_token") || len(r.Header.Values("Authorization")) > 1 {
		return tokens.Access{}, tokens.ErrToken
	}
	presented := tokens.Presented{Scheme: scheme, Token: token, Proof: oauth.Proof{Headers: r.Header.Values("DPoP"), Method: r.Method, URL: s.base(r) + r.URL.EscapedPath()}}
	if r.TLS != nil {
		presented.Certificate = oauth.CertificateThumbprint(r.TLS.PeerCertificates)
	}
	access, err := s.Tokens.Accept(r.Context(), presented)
	s.offerNonce(w, r, err)
	return access, err
}

// offerNonce hands out a nonce to whoever speaks DPoP or was told to (RFC 9449 8 and 9).
func (s *Server) offerNonce(w http.ResponseWriter, r *http.Request, err error) {
	refusal, _ := errors.AsType[*oauth.Error](err)
	if r.Header.Get("DPoP") == "" && (refusal == nil || refusal.Code != "use_dpop_nonce") {
		return
	}
	if nonce, err := s.Proofs.Nonce(r.Context()); err == nil {
		w.Header().Set("DPoP-Nonce", nonce)
	}
}

// Challenge is the WWW-Authenticate header of a refused token (RFC 6750 3, RFC 9449 7.1, RFC 9470 3), and the error of the body; empty
// for an error that is not about the token.
func Challenge(r *http.Request, err error) (header, code string) {
	if refusal, ok := errors.AsType[*oauth.Error](err); ok && slices.Contains([]string{"invalid_dpop_proof", "use_dpop_nonce", "insufficient_scope", unmetRequirements}, refusal.Code) {
		code = refusal.Code
	} else if errors.Is(err, tokens.ErrToken) {
		code = "invalid_token"
	} else if _, ok := errors.AsType[*tokens.ScopeError](err); ok {
		code = "insufficient_scope"
	} else if _, ok := errors.AsType[*tokens.UnmetError](err); ok {
		code = "insufficient_user_authentication"
	} else {
		return "", ""
	}
	defer func() { header += wanted(err) }()
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "DPoP") {
		return `DPoP error="` + code + `", algs="` + strings.Join(oauth.ProofAlgNames(), " ") + `"`, code
	}
	return `Bearer error="` + code + `"`, code
}

// wanted are the parameters with which a client repeats its authorization request (RFC 6750 3, RFC 9470 3): the values go
// into that request as they are.
func wanted(err error) string {
	if narrow, ok := errors.AsType[*tokens.ScopeError](err); ok && narrow.Scope != "" {
		return `, scope="` + narrow.Scope + `"`
	}
	unmet, ok := errors.AsType[*tokens.UnmetError](err)
	if !ok {
		return ""
	}
	parameters := `, error_description="log in again as this operation demands"`
	if values := unmet.Demand.ACRValues(); values != "" {
		parameters += `, acr_values="` + values + `"`
	}
	if age := unmet.Demand.MaxAge; age > 0 {
		parameters += `, max_age="` + strconv.Itoa(age) + `"`
	}
	return parameters
}

// unmetRequirements refuses where no further login would help: a client that repeated its request would ask for ever
// (RFC 9470 5, OpenID Connect Core error code unmet_authentication_requirements).
const unmetRequirements = "unmet_authentication_requirements"

// Demand judges what an operation of ours demands of the person behind a token.
func (s *Server) Demand(ctx context.Context, access tokens.Access, operation string) error {
	err := s.Tokens.Meets(ctx, access, s.Demands(operation))
	if unmet, ok := errors.AsType[*tokens.UnmetError](err); ok && s.beyondReach(unmet) {
		return oauth.NewError(http.StatusForbidden, unmetRequirements, "no login here reaches what this operation demands")
	}
	return err
}

// beyondReach reports that the person lacks a level to which our flow leads nobody. Who has it, from before or from an
// upstream source, and signed in too long ago can log in again.
func (s *Server) beyondReach(u *tokens.UnmetError) bool {
	ial, aal := s.Proofing.Highest(), authflow.Reach()
	wantIAL, wantAAL := subject.IAL(u.Demand.IAL), subject.AAL(u.Demand.AAL)
	return u.IAL < wantIAL && wantIAL > ial || u.AAL < wantAAL && wantAAL > aal
}

// refuseToken answers a token that does not hold.
func (s *Server) refuseToken(w http.ResponseWriter, r *http.Request, err error) {
	header, code := Challenge(r, err)
	if code == "" {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("WWW-Authenticate", header)
	w.Header().Set("Cache-Control", "no-store")
	status := http.StatusUnauthorized
	if code == "insufficient_scope" || code == unmetRequirements {
		status = http.StatusForbidden
	}
	writeJSON(w, status, map[string]string{"error": code})
}
