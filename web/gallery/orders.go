package gallery

import "github.com/yinxin-gov/yinxin/web"

// orders are the pages of sealed orders.
func orders() []Sample {
	const at = "/license/orders/records/lorder_1"
	back := web.Link{Label: "暂不告知决定", URL: "/license/orders"}
	states := web.FormField{Name: "state", Label: "状态", Kind: web.InputSelect, Options: []web.Option{{Label: "全部"}, {Value: "proposed", Label: "待确认"}, {Value: "in_force", Label: "生效中"}}}
	list := web.AdminListPage{Intro: "依法办案期间，经两人确认，可使指定应用的用证暂不告知持证人；决定结束后，系统逐笔告知。", NewURL: "/license/orders/new", NewLabel: "录入决定", FilterURL: "/license/orders", Filter: []web.FormField{states}, Table: web.Table{Caption: "暂不告知决定",
		Columns: []web.Column{{Label: "决定书文号"}, {Label: "作出决定的机关"}, {Label: "办件编号"}, {Label: "有效至"}, {Label: "授权与用证次数", Number: true}}, Rows: []web.Row{
			{URL: at, Status: "order_proposed", Cells: []string{"办〔2026〕7号", "示例市公安局", "A-7", "2026-12-24 09:30", "0"}},
			{URL: "/license/orders/records/lorder_2", Status: "order_in_force", Cells: []string{"办〔2026〕5号", "示例市公安局", "A-5", "2026-12-02 09:12", "4"}},
			{URL: "/license/orders/records/lorder_3", Status: "order_ended", Cells: []string{"办〔2026〕2号", "示例市监察委员会", "J-2", "2026-11-16 16:40", "12"}},
			{URL: "/license/orders/records/lorder_4", Status: "order_refused", Cells: []string{"办〔2026〕1号", "示例市公安局", "A-1", "2026-11-10 10:00", "0"}}}}}
	empty := list
	empty.Table, empty.None, empty.NoneText = web.Table{Caption: "暂不告知决定"}, "没有暂不告知决定", "没有符合筛选条件、且在您管辖范围内的决定。"
	form := web.AdminFormPage{Back: back, Name: "录入决定", Advisory: "请按纸质决定书录入。录入后须由另一人确认方才生效；您不能确认自己录入的决定。", Action: "/license/orders", Submit: "提交，待他人确认", Fields: []web.FormField{
		{Name: "order-number", Label: "决定书文号", Value: "办〔2026〕7号", Max: 64}, {Name: "order-organ", Label: "作出决定的机关", Value: "示例市公安局", Max: 300}, {Name: "order-basis", Label: "法律依据", Max: 300},
		{Name: "order-client", Label: "使用单位的应用编号", Hint: "使用证照的应用编号，如 case-system。", Value: "case-sistem", Max: 100}, {Name: "order-case", Label: "办件编号", Value: "A-7", Max: 64},
		{Name: "order-licenses", Label: "证照标识", Hint: "每行一个，最多 100 个。", Kind: web.InputLongText}, {Name: "order-days", Label: "有效期", Kind: web.InputSelect, Options: []web.Option{{Value: "7", Label: "7 天"}, {Value: "30", Label: "30 天"}}}}}
	detail := func(status string, actions ...web.StateAction) web.Page {
		body := web.AdminDetailPage{Back: back, Name: "办〔2026〕7号", Under: "lorder_1", Status: status, Facts: []web.ShownField{{Label: "作出决定的机关", Value: "示例市公安局"}, {Label: "法律依据", Value: "刑事诉讼法第一百五十四条"}, {Label: "使用单位的应用编号", Value: "case-system"}, {Label: "办件编号", Value: "A-7"},
			{Label: "证照标识", Value: "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.000000001.001.X"}, {Label: "有效至", Value: "2026-12-24 09:30"}, {Label: "授权与用证次数", Value: "0"}, {Label: "录入人", Value: "staff:a001 · 2026-11-24 09:30"}}}
		if len(actions) > 0 {
			body.Sections = []web.AdminSection{{ID: "order-next", Title: "可办理的操作", Actions: actions}}
		}
		return web.Page{Title: "暂不告知决定", Identity: staff, Body: body}
	}
	return []Sample{
		{Name: "order-list", Template: "admin-list", Page: web.Page{Title: "暂不告知决定", Identity: staff, Body: list}},
		{Name: "order-list-empty", Template: "admin-list", Page: web.Page{Title: "暂不告知决定", Identity: staff, Body: empty}},
		{Name: "order-new-error", Template: "admin-form", Status: 422, Page: web.Page{Title: "录入决定", Identity: staff, Body: form, Errors: []web.FieldError{{Field: "order-client", Message: "没有这个应用"}}}},
		{Name: "order-proposed", Template: "admin-detail", Page: detail("order_proposed",
			web.StateAction{ID: "order-confirm", Label: "确认生效", URL: at + "/confirm", Effect: "立即生效：该应用在此案件中使用这些证照，到期前不告知持证人，也不受冻结用证影响。", NoReason: true},
			web.StateAction{ID: "order-refuse", Label: "不予采纳", URL: at + "/refuse", Effect: "此决定不生效，须重新录入。", Danger: true})},
		{Name: "order-in-force", Template: "admin-detail", Page: detail("order_in_force", web.StateAction{ID: "order-end", Label: "提前结束", URL: at + "/end", Effect: "立即停止依此决定用证，并逐笔告知持证人。"})},
	}
}
