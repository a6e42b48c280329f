package simca_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/simca"
)

var start = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

func TestAuthorityIssuesSignsAndRevokes(t *testing.T) {
	now := start
	a, err := simca.New(rand.Reader, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	given, err := a.Issue(pki.Subject{CommonName: "李四", Organization: simca.Mark, OrganizationalUnit: "SF99990019800101001X"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c := given.Certificate
	if _, err := pki.BuildChain(c, pki.ChainOptions{Roots: pki.NewPool(a.Root()), At: now, Usage: pki.UsageDigitalSignature}); err != nil {
		t.Error(err)
	}
	if !strings.Contains(c.Issuer.String(), simca.Mark) || !strings.Contains(c.Subject.String(), simca.Mark) || !strings.Contains(string(given.KeyPEM), "PRIVATE KEY") {
		t.Errorf("it does not say that it is a test: %s", c.Subject)
	}
	signature, err := a.Sign(c.SerialHex(), []byte("challenge"))
	if err != nil {
		t.Fatal(err)
	}
	key, _ := c.SM2Key()
	if _, err := pki.VerifySM2(key, nil, []byte("challenge"), signature, pki.FormDER); err != nil {
		t.Error(err)
	}
	state := func(late bool) pki.RevocationState {
		t.Helper()
		list, err := a.List(late)
		if err != nil {
			t.Fatal(err)
		}
		return pki.CheckRevocation(c, a.Root(), []*pki.CRL{list}, now).State
	}
	if got := state(false); got != pki.RevocationGood {
		t.Error(got)
	}
	if err := a.Revoke(c.SerialHex(), pki.RevokedKeyCompromise); err != nil {
		t.Fatal(err)
	}
	if got := state(false); got != pki.RevocationRevoked {
		t.Error(got)
	}
	if got := state(true); got != pki.RevocationUnknown {
		t.Errorf("a list that ended says %s", got)
	}
	if err := a.Revoke(c.SerialHex(), 0); !errors.Is(err, simca.ErrRevoked) {
		t.Error(err)
	}
	for _, serial := range []string{"", "zz", "2a"} {
		if err := a.Revoke(serial, 0); !errors.Is(err, simca.ErrUnknown) {
			t.Error(serial, err)
		}
		if _, err := a.Sign(serial, nil); !errors.Is(err, simca.ErrUnknown) {
			t.Error(serial, err)
		}
	}
	for _, life := range []time.Duration{0, -time.Hour, simca.MaxLife + time.Second} {
		if _, err := a.Issue(pki.Subject{CommonName: "李四"}, life); !errors.Is(err, simca.ErrLife) {
			t.Error(life, err)
		}
	}
}
