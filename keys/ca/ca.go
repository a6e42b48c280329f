// Package ca is the demonstration certificate authority in SM2: a root and an issuing CA, certificates for seal makers,
// seal signers and services, revocation and CRLs (GB/T 20518, RFC 5280). A deployment with legal weight takes its
// certificates from a licensed CA instead.
package ca

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Record is a stored certificate.
type Record struct {
	ID       string
	IssuerID string // record of the issuer; its own ID for the root
	Label    string // "root", "issuing", or what it was issued for: "seal_maker:platform", "seal:seal_…"
	KeyID    string // key of the provider, empty when the key lies elsewhere
	Cert     *pki.Certificate
	Revoked  *pki.CRLEntry
}

// ErrExists is answered by Store.InsertCertificate: a certificate with the id or the serial number is there.
var ErrExists = errors.New("ca: the certificate exists")

// Store keeps certificates and CRLs; keysdb implements it.
type Store interface {
	InsertCertificate(ctx context.Context, r Record, record audit.Record) error
	// CertificateByLabel finds the newest certificate with the label; keys.ErrNotFound.
	CertificateByLabel(ctx context.Context, label string) (Record, error)
	// CertificateBySerial finds a certificate of an issuer by its serial number in lower-case hex; keys.ErrNotFound.
	CertificateBySerial(ctx context.Context, issuerID, serial string) (Record, error)
	RevokeCertificate(ctx context.Context, id string, at time.Time, reason pki.RevocationReason, record audit.Record) error
	// RevokedBy lists what the issuer revoked.
	RevokedBy(ctx context.Context, issuerID string) ([]pki.CRLEntry, error)
	// SaveCRL stores a list under a number that must be one higher than the stored one; keys.ErrState when it is not.
	SaveCRL(ctx context.Context, issuerID string, number int64, der []byte, nextUpdate time.Time) error
	// CRL reads the stored list; number 0 when there is none.
	CRL(ctx context.Context, issuerID string) (number int64, der []byte, nextUpdate time.Time, err error)
}

// Config of the authority.
type Config struct {
	Provider keys.Provider
	Store    Store
	Now      func() time.Time
	Rand     io.Reader
	Name     string // organisation in the names of both CAs
}

// Lifetimes.
const (
	rootLife    = 20 * 365 * 24 * time.Hour
	issuingLife = 10 * 365 * 24 * time.Hour
	leafLife    = 3 * 365 * 24 * time.Hour
	crlLife     = 7 * 24 * time.Hour
	backdate    = 5 * time.Minute // for verifiers whose clock is behind
)

// Labels of the two CAs.
const (
	labelRoot    = "ca:root"
	labelIssuing = "ca:issuing"
)

// Authority issues and revokes.
type Authority struct {
	cfg     Config
	mutex   sync.Mutex
	root    Record
	issuing Record
}

// New makes the two CAs when they are not there yet.
func New(ctx context.Context, cfg Config) (*Authority, error) {
	a := &Authority{cfg: cfg}
	var err error
	if a.root, err = a.ensure(ctx, labelRoot, pki.ProfileRoot, "根证书 Root CA", rootLife, nil); err != nil {
		return nil, fmt.Errorf("root CA: %w", err)
	}
	if a.issuing, err = a.ensure(ctx, labelIssuing, pki.ProfileIssuingCA, "签发证书 Issuing CA", issuingLife, &a.root); err != nil {
		return nil, fmt.Errorf("issuing CA: %w", err)
	}
	return a, nil
}

func (a *Authority) ensure(ctx context.Context, label string, profile pki.Profile, name string, life time.Duration, issuer *Record) (Record, error) {
	r, err := a.cfg.Store.CertificateByLabel(ctx, label)
	if !errors.Is(err, keys.ErrNotFound) {
		return r, err
	}
	info, err := a.cfg.Provider.Create(ctx, keys.Spec{Usage: keys.UsageCA, Algorithm: keys.SM2, Label: label})
	if err != nil {
		return Record{}, err
	}
	// The id follows from the key, of which all nodes have the same, so nodes that start at once agree on one certificate.
	r, err = a.issue(ctx, issuer, info, Request{Profile: profile, Subject: pki.Subject{Organization: a.cfg.Name, CommonName: a.cfg.Name + " " + name}, Label: label}, life, "cert_"+info.ID)
	if errors.Is(err, ErrExists) {
		return a.cfg.Store.CertificateByLabel(ctx, label)
	}
	return r, err
}

// Request asks for a certificate over a key of the provider.
type Request struct {
	Profile pki.Profile
	Subject pki.Subject
	Label   string
}

// Issue makes a certificate of the issuing CA for a key of the provider.
func (a *Authority) Issue(ctx context.Context, key keys.Info, r Request) (*pki.Certificate, error) {
	record, err := a.issue(ctx, &a.issuing, key, r, leafLife, ident.New(a.cfg.Rand, "cert"))
	if err != nil {
		return nil, err
	}
	return record.Cert, nil
}

