package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// toNoon goes on to the next twelve o'clock in Beijing, when elders may be called.
func toNoon(p *apptest.Platform) {
	there := p.Now().In(time.FixedZone("", 8*3600))
	p.Advance(time.Date(there.Year(), there.Month(), there.Day()+1, 12, 0, 0, 0, there.Location()).Sub(p.Now()))
}

// askByTelephone sends the form of a helper, and gives the page of the request.
func askByTelephone(t *testing.T, p *apptest.Platform, b *walk.Browser, name, number string) *walk.Page {
	t.Helper()
	return submit(t, b, p.URL+"/me/mandates/new?ask=1", map[string]string{"mandate-name": name, "mandate-to": number, "mandate-kind": "elder_helper", "mandate-confirm": "telephone", "mandate-items": "pension",
		"right-view": "1", "right-fill": "1", "mandate-days": "30", "mandate-class": "1"})
}

// caller is a provider of calls, or of SMS, that keeps what it took and numbers it.
type caller struct {
	*httptest.Server
	mutex sync.Mutex
	taken []map[string]string
}

func newCaller(t *testing.T) *caller {
	c := &caller{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		var m map[string]string
		json.NewDecoder(r.Body).Decode(&m)
		c.taken = append(c.taken, m)
		fmt.Fprintf(w, `{"id":"call-%d"}`, len(c.taken))
	}))
	t.Cleanup(c.Close)
	return c
}

// number waits for a message of a template, and gives the provider's number of it and its text.
func (c *caller) number(t *testing.T, template string) (number, text string) {
	t.Helper()
	eventually(t, "no message of "+template, func() bool {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		for i, m := range c.taken {
			if m["message"] == template {
				number, text = fmt.Sprintf("call-%d", i+1), m["text"]
			}
		}
		return number != ""
	})
	return number, text
}

var spokenDigits = regexp.MustCompile(`(\d，){5}\d`)

