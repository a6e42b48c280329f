package staffhttp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/web"
	"github.com/yinxin-gov/yinxin/web/gallery"
)

// console keeps what the forms of a realm keep, one of which has inputs that data declares.
func console() *Server {
	return &Server{Config: Config{Inputs: func(path string) []string {
		if path == "/license/new" {
			return []string{"type", "holderName", "person_name", "reason"}
		}
		return nil
	}}}
}

func keeps(path string) func(input string) bool { return console().keeps(path) }

// TestDeclaredInputsAloneAreKept: of a form whose inputs data declares; no other form has them.
func TestDeclaredInputsAloneAreKept(t *testing.T) {
	keep := keeps("/license/new")
	for input, want := range map[string]bool{"type": true, "person_name": true, "issuer-submit": false, "pin": false, "passphrase": false, "name": false, "anything": false} {
		if keep(input) != want {
			t.Errorf("%s: kept %t", input, !want)
		}
	}
	if keeps("/license/lic_1/revoke")("person_name") || !keeps("/license/lic_1/revoke")("reason") {
		t.Error("another form of the centre has those inputs, or lost its own")
	}
}

// TestRowsOfRecipientsAreKept: for their own form alone, without its buttons.
func TestRowsOfRecipientsAreKept(t *testing.T) {
	for _, input := range []string{"recipients-rows", "recipients-1-department", "recipients-80-law"} {
		if !keeps("/admin/clients/matter/edit")(input) || !keeps("/admin/clients/new")(input) {
			t.Errorf("%s is not kept", input)
		}
		if keeps("/admin/members/new")(input) {
			t.Errorf("%s of another form is kept", input)
		}
	}
	for _, input := range []string{"recipients-more", "recipients-1-secret", "recipients-100-law", "recipients-1-law2"} {
		if keeps("/admin/clients/new")(input) {
			t.Errorf("%s is kept", input)
		}
	}
}

// secretName is what inputs for secrets are called. "code" alone is not in it: consoles keep codes of reasons and of offices.
var secretName = regexp.MustCompile(`(^|[-_])(pass|password|passphrase|pin|otp|secret|tokens?|card|answer|signature|certificate)($|[-_])`)

// TestKeptFormsOfConsolesHoldNoSecret: by name, whatever pages ask for it.
func TestKeptFormsOfConsolesHoldNoSecret(t *testing.T) {
	for _, input := range keptFields {
		if input != "token-name" && secretName.MatchString(input) { // what a token is for, which its page shows
			t.Errorf("%s is kept", input)
		}
	}
}

// TestSecretsOfPagesAreNotKept walks all states of all pages in the gallery: an input that hides what is typed, or that a browser fills in with a
// password or a code, is kept from no form of a console, and neither is a field that carries a secret of the platform.
func TestSecretsOfPagesAreNotKept(t *testing.T) {
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Config{Catalogue: catalogue})
	if err != nil {
		t.Fatal(err)
	}
	site := gallery.New(pages)
	secrets, actions := map[string]string{}, map[string]bool{"/admin/clients/new": true, "/seal/new": true, "/counter/terminals": true, tokensPath: true}
	for _, sample := range gallery.Samples() {
		answer := httptest.NewRecorder()
		site.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/design/"+sample.Name, nil))
		root, err := html.Parse(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		action := ""
		for n := range root.Descendants() {
			attribute := map[string]string{}
			for _, a := range n.Attr {
				attribute[a.Key] = a.Val
			}
			switch {
			case n.Type != html.ElementNode:
			case n.Data == "form":
				action, _, _ = strings.Cut(attribute["action"], "?")
				if attribute["method"] == "post" && Console(action) {
					actions[action] = true
				}
			case n.Data == "input" && attribute["name"] != "":
				switch {
				case attribute["type"] == "password", attribute["autocomplete"] == "one-time-code", strings.HasSuffix(attribute["autocomplete"], "-password"):
					secrets[attribute["name"]] = sample.Name
				}
			}
		}
	}
	if len(secrets) < 5 || len(actions) < 20 {
		t.Fatalf("the walk found %d inputs for secrets and %d forms of consoles", len(secrets), len(actions))
	}
	for action := range actions {
		keep := keeps(action)
		if keep == nil {
			continue
		}
		typed := url.Values{"reason": {"原因"}}
		for input := range secrets {
			typed.Set(input, "typed-and-secret")
		}
		r := httptest.NewRequest(http.MethodPost, action, strings.NewReader(typed.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		form, ok := web.ReadTyped(httptest.NewRecorder(), r, web.TypedByOffices, keep)
		if !ok || form.Get("reason") != "原因" {
			t.Errorf("%s keeps nothing", action)
		}
		for input := range form.Fields {
			if input != "reason" {
				t.Errorf("%s keeps %s, a secret of the page %s", action, input, secrets[input])
			}
		}
	}
}

// TestFormsWithAnEndOfTheirOwnAreNotKept: nothing of a visit, a login, an enrolment and the ways to log in.
func TestFormsWithAnEndOfTheirOwnAreNotKept(t *testing.T) {
	for _, path := range []string{"/counter", "/counter/typed", "/counter/perform", "/counter/screen/pair", loginPath, loginPath + "/second", enrolPath + "/password", securityPath + "/totp/code"} {
		if keeps(path) != nil {
			t.Errorf("a form of %s is kept", path)
		}
	}
	for _, path := range []string{"/counter/terminals", "/counter/terminals/t_1/revocation", "/counter/queue/a_1/accept", "/seal/new", "/license/new"} {
		if keeps(path) == nil || !keeps(path)("reason") {
			t.Errorf("a form of %s is not kept", path)
		}
	}
}
