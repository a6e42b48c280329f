// Code generated from codes.yaml by gen. DO NOT EDIT.

package fault

// Declared codes.
const (
	Internal               Code = "YX-CORE-500" // Something went wrong on our side
	Malformed              Code = "YX-CORE-400" // The request is malformed
	Unauthenticated        Code = "YX-CORE-401" // Sign in first
	Forbidden              Code = "YX-CORE-403" // You are not allowed to do this
	NotFound               Code = "YX-CORE-404" // Not found
	Conflict               Code = "YX-CORE-409" // It was changed by somebody else
	TooLarge               Code = "YX-CORE-413" // The content is too large
	UnsupportedMedia       Code = "YX-CORE-415" // This content type is not supported
	Invalid                Code = "YX-CORE-422" // Some values must be corrected
	TooManyRequests        Code = "YX-CORE-429" // Too many requests
	Unavailable            Code = "YX-CORE-503" // The service is not available just now
	CrossOrigin            Code = "YX-CORE-421" // The request came from an untrusted page and changed nothing
	LicenseBusinessNumber  Code = "YX-LIC-409"  // This business number was used for another application
	LicenseState           Code = "YX-LIC-410"  // The state of the licence does not allow this
	LicenseBusy            Code = "YX-LIC-411"  // The licence is being issued
	LicenseValues          Code = "YX-LIC-422"  // Some values of the licence must be corrected
	LicenseUndrawable      Code = "YX-LIC-423"  // A character is not in the built-in font, so the licence cannot be drawn
	LicenseInconsistent    Code = "YX-LIC-424"  // Page text, metadata and register do not agree, so it was not sealed
	LicenseFourEyes        Code = "YX-LIC-425"  // The reviewer must not be the one who entered it
	LicenseAuthority       Code = "YX-LIC-426"  // The authority is not registered, or may not issue this type
	LicenseTypeUnknown     Code = "YX-LIC-427"  // There is no such licence type
	LicenseReason          Code = "YX-LIC-428"  // Legal basis, decision number or effective time is missing
	LicenseFieldMissing    Code = "YX-LIC-430"  // This value is required
	LicenseFieldForm       Code = "YX-LIC-431"  // The form or the check character is wrong
	LicenseFieldLong       Code = "YX-LIC-432"  // The value is too long
	LicenseFieldCharacters Code = "YX-LIC-433"  // It holds characters that are not allowed, or space at an end
	LicenseFieldUnknown    Code = "YX-LIC-434"  // The type has no such field
	LicenseFieldPeriod     Code = "YX-LIC-435"  // Begin and end of the validity do not fit
	CodeMalformed          Code = "YX-VER-400"  // This is not a presentation code
	CodeConsumed           Code = "YX-VER-409"  // This code was used before
	CodeExpired            Code = "YX-VER-410"  // This code has expired
	LookupLimited          Code = "YX-VER-429"  // Too many attempts
	LoginFailed            Code = "YX-AUTH-101" // Account or password is wrong. {n} tries left
	LoginLocked            Code = "YX-AUTH-102" // To protect the account, try again in {m} minutes
	CodeWrong              Code = "YX-AUTH-103" // The code is wrong or no longer valid
	CodeTooOften           Code = "YX-AUTH-104" // Codes were asked for too often
	IdentifierInvalid      Code = "YX-AUTH-105" // Enter a valid mobile number or e-mail address
	PasswordRefused        Code = "YX-AUTH-106" // This password is not safe or not acceptable
	FlowLost               Code = "YX-AUTH-107" // This sign-in is no longer valid
	Busy                   Code = "YX-AUTH-108" // Many people are signing in just now
	LoginInsufficient      Code = "YX-AUTH-120" // This operation needs a surer or more recent login
	UpstreamUnknown        Code = "YX-AUTH-301" // This way of signing in is not available
	UpstreamRefused        Code = "YX-AUTH-302" // Signing in through that platform did not work
	UpstreamSilent         Code = "YX-AUTH-303" // That platform is not answering
	LinkNeeded             Code = "YX-AUTH-304" // Sign in the way you did before, then link that platform
	LinkStale              Code = "YX-AUTH-305" // To protect the account, sign in again first
	LinkLast               Code = "YX-AUTH-306" // This is the only way into the account
	ProofingMismatch       Code = "YX-IDV-201"  // Name and ID number do not match. Check and try again
	ProofingNumber         Code = "YX-IDV-202"  // The ID number is not valid
	ProofingName           Code = "YX-IDV-203"  // Enter the name as on the document
	ProofingTooOften       Code = "YX-IDV-204"  // No more tries today
	IdentityBound          Code = "YX-IDV-205"  // This identity cannot be proofed for this account
	ProofingMobile         Code = "YX-IDV-206"  // The mobile number is not in your name
	ProofingSilent         Code = "YX-IDV-503"  // The checking source is not answering. Your details are saved and we will tell you when it is back
	ClientUnknown          Code = "YX-OIDC-101" // This application cannot sign you in here
	RedirectUnknown        Code = "YX-OIDC-102" // The redirect address is not registered
	RequestInvalid         Code = "YX-OIDC-103" // The sign-in request is not valid
	ClientMetadata         Code = "YX-OIDC-104" // The client's registration is not valid: {field}
	RequestURIInvalid      Code = "YX-OIDC-105" // The sign-in request was used before or has expired
	DeviceCode             Code = "YX-OIDC-110" // The code is not right, or too old
	ServiceUnknown         Code = "YX-OIDC-201" // This system cannot sign you in here
	LevelUnmet             Code = "YX-OIDC-202" // The level that this system needs cannot be reached
	TicketRefused          Code = "YX-OIDC-203" // The ticket is not valid or was used
	SignatureRefused       Code = "YX-OIDC-204" // The signature is wrong or too old
	SealUnfit              Code = "YX-SEAL-301" // The seal cannot be made so
	SealSamePerson         Code = "YX-SEAL-302" // Applying, reviewing and making need different people
	SealState              Code = "YX-SEAL-303" // The state of the seal does not allow this
	SealCodeTaken          Code = "YX-SEAL-304" // This seal code is taken
	SealReason             Code = "YX-SEAL-305" // Give a reason
	SealField              Code = "YX-SEAL-306" // The value is missing, too long or malformed
	SealDrawing            Code = "YX-SEAL-307" // The words do not fit on the seal, or a character is not in the font
	SealSuspended          Code = "YX-SEAL-310" // The seal is not in use
	DocumentRefused        Code = "YX-SEAL-311" // The document cannot be sealed: {why}
	StampKeyReused         Code = "YX-SEAL-312" // The idempotency key was used for another request
	SealNotValid           Code = "YX-SEAL-313" // The seal is outside its validity, or does not verify
	SealCertificate        Code = "YX-SEAL-314" // The certificate of the seal cannot be used
	StampPlace             Code = "YX-SEAL-315" // The place is not on a page of the document
	DocumentLocked         Code = "YX-SEAL-316" // The document allows no further seal
	DocumentNotApproved    Code = "YX-SEAL-317" // This is not the document that was approved
	StampBusy              Code = "YX-SEAL-318" // The same request is being carried out
	DocumentAltered        Code = "YX-SEAL-319" // A signature in the document does not hold, so it cannot be sealed
	AdminStale             Code = "YX-ADM-101"  // You signed in more than 15 minutes ago; sign in again to make changes
	AdminRolesMixed        Code = "YX-ADM-102"  // System, security and audit administrator cannot be one person
	AdminReason            Code = "YX-ADM-103"  // Give a reason
	AdminChanged           Code = "YX-ADM-104"  // It has changed meanwhile
	AdminMatchNeeded       Code = "YX-ADM-105"  // A change must name the version that was read (If-Match)
	AdminConfirm           Code = "YX-ADM-106"  // More or fewer are affected than was confirmed
	ClientRetired          Code = "YX-ADM-107"  // The client was retired for good
	RecordsMany            Code = "YX-RGT-101"  // There are too many records for one file
	ClaimNotRefusable      Code = "YX-RGT-102"  // This is given by law and cannot be stopped alone
	DeletionBlocked        Code = "YX-RGT-103"  // Something must be settled before the account can be deleted
	HoldTime               Code = "YX-RGT-104"  // A hold ends within five years from now
	LoginNotFresh          Code = "YX-RGT-105"  // Sign in again first
	DisputeText            Code = "YX-RGT-106"  // Write 1 to 1000 characters
	DisputeState           Code = "YX-RGT-107"  // This cannot be done now
)

