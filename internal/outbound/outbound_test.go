package outbound_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/outbound"
)

type resolver map[string]string

func (r resolver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address}, nil
	}
	return []netip.Addr{netip.MustParseAddr(r[host])}, nil
}

func TestI11RefusedAddresses(t *testing.T) {
	client := outbound.New(outbound.Config{Resolver: resolver{"inside.example": "10.0.0.7", "mapped.example": "::ffff:169.254.169.254", "nat.example": "64:ff9b::7f00:1"}})
	for _, address := range []string{
		"http://ok.example/", "ftp://ok.example/", "https://ok.example:8443/", "https://user@ok.example/", "https://127.0.0.1/",
		"https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest", "https://100.64.1.1/", "https://[fd00::1]/",
		"//ok.example", "https://ok.example/#f", "https://inside.example/", "https://mapped.example/", "https://nat.example/", "https://0.0.0.0/",
	} {
		if _, err := client.Do(context.Background(), http.MethodGet, address, nil, nil); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%s: %v, want a refusal", address, err)
		}
	}
}

func TestAllowedHostAnswersWithinBounds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/big":
			w.Write([]byte(strings.Repeat("x", outbound.MaxBody+1)))
		case "/redirect":
			http.Redirect(w, r, "/big", http.StatusFound)
		default:
			w.Write([]byte(r.Header.Get("X-Test")))
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	client := outbound.New(outbound.Config{Allowed: []string{host}})
	answer, err := client.Do(context.Background(), http.MethodPost, server.URL+"/", http.Header{"X-Test": {"1"}}, []byte("body"))
	if err != nil || answer.Status != http.StatusOK || string(answer.Body) != "1" {
		t.Fatalf("%+v, %v", answer, err)
	}
	if answer, err = client.Do(context.Background(), http.MethodGet, server.URL+"/redirect", nil, nil); err != nil || answer.Status != http.StatusFound {
		t.Fatalf("redirect was followed: %+v, %v", answer, err)
	}
	if _, err = client.Do(context.Background(), http.MethodGet, server.URL+"/big", nil, nil); !errors.Is(err, outbound.ErrTooLarge) {
		t.Fatalf("large answer: %v", err)
	}
	if _, err = outbound.New(outbound.Config{}).Do(context.Background(), http.MethodGet, server.URL+"/", nil, nil); !errors.Is(err, outbound.ErrRefused) {
		t.Fatalf("loopback without permission: %v", err)
	}
}
