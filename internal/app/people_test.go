package app_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

func submit(t *testing.T, b *walk.Browser, address string, fields map[string]string) *walk.Page {
	t.Helper()
	if err := b.Open(context.Background(), address); err != nil {
		t.Fatal(err)
	}
	if err := b.Submit(context.Background(), fields); err != nil {
		t.Fatal(err)
	}
	return b.Page
}

// inbox waits for the newest code to somebody.
func inbox(t *testing.T, p *apptest.Platform, to string) string {
	t.Helper()
	for range 100 {
		answer := p.Get("/sandbox/inbox?to="+url.QueryEscape(to), "")
		messages, _ := answer.Body["messages"].([]any)
		for _, one := range messages {
			message, _ := one.(map[string]any)
			if code, _ := message["code"].(string); code != "" { // notices have none
				return code
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("no code to %s", to)
	return ""
}

var (
	support  = regexp.MustCompile(`class="code">[0-9A-Z]{8}<`)
	handle   = regexp.MustCompile(`(otp|flow)_[0-9a-z]+`)
	headerID = regexp.MustCompile(`req_[0-9a-z]+`)
)

// faceOf is all that a stranger can tell from an answer.
func faceOf(page *walk.Page, typed, masked string) string {
	header := page.Header.Clone()
	header.Del("Date")
	header.Del("Content-Length")
	for i, cookie := range header["Set-Cookie"] {
		name, rest, _ := strings.Cut(cookie, "=")
		_, attributes, _ := strings.Cut(rest, ";")
		header["Set-Cookie"][i] = name + ";" + attributes
	}
	text := strings.NewReplacer(typed, "", masked, "", url.QueryEscape(typed), "").Replace(page.Source)
	return fmt.Sprint(page.Status, page.URL.Path, headerID.ReplaceAllString(fmt.Sprint(header), ""), handle.ReplaceAllString(support.ReplaceAllString(text, ""), ""))
}

func TestA01AnswersDoNotTellWhoHasAnAccount(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona("13800138031", "李四", 2)
	p.Persona("known@example.gov.cn", "", 0)
	if err := p.App.Apply(context.Background(), app.Manifest{Personas: []app.Persona{{Identifier: "13800138033", Name: "无密码", IAL: 1}}}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path           string
		known, unknown       string
		knownMask, otherMask string
		fields               func(identifier string) map[string]string
	}{
		{"login by number", "/login", "13800138031", "13800138032", "", "", func(i string) map[string]string {
			return map[string]string{"login-identifier": i, "login-password": "wrong-password"}
		}},
		{"login by address", "/login", "known@example.gov.cn", "other@example.gov.cn", "", "", func(i string) map[string]string {
			return map[string]string{"login-identifier": i, "login-password": "wrong-password"}
		}},
		{"login to an account without a password", "/login", "13800138033", "13800138034", "", "", func(i string) map[string]string {
			return map[string]string{"login-identifier": i, "login-password": "wrong-password"}
		}},
		{"register", "/register", "13800138031", "13800138032", "138****8031", "138****8032", func(i string) map[string]string { return map[string]string{"register-identifier": i} }},
		{"code to log in", "/login/code", "13800138031", "13800138032", "138****8031", "138****8032", func(i string) map[string]string { return map[string]string{"register-identifier": i} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := faceOf(submit(t, walk.New(nil), p.URL+test.path, test.fields(test.known)), test.known, test.knownMask)
			b := faceOf(submit(t, walk.New(nil), p.URL+test.path, test.fields(test.unknown)), test.unknown, test.otherMask)
			if a != b {
				t.Errorf("the answers differ:\n%s\n\n%s", a, b)
			}
		})
	}
}

func TestA02CodeDiesAfterFiveTriesInAll(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		const to = "13800138041"
		b := walk.New(nil)
		submit(t, b, p.URL+"/register", map[string]string{"register-identifier": to})
		code := inbox(t, p, to)
		wrong := "000000"
		if code == wrong {
			wrong = "000001"
		}
		for range 4 {
			if err := b.Submit(context.Background(), map[string]string{"otp-code": wrong}); err != nil {
				t.Fatal(err)
			}
		}
		if !b.Page.Has("otp-code") || b.Page.Status != http.StatusUnauthorized {
			t.Fatalf("a wrong code is answered with %d on %s", b.Page.Status, b.Page.URL)
		}
		evaluated := 0
		for _, a := range parallel(100, func() apptest.Answer {
			form := url.Values{"challenge": {b.Page.Hidden("challenge")}, "register-identifier": {to}, "otp-code": {wrong}}
			request, _ := http.NewRequest(http.MethodPost, p.URL+"/register/code", strings.NewReader(form.Encode()))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			b.Lend(request)
			return p.Do(request)
		}) {
			if a.Status == http.StatusSeeOther || a.Status == http.StatusOK {
				evaluated++
			}
		}
		if evaluated != 0 {
			t.Errorf("%d wrong codes were taken", evaluated)
		}
		if err := b.Submit(context.Background(), map[string]string{"otp-code": code}); err != nil {
			t.Fatal(err)
		}
		if b.Page.Status != http.StatusUnauthorized {
			t.Errorf("the right code still works after 105 tries: %d %s", b.Page.Status, b.Page.URL)
		}
	})
}

func TestA02PasswordTriesAreCountedOnTheAccount(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona("13800138042", "李四", 2)
	for range authn.LoginTries {
		submit(t, walk.New(nil), p.URL+"/login", map[string]string{"login-identifier": "13800138042", "login-password": "wrong-password"})
	}
	right := map[string]string{"login-identifier": "13800138042", "login-password": apptest.Password}
	if page := submit(t, walk.New(nil), p.URL+"/login", right); page.Status != http.StatusTooManyRequests || page.Header.Get("Retry-After") == "" {
		t.Errorf("after ten wrong passwords a fresh browser gets %d", page.Status)
	}
	p.Advance(authn.LoginSpan + time.Second)
	if page := submit(t, walk.New(nil), p.URL+"/login", right); !page.Has("identity") {
		t.Errorf("afterwards the right password gets %d %s", page.Status, page.URL)
	}
}

func TestA03CodeWorksOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		const to = "13800138043"
		b := walk.New(nil)
		submit(t, b, p.URL+"/login/code", map[string]string{"register-identifier": to})
		challenge, code := b.Page.Hidden("challenge"), inbox(t, p, to)
		try := func(typed string) apptest.Answer {
			form := url.Values{"challenge": {challenge}, "register-identifier": {to}, "otp-code": {typed}}
			request, _ := http.NewRequest(http.MethodPost, p.URL+"/login/code/check", strings.NewReader(form.Encode()))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			b.Lend(request)
			return p.Do(request)
		}
		won := 0
		for _, a := range parallel(20, func() apptest.Answer { return try(code) }) {
			if a.Status == http.StatusSeeOther {
				won++
			}
		}
		if won != 1 {
			t.Errorf("the code worked %d times", won)
		}
		for _, typed := range []string{code, " " + code + " ", code[:3] + " " + code[3:]} {
			if a := try(typed); a.Status != http.StatusUnauthorized {
				t.Errorf("the used code %q is answered with %d", typed, a.Status)
			}
		}
	})
}

