package gallery

import (
	"time"

	"github.com/yinxin-gov/yinxin/web"
)

// mandates are the pages on which people give and answer mandates, and choose for whom they act.
func mandates() []Sample {
	until := moment.AddDate(0, 1, 0)
	acting := web.Identity{Kind: web.IdentityPerson, Name: "赵**", Actor: "李*", SwitchURL: "/acting"}
	given := web.MandateItem{Name: "李*", Kind: "relative", State: "active", Tone: "success", Items: []string{"social-security", "medical-insurance"}, Rights: []string{"view", "submit"}, Until: until, URL: "/me/mandates/mdt_1"}
	waiting := web.MandateItem{Name: "赵**", Kind: "elder_helper", State: "proposed", Tone: "warning", Items: []string{"*"}, Rights: []string{"view", "fill"}, Until: until, URL: "/me/mandates/mdt_2", Waiting: true}
	staff := web.MandateItem{Name: "示例市青禾商贸有限公司", Kind: "agent", State: "active", Tone: "success", Items: []string{"tax"}, Rights: []string{"view", "fill", "submit"}, Until: until, URL: "/me/mandates/mdt_3"}
	revoked := given
	revoked.State, revoked.Tone = "revoked", "neutral"
	options := []web.ActingOption{{Value: "self", Name: "张*", Current: true}, {Value: "mdt_2", Name: "赵**", Kind: "elder_helper", Items: []string{"*"}, Until: &until}, {Value: "mdt_3", Name: "示例市青禾商贸有限公司", Kind: "agent", Items: []string{"tax"}, Until: &until}}
	give := web.MandateGivePage{Action: "/me/mandates/new", Days: 30, MaxDays: 365, Delegable: true,
		Kinds:   []web.MandateChoice{{Value: "relative", Ticked: true}, {Value: "elder_helper"}},
		Rights:  []web.MandateChoice{{Value: "view", Ticked: true}, {Value: "fill"}, {Value: "submit", Ticked: true}, {Value: "collect"}, {Value: "present"}},
		Classes: []web.MandateChoice{{Value: "1", Ticked: true}, {Value: "2"}, {Value: "3"}}}
	give.Open, give.Groups = true, []web.ItemChoices{{Name: "社会保障", Items: []web.ItemChoice{{Code: "social-security", Name: "社会保险"}, {Code: "pension", Name: "养老金"}}}, {Name: "税务与公积金", Items: []web.ItemChoice{{Code: "tax", Name: "纳税申报"}}}}
	appoint := give
	appoint.Types = []web.ItemChoice{{Code: "11100000MB0143028R001", Name: "营业执照"}}
	appoint.Purposes = []web.ItemChoice{{Code: "purpose:04", Name: "住房公积金业务"}, {Code: "purpose:12", Name: "招标投标"}}
	appoint.Principal, appoint.Action = "示例市青禾商贸有限公司", "/me/mandates/new?for=org_1"
	appoint.Kinds = []web.MandateChoice{{Value: "agent"}, {Value: "license_keeper", Ticked: true}}
	appoint.Rights = []web.MandateChoice{{Value: "view", Ticked: true}, {Value: "present", Ticked: true}, {Value: "lend"}}
	searched, closed := give, give
	searched.Name, searched.To, searched.Search, searched.Chosen, searched.More = "李四", "13800000009", "保险", []web.ItemChoice{{Code: "tax", Name: "纳税申报"}}, true
	searched.Groups = []web.ItemChoices{{Name: "社会保障", Items: []web.ItemChoice{{Code: "social-security", Name: "社会保险"}, {Code: "unemployment", Name: "失业保险"}}}}
	closed.Open, closed.Groups, closed.Search = false, nil, "没有的事项"
	wrong := give
	wrong.Name, wrong.To = "李四", "13800000009"
	agent := web.OrganisationAgent{MandateItem: staff, StopURL: "/me/organisations/org_1/stop", Agent: "acc_1"}
	agent.Name = "孙**"
	office := web.OrganisationPage{Name: staff.Name, Code: "91999900MA0000015N", Tier: 3, Role: "legal_representative", Agents: []web.OrganisationAgent{agent}, AppointURL: "/me/mandates/new?for=org_1"}
	keeper := web.MandateItem{Name: "孙**", Kind: "seal_keeper", State: "active", Tone: "success", Items: []string{"*"}, Until: until, URL: "/me/mandates/mdt_9"}
	second := keeper
	second.Name, second.Items = "李*", []string{"11010000000001", "11010000000002"}
	kept := office
	kept.Agents = append(kept.Agents, web.OrganisationAgent{MandateItem: keeper, StopURL: "/me/organisations/org_1/stop", Agent: "acc_1"})
	kept.KeeperURL, kept.KeepersSince = "/me/organisations/org_1/keepers/new", moment
	kept.Keepers = []web.OrganisationKeeper{{MandateItem: keeper, Stands: true}, {MandateItem: second}, {MandateItem: second, Frozen: true}}
	keptByNobody := kept
	keptByNobody.Keepers, keptByNobody.ReleaseURL = nil, "/me/organisations/org_1/keepers/release"
	asked := keeper
	asked.Name, asked.State, asked.Tone, asked.Items, asked.Waiting = staff.Name, "proposed", "warning", second.Items, true
	office.KeeperURL = kept.KeeperURL
	naming := web.KeeperPage{Action: kept.KeeperURL, BackURL: "/me/organisations/org_1", Organisation: staff.Name, Days: "365", MaxDays: 1095}
	namingWrong := naming
	namingWrong.Name, namingWrong.To, namingWrong.Seals = "李四", "13800000009", "登记专用章"
	transfers := []web.OpenCase{{Label: "对公打款", Note: "款项可能已在途：撤回后到账的金额不能用于核验。", At: moment, Action: "/me/organisations/org_1/cases/case_1/withdrawal"}}
	officeOpen, officeWithdrawn := office, office
	officeOpen.Tier, officeOpen.TransferURL, officeOpen.Open = 1, "/me/organisations/org_1/transfer", transfers
	officeWithdrawn.Tier, officeWithdrawn.TransferURL, officeWithdrawn.Withdrawn = 1, "/me/organisations/org_1/transfer", true
	frozen := office
	frozen.Frozen, frozen.ThawURL = true, "/me/organisations/org_1/thaw"
	ask := give
	ask.Ask, ask.Kinds = true, []web.MandateChoice{{Value: "elder_helper", Ticked: true}, {Value: "relative"}, {Value: "guardian_limited"}}
	byTelephone := ask
	byTelephone.Telephone, byTelephone.ByTelephone, byTelephone.TelephoneDays = true, true, 90
	elder := func(state, tone string) web.ElderRequestPage {
		return web.ElderRequestPage{Request: web.ElderRequest{Name: "赵**", Number: "138****8201", State: state, Tone: tone, At: moment, URL: "/me/mandates/telephone/tel_1"}, Items: []string{"social-security"}, Until: until, Called: true, CodeUntil: moment.Add(10 * time.Minute), Hours: 2, From: "8:00", To: "21:00"}
	}
	elderCode, elderWaits, elderYes, elderNo := elder("code", "warning"), elder("waiting", "warning"), elder("confirmed", "success"), elder("refused", "neutral")
	elderCode.CodeURL, elderCode.WithdrawAt, elderCode.TriesLeft = "/me/mandates/telephone/tel_1/code", "/me/mandates/telephone/tel_1/end", 4
	elderSMS, elderOver := elderWaits, elderNo
	elderWaits.WithdrawAt, elderSMS.Called, elderSMS.WithdrawAt = "/me/mandates/telephone/tel_1/end", false, "/me/mandates/telephone/tel_1/end"
	elderYes.MandateURL, elderNo.AgainURL, elderOver.AgainURL, elderOver.Request.State = "/me/mandates/mdt_2", "/me/mandates/new?ask=1", "/me/mandates/new?ask=1", "ended"
	telephone := []web.ElderRequest{elderCode.Request, elderYes.Request}
	apps := []web.MandateApp{{ID: "estate", Name: "不动产登记"}, {ID: "social", Name: "社保服务"}}
	child := web.ChildPage{Action: "/me/children", Relations: []string{"parent", "grandparent", "sibling", "other"}, Notice: "guardian-2026-11"}
	pictured := child
	pictured.Photos, pictured.Name, pictured.Number = true, "李小宝", "999900202006070010"
	here := acting
	here.SwitchURL, here.SelfURL = "", "/me"
	estate := card("valid")
	estate.Holder, estate.Number, estate.DownloadURL, estate.Reading, estate.PresentURL = "", "", "", nil, "/me/acting/mdt_2/licenses/lic_1/present"
	looks := web.ActingForPage{Name: "赵**", Kind: "elder_helper", Items: []string{"*"}, Rights: []string{"view", "fill"}, Until: until, URL: "/me/acting/mdt_2", MandateURL: "/me/mandates/mdt_2", View: true, Tier: 2, TierUntil: moment.AddDate(3, 0, 0),
		Uses: []web.MandateUse{{What: "look", Agent: "李*", At: moment}, {App: "社保服务", Agent: "李*", At: moment.AddDate(0, 0, -1)}}}
	shows := looks
	shows.Kind, shows.Rights, shows.Licenses, shows.MoreLicenses = "relative", []string{"view", "present"}, []web.LicenseCard{estate}, "/me/acting/mdt_2?licenses=x"
	blind := web.ActingForPage{Name: "赵**", Kind: "village_helper", Items: []string{"pension"}, Rights: []string{"fill", "submit"}, Until: until, URL: "/me/acting/mdt_2", MandateURL: "/me/mandates/mdt_2"}
	manages, toOffice := shows, &web.Link{Label: staff.Name, URL: "/me/acting/mdt_3"}
	manages.Name, manages.Kind, manages.GrantsURL, manages.FreezesURL, manages.LedgerURL = staff.Name, "administrator", toOffice.URL+"/license-grants", toOffice.URL+"/license-freezes", toOffice.URL+"/license-uses"
	manages.Rights = []string{"view", "present", "manage"}
	forOffice := shows
	forOffice.Name, forOffice.Kind, forOffice.Frozen, forOffice.Narrow, forOffice.Licenses, forOffice.Items, forOffice.MoreLicenses = staff.Name, "agent", true, true, nil, []string{"tax"}, ""
	atOffice := web.Identity{Kind: web.IdentityOrganization, Name: staff.Name, Actor: "李*", Role: "经办人", SelfURL: "/me"}
	taken := staff
	taken.ActURL = "/me/acting/mdt_3"
	ofChild := web.Identity{Kind: web.IdentityPerson, Name: "李**", Actor: "李*", SelfURL: "/me"}
	ward := web.WardPage{Name: "李**", Tier: 1, BackURL: "/me/acting/mdt_4", ChoiceURL: "/me/acting/mdt_4/proofing", Methods: []web.ProofingMethod{{ID: "face", URL: "/me/acting/mdt_4/proofing/face", Reaches: 3, Minutes: 2}, {ID: "manual_review", URL: "/me/acting/mdt_4/proofing/manual_review", Reaches: 3, Minutes: 5}}}
	wardNone, wardNeeds, wardOpen := ward, ward, ward
	wardOpen.Open = []web.OpenCase{{Label: "上传孩子的证件照片，人工审核", At: moment, Action: "/me/acting/mdt_4/proofing/cases/case_1/withdrawal"}}
	leave := web.WardDeletionPage{Name: "李**", BackURL: "/me/acting/mdt_4", Action: "/me/acting/mdt_4/deletion", UndoURL: "/me/acting/mdt_4/deletion/undo", Kept: []web.KeptRecord{{ID: "audit", Citation: "《中华人民共和国网络安全法》第二十三条", Years: 3}}}
	leaveBlocked, leaveOwn, leaveOther := leave, leave, leave
	leaveBlocked.Blockers = []web.Link{{Label: "孩子有正在办理的身份核验，可以撤回", URL: "/me/acting/mdt_4/proofing"}}
	leaveOwn.DueAt, leaveOwn.Own, leaveOther.DueAt = moment.AddDate(0, 0, 7), true, moment.AddDate(0, 0, 7)
	wardNone.Methods, wardNone.Tier, wardNone.TierUntil = nil, 3, moment.AddDate(5, 0, 0)
	wardNeeds.Needs, wardNeeds.RaiseURL = 2, "/proofing?ial=2"
	wardFace := web.WardPage{Name: ward.Name, Tier: 1, BackURL: ward.BackURL, ChoiceURL: ward.ChoiceURL, Way: "face", Action: "/me/acting/mdt_4/proofing/face", Notice: "child-face-2026-11", Reaches: 3, Minutes: 2, Host: "face.example.gov.cn"}
	wardPictures := wardFace
	wardPictures.Way, wardPictures.Action, wardPictures.Notice, wardPictures.Minutes, wardPictures.Host, wardPictures.Photos = "manual_review", "/me/acting/mdt_4/proofing/manual_review", "child-review-2026-11", 5, "", true
	wardWaiting, wardLogin := wardPictures, wardFace
	wardWaiting.Waiting, wardWaiting.DueAt = true, moment
	wardLogin.SignInURL = "/login?next=%2Fme%2Facting%2Fmdt_4%2Fproofing%2Fface"
	child3 := web.ActingForPage{Name: "李**", Kind: "guardian", Items: []string{"*"}, Rights: []string{"view", "fill", "submit", "collect", "present"}, Until: until, URL: "/me/acting/mdt_4", MandateURL: "/me/mandates/mdt_4", View: true, Tier: 1, LevelURL: "/me/acting/mdt_4/proofing", Uses: []web.MandateUse{{What: "consent", Agent: "李*", At: moment}, {What: "level", Agent: "李*", At: moment}}}
	guardian := given
	guardian.Name, guardian.Kind, guardian.Rights, guardian.Items = "李**", "guardian", []string{"view", "fill", "submit", "collect", "present"}, []string{"*"}
	return []Sample{
		{Name: "organisation", Template: "organisation", Page: web.Page{Identity: citizen, Body: office}},
		{Name: "organisation-kept", Template: "organisation", Page: web.Page{Identity: citizen, Body: kept}},
		{Name: "organisation-kept-by-nobody", Template: "organisation", Page: web.Page{Identity: citizen, Body: keptByNobody}},
		{Name: "organisation-keeper", Template: "organisation-keeper", Page: web.Page{Identity: citizen, Body: naming}},
		{Name: "organisation-keeper-error", Template: "organisation-keeper", Status: 422, Page: web.Page{Identity: citizen, Body: namingWrong, Errors: []web.FieldError{{Field: "keeper-seals", Message: "印章编码应为 14 位数字"}}}},
		{Name: "mandate-keeper", Template: "mandate", Page: web.Page{Identity: citizen, Body: web.MandatePage{Item: asked, Principal: staff.Name, Agent: "张*", Class: 1, From: moment, AcceptURL: "/me/mandates/mdt_9/answer"}}},
		{Name: "organisation-frozen", Template: "organisation", Page: web.Page{Identity: citizen, Body: frozen}},
		{Name: "organisation-none", Template: "organisation", Page: web.Page{Identity: citizen, Body: web.OrganisationPage{Name: staff.Name, Code: "91999900MA0000015N", Tier: 3, Role: "administrator"}}},
		{Name: "organisation-open", Template: "organisation", Page: web.Page{Identity: citizen, Body: officeOpen}},
		{Name: "organisation-withdrawn", Template: "organisation", Page: web.Page{Identity: citizen, Body: officeWithdrawn}},
		{Name: "organisation-found", Template: "organisation-found", Page: web.Page{Identity: citizen, Body: web.OrganisationFoundPage{}}},
		{Name: "organisation-found-error", Template: "organisation-found", Status: 422, Page: web.Page{Identity: citizen, Body: web.OrganisationFoundPage{Name: staff.Name, Code: "91999900MA0000015"}, Errors: []web.FieldError{{Field: "organisation-code", Message: "统一社会信用代码不正确"}}}},
		{Name: "organisation-transfer", Template: "organisation-transfer", Page: web.Page{Identity: citizen, Body: web.OrganisationTransferPage{Name: staff.Name, Reaches: 2, Action: "/me/organisations/org_1/transfer", BackURL: "/me/organisations/org_1"}}},
		{Name: "organisation-transfer-waiting", Template: "organisation-transfer", Page: web.Page{Identity: citizen, Body: web.OrganisationTransferPage{Name: staff.Name, Reaches: 2, Waiting: true, Action: "/me/organisations/org_1/transfer", BackURL: "/me/organisations/org_1", Open: transfers}}},
		{Name: "organisation-transfer-sent", Template: "organisation-transfer", Status: 422, Page: web.Page{Identity: citizen, Errors: []web.FieldError{{Field: "transfer-amount", Message: "金额与打款不符"}}, Body: web.OrganisationTransferPage{Name: staff.Name, Reaches: 2, Sent: true, Until: moment, Action: "/me/organisations/org_1/transfer", BackURL: "/me/organisations/org_1", Open: transfers}}},
		{Name: "organisation-certificate", Template: "certificate", Page: web.Page{Identity: citizen, Body: web.CertificatePage{Shows: "organisation", Held: staff.Name, Action: "/me/organisations/org_1/certificate", Challenge: "yinxin-certificate-holder/1 https://id.example.gov.cn 3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA 2026-11-24T06:35:00Z", BackURL: "/me/organisations/org_1"}}},
		{Name: "child", Template: "child", Page: web.Page{Identity: citizen, Body: child}},
		{Name: "child-photos", Template: "child", Status: 422, Page: web.Page{Identity: citizen, Body: pictured, Errors: []web.FieldError{{Field: "child-relation", Message: "请选择您与孩子的关系"}, {Field: "child-photo", Message: "请上传 1 至 3 张照片"}}}},
		{Name: "child-waiting", Template: "child", Page: web.Page{Identity: citizen, Body: web.ChildPage{Action: child.Action, Relations: child.Relations, Notice: child.Notice, Photos: true, Waiting: true, DueAt: moment}}},
		{Name: "child-needs", Template: "child", Page: web.Page{Identity: citizen, Body: web.ChildPage{Needs: 2, RaiseURL: "/proofing?ial=2"}}},
		{Name: "mandate-guardian", Template: "mandate", Page: web.Page{Identity: citizen, Body: web.MandatePage{Item: guardian, Principal: "李**", Agent: "张*", Class: 3, From: moment, Relation: "parent", Agreed: moment, Version: child.Notice, StopURL: "/me/mandates/mdt_4/stop"}}},
		{Name: "relatives", Template: "relatives", Status: 422, Page: web.Page{Identity: citizen, Body: web.RelativesPage{Action: "/me/relatives", Words: []string{"spouse", "parent", "child"}, Name: "李四", To: "13800138001", GiveURL: "/me/mandates/new?mandate-kind=family",
			Relatives: []web.RelativeItem{{Name: "李*", Word: "spouse", Since: moment, Confirmed: true, EndURL: "/me/relatives/rel_1/end"}, {Name: "赵**", Word: "child", Since: moment, ConfirmURL: "/me/relatives/rel_2/confirmation", EndURL: "/me/relatives/rel_2/end"}, {Name: "张**", Word: "kin", Since: moment, EndURL: "/me/relatives/rel_3/end"}}},
			Errors: []web.FieldError{{Field: "relative-word", Message: "请选择对方是您的什么人"}}}},
		{Name: "relatives-none", Template: "relatives", Page: web.Page{Identity: citizen, Body: web.RelativesPage{Action: "/me/relatives", Words: []string{"spouse"}}}},
		{Name: "mandate-ask-telephone", Template: "mandate-give", Page: web.Page{Identity: citizen, Body: byTelephone}},
		{Name: "elder-request", Template: "elder-request", Status: 401, Page: web.Page{Identity: citizen, Body: elderCode, Errors: []web.FieldError{{Field: "otp-code", Message: "验证码不正确或已失效"}}}},
		{Name: "elder-request-waiting", Template: "elder-request", Page: web.Page{Identity: citizen, Body: elderWaits}},
		{Name: "elder-request-sms", Template: "elder-request", Page: web.Page{Identity: citizen, Body: elderSMS}},
		{Name: "elder-request-confirmed", Template: "elder-request", Page: web.Page{Identity: citizen, Body: elderYes}},
		{Name: "elder-request-refused", Template: "elder-request", Page: web.Page{Identity: citizen, Body: elderNo}},
		{Name: "elder-request-ended", Template: "elder-request", Page: web.Page{Identity: citizen, Body: elderOver}},
		{Name: "mandate-ask", Template: "mandate-give", Page: web.Page{Identity: citizen, Body: ask}},
		{Name: "acting-for", Template: "acting-for", Page: web.Page{Title: "代 赵** 办理", Identity: here, Body: shows}},
		{Name: "acting-for-helper", Template: "acting-for", Page: web.Page{Title: "代 赵** 办理", Identity: here, Body: looks}},
		{Name: "acting-for-no-view", Template: "acting-for", Page: web.Page{Title: "代 赵** 办理", Identity: here, Body: blind}},
		{Name: "acting-for-organisation", Template: "acting-for", Page: web.Page{Title: "代 " + staff.Name + " 办理", Identity: atOffice, Body: forOffice}},
		{Name: "acting-for-manager", Template: "acting-for", Page: web.Page{Title: "代 " + staff.Name + " 办理", Identity: atOffice, Body: manages}},
		{Name: "office-grants", Template: "license-grants", Page: web.Page{Title: "用证授权", Identity: atOffice, Body: web.LicenseGrantsPage{Back: toOffice, EndURL: toOffice.URL + "/license-grants/end", Grants: []web.LicenseGrantRow{
			{ID: "lgrant_1", License: "营业执照", Receiver: "示例市住房公积金管理中心", Purpose: "住房公积金业务", Mode: "delegate", Kind: "fields", State: "open", Fields: []string{"名称"}, Uses: 1, CreatedAt: moment, ExpiresAt: moment, Giver: "孙**", RevokeURL: toOffice.URL + "/license-grants/lgrant_1/revocation"},
			{ID: "lgrant_2", License: "营业执照", Receiver: "示例市住房公积金管理中心", Purpose: "住房公积金业务", Mode: "delegate", Kind: "copy", State: "open", Uses: 1, CreatedAt: moment, ExpiresAt: moment, Giver: "张*", Left: "account:acc_left", RevokeURL: toOffice.URL + "/license-grants/lgrant_2/revocation"}}}}},
		{Name: "office-grants-empty", Template: "license-grants", Page: web.Page{Title: "用证授权", Identity: atOffice, Body: web.LicenseGrantsPage{Back: toOffice}}},
		{Name: "office-freezes", Template: "license-freezes", Page: web.Page{Identity: atOffice, Body: web.LicenseFreezesPage{Back: toOffice, Action: toOffice.URL + "/license-freezes", EndURL: toOffice.URL + "/license-freezes/end", Licenses: []web.LicenseFreezeRow{{ID: "lic_1", Title: "营业执照", Number: "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.91990000MA7QX00016.001.D"}}}}},
		{Name: "office-uses", Template: "license-uses", Page: web.Page{Identity: atOffice, Body: web.LicenseUsesPage{Back: toOffice, NextURL: toOffice.URL + "/license-uses?after=1", Uses: []web.LicenseUseRow{
			{License: "营业执照", Number: "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.91990000MA7QX00016.001.D", Receiver: "示例市住房公积金管理中心", Kind: "granted", Fields: []string{"名称", "统一社会信用代码"}, Agent: "孙**", At: moment, Count: 1},
			{License: "营业执照", Number: "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.91990000MA7QX00016.001.D", Receiver: "未登录的核验者", Kind: "shown", At: moment, Count: 2}}}}},
		{Name: "office-uses-empty", Template: "license-uses", Page: web.Page{Identity: atOffice, Body: web.LicenseUsesPage{Back: toOffice}}},
		{Name: "acting-for-child", Template: "acting-for", Page: web.Page{Title: "代 李** 办理", Identity: ofChild, Body: child3}},
		{Name: "ward-deletion", Template: "ward-deletion", Page: web.Page{Title: "注销 李** 的账号", Identity: ofChild, Body: leave}},
		{Name: "ward-deletion-blocked", Template: "ward-deletion", Page: web.Page{Title: "注销 李** 的账号", Identity: ofChild, Body: leaveBlocked}},
		{Name: "ward-deletion-own", Template: "ward-deletion", Page: web.Page{Title: "注销 李** 的账号", Identity: ofChild, Body: leaveOwn}},
		{Name: "ward-deletion-other", Template: "ward-deletion", Page: web.Page{Title: "注销 李** 的账号", Identity: ofChild, Body: leaveOther}},
		{Name: "ward-open", Template: "ward", Page: web.Page{Identity: ofChild, Body: wardOpen}},
		{Name: "ward", Template: "ward", Page: web.Page{Identity: ofChild, Body: ward}},
		{Name: "ward-none", Template: "ward", Page: web.Page{Identity: ofChild, Body: wardNone}},
		{Name: "ward-needs", Template: "ward", Page: web.Page{Identity: ofChild, Body: wardNeeds}},
		{Name: "ward-way", Template: "ward-way", Page: web.Page{Title: "孩子本人刷脸", Identity: ofChild, Callbacks: []string{"https://face.example.gov.cn/"}, Body: wardFace}},
		{Name: "ward-way-photos", Template: "ward-way", Status: 422, Page: web.Page{Title: "上传孩子的证件照片，人工审核", Identity: ofChild, Body: wardPictures, Errors: []web.FieldError{{Field: "proofing-photo", Message: "请上传 1 至 3 张照片"}}}},
		{Name: "ward-way-waiting", Template: "ward-way", Page: web.Page{Title: "上传孩子的证件照片，人工审核", Identity: ofChild, Body: wardWaiting}},
		{Name: "ward-way-login", Template: "ward-way", Page: web.Page{Title: "孩子本人刷脸", Identity: ofChild, Body: wardLogin}},
		{Name: "ward-result", Template: "proofing-result", Page: web.Page{Title: "李** 的核验结果", Identity: ofChild, Body: web.ProofingResultPage{Outcome: web.ProofingFailed, Tier: 1, TriesLeft: -1, At: moment, Ward: "李**", RetryURL: "/me/acting/mdt_4/proofing", Continue: &web.Link{Label: "代 李** 办理", URL: "/me/acting/mdt_4"}}}},
		{Name: "acting-over", Template: "error", Status: 403, Page: web.Page{Title: "您现在不能代其办理", Identity: citizen, Body: web.ErrorPage{Hint: "授权已终止、到期或暂停，没有做任何更改。请到“家庭与代办”查看，或请对方重新授权。", Code: "YX-AUTH-620", SupportCode: "K7M2QX4P", Next: &web.Link{Label: "家庭与代办", URL: "/me/mandates"}}}},
		{Name: "acting", Template: "acting", Page: web.Page{Identity: citizen, Callbacks: []string{"https://portal.example/callback"}, Body: web.ActingPage{Hidden: flow, App: "市场监管", Options: options}}},
		{Name: "acting-search", Template: "acting", Page: web.Page{Identity: acting, Body: web.ActingPage{Search: true, Query: "青禾", Options: options[2:]}}},
		{Name: "acting-none", Template: "acting", Page: web.Page{Identity: citizen, Body: web.ActingPage{Search: true, Query: "红"}}},
		{Name: "mandates", Template: "mandates", Page: web.Page{Identity: citizen, Body: web.MandatesPage{AskURL: "/me/mandates/new?ask=1", FoundURL: "/me/organisations/new", ChildURL: "/me/children/new", RelativesURL: "/me/relatives", Telephone: telephone, MoreTelephone: "/me/mandates?telephone=x", Organisations: []web.Link{{Label: staff.Name, URL: "/me/organisations/org_1"}}, Given: []web.MandateItem{given, revoked}, Taken: []web.MandateItem{waiting, taken}, MoreGiven: "/me/mandates?given=x", GiveURL: "/me/mandates/new"}}},
		{Name: "mandates-none", Template: "mandates", Page: web.Page{Identity: citizen, Body: web.MandatesPage{GiveURL: "/me/mandates/new"}}},
		{Name: "mandate", Template: "mandate", Page: web.Page{Identity: citizen, Body: web.MandatePage{Item: given, Principal: "张*", Agent: "李*", Class: 1, From: moment, Apps: apps, StopURL: "/me/mandates/mdt_1/stop",
			Uses: []web.MandateUse{{App: "市场监管", Agent: "李*", At: moment}}}}},
		{Name: "mandate-answer", Template: "mandate", Page: web.Page{Identity: citizen, Body: web.MandatePage{Item: waiting, Principal: "赵**", Agent: "张*", Class: 2, From: moment, AcceptURL: "/me/mandates/mdt_2/answer"}}},
		{Name: "mandate-frozen", Template: "mandate", Page: web.Page{Identity: citizen, Body: web.MandatePage{Item: staff, Principal: staff.Name, Agent: "张*", Via: "李*", Class: 3, Frozen: true, From: moment, StopURL: "/me/mandates/mdt_3/stop", PassURL: "/me/mandates/new?of=mdt_3"}}},
		{Name: "mandate-give", Template: "mandate-give", Page: web.Page{Identity: citizen, Body: give}},
		{Name: "mandate-give-keeper", Template: "mandate-give", Page: web.Page{Identity: citizen, Body: appoint}},
		{Name: "mandate-give-searched", Template: "mandate-give", Page: web.Page{Identity: citizen, Body: searched}},
		{Name: "mandate-give-closed", Template: "mandate-give", Status: 422, Page: web.Page{Identity: citizen, Body: closed, Errors: []web.FieldError{{Field: "mandate-items", Message: "没有编码为“elsewhere”的事项"}}}},
		{Name: "mandate-give-error", Template: "mandate-give", Status: 422, Page: web.Page{Identity: citizen, Body: wrong, Errors: []web.FieldError{{Field: "mandate-to", Message: "未找到姓名与手机号或邮箱都相符的实名用户"}}}},
	}
}
