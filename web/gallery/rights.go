package gallery

import (
	"time"

	"github.com/yinxin-gov/yinxin/web"
)

// rights are the pages on which people see and decide what becomes of their data.
func rights() []Sample {
	record := web.Record{ID: "rel_1", App: "不动产登记", Department: "示例市自然资源和规划局", At: moment, Last: moment.Add(3 * time.Hour), Count: 4, Channel: "userinfo", Claims: []string{"sub", "name", "id_document_number"},
		Purpose: "核对产权人", Basis: "《不动产登记暂行条例》第十六条、您的同意（第 2 版）", DisputeURL: "/me/records/rel_1"}
	other := record
	other.ID, other.App, other.Channel, other.Claims, other.Count, other.DisputeURL = "rel_2", "市场监管", "token", []string{"sub", "ial"}, 1, "/me/records/rel_2"
	return []Sample{
		{Name: "records", Template: "records", Page: web.Page{Identity: citizen, Body: web.RecordsPage{Apps: []web.Option{{Value: "a", Label: "不动产登记"}, {Value: "b", Label: "市场监管"}}, App: "a",
			Records: []web.Record{record, other}, ExportURL: "/me/records.csv", NextURL: "/me/records?after=x"}}},
		{Name: "records-none", Template: "records", Page: web.Page{Identity: citizen, Body: web.RecordsPage{}}},
	}
}
