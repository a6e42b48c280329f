package authflow

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// Limits of parameters.
const (
	maxState     = 8 << 10
	maxNonce     = 1 << 10
	maxResources = 10
	maxActingFor = 64
)

// Repeatable parameter of an authorization request (RFC 8707 2).
const Repeatable = "resource"

// Single refuses a parameter that stands twice (O-07), but for those that may.
func Single(values url.Values, repeatable ...string) bool {
	for name, v := range values {
		if len(v) > 1 && !slices.Contains(repeatable, name) {
			return false
		}
	}
	return true
}

// RedirectAllowed compares a redirect URI with the registered ones: character by character, except that a native client
// on loopback may use any port (RFC 8252 7.3).
func RedirectAllowed(client idp.Client, uri string) bool {
	if uri == "" {
		return false
	}
	if slices.Contains(client.RedirectURIs, uri) {
		return true
	}
	return client.ApplicationType == "native" && slices.ContainsFunc(client.RedirectURIs, func(registered string) bool { return sameButPort(registered, uri) })
}

func sameButPort(registered, given string) bool {
	a, errA := url.Parse(registered)
	b, errB := url.Parse(given)
	if errA != nil || errB != nil || b.User != nil {
		return false
	}
	address, err := netip.ParseAddr(a.Hostname())
	if err != nil || !address.IsLoopback() { // a name such as localhost is compared exactly
		return false
	}
	withoutPort := func(u *url.URL, text string) string { return strings.Replace(text, u.Host, u.Hostname(), 1) }
	return a.Hostname() == b.Hostname() && withoutPort(a, registered) == withoutPort(b, given)
}

// Response modes. A token never comes in the front, so fragment is not offered.
const (
	ModeQuery       = "query"
	ModeFormPost    = "form_post"
	ModeJWT         = "jwt" // as query.jwt, since only code is offered (JARM 2.3.4)
	ModeQueryJWT    = "query.jwt"
	ModeFormPostJWT = "form_post.jwt"
)

// Modes that are offered, in the order of discovery.
var Modes = []string{ModeQuery, ModeFormPost, ModeJWT, ModeQueryJWT, ModeFormPostJWT}

// Signed reports whether a mode is one of JARM.
func Signed(mode string) bool {
	return mode == ModeJWT || mode == ModeQueryJWT || mode == ModeFormPostJWT
}

// Posted reports whether a mode answers through a form.
func Posted(mode string) bool { return mode == ModeFormPost || mode == ModeFormPostJWT }

// DefaultMode of a client's answers.
func DefaultMode(client idp.Client) string {
	if client.Profile == idp.ProfileFAPI2MS {
		return ModeJWT
	}
	return ModeQuery
}

// readMode is O-11. What is not offered to the client is refused in its default mode.
func (f *Flow) readMode(client idp.Client, q url.Values) string {
	asked := q.Get("response_mode")
	switch {
	case !q.Has("response_mode"):
	case !slices.Contains(Modes, asked):
		return "response_mode is not offered"
	case Signed(asked) && client.AuthorizationAlg == "":
		return "the client is not registered for signed responses"
	case !Signed(asked) && client.Profile == idp.ProfileFAPI2MS:
		return "the client takes signed responses only"
	default:
		f.Mode = asked
	}
	return ""
}

var (
	challengeForm  = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	thumbprintForm = challengeForm
)

// Parse reads a request whose client and redirect URI are proven. An error goes back to the client by redirect; the flow
// then says where and how. reach is the highest level of proofing to which our own ways lead.
func Parse(client idp.Client, q url.Values, types DetailTypes, words *idp.Vocabulary, reach subject.IAL) (Flow, *oauth.Error) {
	f := Flow{reach: reach, ClientID: client.ClientID, RedirectURI: q.Get("redirect_uri"), Mode: DefaultMode(client), State: q.Get("state"), HasState: q.Has("state"), Nonce: q.Get("nonce"),
		Challenge: q.Get("code_challenge"), Prompt: strings.Fields(q.Get("prompt")), LoginHint: q.Get("login_hint"), Scopes: strings.Fields(q.Get("scope")),
		DPoPJKT: q.Get("dpop_jkt"), Resources: q["resource"], Locales: q.Get("ui_locales"), IDTokenHint: q.Get("id_token_hint"), ActingFor: q.Get("acting_for")}
	refuse := func(code, why string) (Flow, *oauth.Error) { return f, oauth.Refusal(code, why) }
	if why := f.readMode(client, q); why != "" {
		return refuse("invalid_request", why)
	}
	switch {
	case q.Has("request"):
		return refuse("request_not_supported", "the client is not registered for request objects")
	case q.Has("request_uri"):
		return refuse("request_uri_not_supported", "only the addresses of pushed requests are taken")
	case q.Has("registration"):
		return refuse("registration_not_supported", "registration is not offered")
	case q.Get("response_type") == "":
		return refuse("invalid_request", "response_type is missing")
	case q.Get("response_type") != "code":
		return refuse("unsupported_response_type", "only code is offered")
	case !slices.Contains(client.GrantTypes, "authorization_code") || !slices.Contains(client.ResponseTypes, "code"):
		return refuse("unauthorized_client", "the client is not registered for this")
	case len(f.State) > maxState || len(f.Nonce) > maxNonce:
		return refuse("invalid_request", "state or nonce is too long")
	case slices.ContainsFunc(f.Scopes, func(s string) bool { return !slices.Contains(client.Scopes(), s) }):
		return refuse("invalid_scope", "a scope is not given to the client")
	case len(f.Scopes) == 0 && !q.Has("authorization_details"):
		return refuse("invalid_scope", "no scope")
	case q.Has("acting_for") && !client.ActingFor:
		return refuse("invalid_request", "the client is not registered for acting_for")
	case q.Has("acting_for") && (f.ActingFor == "" || len(f.ActingFor) > maxActingFor):
		return refuse("invalid_request", "acting_for is not self, a mandate or a subject")
	case q.Has("dpop_jkt") && !thumbprintForm.MatchString(f.DPoPJKT):
		return refuse("invalid_request", "dpop_jkt is not a SHA-256 thumbprint in base64url")
	}
	for _, why := range []string{checkPKCE(client, q), f.readPrompt(client, q), f.readLevels(client, q)} {
		if why != "" {
			return refuse("invalid_request", why)
		}
	}
	if why := f.checkResources(client); why != "" {
		return refuse("invalid_target", why)
	}
	if q.Has("authorization_details") {
		details, err := types.Read(client, q.Get("authorization_details"))
		if err != nil {
			return refuse("invalid_authorization_details", err.Error())
		}
		f.Details = details
	}
	if least := subject.IAL(words.LeastIAL(f.Scopes)); least > 0 { // a scope that wants a level opens nothing below it
		f.IAL, f.leastIAL = max(f.IAL, least), max(f.leastIAL, least)
		f.Unreachable = f.Unreachable || least > reach
	}
	if bound := subject.IAL(client.MaxIAL); bound > 0 { // nobody is proofed for what the client will not be told
		f.Unreachable = f.Unreachable || f.leastIAL > bound
		f.IAL = min(f.IAL, bound)
	}
	if f.Unreachable {
		return refuse("unmet_authentication_requirements", "the level asked for cannot be reached")
	}
	f.IAL, f.AAL = min(f.IAL, reach), min(f.AAL, maxAAL)
	return f, nil
}

