// Package mock is a throw-away twin of the platform for tests of integrators: the real platform on an empty database in a
// temporary folder, sandbox people with a known password, and one peer of each kind: a CAS portal, a portal behind a
// TicketBridge, and an upstream province, which is a second real platform. Nothing of it outlives the process.
//
// It is for machines of developers: plain HTTP on loopback only.
package mock

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Options of a mock.
type Options struct {
	Listen string // public address of the platform; port 0 takes a free one
	Apply  string // file of further clients, personas and partners
	Log    *slog.Logger
	Stdout io.Writer
	Stderr io.Writer
}

// Password of every person of the mock.
const Password = "Mock-password-1"

// Report says where everything is; it is printed as one JSON object when all of it answers.
type Report struct {
	Issuer     string    `json:"issuer"`
	Management string    `json:"management"`
	Inbox      string    `json:"inbox"`
	Personas   []Person  `json:"personas"`
	Clients    []Client  `json:"clients"`
	Peers      Peers     `json:"peers"`
	Counter    Counter   `json:"counter"`
	Channels   Channels  `json:"channels"`
	Mandates   []Mandate `json:"mandates"`
}

// Person of the mock.
type Person struct {
	Identifier string `json:"identifier"`
	Password   string `json:"password"`
	Name       string `json:"name"`
	IAL        int    `json:"ial"`
	At         string `json:"at"` // where the person has an account: issuer
}

// Client is a registered OpenID Connect client for the integrator's own application.
type Client struct {
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	RedirectURIs []string `json:"redirect_uris"`
}

// Peers are the addresses of the simulated others.
type Peers struct {
	CAS      string `json:"cas"`      // a portal that signs people in by CAS
	Ticket   string `json:"ticket"`   // a portal that signs people in by a ticket
	Upstream string `json:"upstream"` // issuer of the province; it also signs people in by a ticket, as source "city"
	Register string `json:"register"` // a register of people that sends what is posted to /events
	Reader   string `json:"reader"`   // a card reader at the counter: POST /card, POST /removed
	// Authority gives out SM2 test certificates and revokes them: POST /certificates, /signatures, /revocations.
	Authority string `json:"authority"`
}

// listener opens a loopback address; anything else is refused.
func listener(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s is not on loopback: the mock has known passwords", address)
	}
	return net.Listen("tcp", address)
}

// site is an address that is open before anybody answers there, so that the others can be told.
type site struct {
	net.Listener
	url, host string
}

func openSite(address string) (site, error) {
	l, err := listener(address)
	if err != nil {
		return site{}, err
	}
	host := fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port)
	return site{l, "http://" + host, host}, nil
}

