package sealhttp_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
)

// A renewal over the API: the application names the seal before, and both say so of each other.
func TestReplacementOverTheAPI(t *testing.T) {
	s := newSite(t)
	old := s.world.Active(t, sealtest.SampleApplication(1))
	body := application(2)
	body["replaces"] = old.ID
	fresh := s.json(keeper, http.MethodPost, "/api/v1/seals", body, http.StatusCreated)
	path := "/api/v1/seals/" + fresh["id"].(string)
	if fresh["replaces"] != old.ID {
		t.Errorf("%v", fresh)
	}
	again := application(3)
	again["replaces"] = old.ID
	if refused := s.json(keeper, http.MethodPost, "/api/v1/seals", again, http.StatusConflict); refused["code"] != "YX-SEAL-452" || !strings.Contains(fmt.Sprint(refused), fresh["seal_id"].(string)) {
		t.Errorf("%v", refused)
	}
	s.json(reviewer, http.MethodPost, path+"/approval", nil, http.StatusOK)
	s.json(maker, http.MethodPost, path+"/making", nil, http.StatusOK)
	if before := s.json(keeper, http.MethodGet, "/api/v1/seals/"+old.ID, nil, http.StatusOK); before["state"] != "active" || before["replaced_by"] != fresh["id"] {
		t.Errorf("before: %v", before)
	}
	s.json(keeper, http.MethodPost, path+"/activation", nil, http.StatusOK)
	if after := s.json(keeper, http.MethodGet, "/api/v1/seals/"+old.ID, nil, http.StatusOK); after["state"] != "revoked" || after["cause"] != "replaced" || after["replaced_by"] != fresh["id"] {
		t.Errorf("after: %v", after)
	}
	lost := s.json(keeper, http.MethodPost, path+"/loss", map[string]any{"reason": "密码钥匙遗失"}, http.StatusOK)
	if lost["state"] != "suspended" || lost["cause"] != "lost" || lost["lost_at"] != nil || lost["status_reason"] != "密码钥匙遗失" {
		t.Errorf("lost: %v", lost)
	}
	s.json(reviewer, http.MethodPost, path+"/loss", map[string]any{"reason": "r"}, http.StatusForbidden)
	if refused := s.json(keeper, http.MethodPost, path+"/loss", map[string]any{"reason": "r", "lost_at": s.world.Now().Add(time.Hour)}, http.StatusUnprocessableEntity); refused["code"] != "YX-SEAL-453" {
		t.Errorf("%v", refused)
	}
	if found := s.json(reviewer, http.MethodPost, path+"/resumption", nil, http.StatusOK); found["state"] != "active" || found["cause"] != nil {
		t.Errorf("found: %v", found)
	}
}

