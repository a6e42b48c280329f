package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// maxMetadata bounds the file of authenticators; the whole BLOB of the FIDO Alliance has some 10 MiB.
const maxMetadata = 32 << 20

// openPasskeys is the service of passkeys; nil where the issuer is an address, for which browsers have none.
func (a *App) openPasskeys(ways *authn.Ways, steps *authn.Steps, accounts authn.AccountStates) (*authn.Passkeys, error) {
	cfg := authn.PasskeysConfig{Ways: ways, Steps: steps, Accounts: accounts, Issuer: a.cfg.Issuer, Name: a.cfg.Operator.Name}
	if file := a.cfg.Login.PasskeyMetadataFile; file != "" {
		info, err := os.Stat(file)
		if err == nil && (info.Size() == 0 || info.Size() > maxMetadata) {
			err = fmt.Errorf("it has %d bytes", info.Size())
		}
		if err == nil {
			cfg.Metadata, err = os.ReadFile(file)
		}
		if err != nil {
			return nil, fmt.Errorf("login.passkey_metadata_file: %w", err)
		}
	}
	service, err := authn.NewPasskeys(cfg)
	if errors.Is(err, authn.ErrNoDomain) {
		return nil, nil
	}
	return service, err
}

// crlLife is how long revocation lists are kept before their files are read anew; a file that is another one is read at once.
const crlLife = time.Minute

// certificateTrust is the trust list of logins by certificate.
type certificateTrust struct {
	roots, intermediates *pki.Pool
	files                []string
	now                  func() time.Time

	mutex  sync.Mutex
	lists  []*pki.CRL
	seen   []string // size and time of each file as it was read
	readAt time.Time
	told   []string // what changed saw last
}

// changed reports whether a file of lists is another one than when it was asked last.
func (t *certificateTrust) changed() bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	stamps := t.stamps()
	another := !slices.Equal(stamps, t.told)
	t.told = stamps
	return another
}

// stamps are sizes and times of the files; a file that is not there has an empty one.
func (t *certificateTrust) stamps() []string {
	all := make([]string, len(t.files))
	for i, file := range t.files {
		if info, err := os.Stat(file); err == nil {
			all[i] = fmt.Sprint(info.Size(), info.ModTime().UnixNano())
		}
	}
	return all
}

// openCertificates is the service of logins by certificate in a realm, the empty one for people; nil without a trust list.
func (a *App) openCertificates(realm string, ways *authn.Ways, steps *authn.Steps, accounts authn.AccountStates) *authn.Certificates {
	if a.revocationLists == nil {
		return nil
	}
	return authn.NewCertificates(authn.CertificatesConfig{Ways: ways, Steps: steps, Accounts: accounts, Issuer: a.cfg.Issuer, Realm: realm, Hardware: a.cfg.Login.CertificateHardware, Trust: a.revocationLists.read})
}

// openCertificateTrust reads the trust list of both realms; nil where none is configured. A file that cannot be read stops the start.
func (a *App) openCertificateTrust() (*certificateTrust, error) {
	settings := a.cfg.Login
	if settings.CertificateTrustFile == "" {
		return nil, nil
	}
	content, err := os.ReadFile(settings.CertificateTrustFile)
	if err != nil {
		return nil, fmt.Errorf("login.certificate_trust_file: %w", err)
	}
	all, err := pki.ParseCertificates(content)
	if err != nil {
		return nil, fmt.Errorf("login.certificate_trust_file: %w", err)
	}
	trust := &certificateTrust{roots: pki.NewPool(), intermediates: pki.NewPool(), files: settings.CertificateCRLFiles, now: a.opts.Now}
	for _, authority := range all {
		if authority.IsSelfSigned() {
			trust.roots.Add(authority)
		} else {
			trust.intermediates.Add(authority)
		}
	}
	if trust.roots.Len() == 0 {
		return nil, errors.New("login.certificate_trust_file: it holds no root")
	}
	if _, err := trust.read(context.Background()); err != nil {
		return nil, err
	}
	return trust, nil
}

// read gives the trust list with revocation lists that are a minute old at most.
func (t *certificateTrust) read(context.Context) (authn.CertificateTrust, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	stamps := t.stamps() // before the content, so that what is written meanwhile is read the next time
	if now := t.now(); t.readAt.IsZero() || now.Sub(t.readAt) >= crlLife || now.Before(t.readAt) || !slices.Equal(stamps, t.seen) {
		var lists []*pki.CRL
		for _, file := range t.files {
			content, err := os.ReadFile(file)
			if err != nil {
				return authn.CertificateTrust{}, fmt.Errorf("login.certificate_crl_files: %w", err)
			}
			list, err := pki.ParseCRL(content)
			if err != nil {
				return authn.CertificateTrust{}, fmt.Errorf("login.certificate_crl_files: %s: %w", file, err)
			}
			lists = append(lists, list)
		}
		t.lists, t.seen, t.readAt = lists, stamps, now
	}
	return authn.CertificateTrust{Roots: t.roots, Intermediates: t.intermediates, CRLs: t.lists}, nil
}
