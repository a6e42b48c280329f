// Package portal is a sample department portal on the SDK: what an integrator copies to begin with. It shows a public
// page, a page for signed-in citizens, a page that asks for a higher real-name level, and logout.
//
// It is a demonstration and says so on each page. It keeps no data.
package portal

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"

	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

//go:embed pages/*.html static/*
var files embed.FS

// Config of a sample portal.
type Config struct {
	Client     *yinxin.Client
	Name       string // 市场监管
	Department string // 示例市市场监督管理局
	Service    string // what is done here: 企业登记
	DeepIAL    int    // level that /deep asks for
}

// New returns the portal's handler.
func New(cfg Config) (http.Handler, error) {
	if cfg.DeepIAL < 0 || cfg.DeepIAL >= len(levelNames) {
		return nil, fmt.Errorf("portal: level %d does not exist", cfg.DeepIAL)
	}
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, fmt.Errorf("portal: open static files: %w", err)
	}
	p := &portal{cfg: cfg}
	mux := http.NewServeMux()
	cfg.Client.Routes(mux)
	mux.HandleFunc("GET /{$}", p.home)
	mux.Handle("GET /me", cfg.Client.RequireLogin(http.HandlerFunc(p.me)))
	mux.Handle("GET /deep", cfg.Client.RequireIAL(cfg.DeepIAL, http.HandlerFunc(p.me)))
	mux.HandleFunc("GET "+yinxin.PathLoggedOut, p.loggedOut)
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static)))
	return p.headers(mux)
}

// pages are compiled into the program, so that they cannot fail to parse at a customer's.
var pages = template.Must(template.ParseFS(files, "pages/*.html"))

type portal struct{ cfg Config }

// view is what every page gets.
type view struct {
	Config  Config
	Citizen yinxin.Citizen
	Known   bool
	Levels  []string
	Code    string // of a failure
}

var levelNames = []string{"未实名", "初级实名", "中级实名", "高级实名", "现场实名"}

func (p *portal) home(w http.ResponseWriter, r *http.Request) {
	citizen, known := p.cfg.Client.Current(r)
	p.show(w, "home.html", view{Config: p.cfg, Citizen: citizen, Known: known, Levels: levelNames})
}

func (p *portal) me(w http.ResponseWriter, r *http.Request) {
	p.show(w, "home.html", view{Config: p.cfg, Citizen: yinxin.CitizenFrom(r.Context()), Known: true, Levels: levelNames})
}

func (p *portal) loggedOut(w http.ResponseWriter, _ *http.Request) {
	p.show(w, "logged-out.html", view{Config: p.cfg})
}

// FailurePage is for yinxin.WithFailurePage: what a citizen sees when a login did not succeed.
func (c Config) FailurePage() func(w http.ResponseWriter, r *http.Request, err error) {
	return func(w http.ResponseWriter, _ *http.Request, err error) {
		v := view{Config: c, Code: "unknown"}
		if failure := (*yinxin.Error)(nil); errors.As(err, &failure) {
			v.Code = failure.Code
		}
		render(w, http.StatusBadRequest, "failed.html", v)
	}
}

func (p *portal) show(w http.ResponseWriter, page string, v view) { render(w, http.StatusOK, page, v) }

func render(w http.ResponseWriter, status int, page string, v view) {
	var content bytes.Buffer
	if err := pages.ExecuteTemplate(&content, page, v); err != nil {
		http.Error(w, "page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(content.Bytes())
}

// headers are those of any careful site: nothing from elsewhere, no framing, no referrer. Forms may lead to the platform,
// which the browser reaches by the redirect of the logout form.
func (p *portal) headers(next http.Handler) (http.Handler, error) {
	issuer, err := url.Parse(p.cfg.Client.Issuer())
	if err != nil {
		return nil, fmt.Errorf("portal: issuer: %w", err)
	}
	policy := "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' " + issuer.Scheme + "://" + issuer.Host + "; frame-ancestors 'none'; base-uri 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	}), nil
}
