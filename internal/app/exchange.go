package app

import (
	"context"
	"fmt"
	"net/http"

	"github.com/yinxin-gov/yinxin/elicense/exchange/gbt36906"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// maxEnvelope bounds an encrypted answer of the sharing interface in octets: it may hold a file.
const maxEnvelope = 64 << 20

// exchangeRoutes adds the sharing interface in the shape of GB/T 36906.
func (a *App) exchangeRoutes(mux *http.ServeMux) {
	gbt36906.Routes(mux, gbt36906.Config{Service: a.sealing.licenses, Authenticate: a.exchangeActor, Encrypt: a.encryptFor, BaseURL: a.cfg.Issuer, Faces: render.BuiltIn()})
}

// exchangeActor finds who calls by an access token that came in a body: it is judged as if it had come in the header, with its proof of DPoP or the client's
// certificate. No token of a person opens the interface.
func (a *App) exchangeActor(w http.ResponseWriter, r *http.Request, token string) (context.Context, error) {
	presented := r.Clone(r.Context())
	scheme := "Bearer "
	if r.Header.Get("DPoP") != "" {
		scheme = "DPoP "
	}
	presented.Header.Set("Authorization", scheme+token)
	access, err := a.identity.Accept(w, presented)
	if challenge, _ := idphttp.Challenge(presented, err); challenge != "" {
		return nil, fault.Wrap(err, fault.Unauthenticated)
	}
	switch {
	case err != nil:
		return nil, err
	case access.Grant != nil:
		return nil, fault.New(fault.Unauthenticated)
	}
	return reqctx.WithActor(r.Context(), machineActor(access)), nil
}

// encryptFor encrypts for the key with use enc that an application registered, as its ID tokens are; empty where it has none.
func (a *App) encryptFor(id string, data []byte) (string, error) {
	client, ok := a.Clients.Find(id)
	if !ok || len(client.JWKS) == 0 {
		return "", nil
	}
	_, keys, err := jose.ParseKeyPairs(client.JWKS)
	if err != nil {
		return "", fmt.Errorf("keys of client %s: %w", id, err)
	}
	if len(keys) == 0 {
		return "", nil
	}
	return jose.Encrypt(a.opts.Rand, keys[0], jose.EncryptOptions{Type: "gbt36906+jwe", KeyEncoding: jose.KeyEncoding(client.SM2KeyEncoding), Longest: maxEnvelope}, data)
}
