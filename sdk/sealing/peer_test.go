package sealing_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/sdk/sealing"
)

// TestADepartmentWithOfdrwSealsWhereTheDocumentLies: ofdrw makes Signature.xml and puts the value in, and both sides find the result good. So
// does ofdrw with what the SDK made.
func TestADepartmentWithOfdrwSealsWhereTheDocumentLies(t *testing.T) {
	p := newPlatform(t)
	p.PutRule(t, p.seal.ID, sealtest.RemoteRule)
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	document := sealtest.Document(t, 2)
	order := fmt.Sprintf("in=%s\nout=%s\nserver=%s\nseal=%s\ntoken=token-of-tests\nkey=key-of-ofdrw\npurpose=notice\npage=2\nx=140\ny=220\nwidth=42\nheight=42\n", file("in.ofd"), file("out.ofd"), p.server.URL, p.seal.ID)
	for name, content := range map[string][]byte{"in.ofd": document, "order.properties": []byte(order)} {
		if err := os.WriteFile(file(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testkit.JavaPeer(t, "remote", file("order.properties"))
	sealed, err := os.ReadFile(file("out.ofd"))
	if err != nil {
		t.Fatal(err)
	}
	report := p.verifier().Verify("out.ofd", sealed)
	if report.Code != "V00" || len(report.Signatures) != 1 || len(report.Signatures[0].Placements) != 1 || report.Signatures[0].Placements[0].Page != 2 {
		t.Errorf("%s %+v", report.Code, report.Reasons)
	}
	uses, _, err := p.Service.Stamps(sealtest.Keeper, p.seal.ID, "", "", 10)
	if err != nil || len(uses) != 1 || !strings.HasSuffix(uses[0].Remote, "/Signature.xml") {
		t.Errorf("%+v %v", uses, err)
	}
	for _, call := range p.bodies {
		if len(call) > 1000 {
			t.Errorf("%d octets were sent", len(call))
		}
	}
	testkit.JavaPeer(t, "validate", file("out.ofd"))
	testkit.JavaPeer(t, "recompute", file("out.ofd"))

	// A second seal beside it, made by the SDK on what ofdrw wrote; ofdrw judges both.
	both, _, err := p.client().SealHere(t.Context(), sealing.Order{SealID: p.seal.ID, Places: []sealing.Place{sealing.At(1, 20, 20)}, Purpose: "notice", Key: "key-of-the-sdk"}, sealed, p.verifier())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file("both.ofd"), both, 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.JavaPeer(t, "validate", file("both.ofd"))
	if out := testkit.JavaPeer(t, "recompute", file("both.ofd")); !strings.Contains(out, "seals 2") {
		t.Errorf("%s", out)
	}
	if opened, err := ofd.Open(both, ofd.DefaultLimits()); err != nil || len(opened.Signatures) != 2 {
		t.Errorf("%v", err)
	}
	// Without the permission the platform gives ofdrw nothing.
	rule := sealtest.RemoteRule
	rule.Remote = false
	p.PutRule(t, p.seal.ID, rule)
	if out := testkit.JavaPeerRefuses(t, "remote", file("order.properties")); !strings.Contains(out, fmt.Sprint(http.StatusForbidden)) {
		t.Errorf("%s", out)
	}
}
