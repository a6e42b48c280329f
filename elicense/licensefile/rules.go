package licensefile

import "github.com/yinxin-gov/yinxin/esign/verify"

// Reason codes of licences and presentation codes. Their meaning stands in one place, below.
const (
	reasonDataMismatch   = "license_data_mismatch"
	reasonDataUnknown    = "license_data_unknown"
	reasonDamaged        = "license_damaged"
	reasonIDOdd          = "license_id_odd"
	reasonIssuerScope    = "issuer_scope"
	reasonRegion         = "region"
	reasonRegionScope    = "region_scope"
	reasonRegionStale    = "region_stale"
	reasonNotYet         = "license_not_yet_valid"
	reasonExpired        = "license_expired"
	reasonEnded          = "license_ended"
	reasonSuspended      = "license_suspended"
	reasonReplaced       = "license_replaced"
	reasonStatusUnknown  = "license_status_unknown"
	reasonStatusStale    = "license_status_stale"
	reasonCopy           = "copy_of_license"
	reasonCopyDamaged    = "copy_damaged"
	reasonCopyMismatch   = "copy_layer_mismatch"
	reasonCopyNested     = "copy_of_copy"
	reasonCopyFields     = "copy_fields_on_original"
	reasonCopyExpired    = "copy_expired"
	reasonCopyNotYet     = "copy_not_yet_valid"
	reasonCodeFormat     = "code_format"
	reasonCodeForeign    = "code_foreign"
	reasonCodeKey        = "code_unknown_key"
	reasonCodeSignature  = "code_signature"
	reasonCodeHolder     = "code_holder_signature"
	reasonCodeChallenge  = "code_challenge"
	reasonCodeExpired    = "code_expired"
	reasonCodeNotYet     = "code_not_yet_valid"
	reasonCodeConsumed   = "code_consumed"
	reasonNoBundle       = "code_no_bundle"
	reasonBundleStale    = "code_bundle_stale"
	reasonNoChallenge    = "code_no_challenge"
	reasonCodeScope      = "code_issuer_scope"
	reasonCodeChange     = "code_status_change"
	reasonPaperCopy      = "paper_copy"
	reasonPaperSays      = "paper_says"
	reasonPaperWithdrawn = "paper_withdrawn"
	reasonPaperText      = "paper_text"
	reasonNumberNotFound = "license_not_found"
	reasonImported       = "license_imported"
)

