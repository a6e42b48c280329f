package gallery

import (
	"time"

	"github.com/yinxin-gov/yinxin/web"
)

// counter are the pages of clerks at a counter, of the second screen, and the login by a pass.
func counter() []Sample {
	clerk := web.Identity{Kind: web.IdentitySelf, Name: "赵*", Tier: 3}
	nav := []web.NavLink{{Label: "窗口助办", URL: "/counter", Current: true}, {Label: "主管核查", URL: "/counter/queue"}}
	code, err := web.NewQR("LZ1:6BFOXN%TSMAHN-HZXK7CA+PLAKGTFXJ9A18M:R9%2C-GNYR%RN2DLCMJ5ERL7B%IRJZ7+$JEF3%2CGWJRSFHUVBRL5DSA%BR8LNJVA0H99JCAHN-HZXK7CA+PLAKGTFXJ9A18M")
	if err != nil {
		panic(err) // the text is a constant that fits
	}
	facts := []web.ShownField{{Label: "公民身份号码", Value: "110101********2316"}, {Label: "有效期至", Value: "2040-03-01"}, {Label: "账号", Value: "尚未注册"}}
	plan := web.CounterVisitPage{State: web.CounterPlan, Hidden: flow, Called: "A012", Name: "王*明", Facts: facts, Until: moment.Add(15 * time.Minute), AskPhone: true, Register: true, Ways: []string{"screen", "sms", "paper"}, Way: "screen",
		Acts: []web.CounterAct{{Kind: "register", Ticked: true, Key: 1}, {Kind: "raise", Ticked: true, Key: 2}, {Kind: "pass", Key: 3}, {Kind: "card", Ticked: true, Key: 4}}}
	wait := func(way string) web.CounterVisitPage {
		v := plan
		v.State, v.Way, v.To, v.Acts = web.CounterWait, way, "138****0001", []web.CounterAct{{Kind: "register"}, {Kind: "raise"}, {Kind: "card"}}
		return v
	}
	page := func(body any) web.Page { return web.Page{Identity: clerk, Nav: nav, Body: body} }
	sms := wait("sms")
	sms.Voice = true
	called, tooOften := sms, page(sms)
	called.ByCall = true
	tooOften.Errors = []web.FieldError{{Field: "counter-code", Message: "获取验证码太频繁，请稍后再试"}}
	agreed := wait("screen")
	agreed.State = web.CounterAgreed
	typed := plan
	typed.Typed = true
	done := web.CounterDonePage{Name: "王*明", Called: "A012", Terminal: "3 号窗口", At: moment, Acts: []web.CounterReceipt{{Kind: "register", Outcome: "done", ID: "cac_6q4v2m8k1x"}, {Kind: "raise", Outcome: "done", ID: "cac_7q4v2m8k1x"}, {Kind: "pass", Outcome: "done", ID: "cac_8q4v2m8k1x"}, {Kind: "card", Outcome: "done", ID: "cac_9q4v2m8k1x"}},
		Pass: "482913057716", PassEnds: moment.AddDate(0, 0, 1), LoginURL: "https://id.example.gov.cn/login/pass",
		Card: &web.CounterCard{QR: code, Name: "王*明", Level: 4, IssuedAt: moment, ExpiresAt: moment.AddDate(0, 0, 180), VerifyURL: "https://id.example.gov.cn/verify", Code: "LZ1:6BFOXN%TSMAHN"}}
	partly := done
	partly.Pass, partly.Card, partly.Failed, partly.Acts = "", nil, "该身份已绑定其他账号", partly.Acts[:1]
	fields := []web.FormField{{Name: "counter-kind", Label: "证件类型", Kind: "select", Options: []web.Option{{Value: "citizen_id", Label: "居民身份证"}}}, {Name: "counter-name", Label: "姓名"}, {Name: "counter-number", Label: "证件号码"},
		{Name: "counter-to", Label: "证件截止日期", Hint: "例如 2036-03-07；没有截止日期填“长期”"}, {Name: "second-password", Label: "同事的密码", Kind: "password"}}
	asks := web.CounterScreenPage{Serves: true, Asks: true, Name: "王*明", Acts: []web.CounterAct{{Kind: "register"}, {Kind: "helper", Details: []string{"李* 为您代办 · 长辈帮手 · 查看 代填 · 至 2026-12-26"}}, {Kind: "card"}}, Hidden: flow}
	wrong := page(web.CounterPage{CanServe: true, Terminal: "3 号窗口", Reader: true, Called: "A012", TypedURL: "/counter/typed", Screen: true})
	wrong.Errors = []web.FieldError{{Field: "counter-called", Message: "没有读到证件"}}
	family := plan
	family.AskPhone, family.AskChild, family.ChildName, family.Register = false, true, "王小小", false
	family.Acts = []web.CounterAct{{Kind: "reset_login", Key: 1}, {Kind: "pass", Key: 2}, {Kind: "card", Key: 3}, {Kind: "card_end", Key: 4}, {Kind: "family", Ticked: true, Key: 5}, {Kind: "helper", Key: 6}, {Kind: "guardian", Key: 7}, {Kind: "mandate_end", Key: 8}, {Kind: "license_copy", Key: 9}}
	copies := partly
	copies.Failed, copies.Copies = "", []web.Link{{Label: "营业执照 · 1.2.156.3005.2.11100000MB0143028R001", URL: "/counter/copy/lic_1"}}
	wrongChild := page(family)
	wrongChild.Errors = []web.FieldError{{Field: "counter-child-number", Message: "公民身份号码应为 18 位"}}
	checked := web.CounterPage{CanServe: true, Terminal: "3 号窗口", TypedURL: "/counter/typed", Checked: &web.CounterChecked{Code: "V00", Verdict: "valid", Text: "真实有效", Fields: []web.ShownField{{Label: "姓名（部分隐去）", Value: "王*明"}, {Label: "实名等级", Value: "4"}}}}
	rights := family
	rights.AskWard, rights.ChildName = true, ""
	rights.Facts = append(append([]web.ShownField{}, facts[:2]...), web.ShownField{Label: "账号", Value: "现场实名"})
	rights.Acts = append(append([]web.CounterAct{}, family.Acts...), web.CounterAct{Kind: "data_copy"}, web.CounterAct{Kind: "data_paper"}, web.CounterAct{Kind: "child_deletion_undo"}, web.CounterAct{Kind: "child_deletion"}, web.CounterAct{Kind: "deletion", Ticked: true})
	rights.Acts[4].Ticked = false
	rights.Blocked = []string{"有未到期的委托授权：可在本窗口撤销全部代办授权"}
	blocked := page(rights)
	blocked.Errors = []web.FieldError{{Field: "counter-acts", Message: "还有事项未了结，暂时不能注销"}}
	leaves := web.CounterScreenPage{Serves: true, Asks: true, Name: "王*明", Hidden: flow, Acts: []web.CounterAct{{Kind: "data_copy", Details: []string{"平台保存的本人数据，用您设定的口令加密，只交给您本人；工作人员打不开。"}},
		{Kind: "deletion", Details: []string{"7 天后注销；此前在任一窗口或登录后都可撤回。", "不能再用此账号登录任何网站。", "所有应用立即退出，授权全部结束。", "姓名、证件号码、手机号和邮箱会被销毁，加密它们的密钥一并销毁。", "依法保留 · 安全日志，只有编号和摘要 · 《中华人民共和国网络安全法》第二十三条，3 年"}}}}
	gone := partly
	gone.Failed, gone.Ends, gone.DataURL = "", moment.AddDate(0, 0, 7), "/counter/data"
	gone.Acts = []web.CounterReceipt{{Kind: "data_copy", Outcome: "done", ID: "cac_6q4v2m8k1x"}, {Kind: "deletion", Outcome: "done", ID: "cac_7q4v2m8k1x"}}
	handing := web.CounterDataPage{Name: "王*明", State: "ready", Action: "/counter/data", Back: "/counter/visit", Hidden: flow, Archive: true, Paper: true, MinPassphrase: 12, MaxPassphrase: 128}
	making, handed := handing, handing
	making.State, making.Archive, making.Paper = "waiting", false, false
	handed.Archive, handed.Paper, handed.NoPaper = false, false, true
	unfit := page(handing)
	unfit.Errors = []web.FieldError{{Field: "counter-passphrase-again", Message: "两次输入的口令不一致"}}
	return []Sample{
		{Name: "counter-rights", Template: "counter-visit", Status: 409, Page: blocked},
		{Name: "counter-screen-rights", Template: "counter-screen", Page: web.Page{Body: leaves}},
		{Name: "counter-done-rights", Template: "counter-done", Page: page(gone)},
		{Name: "counter-data", Template: "counter-data", Status: 422, Page: unfit},
		{Name: "counter-data-waiting", Template: "counter-data", Page: page(making)},
		{Name: "counter-data-handed", Template: "counter-data", Page: page(handed)},
		{Name: "counter-family", Template: "counter-visit", Status: 422, Page: wrongChild},
		{Name: "counter-copies", Template: "counter-done", Page: page(copies)},
		{Name: "counter-checked", Template: "counter", Page: page(checked)},
		{Name: "counter", Template: "counter", Page: page(web.CounterPage{CanServe: true, Terminal: "3 号窗口", Reader: true, TypedURL: "/counter/typed", QueueURL: "/counter/queue"})},
		{Name: "counter-no-card", Template: "counter", Status: 409, Page: wrong},
		{Name: "counter-pair", Template: "counter", Page: page(web.CounterPage{CanServe: true, Terminal: "3 号窗口", TypedURL: "/counter/typed", Code: "48291305"})},
		{Name: "counter-typed", Template: "counter", Page: page(web.CounterPage{CanServe: true, Terminal: "3 号窗口", Typed: true, TypedURL: "/counter", Fields: fields, Screen: true})},
		{Name: "counter-enrol", Template: "counter", Page: page(web.CounterPage{Enrol: true, CanServe: true})},
		{Name: "counter-plan", Template: "counter-visit", Page: page(plan)},
		{Name: "counter-plan-typed", Template: "counter-visit", Page: page(typed)},
		{Name: "counter-wait", Template: "counter-visit", Page: page(wait("screen"))},
		{Name: "counter-wait-sms", Template: "counter-visit", Page: page(sms)},
		{Name: "counter-wait-call", Template: "counter-visit", Page: page(called)},
		{Name: "counter-wait-often", Template: "counter-visit", Status: 429, Page: tooOften},
		{Name: "counter-wait-paper", Template: "counter-visit", Page: page(wait("paper"))},
		{Name: "counter-agreed", Template: "counter-visit", Page: page(agreed)},
		{Name: "counter-done", Template: "counter-done", Page: page(done)},
		{Name: "counter-partly", Template: "counter-done", Page: page(partly)},
		{Name: "counter-screen", Template: "counter-screen", Page: web.Page{Body: asks}},
		{Name: "counter-screen-wait", Template: "counter-screen", Page: web.Page{Body: web.CounterScreenPage{}}},
		{Name: "counter-screen-pair", Template: "counter-screen", Status: 422, Page: web.Page{Errors: []web.FieldError{{Field: "screen-code", Message: "代码不正确或已失效"}}, Body: web.CounterScreenPage{Pair: true}}},
		{Name: "pass", Template: "pass", Page: web.Page{Body: web.PassPage{}}},
		{Name: "pass-wrong", Template: "pass", Status: 401, Page: web.Page{Errors: []web.FieldError{{Field: "pass-code", Message: "证件号码或凭条不正确"}}, Body: web.PassPage{Number: "110101199003072316"}}},
	}
}
