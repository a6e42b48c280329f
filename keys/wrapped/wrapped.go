// Package wrapped is the common part of the software key providers: keys are made here, kept in the database only as
// blobs that a [Wrapper] sealed, and opened in memory when they are used. Which key seals the blobs (a passphrase's or a
// server's) is the wrapper's business.
//
// Opened keys stay in the memory of the process until they are destroyed or the process ends; the memory is not locked.
package wrapped

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Wrapper seals and opens key blobs. The associated data binds a blob to the key's id, purpose and algorithm.
type Wrapper interface {
	Wrap(ctx context.Context, plaintext, associatedData []byte) ([]byte, error)
	Unwrap(ctx context.Context, blob, associatedData []byte) ([]byte, error)
	// Health reports why blobs cannot be opened, nil when they can.
	Health(ctx context.Context) error
}

// Record is a stored key.
type Record struct {
	ID        string
	Spec      keys.Spec
	State     keys.State
	CreatedAt time.Time
	StateAt   time.Time
	Public    []byte // SubjectPublicKeyInfo; empty for secret keys
	Blob      []byte // empty once destroyed
}

// Store keeps records; keysdb implements it. Every change is stored together with its audit record.
type Store interface {
	// Insert answers ErrExists when a key of the same purpose, algorithm and label is there that is current, or next, as
	// this one.
	Insert(ctx context.Context, r Record, record audit.Record) error
	Find(ctx context.Context, id string) (Record, error) // keys.ErrNotFound
	List(ctx context.Context, usage keys.Usage, label string) ([]Record, error)
	// SetState changes a state if it is still the one given; keys.ErrState when it is not.
	SetState(ctx context.Context, id string, from, to keys.State, at time.Time, record audit.Record) error
	// Promote makes a next key current and the current key of the same purpose, algorithm and label the previous one;
	// keys.ErrState when it is not next.
	Promote(ctx context.Context, r Record, at time.Time, record audit.Record) error
	// Erase forgets the blob.
	Erase(ctx context.Context, id string, at time.Time, record audit.Record) error
}

// ErrExists is answered by Insert.
var ErrExists = errors.New("wrapped: a key of this purpose and state exists")

// Config of a provider.
type Config struct {
	Name    string
	Store   Store
	Wrapper Wrapper
	Now     func() time.Time
	Rand    io.Reader
	// RSA makes an RSA key; rsa.GenerateKey when nil.
	RSA func(rand io.Reader, bits int) (*rsa.PrivateKey, error)
}

// Provider implements keys.Provider.
type Provider struct {
	cfg   Config
	mutex sync.RWMutex
	open  map[string]any // opened keys by id: keys.Signer or []byte
	memo  pki.Memo
}

// New returns a provider.
func New(cfg Config) *Provider {
	if cfg.RSA == nil {
		cfg.RSA = rsa.GenerateKey
	}
	return &Provider{cfg: cfg, open: map[string]any{}}
}

// Name of the provider.
func (p *Provider) Name() string { return p.cfg.Name }

// Wrapper is what seals the blobs.
func (p *Provider) Wrapper() Wrapper { return p.cfg.Wrapper }

// Health asks the wrapper.
func (p *Provider) Health(ctx context.Context) error { return p.cfg.Wrapper.Health(ctx) }

// Create makes the current key of a purpose. When another node was faster, its key is returned.
func (p *Provider) Create(ctx context.Context, spec keys.Spec) (keys.Info, error) {
	return p.create(ctx, spec, keys.Current)
}

// Prepare makes the next key of a purpose. When another node was faster, its key is returned.
func (p *Provider) Prepare(ctx context.Context, spec keys.Spec) (keys.Info, error) {
	return p.create(ctx, spec, keys.Next)
}

func (p *Provider) create(ctx context.Context, spec keys.Spec, state keys.State) (keys.Info, error) {
	secret, public, plaintext, err := p.generate(spec.Algorithm)
	if err != nil {
		return keys.Info{}, err
	}
	now := p.cfg.Now().UTC()
	r := Record{ID: ident.New(p.cfg.Rand, "key"), Spec: spec, State: state, CreatedAt: now, StateAt: now, Public: public}
	r.Blob, err = p.cfg.Wrapper.Wrap(ctx, plaintext, associated(r))
	clear(plaintext)
	if err != nil {
		return keys.Info{}, err
	}
	err = p.cfg.Store.Insert(ctx, r, p.record(ctx, "key.created", r))
	if errors.Is(err, ErrExists) {
		existing, err := p.List(ctx, spec.Usage, spec.Label)
		for _, info := range existing {
			if info.Spec == spec && info.State == state {
				return info, nil
			}
		}
		return keys.Info{}, errors.Join(err, keys.ErrState)
	}
	if err != nil {
		return keys.Info{}, fmt.Errorf("store key: %w", err)
	}
	if _, err := p.keep(r, secret); err != nil {
		return keys.Info{}, err
	}
	return info(r)
}

