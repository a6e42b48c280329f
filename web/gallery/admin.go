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
	return []Sample{
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
	}
}
