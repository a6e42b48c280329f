package pki

import (
	"crypto/rand"
	"math/big"
	"testing"
	"time"
)

// TestACertificateThatIsListedTwice: whatever the order of entries, the earliest moment and the worse reason count; and removeFromCRL takes
// nothing out of a complete list (RFC 5280 5.3.1).
func TestACertificateThatIsListedTwice(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	serial := big.NewInt(77)
	certificate := &Certificate{Issuer: root.certificate.Subject, Serial: serial}
	early, late := begin.Add(time.Hour), begin.Add(2*time.Hour)
	entry := func(at time.Time, reason RevocationReason) CRLEntry {
		return CRLEntry{Serial: serial, RevokedAt: at, Reason: reason}
	}
	for name, c := range map[string]struct {
		entries []CRLEntry
		want    CRLEntry
	}{
		"once":                         {[]CRLEntry{entry(late, RevokedSuperseded)}, entry(late, RevokedSuperseded)},
		"two moments":                  {[]CRLEntry{entry(early, RevokedKeyCompromise), entry(late, RevokedKeyCompromise)}, entry(early, RevokedKeyCompromise)},
		"the later one is worse":       {[]CRLEntry{entry(early, RevokedSuperseded), entry(late, RevokedKeyCompromise)}, entry(early, RevokedKeyCompromise)},
		"the earlier one is worse":     {[]CRLEntry{entry(early, RevokedKeyCompromise), entry(late, RevokedSuperseded)}, entry(early, RevokedKeyCompromise)},
		"of two bad ones the earlier":  {[]CRLEntry{entry(early, RevokedUnspecified), entry(late, RevokedKeyCompromise)}, entry(early, RevokedUnspecified)},
		"of two good ones the earlier": {[]CRLEntry{entry(early, RevokedCessationOfOperation), entry(late, RevokedAffiliationChanged)}, entry(early, RevokedCessationOfOperation)},
		"of two others the earlier":    {[]CRLEntry{entry(early, RevokedAffiliationChanged), entry(late, RevokedCessationOfOperation)}, entry(early, RevokedAffiliationChanged)},
		"three":                        {[]CRLEntry{entry(late, RevokedSuperseded), entry(late, RevokedCACompromise), entry(early, RevokedSuperseded)}, entry(early, RevokedCACompromise)},
		"taken out":                    {[]CRLEntry{entry(early, RevokedRemoveFromCRL)}, entry(early, RevokedRemoveFromCRL)},
		"revoked and taken out":        {[]CRLEntry{entry(early, RevokedSuperseded), entry(late, RevokedRemoveFromCRL)}, entry(early, RevokedRemoveFromCRL)},
	} {
		for range 2 {
			list, err := MakeCRL(rand.Reader, CRLTemplate{Number: big.NewInt(1), ThisUpdate: middle, NextUpdate: middle.Add(time.Hour), Entries: c.entries}, root.certificate, root.key)
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Entries) != len(c.entries) {
				t.Fatalf("%s: %d entries", name, len(list.Entries))
			}
			got := CheckRevocation(certificate, root.certificate, []*CRL{list}, middle)
			if got.State != RevocationRevoked || !got.RevokedAt.Equal(c.want.RevokedAt) || got.Reason != c.want.Reason {
				t.Errorf("%s: %+v", name, got)
			}
			for i, j := 0, len(c.entries)-1; i < j; i, j = i+1, j-1 { // and the other way round
				c.entries[i], c.entries[j] = c.entries[j], c.entries[i]
			}
		}
	}
}
