package authn

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// ByCertificate and ByHardwareCertificate are the method: an SM2 signature over a challenge (GB/T 32918.2) by a key that its
// PIN opens, which makes level 2. Whoever configures the trust list states that its authorities give keys out in no other
// way; "hwk" is said only where the configuration says that they stay in hardware.
var (
	ByCertificate         = By{"certificate", 2, []string{"swk", "pin"}}
	ByHardwareCertificate = By{"certificate", 2, []string{"hwk", "pin"}}
)

// Steps of certificates: a challenge is bound to the browser and to the login in progress, used once and 5 minutes old at
// most.
const (
	StepCertificate    StepKind = "certificate"
	StepCertificateNew StepKind = "certificate-new"
	// StepCertificateHolder shows who holds a certificate, for proofing; it neither binds it nor signs in.
	StepCertificateHolder StepKind = "certificate-holder"
	certificateLife                = 5 * time.Minute
)

// Bounds of what a person hands in.
const (
	maxCertificate = 16 << 10
	maxSignature   = 1 << 10
)

// CertificateTrust is what certificates are judged against. Without a list of each authority no certificate of it is good.
type CertificateTrust struct {
	Roots         *pki.Pool
	Intermediates *pki.Pool
	CRLs          []*pki.CRL
}

// Certificates logs people in by the certificates that they bound to their accounts.
type Certificates struct{ cfg CertificatesConfig }

// CertificatesConfig holds what Certificates needs.
type CertificatesConfig struct {
	Ways     *Ways
	Steps    *Steps
	Accounts AccountStates
	Issuer   string
	// Realm is the realm of Ways, empty for people. A challenge names it and a step of one realm is of no kind of another, so that
	// neither a step nor a signature is worth anything in the other.
	Realm    string
	Hardware bool // keys of the trusted authorities never leave hardware
	// Trust gives the list in force; an error is an outage, never a good certificate.
	Trust func(ctx context.Context) (CertificateTrust, error)
}

// NewCertificates returns the service.
func NewCertificates(cfg CertificatesConfig) *Certificates { return &Certificates{cfg} }

// CertificateChallenge is what the person signs: the octets of Text, without an end of line.
type CertificateChallenge struct {
	Step string
	Text string
}

type certificateStep struct {
	AccountID string `json:"account_id,omitempty"` // of an enrolment
	Flow      string `json:"flow,omitempty"`
	About     string `json:"about,omitempty"` // what a holder shows the certificate for
	Text      string `json:"text"`
}

// kind is a kind of step in the realm.
func (s *Certificates) kind(kind StepKind) StepKind {
	if s.cfg.Realm == "" {
		return kind
	}
	return StepKind(s.cfg.Realm) + "-" + kind
}

func (s *Certificates) begin(ctx context.Context, kind StepKind, browser []byte, body certificateStep) (CertificateChallenge, error) {
	until := s.cfg.Ways.now().UTC().Add(certificateLife).Format(time.RFC3339)
	// One line of ASCII that names what it is for, so that it can be copied, and that no signature over it is of use elsewhere.
	kind = s.kind(kind)
	body.Text = strings.Join([]string{"yinxin-" + string(kind) + "/1", s.cfg.Issuer, ident.Secret(s.cfg.Ways.rand, 24), until}, " ")
	step, err := s.cfg.Steps.Begin(ctx, kind, browser, body, certificateLife)
	return CertificateChallenge{step, body.Text}, err
}

// BeginLogin makes a challenge for a login; flow is the login in progress.
func (s *Certificates) BeginLogin(ctx context.Context, browser []byte, flow string) (CertificateChallenge, error) {
	return s.begin(ctx, StepCertificate, browser, certificateStep{Flow: flow})
}

// BeginEnrolment makes a challenge for binding a certificate to an account.
func (s *Certificates) BeginEnrolment(ctx context.Context, browser []byte, accountID string) (CertificateChallenge, error) {
	return s.begin(ctx, StepCertificateNew, browser, certificateStep{AccountID: accountID})
}

// BeginHolder makes a challenge for an account that shows its certificate; about says what for.
func (s *Certificates) BeginHolder(ctx context.Context, browser []byte, accountID, about string) (CertificateChallenge, error) {
	return s.begin(ctx, StepCertificateHolder, browser, certificateStep{AccountID: accountID, About: about})
}

// CertificateAnswer is what the person hands in: the certificate in PEM, Base64 or DER, the signature in Base64, hex or DER.
type CertificateAnswer struct {
	Step        string
	Certificate []byte
	Signature   []byte
}