func TestCodeBelongsToItsBrowserAndPurpose(t *testing.T) {
	p := apptest.Start(t, database(t))
	const to = "13800138044"
	owner, thief := walk.New(nil), walk.New(nil)
	submit(t, owner, p.URL+"/register", map[string]string{"register-identifier": to})
	code := inbox(t, p, to)
	if err := thief.Open(context.Background(), p.URL+"/register"); err != nil {
		t.Fatal(err)
	}
	send := func(b *walk.Browser, path string) apptest.Answer {
		form := url.Values{"challenge": {owner.Page.Hidden("challenge")}, "register-identifier": {to}, "otp-code": {code}}
		request, _ := http.NewRequest(http.MethodPost, p.URL+path, strings.NewReader(form.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		b.Lend(request)
		return p.Do(request)
	}
	if a := send(thief, "/register/code"); a.Status != http.StatusUnauthorized {
		t.Errorf("another browser used the code: %d", a.Status)
	}
	if a := send(owner, "/login/code/check"); a.Status != http.StatusUnauthorized {
		t.Errorf("a code to register logged somebody in: %d", a.Status)
	}
	if a := send(owner, "/register/code"); a.Status != http.StatusOK && a.Status != http.StatusSeeOther {
		t.Errorf("the owner's code is refused: %d", a.Status)
	}
}

func TestProofingAnswers(t *testing.T) {
	p := apptest.Start(t, database(t))
	for _, test := range []struct {
		name, person, number, mobile string
		want                         string
	}{
		{"mismatch", "张三", "999900196002020069x", "", "proofing-number"},
		{"wrong name", "李四", "11010519491231002X", "", "proofing-outcome"},
		{"refused", "周已故", "999900195001010091", "", "proofing-outcome"},
		{"source breaks", "故障", "11010519491231002X", "", "proofing-outcome"},
		{"source answers garbage", "乱码", "11010519491231002X", "", "proofing-outcome"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mobile := fmt.Sprintf("138001380%02d", 50+len(test.name))
			p.Persona(mobile, "", 0)
			b := p.SignIn(mobile)
			page := submit(t, b, p.URL+"/proofing?ial=1", map[string]string{"proofing-name": test.person, "proofing-number": test.number})
			if !page.Has(test.want) {
				t.Fatalf("page %s has no %s: %s", page.URL, test.want, page.Text)
			}
			silent := strings.HasPrefix(test.name, "source")
			if test.want == "proofing-outcome" && strings.Contains(page.Text, "核验来源暂时没有回应") != silent {
				t.Errorf("a source that is silent must not look like a mismatch, nor the other way round: %s", page.Text)
			}
			if err := b.Open(context.Background(), p.URL+"/me"); err != nil || !strings.Contains(b.Page.TextOf("identity"), "未实名") {
				t.Errorf("the level rose: %s", b.Page.TextOf("identity"))
			}
		})
	}
}

// TestX08ThreeMoreTriesAfterAMismatch: by the magic inputs of the sandbox, over all methods that compare what is typed; a source that breaks
// costs no try, and the page of the last one names the counter and what else there is.
func TestX08ThreeMoreTriesAfterAMismatch(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona("13800138071", "", 0)
		b := p.SignIn("13800138071")
		prove := func(ial, who, mobile string) *walk.Page {
			fields := map[string]string{"proofing-name": who, "proofing-number": "11010519491231002X"}
			if mobile != "" {
				fields["proofing-mobile"] = mobile
			}
			return submit(t, b, p.URL+"/proofing?ial="+ial, fields)
		}
		for range 2 {
			if page := prove("1", "故障", ""); !strings.Contains(page.Text, "核验来源暂时没有回应") || page.Has("proofing-tries") {
				t.Fatalf("a source that breaks: %s", page.Text)
			}
		}
		for left := 3; left > 0; left-- {
			if page := prove("1", "李四", ""); page.TextOf("proofing-tries") != fmt.Sprintf("今天还可尝试 %d 次", left) {
				t.Fatalf("%d should be left: %s", left, page.Text)
			}
		}
		page := prove("2", "李四", "13800138000") // another method, the same guess
		if !strings.Contains(page.TextOf("proofing-tries"), "已用完") || !strings.Contains(page.Text, "窗口") || page.Attribute("proofing-other", "href") != "/proofing" {
			t.Fatalf("the last: %s", page.Text)
		}
		for _, ial := range []string{"1", "2"} {
			if page := prove(ial, "张三", map[string]string{"2": "13800138000"}[ial]); page.Status != http.StatusTooManyRequests || !strings.Contains(page.Text, "今日核验次数已用完") || !strings.Contains(page.Text, "到窗口办理") {
				t.Errorf("level %s after that: %d %s", ial, page.Status, page.Text)
			}
		}
		p.Advance(24 * time.Hour)
		if page := submit(t, p.SignIn("13800138071"), p.URL+"/proofing?ial=1", map[string]string{"proofing-name": "张三", "proofing-number": "11010519491231002X"}); !strings.Contains(page.TextOf("proofing-outcome"), "初级实名") {
			t.Errorf("the next day: %s", page.Text)
		}
	})
}

