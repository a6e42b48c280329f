package authn

import (
	"context"
	"math/big"
	"slices"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Why lists of an authority say nothing.
const (
	SilentUnread    = "unreadable" // a file of lists cannot be read
	SilentUntrusted = "untrusted"  // the trust list does not hold it, or its own chain does not hold
	SilentNoList    = "no_list"    // there is no list of it, or none in force
)

// authorityOf names who signs certificates by its public key, so that it is the same one under a new certificate.
func authorityOf(c *pki.Certificate) string { return digest.Hex(c.RawKeyInfo) }

// Revocations gives what the lists in force say of certificates of an authority, named by the SM3 digest of its public key. They
// say nothing when ask is nil; silence tells why. What an authority that was revoked itself gave out is revoked.
func (s *Certificates) Revocations(ctx context.Context, authority string) (ask func(serial *big.Int) pki.Revocation, silence string) {
	trust, err := s.cfg.Trust(ctx)
	if err != nil {
		return nil, SilentUnread
	}
	now, memo := s.cfg.Ways.now(), &pki.Memo{}
	silence = SilentUntrusted
	for _, issuer := range slices.Concat(trust.Roots.Certificates(), trust.Intermediates.Certificates()) {
		if authorityOf(issuer) != authority {
			continue
		}
		chain, err := pki.BuildChain(issuer, pki.ChainOptions{Roots: trust.Roots, Intermediates: trust.Intermediates, At: now, Memo: memo})
		if err != nil {
			continue
		}
		silence = SilentNoList
		standing := pki.Revocation{State: pki.RevocationGood}
		for i := range len(chain) - 1 {
			if standing = memo.CheckRevocation(chain[i], chain[i+1], trust.CRLs, now); standing.State != pki.RevocationGood {
				break
			}
		}
		switch standing.State {
		case pki.RevocationRevoked:
			return func(*big.Int) pki.Revocation { return standing }, ""
		case pki.RevocationUnknown:
			continue
		}
		about := func(serial *big.Int) pki.Revocation {
			return memo.CheckRevocation(&pki.Certificate{Issuer: issuer.Subject, Serial: serial}, issuer, trust.CRLs, now)
		}
		if about(new(big.Int)).State != pki.RevocationUnknown {
			return about, ""
		}
	}
	return nil, silence
}
