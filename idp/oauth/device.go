package oauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Lives and pauses of the device grant (RFC 8628).
const (
	DeviceLife     = 10 * time.Minute
	DeviceInterval = 5 * time.Second // between two questions of the device; grows by as much when it asks too fast
	userCodeLength = 8
)

// DeviceState is how far a device's request has come. States only move forward.
type DeviceState string

// States.
const (
	DevicePending  DeviceState = "pending"
	DeviceApproved DeviceState = "approved"
	DeviceDenied   DeviceState = "denied"
	DeviceUsed     DeviceState = "used"
)

// DeviceRecord is a stored request of a device: keyed hashes of both codes only.
type DeviceRecord struct {
	Hash      []byte
	UserHash  []byte
	Request   Request // without session until a person approves; forgotten when it is used
	State     DeviceState
	GrantID   string
	Interval  time.Duration
	PolledAt  time.Time
	ExpiresAt time.Time
}

// DeviceStore keeps them.
type DeviceStore interface {
	PutDevice(ctx context.Context, d DeviceRecord, record audit.Record) error
	// Device and DeviceOfUser answer ErrNotFound for a code that is not known.
	Device(ctx context.Context, hash []byte) (DeviceRecord, error)
	DeviceOfUser(ctx context.Context, userHash []byte) (DeviceRecord, error)
	// AnswerDevice stores a person's answer by one conditional update; ErrConsumed when it was answered before or is late.
	AnswerDevice(ctx context.Context, userHash []byte, state DeviceState, request Request, at time.Time, record audit.Record) error
	// PollDevice notes a question and reports whether it came too fast; then the interval grows by more.
	PollDevice(ctx context.Context, hash []byte, at time.Time, more time.Duration) (tooFast bool, err error)
}

// DeviceAnswer is RFC 8628 3.2.
type DeviceAnswer struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int    `json:"expires_in"`
	Interval                int    `json:"interval"`
}

// userLetters have no vowels and nothing that looks like another (RFC 8628 6.1).
const userLetters = "BCDFGHJKLMNPQRSTVWXZ"

// userCode draws letters, each equally likely: some 35 bits, guessed at most five times an account (O-57).
func userCode(random io.Reader) (string, error) {
	code, one := make([]byte, 0, userCodeLength), make([]byte, 1)
	for len(code) < userCodeLength {
		if _, err := io.ReadFull(random, one); err != nil {
			return "", err
		}
		if int(one[0]) < 256-256%len(userLetters) {
			code = append(code, userLetters[int(one[0])%len(userLetters)])
		}
	}
	return string(code), nil
}

// NormalUserCode is a user code as it was typed, without what people add; empty when it cannot be one.
func NormalUserCode(text string) string {
	if len(text) > 64 {
		return ""
	}
	var code strings.Builder
	for _, r := range strings.ToUpper(text) {
		if r < 0x80 && strings.ContainsRune(userLetters, r) {
			code.WriteRune(r)
		} else if !strings.ContainsRune(" -\t", r) {
			return ""
		}
	}
	if code.Len() != userCodeLength {
		return ""
	}
	return code.String()
}

// ShownUserCode is the form that people read: two groups of four.
func ShownUserCode(code string) string {
	return code[:userCodeLength/2] + "-" + code[userCodeLength/2:]
}

