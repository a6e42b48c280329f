// Package revocationtest runs an authority that answers over HTTP whether its certificates are revoked, and goes wrong as it is told.
package revocationtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Authority answers for the issuing authority of a world over HTTP: OCSP under /ocsp, its list under /crl.
type Authority struct {
	World  *ofdtest.World
	At     time.Time // of its answers
	URL    string
	Host   string           // and port
	Asked  atomic.Int32     // how often
	Signer *pki.Certificate // of the last Document

	Broken  atomic.Bool // everything answers 503
	Revoked atomic.Bool // as the responder says
	Digests []string    // of CertID that the responder knows; nil knows all
	NoOCSP  bool
	Ended   bool // the responder's answers are of yesterday
	Listed  []pki.CRLEntry
	Foreign *ofdtest.Party // signs instead of the authority

	t testing.TB
}

// New starts the authority of a fresh world, until the test ends.
func New(t testing.TB) *Authority {
	a := &Authority{t: t, World: ofdtest.New(t), At: ofdtest.Now}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.URL, a.Host = server.URL, strings.TrimPrefix(server.URL, "http://")
	return a
}

// ServeHTTP implements http.Handler.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.Asked.Add(1)
	signer := a.World.Issuing
	if a.Foreign != nil {
		signer = *a.Foreign
	}
	switch {
	case a.Broken.Load():
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/ocsp" && r.Method == http.MethodPost && !a.NoOCSP:
		body, _ := io.ReadAll(r.Body)
		request, err := pki.ParseOCSPRequest(body)
		if err != nil || len(request.Asked) != 1 || r.Header.Get("Content-Type") != "application/ocsp-request" {
			w.Write(pki.EncodeOCSPStatus(pki.OCSPMalformed))
			return
		}
		if a.Digests != nil && !slices.Contains(a.Digests, request.Asked[0].Algorithm.OID) {
			w.Write(pki.EncodeOCSPStatus(pki.OCSPUnauthorized))
			return
		}
		single := pki.OCSPSingle{ID: request.Asked[0], State: pki.RevocationGood, ThisUpdate: a.At.Add(-time.Minute), NextUpdate: a.At.Add(10 * time.Minute)}
		if a.Ended {
			single.ThisUpdate, single.NextUpdate = a.At.Add(-48*time.Hour), a.At.Add(-24*time.Hour)
		}
		if a.Revoked.Load() {
			single.State, single.RevokedAt = pki.RevocationRevoked, ofdtest.Made
		}
		made, err := pki.MakeOCSPResponse(pki.OCSPTemplate{ProducedAt: a.At, Singles: []pki.OCSPSingle{single}}, signer.Cert, signer.Sign)
		if err != nil {
			a.t.Error(err)
		}
		w.Write(made)
	case r.URL.Path == "/crl" && r.Method == http.MethodGet:
		w.Write(ofdtest.CRL(a.t, signer, a.Listed...).Raw)
	default:
		http.NotFound(w, r)
	}
}

// Document is one that a signer sealed whose certificate names the places.
func (a *Authority) Document(ocsp, list bool) []byte {
	a.t.Helper()
	signer := a.World.Issue(a.t, pki.ProfileSealSigner, "37030000001721", func(template *pki.CertificateTemplate) {
		if ocsp {
			template.OCSPURLs = []string{a.URL + "/ocsp"}
		}
		if list {
			template.CRLURLs = []string{a.URL + "/crl"}
		}
	})
	a.Signer = signer.Cert
	seal := a.World.Seal(a.t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{signer.Cert.Raw} })
	return a.World.Sealed(a.t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(signer.Cert.Raw), Sign: signer.Sign}})
}