// TestElderConfirmsByACall: the form, the first call, the code, the second call and the provider's word at the hook, from the provider alone and
// about our call alone; then the elder's word by SMS that ends it.
func TestElderConfirmsByACall(t *testing.T) {
	calls, texts := newCaller(t), newCaller(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a-secret-of-answers\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	provider := func(name, url string, answers channel.AnswerSettings) []channel.ProviderSettings {
		return []channel.ProviderSettings{{Name: name, HTTP: channel.HTTPSettings{URL: url, Body: map[string]any{"to": "{to}", "message": "{message}", "text": "{text}"}, Success: channel.Success{Reference: "id"},
			Receipts: channel.ReceiptSettings{Secret: secret, Answers: answers}}}}
	}
	cfg.Channels.Voice = provider("caller", calls.URL, channel.AnswerSettings{ID: "event", Text: "key", Reference: "call"})
	cfg.Channels.SMS = provider("carrier", texts.URL, channel.AnswerSettings{ID: "event", Text: "content", From: "mobile"})
	cfg.Outbound.Allowed = []string{strings.TrimPrefix(calls.URL, "http://"), strings.TrimPrefix(texts.URL, "http://")}
	p := apptest.StartWith(t, cfg)
	toNoon(p)
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 3)
	b := p.SignIn(helper)

	page := askByTelephone(t, p, b, "赵奶奶", elder)
	if page.Status != http.StatusOK || !strings.HasPrefix(page.URL.Path, "/me/mandates/telephone/tel_") || !page.Has("otp-code") || strings.Contains(page.Text, "赵奶奶") {
		t.Fatalf("%d %s %s", page.Status, page.URL, page.Text)
	}
	address := p.URL + page.URL.Path
	_, said := calls.number(t, channel.TemplateElderCode)
	if !strings.Contains(said, "李某") || !strings.Contains(said, "不能代领") || !strings.Contains(said, "不会有人向您要钱") {
		t.Errorf("the call says %s", said)
	}
	if page := submit(t, b, address, map[string]string{"otp-code": "000000x"}); page.Status != http.StatusUnauthorized && page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text, "还可以试 4 次") {
		t.Errorf("a wrong code: %d %s", page.Status, page.Text)
	}
	if page := submit(t, b, address, map[string]string{"otp-code": strings.ReplaceAll(spokenDigits.FindString(said), "，", "")}); page.Status != http.StatusOK || !page.Has("elder-waiting") || strings.Contains(page.Text, "有效期") {
		t.Fatalf("the code: %d %s", page.Status, page.Text)
	}
	p.Advance(3 * time.Hour)
	if n, err := p.App.Mandates.AskElders(context.Background()); err != nil || n != 1 {
		t.Fatalf("%d are asked, %v", n, err)
	}
	number, said := calls.number(t, channel.TemplateElderAsk)
	if !strings.Contains(said, "同意请按1，不同意请按2") {
		t.Errorf("the question says %s", said)
	}
	hook := func(path, body string) int {
		t.Helper()
		r, _ := http.NewRequest(http.MethodPost, p.URL+"/hooks/messages/"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return p.Do(r).Status
	}
	yes := `{"event":"e1","call":"` + number + `","key":"1"}`
	mandates := func() int {
		t.Helper()
		live, err := p.App.Mandates.Live(context.Background(), accountOf(t, p, helper).ID)
		if err != nil {
			t.Fatal(err)
		}
		return len(live)
	}
	for path, want := range map[string]int{"caller": http.StatusNotFound, "caller/another-secret-of": http.StatusNotFound, "nobody/a-secret-of-answers": http.StatusNotFound} {
		if got := hook(path, yes); got != want || mandates() != 0 {
			t.Errorf("%s: %d, %d mandates", path, got, mandates())
		}
	}
	for name, body := range map[string]string{"no number": `{"call":"` + number + `","key":"1"}`, "no call": `{"event":"e0","key":"1"}`, "no key": `{"event":"e0","call":"` + number + `"}`} {
		if got := hook("caller/a-secret-of-answers", body); got != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := hook("caller/a-secret-of-answers", `{"event":"e9","call":"call-1","key":"1"}`); got != http.StatusOK || mandates() != 0 { // a key in the first call
		t.Errorf("%d, %d mandates", got, mandates())
	}
	if got := hook("carrier/a-secret-of-answers", `{"event":"s0","mobile":"+86`+elder+`","content":"Y"}`); got != http.StatusOK || mandates() != 0 { // a call asked
		t.Errorf("%d, %d mandates", got, mandates())
	}
	for range 2 {
		if got := hook("caller/a-secret-of-answers", "["+yes+"]"); got != http.StatusOK || mandates() != 1 {
			t.Fatalf("%d, %d mandates", got, mandates())
		}
	}
	b = p.SignIn(helper) // the session is over by then
	if open(t, b, address); !b.Page.Has("elder-mandate") || !strings.Contains(b.Page.Text, "长辈已同意") {
		t.Errorf("the page says %s", b.Page.Text)
	}
	if _, text := texts.number(t, channel.TemplateElderActive); !strings.Contains(text, "李*") || !strings.Contains(text, "回复T") {
		t.Errorf("the elder reads %s", text)
	}
	if got := hook("carrier/a-secret-of-answers", `{"event":"s1","mobile":"`+elder+`","content":"ｔ。"}`); got != http.StatusOK || mandates() != 0 {
		t.Errorf("%d, %d mandates after the word that ends it", got, mandates())
	}
	metrics := metricsOf(t, p)
	for _, step := range []string{"asked", "contact", "elder_asked", "confirmed", "stopped"} {
		if !strings.Contains(metrics, `yinxin_telephone_requests_total{step="`+step+`"} 1`) {
			t.Errorf("metrics lack %s", step)
		}
	}
	if log := p.Log.String(); strings.Contains(log, "a-secret-of-answers") || strings.Contains(log, elder) || strings.Contains(log, "赵奶奶") {
		t.Error("the log holds the secret, a number or a name")
	}
}

// TestElderAnswersInTheSandbox: the simulated inbox answers by page and by program, magic numbers by themselves; the operations do what the pages do.
func TestElderAnswersInTheSandbox(t *testing.T) {
	p := apptest.Start(t, database(t))
	toNoon(p)
	ctx := context.Background()
	const saysYes, saysNo = "13800138201", "13800138202"
	app := p.Client(idp.Client{ClientID: "family-app", Scope: "openid profile mandates"})
	for number, name := range map[string]string{saysYes: "王小明", saysNo: "欧阳春晓", elder: "赵奶奶"} {
		p.Persona(number, name, 1)
	}
	p.Persona(helper, "李四", 3)
	b := p.SignIn(helper)
	token := p.Redeem(app, p.Code(b, app, nil).Get("code"), nil).String("access_token")
	request := func(method, path string, body any) apptest.Answer {
		t.Helper()
		content, _ := json.Marshal(body)
		r, _ := http.NewRequest(method, p.URL+path, bytes.NewReader(content))
		r.Header.Set("Content-Type", "application/json")
		if strings.HasPrefix(path, "/api/") {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return p.Do(r)
	}
	const base = "/api/v1/telephone-requests"
	ids := map[string]string{}
	for number, name := range map[string]string{saysYes: "王小明", saysNo: "欧阳春晓", elder: "赵奶奶"} {
		a := request(http.MethodPost, base, map[string]any{"name": name, "mobile": number, "items": []string{"pension"}})
		if a.Status != http.StatusOK || a.String("state") != "code" || strings.Contains(a.Text, name) {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		ids[number] = a.String("request_id")
		if a := request(http.MethodPost, base+"/"+ids[number]+"/code", map[string]any{"code": inbox(t, p, number)}); a.Status != http.StatusOK || a.String("state") != "waiting" {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
	}
	if a := request(http.MethodPost, base, map[string]any{"name": "周某某", "mobile": "13800138209", "items": []string{"*"}}); a.Status != http.StatusOK || a.String("state") != "code" {
		t.Errorf("nobody: %d %s", a.Status, a.Text)
	}
	p.Advance(3 * time.Hour)
	if n, err := p.App.Mandates.AskElders(ctx); err != nil || n != 3 {
		t.Fatalf("%d are asked, %v", n, err)
	}
	b = p.SignIn(helper)
	token = p.Redeem(app, p.Code(b, app, nil).Get("code"), nil).String("access_token")
	state := func(number string) string {
		t.Helper()
		return request(http.MethodGet, base+"/"+ids[number], nil).String("state")
	}
	eventually(t, "the magic numbers answer nothing", func() bool { return state(saysYes) == "confirmed" && state(saysNo) == "refused" })
	if state(elder) != "waiting" {
		t.Fatalf("the elder: %s", state(elder))
	}
	eventually(t, "the elder is not asked", func() bool { return told(p, elder, "按2") })
	var question map[string]any
	for _, one := range p.Get("/sandbox/inbox?to="+elder, "").Body["messages"].([]any) {
		if m := one.(map[string]any); m["answers"] == "voice" {
			question = m
		}
	}
	if a := request(http.MethodPost, "/sandbox/inbox/answers", map[string]any{"message": "msg_none", "answer": "1"}); a.Status != http.StatusNotFound {
		t.Errorf("an answer to nothing: %d", a.Status)
	}
	if a := request(http.MethodPost, "/sandbox/inbox/answers", map[string]any{"message": question["id"], "answer": "7"}); a.Status != http.StatusNoContent || state(elder) != "waiting" {
		t.Errorf("another key: %d %s", a.Status, state(elder))
	}
	if open(t, b, p.URL+"/inbox?"+url.Values{"to": {elder}}.Encode()); !strings.Contains(b.Page.Source, `name="inbox-answer" value="1"`) {
		t.Fatalf("no keys on the page: %s", b.Page.Source)
	}
	if a := request(http.MethodPost, "/sandbox/inbox/answers", map[string]any{"message": question["id"], "answer": "1"}); a.Status != http.StatusNoContent || state(elder) != "confirmed" {
		t.Errorf("yes: %d %s", a.Status, state(elder))
	}
	list := request(http.MethodGet, base+"?limit=1", nil)
	if len(items(t, list)) != 1 || list.String("next") == "" || len(items(t, request(http.MethodGet, base+"?after="+list.String("next"), nil))) != 3 {
		t.Errorf("%s", list.Text)
	}
	if open(t, b, p.URL+"/me/mandates"); !b.Page.Has("elder-requests") || strings.Contains(b.Page.Text, "王小明") {
		t.Errorf("%s", b.Page.Text)
	}
}
