package gallery

import (
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/web"
)

// moment is the day on which every sample plays.
// reviewKinds are the kinds of cases that people decide.
var reviewKinds = []string{"manual_review", "guardian_consent", "sample"}

var moment = time.Date(2026, 11, 24, 6, 30, 0, 0, time.UTC)

var (
	citizen = web.Identity{Kind: web.IdentitySelf, Name: "张*", Tier: 2}
	staff   = web.Identity{Kind: web.IdentityOrganization, Name: "示例市市场监督管理局", Actor: "李*", Role: "印章保管人"}
	flow    = []web.Hidden{{Name: "flow", Value: "flw_6q4v2m8k1x"}}
)

func people() []Sample {
	scan, err := web.NewQR("https://id.example.gov.cn/qr/abcdefghijklmnopqrstuvwxyz012345")
	if err != nil {
		panic(err) // the text is a constant that fits
	}
	key := &web.PasskeyForm{Action: "/login/passkey", Options: "/design/passkey", Hidden: flow}
	login := web.LoginPage{Passkey: key, Hidden: flow, App: "市场监管", Department: "示例市市场监督管理局", CodeURL: "/login/code", CertificateURL: "/login/certificate", QRURL: "/login/qr", CancelURL: "/cancel"}
	wrong := login
	wrong.Identifier = "13800000001"
	kinds := []web.ProofingKind{{Name: "居民身份证", URL: "/proofing?ial=1"}, {Name: "港澳居民来往内地通行证", URL: "/proofing?ial=1&document=hk_macao_permit"}, {Name: "台湾居民来往大陆通行证", URL: "/proofing?ial=1&document=taiwan_permit", Counter: true}, {Name: "普通护照", Chosen: true}}
	passport := web.ProofingPage{Hidden: flow, Current: 0, Kind: "普通护照", Kinds: kinds, NumberHint: "passport", Nations: []web.Option{{Value: "FRA", Label: "FRA 法国"}, {Value: "GBR", Label: "GBR 英国"}}, AskBirth: true, AskExpiry: true, AskZone: true,
		Methods: []web.ProofingMethod{{ID: "document", Reaches: 1, Minutes: 2, Chosen: true}, {ID: "mobile", URL: "/proofing?ial=2&document=passport", Reaches: 2, Minutes: 2}}}
	proofing := web.ProofingPage{Hidden: flow, App: "不动产登记", Current: 1, Needed: 2, Name: "张伟", AskMobile: true, CancelURL: "/cancel", Methods: []web.ProofingMethod{
		{ID: "mobile", URL: "/proofing?method=mobile", Reaches: 2, Minutes: 1, Chosen: true},
		{ID: "card", URL: "/proofing?method=card", Reaches: 1, Minutes: 1},
		{ID: "face", Reaches: 3, Minutes: 2, Disabled: "本地区尚未开通"},
		{ID: "counter", Reaches: 4, Minutes: 15},
	}}
	badNumber := proofing
	badNumber.Number = "11010119900307002"
	return []Sample{
		{Name: "home", Template: "home", Page: web.Page{Body: web.HomePage{Portals: []web.Link{{Label: "市场监管", URL: "/design/portal-1"}, {Label: "不动产登记", URL: "/design/portal-2"}}}}},
		{Name: "home-signed-in", Template: "home", Page: web.Page{Identity: citizen, Body: web.HomePage{}}},
		{Name: "login", Template: "login", Page: web.Page{Body: login, Callbacks: []string{"https://portal.example/callback"}}},
		{Name: "login-first", Template: "login", Page: web.Page{Body: web.LoginPage{Hidden: flow, App: "一网通办", First: &web.Link{Label: "省统一身份认证平台", URL: "/federation/province/start"}, Upstreams: []web.Link{{Label: "市民卡", URL: "/federation/city/start"}}}}},
		{Name: "login-upstreams", Template: "login", Page: web.Page{Body: web.LoginPage{Hidden: flow, Upstreams: []web.Link{{Label: "省统一身份认证平台", URL: "/federation/province/start"}, {Label: "市民卡", URL: "/federation/city/start"}}, Silent: []string{"省法人平台"}}}},
		{Name: "login-work", Template: "login", Status: 403, Page: web.Page{Body: web.LoginPage{Work: &web.WorkField{Text: "AAAAAAAAAAAAAAAAAAAAAAAA", Bits: 8}, NoWork: true, Hidden: flow, CodeURL: "/login/code"}, Errors: []web.FieldError{{Message: "您所在网络的密码尝试较多，请再提交一次"}}}},
		{Name: "login-question", Template: "login", Status: 403, Page: web.Page{Body: web.LoginPage{Work: &web.WorkField{Text: "AAAAAAAAAAAAAAAAAAAAAAAA", Bits: 8}, Question: &web.QuestionField{Both: true, Digits: []string{"3", "0", "7", "5"}, AudioURL: "/login/question/audio?question=sample"}, Hidden: flow, CodeURL: "/login/code"}, Errors: []web.FieldError{{Field: "login-question", Message: "请按顺序填写页面上的四个数字"}}}},
		{Name: "login-question-only", Template: "login", Page: web.Page{Body: web.LoginPage{Work: &web.WorkField{Text: "AAAAAAAAAAAAAAAAAAAAAAAA", Bits: 8}, Question: &web.QuestionField{Digits: []string{"9", "1", "2", "8"}, AudioURL: "/login/question/audio?question=sample"}, Hidden: flow, CodeURL: "/login/code"}}},
		{Name: "login-error", Template: "login", Status: 422, Page: web.Page{Body: wrong, Errors: []web.FieldError{{Field: "login-password", Message: "账号或密码不正确，还可尝试 3 次"}}}},
		{Name: "login-step-up", Template: "login", Page: web.Page{Identity: citizen, Body: web.LoginPage{Hidden: flow, App: "不动产登记", Reason: "此事项需要您再次登录确认。", RegisterURL: "-"}}},
		{Name: "register", Template: "register", Page: web.Page{Body: web.RegisterPage{Hidden: flow, GuardianURL: "/me/children/new", Agreement: "account-2026-11"}}},
		{Name: "login-code", Template: "register", Page: web.Page{Title: "登录", Body: web.RegisterPage{Hidden: flow, SignIn: true, Action: "/login/code", App: "市场监管", LoginURL: "/login", RegisterURL: "/register", Agreement: "account-2026-11"}}},
		{Name: "otp", Template: "otp", Page: web.Page{Body: web.OTPPage{Action: "/register/code", Hidden: flow, To: "138****0001", ResendAction: "/register/resend", ResendAfter: 60, InboxURL: "/inbox", Step: 2, Steps: 3, Voice: true}}},
		{Name: "otp-called", Template: "otp", Page: web.Page{Body: web.OTPPage{Action: "/login/code/check", Hidden: flow, To: "138****0001", ResendAction: "/login/code", ResendAfter: 60, Voice: true, Called: true}}},
		{Name: "otp-old", Template: "otp", Page: web.Page{Identity: citizen, Body: web.OTPPage{Action: "/me/security/contacts/code", Hidden: flow, To: "138****0001", ResendAction: "/me/security/contacts/resend", ResendAfter: 60, Step: 1, Steps: 2, Old: true}}},
		{Name: "otp-error", Template: "otp", Status: 422, Page: web.Page{Body: web.OTPPage{Action: "/register/code", Hidden: flow, To: "138****0001", ResendAction: "/register/resend"}, Errors: []web.FieldError{{Field: "otp-code", Message: "验证码不正确，还可尝试 4 次"}}}},
		{Name: "certificate", Template: "certificate", Page: web.Page{Body: web.CertificatePage{Action: "/login/certificate", Hidden: flow, Challenge: "yinxin-certificate/1 https://id.example.gov.cn 3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA 2026-11-24T06:35:00Z", BackURL: "/login"}}},
		{Name: "certificate-add", Template: "certificate", Status: 401, Page: web.Page{Identity: citizen, Errors: []web.FieldError{{Field: "certificate", Message: "数字证书验证未通过"}}, Body: web.CertificatePage{Enrol: true, Action: "/me/security/certificate", Challenge: "yinxin-certificate-new/1 https://id.example.gov.cn 3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA 2026-11-24T06:35:00Z", BackURL: "/me/security"}}},
		{Name: "proofing-certificate", Template: "certificate", Status: 422, Page: web.Page{Identity: citizen, Errors: []web.FieldError{{Field: "certificate", Message: "证书上不是您已核验的身份。请使用本人名下的证书。"}}, Body: web.CertificatePage{Shows: "person", Held: "为您已核验的身份办理：张*，1****************X", Action: "/proofing/certificate", Challenge: "yinxin-certificate-holder/1 https://id.example.gov.cn 3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA 2026-11-24T06:35:00Z", BackURL: "/proofing"}}},
		{Name: "qr-login", Template: "qr-login", Page: web.Page{Body: web.QRLoginPage{QR: scan, Code: "12345678", Number: "42", Host: "id.example.gov.cn", State: "shown", AgainURL: "/login/qr", BackURL: "/login"}}},
		{Name: "qr-login-denied", Template: "qr-login", Page: web.Page{Body: web.QRLoginPage{QR: scan, State: "denied", AgainURL: "/login/qr", BackURL: "/login"}}},
		{Name: "qr-type", Template: "qr", Page: web.Page{Identity: citizen, Body: web.QRPage{}}},
		{Name: "qr-ask", Template: "qr", Page: web.Page{Identity: citizen, Body: web.QRPage{Asks: true, Hidden: flow, Portal: "一网通办", Device: "Firefox", Address: "198.51.100.7", OtherNetwork: true}}},
		{Name: "qr-place", Template: "qr", Page: web.Page{Identity: citizen, Body: web.QRPage{Asks: true, Hidden: flow, Portal: "一网通办", Device: "Firefox", Address: "192.0.2.7", Place: "北京", OtherPlace: "示例省示例市", OtherNetwork: true}}},
		{Name: "qr-done", Template: "qr", Page: web.Page{Identity: citizen, Body: web.QRPage{Answer: "approve"}}},
		{Name: "qr-refused", Template: "qr", Page: web.Page{Identity: citizen, Body: web.QRPage{Answer: "deny"}}},
		{Name: "recover", Template: "recover", Page: web.Page{Body: web.RecoverPage{Passkey: true, CertificateURL: "/login/certificate", ProofURL: "/login/code", Ways: []web.ProofingMethod{{ID: "face", URL: "/recover/proof/face", Reaches: 3}, {ID: "network_id", URL: "/recover/proof/network_id", Reaches: 3}}}}},
		{Name: "recover-proof", Template: "recover-proof", Page: web.Page{Title: "找回账号：刷脸", Body: web.RecoverProofPage{ProofingWayPage: recovering("face", "face-2026-11")}}},
		{Name: "recover-proof-card", Template: "recover-proof", Status: 422, Page: web.Page{Title: "找回账号：银行卡", Errors: []web.FieldError{{Message: "用这种方式没有找回账号"}}, Body: web.RecoverProofPage{ProofingWayPage: recovering("bank_card", "")}}},
		{Name: "recover-proof-silent", Template: "recover-proof", Page: web.Page{Title: "找回账号", Body: web.RecoverProofPage{ProofingWayPage: web.ProofingWayPage{OtherURL: "/recover"}, Outcome: web.ProofingWaiting, AgainURL: "/recover"}}},
		{Name: "not-me", Template: "not-me", Page: web.Page{Body: web.NotMePage{}}},
		{Name: "not-me-done", Template: "not-me", Page: web.Page{Body: web.NotMePage{Ended: true}}},
		{Name: "second", Template: "second", Page: web.Page{Body: web.SecondPage{Passkey: key, Hidden: flow, TOTP: true, RecoveryURL: "/login/second?by=recovery", LoginURL: "/login"}}},
		{Name: "second-error", Template: "second", Status: 401, Page: web.Page{Errors: []web.FieldError{{Field: "otp-code", Message: "验证码不正确或已用过"}}, Body: web.SecondPage{Hidden: flow, TOTP: true, LoginURL: "/login"}}},
		{Name: "second-certificate", Template: "second", Page: web.Page{Body: web.SecondPage{Hidden: flow, CertificateURL: "/login/certificate", LoginURL: "/login"}}},
		{Name: "second-recovery", Template: "second", Page: web.Page{Body: web.SecondPage{Hidden: flow, Recovery: true, OtherURL: "/login/second", LoginURL: "/login"}}},
		{Name: "password", Template: "password", Page: web.Page{Body: web.PasswordPage{Action: "/register/password", Hidden: flow, Identifier: "138****0001", SkipAction: "/register/skip", Step: 3, Steps: 3}}},
		{Name: "proofing", Template: "proofing", Page: web.Page{Identity: citizen, Body: proofing}},
		{Name: "proofing-error", Template: "proofing", Status: 422, Page: web.Page{Identity: citizen, Body: badNumber, Errors: []web.FieldError{{Field: "proofing-number", Message: "公民身份号码应为 18 位"}, {Field: "proofing-mobile", Message: "请填写本人实名手机号"}}}},
		{Name: "proofing-passport", Template: "proofing", Status: 422, Page: web.Page{Identity: citizen, Errors: []web.FieldError{{Field: "proofing-nationality", Message: "请选择证件上的国籍"}, {Field: "proofing-mrz", Message: "机读码第 2 行第 14 个字符起核对不上"}}, Body: passport}},
		{Name: "proofing-counter", Template: "proofing", Page: web.Page{Identity: citizen, Body: web.ProofingPage{Current: 0, Kind: "台湾居民来往大陆通行证", Counter: true, Kinds: kinds}}},
		{Name: "proofing-bank", Template: "proofing-way", Status: 422, Page: web.Page{Identity: citizen, Errors: []web.FieldError{{Field: "proofing-card", Message: "银行卡号不正确"}}, Body: web.ProofingWayPage{ProofingPage: web.ProofingPage{Action: "/proofing/bank_card", Hidden: flow, Current: 1, AskMobile: true}, Way: "bank_card", Reaches: 2, HeldName: "张*", HeldNumber: "1****************X", AskCard: true, OtherURL: "/proofing"}}},
		{Name: "proofing-face", Template: "proofing-way", Page: web.Page{Identity: citizen, Body: web.ProofingWayPage{ProofingPage: web.ProofingPage{Action: "/proofing/face", Hidden: flow, App: "不动产登记", Current: 1, Needed: 3}, Way: "face", Reaches: 3, HeldName: "张*", HeldNumber: "1****************X", Notice: "face-2026-11", Host: "face.example.gov.cn", OtherURL: "/proofing"}}},
		{Name: "proofing-review", Template: "proofing-way", Page: web.Page{Identity: citizen, Body: web.ProofingWayPage{ProofingPage: web.ProofingPage{Action: "/proofing/manual_review", Hidden: flow, Kind: "居民身份证", Kinds: kinds}, Way: "manual_review", Reaches: 3, AskIdentity: true, Photos: true, OtherURL: "/proofing"}}},
		{Name: "proofing-review-waiting", Template: "proofing-way", Page: web.Page{Identity: citizen, Body: web.ProofingWayPage{Way: "manual_review", Reaches: 3, Waiting: true, DueAt: moment}}},
		{Name: "proofing-pending", Template: "proofing-result", Page: web.Page{Identity: citizen, Body: web.ProofingResultPage{Outcome: web.ProofingPending, TriesLeft: -1, RetryURL: "/proofing"}}},
		{Name: "proofing-failed", Template: "proofing-result", Page: web.Page{Identity: citizen, Body: web.ProofingResultPage{Outcome: web.ProofingFailed, TriesLeft: -1, RetryURL: "/proofing"}}},
		{Name: "proofing-handed-in", Template: "proofing-result", Page: web.Page{Identity: citizen, Body: web.ProofingResultPage{Outcome: web.ProofingReviewed, TriesLeft: -1, At: moment}}},
		{Name: "review", Template: "review", Page: web.Page{Identity: staff, Body: web.ReviewQueuePage{Kinds: reviewKinds, NextURL: "/review?after=1.case_3", Items: []web.ReviewItem{{URL: "/review/case_1", ID: "case_1", Since: moment.Add(-72 * time.Hour), DueAt: moment.Add(-24 * time.Hour), Overdue: true, Second: true}, {URL: "/review/case_2", ID: "case_2", Sample: true, Since: moment, DueAt: moment.Add(48 * time.Hour)}, {ID: "case_3", Since: moment, DueAt: moment.Add(48 * time.Hour), Own: true}}}}},
		{Name: "review-none", Template: "review", Page: web.Page{Identity: staff, Body: web.ReviewQueuePage{Kinds: reviewKinds, Kind: "sample", Overdue: true}}},
		{Name: "review-case-guardian", Template: "review-case", Page: web.Page{Identity: staff, Body: web.ReviewCasePage{Codes: []string{"unreadable", "mismatch", "other"}, Version: "manual_1.0", ID: "case_2", Document: "居民身份证", Guardian: true, Relation: "parent", Tier: 1, Since: moment, DueAt: moment, FieldURL: "/review/case_2/field", DecisionURL: "/review/case_2/decision", Fields: []web.ReviewField{{Field: "child_name", Label: "孩子姓名", Value: "李**"}, {Field: "guardian_name", Label: "监护人姓名", Value: "李*"}, {Field: "photo-1", Label: "照片", Number: "1", Value: "JPEG, 412 KiB"}}}}},
		{Name: "review-sample", Template: "review-case", Page: web.Page{Identity: staff, Body: web.ReviewCasePage{Codes: []string{"unreadable", "mismatch", "other"}, Version: "manual_1.0", ID: "case_2", Document: "居民身份证", Sample: "姓名和身份证号", Source: "authority", Evidence: "3f0c9a4be17d2286a1ff0e5b66d4c80917ac55d0f4e3b2a1908f7e6d5c4b3a29", Tier: 1, Since: moment, DueAt: moment.Add(48 * time.Hour), FieldURL: "/review/case_2/field", DecisionURL: "/review/case_2/decision", Fields: []web.ReviewField{{Field: "name", Label: "姓名", Value: "张*"}, {Field: "number", Label: "证件号", Value: "110105********002X"}}}}},
		{Name: "review-sample-office", Template: "review-case", Page: web.Page{Identity: staff, Body: web.ReviewCasePage{Codes: []string{"unreadable", "mismatch", "other"}, Version: "manual_1.0", ID: "case_2", Document: "统一社会信用代码（机构）", Office: true, Sample: "对公账户打款", Source: "authority", Evidence: "3f0c9a4be17d2286a1ff0e5b66d4c80917ac55d0f4e3b2a1908f7e6d5c4b3a29", Tier: 1, Since: moment, DueAt: moment.Add(48 * time.Hour), FieldURL: "/review/case_2/field", DecisionURL: "/review/case_2/decision", Fields: []web.ReviewField{{Field: "name", Label: "名称", Value: "示**********司"}, {Field: "number", Label: "统一社会信用代码", Value: "9****************N"}}}}},
		{Name: "review-case", Template: "review-case", Status: 422, Page: web.Page{Identity: staff, Errors: []web.FieldError{{Field: "reason", Message: "请填写理由"}}, Body: web.ReviewCasePage{Codes: []string{"unreadable", "mismatch", "other"}, Version: "manual_1.0", ID: "case_1", Document: "居民身份证", Tier: 3, Since: moment, DueAt: moment.Add(-time.Hour), Overdue: true, Decisions: 1, FieldURL: "/review/case_1/field", DecisionURL: "/review/case_1/decision", Fields: []web.ReviewField{{Field: "name", Label: "姓名", Value: "张*"}, {Field: "number", Label: "证件号", Value: "11010519491231002X", Open: true}, {Field: "photo-1", Label: "照片", Number: "1", Value: "JPEG, 412 KiB"}}}}},
		{Name: "proofing-bound", Template: "proofing-result", Page: web.Page{Identity: citizen, Body: web.ProofingResultPage{Outcome: web.ProofingBound, TriesLeft: -1, MergeURL: "/merge"}}},
		{Name: "merge", Template: "merge", Page: web.Page{Identity: citizen, Body: web.MergePage{Step: web.MergeBegin}}},
		{Name: "merge-code", Template: "otp", Page: web.Page{Identity: citizen, Body: web.OTPPage{Action: "/merge/code", Hidden: flow, To: "138****0001", ResendAction: "/merge", ResendAfter: 60, Voice: true}}},
		{Name: "merge-stale", Template: "merge", Status: 401, Page: web.Page{Identity: citizen, Body: web.MergePage{Step: web.MergeStale}}},
		{Name: "merge-confirm", Template: "merge", Page: web.Page{Identity: citizen, Body: web.MergePage{Step: web.MergeConfirm, Hidden: flow, Stays: []string{"138****8000", "z********@example.com"}, Goes: []string{"139****0001"}, StaysHere: false}}},
		{Name: "merge-done", Template: "merge", Page: web.Page{Identity: citizen, Body: web.MergePage{Step: web.MergeDone}}},
		{Name: "proofing-done", Template: "proofing-result", Page: web.Page{Identity: citizen, Body: web.ProofingResultPage{Outcome: web.ProofingDone, Tier: 2, Source: "沙箱运营商", At: moment, TriesLeft: -1, Continue: &web.Link{Label: "继续办理不动产登记", URL: "/authorize/resume"}}}},
		{Name: "proofing-mismatch", Template: "proofing-result", Page: web.Page{Identity: citizen, Body: web.ProofingResultPage{Outcome: web.ProofingMismatch, TriesLeft: 2, RetryURL: "/proofing"}}},
		{Name: "proofing-enough", Template: "proofing-result", Page: web.Page{Identity: citizen, Body: web.ProofingResultPage{Outcome: web.ProofingMismatch, OtherURL: "/proofing"}}},
		{Name: "proofing-waiting", Template: "proofing-result", Page: web.Page{Identity: citizen, Body: web.ProofingResultPage{Outcome: web.ProofingWaiting, TriesLeft: -1}}},
		{Name: "welcome", Template: "welcome", Page: web.Page{Identity: web.Identity{Kind: web.IdentitySelf, Name: "138****0001", IdleAt: moment, IdleLeft: 3600, CanExtend: true}, Body: web.WelcomePage{VerifyURL: "/proofing", Passkey: &web.PasskeyForm{Create: true, Action: "/me/security/passkeys", Options: "/design/passkey"}}}},
		{Name: "welcome-recovered", Template: "welcome", Page: web.Page{Title: "账号已找回", Identity: web.Identity{Kind: web.IdentitySelf, Name: "张*", Tier: 1, IdleAt: moment, IdleLeft: 90}, Body: web.WelcomePage{Recovered: true, RestHours: 24, Tier: 3, ContactURL: "/me/security#methods"}}},
		{Name: "consent", Template: "consent", Page: web.Page{Identity: citizen, Callbacks: []string{"https://portal.example/callback"}, Body: web.ConsentPage{
			Hidden: flow, App: "市场监管", Department: "示例市市场监督管理局", Reviewed: true, Approval: "示政数备〔2026〕18号", Purpose: "办理企业设立登记",
			Links:     web.AppLinks{Policy: "https://portal.example/privacy", Terms: "https://portal.example/terms", Site: "https://portal.example/"},
			Retention: "信息保存至事项办结后 5 年。", Claims: []web.Claim{
				{Name: "sub", Value: "仅供本部门识别，其他部门看到的不同", Kind: web.ClaimNeeded}, {Name: "name", Value: "张*", Kind: web.ClaimNeeded}, {Name: "ial", Value: "中级实名", Kind: web.ClaimNeeded},
				{Name: "citizen_id_number", Value: "1****************1", Kind: web.ClaimStatutory, Basis: "《市场主体登记管理条例》第十五条"},
				{Name: "phone_number", Value: "138****0001", Kind: web.ClaimOptional}, {Name: "email", Value: "z***@example.cn", Kind: web.ClaimOptional},
			}}}},
		{Name: "consent-recipients", Template: "consent", Page: web.Page{Identity: citizen, Callbacks: []string{"https://portal.example/callback"}, Body: web.ConsentPage{
			Hidden: flow, App: "开办企业一件事", Department: "示例市政务服务局", Reviewed: true, Purpose: "一次办齐开办企业的各项登记",
			Claims: []web.Claim{{Name: "name", Value: "张*", Kind: web.ClaimNeeded}, {Name: "ial", Value: "中级实名", Kind: web.ClaimNeeded}, {Name: "phone_number", Value: "138****0001", Kind: web.ClaimNeeded}},
			Recipients: []web.Recipient{
				{ID: "dept-fund", Name: "示例市住房公积金管理中心", Refusable: true, Claims: []web.Claim{{Name: "name", Value: "张*", Kind: web.ClaimNeeded, Purpose: "开立单位缴存账户", Retention: 365}, {Name: "phone_number", Value: "138****0001", Kind: web.ClaimNeeded, Purpose: "通知开户结果", Retention: 30}}},
				{ID: "dept-bank", Name: "示例市社会保险基金管理局", Refusable: true, Claims: []web.Claim{{Name: "name", Value: "张*", Kind: web.ClaimNeeded, Purpose: "参保登记", Retention: 1825}}},
				{ID: "dept-tax", Name: "国家税务总局示例市税务局", Claims: []web.Claim{{Name: "name", Value: "张*", Kind: web.ClaimStatutory, Purpose: "税务登记", Basis: "《示例征收管理条例》第十五条", Retention: 3650}}},
			}}}},
		{Name: "consent-transaction", Template: "consent", Page: web.Page{Identity: citizen, Callbacks: []string{"https://portal.example/callback"}, Notice: &web.Notice{Tone: "warning", Text: "这个应用尚未经过审核。请确认网站无误后再同意。"}, Body: web.ConsentPage{
			Hidden: flow, App: "不动产登记", Department: "示例市自然资源和规划局", Host: "portal.example", Purpose: "办理不动产转移登记",
			Claims:  []web.Claim{{Name: "name", Value: "张*", Kind: web.ClaimNeeded}, {Name: "ial", Value: "中级实名", Kind: web.ClaimNeeded}},
			Details: []web.Detail{{Title: "查询并使用您名下的不动产登记信息", Lines: []web.DetailLine{{Label: "不动产单元号", Value: "110101001001GB00001F00010001"}, {Label: "用途", Value: "转移登记"}}}},
		}}},
		{Name: "form-post", Template: "form-post", Page: web.Page{Identity: citizen, Callbacks: []string{"https://portal.example/callback"}, Body: web.FormPostPage{
			Action: "https://portal.example/callback", Hidden: flow, Host: "portal.example", App: "不动产登记"}}},
		{Name: "form-post-failed", Template: "form-post", Page: web.Page{Callbacks: []string{"https://portal.example/callback"}, Body: web.FormPostPage{
			Action: "https://portal.example/callback", Hidden: flow, Host: "portal.example", App: "不动产登记", Failed: true}}},
		{Name: "device", Template: "device", Page: web.Page{Identity: citizen, Body: web.DevicePage{Code: "BCDF-GHJK"}}},
		{Name: "device-error", Template: "device", Status: 422, Page: web.Page{Identity: citizen, Body: web.DevicePage{Code: "BCDF"}, Errors: []web.FieldError{{Field: "device-code", Message: "代码不正确或已过期"}}}},
		{Name: "device-done", Template: "device", Page: web.Page{Identity: citizen, Body: web.DevicePage{Answer: "approved"}}},
		{Name: "device-denied", Template: "device", Page: web.Page{Identity: citizen, Body: web.DevicePage{Answer: "denied"}}},
		{Name: "handover", Template: "handover", Page: web.Page{Identity: citizen, Callbacks: []string{"https://portal.example/callback"}, Body: web.HandoverPage{
			Action: "https://portal.example/callback", Hidden: []web.Hidden{{Name: "ticket", Value: "ST-8x2k"}}, App: "老年服务"}}},
		{Name: "logout", Template: "logout", Page: web.Page{Identity: citizen, Body: web.LogoutPage{Hidden: flow, App: "市场监管", Here: true, Systems: []string{"市场监管", "不动产登记"}}}},
		{Name: "logout-result", Template: "logout-result", Page: web.Page{Body: web.LogoutResultPage{Return: &web.Link{Label: "返回市场监管", URL: "https://portal.example/"}, Results: []web.LogoutResult{
			{System: "市场监管", State: web.LogoutDone}, {System: "不动产登记", State: web.LogoutWaiting}, {System: "公积金", State: web.LogoutFailed}, {System: "图书馆", State: web.LogoutQuiet},
		}}}},
		{Name: "logout-left", Template: "logout-result", Page: web.Page{Identity: citizen, Body: web.LogoutResultPage{Left: "市场监管", Results: []web.LogoutResult{{System: "市场监管", State: web.LogoutDone}}}}},
		{Name: "error", Template: "error", Status: 503, Page: web.Page{Title: "服务暂时不可用", Body: web.ErrorPage{Hint: "请稍后重试，您的内容没有丢失。", Code: "YX-CORE-503", SupportCode: "K7M2Q9XD", Retryable: true}}},
		{Name: "error-redirect", Template: "error", Status: 400, Page: web.Page{Title: "回调地址与登记的不一致", Body: web.ErrorPage{Hint: "请回到原网站重新进入；如仍不行，请把求助码告诉该网站。", Code: "YX-OIDC-102", SupportCode: "P4W8T2NC"}}},
		{Name: "preferences", Template: "preferences", Page: web.Page{Body: web.PreferencesPage{Return: "/"}}},
	}
}

