package channel

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// httpPlaceholders beside the parameters of the message.
var httpPlaceholders = []string{"id", "to", "to_plain", "national", "kind", "locale", "message", "template", "text", "subject", "mail", "params_json", "digits",
	"timestamp", "timestamp_ms", "time", "nonce", "secret", "signature", "body", "sorted", "method", "path"}

var placeholderForm = regexp.MustCompile(`\{[a-z_]+\}`)

func placeholdersOf(text string) []string {
	var names []string
	for _, found := range placeholderForm.FindAllString(text, -1) {
		names = append(names, found[1:len(found)-1])
	}
	return names
}

func isParam(name string) bool {
	for _, t := range templates {
		if slices.ContainsFunc(t.Params, func(p Param) bool { return p.Name == name }) {
			return true
		}
	}
	return false
}

// fillIn replaces placeholders in one pass: a value is never read again as a pattern.
func fillIn(text string, values map[string]string) string {
	return placeholderForm.ReplaceAllStringFunc(text, func(found string) string { return values[found[1:len(found)-1]] })
}

const maxDepth = 8

func isScalar(value any) bool {
	switch value.(type) {
	case string, int, int64, uint64, float64, bool:
		return true
	}
	return false
}

// eachText visits the texts of a body.
func eachText(value any, depth int, visit func(string)) error {
	if depth > maxDepth {
		return errors.New("is nested too deeply")
	}
	switch v := value.(type) {
	case string:
		visit(v)
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if err := eachText(v[name], depth+1, visit); err != nil {
				return err
			}
		}
	case []any:
		for _, one := range v {
			if err := eachText(one, depth+1, visit); err != nil {
				return err
			}
		}
	case nil, paramsValue:
	default:
		if !isScalar(value) {
			return fmt.Errorf("a value of type %T has no JSON form", value)
		}
	}
	return nil
}

// paramsValue stands for an object of the message's parameters.
type paramsValue struct{}

// ParamsValue is an object of the message's parameters, for bodies that are made in code.
var ParamsValue any = paramsValue{}

// filled is the body with its placeholders replaced. Values go into finished texts, so they cannot break out of them.
func filled(value any, values map[string]string) any {
	switch v := value.(type) {
	case paramsValue:
		return json.RawMessage(values["params_json"])
	case string:
		return fillIn(v, values)
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, one := range v {
			out[name] = filled(one, values)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = filled(one, values)
		}
		return out
	}
	return value
}

// HTTPConfig of a provider.
type HTTPConfig struct {
	Settings HTTPSettings // checked
	Secret   string       // content of secret_file
	Client   *outbound.Client
	Now      func() time.Time
	Rand     io.Reader
}

// HTTPProvider sends by one HTTP request a message, as its settings describe it.
type HTTPProvider struct{ cfg HTTPConfig }

// NewHTTP returns the provider.
func NewHTTP(cfg HTTPConfig) *HTTPProvider {
	cfg.Settings.setDefaults()
	return &HTTPProvider{cfg}
}

// Carries are the names of the templates it has an identifier for; nil when it needs none.
func (p *HTTPProvider) Carries() map[string]bool {
	if len(p.cfg.Settings.Templates) == 0 {
		return nil
	}
	all := map[string]bool{}
	for name := range p.cfg.Settings.Templates {
		base, _, _ := strings.Cut(name, ".")
		all[base] = true
	}
	return all
}

// templateID of a message: in its language first.
func (p *HTTPProvider) templateID(l Letter) (string, bool) {
	if len(p.cfg.Settings.Templates) == 0 {
		return l.Template, true
	}
	if id, ok := p.cfg.Settings.Templates[l.Template+"."+localeOr(l.Locale)]; ok {
		return id, true
	}
	id, ok := p.cfg.Settings.Templates[l.Template]
	return id, ok
}

// Send implements Provider.
func (p *HTTPProvider) Send(ctx context.Context, l Letter) (string, error) {
	s := p.cfg.Settings
	template, ok := p.templateID(l)
	if !ok {
		return "", fmt.Errorf("%w: no template in %s", ErrUnsent, l.Locale)
	}
	address, header, body, err := p.request(l, template)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnsent, err)
	}
	bounded, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	answer, err := p.cfg.Client.Do(bounded, s.Method, address, header, body)
	if errors.Is(err, outbound.ErrRefused) {
		return "", fmt.Errorf("%w: %w", ErrUnsent, err)
	}
	if err != nil {
		return "", err // perhaps it was taken
	}
	return p.judge(answer)
}

