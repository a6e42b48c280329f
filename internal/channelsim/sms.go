package channelsim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// SMS is a provider by HTTP with templates: POST /sms with the body of Order, GET /messages with what it took.
//
// A request is signed: header X-Signature is the hex HMAC-SHA256, under the secret, of timestamp, nonce and body with line feeds
// between them; X-Timestamp is in seconds and at most five minutes off, X-Nonce comes once.
type SMS struct {
	Log       *Log
	Secret    string
	Templates map[string][]string // identifier to the names of its parameters; nil takes any
	Late      time.Duration       // how long a slow answer takes
	Now       func() time.Time
}

// Order is the body of a request.
type Order struct {
	Template string `json:"template"`
	Phone    string `json:"phone"`  // eleven digits, or +86 and these
	Params   Params `json:"params"` // an object, or a text that holds one
	ID       string `json:"id"`     // of the sender; a repeated one is answered as the first was
	// Callback is where the delivery report goes, a moment after the answer: an address on loopback. Empty reports nothing.
	Callback string `json:"callback,omitempty"`
	// Ask says that the recipient is to answer: call or sms. Magic numbers do so by themselves, others by POST /answers.
	Ask string `json:"ask,omitempty"`
}

// Params of a template. Providers take an object or, more often, a text that holds one; this one takes both.
type Params map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (p *Params) UnmarshalJSON(content []byte) error {
	var text string
	if json.Unmarshal(content, &text) == nil && text != "" {
		content = []byte(text)
	}
	return json.Unmarshal(content, (*map[string]string)(p))
}

// Codes of answers.
const (
	CodeOK        = "OK"
	CodeNumber    = "NUMBER_INVALID"
	CodeLimited   = "RATE_LIMITED"
	CodeTemplate  = "TEMPLATE_UNKNOWN"
	CodeParams    = "PARAMS_INVALID"
	CodeSignature = "SIGNATURE_INVALID"
	CodeMalformed = "MALFORMED"
	CodeBroken    = "UNAVAILABLE"
)

// Answer is the body of an answer.
type Answer struct {
	Code      string `json:"code"`
	MessageID string `json:"message_id,omitempty"`
}

const (
	maxOrder = 16 << 10
	maxSkew  = 5 * time.Minute
)

// ServeHTTP implements http.Handler.
func (s *SMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/messages" && r.Method == http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(s.Log.Messages())
	case r.URL.Path == "/sms" && r.Method == http.MethodPost:
		s.order(w, r)
	case r.URL.Path == "/answers" && r.Method == http.MethodPost:
		s.answerOf(w, r)
	default:
		http.NotFound(w, r)
	}
}

func answer(w http.ResponseWriter, status int, a Answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(a)
}

func (s *SMS) order(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOrder))
	if err != nil {
		answer(w, http.StatusRequestEntityTooLarge, Answer{Code: CodeMalformed})
		return
	}
	if !s.signed(r.Header, body) {
		answer(w, http.StatusUnauthorized, Answer{Code: CodeSignature})
		return
	}
	o, code := s.read(body)
	if code != CodeOK {
		answer(w, http.StatusOK, Answer{Code: code})
		return
	}
	fault := numbers[o.Phone]
	took := func() string {
		id := "sim-" + hex.EncodeToString(sum(s.Secret, o.ID, o.Phone))[:16]
		if o.ID == "" || s.Log.first("sms/"+id) {
			if o.Callback != "" {
				go s.report(o.Callback, id, stateOf(fault))
			}
			if word, self := answering[o.Phone]; self && o.Ask != "" {
				go s.reply(o.Callback, id, o.Phone, map[bool]map[string]string{true: {"call": "1", "sms": "Y"}, false: {"call": "2", "sms": "N"}}[word][o.Ask])
			}
			s.Log.keep(Message{ID: id, Kind: "sms", To: o.Phone, Template: o.Template, Params: o.Params, State: stateOf(fault), At: s.Now().UTC(), callback: o.Callback})
		}
		return id
	}
	switch fault {
	case Refused:
		answer(w, http.StatusOK, Answer{Code: CodeNumber})
	case Limited:
		w.Header().Set("Retry-After", "60")
		answer(w, http.StatusTooManyRequests, Answer{Code: CodeLimited})
	case Broken:
		answer(w, http.StatusServiceUnavailable, Answer{Code: CodeBroken})
	case Flaky:
		if s.Log.first("flaky/" + o.ID) {
			answer(w, http.StatusServiceUnavailable, Answer{Code: CodeBroken})
			return
		}
		answer(w, http.StatusOK, Answer{Code: CodeOK, MessageID: took()})
	case Garbage:
		took()
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<html><body>系统繁忙") // cut off, as a proxy in the middle leaves it
	case Slow:
		id := took()
		wait := time.NewTimer(s.Late)
		defer wait.Stop()
		select {
		case <-wait.C:
			answer(w, http.StatusOK, Answer{Code: CodeOK, MessageID: id})
		case <-r.Context().Done():
		}
	default:
		answer(w, http.StatusOK, Answer{Code: CodeOK, MessageID: took()})
	}
}

