package web_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
	"github.com/yinxin-gov/yinxin/web/gallery"
)

func renderer(t testing.TB) *web.Renderer {
	t.Helper()
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Config{Catalogue: catalogue, Brand: web.Brand{Sandbox: true}})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// site is the gallery as it is mounted, with everything that its pages need.
func site(t testing.TB) http.Handler {
	t.Helper()
	pages := renderer(t)
	mux := http.NewServeMux()
	mux.Handle("/design/", gallery.New(pages))
	mux.Handle("/static/", pages.Static())
	mux.Handle("/preferences", pages.Preferences())
	return web.SecurityHeaders(mux)
}

func get(t testing.TB, handler http.Handler, address string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}

// addresses are all pages of the gallery.
func addresses() []string {
	all := []string{"/design/"}
	for _, sample := range gallery.Samples() {
		all = append(all, "/design/"+sample.Name)
	}
	return all
}

// Every page renders in 3 languages × 4 views, and each result keeps the rules of the house (X-01… ).
func TestEveryPageInEveryLanguageAndView(t *testing.T) {
	handler := site(t)
	for _, address := range addresses() {
		for _, locale := range i18n.Locales() {
			for _, view := range gallery.Views() {
				t.Run(strings.TrimPrefix(address, "/design/")+" "+locale+" "+view, func(t *testing.T) {
					w := get(t, handler, address+"?lang="+locale+"&view="+view)
					if w.Code == http.StatusInternalServerError || w.Code == http.StatusNotFound {
						t.Fatalf("status %d: %s", w.Code, w.Body)
					}
					root, err := html.Parse(bytes.NewReader(w.Body.Bytes()))
					if err != nil {
						t.Fatal(err)
					}
					checkPage(t, root, locale, view)
				})
			}
		}
	}
}

// A page without a sample would be tested by nobody.
func TestEveryPageHasASample(t *testing.T) {
	for _, name := range renderer(t).Names() {
		if name != "design" && !slices.ContainsFunc(gallery.Samples(), func(s gallery.Sample) bool { return s.Template == name }) {
			t.Errorf("page %s has no sample in the gallery", name)
		}
	}
}

// page is what checkPage gathers.
type page struct {
	ids, labelled map[string]bool
	controls      []*html.Node
	anchors       []string
	headings      int
	identity      bool
}

func checkPage(t *testing.T, root *html.Node, locale, view string) {
	t.Helper()
	p := page{ids: map[string]bool{}, labelled: map[string]bool{}}
	p.visit(t, root)
	document := find(root, "html")
	theme, size, _ := strings.Cut(view, ".")
	if attribute(document, "lang") != locale || attribute(document, "data-theme") != theme || attribute(document, "data-size") != size {
		t.Errorf("html has lang %q, theme %q, size %q", attribute(document, "lang"), attribute(document, "data-theme"), attribute(document, "data-size"))
	}
	if p.headings != 1 {
		t.Errorf("%d headings of level 1", p.headings)
	}
	if !p.identity {
		t.Error("X-03: nobody says who is acting")
	}
	for _, control := range p.controls {
		id := attribute(control, "id")
		if id == "" || !p.labelled[id] {
			t.Errorf("control %q has no label", attribute(control, "name"))
		}
		for described := range strings.FieldsSeq(attribute(control, "aria-describedby")) {
			if !p.ids[described] {
				t.Errorf("control %q is described by %q, which is not there", id, described)
			}
		}
	}
	for _, anchor := range p.anchors {
		if !p.ids[anchor] {
			t.Errorf("link to #%s leads nowhere", anchor)
		}
	}
}

var offOrigin = regexp.MustCompile(`^(https?:)?//`)

// answerAddress is where the answer of a sign-in goes in form_post: a form leads there when it is sent and loads nothing
// before.
const answerAddress = "https://portal.example/callback"

func (p *page) visit(t *testing.T, n *html.Node) {
	if n.Type == html.ElementNode {
		p.element(t, n)
	}
	if n.Type == html.TextNode && (strings.Contains(n.Data, "{") || strings.Contains(n.Data, "ZgotmplZ")) {
		t.Errorf("text holds a placeholder or a refused value: %q", n.Data)
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		p.visit(t, child)
	}
}