// generate makes a key of the algorithm and its two stored forms.
func (p *Provider) generate(algorithm keys.Algorithm) (secret any, public, plaintext []byte, err error) {
	var signer crypto.Signer
	switch algorithm {
	case keys.SM2:
		signer, err = sm2.GenerateKey(p.cfg.Rand)
	case keys.P256:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), p.cfg.Rand)
	case keys.Ed25519:
		_, signer, err = ed25519.GenerateKey(p.cfg.Rand)
	case keys.RSA2048, keys.RSAPSS:
		signer, err = p.cfg.RSA(p.cfg.Rand, 2048)
	case keys.SM4, keys.HMACSM3:
		plaintext = make([]byte, secretSize(algorithm))
		if _, err = io.ReadFull(p.cfg.Rand, plaintext); err != nil {
			return nil, nil, nil, fmt.Errorf("make key: %w", err)
		}
		return bytes.Clone(plaintext), nil, plaintext, nil
	default:
		return nil, nil, nil, fmt.Errorf("%w: algorithm %s", keys.ErrUsage, algorithm)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("make key: %w", err)
	}
	if public, err = smx509.MarshalPKIXPublicKey(signer.Public()); err == nil {
		plaintext, err = smx509.MarshalPKCS8PrivateKey(signer)
	}
	return signer, public, plaintext, err
}

func secretSize(algorithm keys.Algorithm) int {
	if algorithm == keys.SM4 {
		return 16
	}
	return 32
}

func associated(r Record) []byte {
	return []byte("yinxin-key-v1\x00" + r.ID + "\x00" + string(r.Spec.Usage) + "\x00" + string(r.Spec.Algorithm))
}

func info(r Record) (keys.Info, error) {
	i := keys.Info{ID: r.ID, Spec: r.Spec, State: r.State, CreatedAt: r.CreatedAt, StateAt: r.StateAt}
	if len(r.Public) > 0 {
		public, err := smx509.ParsePKIXPublicKey(r.Public)
		if err != nil {
			return keys.Info{}, fmt.Errorf("read public key of %s: %w", r.ID, err)
		}
		i.Public = public
	}
	return i, nil
}

// Find describes a key.
func (p *Provider) Find(ctx context.Context, id string) (keys.Info, error) {
	r, err := p.cfg.Store.Find(ctx, id)
	if err != nil {
		return keys.Info{}, err
	}
	return info(r)
}