// judge reads the answer and verifies it against the challenge and the trust list at this moment. The error has a reason
// for the audit record; what the person is told does not depend on it.
func (s *Certificates) judge(ctx context.Context, text string, answer CertificateAnswer) (*pki.Certificate, error) {
	chain, _, err := s.judgeSigned(ctx, text, answer)
	if err != nil {
		return nil, err
	}
	return chain[0], nil
}

// judgeSigned is judge with the chain up to a root and the octets of the signature.
func (s *Certificates) judgeSigned(ctx context.Context, text string, answer CertificateAnswer) ([]*pki.Certificate, []byte, error) {
	certificate, err := readCertificate(answer.Certificate)
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.CertificateInput)
	}
	signature, err := readSignature(answer.Signature)
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.CertificateInput)
	}
	trust, err := s.cfg.Trust(ctx)
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.Unavailable)
	}
	now := s.cfg.Ways.now()
	chain, err := pki.BuildChain(certificate, pki.ChainOptions{Roots: trust.Roots, Intermediates: trust.Intermediates, At: now, Usage: pki.UsageDigitalSignature})
	if err != nil {
		return nil, nil, refusedCertificate{string(pki.ReasonOf(err)), err}
	}
	if len(chain) < 2 {
		return nil, nil, refusedCertificate{"root", errors.New("a root is nobody's certificate")}
	}
	for i := range len(chain) - 1 {
		if state := pki.CheckRevocation(chain[i], chain[i+1], trust.CRLs, now); state.State != pki.RevocationGood {
			return nil, nil, refusedCertificate{string(state.State), fmt.Errorf("revocation of %s is %s", chain[i].SerialHex(), state.State)}
		}
	}
	key, ok := certificate.SM2Key()
	if !ok {
		return nil, nil, refusedCertificate{"algorithm", errors.New("the key is not SM2")}
	}
	if _, err := pki.VerifySM2(key, nil, []byte(text), signature, pki.FormDEROrRaw); err != nil {
		return nil, nil, refusedCertificate{"signature", err}
	}
	return chain, signature, nil
}

// refusedCertificate carries the reason into the audit record.
type refusedCertificate struct {
	reason string
	cause  error
}

func (r refusedCertificate) Error() string {
	return "certificate refused (" + r.reason + "): " + r.cause.Error()
}
func (r refusedCertificate) Unwrap() error { return r.cause }

func readCertificate(input []byte) (*pki.Certificate, error) {
	if len(input) == 0 || len(input) > maxCertificate {
		return nil, errors.New("certificate is missing or too large")
	}
	if text := bytes.TrimSpace(input); !bytes.Contains(text, []byte("-----BEGIN")) {
		if octets, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), "")); err == nil {
			input = octets
		}
	}
	all, err := pki.ParseCertificates(input)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

func readSignature(input []byte) ([]byte, error) {
	if len(input) == 0 || len(input) > maxSignature {
		return nil, errors.New("signature is missing or too long")
	}
	text := strings.Join(strings.Fields(string(input)), "")
	if octets, err := hex.DecodeString(text); err == nil {
		return octets, nil
	}
	if octets, err := base64.StdEncoding.DecodeString(text); err == nil {
		return octets, nil
	}
	return input, nil // as it came out of the middleware
}

func (s *Certificates) lookup(ctx context.Context, c *pki.Certificate) ([]byte, error) {
	return s.cfg.Ways.lookup(ctx, []byte(KindCertificate), c.Raw)
}

// refuse notes a refused certificate.
func (s *Certificates) refuse(ctx context.Context, accountID string, err error) error {
	refused, ok := errors.AsType[refusedCertificate](err)
	if !ok {
		return err // what could not be read, or an outage
	}
	e := idp.Event(ctx, s.cfg.Ways.now().UTC(), resultWrong, s.cfg.Ways.realm.Object, accountID, map[string]string{"method": ByCertificate.Word, "reason": refused.reason})
	if err := s.cfg.Ways.sourceWrong(ctx, e); err != nil {
		return err
	}
	return fault.Wrap(refused, fault.CertificateRefused)
}