// StartDevice answers a device that asks for a code (RFC 8628 3.1).
func (e *Engine) StartDevice(ctx context.Context, client idp.StoredClient, form url.Values) (DeviceAnswer, error) {
	scopes := strings.Fields(form.Get("scope"))
	if len(scopes) == 0 {
		scopes = client.Scopes()
	}
	switch {
	case !slices.Contains(client.GrantTypes, idp.GrantDeviceCode):
		return DeviceAnswer{}, NewError(http.StatusBadRequest, "unauthorized_client", "the client is not registered for this grant")
	case slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(client.Scopes(), s) }) || len(scopes) == 0:
		return DeviceAnswer{}, NewError(http.StatusBadRequest, "invalid_scope", "a scope is not given to the client")
	}
	code, err := userCode(e.cfg.Rand)
	if err != nil {
		return DeviceAnswer{}, unavailable(err)
	}
	deviceCode := ident.Secret(e.cfg.Rand, 32)
	hash, err := e.hash(ctx, "device", deviceCode)
	if err != nil {
		return DeviceAnswer{}, unavailable(err)
	}
	userHash, err := e.hash(ctx, "device-user", code)
	if err != nil {
		return DeviceAnswer{}, unavailable(err)
	}
	now := e.cfg.Now().UTC()
	record := DeviceRecord{Hash: hash, UserHash: userHash, State: DevicePending, GrantID: ident.New(e.cfg.Rand, "grant"), Interval: DeviceInterval, ExpiresAt: now.Add(DeviceLife),
		Request: Request{ClientID: client.ClientID, RequestedAt: now, GrantedScopes: scopes}}
	record.Request.GrantID = record.GrantID
	if err := e.cfg.Store.PutDevice(ctx, record, audit.With(idp.Event(ctx, now, "device.requested", "client", client.ClientID, nil))); err != nil {
		return DeviceAnswer{}, unavailable(err) // a user code that is taken, once in a blue moon, is asked for again
	}
	address := e.cfg.Issuer + "/device"
	return DeviceAnswer{DeviceCode: deviceCode, UserCode: ShownUserCode(code), VerificationURI: address, VerificationURIComplete: address + "?" + url.Values{"user_code": {ShownUserCode(code)}}.Encode(),
		ExpiresIn: int(DeviceLife / time.Second), Interval: int(DeviceInterval / time.Second)}, nil
}

// WaitingDevice finds a request that waits for a person's answer; ErrNotFound for any other code.
func (e *Engine) WaitingDevice(ctx context.Context, code string) (DeviceRecord, error) {
	hash, err := e.hash(ctx, "device-user", code)
	if err != nil {
		return DeviceRecord{}, unavailable(err)
	}
	d, err := e.cfg.Store.DeviceOfUser(ctx, hash)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && (d.State != DevicePending || !e.cfg.Now().Before(d.ExpiresAt)):
		return DeviceRecord{}, ErrNotFound
	case err != nil:
		return DeviceRecord{}, unavailable(err)
	}
	return d, nil
}

// AnswerDevice stores what a signed-in person answered; ErrConsumed when somebody answered before.
func (e *Engine) AnswerDevice(ctx context.Context, d DeviceRecord, allow bool, session Session) error {
	state, kind := DeviceDenied, "device.denied"
	if allow {
		state, kind = DeviceApproved, "device.approved"
		session.Version = SessionVersion
		d.Request.Session = session
	}
	now := e.cfg.Now().UTC()
	event := idp.Event(ctx, now, kind, "account", session.AccountID, map[string]string{"client": d.Request.ClientID})
	err := e.cfg.Store.AnswerDevice(ctx, d.UserHash, state, d.Request, now, audit.With(event))
	if err != nil && !errors.Is(err, ErrConsumed) {
		return unavailable(err)
	}
	return err
}

