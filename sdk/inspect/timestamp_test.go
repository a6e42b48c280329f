package inspect

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// opensslConfig makes a time-stamping authority of OpenSSL, so that the answers are not of our own making.
const opensslConfig = `
[req]
distinguished_name = dn
x509_extensions = v3
prompt = no
[dn]
CN = TSA of tests
[v3]
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
[tsa]
default_tsa = t
[t]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.2
digests = sha256
accuracy = secs:1
ordering = yes
`

func TestTimestampResponse(t *testing.T) {
	folder := t.TempDir()
	run := func(arguments ...string) {
		t.Helper()
		command := exec.Command("openssl", arguments...)
		command.Dir = folder
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", arguments, err, out)
		}
	}
	read := func(name string) []byte {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	for name, content := range map[string]string{"c.cnf": opensslConfig, "serial": "0A1B\n", "data": "abc"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "tsa.key", "-out", "tsa.pem", "-days", "30", "-config", "c.cnf")
	run("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "a.tsq")
	run("ts", "-reply", "-config", "c.cnf", "-queryfile", "a.tsq", "-out", "a.tsr")
	run("ts", "-reply", "-config", "c.cnf", "-queryfile", "a.tsq", "-token_out", "-out", "a.tst")
	run("ts", "-query", "-data", "data", "-sha256", "-tspolicy", "1.2.3.4.9", "-out", "b.tsq")
	run("ts", "-reply", "-config", "c.cnf", "-queryfile", "b.tsq", "-out", "b.tsr")

	granted := Inspect("a.tsr", read("a.tsr"))
	if granted.Format != FormatTimestamp || granted.TimestampResponse.Status != 0 || granted.Message == nil || granted.Message.Timestamp == nil {
		t.Fatalf("%+v", granted)
	}
	stamp := granted.Message.Timestamp
	if stamp.Digest != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" || stamp.Algorithm != "2.16.840.1.101.3.4.2.1" || stamp.Policy != "1.2.3.4.1" || stamp.Version != 1 ||
		stamp.Nonce == "" || stamp.Serial == "" || time.Since(stamp.Moment).Abs() > time.Hour {
		t.Errorf("%+v", stamp)
	}
	if len(granted.Message.Certificates) != 1 || len(granted.Message.Signers) != 1 {
		t.Errorf("%d certificates, %d signers", len(granted.Message.Certificates), len(granted.Message.Signers))
	}
	token := Inspect("a.tst", read("a.tst"))
	if token.Format != FormatMessage || token.TimestampResponse != nil || token.Message.Timestamp == nil || token.Message.Timestamp.Digest != stamp.Digest {
		t.Errorf("%+v", token)
	}
	refused := Inspect("b.tsr", read("b.tsr"))
	if refused.Format != FormatTimestamp || refused.TimestampResponse.Status != 2 || refused.Message != nil {
		t.Errorf("%+v", refused)
	}
	cut := read("a.tsr")
	if shown := Inspect("cut.tsr", cut[:len(cut)-1]); shown.Format != FormatUnknown {
		t.Errorf("%+v", shown)
	}
}

// TestOtherSequencesAreNoTimestamps: a grant without a token and any other short sequence stay unknown.
func TestOtherSequencesAreNoTimestamps(t *testing.T) {
	for _, octets := range [][]byte{{0x30, 5, 0x30, 3, 2, 1, 0}, {0x30, 5, 0x30, 3, 2, 1, 1}, {0x30, 0}, {0x30, 2, 0x30, 0}, {0x30, 5, 0x30, 3, 4, 1, 2}, {0x30, 7, 0x30, 3, 2, 1, 0, 5, 0}} {
		if shown := Inspect("x", octets); shown.Format == FormatTimestamp {
			t.Errorf("% x is shown as %+v", octets, shown)
		}
	}
}
