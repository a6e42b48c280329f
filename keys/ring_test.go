package keys_test

import (
	"errors"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
)

func TestRingMakesEachKeyOnceAndKeepsItInMemory(t *testing.T) {
	twin := keystest.NewTwin(time.Now)
	ring := keys.NewRing(twin)
	spec := keys.Spec{Usage: keys.UsageToken, Algorithm: keys.P256}
	one, err := ring.Signer(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	two, err := keys.NewRing(twin.Reopen(time.Now)).Signer(ctx, spec)
	if err != nil || one.KeyID() != two.KeyID() {
		t.Fatalf("two rings, two keys: %v", err)
	}
	cipher, err := ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		t.Fatal(err)
	}
	mac, err := ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		t.Fatal(err)
	}
	twin.Fail = func(string) error { return keys.ErrUnavailable }
	if again, err := ring.Signer(ctx, spec); err != nil || again != one {
		t.Errorf("the hot path asked the provider: %v", err)
	}
	if again, err := ring.Cipher(ctx, keys.UsageFieldCipher, cipher.KeyID()); err != nil || again != cipher {
		t.Errorf("cipher: %v", err)
	}
	if again, err := ring.MAC(ctx, keys.UsageLookup); err != nil || again != mac {
		t.Errorf("keyed hash: %v", err)
	}
}

func TestRingFollowsARotationAfterRefresh(t *testing.T) {
	twin := keystest.NewTwin(time.Now)
	ring := keys.NewRing(twin)
	spec := keys.Spec{Usage: keys.UsageToken, Algorithm: keys.P256}
	old, err := ring.Signer(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Signer(ctx, spec); err != nil { // remembers the list
		t.Fatal(err)
	}
	if _, err := twin.Create(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.P256, Label: "somebody's"}); err != nil {
		t.Fatal(err)
	}
	if err := twin.SetState(ctx, old.KeyID(), keys.Previous); err != nil {
		t.Fatal(err)
	}
	next, err := twin.Create(ctx, spec)
	if err != nil || next.ID == old.KeyID() {
		t.Fatal(err)
	}
	if same, err := ring.Signer(ctx, spec); err != nil || same != old {
		t.Errorf("before Refresh: %v", err)
	}
	ring.Refresh()
	if now, err := ring.Signer(ctx, spec); err != nil || now.KeyID() != next.ID {
		t.Errorf("after Refresh: %v", err)
	}
	published, err := ring.Published(ctx, keys.UsageToken)
	if err != nil || len(published) != 2 {
		t.Errorf("published %+v %v", published, err)
	}
	if err := twin.Destroy(ctx, old.KeyID()); err != nil {
		t.Fatal(err)
	}
	ring.Refresh()
	if published, err := ring.Published(ctx, keys.UsageToken); err != nil || len(published) != 1 {
		t.Errorf("a destroyed key is published: %+v %v", published, err)
	}
}

func TestRingAnswersWhatTheProviderAnswers(t *testing.T) {
	twin := keystest.NewTwin(time.Now)
	twin.Fail = func(step string) error { return keys.ErrUnavailable }
	ring := keys.NewRing(twin)
	_, signer := ring.Signer(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2})
	_, mac := ring.MAC(ctx, keys.UsageLookup)
	_, cipher := ring.Cipher(ctx, keys.UsageFieldCipher, "")
	for name, err := range map[string]error{"signer": signer, "mac": mac, "cipher": cipher} {
		if !errors.Is(err, keys.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twin.Fail = nil
	token, err := ring.Signer(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Cipher(ctx, keys.UsageFieldCipher, token.KeyID()); !errors.Is(err, keys.ErrUsage) {
		t.Errorf("K-05 a token key encrypts: %v", err)
	}
	if _, err := ring.Cipher(ctx, keys.UsageFieldCipher, "key_none"); !errors.Is(err, keys.ErrNotFound) {
		t.Errorf("unknown key: %v", err)
	}
}
