package gallery

import "github.com/yinxin-gov/yinxin/web"

// batches are the pages of batches of licences.
func batches() []Sample {
	const sm3, at = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", "/license/batches/items/lbt_1"
	back := web.Link{Label: "批量签发", URL: "/license/batches"}
	states := web.FormField{Name: "state", Label: "状态", Kind: web.InputSelect, Options: []web.Option{{Label: "全部"}, {Value: "in_review", Label: "待复核"}, {Value: "running", Label: "签发中"}}}
	list := web.AdminListPage{Intro: "一个文件、一种证照、一个颁发机构。上传后先逐行试验，由另一人复核，再逐行签发。", NewURL: "/license/batches/new", NewLabel: "上传批次", FilterURL: "/license/batches", Filter: []web.FormField{states}, Table: web.Table{Caption: "批量签发", ExportURL: "/license/batches?format=csv",
		Columns: []web.Column{{Label: "文件名"}, {Label: "证照名称"}, {Label: "颁发机构代码"}, {Label: "行数", Number: true}, {Label: "上传时间"}, {Label: "上传人"}}, Rows: []web.Row{
			{URL: at, Status: "batch_in_review", Cells: []string{"十一月第三周.csv", "营业执照", "11990000MB7QX0015W", "1280", "2026-11-24 09:30", "staff:a001"}},
			{URL: "/license/batches/items/lbt_2", Status: "batch_done", Cells: []string{"十一月第二周.csv", "营业执照", "11990000MB7QX0015W", "960", "2026-11-17 09:12", "staff:a001"}},
			{URL: "/license/batches/items/lbt_3", Status: "batch_paused", Cells: []string{"补发.jsonl", "不动产权证书", "11990000MB7QX0015W", "12", "2026-11-16 16:40", "staff:a002"}}}}}
	upload := web.AdminFormPage{Back: back, Name: "上传批次", Advisory: "上传后只逐行试验，不签发证照。", Action: "/license/batches", Submit: "上传并试验", Fields: []web.FormField{
		{Name: "batch-kind", Label: "办理事项", Hint: "归集存量证照只登记其他平台已签发的证照，不重新签发，也不加盖印章。", Kind: web.InputSelect, Options: []web.Option{{Value: "issue", Label: "签发新证照"}, {Value: "import", Label: "归集存量证照"}}},
		{Name: "batch-type", Label: "证照名称", Kind: web.InputSelect, Value: "11100000MB0143028R001", Options: []web.Option{{Label: "请选择"}, {Value: "11100000MB0143028R001", Label: "营业执照"}}},
		{Name: "batch-authority", Label: "颁发机构代码", Value: "11990000MB7QX0015W", Max: 18},
		{Name: "batch-file", Label: "申请文件", Hint: "第一行是列名的 CSV，或每行一个 JSON 对象，不超过 20 MB、20000 行；归集时也可以是 OFD 文件的 ZIP 压缩包，不超过 1000 个文件。", Kind: web.InputFile, Options: []web.Option{{Value: ".csv"}, {Value: ".jsonl"}}},
		{Name: "batch-format", Label: "文件格式", Kind: web.InputSelect, Options: []web.Option{{Label: "按文件名判断"}, {Value: "csv", Label: "CSV"}, {Value: "jsonl", Label: "每行一个 JSON 对象"}, {Value: "zip", Label: "OFD 文件压缩包（仅归集）"}}},
		{Name: "batch-encoding", Label: "文字编码", Kind: web.InputSelect, Options: []web.Option{{Value: "auto", Label: "自动识别"}, {Value: "utf-8", Label: "UTF-8"}, {Value: "gb18030", Label: "GB 18030"}}}}}
	facts := []web.ShownField{{Label: "办理事项", Value: "签发新证照"}, {Label: "证照名称", Value: "营业执照"}, {Label: "颁发机构代码", Value: "11990000MB7QX0015W"}, {Label: "行数", Value: "1280"}, {Label: "上传人", Value: "staff:a001"}, {Label: "上传时间", Value: "2026-11-24 09:30"}}
	trial := web.Table{Caption: "逐行结果", NextURL: at + "?after=x", Columns: []web.Column{{Label: "行号"}, {Label: "业务编号"}, {Label: "问题或证照标识", Wide: true}}, Rows: []web.Row{
		{URL: at + "/rows/4", Status: "batch_row_refused", Cells: []string{"4", "B-2026-0003", "持证主体代码：校验位不正确 (YX-LIC-431)；住所：请填写 (YX-LIC-430)"}},
		{URL: at + "/rows/9", Status: "batch_row_refused", Cells: []string{"9", "—", "此行列数不符、过长或不能读取 (YX-LIC-437)"}}}}
	receipts := web.Table{Caption: "签发回执", Columns: []web.Column{{Label: "行号"}, {Label: "业务编号"}, {Label: "签发时间"}, {Label: "电子证照标识"}, {Label: "文件 SM3 杂凑值"}}, Rows: []web.Row{
		{URL: "/license/lic_1", Status: "batch_row_issued", Cells: []string{"2", "B-2026-0001", "2026-11-24 10:02", "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.000000001.001.X", sm3}}}}
	tabs := func(current int) []web.NavLink {
		all := []web.NavLink{{Label: "全部（1280）", URL: at}, {Label: "可签发（1278）", URL: at + "?result=ready"}, {Label: "不能签发（2）", URL: at + "?result=refused"}}
		if current == 1 {
			all[1].Label, all[1].URL = "已签发（1278）", at+"?result=issued"
		}
		all[current].Current = true
		return all
	}
	files := []web.Link{{Label: "下载全部结果（CSV）", URL: at + "/results"}, {Label: "下载问题清单（CSV）", URL: at + "/results?result=refused"}}
	rows := web.AdminSection{ID: "batch-rows", Title: "逐行结果", Text: "点行号查看该行内容或已签发的证照。", Tabs: tabs(2), Table: &trial, Links: files}
	issued := rows
	issued.Tabs, issued.Table, issued.Links = tabs(1), &receipts, append(files[:2:2], web.Link{Label: "下载签发回执（CSV）", URL: at + "/results?result=issued"})
	mapped := web.AdminSection{ID: "batch-mapping", Title: "列的对应关系", Text: "证照的各项内容取自文件的哪一列。", Facts: []web.ShownField{{Label: "业务编号", Value: "业务编号"}, {Label: "持证主体", Value: "企业名称"}, {Label: "住所", Value: "未对应（必填）"}}, Links: []web.Link{{Label: "更改对应关系", URL: at + "/mapping"}}}
	submit := web.StateAction{ID: "batch-submit", Label: "提交复核", URL: at + "/submit", Effect: "提交后不能再更改，由另一人复核。", NoReason: true, Open: true, Fields: []web.FormField{{Name: "batch-which", Label: "签发哪些行", Kind: web.InputSelect, Options: []web.Option{{Value: "good", Label: "只签发合格的行"}, {Value: "whole", Label: "整批签发：有一行不合格即不签发"}}}}}
	review := []web.StateAction{{ID: "batch-approve", Label: "复核通过", URL: at + "/approve", Effect: "通过后即可签发。", NoReason: true}, {ID: "batch-return", Label: "退回补正", URL: at + "/return", Effect: "上传人更改对应关系后可再次提交。"}, {ID: "batch-reject", Label: "不予通过", URL: at + "/reject", Effect: "批次到此结束，文件随即删除。", Danger: true}}
	fixed := mapped
	fixed.Links, fixed.Facts = nil, mapped.Facts[:2]
	detail := func(status string, sections ...web.AdminSection) web.Page {
		return web.Page{Title: "批量签发", Identity: staff, Body: web.AdminDetailPage{Back: back, Name: "十一月第三周.csv", Under: "lbt_1", Status: status, Facts: facts, Sections: sections}}
	}
	column := func(name, label, value string, optional bool) web.FormField {
		return web.FormField{Name: "map-" + name, Label: label, Kind: web.InputSelect, Value: value, Optional: optional, Options: []web.Option{{Label: "不取自文件"}, {Value: "0", Label: "业务编号"}, {Value: "1", Label: "企业名称"}, {Value: "2", Label: "地方"}}}
	}
	mapping := web.AdminFormPage{Back: web.Link{Label: "十一月第三周.csv", URL: at}, Name: "列的对应关系", Advisory: "已按列名自动对应，请核对。保存后重新逐行试验。", Action: at + "/mapping", Submit: "保存并重新试验",
		Fields: []web.FormField{column("business_number", "业务编号", "0", false), column("holder_name", "持证主体", "1", false), column("domicile", "住所", "", false), column("expiring_date", "有效期至", "", true)}}
	line := web.AdminDetailPage{Back: web.Link{Label: "十一月第三周.csv", URL: at}, Name: "第 4 行", Status: "batch_row_refused", Facts: []web.ShownField{{Label: "持证主体代码", Value: "校验位不正确。请对照原件检查。 YX-LIC-431"}},
		Sections: []web.AdminSection{{ID: "batch-cells", Title: "该行内容", Text: "本次查看已记入审计。批次结束后不再保存。", Facts: []web.ShownField{{Label: "业务编号", Value: "B-2026-0003"}, {Label: "企业名称", Value: "示例市启明科技有限公司"}, {Label: "地方", Value: "—"}}}}}
	const oldID = "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.2019A0001.001.X"
	taken := web.Table{Caption: "逐行结果", Columns: []web.Column{{Label: "行号"}, {Label: "电子证照标识"}, {Label: "问题或归集标记", Wide: true}}, Rows: []web.Row{
		{URL: "/license/batches/imports/imp_1", Status: "batch_row_taken", Cells: []string{"2", oldID, "没有证照文件；证照状态未知"}},
		{URL: at + "/rows/3", Status: "import_row_refused", Cells: []string{"3", "—", "电子证照标识：电子证照标识不能识别 (YX-LIC-445)"}}}}
	imported := web.AdminDetailPage{Back: back, Name: "存量.csv", Under: "lbt_4", Status: "batch_done", Facts: []web.ShownField{{Label: "办理事项", Value: "归集存量证照"}, {Label: "证照名称", Value: "营业执照"}, {Label: "行数", Value: "2"}},
		Sections: []web.AdminSection{{ID: "batch-rows", Title: "逐行结果", Text: "点行号查看该行内容或已归集的记录。", Table: &taken, Links: []web.Link{{Label: "下载归集回执（CSV）", URL: at + "/results?result=taken"}}}}}
	kept := web.AdminDetailPage{Back: back, Name: "营业执照", Under: oldID, Status: "imported", Facts: []web.ShownField{{Label: "归集标记", Value: "没有证照文件；证照状态未知"}, {Label: "归集机构代码", Value: "11990000MB7QX0015W"}, {Label: "归集时间", Value: "2026-11-24 10:02"}},
		Sections: []web.AdminSection{{ID: "import-values", Title: "登记内容", Text: "本次查看已记入审计。此证照不是本平台签发，真伪以其文件的核验结果为准。", Facts: []web.ShownField{{Label: "持证主体", Value: "示例市启明科技有限公司"}}, Links: []web.Link{{Label: "下载原文件（OFD）", URL: "/license/batches/imports/imp_1/file"}}}}}
	empty := list
	empty.Table, empty.None, empty.NoneText = web.Table{Caption: "批量签发"}, "没有批次", "没有符合筛选条件、且在您管辖范围内的批次。"
	return []Sample{
		{Name: "batch-list", Template: "admin-list", Page: web.Page{Title: "批量签发", Identity: staff, Body: list}},
		{Name: "batch-list-empty", Template: "admin-list", Page: web.Page{Title: "批量签发", Identity: staff, Body: empty}},
		{Name: "batch-upload", Template: "admin-form", Page: web.Page{Title: "上传批次", Identity: staff, Body: upload}},
		{Name: "batch-upload-error", Template: "admin-form", Status: 422, Page: web.Page{Title: "上传批次", Identity: staff, Body: upload, Errors: []web.FieldError{{Field: "batch-file", Message: "文件不能按行读取"}}}},
		{Name: "batch-tried", Template: "admin-detail", Page: detail("batch_checked", web.AdminSection{ID: "batch-next", Title: "可办理的操作", Actions: []web.StateAction{submit}}, rows, mapped)},
		{Name: "batch-review", Template: "admin-detail", Page: detail("batch_in_review", web.AdminSection{ID: "batch-next", Title: "可办理的操作", Actions: review}, rows, fixed)},
		{Name: "batch-done", Template: "admin-detail", Page: detail("batch_done", issued, fixed)},
		{Name: "batch-import", Template: "admin-detail", Page: web.Page{Title: "批量签发", Identity: staff, Body: imported}},
		{Name: "batch-imported", Template: "admin-detail", Page: web.Page{Title: "批量签发", Identity: staff, Body: kept}},
		{Name: "batch-columns", Template: "admin-form", Status: 422, Page: web.Page{Title: "列的对应关系", Identity: staff, Body: mapping, Errors: []web.FieldError{{Field: "map-domicile", Message: "住所：请填写"}}}},
		{Name: "batch-line", Template: "admin-detail", Page: web.Page{Title: "批量签发", Identity: staff, Body: line}},
	}
}