func (p *page) element(t *testing.T, n *html.Node) {
	for _, a := range n.Attr {
		switch {
		case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
			t.Errorf("inline %s on <%s>", a.Key, n.Data)
		case a.Key == "id" && p.ids[a.Val]:
			t.Errorf("id %q stands twice", a.Val)
		case a.Key == "id":
			p.ids[a.Val] = true
		case strings.Contains(a.Val, "ZgotmplZ"):
			t.Errorf("%s of <%s> was refused by the template", a.Key, n.Data)
		}
	}
	switch n.Data {
	case "script": // an island: a file of ours, nothing inline
		if source := attribute(n, "src"); !strings.HasPrefix(source, "/static/") || n.FirstChild != nil || attribute(n, "type") != "module" {
			t.Errorf("<script src=%q> on a page", source)
		}
	case "style", "iframe", "object", "embed", "base":
		t.Errorf("<%s> on a page", n.Data)
	case "h1":
		p.headings++
	case "label":
		p.labelled[attribute(n, "for")] = true
	case "input", "select", "textarea":
		if kind := attribute(n, "type"); kind != "hidden" {
			p.controls = append(p.controls, n)
		}
	case "img":
		if _, ok := has(n, "alt"); !ok {
			t.Error("picture without alt")
		}
	}
	if attribute(n, "id") == "acting-identity" {
		p.identity = true
	}
	for _, key := range []string{"src", "srcset", "poster", "action", "formaction", "data", "background"} {
		if attribute(n, "id") == "handover-form" && key == "action" {
			continue // the one form that leads elsewhere, when the person presses its button
		}
		if value := attribute(n, key); offOrigin.MatchString(value) && !(n.Data == "form" && value == answerAddress) {
			t.Errorf("X-05: <%s %s> loads %s", n.Data, key, value)
		}
	}
	if href := attribute(n, "href"); n.Data != "a" && offOrigin.MatchString(href) {
		t.Errorf("X-05: <%s href> loads %s", n.Data, href)
	} else if anchor, ok := strings.CutPrefix(href, "#"); ok {
		p.anchors = append(p.anchors, anchor)
	}
}

func find(n *html.Node, name string) *html.Node {
	if n.Type == html.ElementNode && n.Data == name {
		return n
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		if found := find(child, name); found != nil {
			return found
		}
	}
	return nil
}