// Run starts everything, prints the report and serves until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	folder, err := os.MkdirTemp("", "yinxin-mock-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	addresses := []string{o.Listen, "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}
	sites := make([]site, len(addresses))
	for i, address := range addresses {
		if sites[i], err = openSite(address); err != nil {
			return err
		}
		defer sites[i].Close() // closed twice when it was served: harmless
	}
	public, manage, upper, upperManage, casSite, ticketSite, registerSite, readerSite, smsSite, mailSite, authoritySite := sites[0], sites[1], sites[2], sites[3], sites[4], sites[5], sites[6], sites[7], sites[8], sites[9], sites[10]

	serving, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	failed := make(chan error, 12)
	defer func() {
		stop()
		group.Wait()
	}()
	certificates, err := newCertificateAuthority(folder)
	if err != nil {
		return err
	}
	start := func(name string, public, manage site, allowed ...string) (*app.App, error) {
		platform, err := newPlatform(ctx, filepath.Join(folder, name), public, manage, allowed, certificates, o.Log)
		if err != nil {
			return nil, err
		}
		group.Go(func() {
			defer platform.Close()
			failed <- platform.Serve(serving)
		})
		return platform, nil
	}
	province, err := start("province", upper, upperManage, public.host)
	if err != nil {
		return err
	}
	platform, err := start("platform", public, manage, upper.host, casSite.host, ticketSite.host)
	if err != nil {
		return err
	}
	report := Report{Issuer: public.url, Management: "http://" + manage.host, Inbox: public.url + "/sandbox/inbox", Peers: Peers{CAS: casSite.url, Ticket: ticketSite.url, Upstream: upper.url, Register: registerSite.url, Reader: readerSite.url, Authority: authoritySite.url}}
	register := idp.Client{ClientID: registerClient, ClientSecret: ident.Secret(rand.Reader, 24), ClientName: "模拟人口登记机关", GrantTypes: []string{"client_credentials"}, Scope: idp.RoleRegisterFeed}
	old, err := fill(ctx, platform, province, &report)
	if err != nil {
		return err
	}
	if report.Mandates, err = giveMandates(ctx, platform); err != nil {
		return err
	}
	if err := platform.Apply(ctx, app.Manifest{Clients: []idp.Client{register}}); err != nil {
		return err
	}
	if o.Apply != "" {
		content, err := os.ReadFile(o.Apply)
		if err != nil {
			return err
		}
		m, err := app.ReadManifest(content)
		if err != nil {
			return err
		}
		if err := platform.Apply(ctx, m); err != nil {
			return err
		}
	}
	reader, terminal, err := newReader(ctx, platform, public.url)
	if err != nil {
		return err
	}
	report.Counter = terminal
	sms, mail, channels, err := newChannels(smsSite, mailSite)
	if err != nil {
		return err
	}
	report.Channels = channels
	group.Go(func() { failed <- mail.Serve(serving, mailSite.Listener) })
	for _, peer := range []struct {
		site    site
		handler http.Handler
	}{{casSite, newCASPortal(public.url, casSite.url)}, {ticketSite, newTicketPortal(public.url, ticketSite.url, old)}, {registerSite, newRegister(public.url, register.ClientSecret)}, {readerSite, reader}, {smsSite, sms}, {authoritySite, certificates}} {
		group.Go(func() { failed <- serve(serving, peer.site, peer.handler) })
	}
	if err := json.NewEncoder(o.Stdout).Encode(report); err != nil {
		return err
	}
	fmt.Fprintf(o.Stderr, "yinxin mock: answering at %s until it is stopped; nothing is kept\n", public.url)
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

func newPlatform(ctx context.Context, folder string, public, manage site, allowed []string, certificates *certificateAuthority, log *slog.Logger) (*app.App, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	passphrase := filepath.Join(folder, "passphrase")
	if err := os.WriteFile(passphrase, []byte(ident.Secret(rand.Reader, 32)), 0o600); err != nil {
		return nil, err
	}
	cfg := app.Config{
		Issuer: public.url, Listen: app.Listen{Public: public.Addr().String(), Management: manage.Addr().String()}, Database: app.Database{URL: "sqlite:" + filepath.Join(folder, "yinxin.db")},
		Blob: app.Blob{Dir: filepath.Join(folder, "documents")}, Keys: app.Keys{Provider: "file", PassphraseFile: passphrase}, Sandbox: true,
		Operator: app.Operator{Name: "一网通办", Hotline: "12345"}, Outbound: app.Outbound{Allowed: allowed},
	}
	certificates.configure(&cfg)
	return app.New(ctx, cfg, app.Options{Public: public, Management: manage, Migrate: true, Log: log})
}

// people of the two platforms; numbers of the sandbox's register.
var (
	countyPeople   = []app.Persona{{Identifier: "13800138000", Name: "张三", IAL: 2}, {Identifier: "13800138001", Name: "李四", IAL: 1}, {Identifier: "13800138002"}, clerkPersona, chiefPersona}
	provincePeople = []app.Persona{{Identifier: "13800138003", Name: "欧阳春晓", IAL: 2}}
)