func TestA27OnePersonOneAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona("13800138061", "", 0)
		p.Persona("13800138062", "", 0)
		first := p.SignIn("13800138061")
		if page := submit(t, first, p.URL+"/proofing?ial=1", map[string]string{"proofing-name": " 张三 ", "proofing-number": " 11010519491231002ｘ"}); !strings.Contains(page.TextOf("proofing-outcome"), "初级实名") {
			t.Fatalf("full-width and blanks are refused: %s", page.Text)
		}
		second := p.SignIn("13800138062")
		page := submit(t, second, p.URL+"/proofing?ial=1", map[string]string{"proofing-name": "张三", "proofing-number": "１１０１０５１９４９１２３１００２X"})
		if page.Status == http.StatusOK || strings.Contains(page.TextOf("proofing-outcome"), "初级实名") {
			t.Errorf("a second account took the same identity: %d %s", page.Status, page.Text)
		}
		for _, number := range []string{"110105194912310021", "000000000000000000", "11010519491331002X", "1101051949123100", "abc"} {
			if page := submit(t, second, p.URL+"/proofing?ial=1", map[string]string{"proofing-name": "张三", "proofing-number": number}); page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s is answered with %d", number, page.Status)
			}
		}
	})
}

// TestA28PersonalDataIsNowhereReadable looks for what people typed in everything that is kept: log, database, documents.
func TestA28PersonalDataIsNowhereReadable(t *testing.T) {
	folder := t.TempDir()
	p := apptest.StartWith(t, apptest.NewConfig(t, "sqlite:"+folder+"/yinxin.db", folder))
	const to, number, name = "13800138000", "11010519491231002X", "张三"
	b := walk.New(nil)
	submit(t, b, p.URL+"/register", map[string]string{"register-identifier": to})
	code := inbox(t, p, to)
	for _, fields := range []map[string]string{{"otp-code": code}, {"password-new": apptest.Password}} {
		if err := b.Submit(context.Background(), fields); err != nil {
			t.Fatal(err)
		}
	}
	page := submit(t, b, p.URL+"/proofing?ial=2", map[string]string{"proofing-name": name, "proofing-number": number, "proofing-mobile": to})
	if !strings.Contains(page.TextOf("proofing-outcome"), "中级实名") {
		t.Fatalf("proofing: %s", page.Text)
	}
	// Errors that name what was typed would show up in the log.
	submit(t, b, p.URL+"/proofing?ial=2", map[string]string{"proofing-name": name, "proofing-number": number[:17] + "1", "proofing-mobile": to})
	if err := b.Open(context.Background(), p.URL+"/me"); err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{b.Page.Source, b.Page.URL.String()} {
		if strings.Contains(shown, number) || strings.Contains(shown, to) {
			t.Error("the page of the person shows number or mobile unmasked")
		}
	}
	kept := map[string]string{"log": p.Log.String()}
	for _, file := range []string{"yinxin.db", "yinxin.db-wal"} {
		content, err := os.ReadFile(folder + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		kept[file] = string(content)
	}
	for place, content := range kept {
		// The mobile number stands in the simulated inbox, which is a sandbox's own; it must not stand in the log.
		for what, secret := range map[string]string{"ID number": number, "its first 17": number[:17], "password": apptest.Password, "name": name} {
			if strings.Contains(content, secret) {
				t.Errorf("%s stands readable in the %s", what, place)
			}
		}
		if place == "log" && (strings.Contains(content, to) || strings.Contains(content, code)) {
			t.Error("mobile number or code stands in the log")
		}
	}
	if !strings.Contains(p.Log.String(), "POST /proofing") {
		t.Error("the log was not read")
	}
}

// timingVariable sets the tries for each group; the campaign of `make soak` uses 500. Without it only the work is compared:
// a timed test on a shared machine would tell nothing.
const timingVariable = "ENUMERATION_ROUNDS"

func TestA01TimingDoesNotTellWhoHasAnAccount(t *testing.T) {
	rounds := 8
	if text := os.Getenv(timingVariable); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	p := apptest.StartOn(t, apptest.NewConfig(t, database(t), t.TempDir()), app.Options{Cheap: &app.Cheap{}}) // hashes cost what a server's do
	known, unknown := make([]float64, rounds), make([]float64, rounds)
	b := walk.New(nil)
	if err := b.Open(context.Background(), p.URL+"/login"); err != nil {
		t.Fatal(err)
	}
	// Each try has an identifier of its own, so that no counter gets in the way; the source's counter is moved along.
	for i := range rounds {
		p.Persona(fmt.Sprintf("139%08d", i), "", 0)
	}
	try := func(identifier string) float64 {
		began := time.Now()
		if err := b.Submit(context.Background(), map[string]string{"login-identifier": identifier, "login-password": "wrong-password"}); err != nil || b.Page.Status != http.StatusUnauthorized {
			t.Fatalf("%v %d", err, b.Page.Status)
		}
		return float64(time.Since(began).Microseconds())
	}
	for i := range rounds {
		if i%100 == 99 {
			p.Advance(authn.LoginSpan + time.Second)
		}
		if i%2 == 0 {
			known[i], unknown[i] = try(fmt.Sprintf("139%08d", i)), try(fmt.Sprintf("137%08d", i))
		} else {
			unknown[i], known[i] = try(fmt.Sprintf("137%08d", i)), try(fmt.Sprintf("139%08d", i))
		}
	}
	z := rankTest(known, unknown)
	slices.Sort(known)
	slices.Sort(unknown)
	a, c := known[rounds/2], unknown[rounds/2]
	t.Logf("median %0.f µs with an account, %0.f µs without, ratio %.3f, rank test z %.2f over %d tries each", a, c, a/c, z, rounds)
	if rounds >= 100 && (a/c > 1.05 || a/c < 0.95 || math.Abs(z) > 2.58) {
		t.Error("the time of an answer tells who has an account")
	}
	// One Argon2id hash takes more than ten milliseconds anywhere; an answer without one is faster by an order.
	if a < 2000 || c < 2000 {
		t.Errorf("an answer came without the work of a password: %0.f and %0.f µs", a, c)
	}
}

// rankTest is the z value of the Mann-Whitney test.
func rankTest(a, b []float64) float64 {
	type value struct {
		v     float64
		first bool
	}
	var all []value
	for i := range a {
		all = append(all, value{a[i], true}, value{b[i], false})
	}
	slices.SortFunc(all, func(x, y value) int { return cmp.Compare(x.v, y.v) })
	ranks := 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].v == all[i].v {
			j++
		}
		for k := i; k < j; k++ {
			if all[k].first {
				ranks += float64(i+j+1) / 2
			}
		}
		i = j
	}
	n, m := float64(len(a)), float64(len(b))
	u := ranks - n*(n+1)/2
	return (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}

