package app_test

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// notMe is the code of a notice of a new device.
var notMe = regexp.MustCompile(`\b\d{4} ?\d{4} ?\d{4}\b`)

// registration is §3.1.
func (j *journey) registration() {
	j.at("3.1.1")
	number := j.phone()
	j.open("/register", "#register-identifier")
	j.says("用于登录和找回账号", "境外及港澳台人士可用邮箱")
	j.at("3.1.3")
	j.has("#agreement > ol > li", 3)
	j.says("未满 14 周岁由监护人办理", "注销账号", "您的权利", idp.AccountAgreement)
	j.has("#register-guardian", 1)
	j.fill("register-identifier", number)
	j.press("#register-submit", "#otp-code")
	j.at("3.1.2")
	j.has(`form #otp-code[autocomplete="one-time-code"]`, 1)
	j.has(`#otp-resend`, 1)
	j.says("60 秒后可重新获取")
	j.fill("otp-code", inbox(j.t, j.p, number))
	j.press("#otp-submit", "#password-new")
	j.fill("password-new", apptest.Password)
	j.press("#password-submit", "#welcome-verify")
	j.at("3.1.5")
	j.says("您已可以浏览；办事需要实名")
	j.at("3.1.4")
	j.has("#passkeys form, #passkeys noscript", 2) // the script shows the form, without it the hint stands there
	if shown := ask[bool](j, `document.querySelector("#passkeys form").offsetHeight > 0`); shown != j.scripts {
		j.fatalf("the offer of a passkey shows: %v", shown)
	}
	j.press("#welcome-later", "#identity")
	j.open("/welcome", "#welcome-verify")
	j.press("#welcome-verify", "#proofing-submit")

	j.at("3.1.6")
	j.open("/proofing", "#proofing-methods")
	j.says("身份证", "银行卡", "刷脸", "国家网络身份认证", "窗口", "约 2 分钟")
	j.at("3.1.8")
	j.fill("proofing-name", "张三", "proofing-number", "99990019800101001X")
	j.press("#proofing-submit", "#proofing-outcome")
	j.says("姓名与证件号不匹配", "窗口")
	j.at("3.1.9")
	j.open("/proofing", "#proofing-name")
	j.says("间隔号", "护照", "港澳居民来往内地通行证")
	j.fill("proofing-name", "𬭎锋", "proofing-number", "999900197606060058")
	j.press("#proofing-submit", "#proofing-outcome")
	if j.scripts { // the first of the two walks binds the identity
		j.says("初级实名")
	} else {
		j.press("#merge-begin", "#merge-submit")
	}
	j.at("3.1.7")
	known := map[bool][2]string{true: {"13800138003", "欧阳春晓"}, false: {"13800138004", "阿依古丽·买买提"}}[j.scripts] // whom the simulated service knows
	j.p.Persona(known[0], known[1], 1)
	j.signIn(known[0])
	j.at("3.1.8") // of a bank: an authority that was silent would be left alone for a while
	j.open("/proofing/bank_card", "#proofing-card")
	j.fill("proofing-card", sandbox.CardBroken)
	j.press("#proofing-submit", "#proofing-outcome")
	j.says("核验来源暂时没有回应", "已保存")
	j.never("不匹配")
	j.at("3.1.7")
	j.open("/proofing/face", "#proofing-agree")
	j.says("不保存", "其他方式")
	j.alike("proofing-agree", "proofing-decline")
	j.press("#proofing-decline", "#proofing-methods")

	j.at("3.1.10")
	app := j.party(idp.Client{ClientID: "land", ClientName: "不动产登记"})
	high := url.Values{"claims": {`{"id_token":{"ial":{"essential":true,"value":3}}}`}}
	j.authorize(app, high, "#proofing-methods")
	j.says("“不动产登记”需要高级实名，约 2 分钟", "初级实名")
	j.press("#proofing-leave", "#portal-error")
	if got := j.textOf("portal-error") + j.textOf("portal-reason"); !strings.Contains(got, "access_denied") || !strings.Contains(got, "real-name level") {
		j.fatalf("the portal was told %s", got)
	}
	j.authorize(app, high, "#proofing-methods")
	j.press(`a[href^="/proofing/face"]`, "#proofing-agree")
	j.press("#proofing-agree", `[value="match"]`)
	j.press(`[value="match"]`, "#consent-allow")
	j.press("#consent-allow", "#portal-code")
	if claims := apptest.Claims(j.t, j.p.Redeem(app, j.code(), nil).String("id_token")); claims["ial"] != 3.0 {
		j.fatalf("the portal was told %v", claims)
	}
}

