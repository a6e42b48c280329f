package authn_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 with SHA-1 is what authenticator apps can do
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// codeAt is what an app shows (RFC 6238).
func codeAt(t *testing.T, key string, at time.Time) string {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:])&0x7fffffff)%1_000_000)
}

// waysWithTOTP is an account with an authenticator that is in use.
func waysWithTOTP(t *testing.T) (w *idptest.World, twin *idptest.Twin, account, key string) {
	t.Helper()
	twin = idptest.NewTwin()
	w = idptest.NewWorld(t, twin)
	account = w.Account(t, number, right).ID
	setup, err := w.Ways.BeginTOTP(t.Context(), account, "", "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Ways.FinishTOTP(t.Context(), account, setup.ID, codeAt(t, setup.Key, w.Clock.Now())); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Minute)
	return w, twin, account, setup.Key
}

// before answers with the credentials as they stood when it was made, as a request does that reads while another one answers.
type before struct {
	*idptest.Twin
	stood []authn.Credential
}

func (b before) Credentials(context.Context, string) ([]authn.Credential, error) { return b.stood, nil }

// TestA03OfTwoUsesAtOnceOneCounts: both read the authenticator before either used its code.
func TestA03OfTwoUsesAtOnceOneCounts(t *testing.T) {
	w, twin, account, key := waysWithTOTP(t)
	stood, err := twin.Credentials(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	ways := authn.NewWays(authn.WaysConfig{Store: before{twin, stood}, Throttle: twin, Ring: w.Ring, Sealer: w.Accounts, Now: w.Clock.Now, Rand: ident.System(), Issuer: "x"})
	code := codeAt(t, key, w.Clock.Now())
	if err := ways.CheckTOTP(t.Context(), account, code); err != nil {
		t.Fatal(err)
	}
	if err := ways.CheckTOTP(t.Context(), account, code); fault.CodeOf(err) != fault.SecondWrong {
		t.Errorf("the second of two: %v", err)
	}
}

// TestSecondFactorsAreCounted: whoever guesses codes of an authenticator or recovery codes, or tries the first code of a new authenticator,
// is stopped, also by the right one, and over a day whatever the pauses are.
func TestSecondFactorsAreCounted(t *testing.T) {
	for name, try := range map[string]func(w *idptest.World, account string) error{
		"authenticator": func(w *idptest.World, account string) error {
			return w.Ways.CheckTOTP(context.Background(), account, "12345x")
		},
		"recovery code": func(w *idptest.World, account string) error {
			return w.Ways.CheckRecoveryCode(context.Background(), account, "000000000000")
		},
		"first code": func(w *idptest.World, account string) error {
			setup, err := w.Ways.BeginTOTP(context.Background(), account, "", "x")
			if err != nil {
				return err
			}
			_, err = w.Ways.FinishTOTP(context.Background(), account, setup.ID, "12345x")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, _, account, key := waysWithTOTP(t)
			for i := range authn.SecondTries {
				if err := try(w, account); fault.CodeOf(err) != fault.SecondWrong {
					t.Fatalf("try %d: %v", i, err)
				}
			}
			if err := try(w, account); fault.CodeOf(err) != fault.SecondLocked {
				t.Errorf("one try more: %v", err)
			}
			if err := w.Ways.CheckTOTP(t.Context(), account, codeAt(t, key, w.Clock.Now())); fault.CodeOf(err) != fault.SecondLocked {
				t.Errorf("the right code: %v", err)
			}
			w.Clock.Advance(authn.SecondSpan)
			locked := 0
			for range 30 {
				if fault.CodeOf(try(w, account)) == fault.SecondLocked {
					locked++
				}
				w.Clock.Advance(authn.SecondSpan / (authn.SecondTries - 1))
			}
			if locked == 0 {
				t.Error("thirty guesses in an afternoon are nothing")
			}
			w.Clock.Advance(24 * time.Hour)
			if err := w.Ways.CheckTOTP(t.Context(), account, codeAt(t, key, w.Clock.Now())); err != nil {
				t.Errorf("the next day: %v", err)
			}
		})
	}
}

// TestAuthenticatorThatWaitsIsNone: before its first code was shown it is no factor, and it waits ten minutes.
func TestAuthenticatorThatWaitsIsNone(t *testing.T) {
	w, _, account, _ := waysWithTOTP(t)
	setup, err := w.Ways.BeginTOTP(t.Context(), account, "", "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Ways.CheckTOTP(t.Context(), account, codeAt(t, setup.Key, w.Clock.Now())); fault.CodeOf(err) != fault.SecondWrong {
		t.Errorf("as a second factor: %v", err)
	}
	w.Clock.Advance(10*time.Minute + time.Second)
	if _, err := w.Ways.FinishTOTP(t.Context(), account, setup.ID, codeAt(t, setup.Key, w.Clock.Now())); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("too late: %v", err)
	}
}
