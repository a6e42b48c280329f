package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// trustSource is what this instance judges documents against: its own CA and CRLs. Lists are taken anew every few
// seconds, so a revocation counts at once.
type trustSource struct {
	app   *App
	mutex sync.Mutex
	crls  []*pki.CRL
	until time.Time
}

const trustLife = 3 * time.Second

func newTrustSource(ctx context.Context, a *App) (*trustSource, error) {
	t := &trustSource{app: a}
	_, err := t.lists(ctx)
	return t, err
}

func (t *trustSource) lists(ctx context.Context) ([]*pki.CRL, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if now := t.app.opts.Now(); t.crls == nil || now.After(t.until) {
		crls, err := t.app.ca.CRLs(ctx)
		if err != nil {
			return nil, fmt.Errorf("read CRLs: %w", err)
		}
		t.crls, t.until = crls, now.Add(trustLife)
	}
	return t.crls, nil
}

// Trust implements elicense.Trust.
func (t *trustSource) Trust(ctx context.Context) (statuslist.Trust, error) {
	crls, err := t.lists(ctx)
	if err != nil {
		return statuslist.Trust{}, err
	}
	authorities := t.app.ca.Certificates()
	return statuslist.Trust{Roots: pki.NewPool(authorities[0]), Intermediates: pki.NewPool(authorities[1]), CRLs: crls, At: t.app.opts.Now()}, nil
}

// options is the same for the seal room.
func (t *trustSource) options(ctx context.Context) (verify.Options, error) {
	trust, err := t.Trust(ctx)
	return verify.Options{Roots: trust.Roots, Intermediates: trust.Intermediates, CRLs: trust.CRLs, At: trust.At}, err
}

// ExportTrust writes what `yinxin verify --trust` reads: roots, intermediates, CRLs, and the published status lists.
func (a *App) ExportTrust(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	files := map[string][]byte{}
	for i, cert := range a.ca.Certificates() {
		files[[]string{"root.pem", "issuing.pem"}[i]] = cert.EncodePEM()
	}
	crls, err := a.ca.CRLs(ctx)
	if err != nil {
		return err
	}
	for i, list := range crls {
		files[[]string{"root.crl", "issuing.crl"}[i]] = list.Raw
	}
	published, err := a.sealing.published(ctx)
	if err != nil {
		return err
	}
	for name, content := range published {
		files[name] = content
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
