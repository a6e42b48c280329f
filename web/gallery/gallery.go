// Package gallery is /design: every component and every page in its states, with invented data, in every language and
// view (experience.md 2 and 6). It is also the source of the tests that render each page and of the pictures that
// reviewers look at. It is mounted in the sandbox only and knows no real data.
package gallery

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/web"
)

// Sample is one state of one page.
type Sample struct {
	Name     string // in the address: /design/<name>
	Template string
	Status   int // 0 is 200
	Page     web.Page
}

// Samples lists all states in zh-CN, made anew for each call.
func Samples() []Sample { return list("zh-CN") }

// list lists all states; reports are in the language, everything else is in Chinese.
func list(locale string) []Sample {
	samples := append(people(), account()...)
	samples = append(samples, mandates()...)
	samples = append(samples, counter()...)
	samples = append(samples, trust()...)
	samples = append(samples, sealUses()...)
	samples = append(samples, forgeries()...)
	samples = append(samples, batches()...)
	samples = append(samples, orders()...)
	samples = append(samples, statistics()...)
	samples = append(samples, rulings()...)
	samples = append(samples, admin()...)
	samples = append(samples, typeDrafts()...)
	samples = append(samples, staffRealm()...)
	samples = append(samples, rights()...)
	return append(samples, verdicts(locale)...)
}

// Views that the gallery offers: the words of the view cookie.
func Views() []string { return []string{"light", "dark", "contrast", "light.elder"} }

// New serves /design/ (the components and the list) and /design/<name>. ?view= shows a view without choosing it.
func New(pages *web.Renderer) http.Handler {
	all := map[string][]Sample{}
	for _, locale := range i18n.Locales() {
		all[locale] = In(locale)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /design/{$}", func(w http.ResponseWriter, r *http.Request) {
		show(pages, w, withView(r), Sample{Template: "design", Page: index(all[pages.Locale(r)], pages.Locale(r))})
	})
	mux.HandleFunc("GET /design/{name}", func(w http.ResponseWriter, r *http.Request) {
		for _, sample := range all[pages.Locale(r)] {
			if sample.Name == r.PathValue("name") {
				show(pages, w, withView(r), sample)
				return
			}
		}
		pages.Error(w, r, fault.New(fault.NotFound))
	})
	return mux
}

func show(pages *web.Renderer, w http.ResponseWriter, r *http.Request, sample Sample) {
	status := sample.Status
	if status == 0 {
		status = http.StatusOK
	}
	page := sample.Page
	page.RefreshSeconds = 0 // a sample stands still
	if err := pages.Page(w, r, status, sample.Template, page); err != nil {
		pages.Error(w, r, err)
	}
}

// withView puts the asked view where the renderer looks for a chosen one.
func withView(r *http.Request) *http.Request {
	asked := r.URL.Query().Get("view")
	if asked == "" || len(asked) > 40 {
		return r
	}
	copied := r.Clone(r.Context())
	kept := r.Cookies()
	copied.Header.Del("Cookie")
	copied.AddCookie(&http.Cookie{Name: web.ViewCookie, Value: asked})
	for _, cookie := range kept {
		if cookie.Name != web.ViewCookie {
			copied.AddCookie(cookie)
		}
	}
	return copied
}

// index is the list of samples, parted by their first word.
func index(samples []Sample, locale string) web.Page {
	var body web.DesignPage
	for _, sample := range samples {
		entry := web.DesignEntry{Name: sample.Name, URL: "/design/" + sample.Name}
		for _, view := range Views() {
			entry.Views = append(entry.Views, web.Link{Label: strings.ReplaceAll(view, ".", " "), URL: entry.URL + "?view=" + view})
		}
		body.Entries = append(body.Entries, entry)
	}
	body.Card, body.Field = card("valid"), web.FormField{Name: "sample-date", Label: "成立日期", Value: "2026-11-24", Kind: web.InputDate}
	body.Table = table()
	page := web.Page{Identity: citizen, Body: body}
	if table := words()[locale]; table != nil {
		return translated(reflect.ValueOf(page), table).Interface().(web.Page)
	}
	return page
}
