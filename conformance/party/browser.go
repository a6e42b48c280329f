package party

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Browser is a browser without scripts: cookies, redirects and forms. It visits the server alone; where it is sent
// elsewhere it stops and keeps the address, so nothing needs to listen there.
type Browser struct {
	party  *Party
	client *http.Client
	page   *Page
	target *url.URL // where the server sent it
}

// Page of the server.
type Page struct {
	URL     *url.URL
	Status  int
	Header  http.Header
	Source  string
	Frames  []string // addresses of its frames
	Refresh string   // where the page sends the browser by itself
	forms   []form
	ids     map[string]bool
}

// Has reports whether the page has an element with the id.
func (p *Page) Has(id string) bool { return p != nil && p.ids[id] }

type form struct {
	action *url.URL
	method string
	values url.Values
	names  map[string]bool
}

// Landing is where a way through the server's pages ended.
type Landing struct {
	Target    *url.URL   // address outside the server; nil when it ended on a page
	Values    url.Values // what the client got there; never nil
	Mode      string     // how: query, fragment or form_post
	Page      *Page      // where it ended on a page of the server
	Pushed    *Answer    // what the pushed request was answered, if there was one
	SignedIn  bool       // the login page asked
	Consented bool       // the consent page asked
	Response  string     // the signed answer as it came, if it was one
}

// Said tells of a landing in few words.
func (l Landing) Said() string {
	switch {
	case l.Pushed != nil && !l.Pushed.OK():
		return "the pushed request was answered " + l.Pushed.Said()
	case l.Values.Get("error") != "":
		return "error " + l.Values.Get("error") + " " + l.Values.Get("error_description")
	case l.Values.Has("code"):
		return "a code"
	case l.Target != nil:
		return "sent to " + l.Target.Host + l.Target.Path
	case l.Page != nil:
		return fmt.Sprintf("a page with status %d at %s", l.Page.Status, l.Page.URL.Path)
	}
	return "nowhere"
}

