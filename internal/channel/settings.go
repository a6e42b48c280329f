package channel

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Settings are the channels of a configuration.
type Settings struct {
	// SMS and Mail are providers in the order in which they are tried.
	SMS  []ProviderSettings `yaml:"sms"`
	Mail []ProviderSettings `yaml:"mail"`
	// Voice are providers of calls that read a code aloud; by http only. Without one no call is offered.
	Voice []ProviderSettings `yaml:"voice"`
	// Countries to which SMS and calls go: prefixes ("+852"), with "!" in front those to which none go; the longest decides.
	Countries Countries `yaml:"countries"`
	// PerAddress and PerNetwork bound the codes that one address and one network (IPv4 /24, IPv6 /48) may ask for in an hour.
	PerAddress int `yaml:"per_address"`
	PerNetwork int `yaml:"per_network"`
}

// ProviderSettings is one provider: by HTTP, or by SMTP for mail.
type ProviderSettings struct {
	Name string       `yaml:"name"` // in receipts, metrics and the day's account
	HTTP HTTPSettings `yaml:"http"`
	SMTP SMTPSettings `yaml:"smtp"`
	// Cost of one part of an SMS or of one mail, and what may be spent on a day (Beijing time), in a unit of the operator's
	// choice, for instance 1/1000 yuan. A ceiling of zero is none.
	Cost    int64 `yaml:"cost"`
	Ceiling int64 `yaml:"daily_ceiling"`
	// Countries that this provider serves; empty serves all that go out.
	Countries Countries `yaml:"countries"`
}

// HTTPSettings describe the request of an HTTP provider. Values of headers and body hold placeholders in braces.
type HTTPSettings struct {
	URL       string            `yaml:"url"`
	Method    string            `yaml:"method"`  // POST when empty; GET puts the body into the query
	Format    string            `yaml:"format"`  // of the body: json (default) or form
	Headers   map[string]string `yaml:"headers"` // name to value
	Body      map[string]any    `yaml:"body"`    // members; texts hold placeholders
	Secret    string            `yaml:"secret_file"`
	Signature Signature         `yaml:"signature"`
	Templates map[string]string `yaml:"templates"` // our name, or name.locale, to the provider's identifier
	Success   Success           `yaml:"success"`
	Timeout   time.Duration     `yaml:"timeout"` // of an exchange, 5 s at most and when empty
	Receipts  ReceiptSettings   `yaml:"receipts"`
}

// Signature is the recipe of {signature}.
type Signature struct {
	Algorithm string `yaml:"algorithm"` // none (default), hmac-sha256 or hmac-sm3, with the secret as key
	Over      string `yaml:"over"`      // what is signed, with placeholders; "{body}" when empty
	Encoding  string `yaml:"encoding"`  // hex (default) or base64
}

// Success tells an answer that took the message from one that did not.
type Success struct {
	Status    []int    `yaml:"status"`    // 200 to 299 when empty
	Field     string   `yaml:"field"`     // dotted path into the JSON answer; none when empty
	Values    []string `yaml:"values"`    // of the field: it was taken
	Refused   []string `yaml:"refused"`   // of the field: this recipient cannot be reached, nobody tries again
	Reference string   `yaml:"reference"` // dotted path of the provider's own number, for the receipt
}

// SMTPSettings name a mail server (RFC 5321, 3207, 4954).
type SMTPSettings struct {
	Host     string `yaml:"host"`
	Port     int    `yaml:"port"` // 465 for tls, 587 for starttls when zero
	TLS      string `yaml:"tls"`  // starttls (default), tls, or none on loopback only
	User     string `yaml:"user"` // no authentication when empty
	Password string `yaml:"password_file"`
	From     string `yaml:"from"`      // address
	FromName string `yaml:"from_name"` // shown beside it; the operator's name when empty
	Hello    string `yaml:"hello"`     // name of this host; the issuer's when empty
}

// Default limits of codes in an hour.
const (
	DefaultPerAddress = 200
	DefaultPerNetwork = 1000
	MaxProviders      = 4 // of a kind; a delivery must end within the outbox's lease
)

