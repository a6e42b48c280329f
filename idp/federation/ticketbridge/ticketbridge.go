// Package ticketbridge is the department's side of a home-made single sign-on of an upper platform: the browser brings a
// ticket, we exchange it at the platform with a signed request, and read who it is from the answer. Names, signature and
// fields are data (federation.TicketProtocol), because no two platforms agree.
//
//	Begin (login_url, with our address) → browser → ticket → Finish: exchange_url, then user_url where there is one
//
// What binds the answer to its question is the state of the intent, in a parameter that the platform gives back, or in our
// own address. Everything that the platform says is bounded and read by the names of the registration alone.
package ticketbridge

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Fetcher sends requests; *outbound.Client is one (security rule R9).
type Fetcher interface {
	Do(ctx context.Context, method, address string, header http.Header, body []byte) (*outbound.Answer, error)
}

// Config of the provider.
type Config struct {
	Fetch Fetcher
	// Sign signs with the platform's SM2 key (DER); the source verifies with the key at gm_jwks_uri.
	Sign func(ctx context.Context, text []byte) ([]byte, error)
	Now  func() time.Time
	Rand io.Reader
}

// Provider implements federation.Provider.
type Provider struct{ cfg Config }

// New returns a provider.
func New(cfg Config) *Provider { return &Provider{cfg} }

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %w", federation.ErrRefused, fmt.Errorf(format, args...))
}

// Begin implements federation.Provider.
func (p *Provider) Begin(_ context.Context, s federation.Source, a federation.Attempt) (string, bool, error) {
	t := s.Ticket
	parameters := url.Values{t.AddressParameter: {returnAddress(t, a)}}
	if t.AppParameter != "" {
		parameters.Set(t.AppParameter, s.ClientID)
	}
	if t.StateParameter != "" {
		parameters.Set(t.StateParameter, a.State)
	}
	if a.Fresh && t.FreshParameter != "" {
		parameters.Set(t.FreshParameter, "true")
	}
	return withQuery(t.LoginURL, parameters), false, nil
}

// returnAddress is ours, with the state where the platform gives none back.
func returnAddress(t *federation.TicketProtocol, a federation.Attempt) string {
	if t.StateParameter != "" {
		return a.RedirectURI
	}
	return a.RedirectURI + "?state=" + url.QueryEscape(a.State)
}

func withQuery(address string, parameters url.Values) string {
	joiner := "?"
	if strings.Contains(address, "?") {
		joiner = "&"
	}
	return address + joiner + parameters.Encode()
}

// Bounds of what comes in.
const (
	maxTicket = 1 << 10
	maxField  = 255
	maxDepth  = 6
)

// Finish implements federation.Provider.
func (p *Provider) Finish(ctx context.Context, s federation.Source, secret string, a federation.Attempt, answer url.Values) (federation.Identity, error) {
	t := s.Ticket
	value := answer.Get(t.TicketParameter)
	switch {
	case value == "" || len(value) > maxTicket:
		return federation.Identity{}, refused("no ticket")
	case a.Fresh && t.FreshParameter == "":
		return federation.Identity{}, refused("the source cannot ask for a new login")
	}
	parameters := map[string]string{t.TicketParameter: value}
	if t.SendAddress {
		parameters[t.AddressParameter] = returnAddress(t, a)
	}
	document, raw, err := p.call(ctx, s, secret, t.ExchangeURL, parameters, t.TicketParameter)
	if err != nil {
		return federation.Identity{}, err
	}
	if t.UserURL != "" {
		token := lookup(document, t.TokenField)
		if token == "" || len(token) > 8*maxTicket {
			return federation.Identity{}, refused("no token for the ticket")
		}
		if document, raw, err = p.call(ctx, s, secret, t.UserURL, map[string]string{t.TokenParameter: token}, t.TokenParameter); err != nil {
			return federation.Identity{}, err
		}
	}
	i := federation.Identity{Subject: lookup(document, t.SubjectField), SID: lookup(document, t.SessionField), Level: lookup(document, s.LevelClaim), Name: lookup(document, s.NameClaim),
		Number: lookup(document, s.NumberClaim), Evidence: digest.Hex(raw)}
	if t.ACRField != "" {
		i.ACR = lookup(document, t.ACRField)
	}
	for _, field := range []string{i.Subject, i.SID, i.Level, i.Name, i.Number, i.ACR} {
		if len(field) > maxField {
			return federation.Identity{}, refused("a field is too long")
		}
	}
	if i.Subject == "" {
		return federation.Identity{}, refused("nobody is named")
	}
	return i, nil
}

