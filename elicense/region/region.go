// Package region is what one platform hands to others so that they can judge its licences: authorities, revocation lists and status lists in one
// signed object with a number that only rises ([Package]), and what a reader decided about it: by which root it is known, and for the licences
// of which administrative divisions it counts ([Vouched]; security row L-09).
//
// A package speaks for its own platform alone: every status list in it has an address below that of the package. What counts for licences of a
// region is judged with the region's own authorities and lists, and with nothing else, so that a region can neither vouch for others nor say
// anything about the licences of whoever reads it.
//
// The package is a leaf: octets, certificates and a moment go in. It fetches nothing and knows no clock.
package region

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// Path is where a platform serves its package, below its base address.
const Path = "/trust/region"

// Bounds of a package.
const (
	MaxLists        = 6 << 20 // octets of the status lists together
	maxCertificates = 16
	maxMembers      = 512
	maxText         = 256
	maxDivisions    = 64
	maxTime         = 253402300799 // the year 9999
)

// Errors. Callers compare with errors.Is.
var (
	ErrFormat    = errors.New("region: not a package of a region")
	ErrRoot      = errors.New("region: the package is not by the root that was confirmed")
	ErrUntrusted = errors.New("region: the signer of the package is not trusted")
	ErrDivision  = errors.New("region: a division is 2, 4 or 6 digits of GB/T 2260")
)

// Content is what a package holds, in the form in which each part was published.
type Content struct {
	URI        string // base address of the platform and Path
	Number     uint64
	Issued     time.Time // whole seconds
	NextUpdate time.Time // a newer one is published by then
	Publisher  string    // for people
	Root       []byte    // DER
	Others     [][]byte  // DER of the authorities below the root
	CRLs       [][]byte
	Lists      [][]byte // status lists of licences
	SealLists  [][]byte // status lists of seals
}

type body struct {
	URI        string   `cbor:"1,keyasint"`
	Number     uint64   `cbor:"2,keyasint"`
	Issued     int64    `cbor:"3,keyasint"`
	NextUpdate int64    `cbor:"4,keyasint"`
	Publisher  string   `cbor:"5,keyasint"`
	Root       []byte   `cbor:"6,keyasint"`
	Others     [][]byte `cbor:"7,keyasint"`
	CRLs       [][]byte `cbor:"8,keyasint"`
	Lists      [][]byte `cbor:"9,keyasint"`
	SealLists  [][]byte `cbor:"10,keyasint"`
}

// Sign encodes and signs a package, which must be one that Open reads; see signed.SignObject. Errors wrap signed.ErrMake.
func (c Content) Sign(chain [][]byte, sign signed.SignFunc) ([]byte, error) {
	b := body{URI: c.URI, Number: c.Number, Issued: c.Issued.Unix(), NextUpdate: c.NextUpdate.Unix(), Publisher: c.Publisher, Root: c.Root,
		Others: nonNil(c.Others), CRLs: nonNil(c.CRLs), Lists: nonNil(c.Lists), SealLists: nonNil(c.SealLists)}
	if _, err := b.read(); err != nil {
		return nil, fmt.Errorf("%w: %w", signed.ErrMake, err)
	}
	return signed.SignObject(signed.KindRegion, b, chain, sign)
}

func nonNil(all [][]byte) [][]byte { return append([][]byte{}, all...) }

// Same tells whether two packages say the same, apart from number and times.
func (c Content) Same(p *Package) bool {
	have := p.Content
	return c.URI == have.URI && c.Publisher == have.Publisher && bytes.Equal(c.Root, have.Root) && slices.EqualFunc(c.Others, have.Others, bytes.Equal) &&
		slices.EqualFunc(c.CRLs, have.CRLs, bytes.Equal) && slices.EqualFunc(c.Lists, have.Lists, bytes.Equal) && slices.EqualFunc(c.SealLists, have.SealLists, bytes.Equal)
}

// Package is an opened package.
type Package struct {
	Content
	RootCertificate *pki.Certificate
	Intermediates   []*pki.Certificate
	Revoked         []*pki.CRL
	StatusLists     []*statuslist.List
	SealStatus      []*sealstatus.List
	Raw             []byte

	object *signed.Object
}