func has(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func attribute(n *html.Node, key string) string {
	value, _ := has(n, key)
	return value
}

// The ids and names that outside checks rely on (design.md 3.3).
func TestContractOfElements(t *testing.T) {
	handler := site(t)
	for _, test := range []struct{ address, id, name, value string }{
		{"login", "login-identifier", "login-identifier", ""}, {"login", "login-password", "login-password", ""}, {"login", "login-submit", "login-submit", "1"},
		{"register", "register-identifier", "register-identifier", ""}, {"register", "register-submit", "register-submit", "1"},
		{"otp", "otp-code", "otp-code", ""}, {"otp", "otp-submit", "otp-submit", "1"},
		{"password", "password-new", "password-new", ""}, {"password", "password-submit", "password-submit", "1"},
		{"proofing", "proofing-name", "proofing-name", "张伟"}, {"proofing", "proofing-number", "proofing-number", ""},
		{"proofing", "proofing-mobile", "proofing-mobile", ""}, {"proofing", "proofing-submit", "proofing-submit", "1"},
		{"consent", "consent-allow", "consent", "allow"}, {"consent", "consent-deny", "consent", "deny"},
		{"logout", "logout-confirm", "logout-confirm", "1"},
		{"verify", "verify-file", "verify-file", ""}, {"verify", "verify-code", "verify-code", ""}, {"verify", "verify-number", "verify-number", ""}, {"verify", "verify-check", "verify-check", ""},
		{"seal-detail", "stamp-file", "stamp-file", ""}, {"seal-detail", "stamp-submit", "stamp-submit", "1"},
		{"issuer-detail", "license-revoke", "license-revoke", "1"},
	} {
		t.Run(test.id, func(t *testing.T) {
			root, err := html.Parse(get(t, handler, "/design/"+test.address).Body)
			if err != nil {
				t.Fatal(err)
			}
			n := byID(root, test.id)
			if n == nil {
				t.Fatal("not on the page")
			}
			form := n.Parent
			for form != nil && form.Data != "form" {
				form = form.Parent
			}
			if form == nil || attribute(form, "method") != "post" {
				t.Fatal("not in a form that is posted")
			}
			if attribute(n, "name") != test.name || attribute(n, "value") != test.value {
				t.Fatalf("name %q, value %q", attribute(n, "name"), attribute(n, "value"))
			}
		})
	}
	t.Run("error-code", func(t *testing.T) {
		if n := byID(mustParse(t, get(t, handler, "/design/error").Body.String()), "error-code"); n == nil || n.FirstChild.Data != "K7M2Q9XD" {
			t.Fatal("the support code is not on the error page")
		}
	})
}

// The page's own form comes before the one of the display choices, so that a simple client that takes the first form
// takes the right one.
func TestFirstFormIsThePagesOwn(t *testing.T) {
	root := mustParse(t, get(t, site(t), "/design/login").Body.String())
	if form := find(root, "form"); attribute(form, "action") != "/login" {
		t.Fatalf("the first form goes to %s", attribute(form, "action"))
	}
}

func mustParse(t *testing.T, content string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func byID(n *html.Node, id string) *html.Node {
	if n.Type == html.ElementNode && attribute(n, "id") == id {
		return n
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		if found := byID(child, id); found != nil {
			return found
		}
	}
	return nil
}

func TestHiddenFieldsGoBackWithTheForm(t *testing.T) {
	root := mustParse(t, get(t, site(t), "/design/login").Body.String())
	form := find(root, "form")
	for child := form.FirstChild; child != nil; child = child.NextSibling {
		if child.Data == "input" && attribute(child, "type") == "hidden" && attribute(child, "name") == "flow" && attribute(child, "value") == "flw_6q4v2m8k1x" {
			return
		}
	}
	t.Fatal("the flow is not in the form")
}

// foreignScript is a script of a page that is not one of the site's own files.
func foreignScript(n *html.Node) *html.Node {
	if n.Type == html.ElementNode && n.Data == "script" && (n.FirstChild != nil || !strings.HasPrefix(attribute(n, "src"), "/static/")) {
		return n
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		if found := foreignScript(child); found != nil {
			return found
		}
	}
	return nil
}

// O-20: what comes from a request or a client is text, never markup.
func TestO20MarkupInValuesIsText(t *testing.T) {
	pages, attack := renderer(t), `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	for name, p := range map[string]web.Page{
		"login":   {Body: web.LoginPage{App: attack, Identifier: attack, Hidden: []web.Hidden{{Name: attack, Value: attack}}, CancelURL: "javascript:alert(1)", Links: web.AppLinks{Policy: web.AppLink(attack), Terms: "javascript:alert(1)", Site: "https://x.example/" + web.AppLink(attack)}}, Errors: []web.FieldError{{Field: attack, Message: attack}}},
		"consent": {Body: web.ConsentPage{Links: web.AppLinks{Policy: "javascript:alert(1)", Terms: "data:text/html,x", Site: "https://evil@x.example/"}, App: attack, Purpose: attack, Claims: []web.Claim{{Name: attack, Label: attack, Value: attack, Kind: web.ClaimOptional}}}},
		"error":   {Title: attack, Body: web.ErrorPage{Hint: attack, Code: attack, SupportCode: attack}},
		"verify":  {Body: web.VerifyPage{Code: attack, Number: attack}},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/x?lang="+"%22%3E%3Cscript%3E", nil)
			if err := pages.Page(w, r, http.StatusOK, name, p); err != nil {
				t.Fatal(err)
			}
			root := mustParse(t, w.Body.String())
			if s := foreignScript(root); s != nil || strings.Contains(w.Body.String(), "<img src=x") || strings.Contains(w.Body.String(), `href="javascript:`) {
				t.Fatalf("markup got through: %s", w.Body)
			}
		})
	}
}

func TestTitleSaysThatThereIsAnError(t *testing.T) {
	handler := site(t)
	for address, want := range map[string]string{
		"/design/login": "登录 · 印信统一认证与证照平台", "/design/login-error": "错误：登录 · 印信统一认证与证照平台", "/design/login-error?lang=en": "Error: Sign in · Yinxin identity and licence service",
	} {
		if title := find(mustParse(t, get(t, handler, address).Body.String()), "title").FirstChild.Data; title != want {
			t.Errorf("%s: %q, want %q", address, title, want)
		}
	}
}