// login is §3.2.
func (j *journey) login() {
	number := j.person("", 0)
	j.at("3.2.1")
	j.open("/login", "#login-identifier")
	j.says("手机号、证件号码或电子邮件", "用验证码登录")
	j.at("3.2.2")
	j.fill("login-identifier", number, "login-password", "not-this-one")
	j.press("#login-submit", ".error-summary")
	j.says("账号或密码不正确，还可尝试 9 次")
	j.fill("login-password", apptest.Password)
	j.press("#login-submit", "#identity")
	j.leave()
	j.open("/login/code", "#register-identifier")
	j.fill("register-identifier", number)
	j.press("#register-submit", "#otp-code")
	j.fill("otp-code", inbox(j.t, j.p, number))
	j.press("#otp-submit", "#identity")

	j.proofOfWork(number)
	j.upstream()
	j.at("3.2.7")
	j.staff(j.phone(), "赵一", idp.RoleSystemAdmin)

	j.at("3.2.4")
	phone := j.p.SignIn(number)
	j.leave()
	j.open("/login/qr", "#qr-number")
	matching := j.textOf("qr-number")
	submit(j.t, phone, j.p.URL+"/qr", map[string]string{"qr-code": strings.ReplaceAll(j.textOf("qr-code"), " ", "")})
	if !strings.Contains(phone.Page.Text, "Chrome") || strings.Contains(phone.Page.TextOf("qr-approve"), matching) {
		j.fatalf("the phone shows %s", phone.Page.Text)
	}
	ask[bool](j, markLeft)
	press(j.t, phone, map[string]string{"answer": "approve", "qr-number": matching})
	j.until("#identity") // the page of the computer goes on by itself

	j.at("3.2.8")
	j.p.Advance(time.Minute)
	stranger := walk.New(nil)
	code, before := "", append([]string{""}, notMe.FindAllString(j.p.Get("/sandbox/inbox?to="+number, "").Text, -1)...)
	submit(j.t, stranger, j.p.URL+"/login", map[string]string{"login-identifier": number, "login-password": apptest.Password})
	for range 3 { // notices of the logins before may come late
		eventually(j.t, "no notice of the new device", func() bool {
			for _, found := range notMe.FindAllString(j.p.Get("/sandbox/inbox?to="+number, "").Text, -1) {
				if !slices.Contains(before, found) {
					code = found
				}
			}
			return !slices.Contains(before, code)
		})
		before = append(before, code)
		j.open("/not-me", "#not-me-code")
		j.fill("not-me-code", code)
		j.press("#not-me-submit", "#not-me-recover")
		if open(j.t, stranger, j.p.URL+"/me"); stranger.Page.URL.Path == "/login" {
			break
		}
	}
	if stranger.Page.URL.Path != "/login" {
		j.fatalf("the session that was disowned goes on")
	}
	j.extension(number)
}

// proofOfWork: after many wrong tries from one network the browser works for the next, and whoever runs no scripts answers a
// question, or has the code.
func (j *journey) proofOfWork(number string) {
	j.at("3.2.3")
	j.leave()
	j.open("/login", "#login-identifier")
	j.has("#work-answer", 0)
	for range authn.WorkAfter {
		submit(j.t, walk.New(nil), j.p.URL+"/login", map[string]string{"login-identifier": j.phone(), "login-password": "not-this-one"})
	}
	j.open("/login", "#work-answer")
	j.fill("login-identifier", number, "login-password", apptest.Password)
	if j.scripts {
		eventually(j.t, "the browser finds nothing", func() bool { return ask[bool](j, `document.getElementById("work-answer").value != ""`) })
		j.press("#login-submit", "#identity")
	} else {
		j.press("#login-submit", ".error-summary")
		j.fill("login-identifier", number, "login-password", apptest.Password, "login-question", j.asked())
		j.press("#login-submit", "#identity")
		j.leave()
		j.open("/login", "#login-question-audio")
		j.p.Advance(2 * time.Minute) // since the code before
		j.press(`a[href^="/login/code"]`, "#register-identifier")
		j.fill("register-identifier", number)
		j.press("#register-submit", "#otp-code")
		j.fill("otp-code", inbox(j.t, j.p, number))
		j.press("#otp-submit", "#identity")
	}
	j.p.Advance(authn.LoginSpan + time.Minute) // the network may try again
}