func (b body) read() (*Package, error) {
	base, found := strings.CutSuffix(b.URI, Path)
	switch {
	case !found || !isBase(base) || len(b.URI) > maxText:
		return nil, fmt.Errorf("%w: address", ErrFormat)
	case b.Publisher == "" || len(b.Publisher) > maxText || !utf8.ValidString(b.Publisher):
		return nil, fmt.Errorf("%w: publisher", ErrFormat)
	case b.Number == 0 || b.Number > 1<<62 || b.Issued <= 0 || b.NextUpdate <= b.Issued || b.NextUpdate > maxTime:
		return nil, fmt.Errorf("%w: number or times", ErrFormat)
	case len(b.Others) > maxCertificates || len(b.CRLs) > maxCertificates || len(b.Lists) > maxMembers || len(b.SealLists) > maxMembers:
		return nil, fmt.Errorf("%w: too many members", ErrFormat)
	}
	utc := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	p := &Package{Content: Content{URI: b.URI, Number: b.Number, Issued: utc(b.Issued), NextUpdate: utc(b.NextUpdate), Publisher: b.Publisher, Root: b.Root,
		Others: b.Others, CRLs: b.CRLs, Lists: b.Lists, SealLists: b.SealLists}}
	var err error
	if p.RootCertificate, err = pki.ParseCertificate(b.Root); err != nil {
		return nil, fmt.Errorf("%w: root: %w", ErrFormat, err)
	}
	if !p.RootCertificate.IsSelfSigned() || !p.RootCertificate.IsCA {
		return nil, fmt.Errorf("%w: the root is none", ErrFormat)
	}
	for _, raw := range b.Others {
		certificate, err := pki.ParseCertificate(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: authority: %w", ErrFormat, err)
		}
		p.Intermediates = append(p.Intermediates, certificate)
	}
	for _, raw := range b.CRLs {
		list, err := pki.ParseCRL(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: revocation list: %w", ErrFormat, err)
		}
		p.Revoked = append(p.Revoked, list)
	}
	for _, raw := range b.Lists {
		list, err := statuslist.Open(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: status list: %w", ErrFormat, err)
		}
		if !strings.HasPrefix(list.URI, base+"/status/") {
			return nil, fmt.Errorf("%w: a status list of another platform", ErrFormat)
		}
		p.StatusLists = append(p.StatusLists, list)
	}
	for _, raw := range b.SealLists {
		list, err := sealstatus.Open(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: status list of seals: %w", ErrFormat, err)
		}
		p.SealStatus = append(p.SealStatus, list)
	}
	return p, nil
}

// isBase tells whether a text is the address of a platform: a scheme, a host, and perhaps a port and a path. net/url would make the verifier for
// browsers larger.
func isBase(text string) bool {
	scheme, rest, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	return (scheme == "https" || scheme == "http") && host != "" && !strings.HasPrefix(host, ":") && !strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("?#\\@", r) })
}

// Is tells whether octets claim to be a package.
func Is(data []byte) bool { return signed.Is(signed.KindRegion, data) }

