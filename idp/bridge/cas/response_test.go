package cas

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// hostile texts that must stay texts in whatever they are written into.
var hostile = []string{"李四", `"><cas:user>admin</cas:user>`, "</cas:user></cas:authenticationSuccess>", "<!DOCTYPE x>", "]]>", "&amp;&#x0;", "a\r\nb\tc", "\x00\x08\ufffe", " edge ", "𠮷"}

func TestValuesNeverBecomeMarkup(t *testing.T) {
	for _, text := range hostile {
		r := Response{User: text, Attributes: map[string][]string{"name": {text, text}}}
		read, err := ReadXML(r.XML())
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if want := carried(text); read.User != want || len(read.Attributes) != 1 || !reflect.DeepEqual(read.Attributes["name"], []string{want, want}) {
			t.Errorf("%q came back as %q %q", text, read.User, read.Attributes)
		}
		f, err := ReadXML(Response{Failure: &Failure{Code: InvalidTicket, Description: text}}.XML())
		if err != nil || f.Failure == nil || f.Failure.Code != InvalidTicket || f.Failure.Description != carried(text) || f.User != "" {
			t.Errorf("failure %q came back as %+v, %v", text, f, err)
		}
		l, err := ReadLogoutRequest([]byte(LogoutRequest{ID: text, At: time.Unix(1, 0), Ticket: text}.XML()))
		if err != nil || l.Ticket != carried(text) {
			t.Errorf("logout of %q came back as %q, %v", text, l.Ticket, err)
		}
	}
}

// carried is a text after XML 1.0: characters that it cannot hold are U+FFFD.
func carried(text string) string {
	return strings.Map(func(r rune) rune {
		if r == 0x9 || r == 0xA || r == 0xD || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF {
			return r
		}
		return utf8.RuneError
	}, text)
}

func TestNamesThatAreNoNamesAreLeftOut(t *testing.T) {
	raw := string(Response{User: "u", Attributes: map[string][]string{"a b": {"1"}, "x><cas:user>": {"2"}, "cas:user": {"3"}, "good": {"4"}}}.XML())
	read, err := ReadXML([]byte(raw))
	if err != nil || read.User != "u" || len(read.Attributes) != 1 || read.Attributes["good"][0] != "4" {
		t.Errorf("read %+v, %v of %s", read, err, raw)
	}
}

func TestUnreadableAnswersAreRefused(t *testing.T) {
	ok := string(Response{User: "u"}.XML())
	for name, raw := range map[string]string{
		"empty":           "",
		"doctype":         "<!DOCTYPE r [<!ENTITY e 'x'>]>" + ok,
		"second root":     ok + ok,
		"other namespace": strings.Replace(ok, namespace, "http://evil", 1),
		"cut":             ok[:len(ok)-10],
		"no user":         strings.Replace(ok, "<cas:user>u</cas:user>", "", 1),
		"both answers":    strings.Replace(ok, "</cas:serviceResponse>", `<cas:authenticationFailure code="X"/></cas:serviceResponse>`, 1),
		"deep":            "<a>" + strings.Repeat("<b>", 20) + strings.Repeat("</b>", 20) + "</a>",
		"large":           strings.Repeat(" ", maxResponse+1),
	} {
		if r, err := ReadXML([]byte(raw)); !errors.Is(err, ErrResponse) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	for name, raw := range map[string]string{"answer": ok, "no index": `<p:LogoutRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0" IssueInstant="2026-01-01T00:00:00Z"/>`} {
		if _, err := ReadLogoutRequest([]byte(raw)); !errors.Is(err, ErrResponse) {
			t.Errorf("logout of %s: %v", name, err)
		}
	}
}

func FuzzResponse(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, text, text)
	}
	f.Fuzz(func(t *testing.T, user, name, value string) {
		r := Response{User: "u" + user, Attributes: map[string][]string{name: {value}, "good": {value}}}
		read, err := ReadXML(r.XML())
		if err != nil || read.User != carried(r.User) || read.Attributes["good"][0] != carried(value) || len(read.Attributes) > 2 {
			t.Fatalf("%q came back as %+v, %v", r, read, err)
		}
		raw, err := r.JSON()
		if err != nil || !json.Valid(raw) {
			t.Fatalf("JSON %q, %v", raw, err)
		}
		l, err := ReadLogoutRequest([]byte(LogoutRequest{ID: user, At: time.Unix(1, 0), Ticket: "ST" + value}.XML()))
		if err != nil || l.Ticket != carried("ST"+value) {
			t.Fatalf("logout came back as %+v, %v", l, err)
		}
	})
}

