package gallery

import (
	"time"

	"github.com/yinxin-gov/yinxin/web"
)

// sealUses are the pages of approvals before a seal is used.
func sealUses() []Sample {
	staff := web.Identity{Kind: web.IdentityStaff, Name: "李*", Role: "用印审批人"}
	facts := []web.ShownField{{Label: "用印事由", Value: "公布办事指南"}, {Label: "事项编号", Value: "2026-1124-0002"}, {Label: "文件", Value: "关于公布办事指南的通知.ofd"}, {Label: "申请人", Value: "staff:stf_7c1d"}, {Label: "由谁审批", Value: "用印审批人"},
		{Label: "批准人数", Value: "0 / 1"}, {Label: "批准的效力", Value: "批准后 24 小时内，可用印 1 次"}}
	const sm3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
	sheet := &web.StampPreview{Page: page(1, "", false), Total: 3, Picture: sealPicture(), WidthMM: 40, HighMM: 40, Here: []web.StampPlace{{Page: 1, SeenX: 140, SeenY: 205.5, SeenWide: 40, SeenHigh: 40}}}
	act := func(name, label, effect string, danger bool) web.StateAction {
		return web.StateAction{ID: "use-" + name, Label: label, URL: "/seal/requests/use_1/" + name, Effect: effect, Danger: danger, NoReason: !danger}
	}
	state := web.FormField{Name: "state", Label: "状态", Kind: web.InputSelect, Options: []web.Option{{Label: "全部"}, {Value: "requested", Label: "待审批"}}, Value: "requested"}
	asked := []web.HistoryItem{{At: moment, Text: "提出申请", Actor: "staff:stf_7c1d"}}
	rule := []web.FormField{
		{Name: "rule-when", Label: "哪些用印须经审批", Kind: web.InputSelect, Options: []web.Option{{Value: "always", Label: "每次用印都须审批"}, {Value: "except", Label: "除所列事由外都须审批"}}, Value: "except"},
		{Name: "rule-purposes", Label: "事由", Hint: "每行一个；前两种规则不填", Kind: web.InputLongText, Optional: true, Max: 4000, Value: "公布办事指南"},
		{Name: "rule-hours", Label: "批准后多少小时内有效", Hint: "1 至 720", Max: 3, Value: "24"}, {Name: "rule-uses", Label: "一次批准可用印几次", Hint: "1 至 100，通常为 1", Max: 3, Value: "1"},
		{Name: "rule-remote", Label: "留在本地的文件", Hint: "允许后，业务系统只上报摘要即可用印，平台看不到文件内容", Kind: web.InputSelect, Options: []web.Option{{Value: "false", Label: "不允许"}, {Value: "true", Label: "允许：平台只见摘要，不见文件"}}, Value: "false"},
	}
	const night, many = "非工作时段用印", "一小时内第 21 次，平常不超过 20 次"
	flags := web.FormField{Name: "flag", Label: "提示", Kind: web.InputSelect, Options: []web.Option{{Label: "全部"}, {Value: "any", Label: "有提示的"}, {Value: "night", Label: "非工作时段"}}}
	flagState := web.FormField{Name: "state", Label: "状态", Kind: web.InputSelect, Options: []web.Option{{Label: "全部"}, {Value: "open", Label: "待查看"}}, Value: "open"}
	const flagLead = "提示说明一次用印与这枚印章平常的用法不同，不影响用印，也不表示有错。"
	log := web.Table{Caption: "用印记录", Columns: []web.Column{{Label: "用印时间"}, {Label: "用印事由"}, {Label: "提示", Wide: true}, {Label: "用印人"}, {Label: "事项编号"}, {Label: "盖章位置"}, {Label: "批准人"}, {Label: "SM3"}}, Rows: []web.Row{
		{Cells: []string{"2026-11-24 22:14:09", "公布办事指南", night + "、" + many, "staff:stf_7c1d", "2026-1124-0002", "第 1 页", "staff:stf_90aa", sm3}, Status: "stamp_stored"},
		{Cells: []string{"2026-11-24 21:30:41", "签订合同", night, "staff:stf_7c1d", "", "第 3 页", "", sm3}, Status: "stamp_planned"}}}
	listed := log
	listed.ExportURL = "/seal/logs/sl_1?format=csv"
	look := web.StateAction{ID: "flags-look", Label: "填写查看结论", Text: "查看结论", URL: "/seal/flags/sl_1.2026-11-24/look", Effect: "结论记入审计，姓名随之保留。此后又有提示时会再次列出。", Max: 200, Open: true, Error: "请填写原因"}
	why := web.AdminSection{ID: "flags-why", Title: "为何提示", Text: "这些提示在用印时自动作出，随记录保留，不能更改。", Facts: []web.ShownField{
		{Label: "非工作时段", Value: "用印时间不在工作时段内。应用自动用印和平台自身的用印不作此提示。"}, {Label: "用印次数多", Value: "这一小时或这一天的用印次数超过此前 30 天最忙时的三倍；每小时 20 次、每天 100 次以内不提示。"}}}
	return []Sample{
		{Name: "seal-log", Template: "admin-list", Page: web.Page{Title: "用印记录", Identity: staff, Body: web.AdminListPage{Intro: flagLead, Links: []web.Link{{Label: "示例市市场监督管理局登记专用章", URL: "/seal/sl_1"}, {Label: "用印提示", URL: "/seal/flags"}}, FilterURL: "/seal/logs/sl_1", Filter: []web.FormField{flags}, Table: listed}}},
		{Name: "seal-flags", Template: "admin-list", Page: web.Page{Title: "用印提示", Identity: staff, Body: web.AdminListPage{Intro: flagLead, FilterURL: "/seal/flags", Filter: []web.FormField{flagState}, Table: web.Table{Caption: "用印提示",
			Columns: []web.Column{{Label: "印章"}, {Label: "日期"}, {Label: "有提示的用印", Number: true}, {Label: "提示"}}, Rows: []web.Row{
				{URL: "/seal/flags/sl_1.2026-11-24", Cells: []string{"示例市市场监督管理局登记专用章", "2026-11-24", "2", "非工作时段、用印次数多"}, Status: "flags_open"},
				{URL: "/seal/flags/sl_2.2026-11-23", Cells: []string{"示例市市场监督管理局", "2026-11-23", "1", "新设备"}, Status: "flags_looked_at"}}}}}},
		{Name: "seal-flags-empty", Template: "admin-list", Page: web.Page{Title: "用印提示", Identity: staff, Body: web.AdminListPage{Intro: flagLead, FilterURL: "/seal/flags", Filter: []web.FormField{flagState}, None: "没有用印提示", NoneText: "与平常不同的用印会按印章和日期列在这里。"}}},
		{Name: "seal-flag-day", Template: "admin-detail", Page: web.Page{Title: "用印提示", Identity: staff, Errors: []web.FieldError{{Field: "flags-look-reason", Message: "请填写原因"}}, Body: web.AdminDetailPage{Back: web.Link{Label: "用印提示", URL: "/seal/flags"}, Name: "示例市市场监督管理局登记专用章", Under: "2026-11-24", Status: "flags_open",
			Hidden: []web.Hidden{{Name: "uses", Value: "2"}}, Facts: []web.ShownField{{Label: "有提示的用印", Value: "2"}, {Label: "查看情况", Value: "前 1 次已由 staff:stf_90aa 于 2026-11-24 22:02 查看"}, {Label: "查看结论", Value: "加班办理，已核实"}}, Sections: []web.AdminSection{why, {ID: "flags-uses", Title: "用印记录", Table: &log}}, Actions: []web.StateAction{look}}}},
		{Name: "seal-requests", Template: "seal-requests", Page: web.Page{Identity: staff, Body: web.SealUsesPage{Filter: state, Table: web.Table{Caption: "用印申请", NextURL: "/seal/requests?after=1.use_1",
			Columns: []web.Column{{Label: "用印事由"}, {Label: "印章"}, {Label: "申请人"}, {Label: "申请时间"}}, Rows: []web.Row{
				{URL: "/seal/requests/use_1", Cells: []string{"公布办事指南", "示例市市场监督管理局登记专用章", "staff:stf_7c1d", "2026-11-24 09:30"}, Status: "use_requested"},
				{URL: "/seal/requests/use_2", Cells: []string{"签订合同", "示例市市场监督管理局", "staff:stf_7c1d", "2026-11-23 15:02"}, Status: "use_used"},
			}}}}},
		{Name: "seal-requests-empty", Template: "seal-requests", Page: web.Page{Identity: staff, Body: web.SealUsesPage{Filter: state}}},
		{Name: "seal-request", Template: "seal-request", Page: web.Page{Identity: staff, Body: web.SealUsePage{Seal: "示例市市场监督管理局登记专用章", SealURL: "/seal/sl_1", Status: "use_requested", Facts: facts, SM3: sm3, Places: []string{"第 1 页"},
			Sheet: sheet, NextURL: "/seal/requests/use_1?page=2", FileURL: "/seal/request-files/use_1", History: asked, Actions: []web.StateAction{
				act("approve", "批准", "您批准的正是上面所列的文件、位置和事由；批准后申请人即可用印。", false), act("refuse", "不同意", "申请到此结束，原因会告知申请人。", true)}}}},
		{Name: "seal-request-unseen", Template: "seal-request", Page: web.Page{Identity: staff, Body: web.SealUsePage{Seal: "示例市市场监督管理局登记专用章", SealURL: "/seal/sl_1", Status: "use_requested", Facts: facts, SM3: sm3, Places: []string{"第 1 页"},
			Unseen: true, Problem: "印章已停用，不能用印", History: asked, Actions: []web.StateAction{act("withdraw", "撤回", "撤回后不能再据此用印；已盖的章不受影响。", true)}}}},
		{Name: "seal-request-remote", Template: "seal-request", Page: web.Page{Identity: staff, Body: web.SealUsePage{Seal: "示例市市场监督管理局登记专用章", SealURL: "/seal/sl_1", Status: "use_requested", Facts: facts, SM3: sm3, Places: []string{"第 1 页"},
			Unseen: true, Remote: true, History: asked, Actions: []web.StateAction{act("approve", "批准", "您批准的正是上面所列的文件、位置和事由；批准后申请人即可用印。", false), act("refuse", "不同意", "申请到此结束，原因会告知申请人。", true)}}}},
		{Name: "seal-request-approved", Template: "seal-request", Page: web.Page{Identity: staff, Body: web.SealUsePage{Seal: "示例市市场监督管理局登记专用章", SealURL: "/seal/sl_1", Status: "use_approved", Facts: facts, SM3: sm3,
			StampURL: "/seal/requests/use_1/stamp", StampFile: true, UsesLeft: 1, ExpiresAt: moment.Add(24 * time.Hour), History: append([]web.HistoryItem{{At: moment, Text: "批准", Actor: "staff:stf_90aa"}}, asked...)}}},
		{Name: "seal-request-removed", Template: "seal-request", Page: web.Page{Identity: staff, Body: web.SealUsePage{Seal: "示例市市场监督管理局登记专用章", SealURL: "/seal/sl_1", Status: "use_refused", Facts: facts, SM3: sm3, Places: []string{"第 1 页"},
			RemovedAt: moment.AddDate(0, 0, 30), History: append([]web.HistoryItem{{At: moment, Text: "不同意", Actor: "staff:stf_90aa", Detail: "事由不明"}}, asked...)}}},
		{Name: "seal-rule", Template: "seal-rule", Page: web.Page{Identity: staff, Body: web.SealRulePage{Seal: "示例市市场监督管理局登记专用章", BackURL: "/seal/sl_1", Action: "/seal/rules/sl_1/proposal", Fields: rule}}},
		{Name: "seal-detail-rule", Template: "seal-detail", Page: web.Page{Identity: staff, Body: web.SealDetailPage{Name: "示例市市场监督管理局登记专用章", SealID: "11010000000001", Status: "active", Owner: "示例市市场监督管理局", Picture: sealPicture(), WidthMM: 40, HeightMM: 40,
			ValidFrom: moment.AddDate(0, 0, -1), ValidTo: moment.AddDate(5, 0, 0), StampURL: "/seal/sl_1/stamps", AsksFirst: true, AsksAlways: true, Rule: &web.SealRuleShown{
				Facts: []web.ShownField{{Label: "哪些用印须经审批", Value: "每次用印都须审批"}, {Label: "留在本地的文件", Value: "不允许"}, {Label: "由谁审批", Value: "用印审批人"}, {Label: "须几人批准", Value: "一人"}}, EditURL: "/seal/rules/sl_1",
				Waiting: []web.ShownField{{Label: "哪些用印须经审批", Value: "都不须审批"}, {Label: "留在本地的文件", Value: "允许：平台只见摘要，不见文件"}, {Label: "提出人", Value: "staff:stf_7c1d"}}, Actions: []web.StateAction{
					{ID: "seal-rule-approve", Label: "规则通过", URL: "/seal/sl_1/rule-approve", Effect: "立即生效；按旧规则提出的申请和批准随即失效。", NoReason: true},
					{ID: "seal-rule-refuse", Label: "不同意此规则", URL: "/seal/sl_1/rule-refuse", Effect: "原规则继续有效。", Danger: true}}},
			Uses: []web.HistoryItem{{At: moment, Text: "公布办事指南", Actor: "staff:stf_7c1d", Detail: "已用印 · 第 1 页 · 文件留在本地，未见文件 · 事项 2026-1124-0002 · staff:stf_90aa 批准 · SM3 66c7f0f462eeedd9…", Flags: []string{night, many}}}, LogURL: "/seal/logs/sl_1"}}},
	}
}