func account() []Sample {
	nav := []web.NavLink{{Label: "我的", URL: "/me", Current: true}, {Label: "核验", URL: "/verify"}}
	verified := moment.AddDate(0, -2, 0)
	qr, err := web.NewQR("LZ1:6BF+70X2C.KPA2/GAS3FY50CEC.OEWFF:5CKWEZED+EDKWE BMD2T2PR C9DPF8DBWE7WERWEOEC7ECVVCOEDO-D2:8FWETQETO8D")
	if err != nil {
		panic(err) // the text is a constant that fits
	}
	return []Sample{
		{Name: "me-contact-taken", Template: "me", Page: web.Page{Identity: citizen, Nav: nav, Body: web.MePage{Name: "张*", Number: "1****************1", Tier: 2, TierSource: "沙箱运营商", TierAt: &verified, ContactTaken: &verified, SecurityURL: "/me/security",
			Methods: []web.SignInMethod{{Name: "password", Detail: "2026年9月24日设置"}}}}},
		{Name: "me", Template: "me", Page: web.Page{Identity: citizen, Nav: nav, Body: web.MePage{
			Hidden: []web.Hidden{{Name: "csrf", Value: "c1"}}, Name: "张*", Number: "1****************1", Tier: 2, TierSource: "沙箱运营商", TierAt: &verified, UpgradeURL: "/proofing",
			Methods: []web.SignInMethod{
				{Name: "password", Detail: "2026年9月24日设置", Action: &web.Link{Label: "更改", URL: "/me/password"}}, {Name: "mobile", Detail: "138****0001"},
			},
			Sessions:    []web.SessionItem{{Device: "Chrome · Kylin", Region: "示例市", LastUse: moment, Current: true}, {Device: "微信 · Android", Region: "示例市", LastUse: moment.Add(-26 * time.Hour), EndURL: "/me/sessions/2/end"}},
			SecurityURL: "/me/security", DocumentsURL: "/me/documents", MandatesURL: "/me/mandates", Places: []web.MePlace{{ID: "records", Title: "使用记录", Text: "谁在什么时候、为什么使用了您的信息。", URL: "/me/records", State: &web.MeState{Tone: "neutral", Text: "最近一次：市场监管，2026年11月22日"}}, {ID: "data", Title: "我的数据", Text: "获取关于您的数据副本，或注销账号。", URL: "/me/data", State: &web.MeState{Tone: "warning", Text: "账号将于2026年11月29日注销，可撤回"}}},
			Card:     &web.OfflineCard{IssuedAt: verified, ExpiresAt: verified.AddDate(0, 0, 180), LossURL: "/me/card/loss"},
			Mandates: []web.MeState{{Tone: "warning", Text: "1 项授权等您确认"}, {Tone: "success", Text: "2 项授权生效中"}},
			Grants:   []web.GrantItem{{App: "市场监管", Department: "示例市市场监督管理局", Claims: []string{"name", "ial"}, At: verified, Version: 1, RevokeURL: "/me/grants/1/revoke"}},
			Licenses: []web.LicenseCard{card("valid"), card("suspended"), frozenCard()},
		}}},
		{Name: "me-new-device", Template: "me", Page: web.Page{Identity: citizen, Notice: &web.Notice{Tone: "warning", Title: "有新设备登录", Text: "“Firefox · 北京”最近 7 天内首次登录您的账号。如果不是您，请点“管理设备”把它移除，并更换密码。"}, Body: web.MePage{SecurityURL: "/me/security", Name: "张*", Tier: 2, Methods: []web.SignInMethod{{Name: "password"}, {Name: "passkey", Detail: "我的手机"}, {Name: "totp", Detail: "办公电脑"}}}}},
		{Name: "me-new", Template: "me", Page: web.Page{Identity: web.Identity{Kind: web.IdentitySelf, Name: "138****0001"}, Body: web.MePage{
			UpgradeURL: "/proofing", Methods: []web.SignInMethod{{Name: "mobile", Detail: "138****0001"}}, Sessions: []web.SessionItem{{Device: "Firefox · UOS", LastUse: moment, Current: true}},
		}}},
		{Name: "security", Template: "security", Page: web.Page{Identity: citizen, Nav: nav, Body: web.SecurityPage{CertificateURL: "/me/security/certificate", Passkey: &web.PasskeyForm{Create: true, Action: "/me/security/passkeys", Options: "/design/passkey"}, Strong: true, Second: true, CodesLeft: 9, Devices: []web.SessionItem{{Device: "Firefox", Region: "192.0.2.1", LastUse: moment, Current: true, EndURL: "/me/security/devices/1/removal"}, {Device: "WeChat", Region: "198.51.100.7", LastUse: verified, EndURL: "/me/security/devices/2/removal"}},
			Methods:     []web.SignInMethod{{Name: "password"}, {Name: "mobile", Detail: "138****0001"}},
			Credentials: []web.CredentialItem{{ID: "cred_1", Kind: "totp", Name: "我的手机", AddedAt: verified, UsedAt: &moment}, {ID: "cred_2", Kind: "passkey", Name: "办公电脑", AddedAt: verified, Flagged: true}}}}},
		{Name: "security-stale", Template: "security", Status: 401, Page: web.Page{Identity: citizen, Errors: []web.FieldError{{Message: "为保护账号，请重新登录后再操作"}}, Body: web.SecurityPage{LoginURL: "/login", Methods: []web.SignInMethod{{Name: "mobile", Detail: "138****0001"}}}}},
		{Name: "totp-new", Template: "totp-new", Page: web.Page{Identity: citizen, Body: web.TOTPPage{QR: qr, Key: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", CancelURL: "/me/security"}}},
		{Name: "recovery-codes", Template: "recovery-codes", Page: web.Page{Identity: citizen, Body: web.RecoveryCodesPage{Codes: []string{"1234-5678-9012", "2345-6789-0123", "3456-7890-1234"}, DoneURL: "/me/security"}}},
		{Name: "upstreams", Template: "upstreams", Page: web.Page{Identity: citizen, Nav: nav, Body: web.UpstreamsPage{Items: []web.UpstreamItem{
			{Name: "省统一身份认证平台", LinkedAt: &verified, UnlinkURL: "/federation/province/unlink"}, {Name: "市民卡", LinkURL: "/federation/city/link"}}}}},
		{Name: "license-present", Template: "license-present", Page: web.Page{Identity: citizen, RefreshSeconds: 15, Body: web.LicensePresentPage{
			Card: card("valid"), QR: qr, Code: "LZ1:6BF+70X2C.KPA2/GAS3FY50CEC.OEWFF:5CKWEZED+EDKWE", ExpiresAt: moment.Add(10 * time.Minute), Purpose: "办理银行开户",
			Fields: []web.ShownField{{Label: "名称", Value: "示例市青禾商贸有限公司"}, {Label: "统一社会信用代码", Value: "9111 **** **** **** 6X"}, {Label: "状态", Value: "有效"}},
		}}},
		{Name: "license-ask", Template: "license-ask", Page: web.Page{Identity: citizen, Body: askForm()}},
		{Name: "license-ask-over", Template: "license-ask", Status: 410, Page: web.Page{Errors: []web.FieldError{{Message: "核验请求已过期"}}, Body: web.LicenseAskPage{Purpose: askForm().Purpose, Profile: askForm().Profile}}},
		{Name: "license-ask-made", Template: "license-ask", Page: web.Page{Identity: citizen, Body: web.LicenseAskPage{QR: askCode, URL: askAddress, Facts: askFacts, ExpiresAt: moment, Again: "/verify/ask",
			Code: web.FormField{Name: "verify-code", Label: "亮证码文字", Hint: "以 LZ1: 开头，由持证人出示", Max: 4096}, Hidden: []web.Hidden{{Name: "verify-challenge", Value: "AAAAAAAAAAA"}}}}},
		{Name: "license-answer", Template: "license-answer", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseAnswerPage{Facts: askFacts, Unsaid: true, ExpiresAt: moment, Licenses: []web.Link{{Label: "营业执照 · 1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.91990000MA7QX00016.001.D", URL: "/me/licenses/lic_1/answer"}}, NextURL: "/me/license-requests?after=1"}}},
		{Name: "license-answer-none", Template: "license-answer", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseAnswerPage{Facts: askFacts, ExpiresAt: moment}}},
		{Name: "license-answer-preview", Template: "license-answer", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseAnswerPage{Facts: askFacts, ExpiresAt: moment, Fields: []web.ShownField{{Label: "名称", Value: "示例市青禾商贸有限公司"}, {Label: "统一社会信用代码", Value: "9111 **** **** **** 6X"}}, ShowURL: "/me/licenses/lic_1/respond", BackURL: "/me/license-requests"}}},
		{Name: "license-answer-typed", Template: "license-answer", Status: 400, Page: web.Page{Identity: citizen, Nav: nav, Errors: []web.FieldError{{Field: "ask", Message: "这不是本平台的核验请求"}}, Body: web.LicenseAnswerPage{Action: "/me/license-requests", Ask: web.FormField{Name: "ask", Label: "核验请求", Hint: "整段粘贴，5 分钟内有效", Value: "x", Max: 1000}}}},
		{Name: "license-grants", Template: "license-grants", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseGrantsPage{NextURL: "/me/license-grants?after=1", Grants: []web.LicenseGrantRow{
			{ID: "lgrant_1", License: "营业执照", Receiver: "示例市市场监督管理局", Purpose: "不动产登记", Mode: "holder", Kind: "fields", State: "open", Fields: []string{"名称", "统一社会信用代码"}, Uses: 1, CreatedAt: verified, ExpiresAt: moment, RevokeURL: "/me/license-grants/lgrant_1/revocation"},
			{ID: "lgrant_2", License: "营业执照", Receiver: "示例市市场监督管理局", Purpose: "不动产登记", Item: "330100-01", CaseNumber: "BJ-2026-0001", Mode: "function", Kind: "copy", State: "used", Uses: 1, Used: 1, CreatedAt: verified, ExpiresAt: moment, UsedAt: &moment}}}}},
		{Name: "license-grants-awaiting", Template: "license-grants", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseGrantsPage{Grants: []web.LicenseGrantRow{
			{ID: "lgrant_3", License: "不动产权证书", Receiver: "示例市住房公积金管理中心", Purpose: "住房公积金业务", Mode: "holder", Kind: "copy", State: "awaiting_consent", Uses: 1, CreatedAt: verified, ExpiresAt: moment, WaitsUntil: &moment, RevokeURL: "/me/license-grants/lgrant_3/revocation"}}}}},
		{Name: "license-consents", Template: "license-consents", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseConsentsPage{NextURL: "/me/license-consents?after=1", Consents: consents(verified, moment)}}},
		{Name: "license-consents-stale", Template: "license-consents", Status: 403, Page: web.Page{Identity: citizen, Nav: nav, Errors: []web.FieldError{{Message: "为保护账号，请重新登录后再操作"}}, Body: web.LicenseConsentsPage{LoginURL: "/login", Consents: consents(verified, moment)[:1]}}},
		{Name: "license-consents-empty", Template: "license-consents", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseConsentsPage{}}},
		{Name: "license-grants-empty", Template: "license-grants", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseGrantsPage{}}},
		{Name: "license-freezes", Template: "license-freezes", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseFreezesPage{Action: "/me/license-freezes", EndURL: "/me/license-freezes/end", NextURL: "/me/license-freezes?after=1", Licenses: []web.LicenseFreezeRow{
			{ID: "lic_1", Title: "营业执照", Number: "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.91990000MA7QX00016.001.D", Frozen: true}, {ID: "lic_2", Title: "不动产权证书", Number: "1.2.156.3005.2.11100000MB0143028R002.11990000MB7QX0015W.91990000MA7QX00016.001.D"}}}}},
		{Name: "license-freezes-all", Template: "license-freezes", Status: 403, Page: web.Page{Identity: citizen, Nav: nav, Errors: []web.FieldError{{Message: "为保护账号，请重新登录后再操作"}}, Body: web.LicenseFreezesPage{AllAt: &moment, Action: "/me/license-freezes", EndURL: "/me/license-freezes/end", LoginURL: "/login", Licenses: []web.LicenseFreezeRow{
			{ID: "lic_1", Title: "营业执照", Number: "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.91990000MA7QX00016.001.D"}}}}},
		{Name: "license-freezes-empty", Template: "license-freezes", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseFreezesPage{Action: "/me/license-freezes", EndURL: "/me/license-freezes/end"}}},
		{Name: "license-applications", Template: "license-applications", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseApplicationsPage{NextURL: "/me/license-applications?after=1", Applications: []web.LicenseApplicationRow{
			{Title: "食品经营许可证", Status: "returned", URL: "/me/license-applications/lic_3", Own: true, At: moment}, {Title: "税收完税证明", Status: "not_approved", URL: "/me/license-applications/lic_4", At: verified}}}}},
		{Name: "license-applications-empty", Template: "license-applications", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicenseApplicationsPage{}}},
		{Name: "license-application", Template: "license-application", Page: web.Page{Identity: citizen, Nav: nav, Title: "食品经营许可证", Body: web.LicenseApplicationPage{LicenseApplicationRow: web.LicenseApplicationRow{Title: "食品经营许可证", Status: "returned", URL: "/me/license-applications/lic_3", Own: true, At: moment},
			Fields: []web.ShownField{{Label: "经营场所", Value: "示例市新华区光明街8号"}}, Note: "请写明门牌号码", RenewURL: "/me/licenses/lic_1/renewal", TakeBackURL: "/me/license-applications/lic_3/end"}}},
		{Name: "license-application-refused", Template: "license-application", Page: web.Page{Identity: citizen, Nav: nav, Title: "食品经营许可证", Body: web.LicenseApplicationPage{LicenseApplicationRow: web.LicenseApplicationRow{Title: "食品经营许可证", Status: "not_approved", URL: "/me/license-applications/lic_3", Own: true, At: moment},
			Fields: []web.ShownField{{Label: "经营场所", Value: "示例市新华区光明街8号"}}, Note: "请写明门牌号码", Refused: true}}},
		{Name: "license-application-appeal", Template: "license-application", Status: 422, Page: web.Page{Identity: citizen, Nav: nav, Title: "税收完税证明", Errors: []web.FieldError{{Field: "text", Message: "请填写此项"}}, Body: web.LicenseApplicationPage{LicenseApplicationRow: web.LicenseApplicationRow{Title: "税收完税证明", Status: "not_approved", URL: "/me/license-applications/lic_4", At: moment},
			Rule: &web.RuleDecision{Outcome: "不予办理", Reasons: []string{"实名等级不足"}, At: moment}, AppealURL: "/me/license-applications/lic_4", AppealTo: moment.Add(60 * 24 * time.Hour), Appeal: web.FormField{Name: "text", Label: "申诉内容", Hint: "写明您认为哪里不对，最多 1000 字。", Kind: web.InputLongText, Max: 1000}}}},
		{Name: "license-application-appealed", Template: "license-application", Page: web.Page{Identity: citizen, Nav: nav, Title: "税收完税证明", Body: web.LicenseApplicationPage{LicenseApplicationRow: web.LicenseApplicationRow{Title: "税收完税证明", Status: "valid", URL: "/me/license-applications/lic_4", At: moment}, InForce: true,
			Rule: &web.RuleDecision{Outcome: "不予办理", Reasons: []string{"实名等级不足"}, At: moment}, Appealed: &web.AppealMade{State: "已通过", Answer: "实名等级不足", At: moment, DecidedAt: &moment}}}},
		{Name: "license-renewal", Template: "license-renewal", Status: 422, Page: web.Page{Identity: citizen, Title: "食品经营许可证", Errors: []web.FieldError{{Field: "renewal-premises", Message: "请填写此项"}}, Body: renewalForm()}},
		{Name: "license-renewal-closed", Template: "license-renewal", Page: web.Page{Identity: citizen, Title: "食品经营许可证", Body: web.LicenseRenewalPage{Title: "食品经营许可证", Number: "JY29901000000017", ValidTo: moment, From: verified, Until: verified}}},
		{Name: "license-paper", Template: "license-paper", Page: web.Page{Identity: citizen, Body: paperForm()}},
		{Name: "license-paper-refused", Template: "license-paper", Status: 409, Page: web.Page{Identity: citizen, Errors: []web.FieldError{{Message: "此证照的纸质副本已经够多"}}, Body: paperForm()}},
		{Name: "license-print", Template: "license-print", Page: web.Page{Identity: citizen, Body: printedPaper()}},
		{Name: "license-papers", Template: "license-papers", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicensePapersPage{NextURL: "/me/license-papers?after=1", Papers: []web.LicensePaperRow{
			{ID: "lpap_1", License: "营业执照", Number: "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.91990000MA7QX00016.001.D", View: "m", State: "out", PrintedAt: verified, ExpiresAt: moment, WithdrawURL: "/me/license-papers/lpap_1/withdrawal"},
			{ID: "lpap_2", License: "不动产权证书", Number: "1.2.156.3005.2.11100000MB0143028R002.11990000MB7QX0015W.91990000MA7QX00016.001.D", View: "f", State: "withdrawn", PrintedAt: verified, ExpiresAt: moment, WithdrawnAt: &moment},
			{ID: "lpap_3", License: "营业执照", Number: "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.91990000MA7QX00016.001.D", View: "m", State: "ended", PrintedAt: verified, ExpiresAt: verified}}}}},
		{Name: "license-papers-empty", Template: "license-papers", Page: web.Page{Identity: citizen, Nav: nav, Body: web.LicensePapersPage{}}},
		{Name: "license-grant", Template: "license-grant", Page: web.Page{Identity: citizen, Body: grantForm()}},
		{Name: "license-grant-seen", Template: "license-grant", Page: web.Page{Identity: citizen, Body: seenGrant()}},
		{Name: "license-choose", Template: "license-choose", Page: web.Page{Identity: citizen, Body: web.LicenseChoosePage{Receiver: "示例市市场监督管理局", NextURL: "/me/license-grants/new?after=1", Licenses: []web.Link{{Label: "营业执照 · 1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.91990000MA7QX00016.001.D", URL: "/me/licenses/lic_1/grant"}}}}},
		{Name: "license-choose-empty", Template: "license-choose", Page: web.Page{Identity: citizen, Body: web.LicenseChoosePage{}}},
		{Name: "license-grant-wrong", Template: "license-grant", Status: 422, Page: web.Page{Identity: citizen, Errors: []web.FieldError{{Field: "fields", Message: "格式不正确"}}, Body: grantForm()}},
		{Name: "license-grant-stale", Template: "license-grant", Page: web.Page{Identity: citizen, Body: web.LicenseGrantPage{Card: card("valid"), LoginURL: "/login"}}},
		{Name: "license-copy", Template: "license-copy", Page: web.Page{Body: web.LicenseCopyPage{ID: "lcopy_k3v7q2m5x4n6p8r9s2t4u6w8y2", License: "营业执照", Receiver: "示例市市场监督管理局", Maker: "示例市市场监督管理局", Purpose: "不动产登记",
			Grant: "lgrant_a2b4c6d8e2f4g6h8j2k4m6n8p2", State: "valid", CreatedAt: verified, ExpiresAt: moment}}},
		{Name: "inbox", Template: "inbox", Page: web.Page{Body: web.InboxPage{Messages: []web.InboxMessage{
			{To: "13800000001", Text: "【印信】验证码 482913，10 分钟内有效。工作人员不会向您索要。", Code: "482913", At: moment}, {To: "zhang@example.cn", Text: "【印信】您的账号在示例市的新设备登录。", At: moment.Add(-time.Hour)},
			{ID: "msg_3", To: "13800138201", Text: "【印信】李*请求代您查看代填至2026-12-27，不代领。同意回复Y，不同意回复N；不回即不同意。", At: moment.Add(-2 * time.Hour), Keys: []string{"Y", "N", "T"}},
		}}}},
		{Name: "inbox-empty", Template: "inbox", Page: web.Page{Body: web.InboxPage{To: "13800000002"}}},
	}
}

