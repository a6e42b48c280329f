package sealhttp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
)

var (
	auditor = caller{"staff:auditor", esign.RoleAuditor}
	deputy  = caller{"staff:second", esign.RoleKeeper}
)

// flagged gives a seal that was used once by day and once at night.
func (s *site) flagged() esign.Seal {
	seal := s.world.Active(s.t, sealtest.SampleApplication(1))
	stamps := "/api/v1/seals/" + seal.ID + "/stamps"
	s.json(keeper, http.MethodPost, stamps, order(sealtest.Document(s.t, 1)), http.StatusCreated, key, "key-00001")
	s.world.Advance(12 * time.Hour)
	sealed := s.json(keeper, http.MethodPost, stamps, order(sealtest.Document(s.t, 2)), http.StatusCreated, key, "key-00002")
	again := s.json(keeper, http.MethodPost, stamps, order(sealtest.Document(s.t, 2)), http.StatusCreated, key, "key-00002")
	if sealed["stamp"].(map[string]any)["flags"] != nil || again["stamp"].(map[string]any)["flags"] != nil {
		s.t.Errorf("the same key gives another answer: %v, then %v", sealed["stamp"], again["stamp"])
	}
	return seal
}

func TestFlagsOverTheAPI(t *testing.T) {
	s := newSite(t)
	seal := s.flagged()
	stamps := "/api/v1/seals/" + seal.ID + "/stamps"
	for query, want := range map[string]int{"": 2, "?flag=any": 1, "?flag=night": 1, "?flag=volume": 0} {
		if got := s.json(keeper, http.MethodGet, stamps+query, nil, http.StatusOK)["stamps"].([]any); len(got) != want {
			t.Errorf("%q: %d uses, want %d", query, len(got), want)
		}
	}
	s.json(keeper, http.MethodGet, stamps+"?flag=odd", nil, http.StatusUnprocessableEntity)
	list := s.json(auditor, http.MethodGet, "/api/v1/seal-flags?state=open", nil, http.StatusOK)["days"].([]any)
	if len(list) != 1 {
		t.Fatalf("%v", list)
	}
	day := list[0].(map[string]any)
	one := "/api/v1/seal-flags/" + day["id"].(string)
	if day["seal"] != seal.ID || day["uses"] != 1.0 || day["state"] != "open" || day["flags"].([]any)[0] != "night" || day["day"] != "2026-11-24" || day["looked_at"] != nil {
		t.Errorf("%v", day)
	}
	uses := s.json(auditor, http.MethodGet, one+"/stamps", nil, http.StatusOK)["stamps"].([]any)
	if len(uses) != 1 || uses[0].(map[string]any)["flags"].([]any)[0] != "night" || uses[0].(map[string]any)["by"] != nil {
		t.Errorf("%v", uses)
	}
	s.json(person, http.MethodGet, one, nil, http.StatusForbidden)
	s.json(auditor, http.MethodGet, stamps, nil, http.StatusForbidden) // auditors see what is flagged, not all of seals
	s.json(auditor, http.MethodGet, one+"x", nil, http.StatusNotFound)
	look := func(as caller, uses int, want int) map[string]any {
		return s.json(as, http.MethodPost, one+"/look", map[string]any{"uses": uses, "note": "加班，已核实"}, want)
	}
	if got := look(keeper, 1, http.StatusForbidden); got["code"] != "YX-SEAL-475" {
		t.Errorf("%v", got)
	}
	if got := look(deputy, 2, http.StatusConflict); got["code"] != "YX-SEAL-476" {
		t.Errorf("%v", got)
	}
	if got := look(deputy, 1, http.StatusOK); got["state"] != "looked_at" || got["looked_by"] != "staff:second" || got["note"] != "加班，已核实" || got["looked_at_uses"] != 1.0 {
		t.Errorf("%v", got)
	}
	if got := s.json(auditor, http.MethodGet, "/api/v1/seal-flags?state=open", nil, http.StatusOK)["days"].([]any); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// TestX23VolumeOverTheAPI: a flag tells its numbers.
func TestX23VolumeOverTheAPI(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	for n := range esign.HourFloor + 1 {
		s.world.Advance(time.Second)
		r := sealtest.Request(seal, sealtest.Document(t, 1))
		r.Key = "key-many-" + string(rune('a'+n))
		if _, _, err := s.world.Service.Stamp(sealtest.Keeper, r); err != nil {
			t.Fatal(err)
		}
	}
	got := s.json(keeper, http.MethodGet, "/api/v1/seals/"+seal.ID+"/stamps?flag=volume", nil, http.StatusOK)["stamps"].([]any)
	if len(got) != 1 {
		t.Fatalf("%v", got)
	}
	if v := got[0].(map[string]any)["volume"].(map[string]any); v["hour"] != 21.0 || v["hour_limit"] != 20.0 || v["day"] != nil {
		t.Errorf("%v", v)
	}
	if page := s.page(keeper, "/seal/"+seal.ID, http.StatusOK); !strings.Contains(page, "一小时内第 21 次，平常不超过 20 次") {
		t.Error("the page of the seal does not say so")
	}
}

func TestPagesOfFlags(t *testing.T) {
	s := newSite(t)
	seal := s.flagged()
	if page := s.page(keeper, "/seal/"+seal.ID, http.StatusOK); !strings.Contains(page, "非工作时段用印") || !strings.Contains(page, `href="/seal/logs/`+seal.ID+`"`) {
		t.Error("the page of the seal does not tell the flag, or lead to the log")
	}
	if page := s.page(keeper, "/seal/logs/"+seal.ID, http.StatusOK); strings.Count(page, "<tr>") != 3 {
		t.Errorf("%d rows", strings.Count(page, "<tr>"))
	}
	if page := s.page(keeper, "/seal/logs/"+seal.ID+"?flag=night", http.StatusOK); strings.Count(page, "<tr>") != 2 {
		t.Errorf("%d rows at night", strings.Count(page, "<tr>"))
	}
	if page := s.page(keeper, "/seal/logs/"+seal.ID+"?flag=volume", http.StatusOK); !strings.Contains(page, "没有用印记录") {
		t.Error("rows where nothing was flagged")
	}
	s.page(auditor, "/seal/logs/"+seal.ID, http.StatusForbidden)
	s.page(person, "/seal/flags", http.StatusForbidden)
	address := "/seal/flags/" + seal.ID + ".2026-11-24"
	if page := s.page(auditor, "/seal/flags?state=open", http.StatusOK); !strings.Contains(page, `href="`+address+`"`) {
		t.Error("the list does not lead to the day")
	}
	if page := s.page(keeper, address, http.StatusOK); !strings.Contains(page, "须由其他保管人或审计人员查看") || strings.Contains(page, "flags-look-reason") {
		t.Error("who made the use is offered to look at it")
	}
	if page := s.page(reviewer, address, http.StatusOK); strings.Contains(page, "flags-look-reason") {
		t.Error("a reviewer is offered to look at it")
	}
	if page := s.page(deputy, address, http.StatusOK); !strings.Contains(page, "flags-look-reason") || !strings.Contains(page, "用印时间不在工作时段内") || !strings.Contains(page, "公布") {
		t.Error("the page does not say why, or has no form")
	}
	look := func(as caller, uses, note string) (int, string) {
		rec := s.send(as, http.MethodPost, address+"/look", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, strings.NewReader(url.Values{"uses": {uses}, "reason": {note}}.Encode()))
		return rec.Code, rec.Body.String()
	}
	if code, page := look(deputy, "1", ""); code != http.StatusUnprocessableEntity || !strings.Contains(page, "flags-look-reason-error") {
		t.Errorf("without a note: %d", code)
	}
	if code, page := look(deputy, "x", "已核实，加班"); code != http.StatusConflict || !strings.Contains(page, "已核实，加班") {
		t.Errorf("another number: %d, or what was typed is lost", code)
	}
	if code, _ := look(keeper, "1", "已核实"); code != http.StatusForbidden {
		t.Errorf("who made it: %d", code)
	}
	if code, _ := look(deputy, "1", "已核实，加班"); code != http.StatusSeeOther {
		t.Errorf("%d", code)
	}
	if page := s.page(auditor, address, http.StatusOK); !strings.Contains(page, "已核实，加班") || !strings.Contains(page, "staff:second") || strings.Contains(page, "flags-look-reason") {
		t.Error("the page does not say who looked, or asks again")
	}
	s.page(auditor, "/seal/flags/none", http.StatusNotFound)
}
