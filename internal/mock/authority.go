package mock

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp/mandate/register"
	"github.com/yinxin-gov/yinxin/idp/proofing/certificate"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/simca"
)

// Where its certificates carry whom they name: in the organizational unit, behind a word.
const (
	personPrefix       = "SF"
	organisationPrefix = "USCC"
	organizationalUnit = "2.5.4.11"
)

// revocationReasons are the words that may be posted (RFC 5280 5.3.1).
var revocationReasons = map[string]pki.RevocationReason{"": pki.RevokedUnspecified, "unspecified": pki.RevokedUnspecified, "key_compromise": pki.RevokedKeyCompromise, "superseded": pki.RevokedSuperseded,
	"cessation_of_operation": pki.RevokedCessationOfOperation, "affiliation_changed": pki.RevokedAffiliationChanged, "certificate_hold": pki.RevokedCertificateHold}

// certificateAuthority is a simulated authority of SM2 certificates, whose root and list the platform reads as files.
type certificateAuthority struct {
	*simca.Authority
	trust, list string // files

	mutex sync.Mutex // of the file
}

func newCertificateAuthority(folder string) (*certificateAuthority, error) {
	authority, err := simca.New(rand.Reader, time.Now)
	if err != nil {
		return nil, err
	}
	a := &certificateAuthority{Authority: authority, trust: filepath.Join(folder, "authority.pem"), list: filepath.Join(folder, "authority.crl")}
	if err := os.WriteFile(a.trust, authority.Root().EncodePEM(), 0o600); err != nil {
		return nil, err
	}
	return a, a.publish(false)
}

// publish replaces the file of the list whole, so that nobody reads half of it.
func (a *certificateAuthority) publish(late bool) error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	list, err := a.List(late)
	if err != nil {
		return err
	}
	if err := os.WriteFile(a.list+".new", list.EncodePEM(), 0o600); err != nil {
		return err
	}
	return os.Rename(a.list+".new", a.list)
}

// configure makes a platform trust the authority.
func (a *certificateAuthority) configure(cfg *app.Config) {
	cfg.Login.CertificateTrustFile, cfg.Login.CertificateCRLFiles = a.trust, []string{a.list}
	cfg.Proofing.Certificates = []certificate.Authority{{Issuer: a.Root().Subject.String(), Hardware: true, Documents: sandbox.Kinds(), Number: []certificate.Place{{Attribute: organizationalUnit, Prefix: personPrefix}},
		OrganisationCode: []certificate.Place{{Attribute: organizationalUnit, Prefix: organisationPrefix}}}}
}

// holder of a certificate: one documented person or organisation.
type holder struct {
	Kind   string `json:"kind"` // person or organisation
	Name   string `json:"name"`
	Number string `json:"number"`
}

// holders are all who may have one.
func holders() (all []holder) {
	for _, p := range sandbox.Personas {
		all = append(all, holder{"person", p.Name, p.Number})
	}
	for _, o := range register.Organisations {
		all = append(all, holder{"organisation", o.Name, o.Code})
	}
	return all
}

func (h holder) subject() pki.Subject {
	if h.Kind == "organisation" {
		return pki.Subject{CommonName: h.Name, Organization: h.Name, OrganizationalUnit: organisationPrefix + h.Number, Locality: simca.Mark}
	}
	return pki.Subject{CommonName: h.Name, Organization: simca.Mark, OrganizationalUnit: personPrefix + h.Number}
}

var errHolder = errors.New("nobody documented: GET / lists who may have a certificate")

func (a *certificateAuthority) issue(name, number string, seconds int64) (map[string]string, error) {
	everybody := holders()
	i := slices.IndexFunc(everybody, func(h holder) bool { return h.Name == name && h.Number == number })
	if i < 0 {
		return nil, errHolder
	}
	life := 365 * 24 * time.Hour
	if seconds != 0 {
		life = time.Duration(min(max(seconds, 0), int64(simca.MaxLife/time.Second)+1)) * time.Second
	}
	given, err := a.Issue(everybody[i].subject(), life)
	if err != nil {
		return nil, err
	}
	c := given.Certificate
	return map[string]string{"notice": simca.Mark, "serial": c.SerialHex(), "certificate": string(c.EncodePEM()), "private_key": string(given.KeyPEM), "not_after": c.NotAfter.Format(time.RFC3339)}, nil
}

// ServeHTTP answers: GET / who may have a certificate, POST /certificates gives one out, POST /signatures signs as its holder,
// POST /revocations revokes it, POST /lists lets the list end or renews it, GET /list and /root are the files.
func (a *certificateAuthority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file := func(name string) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		content, err := os.ReadFile(name)
		if err != nil {
			http.Error(w, "simulated authority: "+err.Error(), http.StatusInternalServerError)
			return
		}
		w.Write(content)
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /":
		answerJSON(w, http.StatusOK, map[string]any{"notice": simca.Mark, "issuer": a.Root().Subject.String(), "holders": holders()})
		return
	case "GET /root":
		file(a.trust)
		return
	case "GET /list":
		file(a.list)
		return
	}
	var in struct {
		Name     string `json:"name"`
		Number   string `json:"number"`
		LivesFor int64  `json:"lives_for"` // seconds
		Serial   string `json:"serial"`
		Text     string `json:"text"`
		Reason   string `json:"reason"`
		Late     bool   `json:"late"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10))
	decoder.DisallowUnknownFields()
	if r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	if err := decoder.Decode(&in); err != nil && !errors.Is(err, io.EOF) {
		http.Error(w, "simulated authority: "+err.Error(), http.StatusBadRequest)
		return
	}
	var out any
	var err error
	switch r.URL.Path {
	case "/certificates":
		out, err = a.issue(in.Name, in.Number, in.LivesFor)
	case "/signatures":
		var signature []byte
		signature, err = a.Sign(in.Serial, []byte(in.Text))
		out = map[string]string{"signature": base64.StdEncoding.EncodeToString(signature)}
	case "/revocations":
		reason, ok := revocationReasons[in.Reason]
		if err = fmt.Errorf("reason %q is not known", in.Reason); ok {
			if err = a.Revoke(in.Serial, reason); err == nil {
				err = a.publish(false)
			}
		}
		out = map[string]string{"serial": in.Serial, "state": "revoked"}
	case "/lists":
		err = a.publish(in.Late)
		out = map[string]bool{"late": in.Late}
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, "simulated authority: "+err.Error(), http.StatusUnprocessableEntity)
		return
	}
	answerJSON(w, http.StatusOK, out)
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