func grantForm() web.LicenseGrantPage {
	return web.LicenseGrantPage{
		Card: card("valid"), Action: "/me/licenses/lic_1/grant", Grantee: web.FormField{Name: "grantee", Label: "使用单位的应用编号", Hint: "办事单位会告诉您，例如 housing-fund。", Max: 100},
		Purpose: web.FormField{Name: "purpose_code", Label: "用途", Kind: "select", Options: []web.Option{{Value: "05", Label: "不动产登记"}}},
		Kind:    web.FormField{Name: "kind", Label: "授权内容", Kind: "select", Options: []web.Option{{Value: "fields", Label: "只读取所选内容"}}},
		Fields:  []web.GrantField{{Key: "name", Label: "名称", Ticked: true}, {Key: "code", Label: "统一社会信用代码"}},
		Hours:   web.FormField{Name: "hours", Label: "有效时间", Kind: "select", Options: []web.Option{{Value: "24", Label: "1 天"}}},
	}
}

// seenGrant is the form with the name of the office that the person is about to let use a licence.
func seenGrant() web.LicenseGrantPage {
	form := grantForm()
	form.Receiver, form.OtherURL, form.Hidden = "示例市市场监督管理局", form.Action, []web.Hidden{{Name: "grantee", Value: "market"}, {Name: "receiver", Value: "示例市市场监督管理局"}}
	return form
}