// call sends a signed form and reads the JSON that comes back, when the platform says that it went well.
func (p *Provider) call(ctx context.Context, s federation.Source, secret, address string, parameters map[string]string, required string) (document map[string]any, raw []byte, err error) {
	t := s.Ticket
	if t.AppParameter != "" {
		parameters[t.AppParameter] = s.ClientID
	}
	recipe := t.Signature
	parameters[recipe.Time], parameters[recipe.Nonce] = recipe.FormatTime(p.cfg.Now()), ident.Secret(p.cfg.Rand, 16)
	text, err := recipe.Text(parameters, t.AddressParameter, required)
	if err != nil {
		return nil, nil, refused("what the browser brought cannot be signed: %w", err)
	}
	if parameters[recipe.Parameter], err = p.sign(ctx, recipe, text, secret); err != nil {
		return nil, nil, err
	}
	form := url.Values{}
	for name, value := range parameters {
		form.Set(name, value)
	}
	answer, err := p.cfg.Fetch.Do(ctx, http.MethodPost, address, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}, []byte(form.Encode()))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%w: %w", federation.ErrSilent, err)
	case answer.Status >= http.StatusInternalServerError:
		return nil, nil, fmt.Errorf("%w: answered %d", federation.ErrSilent, answer.Status)
	case answer.Status != http.StatusOK:
		return nil, nil, refused("answered %d", answer.Status)
	}
	if document, err = ReadDocument(answer.Body); err != nil {
		return nil, nil, refused("%w", err)
	}
	if t.SuccessField != "" && !slices.Contains(t.SuccessValues, lookup(document, t.SuccessField)) {
		return nil, nil, refused("the source says no")
	}
	return document, answer.Body, nil
}

// sign signs a text as the recipe has it: with the shared secret, or with the platform's SM2 key.
func (p *Provider) sign(ctx context.Context, recipe ticket.Recipe, text, secret string) (string, error) {
	if recipe.Algorithm != ticket.SM2 {
		if secret == "" {
			return "", refused("the source has no secret")
		}
		return recipe.Sign(text, secret)
	}
	signature, err := p.cfg.Sign(ctx, []byte(text))
	if err != nil {
		return "", err
	}
	switch recipe.Encoding {
	case "hex":
		return hex.EncodeToString(signature), nil
	case "HEX":
		return strings.ToUpper(hex.EncodeToString(signature)), nil
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// ReadDocument reads the JSON object of an answer: bounded in depth, with every member once and nothing behind it, so that
// no two readers see two persons in it.
func ReadDocument(raw []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	value, err := readValue(decoder, 0)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("something stands behind the answer")
	}
	document, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the answer is no object")
	}
	return document, nil
}

func readValue(decoder *json.Decoder, depth int) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	opening, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth >= maxDepth {
		return nil, fmt.Errorf("the answer is too deep")
	}
	object, list := map[string]any{}, []any{}
	for decoder.More() {
		name := ""
		if opening == '{' {
			key, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			name, _ = key.(string)
			if _, twice := object[name]; twice {
				return nil, fmt.Errorf("a member stands twice")
			}
		}
		value, err := readValue(decoder, depth+1)
		if err != nil {
			return nil, err
		}
		object[name] = value
		list = append(list, value)
	}
	if _, err := decoder.Token(); err != nil { // the closing one
		return nil, err
	}
	if opening == '{' {
		return object, nil
	}
	return list, nil
}

// lookup finds a text, a number or a truth value by its path, for instance data.user.id; empty for anything else.
func lookup(document map[string]any, path string) string {
	var value any = document
	for part := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return ""
		}
		value = object[part]
	}
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}

// Logout implements federation.Provider: a signed form that names the session that ended, as our own TicketBridge sends it.
func (p *Provider) Logout(_ context.Context, s federation.Source, secret string, form url.Values) (federation.Ended, error) {
	recipe, parameters := s.Ticket.Signature, map[string]string{}
	for name := range form {
		parameters[name] = form.Get(name)
	}
	if s.Ticket.SessionField == "" || s.Ticket.LogoutParameter == "" {
		return federation.Ended{}, refused("the source is not registered for logout messages")
	}
	now := p.cfg.Now()
	if err := recipe.Verify(parameters, secret, now, "", s.Ticket.LogoutParameter); err != nil {
		return federation.Ended{}, refused("logout message: %w", err)
	}
	return federation.Ended{SID: parameters[s.Ticket.LogoutParameter], JTI: parameters[recipe.Nonce], Expires: now.Add(2 * ticket.Window)}, nil
}

// Leave implements federation.Provider: the logout page of the platform, with our address to come back to.
func (p *Provider) Leave(_ context.Context, s federation.Source, _, back, state string) (string, error) {
	t := s.Ticket
	if t.LogoutURL == "" {
		return "", nil
	}
	parameters := url.Values{t.AddressParameter: {back + "?state=" + url.QueryEscape(state)}}
	if t.AppParameter != "" {
		parameters.Set(t.AppParameter, s.ClientID)
	}
	return withQuery(t.LogoutURL, parameters), nil
}