// asked reads the question of the login page, as words.
func (j *journey) asked() string {
	_, words, found := strings.Cut(ask[string](j, `document.querySelector('label[for="login-question"]').textContent`), "：")
	if !found || len([]rune(words)) != 7 {
		j.fatalf("the page asks %q", words)
	}
	return words
}

// upstream: another platform does not answer and the page offers what is left; when it answers, its level counts as the map says.
func (j *journey) upstream() {
	j.at("3.2.5")
	h := j.sources[j.scripts]
	who := map[bool][2]string{true: {"张三", "11010519491231002X"}, false: {"吴九", "110101199003070118"}}[j.scripts]
	h.claims = map[string]any{"sub": who[1], "ial": "L3", "name": who[0], "id_document_number": who[1]}
	h.change = func(claims map[string]any) { // the clock of the platform has moved on
		claims["iat"], claims["exp"] = j.p.Now().Unix(), j.p.Now().Add(time.Minute).Unix()
	}
	source := h.source()
	source.ID = "province-" + map[bool]string{true: "on", false: "off"}[j.scripts]
	apply(j.t, j.p, app.Manifest{Upstreams: []federation.Source{source}})
	link := `a[href^="/federation/` + source.ID + `/start"]`
	silent := func(yes bool) {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		h.silent = yes
	}
	j.leave()
	silent(true)
	j.open("/login", link)
	for range 5 {
		j.press(link, ".error-summary")
		j.says("没有回应")
		j.has("#login-password, #login-qr", 2)
		if ask[bool](j, `!document.querySelector('`+link+`')`) {
			break
		}
	}
	j.open("/login", "#login-password")
	j.has(link, 0)
	j.says("省统一身份认证暂时没有回应")
	silent(false)
	j.p.Advance(time.Minute)
	j.open("/login", link)
	j.press(link, "#province-agree")
	j.press("#province-agree", "#identity")
	if got := j.textOf("identity"); !strings.Contains(got, "高级实名") {
		j.fatalf("the level of the source is %s", got)
	}
	source.Disabled = true
	apply(j.t, j.p, app.Manifest{Upstreams: []federation.Source{source}})
}

// extension: shortly before the end one press goes on; without scripts each page says when it ends, and each page is use.
func (j *journey) extension(number string) {
	j.at("3.2.9")
	j.signIn(number)
	j.has("#session-end[hidden]", 1)
	if shown := ask[bool](j, `[...document.querySelectorAll("p.session-end")].some(p => p.offsetHeight > 0)`); shown == j.scripts {
		j.fatalf("the end of the session is told: %v", shown)
	}
	j.p.Advance(50 * time.Minute)
	if j.scripts {
		before := strings.Count(j.p.Log.String(), "POST /session/extension")
		ask[bool](j, `document.querySelector("#session-extend").click(), true`)
		eventually(j.t, "no extension", func() bool { return strings.Count(j.p.Log.String(), "POST /session/extension") > before })
	} else {
		j.says("无操作时将于")
		j.open("/me/records", "main")
	}
	j.p.Advance(50 * time.Minute)
	j.open("/me", "#identity")
}

