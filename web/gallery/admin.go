package gallery

import (
	"slices"

	"github.com/yinxin-gov/yinxin/web"
)

func admin() []Sample {
	nav := []web.NavLink{{Label: "管理中心", URL: "/admin"}, {Label: "令牌密钥", URL: "/admin/keys", Current: true}, {Label: "会话", URL: "/admin/sessions"}}
	many := append(slices.Clone(nav), web.NavLink{Label: "账号", URL: "/admin/accounts"}, web.NavLink{Label: "授权与令牌", URL: "/admin/grants"}, web.NavLink{Label: "上游与对接系统", URL: "/admin/peers"})
	keys := web.Table{Caption: "令牌密钥", Total: 2, Columns: []web.Column{{Label: "密钥标识（kid）"}, {Label: "算法"}, {Label: "公布时间"}}, Rows: []web.Row{
		{Cells: []string{"key_2", "SM2", "2026-11-24 09:30"}, Status: "next"}, {Cells: []string{"key_1", "SM2", "2026-08-27 09:30"}, Status: "current"}}}
	parties := web.Table{Caption: "登录的系统", Plain: true, NextURL: "/admin/sessions/sid_1?after=1", Columns: []web.Column{{Label: "系统"}, {Label: "登出通知"}}, Rows: []web.Row{{Cells: []string{"示例市一网通办", "已送达"}}}}
	end := []web.StateAction{{ID: "session-end", Label: "结束会话", URL: "/admin/sessions/sid_1/end", Effect: "立即退出，并通知已登录的系统。", Danger: true}}
	wrong := []web.StateAction{{ID: "session-end", Label: "结束会话", URL: "/admin/sessions/sid_1/end", Danger: true, Reason: " ", Error: "请写明原因"}}
	row := func(n, department, name, claims, purpose, days, basis, law string) web.FormRow {
		at := "recipients-" + n + "-"
		if name != "" {
			name = " · " + name
		}
		return web.FormRow{Legend: "第 " + n + " 行" + name, Fields: []web.FormField{{Name: at + "department", Label: "部门编号（见部门列表）", Value: department, Max: 64, List: "recipients"},
			{Name: at + "claims", Label: "信息项（用空格分开）", Value: claims, Max: 2048}, {Name: at + "purpose", Label: "用途", Value: purpose, Max: 200}, {Name: at + "days", Label: "保存天数", Value: days, Max: 5},
			{Name: at + "basis", Label: "依据", Kind: web.InputSelect, Value: basis, Options: []web.Option{{Value: "consent", Label: "本人同意"}, {Value: "law", Label: "法律规定"}}}, {Name: at + "law", Label: "法律名称和条款（法律规定时填）", Value: law, Max: 200}}}
	}
	recipients := web.FormRows{ID: "recipients", Title: "接收部门（一件事）", Text: "应用取得的信息转交给哪些部门。每行一个部门、一组条件相同的信息项。", Open: true, More: "再加三行接收部门",
		Choices: []web.Option{{Value: "dept-fund", Label: "示例市住房公积金管理中心"}, {Value: "dept-tax", Label: "国家税务总局示例市税务局"}}, Rows: []web.FormRow{
			row("1", "dept-fund", "示例市住房公积金管理中心", "name phone_number", "开立单位缴存账户", "365", "consent", ""), row("2", "dept-tax", "国家税务总局示例市税务局", "name", "税务登记", "", "law", ""), row("3", "", "", "", "", "", "consent", "")}}
	change := web.Table{Caption: "接收部门（一件事）", Plain: true, Columns: []web.Column{{Label: "变化"}, {Label: "接收部门"}, {Label: "信息项"}, {Label: "用途"}, {Label: "依据"}, {Label: "保存天数", Number: true}}, Rows: []web.Row{
		{Cells: []string{"不变", "示例市住房公积金管理中心 · dept-fund", "姓名 · name", "开立单位缴存账户", "本人同意", "365"}}, {Cells: []string{"取消", "示例市社会保险基金管理局 · dept-social", "姓名 · name", "参保登记", "本人同意", "1825"}},
		{Cells: []string{"增加", "国家税务总局示例市税务局 · dept-tax", "姓名 · name", "税务登记", "《示例征收管理条例》第十五条", "3650"}}}}
	disputes := web.Table{Caption: "使用疑问", Plain: true, Columns: []web.Column{{Label: "提出时间"}, {Label: "应用名称"}, {Label: "单位"}, {Label: "答复期限"}}, Rows: []web.Row{
		{URL: "/admin/disputes/dsp_1", Cells: []string{"2026-11-05 09:30", "不动产登记", "dept-land", "2026-11-20 09:30（已逾期第 5 天）"}, Status: "dispute_open"}, {URL: "/admin/disputes/dsp_2", Cells: []string{"2026-11-23 09:30", "市场监管", "dept-market", "2026-12-08 09:30"}, Status: "dispute_escalated"}}}
	doubts := web.Table{Caption: "登记存疑的单位", Plain: true, Columns: []web.Column{{Label: "单位名称"}, {Label: "统一社会信用代码"}, {Label: "查无记录起"}, {Label: "查询次数", Number: true}, {Label: "人工核实有效至"}}, Rows: []web.Row{
		{URL: "/admin/organisations/org_1", Cells: []string{"示例市青禾商贸有限公司", "91999900MA0000015N", "2026-11-20 03:10", "5", "—"}, Status: "organisation_unknown"}}}
	answers := []web.StateAction{{ID: "dispute-answer", Label: "答复", URL: "/admin/disputes/dsp_1/answer", Effect: "答复内容会显示给本人。", Max: 1000, Text: "答复内容", Error: "请填写内容，1 至 1000 字", Reason: " "}}
	return []Sample{
		{Name: "admin-disputes", Template: "admin-list", Page: web.Page{Title: "使用疑问", Identity: staff, Nav: nav, Body: web.AdminListPage{Intro: "人们对其信息被使用的疑问。", FilterURL: "/admin/disputes", Table: disputes,
			Filter: []web.FormField{{Name: "due", Label: "答复期限", Kind: web.InputSelect, Options: []web.Option{{Label: "全部"}, {Value: "overdue", Label: "已逾期"}}}}}}},
		{Name: "admin-dispute", Template: "admin-detail", Status: 422, Page: web.Page{Title: "使用疑问", Identity: staff, Nav: nav, Errors: []web.FieldError{{Field: "dispute-answer-reason", Message: "请填写内容，1 至 1000 字"}},
			Body: web.AdminDetailPage{Back: web.Link{Label: "使用疑问", URL: "/admin/disputes"}, Name: "不动产登记", Under: "dsp_1", Status: "dispute_open", Actions: answers}}},
		{Name: "admin-organisations", Template: "admin-list", Page: web.Page{Title: "登记存疑的单位", Identity: staff, Nav: nav, Body: web.AdminListPage{Intro: "登记机关查无记录或已注销的单位。", FilterURL: "/admin/organisations", Table: doubts,
			Filter: []web.FormField{{Name: "doubt", Label: "情况", Kind: web.InputSelect, Options: []web.Option{{Value: "unknown", Label: "查无记录"}, {Value: "ended", Label: "已注销"}}}}}}},
		{Name: "admin-organisation-correction", Template: "admin-form", Status: 422, Page: web.Page{Title: "代码或名称有误", Identity: staff, Nav: nav, Errors: []web.FieldError{{Field: "code", Message: "统一社会信用代码不正确"}}, Body: web.AdminFormPage{
			Back: web.Link{Label: "示例市青禾商贸有限公司", URL: "/admin/organisations/org_1"}, Name: "代码或名称有误", Advisory: "按登记机关的证明填写。另一位安全管理员批准后生效。", Action: "/admin/organisations/org_1/correction",
			Facts: []web.ShownField{{Label: "单位名称", Value: "示例市青禾商贸有限公司"}, {Label: "统一社会信用代码", Value: "91999900MA0000015N"}}, Submit: "提交复核",
			Fields: []web.FormField{{Name: "code", Label: "正确的统一社会信用代码", Value: "91999900MA0000023", Optional: true, Max: 64}, {Name: "name", Label: "正确的单位名称", Optional: true, Max: 120}, {Name: "reason", Label: "原因", Max: 200}}}}},
		{Name: "admin", Template: "admin", Page: web.Page{Identity: staff, Nav: nav, Body: web.AdminHomePage{Role: "安全管理员：审批待办，管理会话、授权和令牌。", Places: []web.AdminPlace{
			{ID: "admin-registrations", Label: "注册申请", Text: "自助注册的应用。", URL: "/admin/registrations", Waiting: 2, WaitURL: "/admin/registrations?state=pending"},
			{ID: "admin-keys", Label: "令牌密钥", Text: "签发令牌的密钥：轮换，或在泄露时撤下。", URL: "/admin/keys"},
		}}}},
		{Name: "admin-list", Template: "admin-list", Page: web.Page{Title: "令牌密钥", Identity: staff, Nav: many, Body: web.AdminListPage{Intro: "签发令牌的密钥。", SignInURL: "/login", NewURL: "/admin/keys/new", NewLabel: "新建",
			Filter: []web.FormField{{Name: "q", Label: "名称", Max: 64, Optional: true}}, FilterURL: "/admin/keys", Table: keys,
			Actions: []web.StateAction{{ID: "key-rotate", Label: "轮换", URL: "/admin/keys/rotate/SM2", Effect: "24 小时后开始签名。"}}}}},
		{Name: "admin-list-empty", Template: "admin-list", Page: web.Page{Title: "会话", Identity: staff, Nav: nav, Body: web.AdminListPage{Filter: []web.FormField{{Name: "identifier", Label: "手机号或邮箱", Max: 100}, {Name: "reason", Label: "原因", Max: 200}},
			FilterURL: "/admin/sessions", FilterPost: true, FilterName: "查询", Hidden: flow, None: "没有会话", NoneText: "该账号现在没有登录。"}}},
		{Name: "admin-detail", Template: "admin-detail", Page: web.Page{Title: "会话", Identity: staff, Nav: nav, Body: web.AdminDetailPage{Back: web.Link{Label: "会话", URL: "/admin/sessions"}, Name: "sid_1", Under: "张*", Status: "active", EditURL: "/admin/sessions/sid_1/edit",
			Facts: []web.ShownField{{Label: "账号", Value: "acc_1"}}, Sections: []web.AdminSection{{ID: "parties", Title: "登录的系统", Text: "登出通知的送达情况。", Table: &parties}, {Title: "被拒绝的登录请求", Compare: []web.Comparison{{Title: "redirect_uri", Text: "5 次", Sides: []web.Compared{{Label: "登记的", Head: "https://hall.example.gov.cn/cb"}, {Label: "收到的", Head: "https://hall.example.gov.cn/cb", Other: "/"}}}}}, {Title: "设备", Facts: []web.ShownField{{Label: "浏览器", Value: "Chrome"}}, Actions: end[:0]}}, Actions: end}}},
		{Name: "admin-detail-error", Template: "admin-detail", Status: 422, Page: web.Page{Title: "会话", Identity: staff, Nav: nav, Errors: []web.FieldError{{Field: "session-end-reason", Message: "请写明原因"}},
			Body: web.AdminDetailPage{Back: web.Link{Label: "会话", URL: "/admin/sessions"}, Name: "sid_1", Facts: []web.ShownField{{Label: "账号", Value: "acc_1"}}, Actions: wrong}}},
		{Name: "admin-form", Template: "admin-form", Page: web.Page{Title: "撤销", Identity: staff, Nav: nav, Body: web.AdminFormPage{Back: web.Link{Label: "授权", URL: "/admin/grants"}, Name: "撤销全部授权", Advisory: "撤销后应用须重新取得授权。", Action: "/admin/grants/revoke", Hidden: flow,
			Facts: []web.ShownField{{Label: "应用", Value: "示例市一网通办"}, {Label: "受影响", Value: "128"}}, Fields: []web.FormField{{Name: "reason", Label: "原因", Max: 200}, {Name: "secret", Label: "密钥", Kind: web.InputSecret, Hint: "留空则保留。", Optional: true}}, Submit: "撤销 128 项", Danger: true}}},
		{Name: "admin-form-rows", Template: "admin-form", Status: 422, Page: web.Page{Title: "修改", Identity: staff, Nav: nav, Errors: []web.FieldError{{Field: "recipients-2-days", Message: "第 2 行：保存天数须为 1 至 36500 的整数"}, {Field: "recipients-2-law", Message: "第 2 行：依法转交须写明法律名称和条款（不超过 200 字），本人同意时不填"}},
			Body: web.AdminFormPage{Back: web.Link{Label: "matter", URL: "/admin/clients/matter"}, Name: "修改", Action: "/admin/clients/matter/edit", Hidden: flow, Fields: []web.FormField{{Name: "client_name", Label: "应用名称", Value: "开办企业一件事", Max: 60}},
				Rows: &recipients, Closing: []web.FormField{{Name: "reason", Label: "原因", Value: "办一件事", Max: 200}}, Submit: "保存"}}},
		{Name: "admin-detail-rows", Template: "admin-detail", Page: web.Page{Title: "待审批", Identity: staff, Nav: nav, Body: web.AdminDetailPage{Back: web.Link{Label: "待审批", URL: "/admin/inbox"}, Name: "修改应用", Under: "matter", Status: "proposal_open",
			Facts: []web.ShownField{{Label: "提议人", Value: "staff:1"}}, Sections: []web.AdminSection{{ID: "recipients-change", Title: "接收部门（一件事）", Text: "批准后，应用可以把这些信息转交给所列部门。", Table: &change}}}}},
	}
}
