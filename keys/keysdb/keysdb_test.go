package keysdb_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/ca"
	"github.com/yinxin-gov/yinxin/keys/keysdb"
	"github.com/yinxin-gov/yinxin/keys/keystest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/softkeys"
	"github.com/yinxin-gov/yinxin/keys/vault"
	"github.com/yinxin-gov/yinxin/keys/vault/vaulttest"
)

func each(t *testing.T, run func(t *testing.T, db *sqldb.DB)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), keysdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) { run(t, engine.Open(t)) })
	}
}

const passphrase = "correct horse battery"

func soft(t *testing.T, db *sqldb.DB, passphrase string) keys.Provider {
	t.Helper()
	p, err := softkeys.New(context.Background(), softkeys.Config{Store: keysdb.New(db), Passphrase: passphrase, Now: time.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func onVault(t *testing.T, db *sqldb.DB, d *vaulttest.Double, now func() time.Time) (keys.Provider, error) {
	return vault.New(context.Background(), vault.Config{Address: d.URL, RoleID: vaulttest.RoleID, SecretID: vaulttest.SecretID, TransitMount: "transit",
		TransitKey: "yinxin", Timeout: 300 * time.Millisecond, Store: keysdb.New(db), Now: now, Rand: rand.Reader})
}

func TestEncryptedFileProvider(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		keystest.Run(t, soft(t, db, passphrase), func() keys.Provider { return soft(t, db, passphrase) })
	})
}

func TestVaultProvider(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		d := vaulttest.Start(t)
		open := func() keys.Provider {
			p, err := onVault(t, db, d, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		keystest.Run(t, open(), open)
	})
}

func TestK02StoredBlobsHoldNoKeyAndNeedTheirPassphrase(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		info, err := soft(t, db, passphrase).Create(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := soft(t, db, "another passphrase").Signer(ctx, info.ID, keys.UsageToken); !errors.Is(err, keys.ErrUnwrap) {
			t.Fatalf("another passphrase: %v", err)
		}
		// A blob moved to another purpose or key does not open.
		if err := db.Write(ctx, func(tx sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE key_record SET usage = 'seal_signer' WHERE id = $1", info.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := soft(t, db, passphrase).Signer(ctx, info.ID, keys.UsageSealSigner); !errors.Is(err, keys.ErrUnwrap) {
			t.Fatalf("a blob with another purpose: %v", err)
		}
	})
}

func TestK07VaultFaults(t *testing.T) {
	db := testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), keysdb.Migrations())[0].Open(t)
	ctx := context.Background()
	for fault, want := range map[vaulttest.Fault]error{
		vaulttest.Sealed: keys.ErrUnavailable, vaulttest.Busy: keys.ErrUnavailable, vaulttest.Hanging: keys.ErrUnavailable,
		vaulttest.Garbage: keys.ErrUnavailable, vaulttest.WrongKey: keys.ErrUnwrap, vaulttest.NoToken: nil,
	} {
		t.Run(string(fault), func(t *testing.T) {
			d := vaulttest.Start(t)
			clock := time.Now()
			now := func() time.Time { return clock }
			p, err := onVault(t, db, d, now)
			if err != nil {
				t.Fatal(err)
			}
			info, err := p.Create(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2, Label: string(fault)})
			if err != nil {
				t.Fatal(err)
			}
			fresh, err := onVault(t, db, d, now)
			if err != nil {
				t.Fatal(err)
			}
			d.Break(fault)
			started := time.Now()
			_, err = fresh.Signer(ctx, info.ID, keys.UsageToken)
			if !errors.Is(err, want) || time.Since(started) > 3*time.Second {
				t.Fatalf("got %v after %v, want %v", err, time.Since(started), want)
			}
			if want == keys.ErrUnavailable && fault != vaulttest.Garbage && fresh.Health(ctx) == nil {
				t.Fatal("the provider says that it is healthy")
			}
			for range 4 { // opens the breaker where the server fails
				fresh.Signer(ctx, info.ID, keys.UsageToken)
			}
			d.Break(vaulttest.None)
			clock = clock.Add(time.Minute)
			if _, err := fresh.Signer(ctx, info.ID, keys.UsageToken); err != nil {
				t.Fatalf("after mending: %v", err)
			}
		})
	}
}

func TestVaultTokenIsRenewedAndTakenAnew(t *testing.T) {
	db := testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), keysdb.Migrations())[0].Open(t)
	d := vaulttest.Start(t)
	clock := time.Now()
	p, err := onVault(t, db, d, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	create := func(label string) {
		t.Helper()
		if _, err := p.Create(context.Background(), keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2, Label: label}); err != nil {
			t.Fatal(err)
		}
	}
	create("a")
	clock = clock.Add(vaulttest.Lease * time.Second * 3 / 4)
	create("b")
	if d.Logins != 1 || d.Renews != 1 {
		t.Fatalf("%d logins, %d renewals", d.Logins, d.Renews)
	}
	clock = clock.Add(2 * vaulttest.Lease * time.Second)
	create("c")
	if d.Logins != 2 {
		t.Fatalf("an ended token was not replaced: %d logins", d.Logins)
	}
}

