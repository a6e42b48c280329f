package gallery

import "github.com/yinxin-gov/yinxin/web"

// forgeries are the pages of reports of suspected forgeries: of anybody, and of those who decide.
func forgeries() []Sample {
	const sm3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
	where := func(value string) web.FormField {
		return web.FormField{Name: "where", Label: "在哪里见到的", Hint: "例如谁在什么场合出示。不要写自己的身份证号。最多 500 字。", Kind: web.InputLongText, Max: 500, Optional: true, Value: value}
	}
	empty := web.ForgeryReportPage{KeepDays: 180, Where: where("")}
	handed := empty
	handed.Code, handed.Identifier, handed.SM3 = "V20", "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.000000001.001.X", sm3
	wrong := handed
	wrong.Where, wrong.Address, wrong.Contact, wrong.Attach = where("公司年会签约时出示"), "fake.example", "张三", true
	decided := &web.ForgeryStatus{State: "decided", Decision: "forged", Words: "印章未曾盖在此文件上，已依法处理。", At: moment, DecidedAt: moment, Joined: true}
	samples := []Sample{
		{Name: "forgery-report", Template: "forgery-report", Page: web.Page{Body: handed}},
		{Name: "forgery-report-empty", Template: "forgery-report", Page: web.Page{Body: empty}},
		{Name: "forgery-report-error", Template: "forgery-report", Status: 422, Page: web.Page{Body: wrong, Errors: []web.FieldError{{Field: "address", Message: "这不是网页地址"}, {Field: "contact", Message: "联系方式不正确"}, {Field: "file", Message: "请确认是否附上文件"}}}},
		{Name: "forgery-sent", Template: "forgery-sent", Page: web.Page{Body: web.ForgerySentPage{Receipt: "K7QD-2MZX-9B0C-WTR4-6HVN-E3PA", At: moment}}},
		{Name: "forgery-sent-unreached", Template: "forgery-sent", Page: web.Page{Body: web.ForgerySentPage{Receipt: "K7QD-2MZX-9B0C-WTR4-6HVN-E3PA", At: moment, Unreached: true}}},
		{Name: "forgery-status", Template: "forgery-status", Page: web.Page{Body: web.ForgeryStatusPage{}}},
		{Name: "forgery-status-error", Template: "forgery-status", Status: 422, Page: web.Page{Body: web.ForgeryStatusPage{Receipt: "K7QD-2MZX"}, Errors: []web.FieldError{{Field: "receipt", Message: "没有此回执编号"}}}},
		{Name: "forgery-status-taken", Template: "forgery-status", Page: web.Page{Body: web.ForgeryStatusPage{Receipt: "K7QD-2MZX-9B0C-WTR4-6HVN-E3PA", Found: &web.ForgeryStatus{State: "taken", At: moment}}}},
		{Name: "forgery-status-decided", Template: "forgery-status", Page: web.Page{Body: web.ForgeryStatusPage{Receipt: "K7QD-2MZX-9B0C-WTR4-6HVN-E3PA", Found: decided}}},
	}
	return append(samples, forgeryConsole(sm3)...)
}

