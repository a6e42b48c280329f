package outbound_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/outbound"
)

var ctx = context.Background()

// resolver answers names from a table, each time with the next of its answers, as a hostile name server may.
type resolver struct {
	mutex   sync.Mutex
	answers map[string][][]string
	asked   int
}

func (r *resolver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address}, nil
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.asked++
	host = strings.ToLower(host)
	rounds := r.answers[host]
	if len(rounds) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(rounds) > 1 {
		r.answers[host] = rounds[1:]
	}
	var all []netip.Addr
	for _, text := range rounds[0] {
		all = append(all, netip.MustParseAddr(text))
	}
	return all, nil
}

func names(answers map[string][][]string) *resolver { return &resolver{answers: answers} }

func TestI11AddressesRefusedBeforeTheyAreStored(t *testing.T) {
	client := outbound.New(outbound.Config{})
	for _, address := range []string{
		"", "ok.example", "//ok.example", "https://", "https:///path", "https://:443/", "/path", "http://ok.example/", "ftp://ok.example/", "file:///etc/passwd", "gopher://ok.example/", "javascript:alert(1)",
		"https://ok.example:8443/", "https://ok.example:80/", "https://user@ok.example/", "https://user:secret@ok.example/", "https://ok.example/#f", "https://ok.example:443@evil.example/",
		// private, loopback, link-local, metadata
		"https://127.0.0.1/", "https://127.8.8.8/", "https://10.0.0.1/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data", "https://100.64.1.1/", "https://100.100.100.200/",
		"https://0.0.0.0/", "https://0.1.2.3/", "https://255.255.255.255/", "https://224.0.0.1/", "https://198.18.0.1/", "https://192.0.2.1/", "https://198.51.100.1/", "https://203.0.113.1/", "https://192.0.0.8/", "https://192.88.99.1/", "https://240.0.0.1/",
		// IPv6 and IPv4 inside it
		"https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fd00::1]/", "https://[fc00::1]/", "https://[fec0::1]/", "https://[ff02::1]/", "https://[2001:db8::1]/", "https://[3fff::1]/", "https://[100::1]/", "https://[5f00::1]/",
		"https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/", "https://[::ffff:a9fe:a9fe]/", "https://[0:0:0:0:0:ffff:7f00:1]/", "https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::10.0.0.1]/", "https://[2002:7f00:1::]/", "https://[2001:0:1::1]/", "https://[::ffff:0:7f00:1]/",
		// what some resolvers read as 127.0.0.1
		"https://2130706433/", "https://0x7f000001/", "https://0x7F.0.0.1/", "https://0177.0.0.1/", "https://017700000001/", "https://127.1/", "https://127.0.1/", "https://127.0.0.1./", "https://2130706433./", "https://0/", "https://0x/",
	} {
		if err := client.Check(address); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%q: %v, want a refusal", address, err)
		}
		if _, err := client.Do(ctx, http.MethodGet, address, nil, nil); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%q is asked: %v", address, err)
		}
	}
	for _, address := range []string{"https://ok.example/", "https://ok.example:443/cb?a=b", "https://1.1.1.1/", "https://[2606:4700::1111]/", "https://例子.example/", "https://a1.example.gov.cn", "https://ok.example."} {
		if err := client.Check(address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestI11NamesThatLeadInsideAreRefusedAtTheCall(t *testing.T) {
	for name, answers := range map[string][]string{
		"private": {"10.0.0.7"}, "loopback": {"127.0.0.1"}, "metadata": {"169.254.169.254"}, "mapped": {"::ffff:169.254.169.254"}, "translated": {"64:ff9b::7f00:1"}, "unique local": {"fd00::1"}, "site local": {"fec0::7"},
		"one of several": {"1.1.1.1", "10.0.0.7"}, "several, the first inside": {"10.0.0.7", "1.1.1.1"}, "none": {},
	} {
		client := outbound.New(outbound.Config{Resolver: names(map[string][][]string{"inside.example": {answers}})})
		if _, err := client.Do(ctx, http.MethodGet, "https://inside.example/", nil, nil); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	client := outbound.New(outbound.Config{Resolver: names(nil)})
	if _, err := client.Do(ctx, http.MethodGet, "https://unknown.example/", nil, nil); err == nil || errors.Is(err, outbound.ErrRefused) {
		t.Errorf("a name that is not there: %v", err)
	}
}

// TestI11NameIsResolvedOnceAndTheCheckedAddressIsDialled: a name server that answers differently the second time
// (rebinding) is never asked a second time within a call.
func TestI11NameIsResolvedOnceAndTheCheckedAddressIsDialled(t *testing.T) {
	first, second := 0, 0
	one := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { first++ }))
	defer one.Close()
	_, port, _ := net.SplitHostPort(one.Listener.Addr().String())
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.2", port))
	if err != nil {
		t.Fatal(err)
	}
	two := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { second++ }))
	two.Listener.Close()
	two.Listener = listener
	two.Start()
	defer two.Close()
	r := names(map[string][][]string{"rebind.example": {{"127.0.0.1"}, {"127.0.0.2"}}})
	host := net.JoinHostPort("rebind.example", port)
	client := outbound.New(outbound.Config{Allowed: []string{host}, Resolver: r})
	if _, err := client.Do(ctx, http.MethodGet, "http://"+host+"/", nil, nil); err != nil {
		t.Fatal(err)
	}
	if r.asked != 1 || first != 1 || second != 0 {
		t.Errorf("asked %d times, %d calls to the checked address, %d to the other", r.asked, first, second)
	}
	// A name that was public when it was stored and leads inside at the call is refused at the call.
	rebound := names(map[string][][]string{"rebind.example": {{"127.0.0.1"}}})
	stranger := outbound.New(outbound.Config{Resolver: rebound})
	if err := stranger.Check("https://rebind.example/"); err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Do(ctx, http.MethodGet, "https://rebind.example/", nil, nil); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("%v", err)
	}
}

