package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

// RequestObjectType is the typ of a request object (RFC 9101 10.8). An object without typ or with JWT is read too, as
// RFC 9101 wants it; an object of any other type is not one.
const RequestObjectType = "oauth-authz-req+jwt"

// Bounds of a request object's life.
const (
	requestObjectLife = 5 * time.Minute
	requestObjectPast = time.Hour // FAPI 2.0 Message Signing 5.3.1: nbf at most 60 minutes ago
)

// RequestObjectPolicy says what a request object must be.
type RequestObjectPolicy struct {
	ClientID  string
	Issuer    string                 // ours, as aud
	Algorithm jose.Algorithm         // the registered one
	Encoding  jose.SignatureEncoding // the registered one, of SM2
	Keys      jose.KeySet            // of the client
	NotBefore bool                   // nbf must be there (FAPI 2.0 Message Signing)
	Now       time.Time
}

// RequestObject is a verified request object.
type RequestObject struct {
	Params url.Values // the authorization request, nothing of it from outside the object
	Serial string     // jti; the signed text itself where there is none
	Until  time.Time  // the object is dead then, and may be forgotten
}

// ReadRequestObject verifies a request object (RFC 9101) before fosite sees any of it and gives the parameters as a form
// would hold them: numbers as digits, claims and authorization_details as their JSON.
func ReadRequestObject(token string, p RequestObjectPolicy) (RequestObject, *Error) {
	refuse := func(why string, cause error) (RequestObject, *Error) {
		return RequestObject{}, &Error{Code: "invalid_request_object", Description: why, Status: http.StatusFound, cause: cause}
	}
	verified, err := jose.Verify(token, p.Keys, jose.Policy{Algorithms: []jose.Algorithm{p.Algorithm}, AlsoType: RequestObjectType, Issuer: p.ClientID, Audience: p.Issuer,
		Now: p.Now, Leeway: ClockLeeway, MaxLife: requestObjectLife, SM2Encoding: p.Encoding})
	if err != nil {
		return refuse(reasonOf(err), err)
	}
	c := verified.Claims
	switch {
	case p.NotBefore && c.NotBefore.IsZero():
		return refuse("nbf is missing", nil)
	case !c.NotBefore.IsZero() && p.Now.Sub(c.NotBefore) > requestObjectPast+ClockLeeway:
		return refuse("nbf is too long ago", nil)
	case c.Subject == p.ClientID:
		return refuse("a client assertion is no request object", nil) // RFC 9101 10.8
	}
	params, err := requestParams(verified.Payload)
	if err != nil {
		return refuse(err.Error(), nil)
	}
	if params.Get("client_id") != p.ClientID {
		return refuse("client_id is missing or another", nil)
	}
	serial := c.JTI
	if serial == "" {
		serial = token[:strings.LastIndexByte(token, '.')]
	}
	return RequestObject{Params: params, Serial: serial, Until: c.Expires.Add(ClockLeeway)}, nil
}

// reasonOf tells a client's developers what is wrong without telling anybody anything of our keys.
func reasonOf(err error) string {
	for _, known := range []struct {
		err error
		why string
	}{
		{jose.ErrExpired, "the request object has expired"}, {jose.ErrAlgorithm, "the algorithm is not the registered one"}, {jose.ErrKey, "no registered key fits"},
		{jose.ErrSignature, "the signature does not verify"}, {jose.ErrType, "typ is of another kind of token"}, {jose.ErrClaims, "iss, aud, exp, nbf or iat is not acceptable"},
	} {
		if errors.Is(err, known.err) {
			return known.why
		}
	}
	return "the request object cannot be read"
}

// Claims of a JWT that are no parameters of the request.
var jwtClaims = map[string]bool{"iss": true, "sub": true, "aud": true, "exp": true, "nbf": true, "iat": true, "jti": true}

// requestParams reads the claims of a request object by what each parameter is, never by printing whatever came (F1).
func requestParams(payload []byte) (url.Values, error) {
	var claims map[string]json.RawMessage
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, errors.New("the request object is no JSON object")
	}
	params := url.Values{}
	for name, raw := range claims {
		if jwtClaims[name] {
			continue
		}
		if name == "request" || name == "request_uri" {
			return nil, errors.New("a request object holds no other request") // RFC 9101 4
		}
		values, err := paramOf(name, raw)
		if err != nil {
			return nil, err
		}
		params[name] = values
	}
	return params, nil
}

func paramOf(name string, raw json.RawMessage) ([]string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		return []string{text}, nil
	}
	wrong := errors.New(name + " has a wrong type")
	switch name {
	case "max_age":
		seconds, err := strconv.ParseInt(string(raw), 10, 32)
		if err != nil {
			return nil, wrong
		}
		return []string{strconv.FormatInt(seconds, 10)}, nil
	case "claims", "registration":
		if raw[0] != '{' {
			return nil, wrong
		}
		return []string{string(raw)}, nil
	case "authorization_details":
		if raw[0] != '[' {
			return nil, wrong
		}
		return []string{string(raw)}, nil
	case "resource":
		var list []string
		if json.Unmarshal(raw, &list) != nil || list == nil {
			return nil, wrong
		}
		return list, nil
	}
	return nil, wrong
}
