package verify

// effect is what a reason does to the verdict.
type effect int

const (
	note          effect = iota // said, changes nothing
	indeterminate               // something could not be judged
	invalid                     // something speaks against the file
)

// reasonRule is one row of the catalogue of reasons: what it does, which V-code of experience.md 3.12 it belongs to, the
// clause that asks for it, and the words.
type reasonRule struct {
	effect effect
	vcode  string
	clause string
	zh, en string
}

// rules is the one place where reason codes get their meaning.
var rules = map[string]reasonRule{
	// The container and its XML.
	"zip_name":      {invalid, "V31", "GB/T 33190-2016 5", "文件包内的名称不安全", "A name inside the package is unsafe"},
	"zip_limit":     {invalid, "V31", "GB/T 33190-2016 5", "文件包超出大小限制", "The package exceeds a size limit"},
	"zip_duplicate": {invalid, "V31", "GB/T 33190-2016 5", "文件包内有重名文件", "Two files in the package have one name"},
	"zip_structure": {invalid, "V31", "GB/T 33190-2016 5", "文件包结构损坏或有歧义", "The package is damaged or ambiguous"},
	"xml_doctype":   {invalid, "V31", "GB/T 33190-2016 7", "文件包内含有不允许的文档类型声明", "A DOCTYPE stands in the package"},
	"xml":           {invalid, "V31", "GB/T 33190-2016 7", "文件包内的 XML 不合规", "XML in the package is not acceptable"},
	"limit":         {invalid, "V31", "GB/T 33190-2016 7.5", "页面尺寸或数量超出限制", "A size or number is out of bounds"},
	"ref_path":      {invalid, "V31", "GB/T 33190-2016 7.3", "引用的路径不存在或越出文件包", "A path is missing or leaves the package"},
	"SEAL_FORMAT":   {invalid, "V31", "GB/T 38540-2020 6.3 a", "电子印章格式不正确", "The seal cannot be read"},
	"SIG_FORMAT":    {invalid, "V31", "GB/T 38540-2020 7.3 a", "电子签章格式不正确", "The seal signature cannot be read"},
	// PDF: the file, and the range of a signature.
	"pdf_structure": {invalid, "V31", "ISO 32000-1 7.5", "PDF 文件结构损坏或有歧义", "The PDF file is damaged or ambiguous"},
	"pdf_limit":     {invalid, "V31", "ISO 32000-1 7.5", "PDF 文件超出大小或复杂度限制", "The PDF file exceeds a limit"},
	"pdf_encrypted": {indeterminate, "V31", "ISO 32000-1 7.6", "PDF 文件已加密，无法核验", "The PDF file is encrypted and cannot be judged"},
	"pdf_contents":  {invalid, "V22", "ISO 32000-1 12.8.1", "签名域中没有可用的签名值或签名范围", "A signature field has no usable value or range"},
	"byte_range":    {invalid, "V22", "ISO 32000-1 12.8.1", "签名范围不是除签名值以外的全部内容", "The signed range is not everything but the value"},
	"docmdp":        {invalid, "V20", "ISO 32000-1 12.8.2.2", "认证签名后做了不允许的修改", "Changed behind a certification that does not permit it"},
	// The signature.
	"SIG_VALUE":          {invalid, "V22", "GB/T 38540-2020 7.3 b", "签名值与内容不符", "The signature value does not fit"},
	"SIG_ALG":            {invalid, "V22", "GB/T 38540-2020 7.3 b", "签名算法不符", "The signature algorithm does not agree"},
	"sig_range":          {invalid, "V22", "GB/T 32918.2-2016 7", "签名值超出范围", "The signature value is out of range"},
	"der":                {invalid, "V22", "GM/T 0009 7.3", "签名值编码不合规", "The signature value is not strict DER"},
	"key_invalid":        {invalid, "V22", "GB/T 32918.1-2016 6.2", "证书公钥无效", "The public key is not valid"},
	"SEAL_SIGNATURE":     {invalid, "V22", "GB/T 38540-2020 6.3 b", "制章人签名不成立，印章可能被伪造", "The seal maker's signature does not hold"},
	"DATA_HASH":          {invalid, "V22", "GB/T 38540-2020 7.3 e", "签章与签名描述不符", "The seal signature is of another description"},
	"seal_mismatch":      {invalid, "V22", "GB/T 33190-2016 18", "包内印章与签章内印章不一致", "The seal file differs from the seal inside the signature"},
	"SIGNER_NOT_IN_SEAL": {invalid, "V22", "GB/T 38540-2020 7.3 g", "签章人不在印章授权名单内", "The seal does not name this signer"},
	"references":         {invalid, "V22", "GB/T 33190-2016 18.2", "签章没有保护任何页面", "The signature protects no page"},
	"weak_digest":        {invalid, "V22", "GB/T 33190-2016 18.2", "摘要算法不安全或未知", "The digest algorithm is weak or unknown"},
	"time":               {invalid, "V22", "GB/T 38540-2020 7.3 d", "签章时间不可能成立：晚于现在，或早于证书", "The signing time is impossible: in the future, or before the certificate"},
	// Change.
	"DIGEST_MISMATCH": {invalid, "V20", "GB/T 38540-2020 7.3 e", "加盖后内容被修改", "Content was changed after sealing"},
	"changed_after":   {invalid, "V20", "GB/T 33190-2016 18", "加盖后换成了印章不知道的内容", "Content that the seal does not know was put in"},
	// Certificates and periods.
	"SIGNER_CERT_CHAIN":       {invalid, "V25", "GB/T 38540-2020 7.3 c", "签章人证书链不成立", "The signer's certificate chain does not hold"},
	"SIGNER_CERT_USAGE":       {invalid, "V25", "GB/T 38540-2020 7.3 c", "签章人证书不能用于签名", "The signer's certificate is not for signing"},
	"SIGN_TIME_OUTSIDE_CERT":  {invalid, "V25", "GB/T 38540-2020 7.3 d", "签章时间不在证书有效期内", "The signing time is outside the certificate's validity"},
	"SIGNER_REVOKED_BEFORE":   {invalid, "V25", "GB/T 38540-2020 7.3 d", "签章前证书已被吊销", "The certificate was revoked before signing"},
	"SEAL_MAKER_CERT_CHAIN":   {invalid, "V25", "GB/T 38540-2020 6.3 c", "制章人证书链不成立", "The maker's certificate chain does not hold"},
	"SEAL_MAKER_CERT_EXPIRED": {invalid, "V25", "GB/T 38540-2020 6.3 c", "制章时制章人证书不在有效期内", "The maker's certificate was not valid when the seal was made"},
	"SEAL_MAKER_CERT_REVOKED": {invalid, "V25", "GB/T 38540-2020 6.3 c", "制章前制章人证书已被吊销", "The maker's certificate was revoked before the seal was made"},
	"SEAL_MAKER_CERT_USAGE":   {invalid, "V25", "GB/T 38540-2020 6.3 c", "制章人证书不能用于制章", "The maker's certificate is not for signing"},
	"SEAL_NOT_YET_VALID":      {invalid, "V23", "GB/T 38540-2020 6.3 d", "印章尚未生效", "The seal is not valid yet"},
	"SEAL_EXPIRED":            {invalid, "V23", "GB/T 38540-2020 6.3 d", "印章已过有效期", "The seal has expired"},
	"SIGN_TIME_OUTSIDE_SEAL":  {invalid, "V23", "GB/T 38540-2020 7.3 f", "盖章时印章不在有效期内", "The seal was not valid at the signing time"},
	// The state of the seal by its status list.
	"SEAL_STATUS_NOT_YET":   {invalid, "V23", "国办发〔2025〕33号", "盖章时印章尚未启用", "The seal was not in use yet when it was used"},
	"SEAL_STATUS_SUSPENDED": {invalid, "V23", "国办发〔2025〕33号", "盖章时印章已停用", "The seal was suspended when it was used"},
	"SEAL_STATUS_REVOKED":   {invalid, "V23", "国办发〔2025〕33号", "盖章时印章已注销", "The seal was revoked when it was used"},
	"SEAL_STATUS_LOST":      {invalid, "V23", "国办发〔2025〕33号", "盖章时印章已挂失", "The seal was reported lost when it was used"},
	"SEAL_STATUS_REPLACED":  {invalid, "V23", "国办发〔2025〕33号", "盖章时印章已被新印章取代", "Another seal had taken its place when it was used"},
	// Time stamps.
	"TS_FORMAT":       {invalid, "V22", "RFC 3161 2.4.2", "时间戳格式不正确", "The time stamp cannot be read"},
	"TS_SIGNATURE":    {invalid, "V22", "GB/T 38540-2020 7.3 h", "时间戳签名不成立", "The time stamp's signature does not hold"},
	"TS_IMPRINT":      {invalid, "V22", "GB/T 38540-2020 7.3 h", "时间戳不是本签名的", "The time stamp is of something else"},
	"TS_DIGEST":       {invalid, "V22", "RFC 3161 2.4.2", "时间戳的摘要算法不安全或未知", "The time stamp's digest algorithm is weak or unknown"},
	"TS_TIME":         {invalid, "V22", "GB/T 38540-2020 7.3 h", "时间戳的时间不可能成立", "The time of the time stamp is impossible"},
	"TS_CERT_BINDING": {invalid, "V22", "RFC 5816 2.2", "时间戳未绑定时间戳证书", "The time stamp is not bound to its certificate"},
	"TS_CERT_USAGE":   {invalid, "V25", "RFC 3161 2.3", "时间戳证书不是专用于时间戳的", "The certificate is not for time stamps alone"},
	"TS_CERT_EXPIRED": {invalid, "V25", "GB/T 20520", "时间戳证书当时不在有效期内", "The time stamp's certificate was not valid at its time"},
	"TS_CERT_REVOKED": {invalid, "V25", "RFC 3161 4", "时间戳证书已被吊销", "The time stamp's certificate is revoked"},
	"TS_CERT_CHAIN":   {invalid, "V25", "GB/T 20520", "时间戳证书链不成立", "The certificate chain of the time stamp does not hold"},
	// What could not be judged.
	"untrusted_root":          {indeterminate, "V24", "GB/T 38540-2020 7.3 c", "数学校验通过，但发章机构不在信任列表", "The root is not in the trust list"},
	"authority_not_granted":   {indeterminate, "V24", "GB/T 38540-2020 7.3 c", "信任列表当时不认可签发机构", "The trust list did not grant the issuing authority at that time"},
	"authority_use":           {indeterminate, "V24", "GB/T 38540-2020 7.3 c", "信任列表只认可签发机构的其他用途", "The trust list grants the issuing authority for other uses only"},
	"seal_status_unknown":     {indeterminate, "V01", "国办发〔2025〕33号", "印章状态列表中查不到这枚印章", "The status list does not know this seal"},
	"seal_status_unreachable": {indeterminate, "V01", "国办发〔2025〕33号", "暂时查不到印章登记状态，请稍后再试", "The register of seals was not reached; try again later"},
	"seal_status_stale":       {indeterminate, "V01", "国办发〔2025〕33号", "印章状态列表已过期，请取得新的列表", "The status list of seals is out of date; get the current one"},
	"seal_lost_later":         {indeterminate, "V26", "国办发〔2025〕33号", "印章后来挂失，而签章时间没有可信凭据", "The seal was reported lost later, and no trusted time proves when it was used"},
	"signer_unknown":          {indeterminate, "V24", "GB/T 33190-2016 18", "文件内没有签名人证书，无法确认是谁签的", "No certificate tells who signed"},
	"uncovered_visible":       {indeterminate, "V21", "GB/T 33190-2016 18", "有可见内容不受签章保护", "Visible content is not protected by a signature"},
	"content_missing":         {indeterminate, "V21", "GB/T 38540-2020 7.3 e", "只有签章数据，没有被签的文件", "The signed content is not here"},
	"time_untrusted":          {indeterminate, "V26", "GB/T 38540-2020 7.3 d", "证书后来被吊销，而签章时间没有可信凭据", "Revoked later, and no trusted time proves the signing time"},
	"time_missing":            {indeterminate, "V26", "GB/T 38540-2020 7.1", "没有可读的签章时间", "No signing time can be read"},
	"revocation_unknown":      {indeterminate, "V01", "GB/T 38540-2020 7.3 c", "没有取得证书的吊销信息", "The revocation state of a certificate is not known"},
	"integrity_list":          {note, "", "GM/T 0099-2020 7.4", "完整性清单只列出文件名，不绑定内容", "The integrity list binds names, not content"},
	"unsigned":                {indeterminate, "V30", "GB/T 33190-2016 18", "未找到电子签章", "No seal or signature was found"},
	"format_unknown":          {indeterminate, "V31", "", "无法识别的文件格式", "The format is not known"},
	"format_unsupported":      {indeterminate, "V31", "", "暂不支持核验此格式", "This format cannot be judged yet"},
	// A valid file says so above all else.
	"seal_owner_succeeded": {note, "V14", "国办发〔2025〕33号", "盖章机构已更名或合并，文件仍有效", "The authority that sealed it was renamed or merged; what it sealed stays valid"},
	// Notes.
	"seal_personal":        {note, "", "GM/T 0031-2014 6.1.1.1 c", "这是个人名章，不代表机构的公章", "This is the seal of a person and stands for no seal of an organisation"},
	"trust_list_stale":     {note, "", "GB/T 38540-2020 7.3 c", "信任列表已过期，未采用", "A trust list is out of date and was not used"},
	"trust_list_untrusted": {note, "", "GB/T 38540-2020 7.3 c", "信任列表的签发者不受信任，未采用", "The signer of a trust list is not trusted, so it was not used"},
	"seal_list_untrusted":  {note, "", "国办发〔2025〕33号", "印章状态列表的签发者无权说明这枚印章，未采用", "The signer of a status list may not speak of this seal, so it was not used"},
	"deviation":            {note, "", "GB/T 38540-2020", "写法与标准略有不同", "Written a little differently from the standard"},
	"property":             {note, "", "GB/T 38540-2020 7.1", "签章属性信息未指明本签名描述", "propertyInfo does not name this description"},
	"ofd_xml_uncovered":    {note, "", "GB/T 33190-2016 18", "入口文件未受保护，但只指向受保护的文档", "OFD.xml is uncovered but leads to a covered document only"},
	"stamp_not_visible":    {note, "", "GB/T 33190-2016 18.2", "印章图像不在页面可见范围内", "The seal's picture cannot be seen on a page"},
	"font_unbound":         {note, "", "GB/T 33190-2016 11.1", "有文字使用了文件未内嵌的字体，所见字形取决于阅读软件", "Text is set in fonts that the file does not carry, so that its look depends on the viewer"},
	"text_glyph_differs":   {note, "", "GB/T 33190-2016 11.4.1", "有文字画出来的字与文件中存储的不同，请以画面为准并核实来源", "Letters are drawn as others than the file stores: what is copied or searched is not what is seen"},
	"text_unread":          {note, "", "GB/T 33190-2016 11.4.1", "文字过多，未逐字比对字形", "There is more text than is compared letter by letter"},
	"external_reference":   {note, "", "GB/T 33190-2016 14", "文件含有指向外部的链接或多媒体，核验时从不打开", "The file holds links that lead outside, sound or film; none was opened"},
	"extra":                {note, "", "GM/T 0099-2020 7.4", "包内有无法到达的文件", "The package holds files that nothing reaches"},
	"list_uncovered":       {note, "", "GB/T 33190-2016 18", "签名列表未受保护，可以继续加盖", "The list of signatures is uncovered, so more can be added"},
	"timestamp_unjudged":   {note, "", "GM/T 0031-2014 6.2.1", "签名内容里含有时间戳，不能证明何时签名，未作为依据", "A time stamp stands inside what is signed; it does not prove when, and this verdict does not lean on it"},
	"appearance_after":     {note, "", "ISO 32000-1 12.8.1", "本签名之后又加盖了可见的签章，其图像不受本签名保护", "A visible signature was added behind this one, which does not protect its picture"},
}

