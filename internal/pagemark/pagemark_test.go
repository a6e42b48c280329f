package pagemark

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

func address(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func by(actor reqctx.Actor) context.Context {
	return reqctx.WithActor(context.Background(), actor)
}

func under(key string) *Marks {
	return New(func(_ context.Context, parts ...[]byte) ([]byte, error) {
		return digest.HMAC([]byte(key), digest.SumParts(parts...)), nil
	})
}

// TestNothingOpensWithoutTheKey, and no link leads to a page as if it did.
func TestNothingOpensWithoutTheKey(t *testing.T) {
	away := New(func(context.Context, ...[]byte) ([]byte, error) { return nil, errors.New("the key store is away") })
	mark, err := under("one").Seal(context.Background(), address(t, "/seal"), "1.sl_1")
	if err != nil {
		t.Fatal(err)
	}
	if place, err := away.Open(context.Background(), address(t, "/seal?after="+mark)); fault.CodeOf(err) != fault.Unavailable || place != "" {
		t.Errorf("%q %v", place, err)
	}
	if mark, err := away.Seal(context.Background(), address(t, "/seal"), "1.sl_1"); fault.CodeOf(err) != fault.Unavailable || mark != "" {
		t.Errorf("%q %v", mark, err)
	}
	r := httptest.NewRequest(http.MethodGet, "/seal", nil)
	link := Onward(r.WithContext(With(r.Context(), away)), "/seal", "1.sl_1")
	if _, err := under("one").Open(context.Background(), address(t, link)); fault.CodeOf(err) != fault.Malformed {
		t.Errorf("%s: %v", link, err)
	}
}

// TestAMarkOpensItsOwnListOnly (I-07): list, filter, caller and key are all bound; how many entries, the language and the order of
// parameters are not.
func TestAMarkOpensItsOwnListOnly(t *testing.T) {
	const place = "1732700000000000.acc_7"
	marks, other, staff := under("one"), under("two"), by(reqctx.Actor{ID: "staff:stf_1"})
	mark, err := marks.Seal(staff, address(t, "/admin/accounts?state=active&kind=person&empty="), place)
	if err != nil {
		t.Fatal(err)
	}
	flipped := func(i int) string {
		content, _ := base64.RawURLEncoding.DecodeString(mark)
		content[i] ^= 1
		return base64.RawURLEncoding.EncodeToString(content)
	}
	content, _ := base64.RawURLEncoding.DecodeString(mark)
	for name, c := range map[string]struct {
		marks   *Marks
		ctx     context.Context
		address string
		opens   bool
	}{
		"the list itself":        {marks, staff, "/admin/accounts?state=active&kind=person&after=" + mark, true},
		"another size, language": {marks, staff, "/admin/accounts?after=" + mark + "&kind=person&limit=7&lang=en&state=active", true},
		"no filter":              {marks, staff, "/admin/accounts?after=" + mark, false},
		"another filter":         {marks, staff, "/admin/accounts?state=suspended&kind=person&after=" + mark, false},
		"a filter more":          {marks, staff, "/admin/accounts?state=active&kind=person&area=11&after=" + mark, false},
		"a filter twice":         {marks, staff, "/admin/accounts?state=active&state=suspended&kind=person&after=" + mark, false},
		"another list":           {marks, staff, "/admin/clients?state=active&kind=person&after=" + mark, false},
		"another person":         {marks, by(reqctx.Actor{ID: "staff:stf_2"}), "/admin/accounts?state=active&kind=person&after=" + mark, false},
		"acting for another":     {marks, by(reqctx.Actor{ID: "staff:stf_1", ActingFor: "account:acc_1"}), "/admin/accounts?state=active&kind=person&after=" + mark, false},
		"nobody":                 {marks, context.Background(), "/admin/accounts?state=active&kind=person&after=" + mark, false},
		"another key":            {other, staff, "/admin/accounts?state=active&kind=person&after=" + mark, false},
		"another hash":           {marks, staff, "/admin/accounts?state=active&kind=person&after=" + flipped(0), false},
		"end of the hash":        {marks, staff, "/admin/accounts?state=active&kind=person&after=" + flipped(sumSize-1), false},
		"another place":          {marks, staff, "/admin/accounts?state=active&kind=person&after=" + flipped(sumSize), false},
		"the bare place":         {marks, staff, "/admin/accounts?state=active&kind=person&after=" + place, false},
		"the hash alone":         {marks, staff, "/admin/accounts?state=active&kind=person&after=" + base64.RawURLEncoding.EncodeToString(content[:sumSize]), false},
		"two marks":              {marks, staff, "/admin/accounts?state=active&kind=person&after=" + mark + "&after=" + mark, false},
		"padded":                 {marks, staff, "/admin/accounts?state=active&kind=person&after=" + mark + "=", false},
		"long":                   {marks, staff, "/admin/accounts?state=active&kind=person&after=" + strings.Repeat("A", MaxLength+4), false},
	} {
		opened, err := c.marks.Open(c.ctx, address(t, c.address))
		if c.opens && (err != nil || opened != place) || !c.opens && (fault.CodeOf(err) != fault.Malformed || opened != "") {
			t.Errorf("%s: %q %v", name, opened, err)
		}
	}
	if first, err := marks.Open(staff, address(t, "/admin/accounts?state=active&after=")); first != "" || err != nil {
		t.Errorf("the first page: %q %v", first, err)
	}
	if end, err := marks.Seal(staff, address(t, "/admin/accounts"), ""); end != "" || err != nil {
		t.Errorf("the end of a list has the mark %q, %v", end, err)
	}
}

// TestLinksOpenInTheListThatTheyLeadTo, with a filter and a fragment, and as what reads its parameters by itself sees them.
func TestLinksOpenInTheListThatTheyLeadTo(t *testing.T) {
	marks := under("one")
	request := func(target string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		return r.WithContext(With(by(reqctx.Actor{ID: "account:acc_1"}), marks))
	}
	for _, list := range []string{"/me/records", "/me/records?app=x&from=2026-01-01", "/seal/sl_1#uses", "/seal/sl_1?state=a#uses"} {
		link := Onward(request("/"), list, "1.st_1")
		if strings.Contains(link, "1.st_1") || strings.Contains(list, "#uses") != strings.HasSuffix(link, "#uses") {
			t.Errorf("%s: %s", list, link)
		}
		link, _, _ = strings.Cut(link, "#") // no browser sends it
		if place, err := After(request(link)); place != "1.st_1" || err != nil {
			t.Errorf("%s: %q %v", link, place, err)
		}
		r := request(link)
		replaced, err := marks.Replaced(r)
		if err != nil || replaced.URL.Query().Get(Parameter) != "1.st_1" || r.URL.Query().Get(Parameter) == "1.st_1" {
			t.Errorf("%s: %s %v", link, replaced.URL, err)
		}
	}
	if link := Onward(request("/"), "/me/records", ""); link != "" {
		t.Errorf("the end of a list leads to %s", link)
	}
	if _, err := marks.Replaced(request("/api/v1/seals?after=x")); fault.CodeOf(err) != fault.Malformed {
		t.Errorf("%v", err)
	}
}
