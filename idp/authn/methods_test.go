package authn

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// TestTOTPVectors is RFC 6238 appendix B with SHA-1; the codes there have eight digits, ours are the last six.
func TestTOTPVectors(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := totpCode(secret, at/30); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestTOTPSteps(t *testing.T) {
	secret, now := []byte("12345678901234567890"), time.Unix(1_000_000_000, 0)
	current := now.Unix() / 30
	for drift, ok := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		if step, got := matchTOTP(secret, totpCode(secret, current+drift), 0, now); got != ok || ok && step != current+drift {
			t.Errorf("%d steps off: %t, step %d", drift, got, step)
		}
	}
	if _, ok := matchTOTP(secret, totpCode(secret, current), current, now); ok {
		t.Error("A-03: the accepted step is accepted again")
	}
	if _, ok := matchTOTP(secret, totpCode(secret, current-1), current, now); ok {
		t.Error("A-03: a step before the accepted one is accepted")
	}
	if _, ok := matchTOTP(secret, "", 0, now); ok {
		t.Error("an empty code is accepted")
	}
}

// TestA01NobodysHashOpensNothing: the hash that unknown accounts are compared with is of words that anybody can read, and they are wrong all
// the same.
func TestA01NobodysHashOpensNothing(t *testing.T) {
	passwords, err := NewPasswords(ident.System(), 1, Cost{MemoryKiB: 64, Passes: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := passwords.Check(t.Context(), passwords.dummy, nobodysPassword); err != nil {
		t.Fatalf("the words are others: %v", err)
	}
	if _, err := passwords.Check(t.Context(), "", nobodysPassword); !errors.Is(err, ErrWrong) {
		t.Errorf("who has no password signs in by that of nobody: %v", err)
	}
}

func TestLevelsFollowTheFactors(t *testing.T) {
	for _, test := range []struct {
		name  string
		first idp.Login
		then  Method
		aal   int
		words []string
	}{
		{"password and authenticator", idp.Login{AAL: 1, Methods: []string{"pwd"}}, ByTOTP, 2, []string{"pwd", "otp", "mfa"}},
		{"rule 11: code and authenticator", idp.Login{AAL: 1, Methods: []string{"otp"}}, ByTOTP, 1, []string{"otp", "mca"}},
		{"phone and authenticator", idp.Login{AAL: 1, Methods: []string{"qr"}}, ByTOTP, 1, []string{"qr", "otp", "mca"}},
		{"upstream and authenticator", idp.Login{AAL: 1, Methods: []string{"fed"}}, ByTOTP, 1, []string{"fed", "otp", "mca"}},
		{"password and passkey", idp.Login{AAL: 1, Methods: []string{"pwd"}}, ByPasskey, 2, []string{"pwd", "swk", "user", "mfa"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			given := slices.Clone(test.first.Methods)
			got := Combine(test.first, test.then)
			if int(got.AAL) != test.aal || !slices.Equal(got.Methods, test.words) || !got.Second || !Strong(got.Methods) {
				t.Errorf("aal %d, amr %v", got.AAL, got.Methods)
			}
			if !slices.Equal(test.first.Methods, given) {
				t.Error("the first login was changed")
			}
		})
	}
	// A source that vouches for its person is a first factor of another kind than anything that the person has here, and of the same kind as
	// what the person knows.
	for words, want := range map[string]int{"otp": 2, "hwk": 2, "pwd": 1} {
		got := CombineSource(idp.Login{AAL: 1, Methods: []string{"fed"}}, By{"second", 1, []string{words}})
		if mark := map[int]string{1: "mca", 2: "mfa"}[want]; int(got.AAL) != want || !slices.Equal(got.Methods, []string{"fed", words, mark}) {
			t.Errorf("a source and %s: aal %d, amr %v", words, got.AAL, got.Methods)
		}
	}
	for _, words := range [][]string{{"pwd"}, {"otp"}, {"qr"}, {"fed"}, nil} {
		if Strong(words) {
			t.Errorf("%v alone is strong", words)
		}
	}
	for want, methods := range map[int][]Method{1: {ByPassword}, 2: {ByPassword, ByTOTP}} {
		if got := HighestAAL(methods); int(got) != want {
			t.Errorf("%v reach %d", methods, got)
		}
	}
	if got := HighestAAL([]Method{ByCode, ByTOTP}); got != 1 {
		t.Errorf("two things that one has reach %d", got)
	}
}

func TestSameNetwork(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"192.0.2.1", "192.0.77.9", true}, {"192.0.2.1", "192.1.2.1", false}, {"::ffff:192.0.2.1", "192.0.3.4", true},
		{"2001:db8:1::1", "2001:db8:2::1", true}, {"2001:db8::1", "2001:db9::1", false}, {"192.0.2.1", "2001:db8::1", false},
		{"", "192.0.2.1", false}, {"192.0.2.1", "x", false}, {"", "", false},
	} {
		if got := SameNetwork(test.a, test.b); got != test.want {
			t.Errorf("%q and %q: %t", test.a, test.b, got)
		}
	}
}