// Empty reports whether no provider is configured.
func (s Settings) Empty() bool { return len(s.SMS) == 0 && len(s.Mail) == 0 && len(s.Voice) == 0 }

// SetDefaults fills in what was left out.
func (s *Settings) SetDefaults() {
	if len(s.Countries) == 0 {
		s.Countries = DefaultCountries
	}
	if s.PerAddress == 0 {
		s.PerAddress = DefaultPerAddress
	}
	if s.PerNetwork == 0 {
		s.PerNetwork = DefaultPerNetwork
	}
	for _, providers := range [][]ProviderSettings{s.SMS, s.Mail, s.Voice} {
		for i := range providers {
			if providers[i].SMTP.Host != "" {
				providers[i].SMTP.setDefaults()
			}
			if providers[i].HTTP.URL != "" {
				providers[i].HTTP.setDefaults()
			}
		}
	}
}

func (s *SMTPSettings) setDefaults() {
	if s.TLS == "" {
		s.TLS = "starttls"
	}
	if s.Port == 0 {
		s.Port = map[string]int{"tls": 465, "starttls": 587, "none": 25}[s.TLS]
	}
}

func (s *HTTPSettings) setDefaults() {
	if s.Method == "" {
		s.Method = "POST"
	}
	if s.Format == "" {
		s.Format = "json"
	}
	if s.Timeout == 0 {
		s.Timeout = maxTimeout
	}
	if s.Signature.Algorithm == "" {
		s.Signature.Algorithm = "none"
	}
	if s.Signature.Over == "" {
		s.Signature.Over = "{body}"
	}
	if s.Signature.Encoding == "" {
		s.Signature.Encoding = "hex"
	}
}

const maxTimeout = 5 * time.Second

var (
	providerName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)
	headerName   = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	hostName     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$`)
	mailAddress  = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9-]{1,63}$`)
)

// Check reports every fault, each with the path of its field.
func (s Settings) Check() []string {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if err := s.Countries.Check(); err != nil {
		add("channels.countries: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if s.PerAddress < 0 || s.PerNetwork < 0 || s.PerNetwork < s.PerAddress {
		add("channels.per_network: may not be below channels.per_address, and none below 1")
	}
	names := map[string]bool{}
	for _, kind := range []struct {
		name      string
		providers []ProviderSettings
	}{{"sms", s.SMS}, {"mail", s.Mail}, {"voice", s.Voice}} {
		if len(kind.providers) > MaxProviders {
			add("channels.%s: at most %d providers", kind.name, MaxProviders)
		}
		for i, p := range kind.providers {
			at := fmt.Sprintf("channels.%s[%d]", kind.name, i)
			if !providerName.MatchString(p.Name) || names[p.Name] {
				add("%s.name: must be a word of its own of a-z, 0-9, - and _", at)
			}
			names[p.Name] = true
			if p.Cost < 0 || p.Ceiling < 0 || p.Ceiling > 0 && p.Ceiling < p.Cost {
				add("%s.daily_ceiling: must hold at least one message", at)
			}
			if err := p.Countries.Check(); err != nil {
				add("%s.countries: %s", at, strings.ReplaceAll(err.Error(), "\n", "; "))
			}
			switch byHTTP, bySMTP := p.HTTP.URL != "", p.SMTP.Host != ""; {
			case byHTTP == bySMTP:
				add("%s: needs either http.url or smtp.host", at)
			case bySMTP && kind.name != "mail":
				add("%s: smtp carries mail only", at)
			case byHTTP:
				faults = append(faults, p.HTTP.check(at+".http", kind.name == "voice")...)
			default:
				faults = append(faults, p.SMTP.check(at+".smtp")...)
			}
		}
	}
	return faults
}

func (s SMTPSettings) check(at string) []string {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, at+fmt.Sprintf(format, args...)) }
	if !hostName.MatchString(s.Host) {
		add(".host: must be a host name or address")
	}
	switch s.TLS {
	case "starttls", "tls":
	case "none":
		if !isLoopback(s.Host) {
			add(".tls: mail leaves this host under TLS only; use starttls or tls")
		}
	default:
		add(".tls: %q is not known; use starttls or tls", s.TLS)
	}
	if s.Port < 1 || s.Port > 65535 {
		add(".port: must be 1 to 65535")
	}
	if !mailAddress.MatchString(s.From) {
		add(".from: must be an address that may send")
	}
	if s.FromName != clean(s.FromName) || units(s.FromName) > 64 {
		add(".from_name: must be one line of at most 64 characters")
	}
	if s.Hello != "" && !hostName.MatchString(s.Hello) {
		add(".hello: must be a host name")
	}
	if (s.User == "") != (s.Password == "") {
		add(".user: goes together with password_file")
	}
	return faults
}

