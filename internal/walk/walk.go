// Package walk is a browser without scripts: it opens pages, fills forms and follows redirects over several sites, as a
// person would. The quickstart drives the real servers with it, and so do end-to-end tests, so that the main job is done
// through the same pages that people see.
package walk

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Browser keeps cookies and the current page.
type Browser struct {
	client *http.Client
	stop   string   // an address at whose prefix redirects are not followed
	found  *url.URL // the address at which they stopped
	Page   *Page
}

// Page is an opened page.
type Page struct {
	URL    *url.URL
	Status int
	Header http.Header
	Text   string // visible text, one space between words
	Source string
	forms  []form
	ids    map[string]*html.Node
}

type form struct {
	action *url.URL
	method string
	values url.Values
	names  map[string]bool // every control
}

const maxPage = 4 << 20

// New returns a browser; the TLS configuration may trust a demonstration root.
func New(tlsConfig *tls.Config) *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // cookiejar.New never fails without options
	}
	b := &Browser{}
	b.client = &http.Client{
		Jar: jar, Timeout: 20 * time.Second,
		Transport: &http.Transport{TLSClientConfig: tlsConfig, MaxIdleConnsPerHost: 4},
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			if b.stop != "" && strings.HasPrefix(next.URL.String(), b.stop) {
				b.found = next.URL
				return http.ErrUseLastResponse
			}
			if len(via) > 15 {
				return fmt.Errorf("walk: more than 15 redirects")
			}
			return nil
		},
	}
	return b
}

// Open goes to an address.
func (b *Browser) Open(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	return b.do(request)
}

// Submit fills the form that holds all the named controls and sends it. A value for a button's name presses that button.
func (b *Browser) Submit(ctx context.Context, fields map[string]string) error {
	if b.Page == nil {
		return fmt.Errorf("walk: no page is open")
	}
	for _, f := range b.Page.forms {
		if !f.holds(fields) {
			continue
		}
		values := url.Values{}
		for name, v := range f.values {
			values[name] = v
		}
		for name, value := range fields {
			values.Set(name, value)
		}
		address, body := f.action.String(), values.Encode()
		if f.method == http.MethodGet {
			query := *f.action
			query.RawQuery, address, body = body, "", ""
			address = query.String()
		}
		request, err := http.NewRequestWithContext(ctx, f.method, address, strings.NewReader(body))
		if err != nil {
			return err
		}
		if f.method == http.MethodPost {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Origin", b.Page.URL.Scheme+"://"+b.Page.URL.Host)
			request.Header.Set("Sec-Fetch-Site", site(b.Page.URL, f.action))
		}
		return b.do(request)
	}
	return fmt.Errorf("walk: no form on %s holds the controls %v; the page says: %s", b.Page.URL.Path, keys(fields), clip(b.Page.Text))
}

// OpenUntil is Open, but stops before a redirect to an address that begins with stop and returns that address; nil when
// the way ended on a page.
func (b *Browser) OpenUntil(ctx context.Context, address, stop string) (*url.URL, error) {
	return b.until(stop, func() error { return b.Open(ctx, address) })
}

// SubmitUntil is Submit with a stop as in OpenUntil.
func (b *Browser) SubmitUntil(ctx context.Context, fields map[string]string, stop string) (*url.URL, error) {
	return b.until(stop, func() error { return b.Submit(ctx, fields) })
}

func (b *Browser) until(stop string, act func() error) (*url.URL, error) {
	b.stop, b.found = stop, nil
	defer func() { b.stop = "" }()
	err := act()
	return b.found, err
}

// site is what a browser says of the relation between page and target.
func site(from, to *url.URL) string {
	if from.Scheme == to.Scheme && from.Host == to.Host {
		return "same-origin"
	}
	if from.Hostname() == to.Hostname() {
		return "same-site"
	}
	return "cross-site"
}

// Has reports whether the page has an element with the id.
func (p *Page) Has(id string) bool { return p.ids[id] != nil }

// TextOf is the text of the element with the id, empty when there is none.
func (p *Page) TextOf(id string) string {
	if p.ids[id] == nil {
		return ""
	}
	return textOf(p.ids[id])
}

// Attribute is the value of an attribute of the element with the id, empty when there is none.
func (p *Page) Attribute(id, name string) string {
	if p.ids[id] == nil {
		return ""
	}
	value, _ := attribute(p.ids[id], name)
	return value
}

