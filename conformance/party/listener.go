package party

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

// listener takes the logout tokens that the server delivers (OpenID Connect Back-Channel Logout 1.0).
type listener struct {
	server *http.Server
	tokens chan string
	why    string // why there is none
}

// listen opens the address of the options, or the loopback address that a client in the file is registered with.
func listen(options Options) (*listener, error) {
	address, given := options.Listen, options.Listen != ""
	if !given {
		address = loopback(options.With.Clients)
	}
	if address == "" {
		return &listener{why: "no client of the file has a back-channel address on loopback; give --listen when a proxy brings it here"}, nil
	}
	socket, err := net.Listen("tcp", address)
	if err != nil {
		if given {
			return nil, fmt.Errorf("%w: listen for logout tokens: %w", ErrServer, err)
		}
		return &listener{why: fmt.Sprintf("%s cannot be listened on: %v", address, err)}, nil
	}
	l := &listener{tokens: make(chan string, 16)}
	l.server = &http.Server{ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if r.Method != http.MethodPost || r.PostFormValue("logout_token") == "" {
			http.Error(w, "a logout token is wanted", http.StatusBadRequest)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		select {
		case l.tokens <- r.PostFormValue("logout_token"):
		default: // nobody waits for so many
		}
	})}
	go l.server.Serve(socket)
	return l, nil
}

func loopback(clients []Client) string {
	for _, c := range clients {
		u, err := url.Parse(c.BackchannelLogoutURI)
		if err != nil || u.Scheme != "http" || u.Port() == "" {
			continue
		}
		if isLoopback(u.Hostname()) {
			return net.JoinHostPort(u.Hostname(), u.Port())
		}
	}
	return ""
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (l *listener) close() error {
	if l == nil || l.server == nil {
		return nil
	}
	return l.server.Close()
}

// Delivery is how long a logout token may take, if the run is as patient.
const Delivery = 30 * time.Second

// LogoutTokens ends the rule as not applicable when nobody listens, and forgets tokens of earlier rules.
func (t *Trial) LogoutTokens() {
	if t.listener.server == nil {
		t.Skip("%s", t.listener.why)
	}
	for {
		select {
		case <-t.listener.tokens:
			continue
		default:
		}
		return
	}
}

// LogoutToken waits for the next logout token; empty when none came in time.
func (t *Trial) LogoutToken(ctx context.Context) string {
	timer := time.NewTimer(min(Delivery, t.Patience))
	defer timer.Stop()
	select {
	case token := <-t.listener.tokens:
		return token
	case <-timer.C:
	case <-ctx.Done():
	}
	return ""
}

// CheckLogoutToken verifies a logout token and says what is wrong with it (OpenID Connect Back-Channel Logout 1.0 2.6).
func (t *Trial) CheckLogoutToken(ctx context.Context, c Client, token string, session Tokens) error {
	verified, err := t.verify(ctx, token, jose.Policy{Algorithms: algorithms(c.IDTokenAlg, t.Metadata.List("id_token_signing_alg_values_supported")), AlsoType: "logout+jwt", Issuer: t.Issuer, Audience: c.ClientID})
	if err != nil {
		return err
	}
	var claims map[string]any
	if err := verified.Decode(&claims); err != nil {
		return err
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	events, _ := claims["events"].(map[string]any)
	if event, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); !ok || len(event) > 0 {
		fault("events is %v", claims["events"])
	}
	if verified.Claims.IssuedAt.IsZero() || verified.Claims.JTI == "" {
		fault("iat or jti is missing")
	}
	if _, there := claims["nonce"]; there {
		fault("there is a nonce, which makes an ID token of it")
	}
	if claims["sub"] == nil && claims["sid"] == nil {
		fault("neither sub nor sid is there")
	}
	if sub := claims["sub"]; sub != nil && sub != session.Claims["sub"] {
		fault("sub is of somebody else")
	}
	if sid := claims["sid"]; (sid != nil || c.BackchannelSession) && sid != session.Claims["sid"] {
		fault("sid is %v, that of the ID token is %v", sid, session.Claims["sid"])
	}
	return errors.Join(faults...)
}
