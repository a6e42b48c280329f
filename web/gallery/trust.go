package gallery

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"time"

	"github.com/yinxin-gov/yinxin/web"
)

func table() web.Table {
	return web.Table{Caption: "证照", Total: 3, NextURL: "/license?page=2", Columns: []web.Column{{Label: "证照编号"}, {Label: "类型"}, {Label: "持证主体"}, {Label: "签发日期", Number: true}}, Rows: []web.Row{
		{URL: "/license/lic_1", Cells: []string{"91110000MA0000006X", "营业执照", "示例市青禾商贸有限公司", "2026-11-24"}, Status: "valid"},
		{URL: "/license/lic_2", Cells: []string{"示（2026）示例市不动产权第0000001号", "不动产权证书", "张*", "2026-11-23"}, Status: "suspended"},
		{URL: "/license/lic_3", Cells: []string{"91110000MA0000007T", "营业执照", "示例市云岭茶业有限公司", "2026-11-20"}, Status: "revoked"},
	}}
}

func trust() []Sample {
	issuer := web.Identity{Kind: web.IdentityOrganization, Name: "示例市市场监督管理局", Actor: "王*", Role: "证照签发员"}
	nav := []web.NavLink{{Label: "证照", URL: "/license", Current: true}, {Label: "印章", URL: "/seal"}, {Label: "核验", URL: "/verify"}}
	fields := []web.FormField{
		{Name: "holder", Label: "名称", Hint: "与登记一致", Max: 100}, {Name: "uscc", Label: "统一社会信用代码", Hint: "18 位", Max: 18},
		{Name: "kind", Label: "类型", Kind: web.InputSelect, Options: []web.Option{{Value: "1", Label: "有限责任公司"}, {Value: "2", Label: "股份有限公司"}}},
		{Name: "founded", Label: "成立日期", Kind: web.InputDate}, {Name: "scope", Label: "经营范围", Kind: web.InputLongText, Max: 2000, Optional: true},
	}
	wrong := make([]web.FormField, len(fields))
	copy(wrong, fields)
	wrong[1].Value, wrong[3].Value = "9111000", "2026-11-24"
	history := []web.HistoryItem{
		{At: moment, Text: "已用印并送达持证主体", Actor: "王*"}, {At: moment.Add(-time.Minute), Text: "提交签发", Actor: "王*", Detail: "业务编号 2026-1124-0001"},
	}
	sealNav := []web.NavLink{{Label: "证照", URL: "/license"}, {Label: "印章", URL: "/seal", Current: true}}
	state := web.FormField{Name: "state", Label: "状态", Kind: web.InputSelect, Value: "applied", Options: []web.Option{{Label: "全部"}, {Value: "applied", Label: "待审核"}}}
	return []Sample{
		{Name: "issuer", Template: "issuer", Page: web.Page{Identity: issuer, Nav: nav, Body: web.IssuerListPage{Links: []web.Link{{Label: "批量签发", URL: "/license/batches"}}, Types: []web.Link{{Label: "营业执照", URL: "/license/new/1"}, {Label: "不动产权证书", URL: "/license/new/2"}}, Statuses: []string{"valid", "suspended", "revoked"}, State: state, Table: table()}}},
		{Name: "issuer-empty", Template: "issuer", Page: web.Page{Identity: issuer, Nav: nav, Body: web.IssuerListPage{Query: "没有", Types: []web.Link{{Label: "营业执照", URL: "/license/new/1"}}}}},
		{Name: "issuer-form", Template: "issuer-form", Page: web.Page{Identity: issuer, Nav: nav, Body: web.IssuerFormPage{Action: "/license/new/1", Hidden: flow, Type: "营业执照", Fields: fields, Seal: "示例市市场监督管理局登记专用章"}}},
		{Name: "issuer-form-error", Template: "issuer-form", Status: 422, Page: web.Page{Identity: issuer, Nav: nav, Errors: []web.FieldError{{Field: "uscc", Message: "统一社会信用代码应为 18 位"}, {Field: "founded", Message: "成立日期不能晚于今天"}}, Body: web.IssuerFormPage{Action: "/license/new/1", Type: "营业执照", Fields: wrong}}},
		{Name: "issuer-detail", Template: "issuer-detail", Page: web.Page{Identity: issuer, Nav: nav, Body: web.IssuerDetailPage{
			Hidden: flow, Card: card("valid"), LicenseID: "1.2.156.3005.2.11100000MB03271699001.11110000000000000A.91110000MA0000006X.001.7", DownloadURL: "/license/lic_1/file",
			Fields: []web.ShownField{{Label: "名称", Value: "示例市青禾商贸有限公司"}, {Label: "住所", Value: "示例市青禾路 1 号"}, {Label: "法定代表人", Value: "张*"}},
			Actions: []web.StateAction{
				{ID: "license-suspend", Label: "停用", URL: "/license/lic_1/suspend", Effect: "停用期间核验结果为“已停用”，可以恢复。", Reasons: []web.Option{{Value: "dispute", Label: "存在争议"}, {Value: "order", Label: "依法暂扣"}}},
				{ID: "license-revoke", Label: "吊销", URL: "/license/lic_1/revoke", Effect: "吊销后不能恢复，核验结果立即变为“已废止”。", Danger: true},
			}, History: history}}},
		{Name: "issuer-form-photo", Template: "issuer-form", Status: 422, Page: web.Page{Identity: issuer, Nav: nav, Errors: []web.FieldError{{Field: "photo-file", Message: "照片的宽高比例不符合要求"}}, Body: web.IssuerFormPage{Action: "/license/new/1", Hidden: flow, Type: "见义勇为荣誉证书", Fields: []web.FormField{
			{Name: "holder", Label: "名称", Value: "林海峰", Max: 100}, {Name: "photo-file", Label: "照片", Hint: "JPEG 或 PNG，不超过 1 MB，宽 358、高 441 像素或按此比例更大；拍摄信息会被清除。", Kind: web.InputFile, Optional: true, Options: []web.Option{{Value: "image/jpeg"}, {Value: "image/png"}}}}}}},
		{Name: "issuer-detail-photo", Template: "issuer-detail", Page: web.Page{Identity: issuer, Nav: nav, Body: web.IssuerDetailPage{
			Hidden: flow, Card: card("pending_review"), Photos: []web.Photo{{JPEG: holderPhoto(), Label: "照片"}, {JPEG: holderPhoto(), Label: "被替换版本的照片"}}, Fields: []web.ShownField{{Label: "名称", Value: "林海峰"}},
			Actions: []web.StateAction{{ID: "license-approve", Label: "通过", URL: "/license/lic_1/approve", Effect: "通过后由签发员签发。"}}, History: history}}},
		{Name: "seal", Template: "seal", Page: web.Page{Identity: staff, Nav: sealNav, Body: web.SealListPage{MakeURL: "/seal/new", PersonalURL: "/seal/new?seal-kind=personal", Filter: state, Table: web.Table{Caption: "印章", Total: 2, ExportURL: "/seal?format=csv", Columns: []web.Column{{Label: "名称"}, {Label: "印章编码"}, {Label: "有效期至", Number: true}}, Rows: []web.Row{
			{URL: "/seal/sl_1", Cells: []string{"示例市市场监督管理局登记专用章", "11010000000001", "2031-11-23"}, Status: "active"}, {URL: "/seal/sl_2", Cells: []string{"示例市市场监督管理局", "11010000000002", "2031-11-23"}, Status: "suspended"},
		}}}}},
		{Name: "seal-empty", Template: "seal", Page: web.Page{Identity: staff, Nav: sealNav, Body: web.SealListPage{MakeURL: "/seal/new"}}},
		{Name: "seal-make", Template: "seal-make", Page: web.Page{Identity: staff, Nav: sealNav, Body: web.SealMakePage{Action: "/seal/new", Hidden: flow, Advisory: "提交后由另一人审核，再由第三人制作。", Preview: sealPicture(), PreviewWidthMM: 40, PreviewHeightMM: 40, Fields: []web.FormField{
			{Name: "seal-owner", Label: "所属机构", Hint: "环绕在印章上沿的法定名称", Value: "示例市市场监督管理局", Max: 30},
			{Name: "seal-line", Label: "印章下方文字", Value: "登记专用章", Optional: true, Max: 12},
			{Name: "seal-number", Label: "印章编码", Hint: "14 位数字", Max: 14},
		}}}},
		{Name: "seal-make-personal", Template: "seal-make", Page: web.Page{Title: "申请个人名章", Identity: staff, Nav: sealNav, Body: web.SealMakePage{Action: "/seal/new", Hidden: flow, Advisory: "个人名章只能由本人使用。为他人申请的，先由其本人确认，再由另一人审核、第三人制作。", Preview: sealPicture(), PreviewWidthMM: 18, PreviewHeightMM: 18, Fields: []web.FormField{
			{Name: "seal-owner", Label: "所属机构", Hint: "本人任职的单位，写入证书，不在印面上", Value: "示例市市场监督管理局", Max: 30}, {Name: "seal-person", Label: "姓名", Hint: "印在章上，须与工作账号登记的姓名一致", Value: "王小明", Max: 16},
			{Name: "seal-person-login", Label: "工作账号（登录名）", Hint: "为本人申请时不填；为他人申请的，须由其本人确认", Optional: true, Max: 128}, {Name: "seal-basis", Label: "依据文件", Hint: "任职或授权使用名章的文件及文号", Value: "示例市任字〔2026〕12号", Max: 100},
			{Name: "seal-layout", Label: "式样", Kind: web.InputSelect, Value: "square", Options: []web.Option{{Value: "square", Label: "方章，自右向左竖读，不超过 6 字"}, {Value: "strip", Label: "长条章，自左向右横读，不超过 16 字"}}},
			{Name: "seal-height", Label: "边长或高度（毫米）", Hint: "方章 12 至 30，不填为 18；长条章高 6 至 15，不填为 8", Optional: true, Max: 2}, {Name: "seal-number", Label: "印章编码", Hint: "14 位数字", Max: 14}}}}},
		{Name: "seal-detail-personal", Template: "seal-detail", Page: web.Page{Identity: staff, Nav: sealNav, Notice: &web.Notice{Tone: "info", Text: "待本人确认：由“王小明”登录后确认，再进入审核。"}, Body: web.SealDetailPage{
			Hidden: flow, Name: "王小明（示例市市场监督管理局）", SealID: "11010000000009", Status: "seal_unconfirmed", Owner: "示例市市场监督管理局", Picture: sealPicture(), WidthMM: 18, HeightMM: 18, ValidFrom: moment, ValidTo: moment.AddDate(5, 0, 0),
			Facts: []web.ShownField{{Label: "姓名", Value: "王小明"}, {Label: "职务", Value: "局长"}, {Label: "依据文件", Value: "示例市任字〔2026〕12号"}, {Label: "申请人", Value: "staff:stf_1"}},
			Actions: []web.StateAction{{ID: "seal-confirm", Label: "本人确认", URL: "/seal/sl_9/confirm", Effect: "确认由您本人使用这枚个人名章；确认后由另一人审核。", NoReason: true},
				{ID: "seal-decline", Label: "本人不同意", URL: "/seal/sl_9/decline", Effect: "申请就此结束，不制作这枚印章。", Danger: true}}}}},
		{Name: "seal-make-replacing", Template: "seal-make", Page: web.Page{Identity: staff, Nav: sealNav, Body: web.SealMakePage{Action: "/seal/new", Hidden: flow, Advisory: "提交后由另一人审核，再由第三人制作。",
			Replaces: &web.Link{Label: "示例市市场监督管理局登记专用章 11010000000001", URL: "/seal/sl_1"}, Fields: []web.FormField{{Name: "seal-owner", Label: "所属机构", Hint: "环绕在印章上沿的法定名称", Value: "示例市市场监督管理局", Max: 30}, {Name: "seal-number", Label: "印章编码", Hint: "14 位数字", Max: 14}}}}},
		{Name: "seal-detail", Template: "seal-detail", Page: web.Page{Identity: staff, Nav: sealNav, Body: web.SealDetailPage{
			Hidden: flow, Name: "示例市市场监督管理局登记专用章", SealID: "11010000000001", Status: "active", Owner: "示例市市场监督管理局", Keeper: "李*（至 2027-11-24）", Picture: sealPicture(), WidthMM: 40, HeightMM: 40,
			ValidFrom: moment.AddDate(0, 0, -1), ValidTo: moment.AddDate(5, 0, 0), Certificate: []web.ShownField{{Label: "主体", Value: "CN=示例市市场监督管理局登记专用章,O=示例市市场监督管理局,C=CN"}, {Label: "序列号", Value: "5f3a90c1"}},
			Facts:      []web.ShownField{{Label: "申请人", Value: "account:acc_1"}, {Label: "审核人", Value: "account:acc_2"}},
			ReplaceURL: "/seal/new?replaces=sl_1",
			Actions:    []web.StateAction{{ID: "seal-suspend", Label: "停用", URL: "/seal/sl_1/suspend", Effect: "立即停止用印；此前合法加盖的文件仍有效。", Danger: true}},
			StampURL:   "/seal/sl_1/stamps", Uses: []web.HistoryItem{{At: moment, Text: "《关于公布办事指南的通知》", Actor: "李*", Detail: "第 1 页 · 事项 2026-1124-0002"}}, UsesNextURL: "/seal/sl_1?after=1.st_1",
		}}},
		{Name: "seal-detail-not-keeper", Template: "seal-detail", Page: web.Page{Identity: staff, Nav: sealNav, Body: web.SealDetailPage{
			Hidden: flow, Name: "示例市市场监督管理局登记专用章", SealID: "11010000000001", Status: "active", Owner: "示例市市场监督管理局", Keeper: "李*（至 2027-11-24）、孙**（至 2027-05-31）", Picture: sealPicture(), WidthMM: 40, HeightMM: 40, ValidFrom: moment.AddDate(0, 0, -1), ValidTo: moment.AddDate(5, 0, 0),
			NotKeeper: "“示例市市场监督管理局”已自行指定印章保管人，您不是这枚印章的保管人。没有用印。请由该单位指定的保管人办理，或请其法定代表人、管理员在“家庭与代办”中指定您。停用和挂失不受影响。",
			Actions:   []web.StateAction{{ID: "seal-suspend", Label: "停用", URL: "/seal/sl_1/suspend", Effect: "立即停止用印；此前合法加盖的文件仍有效。", Danger: true}},
		}}},
		{Name: "seal-detail-lost", Template: "seal-detail", Page: web.Page{Identity: staff, Nav: sealNav, Notice: &web.Notice{Tone: "info", Text: "已挂失：由审核人员确认遗失并注销，或在找回后恢复使用。"}, Body: web.SealDetailPage{
			Hidden: flow, Name: "示例市市场监督管理局登记专用章", SealID: "11010000000001", Status: "suspended", Owner: "示例市市场监督管理局", Picture: sealPicture(), WidthMM: 40, HeightMM: 40, ValidFrom: moment.AddDate(0, 0, -1), ValidTo: moment.AddDate(5, 0, 0),
			Facts:      []web.ShownField{{Label: "停用人", Value: "staff:3"}, {Label: "停用或注销情形", Value: "遗失"}, {Label: "遗失时间", Value: "2026-11-09 00:00"}, {Label: "原因", Value: "密码钥匙遗失"}},
			ReplacedBy: &web.Link{Label: "11010000000002", URL: "/seal/sl_2"}, Replaces: &web.Link{Label: "11010000000000", URL: "/seal/sl_0"},
			Actions: []web.StateAction{{ID: "seal-resume", Label: "恢复使用", URL: "/seal/sl_1/resume", Effect: "恢复后保管人即可再次用印。", NoReason: true},
				{ID: "seal-revoke-lost", Label: "按遗失注销", URL: "/seal/sl_1/revoke-lost", Effect: "不可撤回；遗失之后加盖的文件核验不通过，此前合法加盖的仍有效。", Danger: true, Open: true,
					Fields: []web.FormField{{Name: "seal-revoke-lost-since", Label: "遗失时间", Hint: "最后一次确知印章由本人保管的日期；不填为现在。例如 2026 年 11 月 9 日", Kind: web.InputDate, Optional: true, Value: "2026-11-09"}}}},
		}}},
		{Name: "seal-detail-preview", Template: "seal-detail", Page: web.Page{Identity: staff, Nav: sealNav, Body: web.SealDetailPage{
			Hidden: flow, Name: "示例市市场监督管理局登记专用章", SealID: "11010000000001", Status: "active", Owner: "示例市市场监督管理局", Picture: sealPicture(), WidthMM: 40, HeightMM: 40,
			StampURL: "/seal/11010000000001/stamps", Stamp: web.StampForm{Kind: "straddle", Page: "2-6", X: "140", Y: "205.5", Edge: "right", PerSet: "2", Purpose: "公布办事指南"},
			Preview: &web.StampPreview{File: "办事指南.ofd", Page: page(2, "", false), Total: 12, Picture: sealPicture(), WidthMM: 40, HighMM: 40, Here: []web.StampPlace{{Page: 2, SeenX: 190, SeenY: 128.5, SeenWide: 20, SeenHigh: 40}},
				Places: []web.StampPlace{{Page: 2, SeenX: 190, SeenY: 128.5, SeenWide: 20, SeenHigh: 40}, {Page: 3, SeenX: 190, SeenY: 128.5, SeenWide: 20, SeenHigh: 40, ClipX: 20}}, More: 3}}}},
		{Name: "seal-detail-preview-pdf", Template: "seal-detail", Page: web.Page{Identity: staff, Nav: sealNav, Body: web.SealDetailPage{
			Hidden: flow, Name: "示例市市场监督管理局登记专用章", SealID: "11010000000001", Status: "active", Owner: "示例市市场监督管理局", Picture: sealPicture(), WidthMM: 40, HeightMM: 40,
			StampURL: "/seal/11010000000001/stamps", Stamp: web.StampForm{Kind: "pages", Page: "1", X: "140", Y: "220", Purpose: "公布办事指南"},
			Preview: &web.StampPreview{File: "办事指南.pdf", Page: web.ShownPage{Number: 1, Width: 210, Height: 297, SVG: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 210 297"></svg>`}, Total: 3, Outline: true,
				Picture: sealPicture(), WidthMM: 40, HighMM: 40, Here: []web.StampPlace{{Page: 1, SeenX: 140, SeenY: 220, SeenWide: 40, SeenHigh: 40}}, Places: []web.StampPlace{{Page: 1, SeenX: 140, SeenY: 220, SeenWide: 40, SeenHigh: 40}}, Movable: true}}}},
		{Name: "seal-detail-error", Template: "seal-detail", Status: 422, Page: web.Page{Identity: staff, Nav: sealNav, Errors: []web.FieldError{
			{Field: "stamp-x", Message: "盖章位置不在文件页面内"}, {Field: "seal-revoke-reason", Message: "请写明原因"},
		}, Body: web.SealDetailPage{
			Hidden: flow, Name: "示例市市场监督管理局登记专用章", SealID: "11010000000001", Status: "active", Owner: "示例市市场监督管理局", Picture: sealPicture(), WidthMM: 40, HeightMM: 40,
			ValidFrom: moment.AddDate(0, 0, -1), ValidTo: moment.AddDate(5, 0, 0),
			Actions: []web.StateAction{
				{ID: "seal-file", Label: "登记备案", URL: "/seal/sl_1/file", Effect: "登记后编号不可更改；由申请人和制章人以外的审核人员办理。", NoReason: true, Fields: []web.FormField{{Name: "seal-file-number", Label: "备案编号", Max: 32}, {Name: "seal-file-authority", Label: "备案机关", Max: 60}, {Name: "seal-file-day", Label: "备案日期", Kind: web.InputDate}}},
				{ID: "seal-approve", Label: "审核通过", URL: "/seal/sl_1/approve", Effect: "通过后由制章人员制作。", NoReason: true},
				{ID: "seal-revoke", Label: "注销", URL: "/seal/sl_1/revoke", Effect: "不可撤回。", Danger: true, Reason: " ", Error: "请写明原因"},
			},
			StampURL: "/seal/sl_1/stamps", Stamp: web.StampForm{Page: "1", X: "400", Y: "20", Purpose: "公布办事指南"}, UsesTopURL: "/seal/sl_1",
		}}},
		{Name: "stamp-result", Template: "stamp-result", Page: web.Page{Identity: staff, Nav: sealNav, Body: web.StampResultPage{File: "办事指南.ofd", Seal: "示例市市场监督管理局登记专用章", Verdict: "valid", Code: "V00", SM3: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", DownloadURL: "/seal/sl_1/stamps/st_1/file"}}},
	}
}

// sealPicture is a plain red ring: a sample must not look like a real seal.
func sealPicture() []byte {
	const edge, outer, inner = 320, 150, 140
	picture := image.NewNRGBA(image.Rect(0, 0, edge, edge))
	red := color.NRGBA{R: 0xC0, A: 0xFF}
	for y := range edge {
		for x := range edge {
			dx, dy := x-edge/2, y-edge/2
			if d := dx*dx + dy*dy; d <= outer*outer && d >= inner*inner || d <= 30*30 {
				picture.SetNRGBA(x, y, red)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		panic(err) // an in-memory picture of fixed size cannot fail
	}
	return out.Bytes()
}

// holderPhoto is a silhouette that stands for a person.
func holderPhoto() []byte {
	const width, height = 179, 220
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			dx, head, shoulders := x-width/2, y-height*2/5, y-height
			c := color.RGBA{0xdd, 0xe5, 0xec, 0xff}
			if dx*dx+head*head*2/3 < 35*35 || dx*dx+shoulders*shoulders < 75*75 {
				c = color.RGBA{0x8c, 0x9b, 0xa8, 0xff}
			}
			picture.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		panic(err) // as above
	}
	return out.Bytes()
}