// TestX03ErrorPagesSayWhoActs: a page that refuses or does not exist names who is signed in, in either realm, and calls nobody a
// stranger whose session it could read.
func TestX03ErrorPagesSayWhoActs(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	person, staff := p.SignIn(mobile), admin(p, idp.RoleAuditAdmin)
	for _, try := range []struct {
		b      *walk.Browser
		path   string
		status int
		says   string
	}{
		{person, "/nothing-here", http.StatusNotFound, "李*"}, {person, "/me/records/none", http.StatusNotFound, "李*"},
		{staff, "/admin/nothing-here", http.StatusNotFound, "管理员"}, {staff, "/admin/clients/none", http.StatusNotFound, "管理员"},
		{walk.New(nil), "/nothing-here", http.StatusNotFound, "未登录"},
	} {
		if open(t, try.b, p.URL+try.path); try.b.Page.Status != try.status || !strings.Contains(try.b.Page.Text, try.says) {
			t.Errorf("%s: %d %s", try.path, try.b.Page.Status, try.b.Page.Text)
		}
	}
	request, err := http.NewRequest(http.MethodPost, p.URL+"/me/data/deletion", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://elsewhere.example")
	person.Lend(request)
	if answer := p.Do(request); answer.Status != http.StatusForbidden || !strings.Contains(answer.Text, "李*") {
		t.Errorf("from another site: %d %s", answer.Status, answer.Text)
	}
}