// paperForm is the form by which a licence is printed.
func paperForm() web.LicensePaperPage {
	return web.LicensePaperPage{
		Card: card("valid"), Action: "/me/licenses/lic_1/paper", PapersURL: "/me/license-papers",
		View: web.FormField{Name: "view", Label: "印出的内容", Hint: "纸会被复印和传看。够用时请选部分隐去。", Kind: "select", Options: []web.Option{{Value: "m", Label: "部分隐去"}, {Value: "f", Label: "完整内容"}}},
		Days: web.FormField{Name: "days", Label: "有效多久", Hint: "最晚到证照有效期的最后一天。您可以随时收回。", Kind: "select", Options: []web.Option{{Value: "90", Label: "90 天"}, {Value: "30", Label: "30 天"}}},
	}
}

// printedPaper is a page for print, whose code is as long as a code may be.
func printedPaper() web.LicensePrintPage {
	code := "LZ1:" + strings.Repeat("6BF+70X2C.KPA2/GAS3FY50CEC.OEWFF:5CKWEZED+EDKWE BMD2T2PR C9DPF8DBWE7WERW%$", 20)[:1440]
	qr, err := web.NewQR(code)
	if err != nil {
		panic(err) // fixed text
	}
	return web.LicensePrintPage{QR: qr, Code: code, PapersURL: "/me/license-papers", Lines: []string{
		"营业执照（纸质副本）", "名称 示例市青禾商贸有限公司", "打印日期 2026-11-24", "有效至 2027-02-22", "副本编号 lpap_1", "核验：扫描二维码，或访问 https://id.example/verify。证照现在是否有效，以核验结果为准。", "证明内容，不证明持有人。请核对出示人的身份。"}}
}