// List describes the keys of a purpose, newest first.
func (p *Provider) List(ctx context.Context, usage keys.Usage, label string) ([]keys.Info, error) {
	records, err := p.cfg.Store.List(ctx, usage, label)
	if err != nil {
		return nil, err
	}
	all := make([]keys.Info, 0, len(records))
	for _, r := range records {
		i, err := info(r)
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

var stateOrder = map[keys.State]int{keys.Next: 0, keys.Current: 1, keys.Previous: 2, keys.Destroyed: 3}

// SetState moves a key forward.
func (p *Provider) SetState(ctx context.Context, id string, state keys.State) error {
	r, err := p.cfg.Store.Find(ctx, id)
	if err != nil {
		return err
	}
	if state == keys.Destroyed || stateOrder[state] <= stateOrder[r.State] {
		return keys.ErrState
	}
	return p.cfg.Store.SetState(ctx, id, r.State, state, p.cfg.Now().UTC(), p.record(ctx, "key."+string(state), r))
}

// Promote makes a next key the current one.
func (p *Provider) Promote(ctx context.Context, id string) error {
	r, err := p.cfg.Store.Find(ctx, id)
	if err != nil {
		return err
	}
	if r.State != keys.Next {
		return keys.ErrState
	}
	return p.cfg.Store.Promote(ctx, r, p.cfg.Now().UTC(), p.record(ctx, "key.promoted", r))
}

// Destroy forgets the secret.
func (p *Provider) Destroy(ctx context.Context, id string) error {
	r, err := p.cfg.Store.Find(ctx, id)
	if err != nil {
		return err
	}
	if r.State == keys.Destroyed {
		return keys.ErrDestroyed
	}
	if err := p.cfg.Store.Erase(ctx, id, p.cfg.Now().UTC(), p.record(ctx, "key.destroyed", r)); err != nil {
		return err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if secret, ok := p.open[id].([]byte); ok {
		clear(secret)
	}
	delete(p.open, id)
	return nil
}

// opened gives what a key of a purpose works with: a keys.Signer, or the secret of one that signs nothing.
func (p *Provider) opened(ctx context.Context, id string, usage keys.Usage) (Record, any, error) {
	r, err := p.cfg.Store.Find(ctx, id)
	switch {
	case err != nil:
		return r, nil, err
	case r.Spec.Usage != usage:
		return r, nil, keys.ErrUsage
	case r.State == keys.Destroyed:
		return r, nil, keys.ErrDestroyed
	}
	p.mutex.RLock()
	handle, ok := p.open[id]
	p.mutex.RUnlock()
	if ok {
		return r, handle, nil
	}
	plaintext, err := p.cfg.Wrapper.Unwrap(ctx, r.Blob, associated(r))
	if err != nil {
		return r, nil, err
	}
	secret, err := parseSecret(r, plaintext)
	if err != nil {
		return r, nil, err
	}
	handle, err = p.keep(r, secret)
	return r, handle, err
}

// keep opens a key for all who ask for it from now on. Who opens it a second time at the same moment gets the first handle.
func (p *Provider) keep(r Record, secret any) (handle any, err error) {
	handle = secret
	if private, ok := secret.(crypto.Signer); ok {
		if handle, err = keys.NewSigner(r.ID, r.Spec.Algorithm, private, p.cfg.Rand, &p.memo); err != nil {
			return nil, err
		}
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if earlier, ok := p.open[r.ID]; ok {
		return earlier, nil
	}
	p.open[r.ID] = handle
	return handle, nil
}

func parseSecret(r Record, plaintext []byte) (any, error) {
	if r.Spec.Algorithm == keys.SM4 || r.Spec.Algorithm == keys.HMACSM3 {
		if len(plaintext) != secretSize(r.Spec.Algorithm) {
			return nil, keys.ErrUnwrap
		}
		return plaintext, nil
	}
	parsed, err := smx509.ParsePKCS8PrivateKey(plaintext)
	clear(plaintext)
	signer, ok := parsed.(crypto.Signer)
	if err != nil || !ok {
		return nil, keys.ErrUnwrap
	}
	public, err := smx509.MarshalPKIXPublicKey(signer.Public())
	if err != nil || !bytes.Equal(public, r.Public) {
		return nil, fmt.Errorf("%w: private and public half differ", keys.ErrUnwrap)
	}
	return signer, nil
}

// Signer gives a handle for signing.
func (p *Provider) Signer(ctx context.Context, id string, usage keys.Usage) (keys.Signer, error) {
	_, handle, err := p.opened(ctx, id, usage)
	if err != nil {
		return nil, err
	}
	signer, ok := handle.(keys.Signer)
	if !ok {
		return nil, keys.ErrUsage
	}
	return signer, nil
}

// Cipher gives a handle for encrypting fields.
func (p *Provider) Cipher(ctx context.Context, id string, usage keys.Usage) (keys.Cipher, error) {
	r, secret, err := p.opened(ctx, id, usage)
	if err != nil {
		return nil, err
	}
	if r.Spec.Algorithm != keys.SM4 {
		return nil, keys.ErrUsage
	}
	return keys.NewCipher(id, secret.([]byte), p.cfg.Rand)
}

// MAC gives a handle for keyed hashes.
func (p *Provider) MAC(ctx context.Context, id string, usage keys.Usage) (keys.MAC, error) {
	r, secret, err := p.opened(ctx, id, usage)
	if err != nil {
		return nil, err
	}
	if r.Spec.Algorithm != keys.HMACSM3 {
		return nil, keys.ErrUsage
	}
	return keys.NewMAC(id, secret.([]byte)), nil
}

func (p *Provider) record(ctx context.Context, kind string, r Record) audit.Record {
	request := reqctx.From(ctx)
	actor := request.Actor.ID
	if actor == "" {
		actor = "system:keys"
	}
	return audit.With(audit.Event{Type: kind, At: p.cfg.Now(), Actor: actor, ObjectType: "key", ObjectID: r.ID, RequestID: request.ID, Reason: request.Reason,
		Details: map[string]string{"usage": string(r.Spec.Usage), "algorithm": string(r.Spec.Algorithm), "label": r.Spec.Label, "provider": p.cfg.Name}})
}
