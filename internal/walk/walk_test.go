package walk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/walk"
)

func TestBrowserFillsFormsKeepsHiddenFieldsAndCookies(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<form action="/search"><input name="q"></form>
			<form method="post" action="/login"><input type="hidden" name="flow" value="f1"><input name="user"><input type="checkbox" name="keep" value="x">
			<select name="level"><option value="1">one<option value="2" selected>two</select><button name="do" value="go">Go</button></form>`)
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("seen")
		if err != nil || r.FormValue("flow") != "f1" || r.FormValue("keep") != "" || r.FormValue("level") != "2" || r.FormValue("do") != "go" || r.Header.Get("Origin") == "" {
			t.Errorf("form came as %v, cookie %v", r.Form, cookie)
		}
		http.Redirect(w, r, "/done", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /done", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<p id="result">signed <b>in</b></p><a id="next" href="more?x=1">more</a>`)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	browser, ctx := walk.New(nil), context.Background()
	if err := browser.Open(ctx, server.URL+"/"); err != nil {
		t.Fatal(err)
	}
	if err := browser.Submit(ctx, map[string]string{"password": "x"}); err == nil {
		t.Fatal("a form without the control was sent")
	}
	if err := browser.Submit(ctx, map[string]string{"user": "a", "do": "go"}); err != nil {
		t.Fatal(err)
	}
	page := browser.Page
	if link, ok := page.Link("next"); page.URL.Path != "/done" || page.TextOf("result") != "signed in" || !page.Has("next") || !ok || link != server.URL+"/more?x=1" {
		t.Fatalf("%s %q %s", page.URL, page.TextOf("result"), link)
	}
}
