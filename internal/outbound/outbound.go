// Package outbound is the one HTTP client for addresses that others name: callbacks of clients, key sets, authorities.
//
// It answers security rule R9: https only unless the operator allows the host, ports 443 or those allowed, the name is
// resolved once and the checked address is dialled, ranges that are not public are refused in every spelling unless the
// operator's list names the host, no redirects, 5 s in all, answers of at most 256 KiB, no proxy, no cookies.
package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Limits of every exchange.
const (
	Timeout = 5 * time.Second
	MaxBody = 256 << 10
)

// Errors that callers may tell apart.
var (
	ErrRefused  = errors.New("outbound: address is not allowed")
	ErrTooLarge = errors.New("outbound: answer is too large")
)

// Config of a client.
type Config struct {
	// Allowed lists "host:port" that may be reached although the address is not public or the scheme is http.
	Allowed []string
	// Resolver is the system's when nil.
	Resolver interface {
		LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	}
	// TLS is the client configuration, for operators with roots of their own; nil is the system's.
	TLS *tls.Config
}

// Client fetches and posts.
type Client struct {
	cfg  Config
	http *http.Client
}

// New returns a client.
func New(cfg Config) *Client {
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	cfg.Allowed = slices.Clone(cfg.Allowed)
	for i, place := range cfg.Allowed {
		cfg.Allowed[i] = strings.ToLower(place)
	}
	c := &Client{cfg: cfg}
	c.http = &http.Client{
		Timeout:       Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: nil, DialContext: c.dial, TLSClientConfig: cfg.TLS, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: Timeout, ResponseHeaderTimeout: Timeout,
			MaxResponseHeaderBytes: 32 << 10,
		},
	}
	return c
}

// Answer of an exchange; the body was read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Check reports whether an address may be used at all, before it is stored.
func (c *Client) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("%w: not an absolute address", ErrRefused)
	}
	if c.isAllowed(hostPort(u)) && (u.Scheme == "http" || u.Scheme == "https") {
		return nil
	}
	if u.Scheme != "https" {
		return fmt.Errorf("%w: scheme %s", ErrRefused, u.Scheme)
	}
	if port := u.Port(); port != "" && port != "443" {
		return fmt.Errorf("%w: port %s", ErrRefused, port)
	}
	if address, err := netip.ParseAddr(strings.Trim(u.Hostname(), "[]")); err == nil && !isPublic(address) {
		return fmt.Errorf("%w: address is not public", ErrRefused)
	} else if err != nil && endsInNumber(u.Hostname()) {
		return fmt.Errorf("%w: odd spelling of an address", ErrRefused)
	}
	return nil
}

// endsInNumber finds what some resolvers read as an IPv4 address although it is none in its one form (WHATWG URL 3.5):
// 2130706433, 0x7f000001, 0177.0.0.1, 127.1, with or without a dot at the end.
func endsInNumber(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// Do sends a request. The answer holds at most MaxBody octets; a redirect is an answer like any other.
func (c *Client) Do(ctx context.Context, method, address string, header http.Header, body []byte) (*Answer, error) {
	return c.DoUpTo(ctx, MaxBody, method, address, header, body)
}

// DoUpTo is Do for what is larger by its nature, such as lists of revoked certificates: limit bounds the answer, in octets.
func (c *Client) DoUpTo(ctx context.Context, limit int64, method, address string, header http.Header, body []byte) (*Answer, error) {
	if err := c.Check(address); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(string(body)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("outbound: %w", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("outbound: read answer: %w", err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("%w: more than %d octets", ErrTooLarge, limit)
	}
	return &Answer{Status: response.StatusCode, Header: response.Header, Body: content}, nil
}

// Dial opens a connection to a server that the operator configured for another protocol than HTTP, such as a mail server:
// any port, under the same rule for addresses, in at most 5 s.
func (c *Client) Dial(ctx context.Context, address string) (net.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	return c.dial(bounded, "tcp", strings.ToLower(address))
}

// dial resolves once, checks every address and dials one that was checked, so that a name cannot point elsewhere
// between check and use.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses, err := c.cfg.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	allowed := c.isAllowed(address)
	var dialer net.Dialer
	var failure error = fmt.Errorf("%w: %s has no address", ErrRefused, host)
	for _, candidate := range addresses {
		if !allowed && !isPublic(candidate) {
			return nil, fmt.Errorf("%w: %s is not public", ErrRefused, host)
		}
	}
	for _, candidate := range addresses {
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(candidate.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		failure = err
	}
	return nil, failure
}

func (c *Client) isAllowed(hostPort string) bool {
	return slices.Contains(c.cfg.Allowed, strings.ToLower(hostPort))
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// Ranges that are routable yet not public (IANA special-purpose registries): shared address space, benchmarks,
// translation and tunnel prefixes, documentation, segment identifiers, and the withdrawn site-local ones.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("::/96"),
	netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("::ffff:0:0:0/96"), netip.MustParsePrefix("3fff::/20"),
	netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"),
}

func isPublic(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if !address.IsGlobalUnicast() || address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast() {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(address) })
}