// A renewal on the pages: the form comes filled from the seal before, keeps it when something must be corrected, and both pages lead to
// each other.
func TestReplacementOnThePages(t *testing.T) {
	s := newSite(t)
	old := s.world.Active(t, sealtest.SampleApplication(1))
	link := `href="/seal/new?replaces=` + old.ID + `"`
	if !strings.Contains(s.page(keeper, "/seal/"+old.ID, http.StatusOK), link) || strings.Contains(s.page(reviewer, "/seal/"+old.ID, http.StatusOK), link) {
		t.Error("a replacement is for keepers to ask for")
	}
	form := s.page(keeper, "/seal/new?replaces="+old.ID, http.StatusOK)
	hidden := `name="replaces" value="` + old.ID + `"`
	for _, want := range []string{hidden, old.Name + " " + old.Code, `value="` + old.Owner + `"`, `value="` + old.OwnerCode + `"`, `value="` + old.Line + `"`} {
		if !strings.Contains(form, want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	s.page(keeper, "/seal/new?replaces=seal_none", http.StatusNotFound)
	typed := applicationForm(2)
	typed.Set("replaces", old.ID)
	wrong := applicationForm(2)
	wrong.Set("replaces", old.ID)
	wrong.Set("seal-owner-code", "91999900MA0000015N")
	if body := s.post(keeper, "/seal/new", wrong, http.StatusUnprocessableEntity).Body.String(); !strings.Contains(body, "YX-SEAL-451") && !strings.Contains(body, "换发前后须为同一单位") || !strings.Contains(body, hidden) {
		t.Error("another organisation is not refused on the form, or the seal before is forgotten")
	}
	where := s.post(keeper, "/seal/new", typed, http.StatusSeeOther).Header().Get("Location")
	if body := s.page(keeper, where, http.StatusOK); !strings.Contains(body, `href="/seal/`+old.ID+`"`) {
		t.Error("the new seal does not say whose place it takes")
	}
	s.post(reviewer, where+"/approve", nil, http.StatusSeeOther)
	s.post(maker, where+"/make", nil, http.StatusSeeOther)
	s.post(keeper, where+"/activate", nil, http.StatusSeeOther)
	body := s.page(keeper, "/seal/"+old.ID, http.StatusOK)
	if !strings.Contains(body, `id="seal-replaced-by" href="`+where+`"`) || !strings.Contains(body, "已换发") || strings.Contains(body, link) {
		t.Error("the page of the seal before does not say that it was replaced")
	}
	if code := typed.Get("seal-number"); code == "" || strings.Count(body, code) != 1 {
		t.Errorf("the code of the new seal is named %d times; once is the link", strings.Count(body, code))
	}
}

// The page of a seal that ends soon says so, and the list shows those alone; not once another one is to take its place.
func TestEndOfASealIsAnnounced(t *testing.T) {
	s := newSite(t)
	old := s.world.Active(t, sealtest.SampleApplication(1))
	s.world.Active(t, sealtest.SampleApplication(2))
	s.world.Advance(old.ValidTo.Sub(s.world.Now()) - 30*24*time.Hour)
	announced := func() bool {
		return strings.Contains(s.page(keeper, "/seal/"+old.ID, http.StatusOK), "请及时换发")
	}
	if !announced() || strings.Count(s.page(keeper, "/seal?state=ending", http.StatusOK), `href="/seal/seal_`) != 2 {
		t.Error("the end is not announced")
	}
	body := application(3)
	body["replaces"] = old.ID
	s.json(keeper, http.MethodPost, "/api/v1/seals", body, http.StatusCreated)
	if announced() || strings.Contains(s.page(keeper, "/seal?state=ending", http.StatusOK), `href="/seal/`+old.ID+`"`) {
		t.Error("it is still announced")
	}
	if listed := s.json(keeper, http.MethodGet, "/api/v1/seals?state=ending", nil, http.StatusOK); len(listed["seals"].([]any)) != 1 {
		t.Errorf("%v", listed)
	}
}

// A loss on the pages: a keeper reports it with the day, a reviewer finds that day on the form that makes it final.
func TestLossOnThePages(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	s.world.Advance(72 * time.Hour)
	path := "/seal/" + seal.ID
	china := time.FixedZone("UTC+8", 8*60*60)
	on := func(step string, at time.Time) url.Values {
		at = at.In(china)
		prefix := "seal-" + step + "-since-"
		return url.Values{"reason": {"密码钥匙遗失"}, prefix + "year": {at.Format("2006")}, prefix + "month": {at.Format("1")}, prefix + "day": {at.Format("2")}}
	}
	if body := s.page(keeper, path, http.StatusOK); !strings.Contains(body, `id="seal-lose"`) || strings.Contains(body, `id="seal-revoke-lost"`) {
		t.Error("steps of a keeper")
	}
	for name, form := range map[string]url.Values{
		"tomorrow":           on("lose", s.world.Now().Add(24*time.Hour)),
		"before it was made": on("lose", seal.ValidFrom.Add(-48*time.Hour)),
		"no day":             {"reason": {"r"}, "seal-lose-since-year": {"2026"}, "seal-lose-since-month": {"x"}},
		"no reason":          on("lose", s.world.Now()),
	} {
		if name == "no reason" {
			form.Set("reason", "")
		}
		body := s.post(keeper, path+"/lose", form, http.StatusUnprocessableEntity).Body.String()
		if day := form.Get("seal-lose-since-day"); day != "" && !strings.Contains(body, `name="seal-lose-since-day" inputmode="numeric" maxlength="2" class="digits" value="`+day+`"`) {
			t.Errorf("%s: what was typed is gone", name)
		}
		if name != "no reason" && !strings.Contains(body, `href="#seal-lose-since"`) {
			t.Errorf("%s: the summary does not lead to the day", name)
		}
	}
	if got, _ := s.twin.Seal(t.Context(), seal.ID); got.State != esign.Active {
		t.Fatalf("refused, and %s", got.State)
	}
	s.post(keeper, path+"/lose", on("lose", s.world.Now().Add(-24*time.Hour)), http.StatusSeeOther)
	got, _ := s.twin.Seal(t.Context(), seal.ID)
	day := s.world.Now().Add(-24 * time.Hour).In(china)
	if want := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, china); got.State != esign.Suspended || got.Cause != esign.CauseLost || !got.LostAt.Equal(want) {
		t.Errorf("%+v, want since %v", got, want)
	}
	body := s.page(reviewer, path, http.StatusOK)
	for _, want := range []string{"已挂失", "遗失", `id="seal-revoke-lost"`, `id="seal-resume"`, `name="seal-revoke-lost-since-day" inputmode="numeric" maxlength="2" class="digits" value="` + day.Format("2") + `"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the reviewer's page lacks %q", want)
		}
	}
	s.post(reviewer, path+"/revoke-lost", on("revoke-lost", seal.ValidFrom), http.StatusSeeOther) // the day on which it was made begins before it
	if got, _ = s.twin.Seal(t.Context(), seal.ID); got.State != esign.Revoked || got.Cause != esign.CauseLost || !got.LostAt.Equal(seal.ValidFrom) {
		t.Errorf("%+v", got)
	}
}
