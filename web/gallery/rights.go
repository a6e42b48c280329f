package gallery

import (
	"time"

	"github.com/yinxin-gov/yinxin/web"
)

// copySections are the parts of a copy of somebody's data as the page offers them.
var copySections = []web.DataSection{{Name: "account", Ticked: true}, {Name: "documents", Ticked: true}, {Name: "sign_in", Ticked: true}, {Name: "consents", Ticked: true}, {Name: "records", Ticked: true}, {Name: "questions", Ticked: true},
	{Name: "mandates", Ticked: true}, {Name: "licenses", Ticked: true}}

// rights are the pages on which people see and decide what becomes of their data.
func rights() []Sample {
	record := web.Record{ID: "rel_1", App: "不动产登记", Department: "示例市自然资源和规划局", At: moment, Last: moment.Add(3 * time.Hour), Count: 4, Channel: "userinfo", Claims: []string{"sub", "name", "id_document_number"},
		Items: []string{"不动产登记"}, Purpose: "核对产权人", Basis: "《不动产登记暂行条例》第十六条、您的同意（第 2 版）", DisputeURL: "/me/records/rel_1"}
	other := record
	other.ID, other.App, other.Channel, other.Claims, other.Count, other.DisputeURL = "rel_2", "市场监管", "token", []string{"sub", "ial"}, 1, "/me/records/rel_2"
	shown := web.Record{ID: "luse_1", App: "示例银行", At: moment, Last: moment, Count: 1, Channel: "license", Claims: []string{"证照编号", "持证主体", "证照颁发机构"}, Purpose: "出示《不动产权证书》，被扫码核验", DisputeURL: "/me/records/luse_1"}
	refused := web.Record{ID: "luse_2", App: "未登录的核验者", At: moment, Last: moment, Count: 2, Channel: "license", Purpose: "《不动产权证书》的同一出示码再次被扫描，已拒绝", DisputeURL: "/me/records/luse_2", FreezeURL: "/me/license-freezes"}
	kept := []web.KeptRecord{{ID: "audit", Citation: "《中华人民共和国网络安全法》第二十三条", Years: 3}, {ID: "consent", Citation: "《中华人民共和国个人信息保护法》第五十六条", Years: 3}, {ID: "license", Citation: "《中华人民共和国档案法》", Years: 10}}
	return []Sample{
		{Name: "records", Template: "records", Page: web.Page{Identity: citizen, Body: web.RecordsPage{Apps: []web.Option{{Value: "a", Label: "不动产登记"}, {Value: "b", Label: "市场监管"}}, App: "a",
			Records: []web.Record{record, shown, refused, other}, ExportURL: "/me/records.csv", NextURL: "/me/records?after=x"}}},
		{Name: "consent-detail", Template: "consent-detail", Page: web.Page{Identity: citizen, Body: web.ConsentDetailPage{App: "市场监管", Department: "示例市市场监督管理局", Purpose: "办理企业设立登记", Version: 2, At: moment, Action: "/me/consents?client=a", RevokeURL: "/me/consents/withdrawal?client=a",
			Claims: []web.ConsentedClaim{{Claim: web.Claim{Name: "name", Value: "张*"}, Given: true, Refusable: true}, {Claim: web.Claim{Name: "id_document_number", Value: "1****************1", Basis: "《市场主体登记管理条例》第十五条"}, Given: true},
				{Claim: web.Claim{Name: "phone_number", Value: "138****0001", Purpose: "通知办理进度"}, Refusable: true}},
			Recipients: []web.ConsentedRecipient{
				{Recipient: web.Recipient{ID: "dept-fund", Name: "示例市住房公积金管理中心", Refusable: true, Claims: []web.Claim{{Name: "name", Value: "张*", Purpose: "开立单位缴存账户", Retention: 365}}}, Given: true},
				{Recipient: web.Recipient{ID: "dept-social", Name: "示例市社会保险基金管理局", Refusable: true, Claims: []web.Claim{{Name: "name", Value: "张*", Purpose: "参保登记", Retention: 1825}}}},
				{Recipient: web.Recipient{ID: "dept-tax", Name: "国家税务总局示例市税务局", Claims: []web.Claim{{Name: "name", Value: "张*", Purpose: "税务登记", Basis: "《示例征收管理条例》第十五条", Retention: 3650}}}}},
			Versions: []web.ConsentVersion{{Number: 2, PassedTo: []string{"示例市住房公积金管理中心"}, Kept: []string{"示例市社会保险基金管理局"}, At: moment, Locale: "zh-CN", Purpose: "办理企业设立登记", Given: []string{"姓名", "证件号码"}, Refused: []string{"手机号"}}, {Number: 1, At: moment.AddDate(0, -1, 0), Ended: moment, Locale: "zh-CN", Purpose: "办理企业设立登记", Given: []string{"姓名"}}}}}},
		{Name: "deletion", Template: "deletion", Page: web.Page{Identity: citizen, Body: web.DeletionPage{Kept: kept}}},
		{Name: "deletion-blocked", Template: "deletion", Page: web.Page{Identity: citizen, Body: web.DeletionPage{Kept: kept, Blockers: []web.Link{{Label: "有正在办理的实名核验", URL: "/proofing"}, {Label: "有未到期的委托授权（王*）", URL: "/me/mandates/mdt_2"}, {Label: "您是企业的代表人或管理员（示例科技有限公司）", URL: "/me/organisations/org_1"}}}}},
		{Name: "deletion-waiting", Template: "deletion", Page: web.Page{Identity: citizen, Body: web.DeletionPage{Kept: kept, DueAt: moment.AddDate(0, 0, 7)}}},
		{Name: "documents", Template: "documents", Page: web.Page{Identity: citizen, Body: web.DocumentsPage{Known: true, Adding: true, MergeURL: "/merge",
			ProofingPage: web.ProofingPage{Action: "/me/documents", Kinds: []web.ProofingKind{{Name: "港澳居民来往内地通行证", URL: "/me/documents?document=hk_macao_permit"}, {Name: "港澳台居民居住证", Chosen: true}}, NumberHint: "hmt18", AskExpiry: true},
			Documents:    []web.HeldDocument{{Ref: "a", Kind: "港澳居民来往内地通行证", Number: "H*******1", Expires: "2030-01-31", Level: 3, Told: true, RetireURL: "/me/documents/a/retirement"}, {Ref: "b", Kind: "普通护照", Number: "L*******3", Retired: moment}}}}},
		{Name: "documents-ways", Template: "documents", Page: web.Page{Identity: citizen, Body: web.DocumentsPage{Known: true, Adding: true, MergeURL: "/merge", ProofingPage: web.ProofingPage{Action: "/me/documents", Kind: "港澳台居民居住证", Kinds: []web.ProofingKind{{Name: "港澳台居民居住证", URL: "/me/documents?document=hmt_residence_permit", Chosen: true}}, NumberHint: "hmt18", AskExpiry: true},
			Ways: []web.ProofingMethod{{ID: "face", URL: "/proofing/face?further=1", Reaches: 3, Minutes: 2}, {ID: "manual_review", URL: "/proofing/manual_review?further=1", Reaches: 3, Minutes: 5}}}}},
		{Name: "documents-first", Template: "documents", Page: web.Page{Identity: citizen, Body: web.DocumentsPage{MergeURL: "/merge", Asked: true}}},
		{Name: "data", Template: "data", Page: web.Page{Identity: citizen, Body: web.DataPage{Action: "/me/data/export", Sections: copySections, DeletionURL: "/me/data/deletion"}}},
		{Name: "data-signin", Template: "data", Page: web.Page{Identity: citizen, Body: web.DataPage{Action: "/me/data/export", DeletionURL: "/me/data/deletion", SignInURL: "/login"}}},
		{Name: "data-no-section", Template: "data", Page: web.Page{Identity: citizen, Errors: []web.FieldError{{Field: "data-sections", Message: "请至少选择一部分内容"}}, Body: web.DataPage{Action: "/me/data/export", Sections: []web.DataSection{{Name: "account"}, {Name: "licenses"}}, DeletionURL: "/me/data/deletion"}}},
		{Name: "data-waiting", Template: "data", Page: web.Page{Identity: citizen, Body: web.DataPage{State: "waiting", Done: 3, Of: 8, DeletionURL: "/me/data/deletion"}}},
		{Name: "data-ready", Template: "data", Page: web.Page{Identity: citizen, Body: web.DataPage{State: "ready", Action: "/me/data/export", Sections: copySections, Until: moment.AddDate(0, 0, 7), Size: 48_213, SM3: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
			FileURL: "/me/data/export.json", SignatureURL: "/me/data/export.json.jws", DocumentURL: "/me/data/export.ofd", DocumentSize: 96_204, DocumentSM3: "8f1a1e62f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4b01",
			ArchiveURL: "/me/data/export.zip", MinPassphrase: 12, MaxPassphrase: 64, DestroyURL: "/me/data/export/destruction", DeletionURL: "/me/data/deletion"}}},
		{Name: "data-passphrase", Template: "data", Page: web.Page{Identity: citizen, Errors: []web.FieldError{{Field: "data-passphrase-again", Message: "两次输入的口令不一致"}}, Body: web.DataPage{State: "ready", Action: "/me/data/export", Until: moment.AddDate(0, 0, 7), Size: 48_213,
			SM3: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", FileURL: "/me/data/export.json", SignatureURL: "/me/data/export.json.jws", ArchiveURL: "/me/data/export.zip", MinPassphrase: 12, MaxPassphrase: 64,
			DestroyURL: "/me/data/export/destruction", DeletionURL: "/me/data/deletion"}}},
		{Name: "record", Template: "record", Page: web.Page{Identity: citizen, Body: web.RecordPage{Record: record, Action: "/me/records/rel_1", MayWrite: true}}},
		{Name: "record-answered", Template: "record", Page: web.Page{Identity: citizen, Body: web.RecordPage{Record: record, Action: "/me/records/rel_1", State: "answered", DueAt: moment, MayWrite: true, MayClose: true, MayEscalate: true,
			Messages: []web.DisputeMessage{{Author: "person", Text: "我没有办理过不动产登记，为什么查询我的信息？", At: moment.AddDate(0, 0, -2)}, {Author: "department", Text: "经核实，系共有人申请转移登记时依法核对。", At: moment}}}}},
		{Name: "record-raised", Template: "record", Page: web.Page{Identity: citizen, Body: web.RecordPage{Record: record, Action: "/me/records/rel_1", State: "escalated", Raised: true, DueAt: moment.AddDate(0, 0, 15), MayClose: true,
			Messages: []web.DisputeMessage{{Author: "person", Text: "我没有办理过不动产登记，为什么查询我的信息？", At: moment.AddDate(0, 0, -20)}}}}},
		{Name: "record-final", Template: "record", Page: web.Page{Identity: citizen, Body: web.RecordPage{Record: record, Action: "/me/records/rel_1", State: "answered_platform", Final: true, DueAt: moment, MayClose: true,
			Messages: []web.DisputeMessage{{Author: "person", Text: "我没有办理过不动产登记，为什么查询我的信息？", At: moment.AddDate(0, 0, -9)}, {Author: "department", Text: "请到窗口了解。", At: moment.AddDate(0, 0, -5)}, {Author: "platform", Text: "经核查，该次查询用于共有人的转移登记，依据已列在上方。", At: moment}}}}},
		{Name: "record-license", Template: "record", Page: web.Page{Identity: citizen, Body: web.RecordPage{Record: refused, Action: "/me/records/luse_2", MayWrite: true}}},
		{Name: "records-none", Template: "records", Page: web.Page{Identity: citizen, Body: web.RecordsPage{}}},
	}
}