func card(status string) web.LicenseCard {
	until := time.Date(2046, 11, 23, 0, 0, 0, 0, time.UTC)
	c := web.LicenseCard{Title: "营业执照", Holder: "示例市青禾商贸有限公司", Number: "9111 **** **** **** 6X", Issuer: "示例市市场监督管理局", Status: status, Updated: moment, URL: "/me/licenses/lic_1", PresentURL: "/me/licenses/lic_1/present", PaperURL: "/me/licenses/lic_1/paper", DownloadURL: "/me/licenses/lic_1/file"}
	for _, language := range []string{"zh-CN", "en"} {
		at := "/me/licenses/lic_1/file?lang=" + language + "&format="
		c.Reading = append(c.Reading, web.Reading{Language: language, Page: at + "html", PDF: at + "pdf", Text: at + "text"})
	}
	if status == "suspended" {
		c.Title, c.Holder, c.Number, c.Issuer, c.ValidTo, c.PresentURL, c.PaperURL = "不动产权证书", "张*", "示（2026）示例市不动产权第*****01号", "示例市自然资源和规划局", &until, "", ""
	}
	return c
}

// frozenCard is a licence that ends soon and that nobody may use for now.
func frozenCard() web.LicenseCard {
	c, until := card("valid"), moment.AddDate(0, 0, 30)
	c.PresentURL, c.ValidTo, c.Ending, c.DaysLeft, c.Frozen, c.RenewURL = "", &until, true, 30, true, "/me/licenses/lic_1/renewal"
	return c
}

