// Code generated from codes.yaml by gen. DO NOT EDIT.

package fault

// Declared codes.
const (
	Internal         Code = "YX-CORE-500" // Something went wrong on our side
	Malformed        Code = "YX-CORE-400" // The request is malformed
	Unauthenticated  Code = "YX-CORE-401" // Sign in first
	Forbidden        Code = "YX-CORE-403" // You are not allowed to do this
	NotFound         Code = "YX-CORE-404" // Not found
	Conflict         Code = "YX-CORE-409" // It was changed by somebody else
	TooLarge         Code = "YX-CORE-413" // The content is too large
	UnsupportedMedia Code = "YX-CORE-415" // This content type is not supported
	Invalid          Code = "YX-CORE-422" // Some values must be corrected
	TooManyRequests  Code = "YX-CORE-429" // Too many requests
	Unavailable      Code = "YX-CORE-503" // The service is not available just now
	CrossOrigin      Code = "YX-CORE-421" // The request came from an untrusted page and changed nothing
)

var order = []Code{Internal, Malformed, Unauthenticated, Forbidden, NotFound, Conflict, TooLarge, UnsupportedMedia, Invalid, TooManyRequests, Unavailable, CrossOrigin}

var catalogue = map[Code]Meta{
	Internal:         {Code: Internal, Status: 500, Retryable: true, Title: Text{"zh-CN": "平台内部出错", "en": "Something went wrong on our side"}, Hint: Text{"zh-CN": "请稍后重试；若仍不成功，请提供求助码。", "en": "Try again later. If it happens again, tell us the support code."}},
	Malformed:        {Code: Malformed, Status: 400, Retryable: false, Title: Text{"zh-CN": "请求格式不正确", "en": "The request is malformed"}, Hint: Text{"zh-CN": "请对照接口文档检查请求。", "en": "Check the request against the API document."}},
	Unauthenticated:  {Code: Unauthenticated, Status: 401, Retryable: false, Title: Text{"zh-CN": "请先登录", "en": "Sign in first"}, Hint: Text{"zh-CN": "登录后再试。", "en": "Sign in and try again."}},
	Forbidden:        {Code: Forbidden, Status: 403, Retryable: false, Title: Text{"zh-CN": "您没有此项权限", "en": "You are not allowed to do this"}, Hint: Text{"zh-CN": "请联系本单位管理员。", "en": "Ask the administrator of your organisation."}},
	NotFound:         {Code: NotFound, Status: 404, Retryable: false, Title: Text{"zh-CN": "未找到", "en": "Not found"}, Hint: Text{"zh-CN": "请核对地址或编号。", "en": "Check the address or the number."}},
	Conflict:         {Code: Conflict, Status: 409, Retryable: false, Title: Text{"zh-CN": "内容已被他人更改", "en": "It was changed by somebody else"}, Hint: Text{"zh-CN": "请刷新后再试。", "en": "Reload and try again."}},
	TooLarge:         {Code: TooLarge, Status: 413, Retryable: false, Title: Text{"zh-CN": "内容超过大小上限", "en": "The content is too large"}, Hint: Text{"zh-CN": "上限为 {limit}。", "en": "The limit is {limit}."}},
	UnsupportedMedia: {Code: UnsupportedMedia, Status: 415, Retryable: false, Title: Text{"zh-CN": "不支持此内容类型", "en": "This content type is not supported"}, Hint: Text{"zh-CN": "请使用接口文档所列类型。", "en": "Use a type that the API document lists."}},
	Invalid:          {Code: Invalid, Status: 422, Retryable: false, Title: Text{"zh-CN": "有内容需要更正", "en": "Some values must be corrected"}, Hint: Text{"zh-CN": "请按提示更正后再提交。", "en": "Correct the marked values and submit again."}},
	TooManyRequests:  {Code: TooManyRequests, Status: 429, Retryable: true, Title: Text{"zh-CN": "操作太频繁", "en": "Too many requests"}, Hint: Text{"zh-CN": "请稍后再试。", "en": "Wait a little and try again."}},
	Unavailable:      {Code: Unavailable, Status: 503, Retryable: true, Title: Text{"zh-CN": "服务暂时不可用", "en": "The service is not available just now"}, Hint: Text{"zh-CN": "请稍后重试，您的内容没有丢失。", "en": "Try again later. Nothing was lost."}},
	CrossOrigin:      {Code: CrossOrigin, Status: 403, Retryable: false, Title: Text{"zh-CN": "请求来源不可信，未做任何更改", "en": "The request came from an untrusted page and changed nothing"}, Hint: Text{"zh-CN": "请从本网站页面重新操作。", "en": "Start again from a page of this site."}},
}
