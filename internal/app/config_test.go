package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const good = `
issuer: http://localhost:8080
listen: {public: "127.0.0.1:8080", management: "127.0.0.1:9090"}
database: {url: "sqlite:/tmp/x/yinxin.db"}
blob: {dir: /tmp/x/blobs}
keys: {provider: file, passphrase_file: /tmp/x/passphrase}
sandbox: true
`

func TestConfigFaultsComeTogetherWithSuggestions(t *testing.T) {
	_, err := ParseConfig([]byte(strings.ReplaceAll(good, "sandbox", "sandbx")+"database2: 1\nlisten2: {}\n"), []string{"YINXIN_ISUER=x", "HOME=/"})
	if err == nil {
		t.Fatal("unknown keys were accepted")
	}
	for _, want := range []string{`unknown key "sandbx"; did you mean "sandbox"?`, `"database2"; did you mean "database"`, "YINXIN_ISUER; did you mean YINXIN_ISSUER?", "authority.url"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}

func TestConfigRefusesWhatIsInsecure(t *testing.T) {
	cases := map[string]struct{ old, new, want string }{
		"plain http off loopback":             {`public: "127.0.0.1:8080"`, `public: "0.0.0.0:8080"`, "listen.public"},
		"plain issuer":                        {"http://localhost:8080", "http://id.example", "issuer"},
		"issuer with a slash":                 {"http://localhost:8080", "https://id.example/", "issuer"},
		"management for all":                  {`management: "127.0.0.1:9090"`, `management: ":9090"`, "listen.management"},
		"K-08 database without TLS":           {"sqlite:/tmp/x/yinxin.db", "postgres://db.example/yinxin", "sslmode"},
		"K-08 TLS without checking":           {"sqlite:/tmp/x/yinxin.db", "postgres://db.example/yinxin?sslmode=require", "sslmode"},
		"sandbox with production keys":        {"provider: file", "provider: vault", "sandbox"},
		"half a certificate":                  {`management: "127.0.0.1:9090"`, `management: "127.0.0.1:9090", tls: {cert_file: x}`, "cert_file and key_file"},
		"a proxy that is no address":          {"sandbox: true", "sandbox: true\ntrusted_proxies: [proxy]", "trusted_proxies"},
		"certificates asked for without TLS":  {`management: "127.0.0.1:9090"`, `management: "127.0.0.1:9090", mtls: {address: ":1", client_ca_file: x}`, "listen.mtls: needs the certificate"},
		"half a listener for certificates":    {`management: "127.0.0.1:9090"`, `management: "127.0.0.1:9090", tls: {cert_file: x, key_file: x}, mtls: {address: ":1"}`, "listen.mtls: address and client_ca_file"},
		"certificates asked for on both":      {`management: "127.0.0.1:9090"`, `management: "127.0.0.1:9090", tls: {cert_file: x, key_file: x, client_ca_file: x}, mtls: {address: ":1", client_ca_file: x}`, "take listen.tls.client_ca_file away"},
		"a listener for certificates by http": {`management: "127.0.0.1:9090"`, `management: "127.0.0.1:9090", tls: {cert_file: x, key_file: x}, mtls: {address: ":1", client_ca_file: x, url: "http://localhost:1"}`, "listen.mtls.url"},
		"a way without a token":               {"sandbox: true", "sandbox: true\nproofing: {bank_card: {url: https://bank.example}}", "proofing.bank_card.token_file"},
		"a way without an address":            {"sandbox: true", "sandbox: true\nproofing: {face: {cost: 3}}", "proofing.face.url"},
		"a way for a kind that is none":       {"sandbox: true", "sandbox: true\nproofing: {carrier: {url: https://a.example, token_file: x, documents: [library_card]}}", "library_card"},
		"pages that are no origin":            {"sandbox: true", "sandbox: true\nproofing: {face: {url: https://a.example, token_file: x, pages: https://a.example/x}}", "proofing.face.pages"},
		"pages of a bank":                     {"sandbox: true", "sandbox: true\nproofing: {bank_card: {url: https://a.example, token_file: x, pages: https://a.example}}", "pages"},
		"a way that is a file":                {"sandbox: true", "sandbox: true\nproofing: {network_id: {url: file:///etc/passwd, token_file: x}}", "proofing.network_id.url"},
		"a mismatch kept for a day":           {"sandbox: true", "sandbox: true\nproofing: {mismatch_minutes: 1440}", "proofing.mismatch_minutes"},
		"more relatives than are declared":    {"sandbox: true", "sandbox: true\nfamily: {max: 21}", "family.max"},
		"A-29 staff idle for longer":          {"sandbox: true", "sandbox: true\nstaff: {idle: 16m}", "staff.idle"},
		"A-29 staff at work for longer":       {"sandbox: true", "sandbox: true\nstaff: {absolute: 13h}", "staff.absolute"},
		"a policy that is no identifier":      {"sandbox: true", "sandbox: true\ntime_stamps: {policy: ours}", "time_stamps.policy"},
		"a clock that nobody knows":           {"sandbox: true", "sandbox: true\ntime_stamps: {clock: sundial}", "time_stamps.clock"},
		"a clock that nobody checks":          {"sandbox: true", "sandbox: false\ntime_stamps: {clock: unchecked}", "time_stamps.clock"},
		"hours of a place that nobody knows":  {"sandbox: true", "sandbox: true\nseals: {hours: {zone: Mars/Phobos}}", "seals.hours.zone"},
		"hours of this machine":               {"sandbox: true", "sandbox: true\nseals: {hours: {zone: Local}}", "seals.hours.zone"},
		"hours that end before they begin":    {"sandbox: true", "sandbox: true\nseals: {hours: {from: \"21:00\", to: \"07:00\"}}", "seals.hours: from and to"},
		"half of the hours":                   {"sandbox: true", "sandbox: true\nseals: {hours: {from: \"07:00\"}}", "seals.hours: from and to"},
		"hours that are no times":             {"sandbox: true", "sandbox: true\nseals: {hours: {from: \"7\", to: \"21\"}}", "seals.hours: from and to"},
		"production without an authority":     {"sandbox: true", "sandbox: false", "authority.url"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(good, c.old) {
				t.Fatalf("the base has no %q", c.old)
			}
			_, err := ParseConfig([]byte(strings.Replace(good, c.old, c.new, 1)), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want a fault of %s", err, c.want)
			}
		})
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	cfg, err := ParseConfig([]byte(good), []string{"YINXIN_DATABASE_URL=sqlite:/other.db", "YINXIN_TRUSTED_PROXIES=10.0.0.1,10.1.0.0/16", "YINXIN_LISTEN_PUBLIC=127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Database.URL != "sqlite:/other.db" || len(cfg.TrustedProxies) != 2 || cfg.Listen.Public != "127.0.0.1:1" {
		t.Fatalf("%+v", cfg)
	}
}

func TestSecretFilesMustBePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("s3cret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSecret(path); err == nil {
		t.Fatal("a secret that others may read was accepted")
	}
	os.Chmod(path, 0o600)
	if secret, err := ReadSecret(path); err != nil || secret != "s3cret" {
		t.Fatalf("%q, %v", secret, err)
	}
}

// TestOneFactorIsForTheSandbox: no setting lets staff work with one factor in production.
func TestOneFactorIsForTheSandbox(t *testing.T) {
	for _, row := range []struct{ sandbox, asked, one bool }{{false, false, false}, {false, true, false}, {true, false, true}, {true, true, false}} {
		if got := (Config{Sandbox: row.sandbox, Staff: Staffing{SecondFactor: row.asked}}).oneFactor(); got != row.one {
			t.Errorf("%+v: %v", row, got)
		}
	}
}

// TestFaultsOfTrustAreTold, all at once; a good entry is read as it stands.
func TestFaultsOfTrustAreTold(t *testing.T) {
	_, err := ParseConfig([]byte(good+`trust: {authorities: [{uses: [everything], from: yesterday, withdrawn_at: "2026-01-01T00:00:00Z"}, {file: x, reason: whim}]}`), nil)
	if err == nil {
		t.Fatal("faults were accepted")
	}
	for _, want := range []string{"[0].file", "[0].uses", "[0].from", "[0].reason", "[1].uses", "[1].reason"} {
		if !strings.Contains(err.Error(), "trust.authorities"+want) {
			t.Errorf("%s is not told in:\n%v", want, err)
		}
	}
	_, err = ParseConfig([]byte(good+`trust: {lists: [y], authorities: [{file: x, uses: [service], from: "2026-01-01T00:00:00Z", withdrawn_at: "2026-02-01T00:00:00Z", reason: ceased}]}`), nil)
	if err != nil && strings.Contains(err.Error(), "trust.") {
		t.Error(err)
	}
}
