package channel

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// ReceiptSettings describe how a provider reports what became of what it took: a call to /hooks/messages/NAME, with the secret as last
// part of the address, or signed with it.
type ReceiptSettings struct {
	Secret    string `yaml:"secret_file"` // 16 characters at least; receipts are taken where it is set
	Algorithm string `yaml:"algorithm"`   // path (default): the secret is the end of the address; hmac-sha256 or hmac-sm3: it signs
	Over      string `yaml:"over"`        // what is signed, of {timestamp}, {nonce} and {body}; "{timestamp}\n{nonce}\n{body}" when empty
	Encoding  string `yaml:"encoding"`    // of the signature: hex (default) or base64
	// Names of the headers of a signed call; X-Signature, X-Timestamp and X-Nonce when empty.
	SignatureHeader string `yaml:"signature_header"`
	TimestampHeader string `yaml:"timestamp_header"`
	NonceHeader     string `yaml:"nonce_header"`
	// List is the dotted path to a list of reports; empty is a body that is one report or a list of them.
	List      string   `yaml:"list"`
	Reference string   `yaml:"reference"` // dotted path of the provider's number, as in success.reference
	State     string   `yaml:"state"`     // dotted path of what became of it
	Delivered []string `yaml:"delivered"` // values of state
	Failed    []string `yaml:"failed"`    // any other is unknown
	Answer    string   `yaml:"answer"`    // what the provider wants to read; {} when empty
	// Answers are what people answered: a key that was pressed in a call, or an SMS that was sent back. They come by the same calls, signed.
	Answers AnswerSettings `yaml:"answers"`
}

// States of reports.
const (
	Delivered = "delivered"
	Failed    = "failed"
	Unknown   = "unknown" // the provider said something that is neither
)

// Report is what a provider says became of a message. It is known by the provider's own number; the recipient stands in none.
type Report struct {
	Provider, Reference, State string
	At                         time.Time
}

// Bounds of a call with reports.
const (
	MaxReportBody = 64 << 10
	MaxReports    = 500
	reportSkew    = 5 * time.Minute
	leastSecret   = 16
)

// Errors of calls with reports.
var (
	ErrReportSecret = errors.New("channel: the call is not the provider's")
	ErrReportForm   = errors.New("channel: no reports of the form that is configured")
)

// Configured reports whether receipts are taken.
func (s ReceiptSettings) Configured() bool { return s.Secret != "" }

func (s *ReceiptSettings) setDefaults() {
	for _, one := range []struct {
		field *string
		value string
	}{{&s.Algorithm, "path"}, {&s.Over, "{timestamp}\n{nonce}\n{body}"}, {&s.Encoding, "hex"}, {&s.SignatureHeader, "X-Signature"}, {&s.TimestampHeader, "X-Timestamp"}, {&s.NonceHeader, "X-Nonce"}, {&s.Answer, "{}"}} {
		if *one.field == "" {
			*one.field = one.value
		}
	}
}

// takesReports reports whether the calls tell what became of messages; without answers they have to.
func (s ReceiptSettings) takesReports() bool {
	return s.Reference != "" || s.State != "" || len(s.Delivered)+len(s.Failed) > 0 || !s.Answers.Configured()
}

