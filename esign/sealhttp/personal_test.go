package sealhttp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
)

// official is the person of the sample personal seal.
var official = caller{"staff:official", esign.RoleKeeper}

func personalApplication(seal string) map[string]any {
	return map[string]any{"seal_id": seal, "owner": "示例市市场监督管理局", "owner_code": "11990000MB7QX0015W", "kind": "personal", "person": sealtest.PersonName, "person_login": "official", "office": "局长",
		"basis": "示例市任字〔2026〕12号", "layout": "square", "filling": "seal", "height_mm": 20}
}

// TestX15PersonalSealOverTheAPI: from application to use, with every refusal on the way.
func TestX15PersonalSealOverTheAPI(t *testing.T) {
	s := newSite(t)
	made := s.json(keeper, http.MethodPost, "/api/v1/seals", personalApplication("37030000000001"), http.StatusCreated)
	path := "/api/v1/seals/" + made["id"].(string)
	of := made["person"].(map[string]any)
	if made["kind"] != "personal" || of["name"] != sealtest.PersonName || of["account"] != official.id || of["confirmed_by"] != nil || of["layout"] != "square" || of["filling"] != "seal" || of["office"] != "局长" {
		t.Errorf("%v", made)
	}
	if refused := s.json(reviewer, http.MethodPost, path+"/approval", nil, http.StatusConflict); refused["code"] != "YX-SEAL-481" {
		t.Errorf("%v", refused)
	}
	if refused := s.json(keeper, http.MethodPost, path+"/confirmation", nil, http.StatusForbidden); refused["code"] != "YX-SEAL-482" {
		t.Errorf("%v", refused)
	}
	listed := func(state string, want int) {
		t.Helper()
		if got := s.json(reviewer, http.MethodGet, "/api/v1/seals?state="+state, nil, http.StatusOK); len(got["seals"].([]any)) != want {
			t.Errorf("%s: %v", state, got)
		}
	}
	listed("unconfirmed", 1)
	if confirmed := s.json(official, http.MethodPost, path+"/confirmation", nil, http.StatusOK); confirmed["person"].(map[string]any)["confirmed_by"] != official.id {
		t.Errorf("%v", confirmed)
	}
	listed("unconfirmed", 0)
	listed("personal", 1)
	s.json(official, http.MethodPost, path+"/confirmation", nil, http.StatusConflict)
	s.json(reviewer, http.MethodPost, path+"/approval", nil, http.StatusOK)
	s.json(maker, http.MethodPost, path+"/making", nil, http.StatusOK)
	s.json(keeper, http.MethodPost, path+"/activation", nil, http.StatusForbidden)
	s.json(official, http.MethodPost, path+"/activation", nil, http.StatusOK)
	s.json(keeper, http.MethodPost, path+"/stamps", order(sealtest.Document(t, 1)), http.StatusForbidden, "Idempotency-Key", "key-00001")
	s.json(official, http.MethodPost, path+"/stamps", order(sealtest.Document(t, 1)), http.StatusCreated, "Idempotency-Key", "key-00001")

	other := s.json(keeper, http.MethodPost, "/api/v1/seals", personalApplication("37030000000002"), http.StatusCreated)
	if ended := s.json(official, http.MethodPost, "/api/v1/seals/"+other["id"].(string)+"/refusal", map[string]any{"reason": "不需要"}, http.StatusOK); ended["state"] != "revoked" || ended["status_reason"] != "不需要" {
		t.Errorf("%v", ended)
	}
	if plain := s.json(keeper, http.MethodPost, "/api/v1/seals", application(3), http.StatusCreated); plain["kind"] != "organisation" || plain["person"] != nil {
		t.Errorf("%v", plain)
	}
}

