// Package counterbundle is the one file that a counter without a network carries: every file of trust that a platform hands to verifiers
// (authorities, revocation lists, trust lists, status lists and delta, key bundle, licence types, keys of the log, other regions), signed with
// SM2 by the platform, with a number that only rises, the moment at which it was made and how long it is good for (license.md 11.4).
//
// It is a leaf: octets, certificates and a moment go in. It is no part of the verifier for browsers, which fetches the files themselves.
package counterbundle

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// Path is where a platform serves its bundle, below its base address.
const Path = "/trust/bundle"

// Life is how long a bundle is good for (license.md 11.4, 2): nothing is called valid by an older one.
const Life = 7 * 24 * time.Hour

// Bounds of a bundle.
const (
	MaxFiles = 7 << 20 // octets of the files together, so that the signed object is one that is read
	maxCount = 1024
	maxText  = 256
	maxTime  = 253402300799 // the year 9999
)

// Errors. Callers compare with errors.Is.
var (
	ErrFormat    = errors.New("counterbundle: not a bundle for counters")
	ErrRoot      = errors.New("counterbundle: the bundle is not by the root that was confirmed")
	ErrUntrusted = errors.New("counterbundle: the signer of the bundle is not trusted")
)

// File is a file of trust.
type File struct {
	_       struct{} `cbor:",toarray"`
	Name    string
	Content []byte
}

// Content is what a bundle holds.
type Content struct {
	URI       string // base address of the platform and Path
	Number    uint64
	Issued    time.Time // whole seconds
	GoodUntil time.Time // at most Life after Issued
	Publisher string    // for people
	Files     []File
}

type body struct {
	URI       string `cbor:"1,keyasint"`
	Number    uint64 `cbor:"2,keyasint"`
	Issued    int64  `cbor:"3,keyasint"`
	GoodUntil int64  `cbor:"4,keyasint"`
	Publisher string `cbor:"5,keyasint"`
	Files     []File `cbor:"6,keyasint"`
}

// Sign encodes and signs a bundle, which must be one that Open reads; see signed.SignObject. Errors wrap signed.ErrMake.
func (c Content) Sign(chain [][]byte, sign signed.SignFunc) ([]byte, error) {
	b := body{URI: c.URI, Number: c.Number, Issued: c.Issued.Unix(), GoodUntil: c.GoodUntil.Unix(), Publisher: c.Publisher, Files: append([]File{}, c.Files...)}
	if _, err := b.read(); err != nil {
		return nil, fmt.Errorf("%w: %w", signed.ErrMake, err)
	}
	return signed.SignObject(signed.KindCounter, b, chain, sign)
}

// Bundle is an opened bundle.
type Bundle struct {
	Content
	Raw []byte

	roots, others []*pki.Certificate
	revoked       []*pki.CRL
	object        *signed.Object
}

func (b body) read() (*Bundle, error) {
	switch {
	case !strings.HasSuffix(b.URI, Path) || len(b.URI) > maxText || !utf8.ValidString(b.URI) || b.Publisher == "" || len(b.Publisher) > maxText || !utf8.ValidString(b.Publisher):
		return nil, fmt.Errorf("%w: address or publisher", ErrFormat)
	case b.Number == 0 || b.Number > 1<<62 || b.Issued <= 0 || b.GoodUntil <= b.Issued || b.GoodUntil > maxTime || b.GoodUntil-b.Issued > int64(Life/time.Second):
		return nil, fmt.Errorf("%w: number or times", ErrFormat)
	case len(b.Files) > maxCount:
		return nil, fmt.Errorf("%w: %d files", ErrFormat, len(b.Files))
	}
	utc := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	p := &Bundle{Content: Content{URI: b.URI, Number: b.Number, Issued: utc(b.Issued), GoodUntil: utc(b.GoodUntil), Publisher: b.Publisher, Files: b.Files}}
	names, total := map[string]bool{}, 0
	for _, f := range b.Files {
		if f.Name == "" || len(f.Name) > maxText || !utf8.ValidString(f.Name) || names[f.Name] || len(f.Content) == 0 {
			return nil, fmt.Errorf("%w: file %.60q", ErrFormat, f.Name)
		}
		names[f.Name] = true
		if total += len(f.Content); total > MaxFiles {
			return nil, fmt.Errorf("%w: more than %d octets of files", ErrFormat, MaxFiles)
		}
		if certificates, err := pki.ParseCertificates(f.Content); err == nil {
			for _, c := range certificates {
				if c.IsSelfSigned() {
					p.roots = append(p.roots, c)
				} else {
					p.others = append(p.others, c)
				}
			}
		} else if crl, err := pki.ParseCRL(f.Content); err == nil {
			p.revoked = append(p.revoked, crl)
		}
	}
	if len(p.roots) == 0 {
		return nil, fmt.Errorf("%w: no root", ErrFormat)
	}
	return p, nil
}

// Is tells whether octets claim to be a bundle.
func Is(data []byte) bool { return signed.Is(signed.KindCounter, data) }

// Open reads a bundle and verifies its signature with the certificate inside; Judge says whether the signer is trusted. Errors wrap ErrFormat,
// signed.ErrFormat or signed.ErrSignature.
func Open(data []byte) (*Bundle, error) {
	var b body
	object, err := signed.OpenObject(signed.KindCounter, data, &b)
	if err != nil {
		return nil, err
	}
	p, err := b.read()
	if err != nil {
		return nil, err
	}
	p.Raw, p.object = data, object
	return p, nil
}

// Judge asks whether a service under the root with the fingerprint signed the bundle, by the bundle's own revocation lists. Errors wrap ErrRoot or
// ErrUntrusted.
func (b *Bundle) Judge(fingerprint string, at time.Time) error {
	for _, root := range b.roots {
		if digest.Hex(root.Raw) != fingerprint {
			continue
		}
		if _, err := b.object.Judge(signed.Trust{Roots: pki.NewPool(root), Intermediates: pki.NewPool(b.others...), CRLs: b.revoked, At: at}); err != nil {
			return fmt.Errorf("%w: %w", ErrUntrusted, err)
		}
		return nil
	}
	return fmt.Errorf("%w: it brings %s", ErrRoot, strings.Join(b.Fingerprints(), " "))
}

// Fingerprints are SM3 of the roots in hex, one of which is compared by another way than the one on which the bundle came.
func (b *Bundle) Fingerprints() (all []string) {
	for _, root := range b.roots {
		all = append(all, digest.Hex(root.Raw))
	}
	return all
}

// clockDifference is how far the clocks of platform and counter may differ.
const clockDifference = 90 * time.Second

// Current tells whether the bundle counts at a moment: it was made by then, and is still good.
func (b *Bundle) Current(at time.Time) bool {
	return !at.Before(b.Issued.Add(-clockDifference)) && !at.After(b.GoodUntil)
}