// inside serves on loopback and gives a client that may reach it under the name.
func inside(t *testing.T, name string, handler http.HandlerFunc) (client *outbound.Client, address string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	host := net.JoinHostPort(name, port)
	return outbound.New(outbound.Config{Allowed: []string{host}, Resolver: names(map[string][][]string{name: {{"127.0.0.1"}}, "other.example": {{"127.0.0.1"}}})}), "http://" + host
}

func TestAllowedHostMayBeInsideButOnlyThatOne(t *testing.T) {
	calls := 0
	client, address := inside(t, "gateway.example", func(w http.ResponseWriter, r *http.Request) {
		calls++
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, r.Method+" "+r.Header.Get("X-Test")+" "+string(body))
	})
	answer, err := client.Do(ctx, http.MethodPost, address+"/x", http.Header{"X-Test": {"1"}}, []byte("body"))
	if err != nil || answer.Status != http.StatusOK || string(answer.Body) != "POST 1 body" || answer.Header.Get("Content-Length") == "" {
		t.Fatalf("%+v %v", answer, err)
	}
	if _, err := client.Do(ctx, http.MethodGet, strings.Replace(address, "gateway", "GATEWAY", 1), nil, nil); err != nil {
		t.Errorf("the name in capitals: %v", err)
	}
	for _, other := range []string{strings.Replace(address, "gateway", "other", 1), strings.Replace(address, "gateway.example", "127.0.0.1", 1), "http://gateway.example/", "ftp://" + strings.TrimPrefix(address, "http://")} {
		if _, err := client.Do(ctx, http.MethodGet, other, nil, nil); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%s: %v", other, err)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

func TestRedirectIsAnAnswerAndNoStepInside(t *testing.T) {
	followed := 0
	for _, status := range []int{301, 302, 303, 307, 308} {
		client, address := inside(t, "gateway.example", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				followed++
				return
			}
			http.Redirect(w, r, "/elsewhere", status)
		})
		if answer, err := client.Do(ctx, http.MethodGet, address+"/", nil, nil); err != nil || answer.Status != status {
			t.Errorf("%+v %v", answer, err)
		}
	}
	if followed != 0 {
		t.Errorf("%d redirects were followed", followed)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	client, address := inside(t, "gateway.example", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/full":
			w.Write(make([]byte, outbound.MaxBody))
		case "/over":
			w.Write(make([]byte, outbound.MaxBody+1))
		case "/packed": // a small answer that would unpack to a large one
			w.Header().Set("Content-Encoding", "gzip")
			w.Write([]byte{0x1f, 0x8b, 8, 0})
		case "/headers":
			w.Header().Set("X-Long", strings.Repeat("x", 64<<10))
		case "/cut":
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("half"))
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}
	})
	if answer, err := client.Do(ctx, http.MethodGet, address+"/full", nil, nil); err != nil || len(answer.Body) != outbound.MaxBody {
		t.Errorf("256 KiB: %v", err)
	}
	for _, path := range []string{"/over", "/endless"} {
		if _, err := client.Do(ctx, http.MethodGet, address+path, nil, nil); !errors.Is(err, outbound.ErrTooLarge) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if answer, err := client.Do(ctx, http.MethodGet, address+"/packed", nil, nil); err != nil || len(answer.Body) != 4 {
		t.Errorf("packed: %+v %v", answer, err)
	}
	for _, path := range []string{"/headers", "/cut"} {
		if answer, err := client.Do(ctx, http.MethodGet, address+path, nil, nil); err == nil {
			t.Errorf("%s: %+v", path, answer)
		}
	}
}