var order = []Code{Internal, Malformed, Unauthenticated, Forbidden, NotFound, Conflict, TooLarge, UnsupportedMedia, Invalid, TooManyRequests, Unavailable, CrossOrigin, LicenseBusinessNumber, LicenseState, LicenseBusy, LicenseValues, LicenseUndrawable, LicenseInconsistent, LicenseFourEyes, LicenseAuthority, LicenseTypeUnknown, LicenseReason, LicenseFieldMissing, LicenseFieldForm, LicenseFieldLong, LicenseFieldCharacters, LicenseFieldUnknown, LicenseFieldPeriod, CodeMalformed, CodeConsumed, CodeExpired, LookupLimited, LoginFailed, LoginLocked, CodeWrong, CodeTooOften, IdentifierInvalid, PasswordRefused, FlowLost, Busy, LoginInsufficient, UpstreamUnknown, UpstreamRefused, UpstreamSilent, LinkNeeded, LinkStale, LinkLast, ProofingMismatch, ProofingNumber, ProofingName, ProofingTooOften, IdentityBound, ProofingMobile, ProofingSilent, ClientUnknown, RedirectUnknown, RequestInvalid, ClientMetadata, RequestURIInvalid, DeviceCode, ServiceUnknown, LevelUnmet, TicketRefused, SignatureRefused, SealUnfit, SealSamePerson, SealState, SealCodeTaken, SealReason, SealField, SealDrawing, SealSuspended, DocumentRefused, StampKeyReused, SealNotValid, SealCertificate, StampPlace, DocumentLocked, DocumentNotApproved, StampBusy, DocumentAltered, AdminStale, AdminRolesMixed, AdminReason, AdminChanged, AdminMatchNeeded, AdminConfirm, ClientRetired, RecordsMany, ClaimNotRefusable, DeletionBlocked, HoldTime, LoginNotFresh, DisputeText, DisputeState}