func (s ReceiptSettings) check(at string, success Success, voice bool) []string {
	if !s.Configured() {
		if s.Reference != "" || s.State != "" || len(s.Delivered)+len(s.Failed) > 0 || s.Answers.Configured() {
			return []string{at + ".secret_file: receipts need a secret"}
		}
		return nil
	}
	s.setDefaults()
	var faults []string
	add := func(text string) { faults = append(faults, at+text) }
	if !slices.Contains([]string{"path", "hmac-sha256", "hmac-sm3"}, s.Algorithm) {
		add(".algorithm: must be path, hmac-sha256 or hmac-sm3")
	}
	if s.Encoding != "hex" && s.Encoding != "base64" {
		add(".encoding: must be hex or base64")
	}
	for _, name := range placeholdersOf(s.Over) {
		if name != "timestamp" && name != "nonce" && name != "body" {
			add(".over: {" + name + "} cannot stand here")
		}
	}
	if s.Algorithm != "path" && (!slices.Contains(placeholdersOf(s.Over), "body") || !slices.Contains(placeholdersOf(s.Over), "timestamp")) {
		add(".over: must hold {body} and {timestamp}")
	}
	for _, name := range []string{s.SignatureHeader, s.TimestampHeader, s.NonceHeader} {
		if !headerName.MatchString(name) {
			add(".signature_header: " + strconv.Quote(name) + " is no header")
		}
	}
	if s.takesReports() && (s.Reference == "" || s.State == "" || len(s.Delivered) == 0 || len(s.Failed) == 0) {
		add(".reference: reference, state, delivered and failed go together")
	}
	faults = append(faults, s.Answers.check(at+".answers", voice)...)
	if s.Answers.Configured() && s.Algorithm == "path" { // an answer may be somebody's consent, and addresses lie in the logs of proxies
		add(".algorithm: answers have to be signed: hmac-sha256 or hmac-sm3")
	}
	if slices.ContainsFunc(s.Delivered, func(value string) bool { return slices.Contains(s.Failed, value) }) {
		add(".failed: a value stands in delivered too")
	}
	if success.Reference == "" {
		add(".reference: needs success.reference, by which a message is known")
	}
	if len(s.Answer) > 256 {
		add(".answer: at most 256 octets")
	}
	return faults
}

// Receipts reads the calls of one provider.
type Receipts struct {
	settings ReceiptSettings
	provider string
	kind     string
	secret   []byte
	now      func() time.Time
}

// NewReceipts returns the reader of a provider's calls; kind is that of its messages.
func NewReceipts(provider, kind string, settings ReceiptSettings, secret string, now func() time.Time) (*Receipts, error) {
	if len(secret) < leastSecret {
		return nil, errors.New("the secret of receipts has less than 16 characters")
	}
	settings.setDefaults()
	settings.Answers.setDefaults(kind == Voice)
	return &Receipts{settings, provider, kind, []byte(secret), now}, nil
}

// Answer is what the provider wants to read.
func (r *Receipts) Answer() string { return r.settings.Answer }

// Reports says whether the calls tell what became of messages.
func (r *Receipts) Reports() bool { return r.settings.takesReports() }

// Answers reports whether the calls tell what people answered.
func (r *Receipts) Answers() bool { return r.settings.Answers.Configured() }

// Told is what a call says.
type Told struct {
	Reports []Report
	Replies []Reply
}

// Read judges whose call it is, and then what it says: ErrReportSecret, ErrReportForm. pathSecret is the end of the address.
func (r *Receipts) Read(pathSecret string, header http.Header, body []byte) (told Told, err error) {
	if !r.authentic(pathSecret, header, body) {
		return told, ErrReportSecret
	}
	document, err := readReport(header.Get("Content-Type"), body)
	if err != nil {
		return told, ErrReportForm
	}
	list := []any{document}
	if r.settings.List != "" {
		document, _ = at(document, r.settings.List)
	}
	if many, ok := document.([]any); ok {
		list = many
	} else if r.settings.List != "" {
		return told, ErrReportForm
	}
	if len(list) > MaxReports {
		return told, ErrReportForm
	}
	for _, one := range list {
		report, isReport := r.report(one)
		reply, isReply := r.reply(one)
		if !isReport && !isReply {
			return Told{}, ErrReportForm
		}
		if isReport {
			told.Reports = append(told.Reports, report)
		}
		if isReply {
			told.Replies = append(told.Replies, reply)
		}
	}
	return told, nil
}

