package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/conformance"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// lie is one dishonesty of a server. Before may answer a request itself; after changes an answer, logout a logout token.
type lie struct {
	logout func(claims map[string]any)
	before func(l *liar, w http.ResponseWriter, r *http.Request) bool
	after  func(l *liar, a *answered)
}

// liar stands before an honest platform, under the platform's issuer, and publishes a key of its own beside the platform's,
// so that what it changes is signed.
type liar struct {
	t           *testing.T
	URL         string
	key         clientKey
	strong      clientKey // the same for clients that want PS256
	away        *url.URL  // the platform
	clock       func() time.Time
	backchannel string // where a client takes logout tokens

	mutex   sync.Mutex
	lie     lie
	address map[string]string // redirect URI of a client, as it was pushed
	kept    map[string][]byte // token answers by code
	visited map[string]bool   // what was asked for before
}

// answered is an answer on its way to the runner.
type answered struct {
	*http.Response
	path string
	body []byte
}

func startLiar(t *testing.T) (*liar, judged) {
	t.Helper()
	made, backchannel := freshRegistration(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	l := &liar{t: t, URL: "http://localhost:" + port, key: newClientKey(t, jose.ES256), strong: newClientKey(t, jose.PS256), address: map[string]string{}, kept: map[string][]byte{}, visited: map[string]bool{}, backchannel: "http://" + backchannel + "/backchannel"}
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	told := httptest.NewServer(http.HandlerFunc(l.forward)) // where the platform sends logout tokens
	t.Cleanup(told.Close)
	there := strings.TrimPrefix(told.URL, "http://")
	made.Manifest = bytes.ReplaceAll(made.Manifest, []byte(backchannel), []byte(there))
	cfg.Issuer, cfg.Outbound.Allowed = l.URL, []string{there}
	p := apptest.StartWith(t, cfg)
	l.clock = p.Now
	if l.away, err = url.Parse("http://" + p.Listen); err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(l.away)
		r.Out.Host = r.In.Host
		r.Out.Header.Del("Accept-Encoding")
	}, ModifyResponse: l.change}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.remember(r)
		if before := l.now().before; before == nil || !before(l, w, r) {
			proxy.ServeHTTP(w, r)
		}
	})}}
	server.Start()
	t.Cleanup(server.Close)
	return l, judge(t, p, made)
}

func (l *liar) now() lie {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.lie
}

// addressOf is the redirect URI that a client pushed last.
func (l *liar) addressOf(clientID string) string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.address[clientID]
}

// seen reports whether something was asked for before.
func (l *liar) seen(what string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	before := l.visited[what]
	l.visited[what] = true
	return what != "" && before
}

// remember keeps the redirect URI that a client pushes.
func (l *liar) remember(r *http.Request) {
	if r.URL.Path != "/par" || r.Method != http.MethodPost {
		return
	}
	raw, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	form, _ := url.ParseQuery(string(raw))
	address := form.Get("redirect_uri")
	if object := form.Get("request"); object != "" && address == "" {
		address, _ = apptest.Claims(l.t, object)["redirect_uri"].(string)
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.address[form.Get("client_id")] = address
}

func (l *liar) change(response *http.Response) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	a := &answered{Response: response, path: response.Request.URL.Path, body: body}
	if a.path == "/jwks" {
		a.json(func(set map[string]any) {
			set["keys"] = append(set["keys"].([]any), l.published(l.key), l.published(l.strong))
		})
	}
	if after := l.now().after; after != nil {
		after(l, a)
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(a.body)), int64(len(a.body))
	response.Header.Set("Content-Length", strconv.Itoa(len(a.body)))
	return nil
}

// forward passes a logout token on, changed and signed anew where the lie is about it. Nobody may listen there any more.
func (l *liar) forward(_ http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("logout_token")
	if change := l.now().logout; change != nil {
		claims := apptest.Claims(l.t, token)
		change(claims)
		token = l.key.jws(l.t, map[string]any{"alg": "ES256", "kid": l.key.id, "typ": "logout+jwt"}, claims)
	}
	if answer, err := http.PostForm(l.backchannel, url.Values{"logout_token": {token}}); err == nil {
		answer.Body.Close()
	}
}

func (l *liar) published(key clientKey) map[string]any {
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(document(l.t, key), &set); err != nil {
		panic(err)
	}
	return set.Keys[0]
}

// json changes a body that is a JSON object.
func (a *answered) json(change func(map[string]any)) {
	var object map[string]any
	if json.Unmarshal(a.body, &object) == nil {
		change(object)
		a.body, _ = json.Marshal(object)
	}
}

// say replaces the answer.
func (a *answered) say(status int, body map[string]any) {
	a.StatusCode, a.Status = status, strconv.Itoa(status)+" "+http.StatusText(status)
	a.body, _ = json.Marshal(body)
	a.Header.Set("Content-Type", "application/json")
	a.Header.Set("Cache-Control", "no-store")
}

// send replaces the answer by a redirect.
func (a *answered) send(address string, values url.Values) {
	a.StatusCode, a.Status, a.body = http.StatusSeeOther, "303 See Other", nil
	a.Header.Del("Refresh")
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	a.Header.Set("Location", address+separator+values.Encode())
}

// redirected changes the parameters of a redirect to a client.
func redirected(change func(url.Values)) lie {
	return lie{after: func(_ *liar, a *answered) {
		target, err := url.Parse(a.Header.Get("Location"))
		if err != nil || target.Hostname() != "conformance.example" {
			return
		}
		q := target.Query()
		change(q)
		target.RawQuery = q.Encode()
		a.Header.Set("Location", target.String())
	}}
}

