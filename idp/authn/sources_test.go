package authn_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// limited are codes with limits by source.
func limited(w *idptest.World, store idptest.Store, limits authn.SourceLimits) func(ip string, n int) error {
	limits.Store = store
	codes := authn.NewCodes(authn.CodesConfig{Store: store, Accounts: w.Accounts, Ring: w.Ring, Sources: limits, Now: w.Clock.Now, Rand: ident.System()})
	return func(ip string, n int) error {
		ctx := reqctx.With(context.Background(), reqctx.Request{ClientIP: ip})
		_, err := codes.Send(ctx, subject.Identifier{Kind: subject.Mobile, Value: fmt.Sprintf("+86139%08d", n)}, authn.PurposeLogin, "browser", "zh-CN", w.Encode)
		return err
	}
}

func TestA05OneAddressAndItsNetworkAskForSoManyCodes(t *testing.T) {
	for name, test := range map[string]struct{ first, neighbour, network, stranger string }{
		"IPv4":             {"198.51.100.7", "198.51.100.7", "198.51.100.200", "198.51.101.7"},
		"IPv6":             {"2001:db8:1:2::7", "2001:db8:1:2:ffff::1", "2001:db8:1:3::1", "2001:db8:2::7"},
		"IPv4 inside IPv6": {"::ffff:198.51.100.7", "198.51.100.7", "198.51.100.9", "198.51.99.7"},
		"no address":       {"pipe", "pipe", "", "other"},
	} {
		t.Run(name, func(t *testing.T) {
			twin := idptest.NewTwin()
			w := idptest.NewWorld(t, twin)
			send := limited(w, twin, authn.SourceLimits{PerAddress: 3, PerNetwork: 5})
			for n, ip := range []string{test.first, test.neighbour, test.first} {
				if err := send(ip, n); err != nil {
					t.Fatal(err)
				}
			}
			if err := send(test.neighbour, 10); fault.CodeOf(err) != fault.CodeSourceBusy {
				t.Errorf("the fourth of an address: %v", err)
			}
			if test.network != "" {
				for n := range 2 {
					if err := send(test.network, 20+n); err != nil {
						t.Errorf("another address of the network: %v", err)
					}
				}
				if err := send(test.network, 30); fault.CodeOf(err) != fault.CodeSourceBusy {
					t.Errorf("the sixth of a network: %v", err)
				}
			}
			if err := send(test.stranger, 40); err != nil {
				t.Errorf("a stranger: %v", err)
			}
			w.Clock.Advance(time.Hour)
			if err := send(test.first, 50); err != nil {
				t.Errorf("an hour later: %v", err)
			}
		})
	}
}

// silentThrottle counts nothing.
type silentThrottle struct{ authn.ThrottleStore }

func (silentThrottle) Count(context.Context, string, []byte, time.Duration, time.Time) (int, error) {
	return 0, errors.New("no database")
}

func TestR06NoCounterNoCode(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	codes := authn.NewCodes(authn.CodesConfig{Store: twin, Accounts: w.Accounts, Ring: w.Ring, Sources: authn.SourceLimits{Store: silentThrottle{}, PerAddress: 3, PerNetwork: 5}, Now: w.Clock.Now, Rand: ident.System()})
	if _, err := codes.Send(context.Background(), subject.Identifier{Kind: subject.Mobile, Value: "+8613900000001"}, authn.PurposeLogin, "b", "zh-CN", w.Encode); fault.CodeOf(err) != fault.Unavailable || len(w.Sent()) != 0 {
		t.Errorf("%v", err)
	}
}

func TestCodesGoOnlyWhereMessagesGo(t *testing.T) {
	for name, test := range map[string]struct {
		kind             subject.IdentifierKind
		offered, allowed bool
		want             fault.Code
	}{"no SMS": {subject.Mobile, false, false, fault.CodeNoSMS}, "no mail": {subject.Email, false, false, fault.CodeNoMail}, "country": {subject.Mobile, true, false, fault.CodeCountry}, "fine": {subject.Mobile, true, true, ""}} {
		twin := idptest.NewTwin()
		w := idptest.NewWorld(t, twin)
		codes := authn.NewCodes(authn.CodesConfig{Store: twin, Accounts: w.Accounts, Ring: w.Ring, Reaches: func(string, string) (bool, bool) { return test.offered, test.allowed }, Now: w.Clock.Now, Rand: ident.System()})
		_, err := codes.Send(context.Background(), subject.Identifier{Kind: test.kind, Value: "x"}, authn.PurposeLogin, "b", "zh-CN", w.Encode)
		if err == nil && test.want != "" || err != nil && fault.CodeOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
		if sent := w.Sent(); test.want == "" && (len(sent) != 1 || !sent[0].Until.Equal(w.Clock.Now().Add(authn.CodeLife))) || test.want != "" && len(sent) != 0 {
			t.Errorf("%s: %+v", name, sent)
		}
	}
}
