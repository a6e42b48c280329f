package web

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func typedOf(body url.Values) (TypedForm, bool) {
	r := httptest.NewRequest("POST", "/x", strings.NewReader(body.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return ReadTyped(httptest.NewRecorder(), r, func(input string) bool { return input == "name" || input == InputVersion })
}

func TestTypedFormIsBoundedAndHoldsWhatIsKeptAlone(t *testing.T) {
	form, ok := typedOf(url.Values{"name": {"张三"}, "password": {"x"}, InputVersion: {"3"}})
	if !ok || form.Get("name") != "张三" || form.Get("password") != "" || form.Get(InputVersion) != "3" {
		t.Errorf("kept %v, %t", form.Fields, ok)
	}
	if _, ok := typedOf(url.Values{"name": {strings.Repeat("a", maxTyped+1)}}); ok {
		t.Error("more than the bound is kept")
	}
	if _, ok := typedOf(url.Values{InputVersion: {"3"}}); ok {
		t.Error("a form in which nothing was typed is kept")
	}
}

func TestTypedFormFillsNoSecretAndKeepsTheVersion(t *testing.T) {
	f := &TypedForm{Action: "/a/revoke", Fields: url.Values{"secret": {"s"}, "day-year": {"2026"}, "day-month": {"1"}, "day-day": {"9"}, "kind": {"gone"}, InputVersion: {"3"}, "reason": {"旧"}}}
	if got := f.fill(FormField{Name: "secret", Kind: InputSecret}); got.Value != "" {
		t.Error("a secret is filled in")
	}
	if got := f.fill(FormField{Name: "day", Kind: InputDate}); got.Value != "2026-01-09" {
		t.Errorf("day %q", got.Value)
	}
	if got := f.fill(FormField{Name: "kind", Kind: InputSelect, Value: "a", Options: []Option{{Value: "a"}}}); got.Value != "a" {
		t.Errorf("a choice that is not offered: %q", got.Value)
	}
	if got := f.hidden([]Hidden{{Name: InputVersion, Value: "4"}}); got[0].Value != "3" {
		t.Error("the version that the form was made from is lost")
	}
	got := f.reasons([]StateAction{{URL: "/a/revoke"}, {URL: "/a/suspend"}})
	if got[0].Reason != "旧" || !got[0].Open || got[1].Reason != "" {
		t.Errorf("actions %+v", got)
	}
}