// RegisterReasons is how another leaf says what its own reasons mean; see Rule. It returns a judge that knows both sets.
// The zero Judge knows the reasons of this package only.
type Judge struct{ more map[string]reasonRule }

// Rule is a reason of another leaf.
type Rule struct {
	Code    string
	Verdict Verdict // Invalid, Indeterminate, or Valid for a mere note
	VCode   string
	Clause  string
	Chinese string
	English string
}

// With returns a judge that knows further reasons.
func (j Judge) With(extra ...Rule) Judge {
	more := make(map[string]reasonRule, len(j.more)+len(extra))
	for code, rule := range j.more {
		more[code] = rule
	}
	for _, r := range extra {
		kind := note
		switch r.Verdict {
		case Invalid:
			kind = invalid
		case Indeterminate:
			kind = indeterminate
		}
		more[r.Code] = reasonRule{kind, r.VCode, r.Clause, r.Chinese, r.English}
	}
	return Judge{more}
}

func (j Judge) rule(code string) (reasonRule, bool) {
	if rule, ok := j.more[code]; ok {
		return rule, true
	}
	rule, ok := rules[code]
	return rule, ok
}

// Text is the wording of a reason in the language.
func (j Judge) Text(code, locale string) (message, clause string) {
	rule, ok := j.rule(code)
	if !ok {
		return code, ""
	}
	if locale == "en" {
		return rule.en, rule.clause
	}
	return rule.zh, rule.clause
}