func (p *HTTPProvider) request(l Letter, template string) (address string, header http.Header, body []byte, err error) {
	s := p.cfg.Settings
	now := p.cfg.Now().UTC()
	params, err := json.Marshal(l.Filled)
	if err != nil {
		return "", nil, nil, err
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return "", nil, nil, err
	}
	values := map[string]string{
		"id": l.ID, "to": l.To, "to_plain": strings.TrimPrefix(l.To, "+"), "national": national(l.To), "kind": l.Kind, "locale": localeOr(l.Locale),
		"message": l.Template, "template": template, "text": l.Text.Text, "subject": l.Subject, "mail": l.Body, "digits": l.Digits, "params_json": string(params),
		"timestamp": strconv.FormatInt(now.Unix(), 10), "timestamp_ms": strconv.FormatInt(now.UnixMilli(), 10), "time": now.In(beijing).Format("20060102150405"),
		"nonce": ident.Secret(p.cfg.Rand, 16), "secret": p.cfg.Secret, "method": s.Method, "path": u.EscapedPath(),
	}
	for name, value := range l.Filled {
		if !slices.Contains(httpPlaceholders, name) {
			values[name] = value
		}
	}
	values["sorted"] = p.sorted(values)
	signedInBody := false
	eachText(s.Body, 0, func(text string) { signedInBody = signedInBody || slices.Contains(placeholdersOf(text), "signature") })
	if signedInBody {
		values["signature"] = p.sign(values)
	}
	content, contentType, err := p.encode(values)
	if err != nil {
		return "", nil, nil, err
	}
	values["body"] = string(content)
	if !signedInBody {
		values["signature"] = p.sign(values)
	}
	header = http.Header{}
	for name, value := range s.Headers {
		text := fillIn(value, values)
		if strings.ContainsAny(text, "\r\n\x00") {
			return "", nil, nil, errors.New("a header would break")
		}
		header.Set(name, text)
	}
	if s.Method == http.MethodGet {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += string(content)
		return u.String(), header, nil, nil
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", contentType)
	}
	return u.String(), header, content, nil
}

// sorted are the members of a flat body as name=value in the order of their names, without the signature's own: what many
// gateways sign.
func (p *HTTPProvider) sorted(values map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(p.cfg.Settings.Body)) {
		value := p.cfg.Settings.Body[name]
		text, isText := value.(string)
		if isText && slices.Contains(placeholdersOf(text), "signature") || !isScalar(value) {
			continue
		}
		parts = append(parts, name+"="+fmt.Sprint(filled(value, values)))
	}
	return strings.Join(parts, "&")
}

func (p *HTTPProvider) encode(values map[string]string) (content []byte, contentType string, err error) {
	s := p.cfg.Settings
	if s.Format == "form" || s.Method == http.MethodGet {
		form := url.Values{}
		for name, value := range s.Body {
			form.Set(name, fmt.Sprint(filled(value, values)))
		}
		return []byte(form.Encode()), "application/x-www-form-urlencoded", nil
	}
	content, err = json.Marshal(filled(s.Body, values))
	return content, "application/json", err
}

func (p *HTTPProvider) sign(values map[string]string) string {
	s := p.cfg.Settings.Signature
	var sum []byte
	switch over := []byte(fillIn(s.Over, values)); s.Algorithm {
	case "hmac-sha256":
		mac := hmac.New(sha256.New, []byte(p.cfg.Secret))
		mac.Write(over)
		sum = mac.Sum(nil)
	case "hmac-sm3":
		sum = digest.HMAC([]byte(p.cfg.Secret), over)
	default:
		return ""
	}
	if s.Encoding == "base64" {
		return base64.StdEncoding.EncodeToString(sum)
	}
	return hex.EncodeToString(sum)
}

// judge reads the answer. The provider's own words go into no error: they may repeat the number.
func (p *HTTPProvider) judge(answer *outbound.Answer) (string, error) {
	s := p.cfg.Settings.Success
	good := answer.Status >= 200 && answer.Status <= 299
	if len(s.Status) > 0 {
		good = slices.Contains(s.Status, answer.Status)
	}
	var document any
	if s.Field != "" || s.Reference != "" {
		decoder := json.NewDecoder(strings.NewReader(string(answer.Body)))
		decoder.UseNumber()
		if err := decoder.Decode(&document); err != nil {
			document = nil
		}
	}
	value, found := member(document, s.Field)
	if s.Field != "" && found && slices.Contains(s.Refused, value) {
		return "", ErrRefused
	}
	if !good {
		if answer.Status >= 400 && answer.Status <= 499 {
			return "", fmt.Errorf("%w: status %d", ErrUnsent, answer.Status)
		}
		return "", fmt.Errorf("status %d", answer.Status)
	}
	if s.Field != "" {
		switch {
		case !found:
			return "", errors.New("the answer lacks the field of success")
		case !slices.Contains(s.Values, value):
			return "", fmt.Errorf("%w: the provider answered with the code %q", ErrUnsent, clip(clean(value), 32))
		}
	}
	reference, _ := member(document, s.Reference)
	return reference, nil
}

// member is a scalar at a dotted path; numbers in the path count in lists.
func member(document any, path string) (string, bool) {
	if path == "" {
		return "", false
	}
	for name := range strings.SplitSeq(path, ".") {
		switch d := document.(type) {
		case map[string]any:
			document = d[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(d) {
				return "", false
			}
			document = d[i]
		default:
			return "", false
		}
	}
	switch d := document.(type) {
	case string:
		return d, true
	case json.Number:
		return d.String(), true
	case bool:
		return strconv.FormatBool(d), true
	}
	return "", false
}