func forgeryConsole(sm3 string) []Sample {
	member := web.Identity{Kind: web.IdentityStaff, Name: "王芳", Role: "a001", IdleAt: moment, IdleLeft: 900, CanExtend: true}
	columns := []web.Column{{Label: "首次举报"}, {Label: "所涉对象"}, {Label: "证照标识或印章编号"}, {Label: "结论"}, {Label: "举报数", Number: true}}
	rows := []web.Row{
		{URL: "/license/forgeries/cases/fgc_1", Status: "forgery_received", Cells: []string{"2026-11-24 09:30", "印章", "11010000000001", "内容被改动，请勿采信（V20，平台核验）", "37"}},
		{URL: "/license/forgeries/cases/fgc_2", Status: "forgery_forged", Cells: []string{"2026-11-23 16:02", "登记中没有", "—", "二维码不是本平台的（V41，举报人所述，未核验）", "1"}},
	}
	list := web.AdminListPage{Intro: "涉及本单位证照或印章的举报。同一内容的多次举报合为一行。", FilterURL: "/license/forgeries", None: "没有举报", NoneText: "没有符合筛选条件、且在您管辖范围内的举报。",
		Filter: []web.FormField{{Name: "state", Label: "状态", Kind: web.InputSelect, Options: []web.Option{{Label: "全部"}, {Value: "received", Label: "待受理"}, {Value: "taken", Label: "核实中"}, {Value: "decided", Label: "已决定"}}}},
		Table:  web.Table{Caption: "疑似伪造举报", Columns: columns}}
	full := list
	full.Table.Rows, full.Table.ExportURL = rows, "/license/forgeries?format=csv"
	facts := []web.ShownField{{Label: "结论", Value: "内容被改动，请勿采信（V20，平台核验）"}, {Label: "所涉对象", Value: "印章"}, {Label: "证照标识或印章编号", Value: "11010000000001"}, {Label: "文件 SM3 杂凑值", Value: sm3}, {Label: "举报数", Value: "37"}}
	contact := web.StateAction{ID: "contact-fgt_1", Label: "查看联系方式", URL: "/license/forgeries/cases/fgc_1/contact/fgt_1", Effect: "查看将连同原因记入审计。"}
	telling := web.AdminSection{ID: "telling-1", Title: "举报于 2026-11-24 09:30", Facts: []web.ShownField{{Label: "举报人看到的结果", Value: "V20"}, {Label: "在哪里见到的", Value: "公司年会签约时出示"}, {Label: "网址", Value: "https://fake.example/verify?id=1"}, {Label: "联系方式", Value: "138****8999"}}, Actions: []web.StateAction{contact}}
	similar := web.Table{Caption: "类似举报", Columns: columns, Rows: rows[1:]}
	detail := web.AdminDetailPage{Back: web.Link{Label: "疑似伪造举报", URL: "/license/forgeries"}, Name: "疑似伪造举报", Under: "fgc_1", Status: "forgery_received", Facts: facts, Hidden: []web.Hidden{{Name: "version", Value: "a"}},
		Links:    []web.Link{{Label: "下载所附文件", URL: "/license/forgeries/cases/fgc_1/file"}, {Label: "查看印章", URL: "/seal/seal_1"}},
		Sections: []web.AdminSection{telling, {ID: "forgery-similar", Title: "类似举报", Text: "同一文件或同一编号的其他举报。", Table: &similar}},
		Actions:  []web.StateAction{{ID: "forgery-take", Label: "受理", URL: "/license/forgeries/cases/fgc_1/take", Effect: "由您核实并作出决定；举报人将看到“正在核实”。", NoReason: true}}}
	taken := detail
	taken.Status = "forgery_taken"
	taken.Actions = []web.StateAction{{ID: "forgery-decide", Label: "作出决定", URL: "/license/forgeries/cases/fgc_1/decision", Effect: "决定不能更改，并通知留有联系方式的举报人。证照和印章不会因此停用，如需停用请到其页面办理。", NoReason: true, Open: true, Fields: []web.FormField{
		{Name: "decision", Label: "处理结果", Kind: web.InputSelect, Value: "forged", Options: []web.Option{{Label: "请选择"}, {Value: "forged", Label: "伪造"}, {Value: "genuine", Label: "真实"}, {Value: "not_ours", Label: "不是本平台的证照或印章"}, {Value: "duplicate", Label: "与另一份举报重复"}}},
		{Name: "words", Label: "处理说明", Hint: "举报人凭回执看到的内容；判为重复时不填。不要写个人信息。最多 500 字。", Kind: web.InputLongText, Max: 500},
		{Name: "note", Label: "内部备注", Hint: "只有核实人员能看。最多 1000 字。", Kind: web.InputLongText, Max: 1000, Optional: true},
		{Name: "duplicate_of", Label: "并入", Hint: "判为重复时选择；举报人将得到该举报的结果。", Kind: web.InputSelect, Options: []web.Option{{Label: "不并入"}}, Optional: true}}}}
	return []Sample{
		{Name: "forgery-list", Template: "admin-list", Page: web.Page{Title: "疑似伪造举报", Identity: member, Body: full}},
		{Name: "forgery-list-empty", Template: "admin-list", Page: web.Page{Title: "疑似伪造举报", Identity: member, Body: list}},
		{Name: "forgery-case", Template: "admin-detail", Page: web.Page{Title: "疑似伪造举报", Identity: member, Body: detail}},
		{Name: "forgery-case-taken", Template: "admin-detail", Status: 422, Page: web.Page{Title: "疑似伪造举报", Identity: member, Body: taken, Errors: []web.FieldError{{Field: "words", Message: "请填写处理说明"}}}},
	}
}