func FuzzReadXML(f *testing.F) {
	f.Add(Response{User: "u", Attributes: map[string][]string{"a": {"1", "2"}}}.XML())
	f.Add(Response{Failure: &Failure{Code: InvalidTicket, Description: "d"}}.XML())
	f.Add([]byte(LogoutRequest{ID: "i", At: time.Unix(1, 0), Ticket: "ST-1"}.XML()))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := ReadXML(raw); err == nil && r.Failure == nil { // what was read is written so that it reads the same
			again, err := ReadXML(r.XML())
			if err != nil || again.User != r.User {
				t.Fatalf("%+v, then %+v, %v", r, again, err)
			}
		}
		ReadLogoutRequest(raw)
	})
}

func TestOnlyRegisteredAttributesAreReleased(t *testing.T) {
	claims := map[string]any{"ial": 2, "name": "李四", "phone_number": "13800138021", "phone_number_verified": true, "verified_claims": map[string]any{"x": 1}, "actor": "forged"}
	how := How{At: time.Unix(0, 0), ACR: "urn:yinxin:aal:1", AMR: []string{"pwd", "otp"}, Actor: "p"}
	all := Service{}.AttributesFor(claims, how)
	if all["ial"][0] != "2" || all["name"][0] != "李四" || len(all["amr"]) != 2 || all["verified_claims"] != nil || all["actor"][0] != "p" || all["phone_number_verified"][0] != "true" {
		t.Errorf("all: %v", all)
	}
	some := Service{Attributes: map[string]string{"name": "cn", "acr": "level"}}.AttributesFor(claims, how)
	if some["cn"][0] != "李四" || some["level"][0] != "urn:yinxin:aal:1" || some["name"] != nil || some["phone_number"] != nil || some["ial"] != nil || some["amr"] != nil || some["actor"][0] != "p" {
		t.Errorf("some: %v", some)
	}
}

func TestRegistrationsThatCannotBe(t *testing.T) {
	good := func() Service {
		return Service{Registration: bridge.Registration{ID: "old", URLs: []string{"https://old.gov.cn/cas"}, Scope: "profile phone"}}
	}
	for name, change := range map[string]func(*Service){
		"id with a blank":          func(s *Service) { s.ID = "a b" },
		"no address":               func(s *Service) { s.URLs = nil },
		"wildcard":                 func(s *Service) { s.URLs = []string{"https://*.gov.cn/"} },
		"script":                   func(s *Service) { s.URLs = []string{"javascript:alert(1)"} },
		"plain http":               func(s *Service) { s.URLs = []string{"http://old.gov.cn/"} },
		"loopback of a web system": func(s *Service) { s.URLs = []string{"http://127.0.0.1/"} },
		"logout address":           func(s *Service) { s.LogoutURL = "file:///x" },
		"unknown scope":            func(s *Service) { s.Scope = "everything" },
		"user id without scope":    func(s *Service) { s.UserID = "email" },
		"ID number without a law":  func(s *Service) { s.Scope, s.UserID = "identity", "id_document_number" },
		"level above its limit":    func(s *Service) { s.IAL, s.MaxIAL = 3, 2 },
		"level":                    func(s *Service) { s.AAL = 4 },
		"attribute name":           func(s *Service) { s.Attributes = map[string]string{"name": "a b"} },
		"attribute of CAS":         func(s *Service) { s.Attributes = map[string]string{"name": "isFromNewLogin"} },
	} {
		s := good()
		change(&s)
		if err := s.Normalize(); fault.CodeOf(err) != fault.ClientMetadata {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := good()
	if err := s.Normalize(); err != nil || s.UserID != bridge.Pairwise || s.Name != "old" {
		t.Errorf("good: %+v, %v", s, err)
	}
}

func FuzzReadProxyXML(f *testing.F) {
	f.Add(ProxyResponse{Ticket: "PT-1"}.XML())
	f.Add(ProxyResponse{Failure: &Failure{Code: UnauthorizedService, Description: "<d>"}}.XML())
	f.Add(Response{User: "u", PGTIOU: "PGTIOU-1", Proxies: []string{"https://a", "https://b"}}.XML())
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := ReadProxyXML(raw)
		if err != nil {
			return
		}
		if (r.Ticket == "") == (r.Failure == nil) {
			t.Fatalf("%s is neither ticket nor failure: %+v", raw, r)
		}
		if again, err := ReadProxyXML(r.XML()); err != nil || again.Ticket != r.Ticket || r.Failure != nil && *again.Failure != *r.Failure {
			t.Fatalf("%+v, then %+v, %v", r, again, err)
		}
	})
}
