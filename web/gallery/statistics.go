package gallery

import (
	"time"

	"github.com/yinxin-gov/yinxin/web"
)

func statistics() []Sample {
	row := func(cells ...string) (row []web.Link) {
		for i, cell := range cells {
			link := web.Link{Label: cell}
			if i > 0 && i < 14 && cell != "0" && len(cells) > 4 {
				link.URL = "/license?type=11100000MB0143028R001"
			}
			row = append(row, link)
		}
		return row
	}
	verdicts := func(first string) []string { return []string{first, "核验通过", "核验未通过", "无法确定"} }
	filter := []web.FormField{
		{Name: "from", Label: "起始日", Hint: "如 2026-11-24，北京时间", Value: "2026-11-21", Max: 10}, {Name: "till", Label: "截止日", Hint: "如 2026-11-24，北京时间", Value: "2026-11-24", Max: 10},
		{Name: "step", Label: "时间", Kind: web.InputSelect, Value: "day", Options: []web.Option{{Value: "day", Label: "日"}, {Value: "month", Label: "月"}, {Value: "year", Label: "年"}}},
		{Name: "by", Label: "分组", Kind: web.InputSelect, Value: "type", Options: []web.Option{{Value: "type", Label: "证照类型"}, {Value: "authority", Label: "颁发机构"}, {Value: "division", Label: "行政区划"}}},
	}
	empty := web.StatisticsPage{Back: web.Link{Label: "证照中心", URL: "/license"}, Filter: filter, FilterURL: "/license/statistics"}
	page := empty
	page.Scope, page.At, page.Unread, page.ExportURL = "范围：全部部门", time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC), 120, "/license/statistics/file"
	page.Register = web.FigureTable{ID: "register", Caption: "证照登记簿", Columns: []string{"证照类型", "期内颁发", "现行有效", "已过有效期", "30 天内到期", "60 天内到期", "90 天内到期", "已停用", "受限", "已撤销", "已注销", "已失效", "已吊销", "已变更"}, Rows: [][]web.Link{
		row("合计", "128", "45210", "312", "904", "1733", "2588", "21", "3", "1", "402", "77", "12", "2190"),
		row("营业执照", "96", "40877", "0", "12", "30", "51", "18", "3", "1", "398", "60", "12", "2101"),
		row("未知证照，或不是本平台的", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0")}, NextURL: "/license/statistics?after=x"}
	page.Steps = web.FigureTable{ID: "steps", Caption: "核验次数", Columns: verdicts("日")}
	for _, day := range []struct {
		day        string
		valid, bad int64
		shown      []string
	}{{"2026-11-21", 4100, 35, []string{"4100", "20", "15"}}, {"2026-11-22", 2900, 60, []string{"2900", "25", "35"}}, {"2026-11-23", 5870, 40, []string{"5870", "5", "35"}}, {"2026-11-24", 5470, 0, []string{"5470", "<5", "0"}}} {
		page.Chart.Add(day.day, day.valid, day.bad)
		page.Steps.Rows = append(page.Steps.Rows, row(day.day, day.shown[0], day.shown[1], day.shown[2]))
	}
	page.Verified = web.FigureTable{ID: "verified", Caption: "核验次数，按证照类型", Columns: verdicts("证照类型"), Rows: [][]web.Link{row("营业执照", "18340", "55", "120"), row("未知证照，或不是本平台的", "0", "<5", "85")}}
	page.Channels = web.FigureTable{ID: "channels", Caption: "按核验方式", Columns: verdicts("核验方式"), Rows: [][]web.Link{row("网页上传文件", "920", "40", "85"), row("输入编号", "11200", "0", "75")}}
	page.Failures = web.FigureTable{ID: "failures", Caption: "最常见的未通过结论", Columns: verdicts("结论"), Rows: [][]web.Link{row("V40 查无此编号", "0", "0", "120"), row("V20 内容被改动，请勿采信", "0", "35", "0")}}
	none := page
	none.Register.Rows, none.Register.NextURL, none.Unread = none.Register.Rows[:1], "", 0
	none.Steps.Rows, none.Verified.Rows, none.Channels.Rows, none.Failures.Rows, none.Chart = nil, nil, nil, nil, web.Chart{}
	return []Sample{
		{Name: "statistics", Template: "license-statistics", Page: web.Page{Title: "统计", Identity: staff, Body: page}},
		{Name: "statistics-none", Template: "license-statistics", Page: web.Page{Title: "统计", Identity: staff, Body: none}},
		{Name: "statistics-error", Template: "license-statistics", Status: 422, Page: web.Page{Title: "统计", Identity: staff, Body: empty, Errors: []web.FieldError{{Field: "from", Message: "统计时段不对：起始日须不晚于截止日，最长 800 天，按日最长 92 天"}}}},
	}
}
