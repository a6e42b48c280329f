package presentation

import (
	"crypto/ecdsa"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Key is an issuer's key that may sign view tokens, as the offline trust bundle lists it (license.md 11.4, 2).
type Key struct {
	Public       *ecdsa.PublicKey
	Issuer       string   // name for people
	TypeCodes    []string // licence types it may speak about
	NotBefore    time.Time
	NotAfter     time.Time
	StatusBase   string // address below which its status lists stand, ending in "/"; the delta is StatusBase + "delta"
	StatusSigner string // name in the certificate that signs them
}

// ID is the name by which tokens refer to the key; zero for a key that is not SM2.
func (k Key) ID() [4]byte {
	id, err := KeyID(k.Public)
	if err != nil {
		return [4]byte{}
	}
	return id
}

// Bundle is the signed, numbered set of keys that a verifier carries to judge codes without a network.
type Bundle struct {
	Number     uint64
	Issued     time.Time
	NextUpdate time.Time
	Keys       []Key

	object *statuslist.Object
}

type keyBody struct {
	Point        []byte   `cbor:"1,keyasint"`
	Issuer       string   `cbor:"2,keyasint"`
	TypeCodes    []string `cbor:"3,keyasint"`
	NotBefore    int64    `cbor:"4,keyasint"`
	NotAfter     int64    `cbor:"5,keyasint"`
	StatusBase   string   `cbor:"6,keyasint"`
	StatusSigner string   `cbor:"7,keyasint"`
}

type bundleBody struct {
	Number     uint64    `cbor:"1,keyasint"`
	Issued     int64     `cbor:"2,keyasint"`
	NextUpdate int64     `cbor:"3,keyasint"`
	Keys       []keyBody `cbor:"4,keyasint"`
}

// MaxBundleAge is how old a bundle may be for a verdict valid (license.md 11.4).
const MaxBundleAge = 7 * 24 * time.Hour

// Sign encodes and signs the bundle; see statuslist.SignObject. Errors wrap statuslist.ErrMake or ErrMake.
func (b Bundle) Sign(chain [][]byte, sign statuslist.SignFunc) ([]byte, error) {
	body := bundleBody{Number: b.Number, Issued: b.Issued.Unix(), NextUpdate: b.NextUpdate.Unix(), Keys: []keyBody{}}
	for _, key := range b.Keys {
		point, err := pki.EncodeSM2Key(key.Public)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMake, err)
		}
		body.Keys = append(body.Keys, keyBody{point, key.Issuer, key.TypeCodes, key.NotBefore.Unix(), key.NotAfter.Unix(), key.StatusBase, key.StatusSigner})
	}
	if err := body.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	return statuslist.SignObject(statuslist.KindTrust, body, chain, sign)
}

func (b bundleBody) check() error {
	if b.Number == 0 || b.Issued <= 0 || b.NextUpdate <= b.Issued || b.NextUpdate > 1<<40 || len(b.Keys) > 10000 {
		return fmt.Errorf("%w: values of the bundle", ErrFormat)
	}
	for _, key := range b.Keys {
		if len(key.TypeCodes) == 0 || key.NotBefore <= 0 || key.NotAfter <= key.NotBefore || key.NotAfter > 1<<40 || key.StatusBase == "" || key.StatusSigner == "" {
			return fmt.Errorf("%w: values of a key", ErrFormat)
		}
	}
	return nil
}

// IsBundle tells whether the octets claim to be a trust bundle.
func IsBundle(data []byte) bool { return statuslist.Is(statuslist.KindTrust, data) }

// OpenBundle reads a bundle and verifies its signature with the certificate inside; Judge says whether the signer is
// trusted. Errors wrap ErrFormat, statuslist.ErrFormat or statuslist.ErrSignature.
func OpenBundle(data []byte) (*Bundle, error) {
	var body bundleBody
	object, err := statuslist.OpenObject(statuslist.KindTrust, data, &body)
	if err != nil {
		return nil, err
	}
	if err := body.check(); err != nil {
		return nil, err
	}
	utc := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	b := &Bundle{Number: body.Number, Issued: utc(body.Issued), NextUpdate: utc(body.NextUpdate), object: object}
	for _, key := range body.Keys {
		public, err := pki.ParseSM2Key(key.Point)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		b.Keys = append(b.Keys, Key{public, key.Issuer, slices.Clone(key.TypeCodes), utc(key.NotBefore), utc(key.NotAfter), key.StatusBase, key.StatusSigner})
	}
	return b, nil
}

// Judge asks whether the signer is trusted; see statuslist.Object.Judge. Errors wrap statuslist.ErrUntrusted.
func (b *Bundle) Judge(trust statuslist.Trust) (statuslist.Signer, error) {
	if b.object == nil {
		return statuslist.Signer{}, fmt.Errorf("%w: the bundle is not signed", statuslist.ErrUntrusted)
	}
	return b.object.Judge(trust)
}

// Stale tells whether the bundle is too old, or from the future, to rely on.
func (b *Bundle) Stale(at time.Time) bool {
	age := at.Sub(b.Issued)
	return age > MaxBundleAge || age < -ClockSkew
}