func TestNoCookiesNoProxyNoCredentialsGoAlong(t *testing.T) {
	proxied := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied++ }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	client, address := inside(t, "gateway.example", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "" || r.Header.Get("Authorization") != "" || r.Header.Get("Referer") != "" {
			t.Errorf("sent %v", r.Header)
		}
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	})
	for range 2 {
		if _, err := client.Do(ctx, http.MethodGet, address, nil, nil); err != nil {
			t.Error(err)
		}
	}
	if proxied != 0 {
		t.Errorf("%d calls went to the proxy of the environment", proxied)
	}
}

func TestCertificateIsVerified(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "https://")
	if _, err := outbound.New(outbound.Config{Allowed: []string{host}}).Do(ctx, http.MethodGet, server.URL, nil, nil); err == nil {
		t.Error("an unknown certificate was taken")
	}
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	if _, err := outbound.New(outbound.Config{Allowed: []string{host}, TLS: &tls.Config{RootCAs: roots}}).Do(ctx, http.MethodGet, server.URL, nil, nil); err != nil {
		t.Errorf("the operator's own root: %v", err)
	}
}

// TestF09NothingTakesLongerThanFiveSeconds: neither a server that is silent nor one that drips.
func TestF09NothingTakesLongerThanFiveSeconds(t *testing.T) {
	client, address := inside(t, "gateway.example", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if r.URL.Path == "/drips" {
				w.Write([]byte("."))
				w.(http.Flusher).Flush()
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	for _, path := range []string{"/silent", "/drips"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			if answer, err := client.Do(ctx, http.MethodGet, address+path, nil, nil); err == nil || time.Since(began) > 30*time.Second {
				t.Errorf("%+v %v after %s", answer, err, time.Since(began))
			}
		})
	}
}

// TestAllowedPlacesAreNamedInAnyCase: names of hosts have no case (RFC 4343).
func TestAllowedPlacesAreNamedInAnyCase(t *testing.T) {
	client := outbound.New(outbound.Config{Allowed: []string{"CRL.Example.cn:80"}})
	for address, want := range map[string]bool{"http://crl.example.cn/a": true, "http://CRL.EXAMPLE.CN/a": true, "http://crl.example.com/a": false} {
		if err := client.Check(address); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}
