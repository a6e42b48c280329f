package gallery

import "github.com/yinxin-gov/yinxin/web"

// rulings are the pages of decisions by rule, of the switches of rules and of appeals.
func rulings() []Sample {
	const at, rules = "/license/rulings/items/lic_1", "/license/rulings/rules/11990000MB7QX0015W/11980000MB7QX1050L001"
	links := []web.Link{{Label: "申诉", URL: "/license/rulings/appeals?state=open"}, {Label: "规则启停", URL: "/license/rulings/rules"}}
	outcomes := web.FormField{Name: "outcome", Label: "结果", Kind: web.InputSelect, Options: []web.Option{{Label: "全部"}, {Value: "approve", Label: "即时批准"}, {Value: "refer", Label: "转人工办理"}, {Value: "refuse", Label: "不予办理"}}}
	list := web.AdminListPage{Intro: "按证照类型公布的规则即时作出的决定。规则须由两人启用，一人即可停用。", Links: links, FilterURL: "/license/rulings", Filter: []web.FormField{outcomes}, Table: web.Table{Caption: "秒批记录", Plain: true,
		Columns: []web.Column{{Label: "证照类型"}, {Label: "结果"}, {Label: "理由"}, {Label: "决定时间"}}, Rows: []web.Row{
			{URL: at, Cells: []string{"食品经营许可证", "不予办理", "申请人没有有效的营业执照", "2026-11-24 09:30"}},
			{URL: "/license/rulings/items/lic_2", Cells: []string{"食品经营许可证", "即时批准", "—", "2026-11-24 09:12"}},
			{URL: "/license/rulings/items/lic_3", Cells: []string{"食品经营许可证", "转人工办理", "名称或法定代表人与营业执照不一致", "2026-11-23 16:40"}}}}}
	empty := list
	empty.Table, empty.None, empty.NoneText = web.Table{Caption: "秒批记录"}, "没有秒批记录", "规则启用后，即时作出的决定会列在这里。"
	conditions := web.Table{Caption: "条件", Plain: true, Columns: []web.Column{{Label: "条件"}, {Label: "核对结果"}, {Label: "依据"}}, Rows: []web.Row{
		{Cells: []string{"form · 内容在列表中", "成立", "摘要 66c7f0f462ee…"}}, {Cells: []string{"business_license · 持有有效证照", "不成立", "0"}}, {Cells: []string{"name · 与登记信息一致", "无法核实", "—"}}}}
	detail := func(errors []web.FieldError, actions ...web.StateAction) web.Page {
		return web.Page{Title: "秒批记录", Identity: staff, Errors: errors, Body: web.AdminDetailPage{Back: web.Link{Label: "秒批记录", URL: "/license/rulings"}, Name: "食品经营许可证", Links: []web.Link{{Label: "查看申请", URL: "/license/lic_1"}},
			Facts: []web.ShownField{{Label: "结果", Value: "不予办理"}, {Label: "理由", Value: "申请人没有有效的营业执照"}, {Label: "决定时间", Value: "2026-11-24 09:30"}, {Label: "规则所属类型版本", Value: "1"}, {Label: "规则发布人和启用人", Value: "staff:a001、staff:a002"}, {Label: "颁发机构代码", Value: "11990000MB7QX0015W"}},
			Sections: []web.AdminSection{{ID: "ruling-conditions", Title: "条件", Text: "所有条件都成立才即时批准；申请中的内容只留摘要。", Table: &conditions},
				{ID: "ruling-appeal", Title: "申诉", Facts: []web.ShownField{{Label: "状态", Value: "待处理"}, {Label: "申诉内容", Value: "营业执照上周已换发，请核对新证。"}, {Label: "申诉时间", Value: "2026-11-24 10:02"}, {Label: "领取人", Value: "staff:a003"}, {Label: "处理人", Value: "—"}, {Label: "处理理由", Value: "—"}}}},
			Actions: actions}}
	}
	appeals := web.AdminListPage{Intro: "申请人对按规则不予办理的决定提出的申诉。由未设置规则的审核人员处理。", Links: []web.Link{{Label: "秒批记录", URL: "/license/rulings"}}, FilterURL: "/license/rulings/appeals", Filter: []web.FormField{{Name: "state", Label: "状态", Kind: web.InputSelect, Options: []web.Option{{Label: "全部"}, {Value: "open", Label: "待处理"}}}},
		Table: web.Table{Caption: "申诉", Plain: true, Columns: []web.Column{{Label: "证照类型"}, {Label: "状态"}, {Label: "申诉时间"}, {Label: "领取人"}}, Rows: []web.Row{{URL: at, Cells: []string{"食品经营许可证", "待处理", "2026-11-24 10:02", "staff:a003"}}}}}
	asked := web.Table{Caption: "条件", Plain: true, Columns: []web.Column{{Label: "条件"}, {Label: "要求"}, {Label: "理由"}, {Label: "不成立时"}}, Rows: []web.Row{
		{Cells: []string{"business_license · 持有有效证照", "有效期至 · 营业执照", "申请人没有有效的营业执照", "不予办理"}}, {Cells: []string{"seldom · 申请次数", "≤ 3 · 30 天内", "30 日内申请超过 3 次", "转人工办理"}}}}
	control := func(state string, actions ...web.StateAction) web.Page {
		return web.Page{Title: "规则启停", Identity: staff, Body: web.AdminDetailPage{Back: web.Link{Label: "规则启停", URL: "/license/rulings/rules"}, Name: "食品经营许可证", Under: "11990000MB7QX0015W",
			Facts:    []web.ShownField{{Label: "状态", Value: state}, {Label: "提出人", Value: "staff:a001"}, {Label: "启用人", Value: "—"}, {Label: "说明", Value: "—"}, {Label: "规则所属类型版本", Value: "1"}, {Label: "每日即时批准上限", Value: "200"}, {Label: "抽样复核比例", Value: "20‰"}, {Label: "申诉期限（天）", Value: "60"}},
			Sections: []web.AdminSection{{ID: "rule-conditions", Title: "条件", Text: "所有条件都成立才即时批准；无法核实的转人工办理。", Table: &asked}}, Actions: actions}}
	}
	switches := web.AdminListPage{Intro: "各颁发机构的秒批规则。填写机构代码并选择证照类型，可启用或停用。", Links: []web.Link{{Label: "秒批记录", URL: "/license/rulings"}}, FilterURL: "/license/rulings/rules", FilterName: "打开",
		Filter: []web.FormField{{Name: "authority", Label: "颁发机构代码", Max: 18}, {Name: "type", Label: "证照类型", Kind: web.InputSelect, Options: []web.Option{{Value: "11980000MB7QX1050L001", Label: "食品经营许可证"}}}},
		Table:  web.Table{Caption: "规则启停", Plain: true, Columns: []web.Column{{Label: "颁发机构代码"}, {Label: "证照类型"}, {Label: "状态"}, {Label: "变更时间"}}, Rows: []web.Row{{URL: rules, Cells: []string{"11990000MB7QX0015W", "食品经营许可证", "已启用", "2026-11-20 09:00"}}}}}
	grant := web.StateAction{ID: "appeal-grant", Label: "通过申诉", URL: at + "/grant", Effect: "申请获准，等待签发。"}
	uphold := web.StateAction{ID: "appeal-uphold", Label: "维持原决定", URL: at + "/uphold", Effect: "申请仍不予办理，理由告知申请人。"}
	wrong := uphold
	wrong.Open, wrong.Error = true, "请填写"
	return []Sample{
		{Name: "ruling-list", Template: "admin-list", Page: web.Page{Title: "秒批记录", Identity: staff, Body: list}},
		{Name: "ruling-list-empty", Template: "admin-list", Page: web.Page{Title: "秒批记录", Identity: staff, Body: empty}},
		{Name: "ruling-appealed", Template: "admin-detail", Page: detail(nil, grant, uphold)},
		{Name: "ruling-appeal-error", Template: "admin-detail", Status: 422, Page: detail([]web.FieldError{{Field: "appeal-uphold-reason", Message: "请填写"}}, grant, wrong)},
		{Name: "ruling-appeals", Template: "admin-list", Page: web.Page{Title: "申诉", Identity: staff, Body: appeals}},
		{Name: "ruling-switches", Template: "admin-list", Page: web.Page{Title: "规则启停", Identity: staff, Body: switches}},
		{Name: "ruling-switch", Template: "admin-detail", Page: control("待另一人确认", web.StateAction{ID: "rules-confirm", Label: "确认启用", URL: rules + "/ok", Effect: "规则立即启用，符合条件的申请即时批准并签发。", NoReason: true}, web.StateAction{ID: "rules-off", Label: "停用规则", URL: rules + "/off", Effect: "立即停用，之后的申请由人工审核。", Danger: true})},
	}
}
