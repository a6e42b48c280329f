package pki

import (
	"bytes"
	"encoding/binary"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// TestS14NameConstraintsEndTheChain: constraints on names are not judged, so an authority that has any, of whatever kind and however written, is
// no link; case, wildcards and mailboxes cannot get round what is never compared (CVE-2026-33810, CVE-2025-61727).
func TestS14NameConstraintsEndTheChain(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	key, holder := newKey(t), newKey(t)
	for name, change := range map[string]func(*smx509.Certificate){
		"permitted name":          func(c *smx509.Certificate) { c.PermittedDNSDomains = []string{"example.cn"} },
		"permitted in upper case": func(c *smx509.Certificate) { c.PermittedDNSDomains = []string{"EXAMPLE.CN"} },
		"excluded name":           func(c *smx509.Certificate) { c.ExcludedDNSDomains = []string{"seal.example.cn"} },
		"excluded under a dot":    func(c *smx509.Certificate) { c.ExcludedDNSDomains = []string{".example.cn"} },
		"permitted mailbox":       func(c *smx509.Certificate) { c.PermittedEmailAddresses = []string{"Seal@example.cn"} },
		"excluded mailbox host":   func(c *smx509.Certificate) { c.ExcludedEmailAddresses = []string{"example.cn"} },
		"excluded address": func(c *smx509.Certificate) {
			c.ExcludedIPRanges = []*net.IPNet{{IP: net.IPv4(10, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			constrained := root.raw(t, "middle", &key.PublicKey, func(c *smx509.Certificate) {
				change(c)
				c.PermittedDNSDomainsCritical = true
			})
			leaf := authority{constrained, key}.raw(t, "leaf", &holder.PublicKey, func(c *smx509.Certificate) {
				c.IsCA, c.KeyUsage, c.MaxPathLen = false, smx509.KeyUsageDigitalSignature, 0
				c.DNSNames = []string{"*.Example.cn"}
			})
			_, err := BuildChain(leaf, ChainOptions{Roots: NewPool(root.certificate), Intermediates: NewPool(constrained), At: middle, Usage: SealUsage})
			if ReasonOf(err) != ReasonExtension {
				t.Errorf("reason %q: %v", ReasonOf(err), err)
			}
		})
	}
}

// TestS15HostileCertificates: lengths, depths and identifiers that would cost more than they are long are refused, for little.
func TestS15HostileCertificates(t *testing.T) {
	long := binary.BigEndian.AppendUint32([]byte{0x30, 0x84}, 0xffffffff)
	huge := append([]byte{0x06, 0x82, 0x40, 0x00}, bytes.Repeat([]byte{0xff}, 0x4000)...)
	for name, input := range map[string][]byte{
		"4 GiB":              long,
		"4 GiB inside":       append([]byte{0x30, 0x82, 0x10, 0x00}, bytes.Repeat(long, 0x1000/len(long)+1)...),
		"depth 10,000":       bytes.Repeat([]byte{0x30, 0x80}, 10_000),
		"depth, long form":   bytes.Repeat([]byte{0x30, 0x83, 0x00, 0xff, 0xff}, 10_000),
		"OID of 16,384":      append([]byte{0x30, 0x82, 0x40, 0x04}, huge...),
		"length of 126":      append([]byte{0x30, 0xfe}, make([]byte, 200)...),
		"a million of zeros": make([]byte, 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			for reader, read := range map[string]func([]byte) error{
				"certificate": func(b []byte) error { _, err := ParseCertificate(b); return err },
				"CRL":         func(b []byte) error { _, err := ParseCRL(b); return err },
				"message":     func(b []byte) error { _, err := ParseSignedData(b); return err },
			} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				err := read(input)
				took := time.Since(start)
				runtime.ReadMemStats(&after)
				if err == nil {
					t.Errorf("%s was read", reader)
				}
				if octets := after.TotalAlloc - before.TotalAlloc; octets > 10<<20 {
					t.Errorf("%s: %d octets", reader, octets)
				}
				if took > 10*50*time.Millisecond { // ten times the bound of the row, on a shared machine
					t.Errorf("%s: %s", reader, took)
				}
			}
		})
	}
}
