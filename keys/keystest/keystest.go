// Package keystest is the contract of key providers, run on each of them and on both databases.
package keystest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"sync"
	"testing"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Run checks a provider. reopen gives the same provider as another process would see it.
func Run(t *testing.T, provider keys.Provider, reopen func() keys.Provider) {
	ctx := context.Background()
	create := func(usage keys.Usage, algorithm keys.Algorithm, label string) keys.Info {
		t.Helper()
		info, err := provider.Create(ctx, keys.Spec{Usage: usage, Algorithm: algorithm, Label: label})
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	t.Run("signs with every algorithm, also after a restart", func(t *testing.T) {
		for _, algorithm := range []keys.Algorithm{keys.SM2, keys.P256, keys.Ed25519, keys.RSA2048, keys.RSAPSS} {
			info := create(keys.UsageToken, algorithm, "sign")
			for _, p := range []keys.Provider{provider, reopen()} {
				signer, err := p.Signer(ctx, info.ID, keys.UsageToken)
				if err != nil {
					t.Fatal(err)
				}
				signature, err := signer.SignMessage(ctx, []byte("message"))
				if err != nil || len(signature) == 0 || signer.KeyID() != info.ID || signer.Algorithm() != algorithm {
					t.Fatalf("%s: %x, %v", algorithm, signature, err)
				}
				if public, ok := signer.Public().(*rsa.PublicKey); ok {
					sum := sha256.Sum256([]byte("message"))
					plain := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) == nil
					padded := rsa.VerifyPSS(public, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
					if plain != (algorithm == keys.RSA2048) || padded != (algorithm == keys.RSAPSS) {
						t.Fatalf("%s: PKCS #1 v1.5 %t, PSS %t", algorithm, plain, padded)
					}
				}
				if algorithm == keys.SM2 {
					sum := sha256.Sum256(nil)
					if _, err := signer.Sign(rand.Reader, sum[:], nil); !errors.Is(err, keys.ErrUsage) {
						t.Fatalf("an SM2 key signed a bare digest: %v", err)
					}
					found, err := p.Find(ctx, info.ID)
					if err != nil || !pki.IsSM2(found.Public) {
						t.Fatalf("public half: %T, %v", found.Public, err)
					}
				}
			}
		}
	})
	t.Run("K-05 a key serves its purpose only", func(t *testing.T) {
		seal, token := create(keys.UsageSealSigner, keys.SM2, "a"), create(keys.UsageToken, keys.SM2, "b")
		if _, err := provider.Signer(ctx, seal.ID, keys.UsageToken); !errors.Is(err, keys.ErrUsage) {
			t.Errorf("a seal key signed a token: %v", err)
		}
		if _, err := provider.Signer(ctx, token.ID, keys.UsageSealSigner); !errors.Is(err, keys.ErrUsage) {
			t.Errorf("a token key sealed: %v", err)
		}
		if _, err := provider.Cipher(ctx, token.ID, keys.UsageToken); !errors.Is(err, keys.ErrUsage) {
			t.Errorf("a signing key encrypted: %v", err)
		}
		field, lookup := create(keys.UsageFieldCipher, keys.SM4, "k05"), create(keys.UsageLookup, keys.HMACSM3, "k05")
		_, fieldSigns := provider.Signer(ctx, field.ID, keys.UsageFieldCipher)
		_, fieldHashes := provider.MAC(ctx, field.ID, keys.UsageFieldCipher)
		_, lookupEncrypts := provider.Cipher(ctx, lookup.ID, keys.UsageLookup)
		_, tokenHashes := provider.MAC(ctx, token.ID, keys.UsageToken)
		_, otherAlgorithm := provider.Create(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: "Ed448"})
		for name, err := range map[string]error{"a field key signs": fieldSigns, "a field key hashes": fieldHashes, "a lookup key encrypts": lookupEncrypts, "a signing key hashes": tokenHashes, "an unknown algorithm": otherAlgorithm} {
			if !errors.Is(err, keys.ErrUsage) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := provider.Signer(ctx, "key_none", keys.UsageToken); !errors.Is(err, keys.ErrNotFound) {
			t.Errorf("unknown key: %v", err)
		}
	})
	t.Run("encrypts fields bound to their place", func(t *testing.T) {
		info := create(keys.UsageFieldCipher, keys.SM4, "f")
		cipher, err := provider.Cipher(ctx, info.ID, keys.UsageFieldCipher)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := cipher.Seal(ctx, []byte("plain"), []byte("row 1"))
		if err != nil || bytes.Contains(sealed, []byte("plain")) {
			t.Fatalf("%x, %v", sealed, err)
		}
		again, err := reopen().Cipher(ctx, info.ID, keys.UsageFieldCipher)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := again.Open(ctx, sealed, []byte("row 1")); err != nil || string(plain) != "plain" {
			t.Fatalf("%q, %v", plain, err)
		}
		if _, err := again.Open(ctx, sealed, []byte("row 2")); !errors.Is(err, keys.ErrUnwrap) {
			t.Fatalf("a field was opened in another row: %v", err)
		}
		if _, err := again.Open(ctx, sealed[:5], nil); !errors.Is(err, keys.ErrUnwrap) {
			t.Fatalf("a cut field: %v", err)
		}
	})
	t.Run("keyed hashes separate their parts", func(t *testing.T) {
		info := create(keys.UsageLookup, keys.HMACSM3, "m")
		mac, err := provider.MAC(ctx, info.ID, keys.UsageLookup)
		if err != nil {
			t.Fatal(err)
		}
		one, _ := mac.Sum(ctx, []byte("ab"), []byte("c"))
		two, _ := mac.Sum(ctx, []byte("a"), []byte("bc"))
		same, _ := mac.Sum(ctx, []byte("ab"), []byte("c"))
		if bytes.Equal(one, two) || !bytes.Equal(one, same) || len(one) != 32 {
			t.Fatal("parts run together")
		}
	})
	t.Run("states only move forward and a destroyed key is gone", func(t *testing.T) {
		info := create(keys.UsageStatusList, keys.SM2, "s")
		if err := provider.SetState(ctx, info.ID, keys.Next); !errors.Is(err, keys.ErrState) {
			t.Errorf("back to next: %v", err)
		}
		if err := provider.SetState(ctx, info.ID, keys.Previous); err != nil {
			t.Fatal(err)
		}
		if err := provider.SetState(ctx, info.ID, keys.Current); !errors.Is(err, keys.ErrState) {
			t.Errorf("K-04 back to current: %v", err)
		}
		if err := provider.SetState(ctx, info.ID, keys.Destroyed); !errors.Is(err, keys.ErrState) {
			t.Errorf("destroyed without forgetting the secret: %v", err)
		}
		if err := provider.Destroy(ctx, info.ID); err != nil {
			t.Fatal(err)
		}
		if err := provider.Destroy(ctx, info.ID); !errors.Is(err, keys.ErrDestroyed) {
			t.Errorf("destroyed twice: %v", err)
		}
		for _, p := range []keys.Provider{provider, reopen()} {
			if _, err := p.Signer(ctx, info.ID, keys.UsageStatusList); !errors.Is(err, keys.ErrDestroyed) {
				t.Errorf("a destroyed key signs: %v", err)
			}
		}
	})
	t.Run("the next key takes the place of the current one in one step", func(t *testing.T) {
		spec := keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2, Label: "turn"}
		first := create(spec.Usage, spec.Algorithm, spec.Label)
		next, err := provider.Prepare(ctx, spec)
		if err != nil || next.State != keys.Next {
			t.Fatalf("%+v, %v", next, err)
		}
		if again, err := reopen().Prepare(ctx, spec); err != nil || again.ID != next.ID {
			t.Fatalf("two next keys: %+v, %v", again, err)
		}
		if err := provider.Promote(ctx, next.ID); err != nil {
			t.Fatal(err)
		}
		if err := reopen().Promote(ctx, next.ID); !errors.Is(err, keys.ErrState) {
			t.Errorf("promoted twice: %v", err)
		}
		for id, want := range map[string]keys.State{first.ID: keys.Previous, next.ID: keys.Current} {
			got, err := reopen().Find(ctx, id)
			if err != nil || got.State != want || got.StateAt.Before(got.CreatedAt) {
				t.Errorf("%s is %s since %v, not %s; %v", id, got.State, got.StateAt, want, err)
			}
		}
	})
	t.Run("many nodes make one current key", func(t *testing.T) {
		spec := keys.Spec{Usage: keys.UsageCheckpoint, Algorithm: keys.SM2}
		ids := make(chan string, 8)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				info, err := keys.NewRing(reopen()).Ensure(ctx, spec)
				if err != nil {
					t.Error(err)
				}
				ids <- info.ID
			})
		}
		group.Wait()
		first := <-ids
		for range 7 {
			if id := <-ids; id != first {
				t.Fatalf("two current keys: %s and %s", first, id)
			}
		}
		if published, err := keys.NewRing(provider).Published(ctx, keys.UsageCheckpoint); err != nil || len(published) != 1 {
			t.Fatalf("%d published, %v", len(published), err)
		}
	})
}
