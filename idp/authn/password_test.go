package authn_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

func pool(t *testing.T, workers int, random io.Reader) *authn.Passwords {
	t.Helper()
	p, err := authn.NewPasswords(random, workers, idptest.Cost)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestHashIsArgon2idAndChecksOnlyItsPassword(t *testing.T) {
	ctx := context.Background()
	p := pool(t, 1, ident.System())
	one, err := p.Hash(ctx, "correct horse")
	if err != nil || !strings.HasPrefix(one, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("%s %v", one, err)
	}
	two, err := p.Hash(ctx, "correct horse")
	if err != nil || one == two {
		t.Errorf("two hashes of one password are equal: the salt is missing (%v)", err)
	}
	if weaker, err := p.Check(ctx, one, "correct horse"); err != nil || weaker {
		t.Errorf("right password: %v %v", weaker, err)
	}
	for _, other := range []string{"correct horsf", "Correct horse", "correct horse ", " correct horse", "correct", ""} {
		if _, err := p.Check(ctx, one, other); !errors.Is(err, authn.ErrWrong) {
			t.Errorf("%q: %v", other, err)
		}
	}
	if _, err := p.Check(ctx, "", "a password that nobody has"); !errors.Is(err, authn.ErrWrong) {
		t.Errorf("the hash of nobody opened: %v", err)
	}
}

func TestDefaultCostIsTheMinimumOfOWASP(t *testing.T) {
	p, err := authn.NewPasswords(ident.System(), 1, authn.Cost{})
	if err != nil {
		t.Fatal(err)
	}
	if hash, err := p.Hash(context.Background(), "correct horse"); err != nil || !strings.Contains(hash, "$m=19456,t=2,p=1$") {
		t.Errorf("%s %v", hash, err)
	}
}

func TestHashOfAnotherCostIsKnownAsSuch(t *testing.T) {
	ctx := context.Background()
	old, err := authn.NewPasswords(ident.System(), 1, authn.Cost{MemoryKiB: 32, Passes: 1})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := old.Hash(ctx, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if weaker, err := pool(t, 1, ident.System()).Check(ctx, stored, "correct horse"); err != nil || !weaker {
		t.Errorf("%v %v", weaker, err)
	}
}

func TestA31EveryOctetOfAPasswordCounts(t *testing.T) {
	ctx := context.Background()
	p := pool(t, 1, ident.System())
	long := strings.Repeat("0123456789", 20)
	stored, err := p.Hash(ctx, long+"a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Check(ctx, stored, long+"b"); !errors.Is(err, authn.ErrWrong) {
		t.Errorf("200 characters, the last differs: %v", err)
	}
	if _, err := p.Check(ctx, stored, long); !errors.Is(err, authn.ErrWrong) {
		t.Errorf("the last is missing: %v", err)
	}
	if _, err := p.Check(ctx, stored, long+"a"); err != nil {
		t.Errorf("the password itself: %v", err)
	}
	for name, password := range map[string]string{"NUL inside": "correct\x00horse", "1 MiB": strings.Repeat("ab", 1<<19), "not UTF-8": "correct horse\xff", "1025 octets": strings.Repeat("密", 341) + "ab"} {
		if _, err := p.Hash(ctx, password); fault.CodeOf(err) != fault.PasswordRefused {
			t.Errorf("%s, as a new password: %v", name, err)
		}
		if _, err := p.Check(ctx, stored, password); !errors.Is(err, authn.ErrWrong) {
			t.Errorf("%s, at login: %v", name, err)
		}
		if _, err := authn.Normalize(password); fault.CodeOf(err) != fault.PasswordRefused {
			t.Errorf("%s: no bound before the work begins: %v", name, err)
		}
	}
}

func TestA31ComposedAndDecomposedAreOnePassword(t *testing.T) {
	ctx := context.Background()
	p := pool(t, 1, ident.System())
	composed := "passw\u00f6rter \uac01"
	decomposed := norm.NFD.String(composed)
	if composed == decomposed {
		t.Fatal("the two forms are equal")
	}
	for _, pair := range [][2]string{{composed, decomposed}, {decomposed, composed}} {
		stored, err := p.Hash(ctx, pair[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Check(ctx, stored, pair[1]); err != nil {
			t.Errorf("%+q against %+q: %v", pair[1], pair[0], err)
		}
	}
	// Compatibility forms are other characters: NFKC would make passwords weaker.
	stored, err := p.Hash(ctx, "１２３４abcd!")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Check(ctx, stored, "1234abcd!"); !errors.Is(err, authn.ErrWrong) {
		t.Errorf("full-width digits count as plain ones: %v", err)
	}
}

func TestNewPasswordsAreChecked(t *testing.T) {
	ctx := context.Background()
	p := pool(t, 1, ident.System())
	for name, password := range map[string]string{
		"7 characters": "abcdef7", "257 characters": strings.Repeat("abcde", 51) + "fg", "common": "password1", "common in capitals": "PASSWORD1", "one character": "ééééééééé", "empty": "",
	} {
		if _, err := p.Hash(ctx, password); fault.CodeOf(err) != fault.PasswordRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, password := range map[string]string{"8 characters": "abdcefg8", "256 characters": strings.Repeat("abcde", 51) + "f", "8 Chinese characters": "天地玄黄宇宙洪荒", "blanks": "two  words"} {
		if _, err := p.Hash(ctx, password); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStoredHashThatCannotBeReadOpensNothing(t *testing.T) {
	p := pool(t, 1, ident.System())
	sum := strings.Repeat("A", 43)
	for _, stored := range []string{"plain", "$argon2id$v=19$m=64,t=1,p=1$AAAA", "$argon2id$v=x$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=1,p=1$!$AAAA", "$2b$10$x$y$z", "$argon2d$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + sum,
		"$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$", "$argon2id$v=16$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + sum,
		"$argon2id$v=19$m=64,t=0,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + sum, "$argon2id$v=19$m=4294967295,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + sum} {
		if _, err := p.Check(context.Background(), stored, "correct horse"); err == nil || errors.Is(err, authn.ErrWrong) {
			t.Errorf("%s: %v", stored, err)
		}
	}
}

// gate holds hashes in the pool: salts come through it.
type gate struct {
	entered chan struct{}
	open    chan struct{}
}

func (g *gate) Read(b []byte) (int, error) {
	g.entered <- struct{}{}
	<-g.open
	return ident.System().Read(b)
}

func TestF14FullPoolQueuesAndThenRefuses(t *testing.T) {
	g := &gate{entered: make(chan struct{}, 1000), open: make(chan struct{})}
	close(g.open)
	p := pool(t, 1, g)
	<-g.entered // the hash of nobody
	g.open = make(chan struct{})
	ctx := context.Background()
	const surplus = 20
	results := make(chan error, 1+authn.QueuePerWorker+surplus)
	hash := func() {
		_, err := p.Hash(ctx, "correct horse")
		results <- err
	}
	go hash()
	<-g.entered // one works
	for range authn.QueuePerWorker + surplus {
		go hash()
	}
	for range surplus { // those who find the queue full are refused while the others wait
		if err := <-results; fault.CodeOf(err) != fault.Busy || fault.From(err).RetryAfter == 0 {
			t.Errorf("a full queue answered %v", err)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := p.Check(cancelled, "", "correct horse"); fault.CodeOf(err) != fault.Busy {
		t.Errorf("a caller that is gone: %v", err)
	}
	close(g.open)
	for range 1 + authn.QueuePerWorker {
		if err := <-results; err != nil {
			t.Errorf("one that queued: %v", err)
		}
	}
	if _, err := p.Hash(ctx, "correct horse"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestF14NobodyWaitsForEver(t *testing.T) {
	t.Parallel()
	g := &gate{entered: make(chan struct{}, 10), open: make(chan struct{})}
	close(g.open)
	p := pool(t, 1, g)
	<-g.entered
	g.open = make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := p.Hash(context.Background(), "correct horse")
		done <- err
	}()
	<-g.entered
	if _, err := p.Check(context.Background(), "", "correct horse"); fault.CodeOf(err) != fault.Busy {
		t.Errorf("one that waited: %v", err)
	}
	close(g.open)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
