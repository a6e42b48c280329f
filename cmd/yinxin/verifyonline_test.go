package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys/revocation/revocationtest"
)

// TestVerifyOnlineAsksAuthorities: nothing is fetched without --online, and with it only what the rule for outbound calls lets through.
func TestVerifyOnlineAsksAuthorities(t *testing.T) {
	vendor, folder := revocationtest.New(t), t.TempDir()
	vendor.At = time.Now().UTC().Truncate(time.Second)
	trust, document := filepath.Join(folder, "trust.pem"), filepath.Join(folder, "notice.ofd")
	for name, content := range map[string][]byte{trust: append(vendor.World.Root.Cert.EncodePEM(), vendor.World.Issuing.Cert.EncodePEM()...), document: vendor.Document(true, true)} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		flags   []string
		unknown bool // whether the certificate is revoked
		asked   bool
	}{
		"offline":                     {nil, true, false},
		"online, plain HTTP":          {[]string{"--online"}, true, false},
		"online, allowed":             {[]string{"--online", "--allow", vendor.Host}, false, true},
		"another place is allowed":    {[]string{"--online", "--allow", "crl.example.cn:80"}, true, false},
		"online, in the ETSI's shape": {[]string{"--online", "--allow", vendor.Host, "--report", "etsi"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			before := vendor.Asked.Load()
			_, out, talk := run(t, append(append([]string{"verify", "--trust", trust}, c.flags...), document)...)
			unknown := strings.Contains(out, "revocation_unknown") || strings.Contains(out, "subindication:TRY_LATER")
			if unknown != c.unknown || vendor.Asked.Load() > before != c.asked {
				t.Errorf("asked %d times\n%s\n%s", vendor.Asked.Load()-before, out, talk)
			}
		})
	}
	vendor.Revoked.Store(true)
	if out := must(t, exitFailed, "verify", "--online", "--allow", vendor.Host, "--trust", trust, document); !strings.Contains(out, "SIGNER_REVOKED_BEFORE") {
		t.Error(out)
	}
}