// NewBrowser is a browser without cookies.
func (p *Party) NewBrowser() *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // cookiejar.New never fails without options
	}
	return &Browser{party: p, client: &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: p.client(nil).Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Browser is the one that the parts of a rule share, so that the person signs in once.
func (t *Trial) Browser() *Browser {
	if t.browser == nil {
		t.browser = t.NewBrowser()
	}
	return t.browser
}

const maxRedirects = 20

// ours reports whether an address is one of the server.
func (b *Browser) ours(u *url.URL) bool {
	for _, known := range []string{b.party.Issuer, b.party.Metadata.Text("authorization_endpoint"), b.party.Metadata.Text("end_session_endpoint")} {
		if k, err := url.Parse(known); err == nil && k.Host != "" && k.Scheme == u.Scheme && k.Host == u.Host {
			return true
		}
	}
	return false
}

// open goes to an address and follows redirects inside the server.
func (b *Browser) open(ctx context.Context, method string, address *url.URL, values url.Values, from *url.URL) error {
	b.target = nil
	for range maxRedirects {
		var body io.Reader
		if method == http.MethodPost {
			body = strings.NewReader(values.Encode())
		}
		request, err := http.NewRequestWithContext(ctx, method, address.String(), body)
		if err != nil {
			return err
		}
		request.Header.Set("Accept-Language", "en")
		if method == http.MethodPost {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if from != nil {
				request.Header.Set("Origin", from.Scheme+"://"+from.Host)
			}
		}
		response, err := b.client.Do(request)
		if err != nil {
			return err
		}
		content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		response.Body.Close()
		if err != nil {
			return err
		}
		location := response.Header.Get("Location")
		if response.StatusCode < 300 || response.StatusCode > 399 || location == "" {
			return b.read(address, response, string(content))
		}
		next, err := address.Parse(location)
		if err != nil {
			return err
		}
		if !b.ours(next) {
			b.target, b.page = next, nil
			return nil
		}
		if response.StatusCode == http.StatusTemporaryRedirect || response.StatusCode == http.StatusPermanentRedirect {
			from = address
		} else {
			method, values = http.MethodGet, nil
		}
		address = next
	}
	return fmt.Errorf("more than %d redirects", maxRedirects)
}

func (b *Browser) read(address *url.URL, response *http.Response, source string) error {
	page := &Page{URL: address, Status: response.StatusCode, Header: response.Header, Source: source, ids: map[string]bool{}}
	if _, to, ok := strings.Cut(response.Header.Get("Refresh"), "url="); ok {
		page.Refresh = to
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		root, err := html.Parse(strings.NewReader(source))
		if err != nil {
			return err
		}
		page.collect(root, -1)
	}
	b.page = page
	return nil
}

// collect gathers ids, frames and forms; inside is the number of the form around the node.
func (p *Page) collect(n *html.Node, inside int) {
	if n.Type == html.ElementNode {
		a := map[string]string{}
		for _, one := range n.Attr {
			a[one.Key] = one.Val
		}
		if a["id"] != "" {
			p.ids[a["id"]] = true
		}
		switch n.Data {
		case "iframe":
			p.Frames = append(p.Frames, a["src"])
		case "form":
			action, err := p.URL.Parse(a["action"])
			if err != nil {
				action = p.URL
			}
			p.forms = append(p.forms, form{action: action, method: strings.ToUpper(a["method"]), values: url.Values{}, names: map[string]bool{}})
			inside = len(p.forms) - 1
		case "input", "button":
			if inside < 0 || a["name"] == "" {
				break
			}
			p.forms[inside].names[a["name"]] = true
			if _, checked := a["checked"]; n.Data == "input" && (a["type"] == "hidden" || a["type"] == "text" || a["type"] == "" || checked) {
				p.forms[inside].values.Add(a["name"], a["value"])
			}
		}
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		p.collect(child, inside)
	}
}

// submit fills the form that has all the named controls and sends it.
func (b *Browser) submit(ctx context.Context, fields map[string]string) error {
	page := b.page
	for _, f := range page.forms {
		fits := true
		for name := range fields {
			fits = fits && f.names[name]
		}
		if !fits {
			continue
		}
		if !b.ours(f.action) { // no password leaves the server that was named
			b.target, b.page = f.action, nil
			return nil
		}
		values := url.Values{}
		for name, v := range f.values {
			values[name] = v
		}
		for name, value := range fields {
			values.Set(name, value)
		}
		if f.method == http.MethodPost {
			return b.open(ctx, http.MethodPost, f.action, values, page.URL)
		}
		address := *f.action
		address.RawQuery = values.Encode()
		return b.open(ctx, http.MethodGet, &address, nil, nil)
	}
	return fmt.Errorf("no form at %s has the controls %v", page.URL.Path, fields)
}

// posted is the form that carries an answer to a client (OAuth 2.0 Form Post Response Mode).
func (b *Browser) posted() *form {
	if b.page == nil {
		return nil
	}
	for i, f := range b.page.forms {
		if !b.ours(f.action) && f.method == http.MethodPost && (f.values.Has("code") || f.values.Has("error") || f.values.Has("response")) {
			return &b.page.forms[i]
		}
	}
	return nil
}

// Look opens an address and does nothing on the page.
func (t *Trial) Look(ctx context.Context, b *Browser, address string) Landing {
	u, err := url.Parse(address)
	if err == nil {
		err = b.open(ctx, http.MethodGet, u, nil, nil)
	}
	t.Need("the browser opens "+pathOf(address), err == nil, "%v", err)
	return b.landing()
}

func pathOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Path
	}
	return "an address"
}

// walk answers the pages that it knows: it signs the person in and allows, or with deny refuses, what is asked.
func (t *Trial) walk(ctx context.Context, b *Browser, deny bool) Landing {
	var signedIn, consented bool
	for range 4 {
		var err error
		switch {
		case b.page == nil || b.posted() != nil:
		case b.page.Has("login-password") && !signedIn:
			person := t.Person()
			signedIn = true
			err = b.submit(ctx, map[string]string{"login-identifier": person.Identifier, "login-password": person.Password})
			t.Need("the login page takes the person", err == nil, "%v", err)
			continue
		case b.page.Has("consent-allow") && !consented:
			consented = true
			word := map[bool]string{false: "allow", true: "deny"}[deny]
			err = b.submit(ctx, map[string]string{"consent": word})
			t.Need("the consent page takes the answer", err == nil, "%v", err)
			continue
		}
		break
	}
	l := b.landing()
	l.SignedIn, l.Consented = signedIn, consented
	return l
}

func (b *Browser) landing() Landing {
	l := Landing{Target: b.target, Page: b.page, Values: url.Values{}}
	switch posted := b.posted(); {
	case posted != nil:
		l.Target, l.Values, l.Mode, l.Page = posted.action, posted.values, "form_post", nil
	case b.target == nil:
	case b.target.Fragment != "":
		l.Mode = "fragment"
		l.Values, _ = url.ParseQuery(b.target.EscapedFragment())
	default:
		l.Mode, l.Values = "query", b.target.Query()
	}
	return l
}