// checkPKCE is O-12: S256 only; a confidential client may be registered without.
func checkPKCE(client idp.Client, q url.Values) string {
	challenge, method := q.Get("code_challenge"), q.Get("code_challenge_method")
	switch {
	case !q.Has("code_challenge") && !q.Has("code_challenge_method"):
		if client.NeedsPKCE() {
			return "code_challenge is missing"
		}
	case method != "S256":
		return "code_challenge_method must be S256"
	case !challengeForm.MatchString(challenge):
		return "code_challenge is not a SHA-256 in base64url"
	}
	return ""
}

func (f *Flow) readPrompt(client idp.Client, q url.Values) string {
	for _, word := range f.Prompt {
		if !slices.Contains([]string{"none", "login", "consent", "select_account"}, word) {
			return "prompt is not known"
		}
	}
	if slices.Contains(f.Prompt, "none") && len(f.Prompt) > 1 {
		return "prompt none stands alone"
	}
	f.MaxAge = client.DefaultMaxAge
	if q.Has("max_age") {
		seconds, err := strconv.ParseInt(q.Get("max_age"), 10, 32)
		if err != nil || seconds < 0 {
			return "max_age is not a number of seconds"
		}
		age := int(seconds)
		f.MaxAge = &age // 0 is a value: log in again
	}
	return ""
}

// readLevels takes the wanted levels from acr_values and the claims parameter. Both kinds may be asked for in
// acr_values, where they are a wish; acr answers with the aal alone.
func (f *Flow) readLevels(client idp.Client, q url.Values) string {
	wishes := strings.Fields(q.Get("acr_values"))
	if len(wishes) == 0 {
		wishes = client.DefaultACRValues
	}
	if len(wishes) > 20 {
		return "acr_values names too many values"
	}
	for _, value := range wishes {
		if level, err := subject.ParseIAL(value); err == nil {
			f.IAL = level
			break
		}
	}
	f.wantAAL(wishes, false)
	if err := f.readClaims(q.Get("claims")); err != nil {
		return err.Error()
	}
	return ""
}

// checkResources is RFC 8707 2: resource servers that the client is registered for, no others.
func (f *Flow) checkResources(client idp.Client) string {
	if len(f.Resources) > maxResources {
		return "too many resources"
	}
	for _, resource := range f.Resources {
		if err := idp.CheckResource(resource); err != nil {
			return err.Error()
		}
		if !slices.Contains(client.Audience, resource) {
			return "a resource is not one of the client's"
		}
	}
	return ""
}

// Audience of the tokens of a flow: the resources that were asked for, otherwise all of the client's.
func (f Flow) Audience(client idp.Client) []string {
	if len(f.Resources) > 0 {
		return f.Resources
	}
	return client.Audience
}

// DetailTypes are the kinds of authorization_details (RFC 9396) that are known, by name.
type DetailTypes map[string]idp.DetailType

// Bounds of authorization_details.
const (
	maxDetails     = 20
	maxDetailsText = 16 << 10
)

// Read checks authorization_details: each of a known type that the client is registered for, with the members that the
// type names and no others. What comes back is written anew from what was read and checked, so that a member that stands
// twice is not one thing to the person and another to the resource server.
func (t DetailTypes) Read(client idp.Client, text string) (json.RawMessage, error) {
	if len(text) > maxDetailsText {
		return nil, errDetails("longer than 16 KiB")
	}
	list, err := idp.ReadDetails([]byte(text))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || len(list) > maxDetails {
		return nil, errDetails("one to twenty objects")
	}
	for _, detail := range list {
		kind, known := t[detail.Type]
		if !known || !slices.Contains(client.AuthorizationDetails, detail.Type) {
			return nil, errDetails("a type is not known, or not given to the client")
		}
		if err := kind.Check(detail); err != nil {
			return nil, err
		}
	}
	return idp.WriteDetails(list)
}

type errDetails string

func (e errDetails) Error() string { return string(e) }