func TestPageRefusesWhatCannotBeShown(t *testing.T) {
	pages := renderer(t)
	for name, p := range map[string]web.Page{"nowhere": {}, "login": {Body: web.OTPPage{}}} {
		w := httptest.NewRecorder()
		if err := pages.Page(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, name, p); err == nil {
			t.Errorf("%s with the wrong data was shown", name)
		}
		if w.Body.Len() > 0 {
			t.Errorf("%s wrote %d bytes before it failed", name, w.Body.Len())
		}
	}
}

func TestErrorPageShowsCodeAndHidesTheCause(t *testing.T) {
	pages := renderer(t)
	r := httptest.NewRequest(http.MethodGet, "/verify", nil)
	r = r.WithContext(reqctx.With(r.Context(), reqctx.Request{ID: "req_1", SupportCode: "K7M2Q9XD", Locale: "en"}))
	w := httptest.NewRecorder()
	pages.Error(w, r, fault.Wrap(fmt.Errorf("secret host db-7 is down"), fault.Unavailable))
	body := w.Body.String()
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || strings.Contains(body, "db-7") {
		t.Fatalf("status %d, headers %v, body %s", w.Code, w.Header(), body)
	}
	root := mustParse(t, body)
	if n := byID(root, "error-code"); n == nil || n.FirstChild.Data != "K7M2Q9XD" {
		t.Fatal("no support code")
	}
	if h1 := find(root, "h1").FirstChild.Data; h1 != "The service is not available just now" || attribute(find(root, "html"), "lang") != "en" {
		t.Fatalf("heading %q", h1)
	}
}

// pages whose handler says nothing ask who is acting, and a handler's word counts more.
func TestX03IdentityOfPages(t *testing.T) {
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Config{Catalogue: catalogue, Identity: func(*http.Request) web.Identity {
		return web.Identity{Kind: web.IdentitySelf, Name: "王*", Tier: 1}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		identity web.Identity
		want     string
	}{
		{"not said", web.Identity{}, "王* · 本人 初级实名 我的 退出"},
		{"for a person", web.Identity{Kind: web.IdentityPerson, Name: "张*", Actor: "王*"}, "您正在代 张* 办理 经办：王* 我的 退出"},
		{"for an organisation", web.Identity{Kind: web.IdentityOrganization, Name: "甲公司", Actor: "王*"}, "甲公司 经办人 王* 我的 退出"},
		{"as keeper", web.Identity{Kind: web.IdentityOrganization, Name: "甲局", Actor: "王*", Role: "印章保管人"}, "甲局 印章保管人 王* 我的 退出"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if err := pages.Page(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, "home", web.Page{Identity: test.identity, Body: web.HomePage{}}); err != nil {
				t.Fatal(err)
			}
			if got := textOf(byID(mustParse(t, w.Body.String()), "acting-identity")); got != test.want {
				t.Fatalf("%q, want %q", got, test.want)
			}
		})
	}
	w := httptest.NewRecorder()
	if err := renderer(t).Page(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, "home", web.Page{Body: web.HomePage{}}); err != nil {
		t.Fatal(err)
	}
	if got := textOf(byID(mustParse(t, w.Body.String()), "acting-identity")); got != "未登录 登录" {
		t.Fatalf("%q", got)
	}
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		b.WriteString(" " + textOf(child))
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestFieldErrorsNameTheInput(t *testing.T) {
	pages := renderer(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	got := pages.FieldErrors(r, fault.New(fault.Invalid).WithField("name", fault.Malformed).WithField("other", fault.Malformed), map[string]string{"name": "proofing-name"})
	if len(got) != 2 || got[0].Field != "proofing-name" || got[0].Message != "请求格式不正确" || got[1].Field != "" {
		t.Fatalf("%+v", got)
	}
	if whole := pages.FieldErrors(r, fault.New(fault.TooManyRequests), nil); len(whole) != 1 || whole[0].Field != "" || !strings.HasPrefix(whole[0].Message, "操作太频繁") {
		t.Fatalf("%+v", whole)
	}
}

// The whole page with stylesheet and pictures stays within the budget of experience.md 7.4.
func TestCitizenPagesStayWithinBudget(t *testing.T) {
	handler, budget := site(t), 60<<10
	assets := 0
	for _, file := range []string{"/static/yinxin.css", "/static/mark.svg"} {
		assets += compressedSize(t, handler, file)
	}
	for _, address := range addresses() {
		if size := assets + gzipped(t, get(t, handler, address).Body.Bytes()); size > budget {
			t.Errorf("%s is %d bytes with its assets", address, size)
		}
	}
}