func (s HTTPSettings) check(at string, voice bool) []string {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, at+fmt.Sprintf(format, args...)) }
	if u, err := url.Parse(s.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		add(".url: must be an absolute address without user and fragment")
	}
	if s.Method != "POST" && s.Method != "PUT" && s.Method != "GET" {
		add(".method: must be POST, PUT or GET")
	}
	if s.Format != "json" && s.Format != "form" {
		add(".format: must be json or form")
	}
	if s.Timeout < 0 || s.Timeout > maxTimeout {
		add(".timeout: must be at most %s", maxTimeout)
	}
	if s.Signature.Algorithm != "none" && s.Signature.Algorithm != "hmac-sha256" && s.Signature.Algorithm != "hmac-sm3" {
		add(".signature.algorithm: must be none, hmac-sha256 or hmac-sm3")
	}
	if s.Signature.Encoding != "hex" && s.Signature.Encoding != "base64" {
		add(".signature.encoding: must be hex or base64")
	}
	if s.Signature.Algorithm != "none" && s.Secret == "" {
		add(".secret_file: a signature needs its key")
	}
	if len(s.Body) == 0 {
		add(".body: is missing")
	}
	uses := map[string]bool{}
	see := func(where, text string, over bool) {
		for _, name := range placeholdersOf(text) {
			uses[name] = true
			switch {
			case !slices.Contains(httpPlaceholders, name) && !isParam(name):
				add("%s: {%s} is not known", where, name)
			case name == "secret" && s.Secret == "":
				add("%s: {secret} needs secret_file", where)
			case over && name == "signature", !over && where == ".body" && (name == "body" || name == "sorted"):
				add("%s: {%s} cannot stand here", where, name)
			}
		}
	}
	for name, value := range s.Headers {
		if !headerName.MatchString(name) || slices.Contains([]string{"host", "content-length", "transfer-encoding", "connection"}, strings.ToLower(name)) {
			add(".headers: %q cannot be set", name)
		}
		see(".headers", value, false)
	}
	if err := eachText(s.Body, 0, func(text string) { see(".body", text, false) }); err != nil {
		add(".body: %s", err)
	}
	if s.Format == "form" || s.Method == "GET" {
		for name, value := range s.Body {
			if !isScalar(value) {
				add(".body: %s: a form has texts and numbers only", name)
			}
		}
	}
	inBody := false
	eachText(s.Body, 0, func(text string) { inBody = inBody || slices.Contains(placeholdersOf(text), "signature") })
	if s.Signature.Algorithm != "none" {
		see(".signature.over", s.Signature.Over, true)
		if !uses["signature"] {
			add(".signature: {signature} stands nowhere")
		}
		if inBody && slices.Contains(placeholdersOf(s.Signature.Over), "body") {
			add(".signature.over: {body} holds the signature itself")
		}
	} else if uses["signature"] {
		add(".signature.algorithm: {signature} needs one")
	}
	if !uses["to"] && !uses["to_plain"] && !uses["national"] {
		add(".body: nobody is named; use {to}, {to_plain} or {national}")
	}
	for name := range s.Templates {
		base, _, _ := strings.Cut(name, ".")
		if _, known := templates[base]; !known {
			add(".templates: %q is no message", name)
		}
	}
	if (s.Success.Field == "") != (len(s.Success.Values) == 0) {
		add(".success: field and values go together")
	}
	if len(s.Success.Refused) > 0 && s.Success.Field == "" {
		add(".success.refused: needs the field")
	}
	faults = append(faults, s.Receipts.check(at+".receipts", s.Success, voice)...)
	return faults
}