func TestK08VaultWithoutTLSIsRefused(t *testing.T) {
	for _, address := range []string{"http://vault.example:8200", "ftp://localhost", "", "localhost:8200"} {
		if _, err := vault.New(context.Background(), vault.Config{Address: address}); err == nil {
			t.Errorf("%q was accepted", address)
		}
	}
}

func TestDemonstrationAuthority(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		provider := soft(t, db, passphrase)
		clock := time.Now()
		cfg := ca.Config{Provider: provider, Store: keysdb.New(db), Now: func() time.Time { return clock }, Rand: rand.Reader, Name: "印信演示"}
		authority, err := ca.New(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ca.New(ctx, cfg)
		if err != nil || !again.Certificates()[0].Equal(authority.Certificates()[0]) {
			t.Fatalf("a second start made another root: %v", err)
		}
		key, err := provider.Create(ctx, keys.Spec{Usage: keys.UsageSealSigner, Algorithm: keys.SM2, Label: "seal"})
		if err != nil {
			t.Fatal(err)
		}
		cert, err := authority.Issue(ctx, key, ca.Request{Profile: pki.ProfileSealSigner, Subject: pki.Subject{CommonName: "37030000001721", Organization: "示例市市场监督管理局"}, Label: "seal"})
		if err != nil {
			t.Fatal(err)
		}
		roots, intermediates := pki.NewPool(authority.Certificates()[0]), pki.NewPool(authority.Certificates()[1])
		chain, err := pki.BuildChain(cert, pki.ChainOptions{Roots: roots, Intermediates: intermediates, At: clock, Usage: pki.SealUsage})
		if err != nil || len(chain) != 3 {
			t.Fatalf("%d certificates, %v", len(chain), err)
		}
		opensslVerify(t, chain)
		state := func() pki.RevocationState {
			lists, err := authority.CRLs(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return pki.CheckRevocation(cert, chain[1], lists, clock).State
		}
		if got := state(); got != pki.RevocationGood {
			t.Fatalf("before revocation: %s", got)
		}
		clock = clock.Add(6 * 24 * time.Hour)
		if got := state(); got != pki.RevocationGood {
			t.Fatalf("a list past half its life was not made anew: %s", got)
		}
		if err := authority.Revoke(ctx, "seal", clock, pki.RevokedKeyCompromise); err != nil {
			t.Fatal(err)
		}
		if got := state(); got != pki.RevocationRevoked {
			t.Fatalf("after revocation: %s", got)
		}
		if err := authority.Revoke(ctx, "seal", clock, pki.RevokedKeyCompromise); !errors.Is(err, keys.ErrState) {
			t.Fatalf("revoked twice: %v", err)
		}
		if n, breaks, err := auditdb.Verify(ctx, db.Read()); err != nil || n == 0 || len(breaks) > 0 {
			t.Fatalf("%d events, %v, %v", n, breaks, err)
		}
	})
}

// opensslVerify lets OpenSSL judge the chain.
func opensslVerify(t *testing.T, chain []*pki.Certificate) {
	t.Helper()
	folder := t.TempDir()
	write := func(name string, c *pki.Certificate) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, c.EncodePEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// OpenSSL applies the user ID to the certificate being verified only, so each link is verified by itself.
	for i := range chain[1:] {
		out, err := exec.Command("openssl", "verify", "-vfyopt", "distid:1234567812345678", "-partial_chain",
			"-trusted", write("issuer.pem", chain[i+1]), write("subject.pem", chain[i])).CombinedOutput()
		if err != nil {
			t.Fatalf("openssl (make test installs it) refuses link %d: %v\n%s", i, err, out)
		}
	}
}

// stuck gives the same octets for ever.
type stuck struct{}

func (stuck) Read(b []byte) (int, error) {
	copy(b, bytes.Repeat([]byte{7}, len(b)))
	return len(b), nil
}

func TestS08StuckRandomnessStopsSigning(t *testing.T) {
	db := testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), keysdb.Migrations())[0].Open(t)
	ctx := context.Background()
	p := soft(t, db, passphrase)
	info, err := p.Create(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2})
	if err != nil {
		t.Fatal(err)
	}
	broken, err := softkeys.New(ctx, softkeys.Config{Store: keysdb.New(db), Passphrase: passphrase, Now: time.Now, Rand: stuck{}})
	if err != nil {
		t.Fatal(err)
	}
	var failure error
	for range 3 { // whoever signs asks for the key each time
		signer, err := broken.Signer(ctx, info.ID, keys.UsageToken)
		if err != nil {
			t.Fatal(err)
		}
		_, failure = signer.SignMessage(ctx, []byte("m"))
	}
	if !errors.Is(failure, keys.ErrRandomness) {
		t.Fatalf("got %v", failure)
	}
}