// TestFieldsOfAnotherKindOfSeal: what means nothing for the kind is refused, and so is what does not fit.
func TestFieldsOfAnotherKindOfSeal(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct {
		change func(map[string]any)
		field  string
	}{
		"person of a seal of the organisation": {func(b map[string]any) { delete(b, "kind") }, "person"},
		"diameter of a personal seal":          {func(b map[string]any) { b["diameter_mm"] = 20 }, "diameter_mm"},
		"line of a personal seal":              {func(b map[string]any) { b["line"] = "专用章" }, "line"},
		"no layout":                            {func(b map[string]any) { delete(b, "layout") }, "layout"},
		"strip that is too high":               {func(b map[string]any) { b["layout"] = "strip" }, "height_mm"},
		"somebody who works there no more":     {func(b map[string]any) { b["person_login"] = "nobody" }, "person"},
		"somebody else's name":                 {func(b map[string]any) { b["person"] = "李明" }, "person"},
	} {
		body := personalApplication("37030000000001")
		c.change(body)
		refused := s.json(keeper, http.MethodPost, "/api/v1/seals", body, http.StatusUnprocessableEntity)
		found := false
		for _, e := range refused["errors"].([]any) {
			found = found || strings.HasSuffix(e.(map[string]any)["field"].(string), c.field)
		}
		if !found {
			t.Errorf("%s: %v", name, refused)
		}
	}
	if rec := s.send(keeper, http.MethodPost, "/api/v1/seals/image", map[string]string{"Content-Type": "application/json"}, strings.NewReader(`{"seal_id":"37030000000001","owner":"示例局","owner_code":""}`)); rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/png" || !strings.HasPrefix(rec.Body.String(), "\x89PNG") {
		t.Errorf("%d %s", rec.Code, rec.Header().Get("Content-Type"))
	}
	s.json(reviewer, http.MethodPost, "/api/v1/seals/image", personalApplication("37030000000001"), http.StatusForbidden)
	if len(s.twin.Records()) != 0 {
		t.Error("something was kept")
	}
}

func personalForm(n string) url.Values {
	return url.Values{"seal-kind": {"personal"}, "seal-owner": {"示例市市场监督管理局"}, "seal-owner-code": {"11990000MB7QX0015W"}, "seal-person": {sealtest.PersonName}, "seal-person-login": {"official"}, "seal-office": {"局长"},
		"seal-basis": {"示例市任字〔2026〕12号"}, "seal-layout": {"strip"}, "seal-filling": {"none"}, "seal-height": {"10"}, "seal-number": {n}, "seal-years": {"5"}}
}

