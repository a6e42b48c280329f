package authn_test

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// TestRevocationsOfAnAuthority: what the lists say of certificates that are not at hand any more, and when they say nothing.
func TestRevocationsOfAnAuthority(t *testing.T) {
	w := certificates(t)
	one, _ := w.valid(t)
	other, _ := w.valid(t)
	name := digest.Hex(w.root.RawKeyInfo)
	ask := func(t *testing.T, authority, want string, serial *big.Int) pki.Revocation {
		t.Helper()
		ask, silence := w.service.Revocations(context.Background(), authority)
		if silence != want || (ask == nil) != (want != "") {
			t.Fatalf("silence %q instead of %q", silence, want)
		}
		if ask == nil {
			return pki.Revocation{}
		}
		return ask(serial)
	}
	if got := ask(t, name, "", one.Serial); got.State != pki.RevocationGood {
		t.Errorf("%+v", got)
	}
	w.revoke(t, one)
	if got := ask(t, name, "", one.Serial); got.State != pki.RevocationRevoked {
		t.Errorf("%+v", got)
	}
	if got := ask(t, name, "", other.Serial); got.State != pki.RevocationGood {
		t.Errorf("another one: %+v", got)
	}
	ask(t, digest.Hex(nil), authn.SilentUntrusted, one.Serial)
	stranger, key := authority(t, "机构根") // the same name, another key
	list, err := pki.MakeCRL(rand.Reader, pki.CRLTemplate{Number: big.NewInt(9), ThisUpdate: idptest.Start.AddDate(0, 0, -1), NextUpdate: idptest.Start.AddDate(1, 0, 0), Entries: []pki.CRLEntry{{Serial: other.Serial, RevokedAt: idptest.Start}}}, stranger, key)
	if err != nil {
		t.Fatal(err)
	}
	good := w.trust.CRLs
	w.trust.CRLs = append([]*pki.CRL{list}, good...)
	if got := ask(t, name, "", other.Serial); got.State != pki.RevocationGood {
		t.Errorf("somebody else's list counts: %+v", got)
	}
	w.trust.CRLs = []*pki.CRL{list}
	ask(t, name, authn.SilentNoList, one.Serial)
	w.trust.CRLs = good
	w.Clock.Advance(400 * 24 * time.Hour)
	ask(t, name, authn.SilentNoList, one.Serial) // its time is over
	w.outage = errors.New("disk")
	ask(t, name, authn.SilentUnread, one.Serial)
}

// What an authority gave out that was revoked itself counts no more.
func TestRevocationOfAnAuthorityUnderARoot(t *testing.T) {
	w := certificates(t)
	key := sm2Key(t)
	under, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileIssuingCA, Subject: pki.Subject{CommonName: "下级机构"}, PublicKey: &key.PublicKey, NotBefore: idptest.Start.AddDate(0, -1, 0), NotAfter: idptest.Start.AddDate(5, 0, 0)}, w.root, w.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	own, err := pki.MakeCRL(rand.Reader, pki.CRLTemplate{Number: big.NewInt(1), ThisUpdate: idptest.Start.AddDate(0, 0, -1), NextUpdate: idptest.Start.AddDate(1, 0, 0)}, under, key)
	if err != nil {
		t.Fatal(err)
	}
	w.trust.Intermediates = pki.NewPool(under)
	w.trust.CRLs = append(w.trust.CRLs, own)
	asked, silence := w.service.Revocations(context.Background(), digest.Hex(under.RawKeyInfo))
	if silence != "" || asked(big.NewInt(5)).State != pki.RevocationGood {
		t.Fatalf("%q", silence)
	}
	w.revoke(t, under)
	w.trust.CRLs = append(w.trust.CRLs, own)
	if asked, silence = w.service.Revocations(context.Background(), digest.Hex(under.RawKeyInfo)); silence != "" || asked(big.NewInt(5)).State != pki.RevocationRevoked {
		t.Errorf("%q", silence)
	}
	w.trust.CRLs = []*pki.CRL{own} // nothing is known of the authority itself
	if asked, silence = w.service.Revocations(context.Background(), digest.Hex(under.RawKeyInfo)); asked != nil || silence != authn.SilentNoList {
		t.Errorf("%q", silence)
	}
}
