package offline

import (
	"math"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// TestSignedObjectsGoWhereTheyBelong: lists of licences, deltas and key bundles, alone and carried by a trust list, which carries nothing else.
func TestSignedObjectsGoWhereTheyBelong(t *testing.T) {
	w := ofdtest.New(t)
	service := w.Issue(t, pki.ProfileService, "服务", nil)
	chain := [][]byte{service.Cert.Raw}
	next := ofdtest.Now.Add(time.Hour)
	made := func(data []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	list := made(statuslist.New("u", 1, ofdtest.Now, next).Sign(chain, service.Sign))
	delta := made(statuslist.NewDelta("u", 1, ofdtest.Now, ofdtest.Now, next, nil).Sign(chain, service.Sign))
	bundle := made(presentation.Bundle{Number: 1, Issued: ofdtest.Now, NextUpdate: next}.Sign(chain, service.Sign))
	trust := trustlist.List{URI: "u", Number: 1, Issued: ofdtest.Now, NextUpdate: next, Publisher: "示例", Carried: [][]byte{bundle, list, {1}},
		Authorities: []trustlist.Authority{{Certificate: w.Root.Cert, Name: "示例", History: []trustlist.Event{{From: ofdtest.Begin, Uses: trustlist.Uses}}}}}
	for name, c := range map[string]struct {
		content                []byte
		lists, deltas, bundles int
	}{
		"status list": {list, 1, 0, 0},
		"delta":       {delta, 0, 1, 0},
		"key bundle":  {bundle, 0, 0, 1},
		"trust list":  {made(trust.Sign(chain, service.Sign)), 0, 0, 1},
	} {
		v := New()
		if err := v.AddTrustBytes(c.content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if o := v.options; len(o.StatusLists) != c.lists || len(o.Deltas) != c.deltas || len(o.Bundles) != c.bundles {
			t.Errorf("%s: %d lists, %d deltas, %d bundles", name, len(o.StatusLists), len(o.Deltas), len(o.Bundles))
		}
	}
}

// TestReportsThatAreNoJSON: a number that JSON cannot say is an error, never half a report.
func TestReportsThatAreNoJSON(t *testing.T) {
	r := verify.Result{Signatures: []verify.Signature{{Placements: []verify.Placement{{XMM: math.NaN()}}}}}
	if out, err := Encode(verify.Report{Results: []verify.Result{r}}); err == nil || out != nil {
		t.Errorf("%s", out)
	}
}
