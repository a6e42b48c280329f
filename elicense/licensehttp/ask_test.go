package licensehttp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

// TestOnePersonChecksAnotherOnPages: the asker makes a request, the holder reads who asks for what and sees what is shown, and the code passes at the asker's page alone.
func TestOnePersonChecksAnotherOnPages(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	post := func(as caller, address string, form url.Values) *httptest.ResponseRecorder {
		return s.send(as, http.MethodPost, address, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	}
	if body := s.page(nobody, "/verify/ask", http.StatusOK); !strings.Contains(body, `name="profile"`) || strings.Contains(body, `name="ask-name"`) {
		t.Error("the form for who is not signed in")
	}
	if r := post(nobody, "/verify/ask", url.Values{"profile": {"a"}}); r.Code != http.StatusUnprocessableEntity {
		t.Errorf("a view that is not for people: %d", r.Code)
	}
	made := post(nobody, "/verify/ask", url.Values{"profile": {"m"}, "purpose_code": {"04"}, "ask-name": {"1"}})
	place := made.Header().Get("Location")
	if made.Code != http.StatusSeeOther || !strings.HasPrefix(place, "/verify/ask?ask=") {
		t.Fatalf("%d %s", made.Code, place)
	}
	asking := s.page(nobody, place, http.StatusOK)
	text := strings.TrimPrefix(place, "/verify/ask?ask=")
	challenge := regexp.MustCompile(`name="verify-challenge" value="([^"]+)"`).FindStringSubmatch(asking)
	for _, want := range []string{licensetest.BaseURL + "/me/license-requests?ask=" + text, "<svg class=\"qr\"", "没有说明身份", "住房公积金业务"} {
		if !strings.Contains(asking, want) {
			t.Errorf("the request does not hold %s", want)
		}
	}
	if challenge == nil {
		t.Fatal("the form for the answer has no challenge")
	}
	// The holder.
	read := s.page(person, "/me/license-requests?ask="+text, http.StatusOK)
	for _, want := range []string{"没有说明身份", "当面确认对方是谁", "/me/licenses/" + l.ID + "/answer?ask=" + text} {
		if !strings.Contains(read, want) {
			t.Errorf("the holder does not see %s", want)
		}
	}
	if typed := s.page(person, "/me/license-requests", http.StatusOK); !strings.Contains(typed, `name="ask"`) {
		t.Error("no way to paste a request")
	}
	if bad := s.page(person, "/me/license-requests?ask=x", http.StatusBadRequest); !strings.Contains(bad, "YX-LIC-501") && !strings.Contains(bad, "这不是本平台的核验请求") {
		t.Error("a request that is none")
	}
	preview := s.page(person, "/me/licenses/"+l.ID+"/answer?ask="+text, http.StatusOK)
	if !strings.Contains(preview, "对方将看到") || !strings.Contains(preview, "/me/licenses/"+l.ID+"/respond?ask="+text) {
		t.Error("the holder does not see what is shown")
	}
	s.page(stranger, "/me/licenses/"+l.ID+"/answer?ask="+text, http.StatusNotFound)
	answer := s.send(person, http.MethodGet, "/me/licenses/"+l.ID+"/respond?ask="+text, "", nil)
	if answer.Code != http.StatusSeeOther {
		t.Fatalf("%d", answer.Code)
	}
	shown := s.page(person, answer.Header().Get("Location"), http.StatusOK)
	code := regexp.MustCompile(`(?s)<textarea[^>]*>(LZ1:[^<]+)</textarea>`).FindStringSubmatch(shown)
	if code == nil || !strings.Contains(shown, "应此请求出示") {
		t.Fatal("no code is shown")
	}
	lz1 := strings.NewReplacer("&#43;", "+", "&amp;", "&", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">").Replace(code[1])
	// Another asker, and then the one who asked.
	other := post(nobody, "/verify", url.Values{"verify-code": {lz1}, "verify-challenge": {"AAAAAAAAAAA"}})
	if other.Code != http.StatusOK || !strings.Contains(other.Body.String(), "V41") || strings.Contains(other.Body.String(), "持证人出示的内容") {
		t.Errorf("at another asker: %d", other.Code)
	}
	if r := post(nobody, "/verify", url.Values{"verify-code": {"LZ1:X"}, "verify-challenge": {challenge[1]}}); r.Code != http.StatusBadRequest || !strings.Contains(r.Body.String(), `name="verify-challenge" value="`+challenge[1]+`"`) {
		t.Errorf("a code that was mistyped loses the request: %d", r.Code)
	}
	mine := post(nobody, "/verify", url.Values{"verify-code": {lz1}, "verify-challenge": {challenge[1]}})
	if body := mine.Body.String(); mine.Code != http.StatusOK || !strings.Contains(body, "V00") || !strings.Contains(body, "持证人出示的内容") || !strings.Contains(body, "张*") {
		t.Errorf("at the asker: %d %s", mine.Code, body)
	}
}

func TestAnOfficeAsksByTheAPI(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	office := caller{"client:" + licensetest.Portal, ""}
	ask := s.json(office, http.MethodPost, "/api/v1/license-requests", map[string]any{"purpose_code": "04"}, http.StatusOK)
	if ask["challenge"] == nil || !strings.HasPrefix(ask["url"].(string), licensetest.BaseURL+"/me/license-requests?ask=") {
		t.Fatalf("%v", ask)
	}
	s.json(nobody, http.MethodPost, "/api/v1/license-requests", map[string]any{"profile": "a"}, http.StatusUnprocessableEntity)
	s.json(person, http.MethodPost, "/api/v1/licenses/"+l.ID+"/presentations", map[string]any{"request": ask["request"], "profile": "f"}, http.StatusUnprocessableEntity)
	shown := s.json(person, http.MethodPost, "/api/v1/licenses/"+l.ID+"/presentations", map[string]any{"request": ask["request"]}, http.StatusOK)
	verify := func(body map[string]any, want int) map[string]any {
		t.Helper()
		return s.json(nobody, http.MethodPost, "/api/v1/verifications", body, want)
	}
	verify(map[string]any{"license_id": l.LicenseID, "check": "003B", "challenge": ask["challenge"]}, http.StatusBadRequest)
	verify(map[string]any{"code": shown["code"], "challenge": "!"}, http.StatusUnprocessableEntity)
	if r := verify(map[string]any{"code": shown["code"], "challenge": "AAAAAAAAAAA"}, http.StatusOK)["results"].([]any)[0].(map[string]any); r["code"] != "V41" {
		t.Errorf("%v", r)
	}
	r := verify(map[string]any{"code": shown["code"], "challenge": ask["challenge"]}, http.StatusOK)["results"].([]any)[0].(map[string]any)
	if fields := r["license"].(map[string]any)["shown"].([]any); r["code"] != "V00" || len(fields) != len(shown["fields"].([]any)) {
		t.Errorf("%v", r)
	}
}