// recovering is a form to prove again who one is.
func recovering(way, notice string) web.ProofingWayPage {
	p := web.ProofingWayPage{Way: way, Reaches: 3, AskIdentity: true, Recovering: true, Notice: notice, Host: "face.example.gov.cn", OtherURL: "/recover", AskCard: notice == ""}
	p.Action, p.Kind, p.AskMobile = "/recover/proof/"+way, "居民身份证", notice == ""
	p.Kinds = []web.ProofingKind{{Name: "居民身份证", URL: "/recover/proof/" + way, Chosen: true}, {Name: "港澳台居民居住证", URL: "/recover/proof/" + way + "?document=hmt_residence_permit"}}
	return p
}

// renewalForm is a renewal that was returned, with a field that was left out.
func renewalForm() web.LicenseRenewalPage {
	return web.LicenseRenewalPage{Title: "食品经营许可证", Number: "JY29901000000017", ValidTo: moment.Add(60 * 24 * time.Hour), From: moment.Add(-66 * 24 * time.Hour), Until: moment.Add(39 * 24 * time.Hour), Open: true, Years: 5, Note: "请写明门牌号码", Action: "/me/licenses/lic_1/renewal",
		Fields: []web.FormField{{Name: "renewal-premises", Label: "经营场所", Max: 100}, {Name: "renewal-business_items", Label: "经营项目", Kind: web.InputLongText, Max: 300, Value: "热食类食品制售;冷食类食品制售"}}, Kept: []web.ShownField{{Label: "名称", Value: "示例市青禾商贸有限公司"}}}
}