// fill registers people, one client and the peers, and returns the bridge of the ticket portal with its secret.
func fill(ctx context.Context, platform, province *app.App, report *Report) (ticket.Bridge, error) {
	secret := func() string { return ident.Secret(rand.Reader, 24) }
	county := idp.Client{ClientID: "county", ClientSecret: secret(), ClientName: "县级平台", ApplicationType: "native", Scope: "openid profile identity",
		RedirectURIs: []string{report.Issuer + "/federation/province/callback"}, BackchannelLogoutURI: report.Issuer + "/federation/province/backchannel-logout"}
	mine := Client{ClientID: "mock-client", ClientSecret: secret(), RedirectURIs: []string{"http://127.0.0.1/callback", "http://localhost:3000/callback", "http://localhost:8080/callback"}}
	acting := Client{ClientID: actingClient, ClientSecret: secret(), RedirectURIs: mine.RedirectURIs}
	registered := idp.Client{ClientID: mine.ClientID, ClientSecret: mine.ClientSecret, ClientName: "您的应用", ApplicationType: "native", RedirectURIs: mine.RedirectURIs,
		GrantTypes: []string{"authorization_code", "refresh_token"}, Scope: "openid profile phone email identity"}
	casService := cas.Service{Registration: bridge.Registration{ID: "mock-cas", Name: "CAS 旧门户", Department: "示例部门", ApplicationType: "native", Scope: "profile phone", URLs: []string{report.Peers.CAS + "/cas"}}}
	old := []ticket.Bridge{{Registration: bridge.Registration{ID: "mock-ticket", Name: "票据旧门户", Department: "示例部门", ApplicationType: "native", Scope: "profile",
		URLs: []string{report.Peers.Ticket + "/sso"}, LogoutURL: report.Peers.Ticket + "/logout"}, Secret: secret(),
		Signature: ticket.Recipe{Algorithm: ticket.HMACSM3}, Levels: map[string]string{"0": "L0", "1": "L1", "2": "L2", "3": "L3", "4": "L4"}}}
	upper := federation.Source{ID: "province", Name: "省统一身份认证平台", Issuer: report.Peers.Upstream, ClientID: county.ClientID, Secret: county.ClientSecret, Scope: county.Scope,
		TrustedIdentity: true, Levels: map[string]int{"1": 1, "2": 2}}
	hall := ticket.Bridge{Registration: bridge.Registration{ID: "county", Name: "县级平台", Department: "示例县", ApplicationType: "native", Scope: "profile identity", StatutoryBasis: "模拟",
		URLs: []string{report.Issuer + "/federation/city/callback"}, LogoutURL: report.Issuer + "/federation/city/backchannel-logout"}, Secret: secret(), Signature: ticket.Recipe{Algorithm: ticket.HMACSM3}}
	city := federation.Source{ID: "city", Protocol: federation.ProtocolTicket, Name: "市统一身份认证（票据）", Secret: hall.Secret, TrustedIdentity: true, Levels: map[string]int{"1": 1, "2": 2}, Ticket: &federation.TicketProtocol{
		LoginURL: report.Peers.Upstream + "/ticket/county/login", ExchangeURL: report.Peers.Upstream + "/ticket/county/token", UserURL: report.Peers.Upstream + "/ticket/county/userinfo",
		AddressParameter: "redirect_url", StateParameter: "state", SendAddress: true, TokenField: "access_token", TokenParameter: "access_token", SessionField: "session_id", Signature: hall.Signature}}
	err := errors.Join(
		province.Apply(ctx, app.Manifest{Clients: []idp.Client{county}, Personas: withPassword(provincePeople), TicketBridges: []ticket.Bridge{hall}}),
		platform.Apply(ctx, app.Manifest{Clients: []idp.Client{registered, actingRegistration(acting.ClientSecret, acting.RedirectURIs)}, Personas: withPassword(countyPeople), CASServices: []cas.Service{casService}, TicketBridges: old, Upstreams: []federation.Source{upper, city}}))
	report.Clients = []Client{mine, acting}
	for _, p := range countyPeople {
		report.Personas = append(report.Personas, Person{p.Identifier, Password, p.Name, p.IAL, report.Issuer})
	}
	for _, p := range provincePeople {
		report.Personas = append(report.Personas, Person{p.Identifier, Password, p.Name, p.IAL, report.Peers.Upstream})
	}
	return old[0], err // with its defaults
}

func withPassword(people []app.Persona) []app.Persona {
	all := make([]app.Persona, len(people))
	for i, p := range people {
		p.Password = Password
		all[i] = p
	}
	return all
}

// serve answers until ctx ends.
func serve(ctx context.Context, s site, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	end := context.AfterFunc(ctx, func() { server.Close() })
	defer end()
	if err := server.Serve(s.Listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
