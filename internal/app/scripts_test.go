package app_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// islands are the scripts that a page for citizens may have, with the id of what does the same without them, or the page on which it
// stands. Local verification has the
// upload beside it, and the camera the text of the code and a picture of it.
// Proof of work is no island of its own: without it the login waits, as its text says. The end of a session is told in words and warned of
// by a script. Showing a password that is typed adds a button and takes nothing away: without scripts the field hides it, as ever.
var islands = []string{"passkey.js", "work.js", "session.js", "verify.js", "scan.js", "reveal.js"}

// ofStaff are surfaces with sessions of their own, which X-02 does not speak of; machine addresses are no pages.
var notForCitizens = regexp.MustCompile(`^/(admin|staff|review|counter|seal|license|issuer|audit|ops|dev|api|sandbox|static|\.well-known|design|inbox)(/|$)`)

// TestX02PagesWorkWithoutScripts walks all pages of citizens and /verify that can be reached, and those that routes name, in a browser
// that knows no scripts: each says something, every control belongs to a form that leads to a route, every link leads somewhere,
// nothing hangs on an event handler, and scripts are the named islands with their other way beside them.
func TestX02PagesWorkWithoutScripts(t *testing.T) {
	ctx := context.Background()
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	p.Persona(guardianPhone, "李四", 3)
	p.Persona(elder, "赵奶奶", 1)
	signedIn, visitor := p.SignIn(guardianPhone), walk.New(nil)
	wardOf(t, p, signedIn, accountOf(t, p, guardianPhone).ID) // the pages of a child, and those of somebody whom the person helps
	give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, guardianPhone).ID, mandate.Terms{Items: []string{mandate.AllItems}, Rights: []mandate.Right{mandate.View, mandate.Fill}})
	patterns := routesOf(t, pagesOfPeople...)
	routes, served := citizenRoutes(patterns), serving(t, patterns)
	if served(http.MethodPost, &url.URL{Path: "/me/nowhere"}) || !served(http.MethodPost, &url.URL{Path: "/me/documents/x/retirement"}) {
		t.Fatal("a form that leads nowhere goes unnoticed, or all do")
	}
	if len(routes) < 40 {
		t.Fatalf("only %d routes were found: %v", len(routes), routes)
	}
	for name, b := range map[string]*walk.Browser{"a visitor": visitor, "a person": signedIn} {
		queue := append([]string{"/", "/login", "/register", "/verify", "/recover", "/preferences", "/me"}, routes...)
		seen, pages := map[string]bool{}, 0
		for len(queue) > 0 {
			path := queue[0]
			queue = queue[1:]
			if at := strings.IndexByte(path, '#'); at >= 0 {
				path = path[:at]
			}
			// Pages that differ in a choice alone are one page more than once.
			if bare, _, _ := strings.Cut(path, "?"); seen[path] || bare == "/login" && seen[bare] || notForCitizens.MatchString(bare) || strings.HasPrefix(bare, "/preferences") && bare != path || len(seen) > 400 {
				continue
			}
			seen[path] = true
			if err := b.Open(ctx, p.URL+path); err != nil {
				t.Fatalf("%s at %s: %v", name, path, err)
			}
			if b.Page.Status >= http.StatusInternalServerError && b.Page.Status != http.StatusNotImplemented {
				t.Errorf("%s at %s: status %d %s", name, path, b.Page.Status, b.Page.Text)
			}
			if notForCitizens.MatchString(b.Page.URL.Path) || !strings.HasPrefix(b.Page.Header.Get("Content-Type"), "text/html") {
				continue
			}
			pages++
			links, faults := withoutScripts(t, served, b.Page)
			for _, fault := range faults {
				t.Errorf("%s at %s: %s", name, path, fault)
			}
			queue = append(queue, links...)
		}
		if least := map[string]int{"a visitor": 15, "a person": 40}[name]; pages < least {
			t.Errorf("%s saw %d pages: the walk is blind", name, pages)
		}
	}
	if err := signedIn.Open(ctx, p.URL+"/me"); err != nil || signedIn.Page.URL.Path != "/me" {
		t.Errorf("the walk signed the person out: %v %s", err, signedIn.Page.URL)
	}
}

// pagesOfPeople are the folders whose routes anybody meets.
var pagesOfPeople = []string{"../../idp/idphttp", "../../elicense/licensehttp", "../../web", "."}

// routesOf are the patterns of routes as the sources of folders name them.
func routesOf(t *testing.T, folders ...string) (patterns []string) {
	t.Helper()
	return routesWith(t, map[string]string{}, folders...)
}