// reportAfter lets the sender read the answer first, as it mostly does with real providers.
const reportAfter = 200 * time.Millisecond

// Words of reports.
const (
	ReportDelivered   = "DELIVRD"
	ReportUndelivered = "UNDELIV"
)

// report tells the sender what became of a message: JSON of message_id and status. It is told once.
func (s *SMS) report(address, id, state string) {
	word := ReportDelivered
	if state == Undelivered {
		word = ReportUndelivered
	}
	s.tell(address, id, map[string]string{"message_id": id, "status": word})
}

// reply tells the sender what a recipient answered: JSON of answer_id, message_id, phone and text.
func (s *SMS) reply(address, id, phone, text string) {
	if text != "" {
		answer := id + "-" + text + "-" + strconv.FormatInt(s.Now().UnixNano(), 36)
		s.tell(address, answer, map[string]string{"answer_id": answer, "message_id": id, "phone": phone, "text": text})
	}
}

// answerOf lets the recipient of a message answer: JSON of message_id and text, by anybody on loopback.
func (s *SMS) answerOf(w http.ResponseWriter, r *http.Request) {
	var in struct {
		MessageID string `json:"message_id"`
		Text      string `json:"text"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder)).Decode(&in); err != nil || in.Text == "" {
		answer(w, http.StatusBadRequest, Answer{Code: CodeMalformed})
		return
	}
	for _, m := range s.Log.Messages() {
		if m.ID == in.MessageID && m.callback != "" {
			go s.reply(m.callback, m.ID, m.To, in.Text)
			answer(w, http.StatusOK, Answer{Code: CodeOK, MessageID: m.ID})
			return
		}
	}
	http.NotFound(w, r)
}

// tell posts one thing to a callback on loopback, in a list and signed as orders are.
func (s *SMS) tell(address, nonce string, what map[string]string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
		return
	}
	time.Sleep(reportAfter)
	body, _ := json.Marshal([]map[string]string{what}) // texts cannot fail
	stamp := strconv.FormatInt(s.Now().Unix(), 10)
	request, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return
	}
	request.Header = http.Header{"Content-Type": {"application/json"}, "X-Timestamp": {stamp}, "X-Nonce": {nonce}, "X-Signature": {hex.EncodeToString(sum(s.Secret, stamp, nonce, string(body)))}}
	client := &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if answer, err := client.Do(request); err == nil {
		answer.Body.Close()
	}
}

func sum(secret string, parts ...string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, strings.Join(parts, "\n"))
	return mac.Sum(nil)
}

func (s *SMS) signed(h http.Header, body []byte) bool {
	stamp, nonce := h.Get("X-Timestamp"), h.Get("X-Nonce")
	given, err := hex.DecodeString(h.Get("X-Signature"))
	if err != nil || nonce == "" || len(nonce) > 128 || !hmac.Equal(given, sum(s.Secret, stamp, nonce, string(body))) {
		return false
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return false
	}
	if off := s.Now().Sub(time.Unix(seconds, 0)); off > maxSkew || off < -maxSkew {
		return false
	}
	return s.Log.first("nonce/" + nonce)
}

// read checks an order; the code says what is wrong with it.
func (s *SMS) read(body []byte) (o Order, code string) {
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); err != nil || decoder.More() {
		return o, CodeMalformed
	}
	o.Phone = strings.TrimPrefix(o.Phone, "+86")
	if len(o.Phone) != 11 || o.Phone[0] != '1' || strings.Trim(o.Phone, "0123456789") != "" {
		return o, CodeNumber
	}
	if s.Templates == nil {
		return o, CodeOK
	}
	wanted, known := s.Templates[o.Template]
	if !known {
		return o, CodeTemplate
	}
	if len(wanted) != len(o.Params) {
		return o, CodeParams
	}
	for _, name := range wanted {
		if o.Params[name] == "" {
			return o, CodeParams
		}
	}
	return o, CodeOK
}
