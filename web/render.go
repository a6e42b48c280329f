package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// view is the root of every template: the page and what the renderer knows itself.
type view struct {
	Page
	Typed       *TypedForm // what the person typed into the form before a login; nil as a rule
	Name        string     // of the page
	Locale      string
	Locales     []localeChoice
	Brand       Brand
	View        View
	SupportCode string
}

type localeChoice struct {
	Tag     string
	Short   string // in its own language, for the head of the page
	Label   string // the same in full
	Current bool
}

// offered are the languages with their names in their own writing, which are the same in every language.
var offered = []localeChoice{
	{Tag: i18n.Chinese, Short: "中文", Label: "简体中文"},
	{Tag: i18n.English, Short: "EN", Label: "English"},
	{Tag: i18n.TraditionalChinese, Short: "繁體", Label: "繁體中文"},
}

// Page writes the page with the name (a file of templates/) in the language of the request. The page is rendered fully
// before the first byte leaves; on an error nothing was written.
func (rd *Renderer) Page(w http.ResponseWriter, r *http.Request, status int, name string, page Page) error {
	locale := rd.Locale(r)
	content, err := rd.render(r, locale, name, page)
	if err != nil {
		return err
	}
	if asked, ok := i18n.Match(r.URL.Query().Get("lang")); ok {
		http.SetCookie(w, rd.choice(i18n.CookieName, asked))
	}
	h := w.Header()
	setHeaders(h, page.Callbacks, page.Frames)
	if page.OnwardURL != "" {
		h.Set("Refresh", strconv.Itoa(page.OnwardSeconds)+"; url="+page.OnwardURL)
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", locale)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = w.Write(content)
	if err != nil {
		return fmt.Errorf("web: send page %s: %w", name, err)
	}
	return nil
}

func (rd *Renderer) render(r *http.Request, locale, name string, page Page) ([]byte, error) {
	tmpl, err := rd.pages[locale].page(name)
	if err != nil {
		return nil, err
	}
	if page.Self == "" {
		page.Self = selfOf(r)
	}
	page.Self = localPath(page.Self)
	if page.Identity.Kind == IdentityAnonymous && rd.identity != nil {
		page.Identity = rd.identity(r)
	}
	if page.Title == "" {
		page.Title = rd.catalogue.Text(locale, "page."+name)
	}
	if typed := Typed(r); page.Notice == nil && typed != nil {
		page.Notice = &Notice{Tone: "info", Text: rd.catalogue.Text(locale, "page.typed")}
		if files := typed.files(); len(files) > 0 {
			page.Notice.Text += rd.catalogue.Text(locale, "page.typed.files", "files", strings.Join(files, rd.catalogue.Text(locale, "page.list_gap")))
		}
	}
	v := view{Page: page, Name: name, Locale: locale, Brand: rd.brand, View: ViewOf(r), SupportCode: reqctx.From(r.Context()).SupportCode, Typed: Typed(r)}
	if v.Brand.Name == "" {
		v.Brand.Name = rd.catalogue.Text(locale, "site.name")
	}
	if v.Brand.Operator == "" {
		v.Brand.Operator = rd.catalogue.Text(locale, "site.operator")
	}
	if v.Brand.Hotline == "" {
		v.Brand.Hotline = "12345"
	}
	for _, choice := range offered {
		choice.Current = choice.Tag == locale
		v.Locales = append(v.Locales, choice)
	}
	var out bytes.Buffer
	if err := tmpl.ExecuteTemplate(&out, "base", v); err != nil {
		return nil, fmt.Errorf("web: render page %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// Locale is the language of the request: the one that the edge put into the context, else by i18n.Choose.
func (rd *Renderer) Locale(r *http.Request) string {
	if request := reqctx.From(r.Context()); request.ID != "" && rd.pages[request.Locale] != nil {
		return request.Locale
	}
	return i18n.Choose(r)
}

// Word is a word that comes from data in the language of a request; one that the catalogue does not know is given as it is.
func (rd *Renderer) Word(r *http.Request, family, value string) string {
	return rd.word(rd.Locale(r), family, value)
}

// Item is what a mandate is given for, in words.
func (rd *Renderer) Item(locale, code string) string {
	if rd.item == nil {
		return code
	}
	return rd.item(locale, code)
}

// Text is a message in the language of the request, for what a handler says itself.
func (rd *Renderer) Text(r *http.Request, key string, params ...string) string {
	return rd.catalogue.Text(rd.Locale(r), key, params...)
}

// Date is a day in the language of the request.
func (rd *Renderer) Date(r *http.Request, at time.Time) string {
	text, _ := formatTime(rd.Locale(r), at, false) // a time is one
	return text
}

// Error writes the error page of err: what happened, what to do next and the support code (check X-04), with the
// status of its code, and logs the private cause. It is the page's counterpart of problem.Write.
func (rd *Renderer) Error(w http.ResponseWriter, r *http.Request, err error) {
	document := problem.Of(r.Context(), err)
	problem.Log(r.Context(), err, document.Status)
	page := Page{Title: document.Title, Body: ErrorPage{Hint: document.Hint, Code: document.Code, SupportCode: document.SupportCode, Retryable: document.Retryable, Next: rd.next(r, err)}}
	for name, values := range document.GetHeaders() {
		w.Header()[name] = values
	}
	if err := rd.Page(w, r, document.Status, "error", page); err != nil {
		problem.Log(r.Context(), err, http.StatusInternalServerError)
		http.Error(w, document.Title+"\n"+document.SupportCode, document.Status)
	}
}

// FieldErrors translates the faults of single values; ids tells the input of each wire name. A value without an id
// stands in the summary only.
func (rd *Renderer) FieldErrors(r *http.Request, err error, ids map[string]string) []FieldError {
	document := problem.Of(r.Context(), err)
	if len(document.Errors) == 0 {
		return []FieldError{{Message: document.Title + rd.Text(r, "page.sentence_gap") + document.Hint}}
	}
	var all []FieldError
	for _, e := range document.Errors {
		all = append(all, FieldError{Field: ids[e.Field], Message: e.Message})
	}
	return all
}

// selfOf is where this page is found by GET: its own address without lang; after a POST its path with the flow.
func selfOf(r *http.Request) string {
	query := r.URL.Query()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		query = url.Values{}
		if flow := r.PostForm.Get("flow"); flow != "" {
			query.Set("flow", flow)
		}
	}
	query.Del("lang")
	if len(query) == 0 {
		return r.URL.Path
	}
	return r.URL.Path + "?" + query.Encode()
}

// localPath keeps addresses on this site: a path that no browser reads as another host.
func localPath(address string) string {
	if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.ContainsAny(address, "\\\t\r\n") {
		return "/"
	}
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || u.Scheme != "" {
		return "/"
	}
	return address
}
