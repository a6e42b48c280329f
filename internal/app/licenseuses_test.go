package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestUsesOfLicencesStandOnTheLedger: scans, a replay, a check by number and what applications read for the holder are lines of the
// holder's one ledger, on the page, in the file, over the API and in the copy; about each the holder may ask; nobody else sees any.
func TestUsesOfLicencesStandOnTheLedger(t *testing.T) {
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	p.Persona(mobile, "", 0)
	p.Persona("13800138077", "王五", 2)
	b := p.SignIn(mobile)
	submit(t, b, p.URL+"/proofing?ial=2", map[string]string{"proofing-name": holderOfLicence.Name, "proofing-number": holderOfLicence.Number, "proofing-mobile": "13800138000"})
	id, _ := issued(t, p)
	c := p.Client(idp.Client{ClientID: "wallet", ClientName: "随身办", Department: "大数据局", Scope: "openid licenses my_data"})
	token := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("access_token")
	eventually(t, "the licence is not delivered", func() bool { return p.Get("/api/v1/licenses/"+id, token).Status == http.StatusOK })
	licenseID := p.Get("/api/v1/licenses/"+id, token).String("license_id")
	if a := p.Get("/api/v1/licenses/"+id+"/file", token); a.Status != http.StatusOK {
		t.Fatalf("the file answered %d", a.Status)
	}
	for _, query := range []string{"format=pdf&lang=en", "format=html&lang=en", "format=text", "format=png"} { // on the same line of the ledger
		if a := p.Get("/api/v1/licenses/"+id+"/file?"+query, token); a.Status != http.StatusOK || !strings.Contains(a.Header.Get("Content-Disposition"), licenseID) {
			t.Errorf("%s answered %d %v", query, a.Status, a.Header)
		}
	}
	shown := call(t, p, http.MethodPost, "/api/v1/licenses/"+id+"/presentations", token, map[string]any{})
	code := shown.String("code")
	if !strings.HasPrefix(code, "LZ1:") {
		t.Fatalf("the presentation answered %d %s", shown.Status, shown.Text)
	}
	check := func(bearer string, order map[string]any) int {
		return call(t, p, http.MethodPost, "/api/v1/verifications", bearer, order).Status
	}
	bank := p.Client(idp.Client{ClientID: "bank", ClientName: "示例银行", GrantTypes: []string{"client_credentials"}, Scope: "records"})
	if s := check(p.Post("/token", bank, url.Values{"grant_type": {"client_credentials"}}).String("access_token"), map[string]any{"code": code}); s != http.StatusOK {
		t.Fatalf("the scan answered %d", s)
	}
	for range 2 { // one line, counted twice
		if s := check("", map[string]any{"code": code}); s != http.StatusConflict {
			t.Fatalf("the replay answered %d", s)
		}
	}
	if s := check("", map[string]any{"license_id": licenseID, "check": "002X"}); s != http.StatusOK {
		t.Fatalf("the number answered %d", s)
	}
	if s := check("", map[string]any{"license_id": licenseID, "check": "0000"}); s != http.StatusOK {
		t.Fatalf("a guess answered %d", s)
	}

	file := recordsFile(t, p, b)
	for _, want := range []string{"示例银行", "出示《", "，被扫码核验", "未登录的核验者", "已拒绝", "按证照编号核验《", "证照是否有效", "应用代您读取《", "应用代您下载《", "随身办", "大数据局", "证照使用"} {
		if !strings.Contains(file, want) {
			t.Errorf("%q is not in the ledger:\n%s", want, file)
		}
	}
	if strings.Contains(file, holderOfLicence.Number) || strings.Contains(file, holderOfLicence.Name) {
		t.Errorf("a value stands in the ledger:\n%s", file)
	}
	if n := strings.Count(file, "luse_"); n != 5 {
		t.Errorf("%d lines of licences, 5 were wanted:\n%s", n, file)
	}
	// Page by page, one at a time, the two rooms give one list without a gap.
	seen, after := map[string]bool{}, ""
	for range 20 {
		a := p.Get("/api/v1/me/records?limit=1"+after, token)
		for _, found := range regexp.MustCompile(`"record_id":"([a-z]+_[0-9a-f]+)"`).FindAllStringSubmatch(a.Text, -1) {
			if seen[found[1]] {
				t.Errorf("%s stands twice", found[1])
			}
			seen[found[1]] = true
		}
		if a.String("next") == "" {
			break
		}
		after = "&after=" + a.String("next")
	}
	if want := strings.Count(file, "luse_") + strings.Count(file, "rel_"); len(seen) != want || want < 6 {
		t.Errorf("page by page %d lines, in the file %d", len(seen), want)
	}
	if a := p.Get("/api/v1/me/records?limit=50&client_id=bank", token); strings.Count(a.Text, "record_id") != 1 || !strings.Contains(a.Text, `"license_use":"shown"`) || !strings.Contains(a.Text, licenseID) || !strings.Contains(a.Text, `"channel":"license"`) {
		t.Errorf("of the bank: %s", a.Text)
	}
	open(t, b, p.URL+"/me/records?app=urn:yinxin:receiver:anybody")
	line := regexp.MustCompile(`/me/records/luse_[0-9a-f]+`).FindString(b.Page.Source)
	if strings.Count(b.Page.Source, "luse_") < 2 || strings.Contains(b.Page.Text, "示例银行，") || line == "" {
		t.Fatalf("the filter shows %s", b.Page.Text)
	}
	if page := submit(t, b, p.URL+line, map[string]string{"text": "这不是我出示的"}); !strings.Contains(page.Text, "等待单位答复") {
		t.Errorf("the question: %s", page.Text)
	}
	other := p.SignIn("13800138077")
	open(t, other, p.URL+line)
	if other.Page.Status != http.StatusNotFound || strings.Contains(recordsFile(t, p, other), "luse_") {
		t.Errorf("another person sees the line: %d", other.Page.Status)
	}
}