func (r *Receipts) report(one any) (report Report, ok bool) {
	if !r.Reports() {
		return report, false
	}
	reference, ok := member(one, r.settings.Reference)
	reference = referenceOf(reference)
	state, said := member(one, r.settings.State)
	report = Report{Provider: r.provider, Reference: reference, State: Unknown, At: r.now().UTC()}
	switch {
	case slices.Contains(r.settings.Delivered, state):
		report.State = Delivered
	case slices.Contains(r.settings.Failed, state):
		report.State = Failed
	}
	return report, ok && said && reference != ""
}

func (r *Receipts) authentic(pathSecret string, header http.Header, body []byte) bool {
	if r.settings.Algorithm == "path" {
		return subtle.ConstantTimeCompare([]byte(pathSecret), r.secret) == 1
	}
	stamp := header.Get(r.settings.TimestampHeader)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || pathSecret != "" {
		return false
	}
	if seconds > 1e11 { // in milliseconds
		seconds /= 1000
	}
	if off := r.now().Sub(time.Unix(seconds, 0)); off > reportSkew || off < -reportSkew {
		return false
	}
	over := []byte(fillIn(r.settings.Over, map[string]string{"timestamp": stamp, "nonce": header.Get(r.settings.NonceHeader), "body": string(body)}))
	var want []byte
	if r.settings.Algorithm == "hmac-sm3" {
		want = digest.HMAC(r.secret, over)
	} else {
		mac := hmac.New(sha256.New, r.secret)
		mac.Write(over)
		want = mac.Sum(nil)
	}
	given, err := hex.DecodeString(header.Get(r.settings.SignatureHeader))
	if r.settings.Encoding == "base64" {
		given, err = base64.StdEncoding.DecodeString(header.Get(r.settings.SignatureHeader))
	}
	return err == nil && hmac.Equal(given, want)
}

// readReport reads JSON, or a form as an object of texts.
func readReport(contentType string, body []byte) (any, error) {
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		object := map[string]any{}
		for name, values := range form {
			object[name] = values[0]
		}
		return object, nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil || decoder.More() {
		return nil, ErrReportForm
	}
	return document, nil
}

// at is the value at a dotted path of objects.
func at(document any, path string) (any, bool) {
	for name := range strings.SplitSeq(path, ".") {
		object, ok := document.(map[string]any)
		if !ok {
			return nil, false
		}
		document = object[name]
	}
	return document, document != nil
}

// referenceOf is a provider's number as it is kept.
func referenceOf(text string) string { return clip(clean(text), 64) }

// FallsBack reports whether a message that was not delivered may go out another way: notices may. A code is bound to the address for which
// it was asked, and of no use later.
func FallsBack(template string) bool {
	return template != TemplateCode && template != TemplateCounterCode && template != TemplateElderCode && template != TemplateElderAsk && template != TemplateNewDevice && template != TemplateTest
}

// TopicFallback is the outbox topic of notices that go out by mail because the SMS did not arrive.
const TopicFallback = "message.fallback"

// Fallback is a notice that goes out by mail if its SMS did not arrive; sealed for the account. It is also the payload of TopicFallback.
type Fallback struct {
	ID        string    `json:"id"` // of the message
	Provider  string    `json:"-"`
	Reference string    `json:"-"`
	AccountID string    `json:"account_id"`
	KeyID     string    `json:"key_id"`
	Sealed    []byte    `json:"sealed"`
	Until     time.Time `json:"-"` // when a report is of no more use
}

// Figures are what became of a provider's messages on a day (Beijing time).
type Figures struct {
	Day      string // 2006-01-02
	Provider string
	// Sent was taken by the provider, Refused was not; Delivered and Failed are of what was sent, as far as the provider reports.
	Sent, Refused, Delivered, Failed int64
}

// FiguresDays is how far figures look back.
const FiguresDays = 30

// DayOf writes a day that is counted since 1970-01-01.
func DayOf(number int64) string {
	return time.Unix(number*86400, 0).UTC().Format(time.DateOnly)
}
