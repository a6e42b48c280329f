package federation

import (
	"net/url"
	"regexp"
	"slices"

	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
)

// Protocols of sources.
const (
	ProtocolOIDC   = "oidc"
	ProtocolTicket = "ticket"
)

// TicketProtocol is a home-made single sign-on of an upper platform as data; package ticketbridge speaks it. Fields are
// paths in the JSON of the last answer, for instance data.user.id.
type TicketProtocol struct {
	LoginURL         string        `json:"login_url" yaml:"login_url"`                 // where the browser goes
	ExchangeURL      string        `json:"exchange_url" yaml:"exchange_url"`           // ticket for token, or for the person at once
	UserURL          string        `json:"user_url" yaml:"user_url"`                   // token for the person; empty: the exchange names it
	LogoutURL        string        `json:"logout_url" yaml:"logout_url"`               // with end_session, where the browser goes to end the source's session
	TicketParameter  string        `json:"ticket_parameter" yaml:"ticket_parameter"`   // default ticket
	AddressParameter string        `json:"address_parameter" yaml:"address_parameter"` // our address; default goto
	StateParameter   string        `json:"state_parameter" yaml:"state_parameter"`     // given back with the ticket; empty: the state stands in our address
	AppParameter     string        `json:"app_parameter" yaml:"app_parameter"`         // client_id goes there; empty: it is not sent
	FreshParameter   string        `json:"fresh_parameter" yaml:"fresh_parameter"`     // asks for a new login; empty: the source cannot
	SendAddress      bool          `json:"send_address" yaml:"send_address"`           // our address goes with the ticket into the exchange
	TokenField       string        `json:"token_field" yaml:"token_field"`             // of the exchange; default token
	TokenParameter   string        `json:"token_parameter" yaml:"token_parameter"`     // of the user call; default token
	SuccessField     string        `json:"success_field" yaml:"success_field"`         // empty: status 200 is enough
	SuccessValues    []string      `json:"success_values" yaml:"success_values"`
	SubjectField     string        `json:"subject_field" yaml:"subject_field"`       // default user_id
	SessionField     string        `json:"session_field" yaml:"session_field"`       // names the source's session; needed for its logout messages
	LogoutParameter  string        `json:"logout_parameter" yaml:"logout_parameter"` // of a logout message; default session_id
	ACRField         string        `json:"acr_field" yaml:"acr_field"`               // empty: every login is aal 1
	Signature        ticket.Recipe `json:"signature" yaml:"signature"`
	Legacy           bool          `json:"legacy" yaml:"legacy"` // takes md5_legacy on the operator's responsibility
}

var pathForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,5}$`)

// normalize fills in defaults and tells what cannot be.
func (t *TicketProtocol) normalize() (field, why string) {
	for value, fallback := range map[*string]string{&t.TicketParameter: "ticket", &t.AddressParameter: "goto", &t.TokenField: "token", &t.TokenParameter: "token", &t.SubjectField: "user_id", &t.LogoutParameter: "session_id"} {
		if *value == "" {
			*value = fallback
		}
	}
	for name, address := range map[string]string{"login_url": t.LoginURL, "exchange_url": t.ExchangeURL, "user_url": t.UserURL, "logout_url": t.LogoutURL} {
		if address == "" && (name == "user_url" || name == "logout_url") {
			continue
		}
		if !isSourceAddress(address) {
			return name, "an https address; plain http on loopback only"
		}
	}
	if field, why := t.Signature.Normalize(); field != "" {
		return "signature." + field, why
	}
	names := []string{t.TicketParameter, t.AddressParameter, t.Signature.Parameter, t.Signature.Time, t.Signature.Nonce}
	for _, name := range []string{t.StateParameter, t.AppParameter, t.FreshParameter} {
		if name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	switch {
	case len(slices.Compact(names)) != len(names):
		return "ticket_parameter", "two parameters have one name"
	case t.Signature.Algorithm == ticket.MD5 && !t.Legacy:
		return "signature.algorithm", "md5_legacy proves little; it needs legacy: true"
	case (t.SuccessField == "") != (len(t.SuccessValues) == 0):
		return "success_field", "success_field and success_values go together"
	}
	for name, path := range map[string]string{"token_field": t.TokenField, "subject_field": t.SubjectField, "session_field": t.SessionField, "success_field": t.SuccessField, "acr_field": t.ACRField} {
		if path != "" && !pathForm.MatchString(path) {
			return name, "a path of names with dots between"
		}
	}
	return "", ""
}

// isSourceAddress reports whether an address of a source may be used at all.
func isSourceAddress(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
}
