package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/trusted"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// trustSource is what this instance judges documents against: its own CA and CRLs. Lists are taken anew every few
// seconds, so a revocation counts at once.
type trustSource struct {
	app   *App
	mutex sync.Mutex
	crls  []*pki.CRL
	until time.Time

	register *trusted.Register
	set      *trustlist.Set
	setUntil time.Time
	peers    []*trustlist.List
	readAt   time.Time // when the files of others were read last
}

const trustLife = 3 * time.Second

// peerLife is how long what files of trust.lists say is used before they are read again.
const peerLife = time.Minute

func newTrustSource(ctx context.Context, a *App) (*trustSource, error) {
	t := &trustSource{app: a}
	if _, err := t.lists(ctx); err != nil {
		return nil, err
	}
	var err error
	t.register, err = trusted.New(trusted.Config{Store: a.keyStore, Keys: a.ring, Chain: certificates{a.ca}.Chain, Own: func() []*pki.Certificate { return a.ca.Certificates()[:1] },
		Carried: t.carried, URI: a.cfg.Issuer + "/trust/list", Publisher: a.publisher(), Now: a.opts.Now})
	if err != nil {
		return nil, err
	}
	entries, err := a.cfg.Trust.entries()
	if err != nil {
		return nil, err
	}
	if _, err := t.register.Apply(ctx, entries); err != nil {
		return nil, fmt.Errorf("trust.authorities: %w", err)
	}
	return t, nil
}

// publisher names the instance in its trust list.
func (a *App) publisher() string {
	if a.cfg.Operator.Name != "" {
		return a.cfg.Operator.Name
	}
	return a.cfg.Issuer
}

// entries reads the files of the authorities.
func (t Trusting) entries() ([]trusted.Entry, error) {
	var all []trusted.Entry
	for i, a := range t.Authorities {
		content, err := os.ReadFile(a.File)
		var certificates []*pki.Certificate
		if err == nil {
			certificates, err = trusted.ParseAuthorities(content)
		}
		if err != nil {
			return nil, fmt.Errorf("trust.authorities[%d].file: %s: %w", i, a.File, err)
		}
		for _, certificate := range certificates {
			e := trusted.Entry{Certificate: certificate, Name: a.Name, Reason: trustlist.Reason(a.Reason)}
			for _, use := range a.Uses {
				e.Uses = append(e.Uses, trustlist.Use(use))
			}
			e.From, _ = time.Parse(time.RFC3339, a.From) // both were checked; an empty one is the zero time
			e.WithdrawnAt, _ = time.Parse(time.RFC3339, a.WithdrawnAt)
			all = append(all, e)
		}
	}
	return all, nil
}

// carried puts the key bundle of presentation codes into the trust list.
func (t *trustSource) carried(ctx context.Context) ([][]byte, error) {
	bundle, err := t.app.sealing.licenses.Published(ctx, elicense.NameKeys)
	if errors.Is(err, elicense.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return [][]byte{bundle.Content}, nil
}

// authorities are those of the register, and the lists of others that count.
func (t *trustSource) authorities(ctx context.Context) (*trustlist.Set, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	now := t.app.opts.Now()
	if t.set != nil && now.Before(t.setUntil) {
		return t.set, nil
	}
	own, err := t.register.Authorities(ctx)
	if err != nil {
		return nil, fmt.Errorf("read trusted authorities: %w", err)
	}
	if !now.Before(t.readAt.Add(peerLife)) {
		t.readPeers(ctx)
		t.readAt = now
	}
	set := &trustlist.Set{}
	set.AddOwn(own...)
	for _, list := range t.peers {
		if err := set.Add(list); err != nil {
			t.app.opts.Log.WarnContext(ctx, "trust list refused", "uri", list.URI, "error", err)
		}
	}
	t.set, t.setUntil = set, now.Add(trustLife)
	return set, nil
}

// readPeers reads the files of trust.lists. One that cannot be read or is older than what was seen leaves what was read from it before,
// until that is out of date.
func (t *trustSource) readPeers(ctx context.Context) {
	for _, file := range t.app.cfg.Trust.Lists {
		content, err := os.ReadFile(file)
		if err == nil {
			var list *trustlist.List
			if list, err = t.register.Peer(ctx, content); err == nil {
				t.peers = slices.DeleteFunc(t.peers, func(have *trustlist.List) bool { return have.URI == list.URI })
				t.peers = append(t.peers, list)
			}
		}
		if err != nil {
			t.app.opts.Log.WarnContext(ctx, "trust list refused", "file", file, "error", err)
		}
	}
}

// publishedLists are the trust list of this platform, once there is one, and those of others that count here.
func (t *trustSource) publishedLists(ctx context.Context) ([]elicense.TrustFile, error) {
	set, err := t.authorities(ctx)
	if err != nil {
		return nil, err
	}
	var files []elicense.TrustFile
	switch own, err := t.register.Current(ctx); {
	case err == nil:
		files = append(files, elicense.TrustFile{Name: "trust-list.cbor", Content: own.Content})
	case !errors.Is(err, trusted.ErrNone):
		return nil, err
	}
	for i, list := range set.Lists() {
		files = append(files, elicense.TrustFile{Name: fmt.Sprintf("trust-list-%d.cbor", i+1), Content: list.Raw})
	}
	return files, nil
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

// ExportTrust writes what `yinxin verify --trust` reads: roots, intermediates, CRLs, the trust list, and the published status lists.
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
	if err := errors.Join(a.sealing.seals.PublishAll(ctx), a.trust.register.Refresh(ctx)); err != nil {
		return err
	}
	list, err := a.trust.register.Current(ctx)
	if err != nil {
		return err
	}
	files["trust-list.cbor"] = list.Content
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