// Open reads a package and verifies its signature with the certificate inside; Judge says whether the signer is trusted. Errors wrap ErrFormat,
// signed.ErrFormat or signed.ErrSignature.
func Open(data []byte) (*Package, error) {
	var b body
	object, err := signed.OpenObject(signed.KindRegion, data, &b)
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

// Fingerprint is SM3 of the root in hex: what operators compare by another way than the one on which the package came.
func (p *Package) Fingerprint() string { return digest.Hex(p.Root) }

// Judge asks whether a service under the root with the fingerprint signed the package, by the package's own revocation lists. Errors wrap ErrRoot
// or ErrUntrusted.
func (p *Package) Judge(fingerprint string, at time.Time) error {
	if p.Fingerprint() != fingerprint {
		return fmt.Errorf("%w: its root is %s", ErrRoot, p.Fingerprint())
	}
	if _, err := p.object.Judge(signed.Trust{Roots: pki.NewPool(p.RootCertificate), Intermediates: pki.NewPool(p.Intermediates...), CRLs: p.Revoked, At: at}); err != nil {
		return fmt.Errorf("%w: %w", ErrUntrusted, err)
	}
	return nil
}

// clockDifference is how far the clocks of publisher and reader may differ.
const clockDifference = 90 * time.Second

// Current tells whether the package counts at a moment: it was issued by then, and is not older than it says a package may be.
func (p *Package) Current(at time.Time) bool {
	return !at.Before(p.Issued.Add(-clockDifference)) && !at.After(p.NextUpdate.Add(clockDifference))
}

// IssuedBy tells whether a distinguished name is that of an authority of the package.
func (p *Package) IssuedBy(subject string) bool {
	return p.RootCertificate.Subject.String() == subject || slices.ContainsFunc(p.Intermediates, func(c *pki.Certificate) bool { return c.Subject.String() == subject })
}

// Division checks a division and gives it without the zeros that stand for all below it: 370300 is 3703, 370000 is 37. Errors wrap ErrDivision.
func Division(code string) (string, error) {
	if len(code) != 2 && len(code) != 4 && len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return "", fmt.Errorf("%w: %.12q", ErrDivision, code)
	}
	for len(code) > 2 && strings.HasSuffix(code, "00") {
		code = code[:len(code)-2]
	}
	if code == "00" {
		return "", fmt.Errorf("%w: %.12q is everywhere", ErrDivision, code)
	}
	return code, nil
}

// Vouched is a package with what its reader decided about it.
type Vouched struct {
	*Package
	Confirmed string   // fingerprint of the root that the operator confirmed
	Divisions []string // as Division gives them
	// Except are codes of authorities in the divisions that are the reader's own, for which the region never speaks.
	Except []string
}

// Covers tells whether the region may issue in the name of an authority: its unified social credit code, whose third to eighth digits are the
// division (GB 32100-2015), lies in a division of the region and is none of the reader's own.
func (v *Vouched) Covers(authority string) bool {
	return len(authority) == 18 && !slices.Contains(v.Except, authority) &&
		slices.ContainsFunc(v.Divisions, func(d string) bool { return strings.HasPrefix(authority[2:8], d) })
}

// prefix begins the file in which a platform hands a decision to offline verifiers. The file is as good as the folder of trust in which it
// lies: like a root in it, it is not signed.
const prefix = "YXRV1\n"

type vouchedBody struct {
	Confirmed []byte   `cbor:"1,keyasint"`
	Divisions []string `cbor:"2,keyasint"`
	Except    []string `cbor:"3,keyasint"`
	Package   []byte   `cbor:"4,keyasint"`
}

// Encode writes the decision and the package as a file of trust. Errors wrap signed.ErrMake.
func (v *Vouched) Encode() ([]byte, error) {
	confirmed, err := hex.DecodeString(v.Confirmed)
	if err != nil {
		return nil, fmt.Errorf("%w: fingerprint: %w", signed.ErrMake, err)
	}
	out, err := signed.Encode(vouchedBody{confirmed, append([]string{}, v.Divisions...), append([]string{}, v.Except...), v.Raw})
	return append([]byte(prefix), out...), err
}

// IsVouched tells whether octets claim to be what Encode writes.
func IsVouched(data []byte) bool { return bytes.HasPrefix(data, []byte(prefix)) }

// OpenVouched reads what Encode wrote. Errors wrap ErrFormat, ErrDivision, or those of Open.
func OpenVouched(data []byte) (*Vouched, error) {
	if !IsVouched(data) {
		return nil, ErrFormat
	}
	var b vouchedBody
	if err := signed.Decode(data[len(prefix):], &b); err != nil {
		return nil, err
	}
	if len(b.Confirmed) != 32 || len(b.Divisions) == 0 || len(b.Divisions) > maxDivisions || len(b.Except) > maxMembers {
		return nil, fmt.Errorf("%w: decision", ErrFormat)
	}
	for _, d := range b.Divisions {
		if short, err := Division(d); err != nil || short != d {
			return nil, fmt.Errorf("%w: %.12q", ErrDivision, d)
		}
	}
	p, err := Open(b.Package)
	if err != nil {
		return nil, err
	}
	return &Vouched{p, hex.EncodeToString(b.Confirmed), b.Divisions, b.Except}, nil
}
