package mock

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// page of both portals: who is signed in, or how to sign in, or what went wrong.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{{.Title}}</title></head><body>
<h1>{{.Title}}</h1>
<p>模拟门户 · simulated portal</p>
{{if .Problem}}<p id="problem">{{.Problem}}</p>{{end}}
{{if .User}}<p>已登录 · signed in: <strong id="user">{{.User}}</strong></p>
<dl>{{range .Fields}}<dt>{{.Name}}</dt><dd id="field-{{.Name}}">{{.Value}}</dd>{{end}}</dl>
<p><a id="logout" href="{{.LogoutURL}}">退出登录 · sign out</a></p>
{{else}}<p id="signed-out">未登录 · signed out</p><p><a id="login" href="{{.LoginURL}}">登录 · sign in</a></p>{{end}}
</body></html>
`))

type field struct{ Name, Value string }

type view struct {
	Title, Problem, User, LoginURL, LogoutURL string
	Fields                                    []field
}

// visit is a session of a portal; key is what a logout message names it by.
type visit struct {
	key    string
	user   string
	fields []field
}

// visits are the sessions of a portal, by the value of its cookie.
type visits struct {
	mutex sync.Mutex
	all   map[string]visit
	name  string // of the cookie
}

func (v *visits) current(r *http.Request) visit {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if c, err := r.Cookie(v.name); err == nil {
		return v.all[c.Value]
	}
	return visit{}
}

func (v *visits) begin(w http.ResponseWriter, one visit) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	id := ident.Secret(rand.Reader, 24)
	v.all[id] = one
	http.SetCookie(w, &http.Cookie{Name: v.name, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (v *visits) end(key string) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	maps.DeleteFunc(v.all, func(_ string, one visit) bool { return one.key == key })
}

// client asks the platform; the platform is on loopback.
var client = &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

const maxAnswer = 1 << 20

func show(w http.ResponseWriter, v view) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if v.Problem != "" {
		w.WriteHeader(http.StatusBadGateway)
	}
	page.Execute(w, v)
}

// newCASPortal is a portal that signs people in by CAS 3.0.
func newCASPortal(platform, self string) http.Handler {
	service := self + "/cas"
	v := &visits{all: map[string]visit{}, name: "mock_cas"}
	base := view{Title: "CAS 旧门户", LoginURL: platform + "/cas/login?service=" + url.QueryEscape(service), LogoutURL: platform + "/cas/logout?service=" + url.QueryEscape(service)}
	mux := http.NewServeMux()
	home := func(w http.ResponseWriter, r *http.Request, problem error) {
		one, page := v.current(r), base
		page.User, page.Fields = one.user, one.fields
		if problem != nil {
			page.Problem = problem.Error()
		}
		show(w, page)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { home(w, r, nil) })
	mux.HandleFunc("GET /cas", func(w http.ResponseWriter, r *http.Request) {
		value := r.URL.Query().Get("ticket")
		if value == "" { // back from a logout, or nobody was signed in
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		answer, err := validate(platform, service, value)
		if err != nil {
			home(w, r, err)
			return
		}
		one := visit{key: value, user: answer.User}
		for _, name := range slices.Sorted(maps.Keys(answer.Attributes)) {
			one.fields = append(one.fields, field{name, strings.Join(answer.Attributes[name], " ")})
		}
		v.begin(w, one)
		http.Redirect(w, r, "/", http.StatusSeeOther) // the ticket leaves the address
	})
	mux.HandleFunc("POST /cas", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxAnswer)
		message, err := cas.ReadLogoutRequest([]byte(r.PostFormValue("logoutRequest")))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		v.end(message.Ticket)
	})
	return mux
}

func validate(platform, service, value string) (cas.Response, error) {
	response, err := client.Get(platform + "/cas/p3/serviceValidate?" + url.Values{"service": {service}, "ticket": {value}}.Encode())
	if err != nil {
		return cas.Response{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return cas.Response{}, err
	}
	answer, err := cas.ReadXML(raw)
	if err == nil && answer.Failure != nil {
		err = answer.Failure
	}
	return answer, err
}

// newTicketPortal is a portal that signs people in by a ticket that comes by POST.
func newTicketPortal(platform, self string, b ticket.Bridge) http.Handler {
	v := &visits{all: map[string]visit{}, name: "mock_ticket"}
	base := view{Title: "票据旧门户", LoginURL: platform + "/ticket/" + b.ID + "/login?" + url.Values{b.AddressParameter: {self + "/sso"}}.Encode(), LogoutURL: platform + "/logout"}
	mux := http.NewServeMux()
	home := func(w http.ResponseWriter, r *http.Request, problem error) {
		one, page := v.current(r), base
		page.User, page.Fields = one.user, one.fields
		if problem != nil {
			page.Problem = problem.Error()
		}
		show(w, page)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { home(w, r, nil) })
	mux.HandleFunc("POST /sso", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxAnswer)
		one, err := exchange(platform, self+"/sso", b, r.PostFormValue(b.TicketParameter))
		if err != nil {
			home(w, r, err)
			return
		}
		v.begin(w, one)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxAnswer)
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		parameters := map[string]string{}
		for name := range r.PostForm {
			parameters[name] = r.PostForm.Get(name)
		}
		if err := b.Signature.Verify(parameters, b.Secret, time.Now(), "", "session_id"); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		v.end(parameters["session_id"])
	})
	return mux
}

// exchange is the back channel: ticket for token, token for fields.
func exchange(platform, address string, b ticket.Bridge, value string) (visit, error) {
	calls := platform + "/ticket/" + b.ID + "/"
	token, err := call(calls+b.ExchangeCall, b, map[string]string{b.TicketParameter: value, b.AddressParameter: address})
	if err != nil {
		return visit{}, err
	}
	fields, err := call(calls+b.UserCall, b, map[string]string{b.TokenParameter: fmt.Sprint(token[b.TokenParameter])})
	if err != nil {
		return visit{}, err
	}
	one := visit{key: fmt.Sprint(fields["session_id"]), user: fmt.Sprint(fields[ticket.UserField])}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		one.fields = append(one.fields, field{name, fmt.Sprint(fields[name])})
	}
	return one, nil
}

func call(address string, b ticket.Bridge, parameters map[string]string) (map[string]any, error) {
	recipe := b.Signature
	parameters[recipe.Time], parameters[recipe.Nonce] = recipe.FormatTime(time.Now()), ident.Secret(rand.Reader, 16)
	text, err := recipe.Text(parameters, b.AddressParameter)
	if err != nil {
		return nil, err
	}
	if parameters[recipe.Parameter], err = recipe.Sign(text, b.Secret); err != nil {
		return nil, err
	}
	form := url.Values{}
	for name, value := range parameters {
		form.Set(name, value)
	}
	response, err := client.PostForm(address, form)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(fmt.Sprint(answer["code"], " ", answer["title"]))
	}
	return answer, nil
}
