package federation

import (
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

func TestRegistrationsThatCannotBe(t *testing.T) {
	good := func() Source { return Source{ID: "province", Issuer: "https://id.province.gov.cn", ClientID: "county"} }
	for name, change := range map[string]func(*Source){
		"id":                     func(s *Source) { s.ID = "a/b" },
		"protocol":               func(s *Source) { s.Protocol = "saml" },
		"no issuer":              func(s *Source) { s.Issuer = "" },
		"plain http":             func(s *Source) { s.Issuer = "http://id.province.gov.cn" },
		"user in the issuer":     func(s *Source) { s.Issuer = "https://a@id.province.gov.cn" },
		"query in the issuer":    func(s *Source) { s.Issuer = "https://id.province.gov.cn?x=1" },
		"no client":              func(s *Source) { s.ClientID = "" },
		"no openid":              func(s *Source) { s.Scope = "profile" },
		"algorithm none":         func(s *Source) { s.Algorithms = []string{"none"} },
		"algorithm HS256":        func(s *Source) { s.Algorithms = []string{"ES256", "HS256"} },
		"level above ours":       func(s *Source) { s.TrustedIdentity, s.Levels = true, map[string]int{"x": 5} },
		"level without identity": func(s *Source) { s.Levels = map[string]int{"x": 1} },
		"strength above ours":    func(s *Source) { s.ACRs = map[string]int{"x": 4} },
		"word above ours":        func(s *Source) { s.AMRs = map[string]int{"x": 4} },
		"staff by ticket":        func(s *Source) { s.Staff, s.Protocol = true, ProtocolTicket },
		"staff with identities":  func(s *Source) { s.Staff, s.TrustedIdentity = true, true },
		"staff with levels":      func(s *Source) { s.Staff, s.Levels = true, map[string]int{"x": 0} },
		"staff and its logout":   func(s *Source) { s.Staff, s.EndSession = true, true },
		"staff without accounts": func(s *Source) { s.Staff, s.NoAccounts = true, true },
		"level that never ends":  func(s *Source) { s.LevelDays = 100_000 },
	} {
		s := good()
		change(&s)
		if err := s.Normalize(); fault.CodeOf(err) != fault.ClientMetadata {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := good()
	if err := s.Normalize(); err != nil || len(s.Algorithms) != 1 || s.LevelClaim != "ial" || s.LevelDays != 365 {
		t.Errorf("good: %+v, %v", s, err)
	}
}

func TestOnlyATrustedSourceProvesAnIdentity(t *testing.T) {
	service := New(Config{Now: func() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }})
	who := Identity{Level: "2", Name: "张三", Number: "11010519491231002x"}
	for trusted, want := range map[bool]bool{true: true, false: false} {
		proven := service.proven(Source{ID: "p", TrustedIdentity: trusted, Levels: map[string]int{"2": 2}, LevelDays: 30}, who)
		if (proven != nil) != want {
			t.Errorf("trusted %v proves %+v", trusted, proven)
		}
		if proven != nil && (proven.Number != "11010519491231002X" || proven.IAL != 2 || !proven.Until.Equal(proven.At.AddDate(0, 0, 30))) {
			t.Errorf("proven is %+v", proven)
		}
	}
}

func TestMapsGiveNothingThatTheyDoNotHold(t *testing.T) {
	s := Source{Levels: map[string]int{"L3": 2}, ACRs: map[string]int{"strong": 2}}
	s.AMRs = map[string]int{"mfa": 2, "hwk": 3}
	for level, row := range map[int][]string{1: {"", "pwd"}, 2: {"strong", "pwd"}, 3: {"strong", "mfa", "hwk"}} {
		if got := s.AAL(row[0], row[1:]...); int(got) != level {
			t.Errorf("%v gives %d", row, got)
		}
	}
	for word, ial := range map[string]int{"L3": 2, "l3": 0, "4": 0, "": 0} {
		if got := s.IAL(word); int(got) != ial {
			t.Errorf("level %q gives %d", word, got)
		}
	}
	for acr, aal := range map[string]int{"strong": 2, "urn:yinxin:aal:3": 1, "": 1} {
		if got := s.AAL(acr); int(got) != aal {
			t.Errorf("acr %q gives %d", acr, got)
		}
	}
}