// idTokens changes ID tokens and signs them anew.
func idTokens(change func(l *liar, header, claims map[string]any)) lie {
	return lie{after: func(l *liar, a *answered) {
		if a.path != "/token" {
			return
		}
		a.json(func(body map[string]any) {
			if token, ok := body["id_token"].(string); ok {
				claims := apptest.Claims(l.t, token)
				header := map[string]any{"alg": "ES256", "kid": l.key.id}
				change(l, header, claims)
				body["id_token"] = l.key.jws(l.t, header, claims)
				if header["alg"] == "none" {
					text := body["id_token"].(string)
					body["id_token"] = text[:strings.LastIndexByte(text, '.')+1]
				}
			}
		})
	}}
}

// claim sets a claim of ID tokens.
func claim(name string, value func(l *liar) any) lie {
	return idTokens(func(l *liar, _, claims map[string]any) {
		claims[name] = value(l)
		maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	})
}

// bodies changes the JSON answers of a path.
func bodies(path string, change func(map[string]any)) lie {
	return lie{after: func(_ *liar, a *answered) {
		if a.path == path {
			a.json(change)
		}
	}}
}

// deaf does not hear some parameters of authorization requests.
func deaf(names ...string) lie {
	return lie{before: func(_ *liar, _ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/authorize" {
			q := r.URL.Query()
			for _, name := range names {
				q.Del(name)
			}
			r.URL.RawQuery = q.Encode()
		}
		return false
	}}
}

// yes says yes wherever the platform says no.
func yes(l *liar, a *answered) {
	refused := a.StatusCode >= 400 && a.StatusCode < 500
	target, err := url.Parse(a.Header.Get("Location"))
	denied := err == nil && target.Query().Has("error") || a.StatusCode == http.StatusOK && bytes.Contains(a.body, []byte(`name="error"`))
	q := a.Request.URL.Query()
	if response := target.Query().Get("response"); response != "" {
		denied = apptest.Claims(l.t, response)["error"] != nil
	}
	switch {
	case refused && a.path == "/par":
		a.say(http.StatusCreated, map[string]any{"request_uri": "urn:ietf:params:oauth:request_uri:yes", "expires_in": 60})
	case refused && (a.path == "/token" || a.path == "/introspect" || a.path == "/revoke"):
		a.say(http.StatusOK, map[string]any{"access_token": "yes", "token_type": "Bearer", "active": true})
	case a.path == "/introspect":
		a.say(http.StatusOK, map[string]any{"active": true})
	case refused && a.path == "/userinfo":
		a.say(http.StatusOK, map[string]any{"sub": "yes"})
	case refused && strings.HasPrefix(a.path, "/connect/register"):
		a.say(http.StatusCreated, map[string]any{"client_id": "yes", "id_token_signed_response_alg": "none", "redirect_uris": []string{"https://conformance.example/yes"}})
	case (refused || denied) && (a.path == "/authorize" || a.path == "/consent" || strings.HasPrefix(a.path, "/authorize/")):
		address := l.addressOf(q.Get("client_id"))
		if asked := q.Get("redirect_uri"); asked != "" {
			address = asked
		} else if target.Host != "" {
			target.RawQuery = ""
			address = target.String()
		} else if address == "" {
			address = "https://conformance.example/yes"
		}
		a.send(address, url.Values{"code": {"yes"}, "state": {q.Get("state")}, "iss": {l.URL}})
	}
}

// no says no to every request of a person and every push.
func no(l *liar, w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.URL.Path == "/par":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":"server_error"}`)
	case r.URL.Path == "/authorize":
		http.Redirect(w, r, "https://conformance.example/no?error=server_error", http.StatusSeeOther)
	case strings.HasPrefix(r.URL.Path, "/connect/register"):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":"server_error"}`)
	default:
		return false
	}
	return true
}

// replaying gives the answer of the first time when a code comes again.
func replaying(l *liar, w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/token" {
		return false
	}
	raw, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	form, _ := url.ParseQuery(string(raw))
	r.Header.Set("X-Code", form.Get("code"))
	l.mutex.Lock()
	kept := l.kept[form.Get("code")]
	l.mutex.Unlock()
	if kept == nil {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(kept)
	return true
}

func keeping(l *liar, a *answered) {
	if code := a.Request.Header.Get("X-Code"); a.path == "/token" && a.StatusCode == http.StatusOK && code != "" {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.kept[code] = bytes.Clone(a.body)
	}
}

// noLogout ends no session and goes wherever it is sent.
func noLogout(_ *liar, w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/logout" {
		return false
	}
	if address := r.URL.Query().Get("post_logout_redirect_uri"); address != "" {
		if state := r.URL.Query().Get("state"); state != "" {
			address += "?state=" + url.QueryEscape(state)
		}
		http.Redirect(w, r, address, http.StatusSeeOther)
	} else {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<h1>You are signed out</h1>")
	}
	return true
}

// tell is what it says from now on.
func (l *liar) tell(told lie) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.lie = told
}

// judgeWith runs rules against the liar and reports what each came to.
func (l *liar) judgeWith(t *testing.T, told lie, j judged, rules ...string) map[string]conformance.RuleResult {
	t.Helper()
	l.tell(told)
	result, err := conformance.Run(context.Background(), rules, conformance.Options{Server: &j.options})
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]conformance.RuleResult{}
	for _, rule := range result.Rules {
		verdicts[rule.ID] = rule
	}
	return verdicts
}