// Find reads the newest certificate with a label; keys.ErrNotFound.
func (a *Authority) Find(ctx context.Context, label string) (Record, error) {
	return a.cfg.Store.CertificateByLabel(ctx, label)
}

func (a *Authority) issue(ctx context.Context, issuer *Record, key keys.Info, r Request, life time.Duration, id string) (Record, error) {
	now := a.cfg.Now().UTC().Truncate(time.Second)
	record := Record{ID: id, Label: r.Label, KeyID: key.ID}
	template := pki.CertificateTemplate{Profile: r.Profile, Subject: r.Subject, NotBefore: now.Add(-backdate), NotAfter: now.Add(life)}
	signerKey, issuerCert := key.ID, (*pki.Certificate)(nil)
	record.IssuerID = record.ID
	if issuer != nil {
		signerKey, issuerCert, record.IssuerID = issuer.KeyID, issuer.Cert, issuer.ID
		template.PublicKey = key.Public
	}
	signer, err := a.cfg.Provider.Signer(ctx, signerKey, keys.UsageCA)
	if err != nil {
		return Record{}, err
	}
	if record.Cert, err = pki.MakeCertificate(a.cfg.Rand, template, issuerCert, crypto.Signer(signer)); err != nil {
		return Record{}, err
	}
	return record, a.cfg.Store.InsertCertificate(ctx, record, a.event(ctx, "certificate.issued", record, map[string]string{"profile": string(r.Profile)}))
}

// Revoke puts a certificate on the next CRL, with effect from the time given.
func (a *Authority) Revoke(ctx context.Context, label string, at time.Time, reason pki.RevocationReason) error {
	record, err := a.cfg.Store.CertificateByLabel(ctx, label)
	if err != nil {
		return err
	}
	if err := a.cfg.Store.RevokeCertificate(ctx, record.ID, at, reason, a.event(ctx, "certificate.revoked", record, nil)); err != nil {
		return err
	}
	issuer := &a.issuing
	if record.IssuerID == a.root.ID {
		issuer = &a.root
	}
	_, err = a.makeCRL(ctx, issuer)
	return err
}

func (a *Authority) event(ctx context.Context, kind string, r Record, details map[string]string) audit.Record {
	request := reqctx.From(ctx)
	actor := request.Actor.ID
	if actor == "" {
		actor = "system:ca"
	}
	all := map[string]string{"label": r.Label, "serial": r.Cert.SerialHex()}
	for name, value := range details {
		all[name] = value
	}
	return audit.With(audit.Event{Type: kind, At: a.cfg.Now(), Actor: actor, ObjectType: "certificate", ObjectID: r.ID, RequestID: request.ID, Details: all})
}

// Certificates are the two CAs: root first.
func (a *Authority) Certificates() []*pki.Certificate {
	return []*pki.Certificate{a.root.Cert, a.issuing.Cert}
}

// CRLs gives a list of each CA that holds now; lists are made anew when half their life is over.
func (a *Authority) CRLs(ctx context.Context) ([]*pki.CRL, error) {
	var lists []*pki.CRL
	for _, issuer := range []*Record{&a.root, &a.issuing} {
		_, der, next, err := a.cfg.Store.CRL(ctx, issuer.ID)
		if err != nil {
			return nil, err
		}
		var list *pki.CRL
		if der != nil && next.Sub(a.cfg.Now()) > crlLife/2 {
			list, err = pki.ParseCRL(der)
		} else {
			list, err = a.makeCRL(ctx, issuer)
		}
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	return lists, nil
}

// makeCRL makes and stores the next list; when another node was faster, its list is taken.
func (a *Authority) makeCRL(ctx context.Context, issuer *Record) (*pki.CRL, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	for range 5 {
		number, _, _, err := a.cfg.Store.CRL(ctx, issuer.ID)
		if err != nil {
			return nil, err
		}
		entries, err := a.cfg.Store.RevokedBy(ctx, issuer.ID)
		if err != nil {
			return nil, err
		}
		signer, err := a.cfg.Provider.Signer(ctx, issuer.KeyID, keys.UsageCA)
		if err != nil {
			return nil, err
		}
		now := a.cfg.Now().UTC().Truncate(time.Second)
		list, err := pki.MakeCRL(a.cfg.Rand, pki.CRLTemplate{Number: big.NewInt(number + 1), ThisUpdate: now.Add(-backdate), NextUpdate: now.Add(crlLife), Entries: entries}, issuer.Cert, crypto.Signer(signer))
		if err != nil {
			return nil, err
		}
		err = a.cfg.Store.SaveCRL(ctx, issuer.ID, number+1, list.Raw, list.NextUpdate)
		if !errors.Is(err, keys.ErrState) {
			return list, err
		}
	}
	return nil, keys.ErrState
}