// routesWith is routesOf with constants that are known before: of other packages, or of a file that comes later.
func routesWith(t *testing.T, constants map[string]string, folders ...string) (patterns []string) {
	t.Helper()
	var sources []string
	for _, folder := range folders {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, string(text))
			for _, found := range regexp.MustCompile(`(\w+) += "(/[^"]*)"`).FindAllStringSubmatch(string(text), -1) {
				constants[found[1]] = found[2]
			}
			for _, found := range regexp.MustCompile(`(\w+) += (\w+) \+ "(/[^"]*)"`).FindAllStringSubmatch(string(text), -1) {
				constants[found[1]] = constants[found[2]] + found[3]
			}
		}
	}
	constants["ManualReview"] = "manual_review"
	patterns = append(patterns, "POST /preferences") // of the pages, for every method
	for _, source := range sources {
		for _, found := range regexp.MustCompile(`"((?:GET|POST) [^"]*)"((?: ?\+ ?(?:[\w.]+|"[^"]*"))*)`).FindAllStringSubmatch(source, -1) {
			pattern := found[1]
			for _, part := range regexp.MustCompile(`[\w.]*\w|"[^"]*"`).FindAllString(found[2], -1) {
				if strings.HasPrefix(part, `"`) {
					pattern += strings.Trim(part, `"`)
				} else {
					pattern += constants[part[strings.LastIndexByte(part, '.')+1:]]
				}
			}
			patterns = append(patterns, pattern)
		}
	}
	slices.Sort(patterns)
	return slices.Compact(patterns)
}

// citizenRoutes are the pages among them without those that have a variable. Who adds one is walked as well.
func citizenRoutes(patterns []string) (all []string) {
	for _, pattern := range patterns {
		if path, ok := strings.CutPrefix(pattern, "GET "); ok && strings.HasPrefix(path, "/") && !strings.Contains(path, "{") {
			all = append(all, path)
		}
	}
	return all
}

// serving answers whether a route takes what a form sends.
func serving(t *testing.T, patterns []string) func(method string, target *url.URL) bool {
	t.Helper()
	mux := http.NewServeMux()
	for _, pattern := range patterns {
		if method, path, _ := strings.Cut(pattern, " "); path != "" && pattern != method+" /" { // those take everything, or are no route
			mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
		}
	}
	return func(method string, target *url.URL) bool {
		request := &http.Request{Method: strings.ToUpper(method), URL: target, Host: target.Host}
		_, pattern := mux.Handler(request)
		return pattern != "" || target.Path == "/"
	}
}

// withoutScripts judges one page and gives the links on it that stay on the site.
func withoutScripts(t *testing.T, served func(method string, target *url.URL) bool, page *walk.Page) (links, faults []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page.Source))
	if err != nil {
		t.Fatal(err)
	}
	attribute := func(n *html.Node, name string) (string, bool) {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val, true
			}
		}
		return "", false
	}
	forms := map[string]bool{}
	scripts, otherWay, shown := 0, false, ""
	var collect func(n *html.Node)
	collect = func(n *html.Node) {
		if id, ok := attribute(n, "id"); ok && n.Type == html.ElementNode && n.Data == "form" {
			forms[id] = true
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			collect(c)
		}
	}
	collect(root)
	var visit func(n *html.Node, form, hidden bool)
	visit = func(n *html.Node, form, hidden bool) {
		if n.Type == html.ElementNode {
			_, here := attribute(n, "hidden")
			hidden = hidden || here
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
					faults = append(faults, n.Data+" hangs on "+a.Key)
				}
			}
			switch n.Data {
			case "script":
				source, _ := attribute(n, "src")
				source, _, _ = strings.Cut(source, "?")
				if !slices.ContainsFunc(islands, func(name string) bool { return strings.HasSuffix(source, "/"+name) }) {
					faults = append(faults, "the script "+source+" is none of the named islands")
				}
				scripts++
			case "noscript":
				otherWay = otherWay || n.FirstChild != nil
			case "form":
				form = true
				action, ok := attribute(n, "action")
				target, err := page.URL.Parse(action)
				if !ok || err != nil {
					faults = append(faults, "a form leads nowhere")
					break
				}
				if target.Host == page.URL.Host {
					method, _ := attribute(n, "method")
					if !served(method, target) {
						faults = append(faults, "the form to "+target.Path+" has no route")
					}
				}
			case "button", "input", "select", "textarea":
				named, apart := attribute(n, "form")
				kind, _ := attribute(n, "type")
				if !form && !(apart && forms[named]) {
					faults = append(faults, "a "+n.Data+" belongs to no form")
				}
				if _, hidden := attribute(n, "hidden"); n.Data == "button" && kind == "button" && !hidden { // its script would show it
					faults = append(faults, "a button does nothing by itself")
				}
			case "a":
				href, ok := attribute(n, "href")
				if !ok || href == "" || href == "#" {
					faults = append(faults, "a link leads nowhere")
					break
				}
				if target, err := page.URL.Parse(href); err == nil && target.Host == page.URL.Host && !leavesSession(target) {
					links = append(links, target.RequestURI())
				}
			}
		}
		if n.Type == html.TextNode && !hidden {
			shown += strings.TrimSpace(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c, form, hidden)
		}
	}
	visit(root, false, false)
	if scripts > 0 && !otherWay {
		faults = append(faults, "a script has no way beside it for those without")
	}
	if len(shown) < 40 {
		faults = append(faults, "the page says nothing without scripts")
	}
	return links, faults
}

// leavesSession keeps the walk from answers that are files or go on elsewhere.
func leavesSession(target *url.URL) bool {
	return strings.HasPrefix(target.Path, "/upstream") || strings.Contains(target.Path, "/download") || target.Path == "/logout"
}