// consents are what a co-owner is asked, and was.
func consents(asked, moment time.Time) []web.LicenseConsentRow {
	row := web.LicenseConsentRow{ID: "lgrant_3", License: "不动产权证书", By: "王*", Receiver: "示例市住房公积金管理中心", Purpose: "住房公积金业务", Kind: "copy", Answer: "asked", State: "awaiting_consent", Uses: 1, Hours: 24, AskedAt: asked, DecideBy: moment, ExpiresAt: moment, AnswerURL: "/me/license-consents/lgrant_3/answer", MayAnswer: true}
	agreed := row
	agreed.ID, agreed.Kind, agreed.Answer, agreed.State, agreed.Fields, agreed.MayAnswer, agreed.MayWithdraw = "lgrant_4", "fields", "agreed", "open", []string{"坐落", "用途"}, false, true
	refused := row
	refused.ID, refused.Answer, refused.State, refused.MayAnswer = "lgrant_5", "refused", "revoked", false
	return []web.LicenseConsentRow{row, agreed, refused}
}

const askAddress = "https://id.example.gov.cn/me/license-requests?ask=q83vEjRWeJCrze8SNFZ4kIYBZ-W8oCog5bey55m75b2VYjA0YW1IASNFZ4mrze8aZ4Vxyg"

var (
	askCode, _ = web.NewQR(askAddress)
	askFacts   = []web.ShownField{{Label: "请求人", Value: "李*"}, {Label: "用途", Value: "住房公积金业务"}, {Label: "要看的内容", Value: "遮盖后的证照内容"}}
)

// askForm asks to be shown a licence.
func askForm() web.LicenseAskPage {
	return web.LicenseAskPage{Name: "李*", Purpose: web.FormField{Name: "purpose_code", Label: "用途", Kind: web.InputSelect, Options: []web.Option{{Label: "不说明"}, {Value: "04", Label: "住房公积金业务"}}},
		Profile: web.FormField{Name: "profile", Label: "要看的内容", Kind: web.InputSelect, Value: "m", Options: []web.Option{{Value: "m", Label: "遮盖后的证照内容"}, {Value: "p", Label: "只看是否符合条件"}, {Value: "f", Label: "完整的照面内容"}}}}
}
