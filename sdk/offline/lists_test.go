package offline_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
	"github.com/yinxin-gov/yinxin/sdk/offline"
)

// TestTrustListsAndSealListsAreTrust: files of both kinds decide, and an older trust list is refused.
func TestTrustListsAndSealListsAreTrust(t *testing.T) {
	w := ofdtest.New(t)
	service := w.Issue(t, pki.ProfileService, "服务", nil)
	chain := [][]byte{service.Cert.Raw, w.Issuing.Cert.Raw}
	trust := func(number uint64, uses ...trustlist.Use) []byte {
		t.Helper()
		l := &trustlist.List{URI: "https://a.example/trust/list", Number: number, Issued: ofdtest.Now, NextUpdate: ofdtest.Now.Add(time.Hour), Publisher: "示例",
			Authorities: []trustlist.Authority{{Certificate: w.Root.Cert, Name: "示例", History: []trustlist.Event{{From: ofdtest.Begin, Uses: uses}}}}}
		data, err := l.Sign(chain, service.Sign)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	seal := w.Seal(t, nil)
	states := func(last sealstatus.State) []byte {
		t.Helper()
		history := sealstatus.History{{From: ofdtest.Made, State: sealstatus.InUse}, {From: ofdtest.Time, State: last}}
		l := sealstatus.New("u", 1, "370300", ofdtest.Now, ofdtest.Now.Add(time.Hour), []sealstatus.Seal{{Code: "37030000001721", SM3: [32]byte(digest.Sum(seal)), History: history}})
		data, err := l.Sign(chain, service.Sign)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	document := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}})
	certificates := [][]byte{w.Root.Cert.EncodePEM(), w.Issuing.Cert.Raw}
	for name, c := range map[string]struct {
		files  [][]byte
		want   verify.Verdict
		reason string
	}{
		"certificates":         {nil, verify.Valid, ""},
		"granted":              {[][]byte{trust(1, trustlist.Uses...)}, verify.Valid, ""},
		"not for makers":       {[][]byte{trust(1, trustlist.SealSigner, trustlist.Service)}, verify.Invalid, "SEAL_MAKER_CERT_USAGE"},
		"the newer one counts": {[][]byte{trust(1, trustlist.Uses...), trust(2, trustlist.SealSigner)}, verify.Invalid, "SEAL_MAKER_CERT_USAGE"},
		"seal revoked":         {[][]byte{states(sealstatus.Revoked)}, verify.Invalid, "SEAL_STATUS_REVOKED"},
		"service not granted":  {[][]byte{states(sealstatus.Revoked), trust(1, trustlist.SealMaker, trustlist.SealSigner)}, verify.Valid, "seal_list_untrusted"},
	} {
		t.Run(name, func(t *testing.T) {
			v := offline.New()
			for _, content := range append(slices.Clone(certificates), c.files...) {
				if err := v.AddTrustBytes(content); err != nil {
					t.Fatal(err)
				}
			}
			r := v.VerifyAt(ofdtest.Now, "a.ofd", document)
			if r.Verdict != c.want || c.reason != "" && !slices.ContainsFunc(r.Reasons, func(r verify.Reason) bool { return r.Code == c.reason }) {
				t.Errorf("%s %v", r.Verdict, r.Reasons)
			}
		})
	}
	v := offline.New()
	if err := errors.Join(v.AddTrustBytes(trust(2, trustlist.Service)), v.AddTrustBytes(trust(2, trustlist.Service))); err != nil {
		t.Fatal(err)
	}
	if err := v.AddTrustBytes(trust(1, trustlist.Service)); !errors.Is(err, offline.ErrOlder) {
		t.Errorf("an older list: %v", err)
	}
	cut := trust(3, trustlist.Service)
	if err := v.AddTrustBytes(cut[:len(cut)-1]); !errors.Is(err, offline.ErrTrust) {
		t.Errorf("a cut list: %v", err)
	}
}