var catalogue = map[Code]Meta{
	Internal:               {Code: Internal, Status: 500, Retryable: true, Title: Text{"zh-CN": "平台内部出错", "en": "Something went wrong on our side"}, Hint: Text{"zh-CN": "请稍后重试；若仍不成功，请提供求助码。", "en": "Try again later. If it happens again, tell us the support code."}},
	Malformed:              {Code: Malformed, Status: 400, Retryable: false, Title: Text{"zh-CN": "请求格式不正确", "en": "The request is malformed"}, Hint: Text{"zh-CN": "请对照接口文档检查请求。", "en": "Check the request against the API document."}},
	Unauthenticated:        {Code: Unauthenticated, Status: 401, Retryable: false, Title: Text{"zh-CN": "请先登录", "en": "Sign in first"}, Hint: Text{"zh-CN": "登录后再试。", "en": "Sign in and try again."}},
	Forbidden:              {Code: Forbidden, Status: 403, Retryable: false, Title: Text{"zh-CN": "您没有此项权限", "en": "You are not allowed to do this"}, Hint: Text{"zh-CN": "请联系本单位管理员。", "en": "Ask the administrator of your organisation."}},
	NotFound:               {Code: NotFound, Status: 404, Retryable: false, Title: Text{"zh-CN": "未找到", "en": "Not found"}, Hint: Text{"zh-CN": "请核对地址或编号。", "en": "Check the address or the number."}},
	Conflict:               {Code: Conflict, Status: 409, Retryable: false, Title: Text{"zh-CN": "内容已被他人更改", "en": "It was changed by somebody else"}, Hint: Text{"zh-CN": "请刷新后再试。", "en": "Reload and try again."}},
	TooLarge:               {Code: TooLarge, Status: 413, Retryable: false, Title: Text{"zh-CN": "内容超过大小上限", "en": "The content is too large"}, Hint: Text{"zh-CN": "上限为 {limit}。", "en": "The limit is {limit}."}},
	UnsupportedMedia:       {Code: UnsupportedMedia, Status: 415, Retryable: false, Title: Text{"zh-CN": "不支持此内容类型", "en": "This content type is not supported"}, Hint: Text{"zh-CN": "请使用接口文档所列类型。", "en": "Use a type that the API document lists."}},
	Invalid:                {Code: Invalid, Status: 422, Retryable: false, Title: Text{"zh-CN": "有内容需要更正", "en": "Some values must be corrected"}, Hint: Text{"zh-CN": "请按提示更正后再提交。", "en": "Correct the marked values and submit again."}},
	TooManyRequests:        {Code: TooManyRequests, Status: 429, Retryable: true, Title: Text{"zh-CN": "操作太频繁", "en": "Too many requests"}, Hint: Text{"zh-CN": "请稍后再试。", "en": "Wait a little and try again."}},
	Unavailable:            {Code: Unavailable, Status: 503, Retryable: true, Title: Text{"zh-CN": "服务暂时不可用", "en": "The service is not available just now"}, Hint: Text{"zh-CN": "请稍后重试，您的内容没有丢失。", "en": "Try again later. Nothing was lost."}},
	CrossOrigin:            {Code: CrossOrigin, Status: 403, Retryable: false, Title: Text{"zh-CN": "请求来源不可信，未做任何更改", "en": "The request came from an untrusted page and changed nothing"}, Hint: Text{"zh-CN": "请从本网站页面重新操作。", "en": "Start again from a page of this site."}},
	LicenseBusinessNumber:  {Code: LicenseBusinessNumber, Status: 409, Retryable: false, Title: Text{"zh-CN": "该业务编号已用于内容不同的申请", "en": "This business number was used for another application"}, Hint: Text{"zh-CN": "请核对业务编号；同一业务重复提交时内容须一致。", "en": "Check the business number. A repeated submission must have the same content."}},
	LicenseState:           {Code: LicenseState, Status: 409, Retryable: false, Title: Text{"zh-CN": "证照当前状态不允许此操作", "en": "The state of the licence does not allow this"}, Hint: Text{"zh-CN": "请刷新后查看证照状态。", "en": "Reload and look at the state of the licence."}},
	LicenseBusy:            {Code: LicenseBusy, Status: 409, Retryable: true, Title: Text{"zh-CN": "该证照正在签发", "en": "The licence is being issued"}, Hint: Text{"zh-CN": "请稍后查看结果，无需重复提交。", "en": "Look again in a little while. There is no need to submit again."}},
	LicenseValues:          {Code: LicenseValues, Status: 422, Retryable: false, Title: Text{"zh-CN": "证照内容有误", "en": "Some values of the licence must be corrected"}, Hint: Text{"zh-CN": "请更正标出的内容。", "en": "Correct the marked values."}},
	LicenseUndrawable:      {Code: LicenseUndrawable, Status: 422, Retryable: false, Title: Text{"zh-CN": "含有字库中没有的字，无法制证", "en": "A character is not in the built-in font, so the licence cannot be drawn"}, Hint: Text{"zh-CN": "请联系运维人员配置生僻字字库后再试。", "en": "Ask the operator to configure a font with rare characters."}},
	LicenseInconsistent:    {Code: LicenseInconsistent, Status: 422, Retryable: false, Title: Text{"zh-CN": "版面、元数据与登记内容不一致，已拒绝用印", "en": "Page text, metadata and register do not agree, so it was not sealed"}, Hint: Text{"zh-CN": "请联系运维人员检查证照模板。", "en": "Ask the operator to check the template of the licence."}},
	LicenseFourEyes:        {Code: LicenseFourEyes, Status: 403, Retryable: false, Title: Text{"zh-CN": "复核人不能是录入人", "en": "The reviewer must not be the one who entered it"}, Hint: Text{"zh-CN": "请由另一位工作人员复核。", "en": "Let another officer review it."}},
	LicenseAuthority:       {Code: LicenseAuthority, Status: 422, Retryable: false, Title: Text{"zh-CN": "颁发机构未登记，或无权颁发此类证照", "en": "The authority is not registered, or may not issue this type"}, Hint: Text{"zh-CN": "请核对颁发机构代码和证照类型。", "en": "Check the code of the authority and the licence type."}},
	LicenseTypeUnknown:     {Code: LicenseTypeUnknown, Status: 422, Retryable: false, Title: Text{"zh-CN": "没有这种证照类型", "en": "There is no such licence type"}, Hint: Text{"zh-CN": "请从证照目录中选择类型代码。", "en": "Choose a type code from the catalogue."}},
	LicenseReason:          {Code: LicenseReason, Status: 422, Retryable: false, Title: Text{"zh-CN": "缺少法律依据、决定文号或生效时间", "en": "Legal basis, decision number or effective time is missing"}, Hint: Text{"zh-CN": "请补充后再提交。", "en": "Add it and submit again."}},
	LicenseFieldMissing:    {Code: LicenseFieldMissing, Status: 422, Retryable: false, Title: Text{"zh-CN": "此项必填", "en": "This value is required"}, Hint: Text{"zh-CN": "请填写。", "en": "Fill it in."}},
	LicenseFieldForm:       {Code: LicenseFieldForm, Status: 422, Retryable: false, Title: Text{"zh-CN": "格式或校验码不正确", "en": "The form or the check character is wrong"}, Hint: Text{"zh-CN": "请对照原件核对。", "en": "Compare it with the original."}},
	LicenseFieldLong:       {Code: LicenseFieldLong, Status: 422, Retryable: false, Title: Text{"zh-CN": "内容太长", "en": "The value is too long"}, Hint: Text{"zh-CN": "请缩短。", "en": "Shorten it."}},
	LicenseFieldCharacters: {Code: LicenseFieldCharacters, Status: 422, Retryable: false, Title: Text{"zh-CN": "含有不允许的字符或首尾空格", "en": "It holds characters that are not allowed, or space at an end"}, Hint: Text{"zh-CN": "请删除后重填。", "en": "Remove them."}},
	LicenseFieldUnknown:    {Code: LicenseFieldUnknown, Status: 422, Retryable: false, Title: Text{"zh-CN": "该证照类型没有此项", "en": "The type has no such field"}, Hint: Text{"zh-CN": "请查看证照目录。", "en": "See the catalogue."}},
	LicenseFieldPeriod:     {Code: LicenseFieldPeriod, Status: 422, Retryable: false, Title: Text{"zh-CN": "有效期起止不正确", "en": "Begin and end of the validity do not fit"}, Hint: Text{"zh-CN": "请核对日期。", "en": "Check the dates."}},
	CodeMalformed:          {Code: CodeMalformed, Status: 400, Retryable: false, Title: Text{"zh-CN": "这不是有效的亮证码", "en": "This is not a presentation code"}, Hint: Text{"zh-CN": "请持证人刷新亮证码后重新扫描。", "en": "Ask the holder to refresh the code and scan it again."}},
	CodeConsumed:           {Code: CodeConsumed, Status: 409, Retryable: false, Title: Text{"zh-CN": "此亮证码已被核验过", "en": "This code was used before"}, Hint: Text{"zh-CN": "请持证人刷新亮证码；截屏或转发的码不能使用。", "en": "Ask the holder to refresh the code. Pictures of a code do not work."}},
	CodeExpired:            {Code: CodeExpired, Status: 410, Retryable: false, Title: Text{"zh-CN": "此亮证码已过期", "en": "This code has expired"}, Hint: Text{"zh-CN": "请持证人刷新亮证码后重新扫描。", "en": "Ask the holder to refresh the code and scan it again."}},
	LookupLimited:          {Code: LookupLimited, Status: 429, Retryable: true, Title: Text{"zh-CN": "查询次数过多", "en": "Too many attempts"}, Hint: Text{"zh-CN": "请稍后再试，或上传证照文件核验。", "en": "Wait a little, or upload the file of the licence."}},
	LoginFailed:            {Code: LoginFailed, Status: 401, Retryable: false, Title: Text{"zh-CN": "账号或密码不正确，还可尝试 {n} 次", "en": "Account or password is wrong. {n} tries left"}, Hint: Text{"zh-CN": "请核对后重试，或改用验证码登录。", "en": "Check and try again, or sign in with a code."}},
	LoginLocked:            {Code: LoginLocked, Status: 429, Retryable: true, Title: Text{"zh-CN": "为保护账号，请 {m} 分钟后再试", "en": "To protect the account, try again in {m} minutes"}, Hint: Text{"zh-CN": "也可以改用验证码登录。", "en": "You can also sign in with a code."}},
	CodeWrong:              {Code: CodeWrong, Status: 401, Retryable: false, Title: Text{"zh-CN": "验证码不正确或已失效", "en": "The code is wrong or no longer valid"}, Hint: Text{"zh-CN": "请核对最新收到的验证码，或重新获取。", "en": "Check the newest code, or ask for another."}},
	CodeTooOften:           {Code: CodeTooOften, Status: 429, Retryable: true, Title: Text{"zh-CN": "验证码获取过于频繁", "en": "Codes were asked for too often"}, Hint: Text{"zh-CN": "请 60 秒后再获取。", "en": "Ask again in 60 seconds."}},
	IdentifierInvalid:      {Code: IdentifierInvalid, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写正确的手机号或邮箱", "en": "Enter a valid mobile number or e-mail address"}, Hint: Text{"zh-CN": "大陆手机号为 11 位数字；境外号码请加国家代码。", "en": "Numbers outside the mainland need their country code."}},
	PasswordRefused:        {Code: PasswordRefused, Status: 422, Retryable: false, Title: Text{"zh-CN": "这个密码不安全或不符合要求", "en": "This password is not safe or not acceptable"}, Hint: Text{"zh-CN": "请使用 8 至 256 个字符，避免常见密码。", "en": "Use 8 to 256 characters and avoid common passwords."}},
	FlowLost:               {Code: FlowLost, Status: 400, Retryable: false, Title: Text{"zh-CN": "这次登录已失效", "en": "This sign-in is no longer valid"}, Hint: Text{"zh-CN": "请回到原来的网站重新开始。", "en": "Go back to the site you came from and start again."}},
	Busy:                   {Code: Busy, Status: 503, Retryable: true, Title: Text{"zh-CN": "当前登录人数较多", "en": "Many people are signing in just now"}, Hint: Text{"zh-CN": "请稍后再试。", "en": "Try again in a moment."}},
	LoginInsufficient:      {Code: LoginInsufficient, Status: 401, Retryable: false, Title: Text{"zh-CN": "此项操作需要更高的实名等级或重新登录", "en": "This operation needs a surer or more recent login"}, Hint: Text{"zh-CN": "请按 WWW-Authenticate 中的 acr_values、max_age 重新发起授权请求。", "en": "Repeat the authorization request with acr_values and max_age of WWW-Authenticate."}},
	UpstreamUnknown:        {Code: UpstreamUnknown, Status: 400, Retryable: false, Title: Text{"zh-CN": "这种登录方式不可用", "en": "This way of signing in is not available"}, Hint: Text{"zh-CN": "请换一种方式登录。", "en": "Sign in another way."}},
	UpstreamRefused:        {Code: UpstreamRefused, Status: 400, Retryable: false, Title: Text{"zh-CN": "未能通过该平台登录", "en": "Signing in through that platform did not work"}, Hint: Text{"zh-CN": "请重新登录，或换一种方式。", "en": "Begin again, or sign in another way."}},
	UpstreamSilent:         {Code: UpstreamSilent, Status: 503, Retryable: true, Title: Text{"zh-CN": "该平台暂时没有回应", "en": "That platform is not answering"}, Hint: Text{"zh-CN": "请稍后再试，或换一种方式登录。", "en": "Try again later, or sign in another way."}},
	LinkNeeded:             {Code: LinkNeeded, Status: 409, Retryable: false, Title: Text{"zh-CN": "请先用原来的方式登录，再关联该平台", "en": "Sign in the way you did before, then link that platform"}, Hint: Text{"zh-CN": "登录后打开“关联的平台”，点击“关联”。", "en": "After signing in, open Linked platforms and choose Link."}},
	LinkStale:              {Code: LinkStale, Status: 401, Retryable: false, Title: Text{"zh-CN": "为保护账号，请重新登录后再操作", "en": "To protect the account, sign in again first"}, Hint: Text{"zh-CN": "重新登录后 5 分钟内可以关联或解除关联。", "en": "Linking and unlinking work for 5 minutes after signing in."}},
	LinkLast:               {Code: LinkLast, Status: 409, Retryable: false, Title: Text{"zh-CN": "这是账号唯一的登录方式，不能解除", "en": "This is the only way into the account"}, Hint: Text{"zh-CN": "请先绑定手机号或邮箱。", "en": "Add a mobile number or an e-mail address first."}},
	ProofingMismatch:       {Code: ProofingMismatch, Status: 422, Retryable: false, Title: Text{"zh-CN": "姓名与证件号不匹配，请核对后重试", "en": "Name and ID number do not match. Check and try again"}, Hint: Text{"zh-CN": "请核对是否有生僻字、繁体或间隔号“·”。", "en": "Look for rare characters, traditional forms or the mark ·."}},
	ProofingNumber:         {Code: ProofingNumber, Status: 422, Retryable: false, Title: Text{"zh-CN": "证件号码不正确", "en": "The ID number is not valid"}, Hint: Text{"zh-CN": "请填写 18 位居民身份证号，末位可为 X。", "en": "Enter all 18 characters; the last may be X."}},
	ProofingName:           {Code: ProofingName, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写证件上的姓名", "en": "Enter the name as on the document"}, Hint: Text{"zh-CN": "不要填写称呼或符号；少数民族姓名可用间隔号“·”。", "en": "Leave out titles and signs."}},
	ProofingTooOften:       {Code: ProofingTooOften, Status: 429, Retryable: false, Title: Text{"zh-CN": "今日核验次数已用完", "en": "No more tries today"}, Hint: Text{"zh-CN": "请明天再试，或到窗口办理。", "en": "Try tomorrow, or visit a counter."}},
	IdentityBound:          {Code: IdentityBound, Status: 409, Retryable: false, Title: Text{"zh-CN": "这个身份暂时不能在此账号上认证", "en": "This identity cannot be proofed for this account"}, Hint: Text{"zh-CN": "请到窗口办理。", "en": "Please visit a counter."}},
	ProofingMobile:         {Code: ProofingMobile, Status: 422, Retryable: false, Title: Text{"zh-CN": "手机号不在您本人名下", "en": "The mobile number is not in your name"}, Hint: Text{"zh-CN": "请使用本人实名办理的手机号。", "en": "Use a number that is registered in your own name."}},
	ProofingSilent:         {Code: ProofingSilent, Status: 503, Retryable: true, Title: Text{"zh-CN": "核验来源暂时没有回应，您的信息已保存，恢复后会通知您", "en": "The checking source is not answering. Your details are saved and we will tell you when it is back"}, Hint: Text{"zh-CN": "无需重复提交。", "en": "There is no need to submit again."}},
	ClientUnknown:          {Code: ClientUnknown, Status: 400, Retryable: false, Title: Text{"zh-CN": "这个应用不能使用统一身份认证", "en": "This application cannot sign you in here"}, Hint: Text{"zh-CN": "请联系应用的运营单位。", "en": "Ask the operator of the application."}},
	RedirectUnknown:        {Code: RedirectUnknown, Status: 400, Retryable: false, Title: Text{"zh-CN": "回调地址与登记的不一致", "en": "The redirect address is not registered"}, Hint: Text{"zh-CN": "请联系应用的运营单位核对协议、端口和末尾斜杠。", "en": "Ask the operator to check scheme, port and trailing slash."}},
	RequestInvalid:         {Code: RequestInvalid, Status: 400, Retryable: false, Title: Text{"zh-CN": "登录请求不正确", "en": "The sign-in request is not valid"}, Hint: Text{"zh-CN": "请回到原来的网站重新开始。", "en": "Go back to the site you came from and start again."}},
	ClientMetadata:         {Code: ClientMetadata, Status: 422, Retryable: false, Title: Text{"zh-CN": "应用登记信息不正确：{field}", "en": "The client's registration is not valid: {field}"}, Hint: Text{"zh-CN": "{why}", "en": "{why}"}},
	RequestURIInvalid:      {Code: RequestURIInvalid, Status: 400, Retryable: false, Title: Text{"zh-CN": "登录请求已使用过或已过期", "en": "The sign-in request was used before or has expired"}, Hint: Text{"zh-CN": "请回到原来的网站重新开始（invalid_request_uri）。", "en": "Go back to the site you came from and start again (invalid_request_uri)."}},
	DeviceCode:             {Code: DeviceCode, Status: 422, Retryable: false, Title: Text{"zh-CN": "代码不正确或已过期", "en": "The code is not right, or too old"}, Hint: Text{"zh-CN": "请核对设备上的代码，或在设备上重新开始。", "en": "Compare with the code on the device, or start again there."}},
	ServiceUnknown:         {Code: ServiceUnknown, Status: 400, Retryable: false, Title: Text{"zh-CN": "这个系统不能使用统一身份认证", "en": "This system cannot sign you in here"}, Hint: Text{"zh-CN": "请联系该系统的运营单位。", "en": "Ask the operator of the system."}},
	LevelUnmet:             {Code: LevelUnmet, Status: 403, Retryable: false, Title: Text{"zh-CN": "这个系统要求的认证等级暂时无法达到", "en": "The level that this system needs cannot be reached"}, Hint: Text{"zh-CN": "请到窗口办理。", "en": "Please visit a counter."}},
	TicketRefused:          {Code: TicketRefused, Status: 400, Retryable: false, Title: Text{"zh-CN": "票据无效或已使用", "en": "The ticket is not valid or was used"}, Hint: Text{"zh-CN": "请重新登录获取票据；票据 60 秒内有效，只能使用一次。", "en": "Begin the login again. A ticket lives 60 seconds and is used once."}},
	SignatureRefused:       {Code: SignatureRefused, Status: 401, Retryable: false, Title: Text{"zh-CN": "签名不正确或已过期", "en": "The signature is wrong or too old"}, Hint: Text{"zh-CN": "请对照对接文档核对签名串、时间和随机数。", "en": "Check what is signed, the time and the nonce against the integration guide."}},
	SealUnfit:              {Code: SealUnfit, Status: 422, Retryable: false, Title: Text{"zh-CN": "印章申请内容不正确", "en": "The seal cannot be made so"}, Hint: Text{"zh-CN": "请核对名称、编码、尺寸和有效期。", "en": "Check name, code, size and validity."}},
	SealSamePerson:         {Code: SealSamePerson, Status: 403, Retryable: false, Title: Text{"zh-CN": "申请、审核和制作须由不同人员完成", "en": "Applying, reviewing and making need different people"}, Hint: Text{"zh-CN": "请由另一名人员办理。", "en": "Let somebody else do this step."}},
	SealState:              {Code: SealState, Status: 409, Retryable: false, Title: Text{"zh-CN": "印章当前状态不允许此操作", "en": "The state of the seal does not allow this"}, Hint: Text{"zh-CN": "请刷新查看印章状态。", "en": "Reload and look at the state of the seal."}},
	SealCodeTaken:          {Code: SealCodeTaken, Status: 409, Retryable: false, Title: Text{"zh-CN": "该印章编码已被使用", "en": "This seal code is taken"}, Hint: Text{"zh-CN": "每个印章编码只能使用一次，请核对编码。", "en": "A code is used once only. Check it."}},
	SealReason:             {Code: SealReason, Status: 422, Retryable: false, Title: Text{"zh-CN": "请写明原因", "en": "Give a reason"}, Hint: Text{"zh-CN": "原因不超过 200 字，将写入印章记录。", "en": "It has at most 200 characters and is kept with the seal."}},
	SealField:              {Code: SealField, Status: 422, Retryable: false, Title: Text{"zh-CN": "内容为空、太长或格式不正确", "en": "The value is missing, too long or malformed"}, Hint: Text{"zh-CN": "请更正。", "en": "Correct it."}},
	SealDrawing:            {Code: SealDrawing, Status: 422, Retryable: false, Title: Text{"zh-CN": "印面排不下这些文字，或含有字库中没有的字", "en": "The words do not fit on the seal, or a character is not in the font"}, Hint: Text{"zh-CN": "请缩短名称，或联系运维人员配置字库。", "en": "Shorten the name, or ask the operator to configure a font."}},
	SealSuspended:          {Code: SealSuspended, Status: 409, Retryable: false, Title: Text{"zh-CN": "印章已停用，不能用印", "en": "The seal is not in use"}, Hint: Text{"zh-CN": "请联系印章保管人。", "en": "Ask the seal keeper."}},
	DocumentRefused:        {Code: DocumentRefused, Status: 422, Retryable: false, Title: Text{"zh-CN": "文件不能加盖印章：{why}", "en": "The document cannot be sealed: {why}"}, Hint: Text{"zh-CN": "请检查文件后重试；文件没有被改动。", "en": "Check the document and try again; it was not changed."}},
	StampKeyReused:         {Code: StampKeyReused, Status: 422, Retryable: false, Title: Text{"zh-CN": "同一幂等键用于了不同的用印请求", "en": "The idempotency key was used for another request"}, Hint: Text{"zh-CN": "请为每次用印使用不同的幂等键。", "en": "Use another key for each use of a seal."}},
	SealNotValid:           {Code: SealNotValid, Status: 409, Retryable: false, Title: Text{"zh-CN": "印章不在有效期内，或印章数据不成立", "en": "The seal is outside its validity, or does not verify"}, Hint: Text{"zh-CN": "请联系印章保管人重新制章。", "en": "Ask the seal keeper to have it made anew."}},
	SealCertificate:        {Code: SealCertificate, Status: 409, Retryable: false, Title: Text{"zh-CN": "印章的签章证书不可用", "en": "The certificate of the seal cannot be used"}, Hint: Text{"zh-CN": "证书可能已过期或被吊销，请联系印章保管人。", "en": "It may have ended or been revoked. Ask the seal keeper."}},
	StampPlace:             {Code: StampPlace, Status: 422, Retryable: false, Title: Text{"zh-CN": "盖章位置不在文件页面内", "en": "The place is not on a page of the document"}, Hint: Text{"zh-CN": "请核对页码和位置，印章须完整落在页面内。", "en": "Check page and position. The whole seal must lie on the page."}},
	DocumentLocked:         {Code: DocumentLocked, Status: 422, Retryable: false, Title: Text{"zh-CN": "文件不允许再盖章", "en": "The document allows no further seal"}, Hint: Text{"zh-CN": "此前的签章已锁定文件，或文件本身禁止签章。", "en": "An earlier signature locks it, or the document itself forbids signatures."}},
	DocumentNotApproved:    {Code: DocumentNotApproved, Status: 403, Retryable: false, Title: Text{"zh-CN": "文件与批准用印的文件不一致", "en": "This is not the document that was approved"}, Hint: Text{"zh-CN": "请核对文件的 SM3 摘要。", "en": "Compare the SM3 digest of the document."}},
	StampBusy:              {Code: StampBusy, Status: 409, Retryable: true, Title: Text{"zh-CN": "同一用印请求正在办理", "en": "The same request is being carried out"}, Hint: Text{"zh-CN": "请稍后用同一幂等键重试，将得到同一结果。", "en": "Try again with the same key in a little while. The result will be the same."}},
	DocumentAltered:        {Code: DocumentAltered, Status: 422, Retryable: false, Title: Text{"zh-CN": "文件原有的签章不成立，不能再加盖印章", "en": "A signature in the document does not hold, so it cannot be sealed"}, Hint: Text{"zh-CN": "请先核验文件，并取得未被改动的原件。", "en": "Verify the document first and get the unchanged original."}},
	AdminStale:             {Code: AdminStale, Status: 403, Retryable: false, Title: Text{"zh-CN": "登录已超过 15 分钟，请重新登录后再更改", "en": "You signed in more than 15 minutes ago; sign in again to make changes"}, Hint: Text{"zh-CN": "没有做任何更改。请重新登录，然后再操作一次。", "en": "Nothing was changed. Sign in again and repeat the step."}},
	AdminRolesMixed:        {Code: AdminRolesMixed, Status: 422, Retryable: false, Title: Text{"zh-CN": "系统管理员、安全管理员、审计管理员不能由同一人担任", "en": "System, security and audit administrator cannot be one person"}, Hint: Text{"zh-CN": "请为每个人只保留其中一个角色。", "en": "Leave each person one of these roles."}},
	AdminReason:            {Code: AdminReason, Status: 422, Retryable: false, Title: Text{"zh-CN": "请写明原因", "en": "Give a reason"}, Hint: Text{"zh-CN": "原因为 1 至 200 字，将写入审计记录；请勿写入个人信息。", "en": "It has 1 to 200 characters and goes into the audit record. Leave personal data out."}},
	AdminChanged:           {Code: AdminChanged, Status: 412, Retryable: false, Title: Text{"zh-CN": "内容已被他人更改", "en": "It has changed meanwhile"}, Hint: Text{"zh-CN": "请重新读取后再更改。", "en": "Read it again, then repeat the change."}},
	AdminMatchNeeded:       {Code: AdminMatchNeeded, Status: 428, Retryable: false, Title: Text{"zh-CN": "更改须带上所读版本（If-Match）", "en": "A change must name the version that was read (If-Match)"}, Hint: Text{"zh-CN": "请把读取时的 ETag 放入 If-Match。", "en": "Send the ETag of what you read as If-Match."}},
	AdminConfirm:           {Code: AdminConfirm, Status: 409, Retryable: false, Title: Text{"zh-CN": "受影响的数量与确认的不一致", "en": "More or fewer are affected than was confirmed"}, Hint: Text{"zh-CN": "请查看现在的数量，再次确认。", "en": "Look at the number now and confirm again."}},
	ClientRetired:          {Code: ClientRetired, Status: 409, Retryable: false, Title: Text{"zh-CN": "该应用已永久停用", "en": "The client was retired for good"}, Hint: Text{"zh-CN": "如需继续使用，请以新的应用标识重新登记。", "en": "Register it anew under another client_id."}},
	RecordsMany:            {Code: RecordsMany, Status: 422, Retryable: false, Title: Text{"zh-CN": "记录太多，一次导不完", "en": "There are too many records for one file"}, Hint: Text{"zh-CN": "请用日期缩小范围，每次最多 {limit} 条。", "en": "Choose fewer days. One file holds at most {limit}."}},
	ClaimNotRefusable:      {Code: ClaimNotRefusable, Status: 422, Retryable: false, Title: Text{"zh-CN": "此项依法提供，不能单独停止", "en": "This is given by law and cannot be stopped alone"}, Hint: Text{"zh-CN": "如不再使用该应用，可以撤回全部授权。", "en": "If you no longer use the application, withdraw all of it."}},
	DeletionBlocked:        {Code: DeletionBlocked, Status: 409, Retryable: false, Title: Text{"zh-CN": "还有事项未了结，暂时不能注销", "en": "Something must be settled before the account can be deleted"}, Hint: Text{"zh-CN": "请先处理页面列出的事项。", "en": "Settle what the page lists first."}},
	HoldTime:               {Code: HoldTime, Status: 422, Retryable: false, Title: Text{"zh-CN": "保全期限须在今后五年之内", "en": "A hold ends within five years from now"}, Hint: Text{"zh-CN": "请更正截止时间；到期前可以续设。", "en": "Correct its end. It can be placed anew before it ends."}},
	LoginNotFresh:          {Code: LoginNotFresh, Status: 403, Retryable: false, Title: Text{"zh-CN": "请先重新登录", "en": "Sign in again first"}, Hint: Text{"zh-CN": "此项操作需要最近 5 分钟内登录过。", "en": "This needs a sign-in of the last five minutes."}},
	DisputeText:            {Code: DisputeText, Status: 422, Retryable: false, Title: Text{"zh-CN": "请填写内容，1 至 1000 字", "en": "Write 1 to 1000 characters"}, Hint: Text{"zh-CN": "请不要填写证件号码等无关信息。", "en": "Leave out document numbers and what is not needed."}},
	DisputeState:           {Code: DisputeState, Status: 409, Retryable: false, Title: Text{"zh-CN": "当前状态不能进行此操作", "en": "This cannot be done now"}, Hint: Text{"zh-CN": "请刷新后查看最新进展。", "en": "Reload to see how it stands."}},
}