// Codes are all reasons that the judge knows, with what each does to a verdict: Invalid, Indeterminate, or Valid for a mere note.
func (j Judge) Codes() map[string]Verdict {
	known := make(map[string]Verdict, len(rules)+len(j.more))
	for _, set := range []map[string]reasonRule{rules, j.more} {
		for code, rule := range set {
			known[code] = [...]Verdict{note: Valid, indeterminate: Indeterminate, invalid: Invalid}[rule.effect]
		}
	}
	return known
}

// order of V-codes inside a verdict (design contract 3.2).
var order = map[Verdict][]string{
	Invalid:       {"V31", "V22", "V20", "V21", "V25", "V23", "V41", "V10", "V13", "V12", "V11"},
	Indeterminate: {"V31", "V30", "V24", "V21", "V26", "V01", "V40"},
	Valid:         {"V14", "V01", "V00"},
}

// banners of experience.md 3.12.
var banners = map[string][2]string{
	"V00": {"真实有效", "Genuine and valid"},
	"V01": {"签章有效，状态未联网核对", "The seal holds; the current status was not checked online"},
	"V10": {"已废止", "No longer valid"},
	"V11": {"已停用", "Suspended"},
	"V12": {"已过有效期", "Expired"},
	"V13": {"已变更，有新版本", "Replaced by a newer version"},
	"V14": {"机构已更名或合并，文件仍有效", "The authority was renamed or merged; the document stays valid"},
	"V20": {"内容被改动，请勿采信", "Content was changed. Do not rely on it"},
	"V21": {"部分内容不受签章保护", "Part of the content is not protected by the seal"},
	"V22": {"签名不成立", "The signature does not hold"},
	"V23": {"盖章时印章已失效", "The seal was not valid when it was used"},
	"V24": {"发章机构不在信任列表", "The issuing authority is not in the trust list"},
	"V25": {"证书当时无效", "A certificate was not valid at the time"},
	"V26": {"缺少可信时间", "No trusted time"},
	"V30": {"未找到电子签章，无法核验真伪", "No electronic seal found; cannot be checked"},
	"V31": {"文件无法识别", "The file cannot be read"},
	"V40": {"查无此编号", "No such number"},
	"V41": {"二维码不是本平台的", "The code is not of this platform"},
}

