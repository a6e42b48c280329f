package idphttp

import (
	"encoding/json"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/yinxin-gov/yinxin/idp"
)

// discoveryCache keeps the discovery document as octets: every portal asks for it, and it changes only with the kinds of
// authorization_details and with the vocabulary.
type discoveryCache struct {
	mutex    sync.Mutex
	revision int64 // of the kinds
	words    *idp.Vocabulary
	document []byte
}

// discovery is OpenID Connect Discovery 1.0 and RFC 8414; only what is on is advertised.
func (s *Server) discovery(w http.ResponseWriter, r *http.Request) {
	document, err := s.discoveryDocument()
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	writeDocument(w, document)
}

// writeDocument sends JSON whose length is known, which spares it the frames of a chunked body.
func writeDocument(w http.ResponseWriter, document []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(document)))
	w.Write(document)
}

func (s *Server) discoveryDocument() ([]byte, error) {
	revision, types := s.Details.Revision(), s.Details.Types() // in this order: kinds newer than their number are made again
	words := s.Words.Load()
	s.known.mutex.Lock()
	defer s.known.mutex.Unlock()
	if s.known.document == nil || s.known.revision != revision || s.known.words != words {
		document, err := json.Marshal(s.makeMetadata(slices.Sorted(maps.Keys(types)), words))
		if err != nil {
			return nil, err
		}
		s.known.revision, s.known.words, s.known.document = revision, words, document
	}
	return s.known.document, nil
}

// protocolClaims are those of ID tokens that tell nothing of the person.
var protocolClaims = []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"}

func (s *Server) makeMetadata(kinds []string, words *idp.Vocabulary) map[string]any {
	at := func(path string) string { return s.Issuer + path }
	document := map[string]any{
		"issuer": s.Issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"), "userinfo_endpoint": at("/userinfo"),
		"jwks_uri": at("/jwks"), "gm_jwks_uri": at("/jwks/gm"), "introspection_endpoint": at("/introspect"), "revocation_endpoint": at("/revoke"),
		"end_session_endpoint": at("/logout"), "backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
		"response_types_supported":         []string{"code"},
		"subject_types_supported":          []string{"pairwise"},
		"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
		"scopes_supported":     words.Scopes(),
		"claims_supported":     slices.Concat(protocolClaims, words.Claims()),
		"acr_values_supported": s.classes(), "claims_parameter_supported": true,
		"ui_locales_supported": []string{"zh-CN", "en", "zh-Hant"}, "prompt_values_supported": []string{"none", "login", "consent", "select_account"},
		"verified_claims_supported": true, "trust_frameworks_supported": []string{"cn_yinxin"},
	}
	s.requestMetadata(document, kinds)
	s.tokenMetadata(document)
	s.aliasMetadata(document)
	return document
}

// classes are the values of acr that the ways to log in can reach.
func (s *Server) classes() (all []string) {
	for level := subject.AAL(1); level <= authn.HighestAAL(s.Methods); level++ {
		all = append(all, level.URN())
	}
	return all
}