// consent is §3.3.
func (j *journey) consent() {
	app := j.party(idp.Client{ClientID: "market", ClientName: "市场监管", Department: "示例市市场监督管理局", Purpose: "办理登记", Scope: "openid profile phone",
		AllowedClaims: []idp.AllowedClaim{{Claim: "name", Purpose: "核对姓名"}, {Claim: "ial", Purpose: "核对等级"}, {Claim: "phone_number", Purpose: "通知", LegalBasis: "《示例条例》第三条"}}})
	number := j.person("王小明", 2)
	j.signIn(number)
	j.at("3.3.1")
	j.authorize(app, nil, "#consent-allow")
	j.says("“市场监管”请求使用您的以下信息", "示例市市场监督管理局", "办理登记", "王*明", "《示例条例》第三条")
	j.never(number, "王小明")
	j.alike("consent-allow", "consent-deny")
	j.press("#consent-deny", "#portal-error")
	if got := j.textOf("portal-error"); got != `"access_denied"` {
		j.fatalf("the portal was told %s", got)
	}
	j.authorize(app, nil, "#consent-allow")
	j.press("#consent-allow", "#portal-code")
	j.at("3.3.3")
	j.authorize(app, nil, "#portal-code")
	if j.code() == "" {
		j.fatalf("a later visit asks again")
	}
	tokens := j.p.Redeem(app, j.code(), nil)
	j.severalDepartments()
	j.at("3.3.4")
	j.open("/logout?client_id="+app.ClientID, "#logout-here")
	j.press("#logout-here", "main:not(:has(#logout-here)) h1")
	j.says("已退出“市场监管”", "其他系统仍保持登录")
	if j.p.Active(app, tokens.String("access_token")) {
		j.fatalf("the token of the system that was left is active")
	}
	j.authorize(app, nil, "#portal-code") // the session goes on
	j.p.Redeem(app, j.code(), nil)
	j.at("3.3.2")
	again := j.party(idp.Client{ClientID: "again", ClientName: "档案查询", Purpose: "查询档案", Scope: "openid profile phone", AllowedClaims: []idp.AllowedClaim{{Claim: "name", Purpose: "核对姓名"}}})
	cb := again.RedirectURIs
	for _, change := range []struct {
		says   string
		claims []idp.AllowedClaim
	}{
		{"核对姓名", again.AllowedClaims},
		{"统计人数", []idp.AllowedClaim{{Claim: "name", Purpose: "统计人数"}}},
		{"通知结果", []idp.AllowedClaim{{Claim: "name", Purpose: "统计人数"}, {Claim: "phone_number", Purpose: "通知结果"}}},
	} {
		again.AllowedClaims, again.RedirectURIs = change.claims, []string{"http://127.0.0.1/cb"}
		again = j.p.Client(again)
		again.RedirectURIs = cb
		j.authorize(again, nil, "#consent-allow")
		j.says(change.says)
		j.press("#consent-allow", "#portal-code")
		j.authorize(again, nil, "#portal-code")
		j.p.Redeem(again, j.code(), nil)
	}
	told := j.party(idp.Client{ClientID: "fund", ClientName: "公积金", BackchannelLogoutURI: j.portal.URL + "/out"})
	j.authorize(told, nil, "#consent-allow")
	j.press("#consent-allow", "#portal-code")
	j.p.Redeem(told, j.code(), nil)
	j.open("/logout", "#logout-confirm")
	j.says("市场监管")
	j.press("#logout-confirm", "main:not(:has(#logout-confirm)) h1")
	j.says("已登录系统", "市场监管", "不接收通知，请在该系统内退出", "公积金")
	if got := ask[string](j, `[...document.querySelectorAll(".items li")].map(l => l.innerText.replace(/\s+/g, " ")).join("; ")`); !strings.Contains(got, "公积金 已退出") && !strings.Contains(got, "公积金 正在通知") {
		j.fatalf("the systems are %s", got)
	}
	j.open("/me", "#login-submit")
}

// severalDepartments: one consent, a box for each department, and one of them is stopped at /me.
func (j *journey) severalDepartments() {
	j.at("3.3.5")
	if err := j.p.App.Apply(context.Background(), matterTree); err != nil {
		j.fatalf("the departments: %v", err)
	}
	app := j.party(matterClient())
	j.authorize(app, nil, "#consent-allow")
	j.says("示例省住房公积金中心", "示例省社会保险局", "示例省税务局", "《示例征收条例》第十五条", "保存 365 天")
	j.has(`[name="recipient"]`, 2)
	j.has(`[name="recipient"]:checked`, 0)
	j.alike("consent-allow", "consent-deny")
	j.choose("#recipient-dept-fund")
	j.press("#consent-allow", "#portal-code")
	if got := passedTo(j.t, apptest.Claims(j.t, j.p.Redeem(app, j.code(), nil).String("id_token"))); got != "dept-fund:name+phone_number dept-tax:name" {
		j.fatalf("the application was told %s", got)
	}
	j.open("/me/consents?client="+app.ClientID, "#consent-agreed")
	j.press("#recipient-dept-fund.danger", "#recipient-dept-fund:not(.danger)")
	j.says("第 2 版", "未同意转给：示例省住房公积金中心")
}

