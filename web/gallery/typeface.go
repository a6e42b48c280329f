package gallery

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strconv"

	"github.com/yinxin-gov/yinxin/web"
)

func typeDrafts() []Sample {
	nav := []web.NavLink{{Label: "证照", URL: "/license"}, {Label: "证照目录", URL: "/license/types", Current: true}}
	faults := func(rows ...web.Row) *web.Table {
		return &web.Table{Caption: "问题", Plain: true, Columns: []web.Column{{Label: "文件"}, {Label: "行", Number: true}, {Label: "位置"}, {Label: "种类"}, {Label: "原因（英文）"}}, Rows: rows}
	}
	wrong := faults(web.Row{Cells: []string{"face.json", "31", "pages[0].items[12]", "照面模板", `"domicile": the box holds 12 characters, 100 are allowed`}}, web.Row{Cells: []string{"sample.json", "—", "license_id", "样证数据", "does not name type, issuer and version of the sample"}})
	draft := web.AdminDetailPage{Back: web.Link{Label: "我的类型草稿", URL: "/license/types/drafts"}, Name: "证照类型草稿", Under: "11100000MB0143028R001", Status: "type_draft_wrong",
		Links:    []web.Link{{Label: "照面模板设计", URL: "/license/types/drafts/tdr_1/face"}, {Label: "下载类型包（ZIP）", URL: "/license/types/drafts/tdr_1/package"}},
		Facts:    []web.ShownField{{Label: "最后修改", Value: "2026-11-24 09:30"}},
		Sections: []web.AdminSection{{ID: "type-faults", Title: "问题", Text: "按文件、行号和位置逐项改正。", Table: wrong}},
		Actions: []web.StateAction{{ID: "draft-number", Label: "修改版本号和启用日期", URL: "/license/types/drafts/tdr_1/number", Effect: "版本号须大于已有版本；启用日期起，新证照按此版本制作。", NoReason: true, Open: true, Fields: []web.FormField{{Name: "draft-version", Label: "版本", Value: "0", Max: 4}, {Name: "draft-day", Label: "生效日期", Kind: web.InputDate, Value: "2027-01-01"}}},
			{ID: "draft-drop", Label: "放弃草稿", URL: "/license/types/drafts/tdr_1/drop", Effect: "草稿及其全部文件将被删除，不能恢复。", NoReason: true, Danger: true}}}
	items := web.Table{Caption: "页面上的项目", Plain: true, Columns: []web.Column{{Label: "项目"}, {Label: "种类"}, {Label: "位置和大小（毫米）"}, {Label: "图层"}, {Label: "问题"}}}
	at := func(item string) string { return "/license/types/drafts/tdr_1/face?face-item=" + item + "#face-item" }
	for i, row := range [][]string{{"页面尺寸", "页面尺寸", "297 × 210", "", ""}, {"矩形", "矩形", "0 · 0 · 297 × 210", "背景", ""}, {"营业执照", "文字", "60 · 30 · 177 × 14", "正文", ""}, {"住所", "文字", "190 · 108 · 86 × 20", "正文", "有误"}, {"核验二维码", "核验二维码", "245 · 30 · 28 × 28", "正文", ""}, {"印章位置", "印章位置", "212 · 136 · 42 × 42", "前景", ""}, {"附页", "附页", "297 × 210", "", ""}} {
		items.Rows = append(items.Rows, web.Row{URL: at(strconv.Itoa(i)), Cells: row})
	}
	choose := func(name, label, value string, labels ...string) web.FormField {
		f := web.FormField{Name: name, Label: label, Kind: web.InputSelect, Value: value}
		for i, one := range labels {
			f.Options = append(f.Options, web.Option{Value: strconv.Itoa(i), Label: one})
		}
		return f
	}
	body := web.TypeFacePage{Back: web.Link{Label: "证照类型草稿", URL: "/license/types/drafts/tdr_1"}, Name: "11100000MB0143028R001", Self: "/license/types/drafts/tdr_1/face", Hidden: []web.Hidden{{Name: web.InputVersion, Value: "3"}},
		Show:  []web.FormField{choose("face-page", "页", "0", "第 1 页，共 1 页"), choose("face-data", "试填的数据", "0", "样证数据", "允许的最长内容", "多个持证主体", "含生僻字的姓名")},
		Items: items, Chosen: "文字 · 3", Buttons: []web.Option{{Value: "copy", Label: "复制"}, {Value: "up", Label: "前移（更靠下层）"}, {Value: "down", Label: "后移（更靠上层）"}, {Value: "delete", Label: "删除"}},
		Fields: []web.FormField{choose("face-layer", "图层", "1", "默认", "正文"), choose("face-bind", "显示的信息项", "1", "无（固定文字或图形）", "住所"), {Name: "face-x", Label: "距左边（毫米）", Value: "190", Max: 7}, {Name: "face-y", Label: "距上边（毫米）", Value: "108", Max: 7},
			{Name: "face-width", Label: "宽（毫米）", Value: "86", Max: 7}, {Name: "face-height", Label: "高（毫米）", Value: "20", Max: 7}, choose("face-font", "字体", "0", "黑体", "粗宋体"), {Name: "face-size", Label: "字号（毫米）", Value: "4.2", Max: 7}, choose("face-overflow", "放不下时", "1", "一行，缩小字号", "在框内换行", "换行，其余转附页")},
		Add: []web.FormField{choose("face-add-kind", "种类", "0", "文字", "直线", "矩形", "核验二维码"), choose("face-add-bind", "显示的信息项", "0", "无（固定文字或图形）", "住所")}}
	drawn, broken := body, body
	drawn.Drawing = &web.FaceDrawing{PNG: facePicture(), Page: 1, Total: 1, WidthMM: 297, HeightMM: 210, Box: &web.FaceBox{X: 190, Y: 108, Width: 86, Height: 20}}
	broken.Problem, broken.Faults = "草稿有 1 处问题，改正后才能显示。", []string{`"domicile": the box holds 12 characters, 100 are allowed`}
	list := web.Table{Caption: "我的类型草稿", Columns: []web.Column{{Label: "名称"}, {Label: "证照类型"}, {Label: "最后修改"}}, Rows: []web.Row{{URL: "/license/types/drafts/tdr_1", Cells: []string{"营业执照", "11100000MB0143028R001", "2026-11-24 09:30"}}}}
	const upload = "/license/types/drafts/new"
	return []Sample{
		{Name: "type-drafts", Template: "admin-list", Page: web.Page{Title: "我的类型草稿", Identity: staff, Nav: nav, Body: web.AdminListPage{Intro: "草稿只有本人可见，不影响任何证照。检查无误后提交，由另一位管理员确认。", NewURL: upload, NewLabel: "上传类型包", Table: list}}},
		{Name: "type-draft", Template: "admin-detail", Status: 422, Page: web.Page{Title: "证照类型草稿", Identity: staff, Nav: nav, Errors: []web.FieldError{{Field: "draft-version", Message: "版本号须为 1 至 9999 的整数"}}, Body: draft}},
		{Name: "type-upload", Template: "type-upload", Page: web.Page{Title: "上传类型包", Identity: staff, Nav: nav, Body: web.TypeUploadPage{Back: draft.Back, Action: upload}}},
		{Name: "type-upload-refused", Template: "type-upload", Status: 422, Page: web.Page{Title: "上传类型包", Identity: staff, Nav: nav, Errors: []web.FieldError{{Field: "type-files", Message: "证照类型包不符合要求"}},
			Body: web.TypeUploadPage{Back: draft.Back, Action: upload, Faults: faults(web.Row{Cells: []string{"tests.json", "—", "—", "文件", "is missing"}})}}},
		{Name: "type-face", Template: "type-face", Page: web.Page{Title: "照面模板设计", Identity: staff, Nav: nav, Body: drawn}},
		{Name: "type-face-wrong", Template: "type-face", Status: 422, Page: web.Page{Title: "照面模板设计", Identity: staff, Nav: nav, Errors: []web.FieldError{{Field: "face-width", Message: "须为毫米数，最多两位小数"}}, Body: broken}},
	}
}

// facePicture is a bare page with a frame: a sample must not look like a real licence.
func facePicture() []byte {
	const width, height, edge = 594, 420, 24
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			shade := uint8(0xff)
			if near := min(x, y, width-1-x, height-1-y); near >= edge && near < edge+2 {
				shade = 0xa0
			}
			picture.SetGray(x, y, color.Gray{Y: shade})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		panic(err) // an in-memory picture of fixed size cannot fail
	}
	return out.Bytes()
}