// judge knows the reasons of esign/verify and those of licences.
var judge = verify.Judge{}.With(
	verify.Rule{Code: reasonDataMismatch, Verdict: verify.Invalid, VCode: "V20", Clause: "GB/T 36905-2018", Chinese: "版面文字、元数据与结构化数据不一致", English: "Page text, metadata and structured data do not agree"},
	verify.Rule{Code: reasonDataUnknown, Verdict: verify.Indeterminate, VCode: "V01", Clause: "GB/T 36905-2018", Chinese: "不认识此证照类型，版面与数据未能比对", English: "The licence type is not known, so page text and data were not compared"},
	verify.Rule{Code: reasonDamaged, Verdict: verify.Invalid, VCode: "V20", Clause: "GB/T 36905-2018", Chinese: "证照结构化数据损坏", English: "The structured data of the licence is damaged"},
	verify.Rule{Code: reasonIDOdd, Verdict: verify.Valid, Clause: "GB/T 36904-2018", Chinese: "电子证照标识的写法不合规", English: "The licence identifier departs from the standard"},
	verify.Rule{Code: reasonIssuerScope, Verdict: verify.Invalid, VCode: "V25", Clause: "GB/T 36905-2018", Chinese: "印章不属于证照上的颁发机构", English: "The seal is not that of the issuing authority named in the licence"},
	verify.Rule{Code: reasonRegion, Verdict: verify.Valid, Chinese: "按互认地区提供的信任材料判断", English: "Judged by what another region published"},
	verify.Rule{Code: reasonRegionScope, Verdict: verify.Invalid, VCode: "V25", Clause: "GB 32100-2015", Chinese: "互认地区无权以此机构的名义颁发证照", English: "The region may not issue in the name of this authority"},
	verify.Rule{Code: reasonRegionStale, Verdict: verify.Valid, Chinese: "互认地区的信任材料已过时，没有采用", English: "What the other region published is too old and was not used"},
	verify.Rule{Code: reasonNotYet, Verdict: verify.Invalid, VCode: "V12", Clause: "GB/T 36903-2018", Chinese: "证照尚未生效", English: "The licence is not yet in force"},
	verify.Rule{Code: reasonExpired, Verdict: verify.Invalid, VCode: "V12", Clause: "GB/T 36903-2018", Chinese: "证照已过有效期", English: "The licence has expired"},
	verify.Rule{Code: reasonEnded, Verdict: verify.Invalid, VCode: "V10", Clause: "GB/T 36903-2018", Chinese: "证照已注销、撤销或吊销", English: "The licence was cancelled, withdrawn or revoked"},
	verify.Rule{Code: reasonSuspended, Verdict: verify.Invalid, VCode: "V11", Clause: "GB/T 36903-2018", Chinese: "证照处于暂停状态", English: "The licence is suspended"},
	verify.Rule{Code: reasonReplaced, Verdict: verify.Invalid, VCode: "V13", Clause: "GB/T 36903-2018", Chinese: "证照已变更，有新版本", English: "A newer version of the licence exists"},
	verify.Rule{Code: reasonStatusUnknown, Verdict: verify.Indeterminate, VCode: "V01", Clause: "GB/T 36903-2018", Chinese: "没有取得证照状态", English: "The status of the licence is not known"},
	verify.Rule{Code: reasonStatusStale, Verdict: verify.Indeterminate, VCode: "V01", Clause: "GB/T 36903-2018", Chinese: "状态表已过时", English: "The status list is too old"},
	verify.Rule{Code: reasonCopy, Verdict: verify.Valid, Clause: "GB/T 36903-2018", Chinese: "这是加注件，不是原件", English: "This is an annotated copy and no original"},
	verify.Rule{Code: reasonCopyDamaged, Verdict: verify.Invalid, VCode: "V20", Clause: "GB/T 36903-2018", Chinese: "加注件的数据或其中的原件缺失、损坏", English: "The data of the annotated copy or the original in it is missing or damaged"},
	verify.Rule{Code: reasonCopyMismatch, Verdict: verify.Invalid, VCode: "V20", Clause: "GB/T 36903-2018", Chinese: "加注层、加注信息与原件不一致", English: "The layer of the annotated copy, its data and the original do not agree"},
	verify.Rule{Code: reasonCopyNested, Verdict: verify.Invalid, VCode: "V20", Clause: "GB/T 36903-2018", Chinese: "这是加注件的加注件，只能由原件制作", English: "This is a copy of a copy; only originals are copied"},
	verify.Rule{Code: reasonCopyFields, Verdict: verify.Invalid, VCode: "V20", Clause: "GB/T 36903-2018", Chinese: "以原件出示，却带有加注件信息", English: "Shown as an original, it carries the data of an annotated copy"},
	verify.Rule{Code: reasonCopyExpired, Verdict: verify.Invalid, VCode: "V12", Clause: "GB/T 36903-2018", Chinese: "加注件已过有效期", English: "The annotated copy has expired"},
	verify.Rule{Code: reasonCopyNotYet, Verdict: verify.Invalid, VCode: "V12", Clause: "GB/T 36903-2018", Chinese: "加注件的制作时间在将来", English: "The annotated copy is from the future"},
	verify.Rule{Code: reasonCodeFormat, Verdict: verify.Invalid, VCode: "V31", Chinese: "亮证码损坏或格式不正确", English: "The presentation code is damaged"},
	verify.Rule{Code: reasonCodeForeign, Verdict: verify.Invalid, VCode: "V41", Chinese: "这不是亮证码，可能是假码", English: "This is no presentation code and may be a fake"},
	verify.Rule{Code: reasonCodeKey, Verdict: verify.Invalid, VCode: "V41", Chinese: "亮证码不是受信任的机构签发的", English: "No trusted authority signed this code"},
	verify.Rule{Code: reasonCodeScope, Verdict: verify.Invalid, VCode: "V25", Chinese: "签发密钥无权用于此类证照或此时间", English: "The signing key may not be used for this type or time"},
	verify.Rule{Code: reasonCodeSignature, Verdict: verify.Invalid, VCode: "V22", Clause: "GB/T 32918.2-2016 7", Chinese: "亮证码签名不成立", English: "The signature of the code does not hold"},
	verify.Rule{Code: reasonCodeHolder, Verdict: verify.Invalid, VCode: "V22", Clause: "GB/T 32918.2-2016 7", Chinese: "不是持证人的设备出示", English: "The code was not shown by the holder's device"},
	verify.Rule{Code: reasonCodeChallenge, Verdict: verify.Invalid, VCode: "V41", Chinese: "亮证码不是应本次核验请求出示的", English: "The code answers another request"},
	verify.Rule{Code: reasonCodeExpired, Verdict: verify.Invalid, VCode: "V12", Chinese: "亮证码已过期", English: "The code has expired"},
	verify.Rule{Code: reasonCodeNotYet, Verdict: verify.Invalid, VCode: "V12", Chinese: "亮证码的时间在将来", English: "The code is from the future"},
	verify.Rule{Code: reasonCodeConsumed, Verdict: verify.Invalid, VCode: "V41", Chinese: "亮证码已被核验过", English: "The code was used before"},
	verify.Rule{Code: reasonNoBundle, Verdict: verify.Indeterminate, VCode: "V24", Chinese: "没有可信的签发密钥表，无法核验", English: "No trusted list of signing keys is at hand"},
	verify.Rule{Code: reasonBundleStale, Verdict: verify.Indeterminate, VCode: "V01", Chinese: "签发密钥表已过时", English: "The list of signing keys is too old"},
	verify.Rule{Code: reasonNoChallenge, Verdict: verify.Indeterminate, VCode: "V01", Chinese: "离线核验无法排除转发或截屏", English: "Offline, a forwarded picture of the code cannot be ruled out"},
	verify.Rule{Code: reasonCodeChange, Verdict: verify.Indeterminate, VCode: "V01", Chinese: "证照状态可能有变，请联网核对", English: "The status may have changed; check online"},
	verify.Rule{Code: reasonPaperCopy, Verdict: verify.Valid, Chinese: "这是纸质副本：证明内容，不证明持有人。打印与到期日期", English: "This is a paper copy: it proves what stands on it, not who holds it. Printed and good until"},
	verify.Rule{Code: reasonPaperSays, Verdict: verify.Valid, Chinese: "纸面上应当写着", English: "The paper must say"},
	verify.Rule{Code: reasonPaperWithdrawn, Verdict: verify.Invalid, VCode: "V41", Chinese: "持证人已收回这份纸质副本", English: "The holder withdrew this paper copy"},
	verify.Rule{Code: reasonPaperText, Verdict: verify.Invalid, VCode: "V20", Chinese: "纸面文字与二维码签名的内容不一致，或这不是纸质副本的二维码", English: "The text of the page is not what the code was signed for, or the code is that of no paper copy"},
	verify.Rule{Code: reasonImported, Verdict: verify.Valid, Clause: "GB/T 36904-2018", Chinese: "此证照由其他平台签发，这里只有归集登记；登记机构", English: "This licence was issued elsewhere and is only on record here, by"},
	verify.Rule{Code: reasonNumberNotFound, Verdict: verify.Indeterminate, VCode: "V40", Chinese: "查无此编号，或验证码不符", English: "No such number, or the check does not fit"},
)

// Judge knows the reasons of reports on licences, and further ones.
func Judge(extra ...verify.Rule) verify.Judge { return judge.With(extra...) }

// Codes are all reasons of a report, with what each does to a verdict.
func Codes() map[string]verify.Verdict { return judge.Codes() }