// RedeemDevice runs the device grant (RFC 8628 3.4).
func (e *Engine) RedeemDevice(ctx context.Context, x Exchange) (Issued, error) {
	refuse := func(code, why string) (Issued, error) { return Issued{}, NewError(http.StatusBadRequest, code, why) }
	hash, err := e.hash(ctx, "device", x.Form.Get("device_code"))
	if err != nil {
		return Issued{}, unavailable(err)
	}
	d, err := e.cfg.Store.Device(ctx, hash)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && d.Request.ClientID != x.Client.ClientID:
		return refuse("invalid_grant", "the device code is not known")
	case err != nil:
		return Issued{}, unavailable(err)
	case d.State == DeviceUsed:
		return e.replayedDevice(ctx, d)
	case !e.cfg.Now().Before(d.ExpiresAt):
		return refuse("expired_token", "the person did not answer in time")
	case d.State == DeviceDenied:
		return refuse("access_denied", "the person does not agree")
	case d.State == DevicePending:
		tooFast, err := e.cfg.Store.PollDevice(ctx, hash, e.cfg.Now().UTC(), DeviceInterval)
		if err != nil {
			return Issued{}, unavailable(err)
		}
		if tooFast {
			return refuse("slow_down", "the device asks too often")
		}
		return refuse("authorization_pending", "the person has not answered yet")
	}
	standing, err := e.cfg.Store.AccountStanding(ctx, d.Request.Session.AccountID, d.Request.Session.SID)
	if err != nil {
		return Issued{}, unavailable(err)
	}
	if standing.Account != idp.AccountActive || standing.SessionEnded || standing.CredentialsAt.After(d.Request.Session.AuthTime) {
		return refuse("access_denied", "the account may not be used")
	}
	return e.issueToDevice(ctx, x, d)
}

func (e *Engine) replayedDevice(ctx context.Context, d DeviceRecord) (Issued, error) {
	if err := (&storage{engine: e}).revoke(ctx, d.GrantID); err != nil {
		return Issued{}, unavailable(err)
	}
	return Issued{}, &Error{Code: "invalid_grant", Description: "the device code was used before", Status: http.StatusBadRequest, cause: ErrConsumed}
}

// issueToDevice consumes the code and stores the grant with its tokens in one transaction.
func (e *Engine) issueToDevice(ctx context.Context, x Exchange, d DeviceRecord) (Issued, error) {
	request, now := d.Request, e.cfg.Now().UTC()
	request.Session.Audience, request.Session.Binding = x.Client.Audience, x.Binding
	audience, err := e.audience(x.Client.Client, request.Session, x.Resource, request.GrantedScopes)
	if err != nil {
		return Issued{}, err
	}
	mint := Mint{GrantID: d.GrantID, Client: x.Client.Client, Session: request.Session, Scopes: request.GrantedScopes, Audience: audience, Life: AccessLife}
	minted, err := e.cfg.Minter.AccessToken(ctx, mint)
	if err != nil {
		return Issued{}, unavailable(err)
	}
	redemption := Redemption{DeviceHash: d.Hash, Opaque: minted.Opaque, Releases: e.releases(idp.ChannelToken, mint, minted), At: now,
		Grant: GrantRecord{ID: d.GrantID, ClientID: request.ClientID, AccountID: request.Session.AccountID, SID: request.Session.SID}}
	issued := Issued{GrantID: d.GrantID, AccessToken: minted.Token, ExpiresIn: AccessLife, Scopes: request.GrantedScopes, Session: request.Session}
	if slices.Contains(x.Client.GrantTypes, "refresh_token") {
		issued.RefreshToken = "yxr_" + ident.Secret(e.cfg.Rand, 32)
		hash, err := e.hash(ctx, "refresh", issued.RefreshToken)
		if err != nil {
			return Issued{}, unavailable(err)
		}
		redemption.NewRefresh = &RefreshRecord{Hash: hash, GrantID: d.GrantID, Request: request, ExpiresAt: now.Add(RefreshLife)}
	}
	err = e.cfg.Store.Redeem(ctx, redemption, audit.With(idp.Event(ctx, now, "grant.opened", "grant", d.GrantID, map[string]string{"by": "device"})))
	if errors.Is(err, ErrConsumed) {
		return e.replayedDevice(ctx, d)
	}
	if errors.Is(err, ErrEnded) {
		return Issued{}, NewError(http.StatusBadRequest, "access_denied", "the login or the consent has ended")
	}
	if err != nil {
		return Issued{}, unavailable(err)
	}
	return issued, nil
}
