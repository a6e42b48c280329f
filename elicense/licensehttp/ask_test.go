package licensehttp_test

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/web"
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
	if !strings.Contains(preview, "对方将看到") || !strings.Contains(preview, `action="/me/licenses/`+l.ID+`/respond"`) {
		t.Error("the holder does not see what is shown")
	}
	s.page(stranger, "/me/licenses/"+l.ID+"/answer?ask="+text, http.StatusNotFound)
	if past := s.send(person, http.MethodGet, "/me/licenses/"+l.ID+"/respond?ask="+text, "", nil); past.Header().Get("Location") != "/me/licenses/"+l.ID+"/answer?ask="+text {
		t.Errorf("a link leads past what is shown: %d %s", past.Code, past.Header().Get("Location"))
	}
	answer := post(person, "/me/licenses/"+l.ID+"/respond", url.Values{"ask": {text}})
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

// TestAPictureOfACodeIsRead: by who cannot scan; the code is judged as if its text had been typed, a link is told as what it is, and a picture without a code says so.
func TestAPictureOfACodeIsRead(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	shown, err := s.world.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	photograph := func(text string) []byte {
		t.Helper()
		code, err := web.NewQR(text)
		if err != nil {
			t.Fatal(err)
		}
		const scale, margin = 5, 40
		picture := image.NewGray(image.Rect(0, 0, len(code)*scale+2*margin, len(code)*scale+2*margin))
		for y := range picture.Rect.Max.Y {
			for x := range picture.Rect.Max.X {
				row, column := (y-margin)/scale, (x-margin)/scale
				if y < margin || x < margin || row >= len(code) || column >= len(code) || !code[row][column] {
					picture.Pix[y*picture.Stride+x] = 255
				}
			}
		}
		var out bytes.Buffer
		if err := png.Encode(&out, picture); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	upload := func(picture []byte, challenge string) *httptest.ResponseRecorder {
		t.Helper()
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		if challenge != "" {
			if err := form.WriteField("verify-challenge", challenge); err != nil {
				t.Fatal(err)
			}
		}
		if picture != nil {
			part, err := form.CreateFormFile("verify-picture", "code.png")
			if err == nil {
				_, err = part.Write(picture)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		return s.send(nobody, http.MethodPost, "/verify/picture", form.FormDataContentType(), &body)
	}
	for name, c := range map[string]struct {
		picture   []byte
		challenge string
		status    int
		want      string
	}{
		"another request":          {photograph(shown.Code), "AAAAAAAAAAA", http.StatusOK, "V41"},
		"a link":                   {photograph("https://evil.example/v/1"), "", http.StatusOK, "evil.example"},
		"other text":               {photograph("hello"), "", http.StatusOK, "V31"},
		"no picture":               {nil, "", http.StatusUnprocessableEntity, "没有找到清晰的二维码"},
		"no code":                  {[]byte("x"), "", http.StatusUnprocessableEntity, "没有找到清晰的二维码"},
		"too large":                {make([]byte, 12<<20+1), "", http.StatusRequestEntityTooLarge, ""},
		"a challenge that is none": {photograph(shown.Code), strings.Repeat("A", 17), http.StatusRequestEntityTooLarge, ""},
	} {
		if r := upload(c.picture, c.challenge); r.Code != c.status || !strings.Contains(r.Body.String(), c.want) {
			t.Errorf("%s: %d, want %d with %s", name, r.Code, c.status, c.want)
		}
	}
	if r := upload(photograph(shown.Code), ""); r.Code != http.StatusOK || !strings.Contains(r.Body.String(), "V00") {
		t.Errorf("the code itself: %d %s", r.Code, r.Body)
	}
	if r := upload(photograph(shown.Code), ""); r.Code != http.StatusConflict {
		t.Errorf("once more: %d", r.Code)
	}
	if r := s.send(nobody, http.MethodPost, "/verify/picture", "text/plain", strings.NewReader("x")); r.Code != http.StatusBadRequest {
		t.Errorf("no form: %d", r.Code)
	}
}
