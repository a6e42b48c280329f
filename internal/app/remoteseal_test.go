package app_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
	"github.com/yinxin-gov/yinxin/sdk/sealing"
)

// TestASealGoesOnADocumentThatStaysWithItsHolder: a service client seals by the SDK, once two others put the permission into the rule; the
// platform finds the result good, and its log says that it did not see the document.
func TestASealGoesOnADocumentThatStaysWithItsHolder(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		seal := activeSeal(t, p, "37030000001961")
		base, keeper := "/api/v1/seals/"+seal, adminToken(t, p, esign.RoleKeeper)
		if got := call(t, p, http.MethodGet, base+"/signature-material", keeper, nil); got.Status != http.StatusForbidden || got.String("code") != string(fault.SealRemoteOff) {
			t.Errorf("by default: %d %s", got.Status, got.Text)
		}
		rule := map[string]any{"when": "never", "approver": "seal_approver", "approvals": 1, "hours": 24, "uses": 1, "remote": true}
		if got := call(t, p, http.MethodPost, base+"/rule", keeper, map[string]any{"version": 0, "rule": rule}); got.Status != http.StatusAccepted {
			t.Fatalf("%d %s", got.Status, got.Text)
		}
		if got := call(t, p, http.MethodPost, base+"/rule/decision", adminToken(t, p, esign.RoleReviewer), map[string]any{"version": 1, "approve": true}); got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Text)
		}
		client, err := sealing.New(sealing.Config{Server: p.URL, Token: keeper, HTTP: apptest.NewHTTPClient(nil)})
		if err != nil {
			t.Fatal(err)
		}
		for name, document := range map[string][]byte{"OFD": sealtest.Document(t, 1), "PDF": sealtest.PDF(1)} {
			material, err := client.Material(t.Context(), seal)
			if err != nil {
				t.Fatal(err)
			}
			order := sealing.Order{SealID: seal, Places: []sealing.Place{sealing.At(1, 20, 20)}, Purpose: "公布办事指南", Key: "key-of-" + name}
			nobody := yinxin.NewVerifier()
			nobody.SetTime(p.Now())
			prepared, err := sealing.Prepare(material, document, order.Places, nobody)
			if err != nil {
				t.Fatal(err)
			}
			value, use, err := client.Sign(t.Context(), order, prepared)
			if err != nil || !use.Remote || use.SourceSM3 != hex.EncodeToString(prepared.Digest()) {
				t.Fatalf("%+v %v", use, err)
			}
			if _, err := prepared.Complete(value, nobody); err == nil {
				t.Errorf("%s: a document was given out that nobody vouches for", name)
			}
			again, err := sealing.Prepare(material, document, order.Places, nobody)
			if err != nil {
				t.Fatal(err)
			}
			trusting := yinxin.NewVerifier()
			trusting.SetTime(p.Now())
			folder := t.TempDir()
			if err := errors.Join(p.App.ExportTrust(t.Context(), folder), trusting.AddTrust(folder)); err != nil {
				t.Fatal(err)
			}
			sealed, err := again.Complete(value, trusting)
			if err != nil {
				t.Fatal(err)
			}
			if name == "PDF" {
				continue // judged by Complete; the helper names its upload as an OFD
			}
			if r := verified(t, p, sealed); r.Verdict != verify.Valid || r.Code != "V00" {
				t.Errorf("%s: %s %+v", name, r.Code, r.Reasons)
			}
		}
		log := call(t, p, http.MethodGet, base+"/stamps", keeper, nil)
		for _, stamp := range log.Body["stamps"].([]any) {
			if stamp.(map[string]any)["remote"] != true {
				t.Errorf("%v", stamp)
			}
		}
		// Documents that are handed over go the way they went.
		body := map[string]any{"document": base64.StdEncoding.EncodeToString(sealtest.Document(t, 1)), "page": 1, "purpose": "公布"}
		if got := call(t, p, http.MethodPost, base+"/stamps", keeper, body, "Idempotency-Key", "key-of-OFD"); got.String("code") != string(fault.StampKeyReused) {
			t.Errorf("%d %s", got.Status, got.Text)
		}
	})
}
