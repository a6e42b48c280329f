package oauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// PushedLife is how long a pushed request waits for the browser (RFC 9126 2.2); a login that has begun may take longer.
const PushedLife = time.Minute

// PushedPrefix begins every request_uri that we hand out.
const PushedPrefix = "urn:ietf:params:oauth:request_uri:"

// PushedRequest is a stored request: the keyed hash of its name only.
type PushedRequest struct {
	Hash      []byte
	ClientID  string
	Params    url.Values
	ExpiresAt time.Time
	UsedAt    time.Time
}

// RequestStore keeps pushed requests and the serials of request objects; idpdb implements it.
type RequestStore interface {
	PutPushedRequest(ctx context.Context, r PushedRequest, record audit.Record) error
	// PushedRequest answers ErrNotFound for a name that is not known.
	PushedRequest(ctx context.Context, hash []byte) (PushedRequest, error)
	// UsePushedRequest consumes it by one conditional update; ErrConsumed when it was used before.
	UsePushedRequest(ctx context.Context, hash []byte, at time.Time) error
	// SeeRequestObject notes a serial by unique insert; ErrConsumed when it was seen before.
	SeeRequestObject(ctx context.Context, hash []byte, until time.Time) error
}

// RequestsConfig holds what Requests needs.
type RequestsConfig struct {
	Issuer string
	Store  RequestStore
	Ring   *keys.Ring
	// Keys of a client, fetched where it registered an address; kid is the one that is needed.
	Keys func(ctx context.Context, client idp.StoredClient, kid string) (jose.KeySet, error)
	Now  func() time.Time
	Rand io.Reader
}

// Requests keeps pushed authorization requests (RFC 9126) and reads signed ones (RFC 9101).
type Requests struct{ cfg RequestsConfig }

// NewRequests returns the service.
func NewRequests(cfg RequestsConfig) *Requests { return &Requests{cfg} }

func (s *Requests) hash(ctx context.Context, kind string, parts ...string) ([]byte, error) {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, unavailable(err)
	}
	inputs := [][]byte{[]byte(kind)}
	for _, part := range parts {
		inputs = append(inputs, []byte(part))
	}
	sum, err := mac.Sum(ctx, inputs...)
	if err != nil {
		return nil, unavailable(err)
	}
	return sum, nil
}

// Push keeps a checked request and gives it a name that only this client can use.
func (s *Requests) Push(ctx context.Context, clientID string, params url.Values) (uri string, err error) {
	uri = PushedPrefix + ident.Secret(s.cfg.Rand, 32)
	hash, err := s.hash(ctx, "pushed-request", uri)
	if err != nil {
		return "", err
	}
	now := s.cfg.Now().UTC()
	request := PushedRequest{Hash: hash, ClientID: clientID, Params: params, ExpiresAt: now.Add(PushedLife)}
	if err := s.cfg.Store.PutPushedRequest(ctx, request, audit.With(idp.Event(ctx, now, "request.pushed", "client", clientID, nil))); err != nil {
		return "", unavailable(err)
	}
	return uri, nil
}

// Pushed finds a request of the client that waits. ErrNotFound says nothing of whether it is used, late or another's. The
// browser may come more than once, as after a reload: the request is consumed when it is answered, not when its page
// is shown (FAPI 2.0 Security Profile 5.3.2.2), by Use.
func (s *Requests) Pushed(ctx context.Context, clientID, uri string) (params url.Values, hash []byte, err error) {
	if hash, err = s.hash(ctx, "pushed-request", uri); err != nil {
		return nil, nil, err
	}
	request, err := s.cfg.Store.PushedRequest(ctx, hash)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil, ErrNotFound
	case err != nil:
		return nil, nil, unavailable(err)
	case request.ClientID != clientID, !request.UsedAt.IsZero(), !s.cfg.Now().Before(request.ExpiresAt):
		return nil, nil, ErrNotFound
	}
	return request.Params, hash, nil
}

// Use consumes a pushed request; ErrConsumed when another answer was given for it.
func (s *Requests) Use(ctx context.Context, hash []byte) error {
	err := s.cfg.Store.UsePushedRequest(ctx, hash, s.cfg.Now().UTC())
	if err != nil && !errors.Is(err, ErrConsumed) {
		return unavailable(err)
	}
	return err
}

// Object reads a signed request of the client. Each object is taken once: by its jti, or as it stands where it has none.
func (s *Requests) Object(ctx context.Context, client idp.StoredClient, token string) (url.Values, error) {
	if client.RequestObjectAlg == "" {
		return nil, Refusal("request_not_supported", "the client is not registered for request objects")
	}
	kid, _ := jose.PeekKeyID(token) // what cannot be read is refused below
	set, err := s.cfg.Keys(ctx, client, kid)
	if err != nil {
		return nil, &Error{Code: "invalid_request_object", Description: "the client's keys cannot be had", Status: http.StatusFound, cause: err}
	}
	object, refusal := ReadRequestObject(token, RequestObjectPolicy{ClientID: client.ClientID, Issuer: s.cfg.Issuer, Algorithm: jose.Algorithm(client.RequestObjectAlg), Encoding: client.SignatureEncoding(),
		Keys: set, NotBefore: client.FAPI(), Now: s.cfg.Now()})
	if refusal != nil {
		return nil, refusal
	}
	hash, err := s.hash(ctx, "request-object", client.ClientID, object.Serial)
	if err != nil {
		return nil, err
	}
	switch err := s.cfg.Store.SeeRequestObject(ctx, hash, object.Until); {
	case errors.Is(err, ErrConsumed):
		return nil, Refusal("invalid_request_object", "the request object was used before")
	case err != nil:
		return nil, unavailable(err)
	}
	return object.Params, nil
}

// IsPushedURI reports whether a request_uri has the form of those that we hand out.
func IsPushedURI(uri string) bool { return strings.HasPrefix(uri, PushedPrefix) && len(uri) < 128 }