// Link is the address that the element with the id leads to.
func (p *Page) Link(id string) (string, bool) {
	if p.ids[id] == nil {
		return "", false
	}
	href, ok := attribute(p.ids[id], "href")
	if !ok {
		return "", false
	}
	target, err := p.URL.Parse(href)
	if err != nil {
		return "", false
	}
	return target.String(), true
}

// Hidden is the value of a control as the page holds it, empty when there is none.
func (p *Page) Hidden(name string) string {
	for _, f := range p.forms {
		if f.values.Has(name) {
			return f.values.Get(name)
		}
	}
	return ""
}

// Lend gives a request that is made by hand the browser's cookies.
func (b *Browser) Lend(request *http.Request) {
	for _, cookie := range b.client.Jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
}

// Send makes a request that no page offers and shows its answer, as a form does that was left on the screen.
func (b *Browser) Send(request *http.Request) error { return b.do(request) }

func (f form) holds(fields map[string]string) bool {
	for name := range fields {
		if !f.names[name] {
			return false
		}
	}
	return true
}

func (b *Browser) do(request *http.Request) error {
	response, err := b.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	source, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	if err != nil {
		return err
	}
	page := &Page{URL: response.Request.URL, Status: response.StatusCode, Header: response.Header, Source: string(source), ids: map[string]*html.Node{}}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		root, err := html.ParseWithOptions(strings.NewReader(page.Source), html.ParseOptionEnableScripting(false)) // what stands in noscript is on the page
		if err != nil {
			return fmt.Errorf("walk: read page: %w", err)
		}
		page.read(root, nil)
		page.Text = textOf(root)
	} else {
		page.Text = page.Source
	}
	b.Page = page
	return nil
}

// read collects ids and forms; current is the form around the node.
func (p *Page) read(n *html.Node, current *form) {
	if n.Type == html.ElementNode {
		if id, ok := attribute(n, "id"); ok {
			p.ids[id] = n
		}
		if n.Data == "form" {
			p.forms = append(p.forms, p.newForm(n))
			current = &p.forms[len(p.forms)-1]
			index := len(p.forms) - 1
			for child := n.FirstChild; child != nil; child = child.NextSibling {
				p.read(child, current)
			}
			p.forms[index] = *current
			return
		}
		if current != nil {
			current.control(n)
		}
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		p.read(child, current)
	}
}

func (p *Page) newForm(n *html.Node) form {
	f := form{method: http.MethodGet, values: url.Values{}, names: map[string]bool{}}
	if method, _ := attribute(n, "method"); strings.EqualFold(method, "post") {
		f.method = http.MethodPost
	}
	action, _ := attribute(n, "action")
	target, err := p.URL.Parse(action)
	if err != nil {
		target = p.URL
	}
	f.action = target
	return f
}

func (f *form) control(n *html.Node) {
	name, named := attribute(n, "name")
	if !named {
		return
	}
	value, _ := attribute(n, "value")
	kind, _ := attribute(n, "type")
	switch n.Data {
	case "input":
		f.names[name] = true
		_, checked := attribute(n, "checked")
		if kind == "submit" || kind == "button" || kind == "image" {
			return // sent only when it is pressed
		}
		if (kind == "checkbox" || kind == "radio") && !checked {
			return
		}
		f.values.Add(name, value)
	case "button":
		f.names[name] = true
	case "textarea":
		f.names[name] = true
		f.values.Add(name, textOf(n))
	case "select":
		f.names[name] = true
		f.values.Add(name, selected(n))
	}
}

func selected(n *html.Node) string {
	first, chosen := "", ""
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == "option" {
			value, ok := attribute(n, "value")
			if !ok {
				value = textOf(n)
			}
			if first == "" {
				first = value
			}
			if _, ok := attribute(n, "selected"); ok {
				chosen = value
			}
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			visit(child)
		}
	}
	visit(n)
	if chosen != "" {
		return chosen
	}
	return first
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func textOf(n *html.Node) string {
	if n.Type == html.ElementNode && n.Data == "textarea" { // its text is a value: every blank counts
		if n.FirstChild == nil {
			return ""
		}
		return n.FirstChild.Data
	}
	var b strings.Builder
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style" || n.Data == "head") {
			return
		}
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
			b.WriteByte(' ')
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			visit(child)
		}
	}
	visit(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

func keys(fields map[string]string) []string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	return names
}

func clip(text string) string {
	if runes := []rune(text); len(runes) > 300 {
		return string(runes[:300]) + "…"
	}
	return text
}