// Enrol binds the certificate to the account, for whoever shows that they hold its key. codes are recovery codes if these
// are the account's first.
func (s *Certificates) Enrol(ctx context.Context, browser []byte, accountID, name string, answer CertificateAnswer) (codes []string, err error) {
	ways := s.cfg.Ways
	if name, err = cleanName(name, "SM2"); err != nil {
		return nil, err
	}
	var begun certificateStep
	if err := s.cfg.Steps.Take(ctx, s.kind(StepCertificateNew), browser, answer.Step, &begun); err != nil {
		return nil, err
	}
	if begun.AccountID != accountID {
		return nil, fault.New(fault.StepLost)
	}
	certificate, err := s.judge(ctx, begun.Text, answer)
	if err != nil {
		return nil, s.refuse(ctx, accountID, err)
	}
	c := ways.newCredential(accountID, KindCertificate, name, CredentialActive)
	if c.Lookup, err = s.lookup(ctx, certificate); err != nil {
		return nil, err
	}
	plaintext, err := json.Marshal(struct {
		Certificate []byte `json:"certificate"`
	}{certificate.Raw})
	if err != nil {
		return nil, err
	}
	if err := ways.secret(ctx, &c, plaintext); err != nil {
		return nil, err
	}
	codes, hashes, err := ways.firstCodes(ctx, accountID)
	if err != nil {
		return nil, err
	}
	record, err := ways.record(ctx, "credential.added", NoticeAdded, c)
	if err != nil {
		return nil, err
	}
	return codes, missing(ways.store.PutCredential(ctx, c, hashes, record))
}

// HeldCertificate is a certificate whose holder signed a challenge just now.
type HeldCertificate struct {
	*pki.Certificate
	// Evidence is the SM3 digest over certificate, challenge and signature, in hex.
	Evidence string
	// Authority is the SM3 digest of the public key that signed it, in hex.
	Authority string
}

// Holder judges a certificate that an account shows for something, as a login would; whose name it carries is for the caller.
func (s *Certificates) Holder(ctx context.Context, browser []byte, accountID, about string, answer CertificateAnswer) (HeldCertificate, error) {
	if err := s.cfg.Ways.sourceOpen(ctx); err != nil {
		return HeldCertificate{}, err
	}
	var begun certificateStep
	if err := s.cfg.Steps.Take(ctx, s.kind(StepCertificateHolder), browser, answer.Step, &begun); err != nil {
		return HeldCertificate{}, err
	}
	if begun.AccountID != accountID || begun.About != about {
		return HeldCertificate{}, fault.New(fault.StepLost)
	}
	chain, signature, err := s.judgeSigned(ctx, begun.Text, answer)
	if err != nil {
		return HeldCertificate{}, s.refuse(ctx, accountID, err)
	}
	return HeldCertificate{chain[0], hex.EncodeToString(digest.SumParts(chain[0].Raw, []byte(begun.Text), signature)), authorityOf(chain[1])}, nil
}

// Login signs in whoever holds the key of a bound certificate. An unbound one is refused like a wrong one.
func (s *Certificates) Login(ctx context.Context, browser []byte, flow string, answer CertificateAnswer) (idp.Login, error) {
	ways := s.cfg.Ways
	if err := ways.sourceOpen(ctx); err != nil {
		return idp.Login{}, err
	}
	var begun certificateStep
	if err := s.cfg.Steps.Take(ctx, s.kind(StepCertificate), browser, answer.Step, &begun); err != nil {
		return idp.Login{}, err
	}
	if begun.Flow != flow {
		return idp.Login{}, fault.New(fault.StepLost)
	}
	certificate, err := s.judge(ctx, begun.Text, answer)
	if err != nil {
		return idp.Login{}, s.refuse(ctx, "unknown", err)
	}
	lookup, err := s.lookup(ctx, certificate)
	if err != nil {
		return idp.Login{}, err
	}
	c, err := ways.store.CredentialByLookup(ctx, lookup)
	if errors.Is(err, idp.ErrNotFound) || err == nil && c.Kind != KindCertificate {
		return idp.Login{}, s.refuse(ctx, "unknown", refusedCertificate{"unbound", errors.New("no account holds it")})
	}
	if err != nil {
		return idp.Login{}, fault.Wrap(err, fault.Unavailable)
	}
	account, err := s.cfg.Accounts.Account(ctx, c.AccountID)
	if err != nil {
		return idp.Login{}, err
	}
	if account.State != idp.AccountActive || c.State != CredentialActive {
		return idp.Login{}, s.refuse(ctx, c.AccountID, refusedCertificate{"inactive", errors.New("account or certificate is not active")})
	}
	if err := ways.store.UseCredential(ctx, c.ID, 0, ways.now().UTC()); err != nil {
		return idp.Login{}, fault.Wrap(err, fault.Unavailable)
	}
	by := ByCertificate
	if s.cfg.Hardware {
		by = ByHardwareCertificate
	}
	return idp.Login{AccountID: c.AccountID, AAL: by.AAL(), Methods: by.AMR(), At: ways.now().UTC()}, nil
}
