package app_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

func valuesOf(form map[string]string) url.Values {
	values := url.Values{}
	for name, value := range form {
		values.Set(name, value)
	}
	return values
}

// TestServiceItemsAreChosen: without scripts, by search, and what was ticked and typed before a search stays.
func TestServiceItemsAreChosen(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	b := p.SignIn(elder)
	form := map[string]string{"mandate-name": "李四", "mandate-to": helper, "mandate-kind": "relative", "right-view": "1", "mandate-days": "30", "mandate-class": "1", "mandate-item-tax": "1", "mandate-items": "elsewhere"}
	openPage(t, p, b, "/me/mandates/new")
	if text := b.Page.Text; !strings.Contains(text, "养老金") || strings.Contains(text, "年度报告") || strings.Contains(text, "护照和通行证申请") {
		t.Errorf("the list of a person: %s", text)
	}
	search := map[string]string{"item-search": "养老", "mandate-filter": "1"}
	for name, value := range form {
		search[name] = value
	}
	page := submit(t, b, p.URL+"/me/mandates/new", search)
	if page.Status != http.StatusOK || page.URL.Path != "/me/mandates/new" || !strings.Contains(page.Source, `name="mandate-item-tax" value="1" checked`) || !strings.Contains(page.Source, `name="mandate-item-pension" value="1">`) ||
		strings.Contains(page.Source, "mandate-item-vehicle") || !strings.Contains(page.Source, `value="`+helper+`"`) || !strings.Contains(page.Source, `value="elsewhere"`) {
		t.Fatalf("after a search: %d %s", page.Status, page.Source)
	}
	form["mandate-item-pension"] = "1"
	if page = submit(t, b, p.URL+"/me/mandates/new", form); !strings.HasPrefix(page.URL.Path, "/me/mandates/mdt_") || !strings.Contains(page.Text, "elsewhere、养老金、纳税申报") {
		t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
	}
	id := strings.TrimPrefix(page.URL.Path, "/me/mandates/")
	if m, err := p.App.Mandates.Of(t.Context(), ownerOf(t, p, elder).ID, id); err != nil || strings.Join(m.Items, " ") != "elsewhere pension tax" {
		t.Errorf("%v %v", m.Items, err)
	}
	agent := p.SignIn(helper)
	for _, path := range []string{"/me/mandates", page.URL.Path} {
		if openPage(t, p, agent, path); !strings.Contains(agent.Page.Text, "养老金") || strings.Contains(agent.Page.Text, "pension") {
			t.Errorf("%s: %s", path, agent.Page.Text)
		}
	}
	submit(t, agent, p.URL+page.URL.Path, map[string]string{"mandate-answer": "accept"})
	if openPage(t, p, agent, "/acting"); !strings.Contains(agent.Page.Text, "养老金") {
		t.Errorf("the choice: %s", agent.Page.Text)
	}
	form["mandate-item-passport"] = "1"
	if got := formStatus(t, p, b, "/me/mandates/new", valuesOf(form)); got != http.StatusUnprocessableEntity || !strings.Contains(b.Page.Text, "不能授权他人代办") {
		t.Errorf("what only the person does: %d %s", got, b.Page.Text)
	}
	answer := p.Get("/api/v1/service-items?query=pension&limit=1", "")
	if items, _ := answer.Body["items"].([]any); answer.Status != http.StatusOK || len(items) != 1 || items[0].(map[string]any)["code"] != "pension" || answer.Body["closed"] != false {
		t.Errorf("%d %s", answer.Status, answer.Text)
	}
	if answer = p.Get("/api/v1/service-items?limit=2", ""); answer.String("next") == "" {
		t.Errorf("no next page: %s", answer.Text)
	}
}

// TestClosedListOfServiceItems: a platform's own list takes the place of the one that is built in, and closed it refuses other codes.
func TestClosedListOfServiceItems(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "items.json")
	write := func(content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"groups": [{"code": "g", "names": {"zh-CN": "甲类", "zh-Hant": "甲類", "en": "A"}}], "items": [{"code": "11440000-001", "group": "g", "names": {"zh-CN": "本地事项", "zh-Hant": "本地事項", "en": "Local"}}]}`)
	cfg := apptest.NewConfig(t, "sqlite:"+filepath.Join(dir, "yinxin.db"), dir)
	cfg.ServiceItems = app.ServiceItems{File: file, Closed: true}
	p := apptest.StartOn(t, cfg, app.Options{})
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	b := p.SignIn(elder)
	form := map[string]string{"mandate-name": "李四", "mandate-to": helper, "mandate-kind": "relative", "right-view": "1", "mandate-days": "30", "mandate-class": "1", "mandate-item-pension": "1"}
	if got := formStatus(t, p, b, "/me/mandates/new", valuesOf(form)); got != http.StatusUnprocessableEntity || !strings.Contains(b.Page.Text, "没有编码为“pension”的事项") || strings.Contains(b.Page.Source, `name="mandate-items"`) {
		t.Errorf("a code that is not listed: %d %s", got, b.Page.Text)
	}
	delete(form, "mandate-item-pension")
	form["mandate-item-11440000-001"] = "1"
	if page := submit(t, b, p.URL+"/me/mandates/new", form); !strings.HasPrefix(page.URL.Path, "/me/mandates/mdt_") || !strings.Contains(page.Text, "本地事项") {
		t.Errorf("a code that is: %d %s", page.Status, page.Text)
	}
	write(`{"groups": [], "items": [{"code": "x"}]}`)
	if _, err := app.New(t.Context(), cfg, app.Options{}); err == nil || !strings.Contains(err.Error(), "service_items.file") {
		t.Errorf("a list that cannot be used: %v", err)
	}
}