// ownPages is §3.4.
func (j *journey) ownPages() {
	app := j.party(idp.Client{ClientID: "archive", ClientName: "城建档案", Department: "示例市档案馆"})
	number := j.person("王小明", 1)
	j.signIn(number)
	j.authorize(app, nil, "#consent-allow")
	j.press("#consent-allow", "#portal-code")
	j.p.Redeem(app, j.code(), nil)
	j.at("3.4.1")
	j.open("/me", "#identity")
	order := ask[string](j, `[...document.querySelectorAll("main section.card")].map(s => s.querySelector("h2").textContent).join(" · ")`)
	if want := "身份与实名 · 登录方式 · 已登录设备 · 授权管理 · 我的证照 · 家庭与代办 · 使用记录 · 我的数据"; order != want {
		j.fatalf("the cards are %s", order)
	}
	j.never(number)
	j.at("3.4.2")
	j.open("/me/records", "#records-export")
	j.says("城建档案", "示例市档案馆", "您的同意（第 1 版）")
	j.choose("main details summary")
	ask[bool](j, `document.getElementById("app").selectedIndex = 1, true`)
	j.press("#records-filter", "#records-export")
	j.says("城建档案")
	j.at("3.4.3")
	j.press(`a[href^="/me/records/rel_"]`, "#dispute-ask")
	j.fill("text", "我没有办理过")
	j.press("#dispute-ask", "#dispute")
	j.says("等待单位答复")
	j.at("3.4.4")
	j.open("/me/security", "#devices")
	j.says("Chrome", "127.0.0.1")
	j.contacts(number)
}

// contacts: the code of the number in hand first, then that of the next one.
func (j *journey) contacts(number string) {
	j.at("3.4.5")
	next := j.phone()
	j.open("/me/security", "#contact-new")
	j.fill("contact-new", "not a contact")
	j.press("#contact-change", ".error-summary")
	j.fill("contact-new", next)
	j.press("#contact-change", "#otp-code")
	j.says(number[:3] + "****" + number[7:])
	j.fill("otp-code", inbox(j.t, j.p, number))
	j.press("#otp-submit", "#otp-code")
	j.says(next[:3] + "****" + next[7:])
	j.fill("otp-code", inbox(j.t, j.p, next))
	j.press("#otp-submit", "#contact-changed")
	j.never(number, next)
	eventually(j.t, "the change is not told", func() bool {
		return told(j.p, number, "更换了手机号或邮箱") && told(j.p, next, "更换了手机号或邮箱")
	})
	j.signIn(next)
}

// recovery is §3.5.
func (j *journey) recovery() {
	number := j.person("王小明", 1)
	other := j.p.SignIn(number)
	j.at("3.5.1")
	j.open("/recover", "#recover-submit")
	j.says("手机或邮箱", "备用码", "窗口", "通行密钥")
	j.fill("register-identifier", number)
	j.press("#recover-submit", "#otp-code")
	j.fill("otp-code", inbox(j.t, j.p, number))
	j.press("#otp-submit", "#password-new")
	j.at("3.5.2")
	j.fill("password-new", apptest.Password+"-new")
	j.press("#password-submit", "#welcome-later")
	j.says("24 小时内不能用印")
	j.press("#welcome-later", "#methods")
	if got := j.textOf("identity"); !strings.Contains(got, "初级实名") {
		j.fatalf("after the recovery: %s", got)
	}
	if open(j.t, other, j.p.URL+"/me"); other.Page.URL.Path != "/login" {
		j.fatalf("another session goes on")
	}
	eventually(j.t, "the recovery is not told", func() bool { return told(j.p, number, "找回") })

	j.at("3.5.3")
	number = j.person("王小明", 1)
	key := addTOTP(j.t, j.p, j.p.SignIn(number))
	j.p.Advance(2 * time.Minute)
	j.leave()
	j.open("/recover", "#recover-submit")
	j.fill("register-identifier", number)
	j.press("#recover-submit", "#otp-code")
	j.fill("otp-code", inbox(j.t, j.p, number))
	j.press("#otp-submit", "#second-recovery")
	j.has("#password-new", 0)
	j.fill("otp-code", "000000")
	j.press("#otp-submit", ".error-summary")
	j.fill("otp-code", totpAt(j.t, key, j.p.Now()))
	j.press("#otp-submit", "#password-new")
	j.fill("password-new", apptest.Password+"-new")
	j.press("#password-submit", "#welcome-later")
}

