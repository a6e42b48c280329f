package idphttp

import (
	"context"
	"net/http"
)

// aliased are the endpoints at which a client certificate may tell something, by their names in the metadata.
var aliased = map[string]string{
	"token_endpoint": "/token", "revocation_endpoint": "/revoke", "introspection_endpoint": "/introspect", "device_authorization_endpoint": "/device_authorization",
	"pushed_authorization_request_endpoint": "/par", "userinfo_endpoint": "/userinfo",
}

// aliasMetadata advertises the listener that asks for client certificates (RFC 8705 5), where there is one.
func (s *Server) aliasMetadata(document map[string]any) {
	if s.AliasBase == "" {
		return
	}
	aliases := map[string]string{}
	for name, path := range aliased {
		aliases[name] = s.AliasBase + path
	}
	document["mtls_endpoint_aliases"] = aliases
}

// AliasRoutes adds the endpoints of the listener for client certificates: those that are advertised and no page, so that
// no browser has a reason to come there.
func (s *Server) AliasRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /par", s.pushed)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /device_authorization", s.startDevice)
	mux.HandleFunc("POST /introspect", s.introspect)
	mux.HandleFunc("POST /revoke", s.revoke)
	mux.HandleFunc("GET /userinfo", s.userinfo)
	mux.HandleFunc("POST /userinfo", s.userinfo)
}

type aliasKey struct{}

// OnAlias marks the requests of that listener.
func OnAlias(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), aliasKey{}, true)))
	})
}

// base is the address under which the caller reached us, as a DPoP proof names it (RFC 9449 4.2): one of two configured
// ones, never what the request says.
func (s *Server) base(r *http.Request) string {
	if r.Context().Value(aliasKey{}) != nil {
		return s.AliasBase
	}
	return s.Issuer
}
