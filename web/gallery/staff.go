package gallery

import "github.com/yinxin-gov/yinxin/web"

// staffRealm is the realm of staff: login, enrolment, second factors and the end of a session.
func staffRealm() []Sample {
	member := web.Identity{Kind: web.IdentityStaff, Name: "王芳", Role: "a001", IdleAt: moment, IdleLeft: 900, CanExtend: true}
	last := web.Identity{Kind: web.IdentityStaff, Name: "王芳", Role: "a001", IdleAt: moment, IdleLeft: 90}
	key := &web.PasskeyForm{Action: "/staff/login/passkey", Options: "/staff/login/passkey/options", Hidden: flow}
	wrong := []web.FieldError{{Field: "login-password", Message: "账号或密码不正确，还可以再试 4 次"}}
	used := moment
	return []Sample{
		{Name: "staff-login", Template: "staff-login", Page: web.Page{Body: web.StaffLoginPage{Hidden: flow, Passkey: key, CertificateURL: "/staff/login/certificate", Upstreams: []web.Link{{Label: "市机关统一登录", URL: "/staff/login/upstream/office/start"}}, Silent: []string{"省公务员门户"}, EnrolURL: "/staff/enrol"}}},
		{Name: "staff-login-error", Template: "staff-login", Status: 401, Page: web.Page{Errors: wrong, Body: web.StaffLoginPage{Hidden: flow, Login: "a001", EnrolURL: "/staff/enrol"}}},
		{Name: "staff-enrolled", Template: "staff-login", Page: web.Page{Notice: &web.Notice{Tone: "success", Text: "账号已启用，请登录。"}, Body: web.StaffLoginPage{EnrolURL: "/staff/enrol"}}},
		{Name: "staff-enrol", Template: "staff-enrol", Page: web.Page{Body: web.StaffEnrolPage{LoginURL: "/staff/login"}}},
		{Name: "staff-enrol-error", Template: "staff-enrol", Status: 401, Page: web.Page{Errors: []web.FieldError{{Field: "enrol-code", Message: "工号或启用码不正确，或启用码已失效"}}, Body: web.StaffEnrolPage{Login: "a001", LoginURL: "/staff/login"}}},
		{Name: "staff", Template: "staff", Page: web.Page{Identity: member, Body: web.StaffHomePage{Inbox: true, Waiting: []web.WaitingWork{{Label: "待批准的更改", URL: "/admin/inbox", Count: "3"}, {Label: "待审核的印章申请", URL: "/seal?state=applied", Count: "99+"}}, Places: []web.Link{{Label: "管理中心", URL: "/admin"}, {Label: "窗口助办", URL: "/counter"}}, Roles: []string{"安全管理员 · 上城区", "窗口人员"}, SecurityURL: "/staff/security", TokensURL: "/staff/tokens"}}},
		{Name: "staff-search", Template: "admin-list", Page: web.Page{Title: "查找", Identity: member, Body: found("随身办", []web.Row{{URL: "/admin/clients/portal", Cells: []string{"随身办 portal", "应用"}}, {URL: "/seal/seal_1", Cells: []string{"示例市市场监督管理局登记专用章 11010000000001", "印章"}}})}},
		{Name: "staff-search-none", Template: "admin-list", Page: web.Page{Title: "查找", Identity: member, Body: found("P4W8T2NC", nil)}},
		{Name: "staff-none", Template: "staff", Page: web.Page{Identity: last, Body: web.StaffHomePage{SecurityURL: "/staff/security"}}},
		{Name: "staff-security", Template: "staff-security", Page: web.Page{Identity: member, Body: web.StaffSecurityPage{Strong: true, LoginURL: "/staff/login", HomeURL: "/staff", Passkey: &web.PasskeyForm{Create: true, Action: "/staff/security/passkeys", Options: "/staff/security/passkeys/options"}, CertificateURL: "/staff/security/certificate",
			Upstreams:   []web.UpstreamItem{{ID: "office", Name: "市机关统一登录", LinkedAt: &used, UnlinkURL: "/staff/security/upstream/office/unlink"}, {ID: "province", Name: "省公务员门户", LinkURL: "/staff/security/upstream/province/link"}},
			Credentials: []web.CredentialItem{{ID: "cred_1", Kind: "totp", Name: "手机", AddedAt: moment, UsedAt: &used}, {ID: "cred_2", Kind: "passkey", Name: "Chrome", AddedAt: moment, Flagged: true}}}}},
		{Name: "staff-security-stale", Template: "staff-security", Page: web.Page{Identity: member, Body: web.StaffSecurityPage{LoginURL: "/staff/login", HomeURL: "/staff"}}},
		{Name: "staff-certificate", Template: "certificate", Page: web.Page{Body: web.CertificatePage{Action: "/staff/login/certificate", Hidden: flow, Challenge: "yinxin-staff-certificate/1 https://id.example.gov.cn 3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA 2026-11-26T06:35:00Z", BackURL: "/staff/login"}}},
		{Name: "staff-tokens", Template: "staff-tokens", Page: web.Page{Identity: member, Body: web.StaffTokensPage{Strong: true, LoginURL: "/staff/login", HomeURL: "/staff", Max: 5, Secret: "yxst_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			Tokens: []web.StaffTokenItem{{ID: "stt_1", Name: "审核脚本", Roles: []string{"实名审核员"}, MadeAt: moment, Until: moment}}, Roles: []web.StaffTokenRole{{Role: "proofing_reviewer", Label: "实名审核员"}, {Role: "counter_supervisor", Label: "窗口主管"}}}}},
		{Name: "staff-tokens-error", Template: "staff-tokens", Status: 422, Page: web.Page{Identity: member, Errors: []web.FieldError{{Field: "token-name", Message: "请填写用途"}, {Field: "token-roles", Message: "请至少选择一项您现有的权限"}}, Body: web.StaffTokensPage{Strong: true, LoginURL: "/staff/login", HomeURL: "/staff", Max: 5, Roles: []web.StaffTokenRole{{Role: "proofing_reviewer", Label: "实名审核员"}}}}},
		{Name: "staff-tokens-stale", Template: "staff-tokens", Page: web.Page{Identity: member, Body: web.StaffTokensPage{LoginURL: "/staff/login", HomeURL: "/staff", Max: 5}}},
		{Name: "staff-logout", Template: "staff-logout", Page: web.Page{Identity: member, Body: web.StaffLogoutPage{BackURL: "/staff"}}},
	}
}

// found is the search of the consoles with what it found.
func found(wanted string, rows []web.Row) web.AdminListPage {
	return web.AdminListPage{Intro: "按应用名称或标识、印章编号、证照标识、举报回执编号、求助码查找；只显示您有权查看的。", FilterURL: "/staff/search", FilterName: "查询",
		Filter: []web.FormField{{Name: "q", Label: "名称、编号或求助码", Value: wanted, Max: 128}},
		Table:  web.Table{Caption: "查找", Plain: true, Columns: []web.Column{{Label: "名称"}, {Label: "类别"}}, Rows: rows},
		None:   "没有找到", NoneText: "请核对编号；不在您管辖范围内的也不显示。求助码还可以在日志中查找。"}
}