// delegation is §3.6.
func (j *journey) delegation() {
	app := j.party(idp.Client{ClientID: "acting", ClientName: "不动产登记", Scope: "openid profile", ActingFor: true})
	giver, taker := j.person("王小明", 2), j.person("欧阳春晓", 2)
	j.signIn(giver)
	j.at("3.6.1")
	j.open("/me/mandates/new", "#mandate-submit")
	if days := ask[string](j, `document.getElementById("mandate-days").value`); days != "30" {
		j.fatalf("%s days are proposed", days)
	}
	j.says("查看", "提交", "领取", "出示证照")
	j.fill("mandate-name", "欧阳春晓", "mandate-to", taker, "mandate-items", "pension")
	j.choose(`label[for="mandate-kind-relative"]`)
	j.press("#mandate-submit", `[name="mandate-stop"]`)
	j.says("待确认")
	address := ask[string](j, "location.pathname")
	j.signIn(taker)
	j.open("/me/mandates", "#mandates-taken .items a")
	j.press("#mandates-taken .items a", `[value="accept"]`)
	j.press(`[value="accept"]`, `[name="mandate-stop"]`)
	j.at("3.6.2")
	j.authorize(app, nil, `[name="acting-choice"]`)
	j.press(`[name="acting-choice"][value^="mdt_"]`, "#consent-allow")
	if got := j.textOf("acting-identity"); !strings.Contains(got, "您正在代 王*明 办理") {
		j.fatalf("X-03: the page says %s", got)
	}
	j.press("#consent-allow", "#portal-code")
	claims := apptest.Claims(j.t, j.p.Redeem(app, j.code(), nil).String("id_token"))
	if act, _ := claims["act"].(map[string]any); act["sub"] == nil || act["sub"] == claims["sub"] {
		j.fatalf("X-11: %v", claims)
	}
	j.at("3.6.3")
	j.signIn(giver)
	j.open(address, "#mandate-uses")
	if got := j.textOf("mandate-uses"); !strings.Contains(got, "不动产登记") {
		j.fatalf("the principal sees %s", got)
	}
	j.press(`[name="mandate-stop"]`, "main:not(:has([name=mandate-stop])) h1")
	j.says("已撤销")
	j.organisation(app)
}

// organisation: the legal representative makes it, appoints an agent, acts for it at a portal and lets the agent go.
func (j *journey) organisation(app idp.Client) {
	j.at("3.6.4")
	made := map[bool][2]string{true: {"示例市青禾商贸有限公司", company}, false: {"示例市云杉科技有限公司", "91999900MA0000023H"}}[j.scripts]
	j.p.Persona(boss, "钱法人", 3)
	agent := j.person("孙经办", 2)
	j.signIn(boss)
	j.open("/me/organisations/new", "#organisation-name")
	j.fill("organisation-name", made[0], "organisation-code", made[1])
	j.press(`[name="organisation-submit"]`, "#organisation-agents")
	address := ask[string](j, "location.pathname")
	j.press(`#organisation-agents a[href*="/me/mandates/new"]`, "#mandate-submit")
	j.fill("mandate-name", "孙经办", "mandate-to", agent, "mandate-items", "tax")
	j.press("#mandate-submit", `[name="mandate-stop"]`)
	mandateOf := ask[string](j, "location.pathname")
	j.signIn(agent)
	j.open(mandateOf, `[value="accept"]`)
	j.press(`[value="accept"]`, `[name="mandate-stop"]`)
	j.at("3.2.6")
	j.authorize(app, nil, `[name="acting-choice"]`)
	j.says(made[0], "本人")
	j.press(`[name="acting-choice"][value^="mdt_"]`, "#consent-allow")
	if got := j.textOf("acting-identity"); !strings.Contains(got, made[0]) || !strings.Contains(got, "经办") {
		j.fatalf("X-03: the page says %s", got)
	}
	j.at("3.6.4")
	j.signIn(boss)
	j.open(address, `[name="organisation-stop"]`)
	j.press(`[name="organisation-stop"]`, "#organisation-agents:not(:has([name=organisation-stop]))")
}