// TestPersonalSealOnThePages: the form shows the picture before, keeps what was typed, and the pages offer each step to whom it belongs.
func TestPersonalSealOnThePages(t *testing.T) {
	s := newSite(t)
	if body := s.page(keeper, "/seal", http.StatusOK); !strings.Contains(body, `id="seal-make-personal" href="/seal/new?seal-kind=personal"`) || !strings.Contains(body, `value="unconfirmed"`) {
		t.Error("the list has no way to the form, or no filter")
	}
	for _, want := range []string{`name="seal-kind" value="personal"`, `name="seal-person"`, `name="seal-layout"`, "申请个人名章"} {
		if body := s.page(keeper, "/seal/new?seal-kind=personal", http.StatusOK); !strings.Contains(body, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	if body := s.page(keeper, "/seal/new", http.StatusOK); strings.Contains(body, "seal-person") {
		t.Error("the form of the organisation asks for a person")
	}
	form := personalForm("37030000000001")
	form.Set("seal-preview", "1")
	if body := s.post(keeper, "/seal/new", form, http.StatusOK).Body.String(); !strings.Contains(body, `id="seal-drawn"`) || !strings.Contains(body, "25 × 10") || !strings.Contains(body, `value="示例市任字〔2026〕12号"`) {
		t.Error("the preview shows no picture, or forgets what was typed")
	}
	form.Set("seal-basis", "")
	if body := s.post(keeper, "/seal/new", form, http.StatusUnprocessableEntity).Body.String(); !strings.Contains(body, "依据文件：") || strings.Contains(body, `id="seal-drawn"`) || !strings.Contains(body, `name="seal-kind" value="personal"`) {
		t.Error("the preview does not say what is wrong")
	}
	if len(s.twin.Records()) != 0 {
		t.Error("a preview keeps something")
	}
	wrong := personalForm("37030000000001")
	wrong.Set("seal-person", "李明")
	if body := s.post(keeper, "/seal/new", wrong, http.StatusUnprocessableEntity).Body.String(); !strings.Contains(body, "该单位没有这位人员") {
		t.Error("another name is not refused at its input")
	}
	where := s.post(keeper, "/seal/new", personalForm("37030000000001"), http.StatusSeeOther).Header().Get("Location")
	offers := func(as caller, want ...string) {
		t.Helper()
		body := s.page(as, where, http.StatusOK)
		for _, step := range []string{"confirm", "decline", "approve", "make", "activate"} {
			has := strings.Contains(body, `id="seal-`+step+`"`)
			if wanted := strings.Contains(" "+strings.Join(want, " ")+" ", " "+step+" "); has != wanted {
				t.Errorf("%s: %s is offered: %v", as.id, step, has)
			}
		}
	}
	offers(keeper)
	offers(reviewer)
	offers(official, "confirm", "decline")
	if body := s.page(reviewer, where, http.StatusOK); !strings.Contains(body, "待本人确认") || !strings.Contains(body, sealtest.PersonName) {
		t.Error("the page does not say for whom it waits")
	}
	if list := s.page(reviewer, "/seal?state=unconfirmed", http.StatusOK); !strings.Contains(list, `href="`+where+`"`) || !strings.Contains(list, "待本人确认") {
		t.Error("it is not listed")
	}
	if body := s.post(keeper, where+"/confirm", nil, http.StatusForbidden).Body.String(); !strings.Contains(body, "只能由本人使用") {
		t.Error("somebody else confirms")
	}
	if body := s.post(official, where+"/decline", nil, http.StatusUnprocessableEntity).Body.String(); !strings.Contains(body, "请写明原因") {
		t.Error("declined without a reason")
	}
	s.post(official, where+"/confirm", nil, http.StatusSeeOther)
	offers(caller{official.id, every.roles})
	offers(caller{keeper.id, every.roles})
	offers(reviewer, "approve")
	s.post(reviewer, where+"/approve", nil, http.StatusSeeOther)
	offers(caller{official.id, every.roles})
	offers(maker, "make")
	s.post(maker, where+"/make", nil, http.StatusSeeOther)
	offers(keeper)
	offers(official, "activate")
	s.post(official, where+"/activate", nil, http.StatusSeeOther)
	if body := s.page(official, where, http.StatusOK); !strings.Contains(body, `id="stamp-submit"`) || !strings.Contains(body, "25 × 10") || !strings.Contains(body, "局长") {
		t.Error("the person cannot seal")
	}
	if body := s.page(keeper, where, http.StatusOK); strings.Contains(body, `id="stamp-submit"`) || !strings.Contains(body, `id="seal-not-keeper"`) || !strings.Contains(body, "个人名章只能由本人使用") || !strings.Contains(body, `id="seal-suspend"`) {
		t.Error("another keeper sees no refusal, or cannot stop it")
	}
	again := s.page(official, "/seal/new?replaces="+strings.TrimPrefix(where, "/seal/"), http.StatusOK)
	for _, want := range []string{`name="seal-kind" value="personal"`, `value="` + sealtest.PersonName + `"`, `value="10"`, `value="strip" selected`} {
		if !strings.Contains(again, want) {
			t.Errorf("the form of a replacement lacks %s", want)
		}
	}
	s.world.People.Change("official", func(p *esign.Person) { p.Works = false })
	if body := s.page(official, where, http.StatusOK); strings.Contains(body, `id="stamp-submit"`) || !strings.Contains(body, "已离任") {
		t.Error("somebody who left may seal")
	}
	s.world.Steps.FailBefore = func(_ int, name string) bool { return name == "people person" }
	if body := s.page(official, where, http.StatusOK); strings.Contains(body, `id="stamp-submit"`) || !strings.Contains(body, `id="seal-suspend"`) {
		t.Error("silence lets somebody seal, or keeps them from stopping the seal")
	}
}

// TestBrowserPersonalSealWithoutScripts: the person, and those who make the seal, in a real browser.
func TestBrowserPersonalSealWithoutScripts(t *testing.T) {
	d := newDesk(t)
	d.open(keeper, "/seal")
	d.tab.Press(t, "seal-make-personal", "#seal-submit")
	d.tab.Press(t, "seal-submit", ".error-summary")
	d.look("personal-error")
	d.tab.Fill(t, map[string]string{"seal-owner": "示例市市场监督管理局", "seal-owner-code": "11990000MB7QX0015W", "seal-person": sealtest.PersonName, "seal-person-login": "official", "seal-office": "局长", "seal-basis": "示例市任字〔2026〕12号", "seal-number": "37030000000001"})
	d.tab.Press(t, "seal-preview", "#seal-drawn")
	d.look("personal-preview")
	d.tab.Press(t, "seal-submit", "#seal-id")
	d.look("personal-applied")
	path := d.path()
	for _, s := range []struct {
		as   caller
		name string
	}{{official, "confirm"}, {reviewer, "approve"}, {maker, "make"}, {official, "activate"}} {
		d.open(s.as, path)
		d.look("personal-before-" + s.name)
		d.step(s.name, "")
	}
	d.look("personal-active")
	d.open(keeper, path)
	d.look("personal-of-another")
	d.do("no form", chromedp.WaitNotPresent(chromedp.CSS("#stamp-submit")))
	d.open(keeper, "/seal?state=personal")
	d.look("personal-list")
}