// Banner is the wording of a V-code in the languages of the report.
func Banner(code string) map[string]string {
	return map[string]string{"zh-CN": banners[code][0], "en": banners[code][1]}
}

// Conclude derives verdict, V-code and message from the reasons. strict turns uncovered visible content into invalid;
// validCode is the V-code when nothing speaks against the file, "V00" as a rule, unless a note has one that comes before it.
func (j Judge) Conclude(result *Result, strict bool, validCode string) {
	worst, codes := note, map[Verdict]map[string]bool{Invalid: {}, Indeterminate: {}, Valid: {validCode: true}}
	for _, reason := range result.Reasons {
		rule, known := j.rule(reason.Code)
		kind := rule.effect
		if !known || strict && reason.Code == "uncovered_visible" {
			kind = invalid // a reason that nobody knows is never a reason to pass
		}
		switch kind {
		case invalid:
			codes[Invalid][rule.vcode] = true
		case indeterminate:
			codes[Indeterminate][rule.vcode] = true
		case note:
			codes[Valid][rule.vcode] = true
		}
		worst = max(worst, kind)
	}
	result.Verdict, result.Code = Valid, firstOf(Valid, codes[Valid], validCode)
	switch worst {
	case invalid:
		result.Verdict, result.Code = Invalid, firstOf(Invalid, codes[Invalid], "V31")
	case indeterminate:
		result.Verdict, result.Code = Indeterminate, firstOf(Indeterminate, codes[Indeterminate], "V31")
	}
	result.Message = Banner(result.Code)
}

func firstOf(verdict Verdict, present map[string]bool, otherwise string) string {
	for _, code := range order[verdict] {
		if present[code] {
			return code
		}
	}
	return otherwise
}

// AddReason adds a reason once.
func (j Judge) AddReason(result *Result, code, locale, detail string) {
	message, clause := j.Text(code, locale)
	if detail != "" {
		message += ": " + detail
	}
	for _, reason := range result.Reasons {
		if reason.Code == code && reason.Message == message {
			return
		}
	}
	result.Reasons = append(result.Reasons, Reason{Code: code, Message: message, Clause: clause, Detail: detail})
}