// family is §3.7.
func (j *journey) family() {
	j.at("3.7.1")
	j.p.Persona(guardianPhone, "李四", 2)
	j.signIn(guardianPhone)
	j.open("/me/children/new", "#child-agree")
	j.alike("child-agree", "child-decline")
	j.fill("child-name", childName, "child-number", childNumber)
	ask[bool](j, `document.getElementById("child-relation").value = "parent", true`)
	j.press("#child-agree", "#mandate-guardian")
	j.says("父亲或母亲")
	j.at("3.7.2")
	j.leave()
	j.open("/register", "#register-minor")
	j.choose("#register-minor summary")
	j.says("已满 14 周岁：可以自己注册", "到您年满 18 周岁时自动结束")
	j.at("3.7.3")
	elderly, relative := j.person("王小明", 1), j.person("欧阳春晓", 2)
	j.signIn(relative)
	j.open("/me/relatives", "#relative-submit")
	j.fill("mandate-name", "王小明", "mandate-to", elderly)
	ask[bool](j, `document.getElementById("relative-word").selectedIndex = 1, true`)
	j.press("#relative-submit", "#relatives-held .items")
	j.signIn(elderly)
	j.open("/me/relatives", `[name="relative-confirm"]`)
	j.press(`[name="relative-confirm"]`, "#relatives-held .success")
	j.press("#relatives-give", "#mandate-submit")
	j.choose(`label[for="mandate-kind-family"]`)
	j.fill("mandate-name", "欧阳春晓", "mandate-to", relative, "mandate-items", "pension")
	j.press("#mandate-submit", `[name="mandate-stop"]`)
	j.says("亲情账号", "待确认")
	j.elderByTelephone()
}

// elderByTelephone: a helper asks, the elder hears a code and says yes to a later call; the simulated inbox stands for its telephone.
func (j *journey) elderByTelephone() {
	j.at("3.7.3")
	toNoon(j.p)
	elderly, helping := j.person("王小明", 1), j.person("欧阳春晓", 3)
	j.signIn(helping)
	j.open("/me/mandates/new?ask=1", "#mandate-confirm-telephone")
	j.fill("mandate-name", "王小明", "mandate-to", elderly, "mandate-items", "pension")
	j.choose(`label[for="mandate-kind-elder_helper"]`)
	j.choose(`label[for="mandate-confirm-telephone"]`)
	j.press("#mandate-submit", "#elder-submit")
	request := ask[string](j, "location.pathname")
	j.says("填对只说明您与长辈有联系")
	j.fill("otp-code", inbox(j.t, j.p, elderly))
	j.press("#elder-submit", "#elder-waiting")
	j.p.Advance(3 * time.Hour)
	if _, err := j.p.App.Mandates.AskElders(context.Background()); err != nil {
		j.fatalf("the elder is not asked: %v", err)
	}
	eventually(j.t, "the elder is not called", func() bool { return told(j.p, elderly, "按2") })
	j.open("/inbox?to="+elderly, `[name="inbox-answer"][value="1"]`)
	j.press(`[name="inbox-answer"][value="1"]`, `[name="inbox-answer"]`)
	j.signIn(helping)
	j.open(request, "#elder-mandate")
	j.says("长辈已同意")
	j.press("#elder-mandate", `[name="mandate-stop"]`)
	j.says("长辈帮手", "有效")
}

// dataRights is §3.8.
func (j *journey) dataRights() {
	number := j.person("王小明", 1)
	helper := j.person("欧阳春晓", 2)
	j.signIn(number)
	j.at("3.8.1")
	j.open("/me/data", "#data-submit")
	j.press("#data-submit", "#export .notice")
	eventually(j.t, "the copy is not told of", func() bool { return told(j.p, number, "副本已备好") })
	j.open("/me/data", "#data-file")
	j.has("#data-signature, #data-destroy", 2)
	j.choose("#data-lock summary")
	j.fill("data-passphrase", "short", "data-passphrase-again", "short")
	j.press("#data-archive", ".error-summary")
	j.at("3.8.2")
	m := give(j.t, j.p, accountOf(j.t, j.p, number).ID, accountOf(j.t, j.p, helper).ID, mandate.Terms{})
	j.open("/me/data/deletion", "#blockers a")
	j.has("#deletion-submit", 0)
	j.press(`#blockers a[href="/me/mandates/`+m.ID+`"]`, `[name="mandate-stop"]`) // each line leads to where it is settled
	j.press(`[name="mandate-stop"]`, "main")
	j.at("3.8.3")
	j.open("/me/data/deletion", "#deletion-submit")
	j.has("#effects li", 4)
	j.has("#kept li", len(idp.KeptRecords))
	j.press("#deletion-submit", "#deletion-undo")
	j.press("#deletion-undo", "#deletion-submit")
}
