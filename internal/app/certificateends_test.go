package app_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing/certificate"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/simca"
)

// TestCertificatesOfPersonAndOrganisationEndTheirLevels walks both methods on their pages with certificates of the simulated
// authority: another one's is refused, the own one gives the level, its revocation takes the level, the login and nothing else,
// the person is told, and an administrator sees what the lists say.
func TestCertificatesOfPersonAndOrganisationEndTheirLevels(t *testing.T) {
	const company, companyName = "91999900MA0000015N", "示例市青禾商贸有限公司"
	const mobile, name, number = "13800138008", "钱法人", "999900197903030074"
	ctx, folder := context.Background(), t.TempDir()
	authority, err := simca.New(rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	listFile := filepath.Join(folder, "authority.crl")
	publish := func(late bool) {
		t.Helper()
		list, err := authority.List(late)
		if err == nil {
			err = os.WriteFile(listFile, list.EncodePEM(), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	publish(false)
	trustFile := filepath.Join(folder, "authority.pem")
	if err := os.WriteFile(trustFile, authority.Root().EncodePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Login = app.Login{CertificateTrustFile: trustFile, CertificateCRLFiles: []string{listFile}}
	cfg.Proofing.Certificates = []certificate.Authority{{Issuer: authority.Root().Subject.String(), Hardware: true, Number: []certificate.Place{{Attribute: "2.5.4.11", Prefix: "SF"}}, OrganisationCode: []certificate.Place{{Attribute: "2.5.4.11", Prefix: "USCC"}}}}
	p := apptest.StartWith(t, cfg)
	p.Persona(mobile, name, 3)
	b := p.SignIn(mobile)
	issue := func(subject pki.Subject) simca.Issued {
		t.Helper()
		given, err := authority.Issue(subject, 365*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return given
	}
	show := func(b *walk.Browser, address string, given simca.Issued) *walk.Page {
		t.Helper()
		if err := b.Open(ctx, address); err != nil {
			t.Fatal(err)
		}
		signature, err := authority.Sign(given.Certificate.SerialHex(), []byte(b.Page.TextOf("certificate-challenge")))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(ctx, map[string]string{"certificate": string(given.Certificate.EncodePEM()), "signature": base64.StdEncoding.EncodeToString(signature)}); err != nil {
			t.Fatal(err)
		}
		return b.Page
	}
	organisation := func(code, name string) pki.Subject {
		return pki.Subject{CommonName: name, Organization: name, OrganizationalUnit: "USCC" + code, Locality: simca.Mark}
	}
	if err := b.Open(ctx, p.URL+"/me/organisations/new"); err != nil {
		t.Fatal(err)
	}
	if err := b.Submit(ctx, map[string]string{"organisation-name": companyName, "organisation-code": company}); err != nil {
		t.Fatal(err)
	}
	home := b.Page.URL.String()
	if address, ok := b.Page.Link("organisation-certificate"); !ok || !strings.HasSuffix(home, strings.TrimSuffix(address, "/certificate")) {
		t.Fatalf("no way by certificate at %s: %s", home, b.Page.Text)
	}
	if page := show(b, home+"/certificate", issue(organisation("91999900MA0000023H", "示例市云杉科技有限公司"))); page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text, "证书上不是") {
		t.Errorf("the certificate of another organisation: %d %s", page.Status, page.Text)
	}
	ofCompany, own := issue(organisation(company, companyName)), issue(pki.Subject{CommonName: name, Organization: simca.Mark, OrganizationalUnit: "SF" + number})
	if page := show(b, home+"/certificate", ofCompany); page.URL.String() != home || !strings.Contains(page.Text, "现场") {
		t.Fatalf("%s: %s", page.URL, page.Text)
	}
	if page := show(b, p.URL+"/proofing/certificate", own); !page.Has("proofing-outcome") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	if page := show(b, p.URL+"/me/security/certificate", own); !page.Has("recovery-codes") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	login := func() *walk.Page { return show(walk.New(nil), p.URL+"/login/certificate", own) }
	if page := login(); !page.Has("identity") || !strings.Contains(tierOf(t, p, b), "现场") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}

	p.Persona("13900139001", "赵一", 2, idp.RoleSystemAdmin)
	admin := p.SignInStaff("13900139001")
	standing := func() string {
		t.Helper()
		if err := admin.Open(ctx, p.URL+"/admin/proofing"); err != nil {
			t.Fatal(err)
		}
		return admin.Page.Text
	}
	check := func(want int) {
		t.Helper()
		ended, err := p.App.CheckCertificates(ctx)
		if err != nil || ended != want {
			t.Fatalf("%d ended instead of %d, %v", ended, want, err)
		}
	}
	publish(true) // the authority does not renew its list: nothing ends, and operators see it
	check(0)
	if text := standing(); !strings.Contains(text, simca.Name) || !strings.Contains(text, "没有回应") || !strings.Contains(text, "没有在有效期内的列表") {
		t.Errorf("%s", text)
	}
	if !strings.Contains(tierOf(t, p, b), "现场") {
		t.Error("silence ended a level")
	}
	for _, revoked := range []simca.Issued{ofCompany, own} {
		if err := authority.Revoke(revoked.Certificate.SerialHex(), pki.RevokedKeyCompromise); err != nil {
			t.Fatal(err)
		}
	}
	publish(false)
	if page := login(); page.Status != http.StatusUnauthorized { // at once, before anything looked at levels
		t.Errorf("a revoked certificate signs in: %d %s", page.Status, page.Text)
	}
	deadline := time.Now().Add(30 * time.Second)
	for { // within seconds of the new list
		if err := b.Open(ctx, home); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.Page.Text, "现场") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the level of the organisation did not end: %s", b.Page.Text)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if !strings.Contains(b.Page.Text, "高级实名") {
		t.Errorf("what the register gave is gone too: %s", b.Page.Text)
	}
	check(0)
	if tier := tierOf(t, p, b); !strings.Contains(tier, "高级实名") {
		t.Errorf("%s", tier)
	}
	if text := standing(); !strings.Contains(text, "C=CN 有回应") || strings.Contains(text, "没有在有效期内的列表") {
		t.Errorf("%s", text)
	}
	inboxText(t, p, mobile, "您的证书已被吊销")
}
