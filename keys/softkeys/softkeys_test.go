package softkeys_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
	"github.com/yinxin-gov/yinxin/keys/softkeys"
)

const passphrase = "correct horse battery"

var ctx = context.Background()

// store is records with a salt.
type store struct {
	*keystest.Records
	mutex sync.Mutex
	salt  []byte
	fails error
}

func newStore() *store { return &store{Records: keystest.NewRecords()} }

func (s *store) Salt(_ context.Context, fresh []byte) ([]byte, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.salt == nil {
		s.salt = fresh
	}
	return s.salt, s.fails
}

func open(t testing.TB, s *store, passphrase string) keys.Provider {
	t.Helper()
	p, err := softkeys.New(ctx, softkeys.Config{Store: s, Passphrase: passphrase, Now: time.Now, Rand: ident.System()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestContract(t *testing.T) {
	s := newStore()
	keystest.Run(t, open(t, s, passphrase), func() keys.Provider { return open(t, s, passphrase) })
}

func TestTamperedRecords(t *testing.T) {
	s := newStore()
	opened := open(t, s, passphrase) // deriving the key takes a moment: one wrapper, many providers
	keystest.RunTampering(t, s.Records, func(testing.TB) keys.Provider { return keystest.Forget(opened, s.Records, time.Now) })
}

func TestK02AnotherPassphraseOpensNothing(t *testing.T) {
	s := newStore()
	info, err := open(t, s, passphrase).Create(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"correct horse batterx", passphrase + " ", strings.ToUpper(passphrase)} {
		if _, err := open(t, s, other).Signer(ctx, info.ID, keys.UsageToken); !errors.Is(err, keys.ErrUnwrap) {
			t.Errorf("%q: %v", other, err)
		}
	}
	if _, err := open(t, s, passphrase).Signer(ctx, info.ID, keys.UsageToken); err != nil {
		t.Errorf("the passphrase itself: %v", err)
	}
	s.salt = bytes.Repeat([]byte{1}, 16)
	if _, err := open(t, s, passphrase).Signer(ctx, info.ID, keys.UsageToken); !errors.Is(err, keys.ErrUnwrap) {
		t.Errorf("another salt: %v", err)
	}
}

func TestProviderDoesNotStartWithoutPassphraseSaltOrRandomness(t *testing.T) {
	failing := newStore()
	failing.fails = errors.New("no database")
	for name, cfg := range map[string]softkeys.Config{
		"no passphrase":    {Store: newStore(), Rand: ident.System()},
		"short passphrase": {Store: newStore(), Passphrase: "eleven char", Rand: ident.System()},
		"no salt":          {Store: failing, Passphrase: passphrase, Rand: ident.System()},
		"no randomness":    {Store: newStore(), Passphrase: passphrase, Rand: strings.NewReader("")},
	} {
		cfg.Now = time.Now
		if _, err := softkeys.New(ctx, cfg); err == nil {
			t.Errorf("%s: it started", name)
		}
	}
}

func TestBlobsOfOneKeyDiffer(t *testing.T) {
	s := newStore()
	p := open(t, s, passphrase)
	seen := map[string]bool{}
	for _, label := range []string{"a", "b", "c"} {
		info, err := p.Create(ctx, keys.Spec{Usage: keys.UsageLookup, Algorithm: keys.HMACSM3, Label: label})
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Find(ctx, info.ID)
		if err != nil || len(r.Blob) != 12+32+16 || seen[string(r.Blob[:12])] {
			t.Errorf("blob %x %v", r.Blob, err)
		}
		seen[string(r.Blob[:12])] = true
	}
}

// TestDatabasesOfEveryCostOpen: the cost of the derivation stands with the salt, so that it can be raised.
func TestDatabasesOfEveryCostOpen(t *testing.T) {
	old := newStore()
	old.salt = bytes.Repeat([]byte{7}, 16) // as stored before costs had versions
	made, err := open(t, old, passphrase).Create(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.P256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, old, passphrase).Signer(ctx, made.ID, keys.UsageToken); err != nil {
		t.Errorf("opened again: %v", err)
	}
	fresh := newStore()
	open(t, fresh, passphrase)
	if len(fresh.salt) != 17 || fresh.salt[0] != 1 {
		t.Errorf("salt of a new database: %x", fresh.salt)
	}
	for name, salt := range map[string][]byte{"newer": append([]byte{9}, old.salt...), "empty": {}, "cut": old.salt[:8], "first cost with a version": append([]byte{0}, old.salt...)} {
		s := newStore()
		s.salt = salt
		if _, err := softkeys.New(ctx, softkeys.Config{Store: s, Passphrase: passphrase, Now: time.Now, Rand: ident.System()}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
