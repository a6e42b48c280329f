package sealhttp_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/keys"
)

func (s *site) page(as caller, path string, want int) string {
	s.t.Helper()
	rec := s.send(as, http.MethodGet, path, nil, nil)
	if rec.Code != want {
		s.t.Fatalf("GET %s: %d, want %d: %s", path, rec.Code, want, rec.Body)
	}
	s.strict(rec)
	return rec.Body.String()
}

// strict checks what every page of staff carries.
func (s *site) strict(rec *httptest.ResponseRecorder) {
	s.t.Helper()
	h := rec.Header()
	if !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Cache-Control") != "no-store" || h.Get("X-Frame-Options") != "DENY" {
		s.t.Errorf("headers %v", h)
	}
	if strings.Contains(rec.Body.String(), "<script") || strings.Contains(rec.Body.String(), " style=") {
		s.t.Error("a script or an inline style")
	}
}

func (s *site) post(as caller, path string, form url.Values, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	rec := s.send(as, http.MethodPost, path, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, strings.NewReader(form.Encode()))
	if rec.Code != want {
		s.t.Fatalf("POST %s: %d, want %d: %s", path, rec.Code, want, rec.Body)
	}
	return rec
}

// upload posts the form for stamping as a browser does.
func (s *site) upload(as caller, path string, document []byte, form url.Values, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form {
		if err := w.WriteField(name, values[0]); err != nil {
			s.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("stamp-file", "办事指南.ofd")
	if err == nil {
		_, err = part.Write(document)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	rec := s.send(as, http.MethodPost, path, map[string]string{"Content-Type": w.FormDataContentType()}, &body)
	if rec.Code != want {
		s.t.Fatalf("POST %s: %d, want %d: %s", path, rec.Code, want, rec.Body)
	}
	return rec
}

var hiddenKey = regexp.MustCompile(`name="stamp-key" value="([^"]+)"`)

func keyOf(t *testing.T, body string) string {
	t.Helper()
	found := hiddenKey.FindStringSubmatch(body)
	if found == nil {
		t.Fatal("no form for stamping")
	}
	return found[1]
}

func stampForm(key string) url.Values {
	return url.Values{"stamp-key": {key}, "stamp-page": {"1"}, "stamp-x": {"140"}, "stamp-y": {"220"}, "stamp-item": {"2026-1124-0001"}, "stamp-purpose": {"公布办事指南"}}
}

func applicationForm(n int) url.Values {
	a := sealtest.SampleApplication(n)
	return url.Values{"seal-number": {a.Code}, "seal-owner": {a.Owner}, "seal-owner-code": {a.OwnerCode}, "seal-line": {a.Line}, "seal-diameter": {"42"}, "seal-years": {"5"}}
}

func TestSealOfPages(t *testing.T) {
	s := newSite(t)
	if rec := s.send(nobody, http.MethodGet, "/seal", nil, nil); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/login?next=%2Fseal" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	if body := s.page(keeper, "/seal", http.StatusOK); !strings.Contains(body, `href="/seal/new"`) {
		t.Error("the keeper is not offered the application")
	}
	if body := s.page(reviewer, "/seal", http.StatusOK); strings.Contains(body, `href="/seal/new"`) {
		t.Error("the reviewer is offered the application")
	}
	if body := s.page(keeper, "/seal/new", http.StatusOK); !strings.Contains(body, `id="seal-submit"`) || !strings.Contains(body, `value="5"`) {
		t.Error("the form is not complete")
	}
	path := s.post(keeper, "/seal/new", applicationForm(1), http.StatusSeeOther).Header().Get("Location")
	for _, step := range []struct {
		as    caller
		name  string
		words string // on the page before it is done
	}{{reviewer, "approve", "待审核"}, {maker, "make", "待制作"}, {keeper, "activate", "待启用"}} {
		for _, who := range []caller{keeper, reviewer, maker} {
			body := s.page(who, path, http.StatusOK)
			if strings.Contains(body, `id="seal-`+step.name+`"`) != (who == step.as) {
				t.Errorf("%s is offered to %s: %v", step.name, who.id, who != step.as)
			}
			if !strings.Contains(body, step.words) || !strings.Contains(body, "data:image/png") || strings.Contains(body, "stamp-file") {
				t.Errorf("%s: next step or preview is missing, or the form is there too early", step.name)
			}
		}
		if to := s.post(step.as, path+"/"+step.name, nil, http.StatusSeeOther).Header().Get("Location"); to != path {
			t.Errorf("leads to %s", to)
		}
	}
	body := s.page(keeper, path, http.StatusOK)
	for _, want := range []string{`id="stamp-submit"`, `id="seal-suspend"`, "启用中", "staff:reviewer", "staff:maker", "CN=37030000000001", "42 × 42"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	s.post(keeper, path+"/suspend", url.Values{"reason": {"遗失"}}, http.StatusSeeOther)
	if body := s.page(keeper, path, http.StatusOK); strings.Contains(body, "stamp-file") || !strings.Contains(body, "遗失") || !strings.Contains(body, "已停用") {
		t.Error("the suspension does not show")
	}
	s.post(reviewer, path+"/resume", nil, http.StatusSeeOther)
	s.post(reviewer, path+"/revoke", url.Values{"reason": {"机构撤并"}}, http.StatusSeeOther)
	if body := s.page(reviewer, path, http.StatusOK); strings.Contains(body, `id="seal-revoke"`) || !strings.Contains(body, "已注销") {
		t.Error("the end does not show")
	}
	s.post(reviewer, path+"/explode", nil, http.StatusNotFound)
	if body := s.page(maker, "/seal", http.StatusOK); !strings.Contains(body, "37030000000001") || !strings.Contains(body, "已注销") {
		t.Error("the list lacks the seal")
	}
}

func TestStampingOnThePage(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	path := "/seal/" + seal.ID
	form := stampForm(keyOf(t, s.page(keeper, path, http.StatusOK)))
	document := sealtest.Document(t, 1)
	result := s.upload(keeper, path+"/stamps", document, form, http.StatusSeeOther).Header().Get("Location")
	body := s.page(keeper, result, http.StatusOK)
	if !strings.Contains(body, `id="verdict-code">V00<`) || !strings.Contains(body, `href="`+result+`/file"`) {
		t.Errorf("%s", body)
	}
	rec := s.send(keeper, http.MethodGet, result+"/file", nil, nil)
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/ofd" || !strings.HasPrefix(rec.Header().Get("Content-Disposition"), "attachment; filename=stamp_") ||
		rec.Header().Get("Cache-Control") != "private, no-store" || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	if report := s.world.Verify(t, rec.Body.Bytes()); report.Verdict != verify.Valid || len(report.Signatures) != 1 {
		t.Errorf("%s %v", report.Code, report.Reasons)
	}
	// The same form sent twice, as by a second click, stamps once.
	if again := s.upload(keeper, path+"/stamps", document, form, http.StatusSeeOther).Header().Get("Location"); again != result {
		t.Errorf("%s, then %s", result, again)
	}
	if all := s.twin.AllStamps(); len(all) != 1 {
		t.Errorf("%d stamps", len(all))
	}
	// The result belongs to the person who asked for it, and to this seal.
	other := s.world.Active(t, sealtest.SampleApplication(2))
	for _, test := range []struct {
		as   caller
		path string
		want int
	}{
		{every, result, 404}, {every, result + "/file", 404}, {reviewer, result, 403}, {person, result + "/file", 403},
		{keeper, "/seal/" + other.ID + strings.TrimPrefix(result, path), 404}, {keeper, path + "/stamps/use_none", 404}, {keeper, path + "/stamps/%00/file", 404},
	} {
		if rec := s.send(test.as, http.MethodGet, test.path, nil, nil); rec.Code != test.want {
			t.Errorf("%s as %s: %d, want %d", test.path, test.as.id, rec.Code, test.want)
		}
	}
	if body := s.page(keeper, path, http.StatusOK); !strings.Contains(body, "公布办事指南") || !strings.Contains(body, "2026-1124-0001") || !strings.Contains(body, "已用印") {
		t.Error("the use is not on record")
	}
	if next := keyOf(t, s.page(keeper, path, http.StatusOK)); next == form.Get("stamp-key") {
		t.Error("a new form has the old key")
	}
}

// TestRefusedFormsKeepWhatWasTyped: what is wrong stands on the form, at its input, and nothing typed is lost.
func TestRefusedFormsKeepWhatWasTyped(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	path, document := "/seal/"+seal.ID, sealtest.Document(t, 1)
	for _, test := range []struct {
		name   string
		change func(url.Values, *[]byte)
		status int
		input  string
	}{
		{"no file", func(_ url.Values, d *[]byte) { *d = nil }, 422, "stamp-file"},
		{"D-31 no OFD", func(_ url.Values, d *[]byte) { *d = []byte("%PDF-1.7") }, 422, "stamp-file"},
		{"page is no number", func(f url.Values, _ *[]byte) { f.Set("stamp-page", "eins") }, 422, "stamp-page"},
		{"page 0", func(f url.Values, _ *[]byte) { f.Set("stamp-page", "0") }, 422, "stamp-page"},
		{"page that is not there", func(f url.Values, _ *[]byte) { f.Set("stamp-page", "2") }, 422, "stamp-page"},
		{"x is no number", func(f url.Values, _ *[]byte) { f.Set("stamp-x", "links") }, 422, "stamp-x"},
		{"x is NaN", func(f url.Values, _ *[]byte) { f.Set("stamp-x", "NaN") }, 422, "stamp-x"},
		{"x outside", func(f url.Values, _ *[]byte) { f.Set("stamp-x", "200") }, 422, "stamp-x"},
		{"y outside", func(f url.Values, _ *[]byte) { f.Set("stamp-y", "-1") }, 422, "stamp-y"},
		{"no purpose", func(f url.Values, _ *[]byte) { f.Set("stamp-purpose", " ") }, 422, "stamp-purpose"},
		{"long purpose", func(f url.Values, _ *[]byte) { f.Set("stamp-purpose", strings.Repeat("事", 201)) }, 422, "stamp-purpose"},
		{"long item", func(f url.Values, _ *[]byte) { f.Set("stamp-item", strings.Repeat("1", 101)) }, 422, "stamp-item"},
		{"no key", func(f url.Values, _ *[]byte) { f.Del("stamp-key") }, 422, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.t = t
			form, content := stampForm("use_"+strings.ReplaceAll(test.name, " ", "_")), document
			test.change(form, &content)
			rec := s.upload(keeper, path+"/stamps", content, form, test.status)
			s.strict(rec)
			root, err := html.Parse(rec.Body)
			if err != nil {
				t.Fatal(err)
			}
			if test.input != "" && find(root, "aria-invalid", "id", test.input) != "true" {
				t.Error("the input is not marked")
			}
			if test.input != "" && find(root, "class", "href", "#"+test.input) == "absent" {
				t.Error("the summary does not lead to the input")
			}
			for _, name := range []string{"stamp-page", "stamp-x", "stamp-y", "stamp-item", "stamp-purpose"} {
				if kept := find(root, "value", "id", name); strings.TrimSpace(kept) != strings.TrimSpace(form.Get(name)) && kept != "absent" {
					t.Errorf("%s shows %q, typed was %q", name, kept, form.Get(name))
				}
			}
		})
	}
	s.t = t
	if len(s.twin.AllStamps()) != 0 || s.world.Keys.Asked(keys.UsageSealSigner) != 0 {
		t.Error("a refused form left a stamp or used a key")
	}

	bad := applicationForm(2)
	bad.Set("seal-number", "12")
	bad.Set("seal-diameter", "viel")
	bad.Set("seal-years", "0")
	body := s.post(keeper, "/seal/new", bad, http.StatusUnprocessableEntity).Body.String()
	for _, want := range []string{`value="12"`, `value="viel"`, "示例市市场监督管理局", `href="#seal-number"`, `href="#seal-diameter"`, `href="#seal-years"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the application lacks %s", want)
		}
	}
	if body := s.post(keeper, "/seal/new", applicationForm(1), http.StatusConflict).Body.String(); !strings.Contains(body, `href="#seal-number"`) || !strings.Contains(body, "已被使用") {
		t.Error("the taken code is not told at its input")
	}

	rec := s.post(keeper, path+"/suspend", url.Values{"reason": {strings.Repeat("因", 201)}}, http.StatusUnprocessableEntity)
	body = rec.Body.String()
	if !strings.Contains(body, `href="#seal-suspend-reason"`) || !strings.Contains(body, `id="seal-suspend-reason-error"`) || !strings.Contains(body, strings.Repeat("因", 201)) || !strings.Contains(body, `class="state-action danger" open`) {
		t.Error("the reason is lost, or its error is not shown")
	}
	if body := s.post(reviewer, path+"/approve", nil, http.StatusConflict).Body.String(); !strings.Contains(body, "印章当前状态不允许此操作") || !strings.Contains(body, seal.Name) {
		t.Error("a step that is too late is not told on the page")
	}
}

// find gives an attribute of the element with a name or id; "absent" without the element.
func find(n *html.Node, attribute, by, value string) string {
	if n.Type == html.ElementNode {
		matches, got := false, ""
		for _, a := range n.Attr {
			matches = matches || a.Key == by && a.Val == value
			if a.Key == attribute {
				got = a.Val
			}
		}
		if matches {
			return got
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if got := find(c, attribute, by, value); got != "absent" {
			return got
		}
	}
	return "absent"
}

// TestF10FormCanBeSentAgain: what failed for now keeps its key, so that sending it again resumes the same stamp.
func TestF10FormCanBeSentAgain(t *testing.T) {
	s := newSite(t)
	path := "/seal/" + s.world.Active(t, sealtest.SampleApplication(1)).ID
	form, document := stampForm("use_first"), sealtest.Document(t, 1)
	s.world.Keys.Down = func(keys.Usage) error { return keys.ErrUnavailable }
	body := s.upload(keeper, path+"/stamps", document, form, http.StatusServiceUnavailable).Body.String()
	if keyOf(t, body) != "use_first" || !strings.Contains(body, "公布办事指南") {
		t.Error("the form has another key, or lost what was typed")
	}
	s.world.Keys.Down = nil
	s.upload(keeper, path+"/stamps", document, form, http.StatusSeeOther)
	if all := s.twin.AllStamps(); len(all) != 1 || all[0].State != esign.Stored {
		t.Errorf("%+v", all)
	}
}

func TestPagesAndTheWrongCaller(t *testing.T) {
	s := newSite(t)
	path := "/seal/" + s.world.Active(t, sealtest.SampleApplication(1)).ID
	for _, get := range []string{"/seal", "/seal/new", path} {
		s.page(person, get, http.StatusForbidden)
		if rec := s.send(nobody, http.MethodGet, get, nil, nil); rec.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", get, rec.Code)
		}
	}
	s.page(reviewer, "/seal/new", http.StatusForbidden)
	s.page(keeper, "/seal/seal_none", http.StatusNotFound)
	s.page(keeper, "/seal?after=x", http.StatusBadRequest)
	s.page(keeper, path+"?after=x", http.StatusBadRequest)
	for _, as := range []caller{nobody, person, reviewer, maker} {
		want := http.StatusForbidden
		if as == nobody {
			want = http.StatusUnauthorized
		}
		s.post(as, "/seal/new", applicationForm(3), want)
		s.upload(as, path+"/stamps", sealtest.Document(t, 1), stampForm("use_1"), want)
		s.post(as, path+"/suspend", url.Values{"reason": {"r"}}, want)
	}
	if len(s.twin.AllStamps()) != 0 {
		t.Error("a stamp of the wrong person")
	}
	// Who applied reviews nothing, also with the role.
	s.twin.Corrupt(strings.TrimPrefix(path, "/seal/"), func(seal *esign.Seal) { seal.State, seal.Applicant = esign.Applied, every.id })
	if body := s.page(every, path, http.StatusOK); strings.Contains(body, `id="seal-approve"`) {
		t.Error("the applicant is offered the review")
	}
	if body := s.post(every, path+"/approve", nil, http.StatusForbidden).Body.String(); !strings.Contains(body, "须由不同人员完成") {
		t.Error("the refusal says nothing")
	}
}

func TestUploadsAreBounded(t *testing.T) {
	s := newSite(t)
	path := "/seal/" + s.world.Active(t, sealtest.SampleApplication(1)).ID + "/stamps"
	if body := s.upload(keeper, path, make([]byte, esign.MaxDocument+1), stampForm("use_1"), http.StatusRequestEntityTooLarge).Body.String(); !strings.Contains(body, `href="#stamp-file"`) {
		t.Error("not told at the input")
	}
	s.upload(keeper, path, make([]byte, esign.MaxDocument+2<<20), stampForm("use_2"), http.StatusRequestEntityTooLarge)
	long := stampForm("use_3")
	long.Set("stamp-purpose", strings.Repeat("x", 5000))
	s.upload(keeper, path, sealtest.Document(t, 1), long, http.StatusBadRequest)
	many := stampForm("use_4")
	for n := range 30 {
		many.Set(fmt.Sprint("x", n), "x")
	}
	s.upload(keeper, path, sealtest.Document(t, 1), many, http.StatusBadRequest)
	s.post(keeper, path, url.Values{"stamp-page": {"1"}}, http.StatusBadRequest)
	s.post(keeper, "/seal/new", url.Values{"seal-owner": {strings.Repeat("x", 1<<20)}}, http.StatusBadRequest)
	cut := strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"stamp-file\"; filename=\"a\"\r\n\r\ny")
	if rec := s.send(keeper, http.MethodPost, path, map[string]string{"Content-Type": "multipart/form-data; boundary=b"}, cut); rec.Code != http.StatusBadRequest {
		t.Error(rec.Code)
	}
	if len(s.twin.AllStamps()) != 0 {
		t.Error("something was planned")
	}
}

func TestListsOnPages(t *testing.T) {
	s := newSite(t)
	for n := range 32 {
		if _, err := s.world.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(n)); err != nil {
			t.Fatal(err)
		}
	}
	first := s.page(keeper, "/seal", http.StatusOK)
	if strings.Count(first, "<tr>") != 31 || !strings.Contains(first, `href="/seal?after=37030000000029"`) {
		t.Errorf("%d rows", strings.Count(first, "<tr>")-1)
	}
	if second := s.page(keeper, "/seal?after=37030000000029", http.StatusOK); strings.Count(second, "<tr>") != 3 || strings.Contains(second, `href="/seal?after=`) {
		t.Errorf("%d rows", strings.Count(second, "<tr>")-1)
	}
	if applied := s.page(keeper, "/seal?state=applied", http.StatusOK); strings.Count(applied, "<tr>") != 31 || !strings.Contains(applied, `href="/seal?state=applied&amp;after=37030000000029"`) {
		t.Errorf("%d rows in the state", strings.Count(applied, "<tr>")-1)
	}
	if made := s.page(keeper, "/seal?state=made", http.StatusOK); strings.Count(made, "<tr>") != 0 {
		t.Errorf("%d rows in another state", strings.Count(made, "<tr>")-1)
	}
	if odd := s.page(keeper, "/seal?state=x", http.StatusOK); strings.Count(odd, "<tr>") != 31 {
		t.Errorf("%d rows in a state that is none", strings.Count(odd, "<tr>")-1)
	}
	seal := s.world.Active(t, sealtest.SampleApplication(99))
	for n := range 11 {
		request := sealtest.Request(seal, sealtest.Document(t, 1))
		request.Key, request.Purpose = fmt.Sprint("key", n), fmt.Sprintf("事由%02d。", n)
		if _, _, err := s.world.Service.Stamp(sealtest.Keeper, request); err != nil {
			t.Fatal(err)
		}
		s.world.Advance(time.Second)
	}
	uses := s.page(keeper, "/seal/"+seal.ID, http.StatusOK)
	next := regexp.MustCompile(`id="seal-uses-next" href="([^"#]+)#seal-uses"`).FindStringSubmatch(uses)
	if next == nil || !strings.Contains(uses, "事由10。") || strings.Contains(uses, "事由00。") {
		t.Fatal("the newest uses are not shown alone")
	}
	if older := s.page(keeper, html.UnescapeString(next[1]), http.StatusOK); !strings.Contains(older, "事由00。") || strings.Contains(older, "事由10。") || strings.Contains(older, "seal-uses-next") {
		t.Error("the older uses are not shown alone")
	}
}

func TestPagesInEveryLanguage(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	for locale, words := range map[string][]string{
		i18n.Chinese: {"印章中心", "申请印章", "停用"}, i18n.English: {"Seal centre", "Apply for a seal", "Suspend"}, i18n.TraditionalChinese: {"印章中心", "申請印章", "停用"},
	} {
		for i, path := range []string{"/seal", "/seal/new", "/seal/" + seal.ID} {
			rec := s.send(keeper, http.MethodGet, path, map[string]string{"Accept-Language": locale}, nil)
			if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), words[i]) || rec.Header().Get("Content-Language") != locale {
				t.Errorf("%s in %s: %d", path, locale, rec.Code)
			}
		}
	}
}
