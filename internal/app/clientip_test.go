package app

import (
	"net/http"
	"net/netip"
	"testing"
)

// TestI18ForgedAddresses: a header tells the sender's address only as far as trusted proxies wrote it, and one that cannot be
// read hides nobody (I-18).
func TestI18ForgedAddresses(t *testing.T) {
	senders(t, map[string]sender{
		"no proxy, no header":           {"203.0.113.5:1", nil, "203.0.113.5"},
		"no proxy, forged":              {"203.0.113.5:1", []string{"127.0.0.1"}, "203.0.113.5"},
		"no proxy, forged as a proxy":   {"203.0.113.5:1", []string{"10.0.0.1"}, "203.0.113.5"},
		"one proxy":                     {"10.0.0.1:1", []string{"203.0.113.5"}, "203.0.113.5"},
		"two proxies":                   {"10.0.0.1:1", []string{"203.0.113.5, 10.0.0.2"}, "203.0.113.5"},
		"forged before the proxy's":     {"10.0.0.1:1", []string{"192.0.2.9, 203.0.113.5"}, "203.0.113.5"},
		"forged in a header of its own": {"10.0.0.1:1", []string{"192.0.2.9", "203.0.113.5"}, "203.0.113.5"},
		"forged as a proxy":             {"10.0.0.1:1", []string{"10.0.0.9, 203.0.113.5"}, "203.0.113.5"},
		"proxies all the way":           {"10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"mapped":                        {"[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.5"}, "203.0.113.5"},
		"IPv6":                          {"[fd00::1]:1", []string{"2001:db8::5"}, "2001:db8::5"},
		"a remote address that is none": {"@", []string{"203.0.113.5"}, "unknown"},
		"thousands of hops of a trusted one": {"10.0.0.1:1", func() []string {
			hops := make([]string, 5000)
			for i := range hops {
				hops[i] = "10.0.0.7"
			}
			return hops
		}(), "10.0.0.7"},
	})
}

// TestA32UnreadableAddressesHideNobody: where the header holds what is no address, the proxy itself is the sender, whom every rule
// counts; nothing is skipped.
func TestA32UnreadableAddressesHideNobody(t *testing.T) {
	senders(t, map[string]sender{
		"no address":             {"10.0.0.1:1", []string{"203.0.113.5, unknown"}, "10.0.0.1"},
		"an address with a port": {"10.0.0.1:1", []string{"203.0.113.5:80"}, "10.0.0.1"},
		"empty":                  {"10.0.0.1:1", []string{""}, "10.0.0.1"},
		"a trailing comma":       {"10.0.0.1:1", []string{"203.0.113.5,"}, "10.0.0.1"},
		"a zone":                 {"10.0.0.1:1", []string{"fe80::1%eth0, x"}, "10.0.0.1"},
		"octal":                  {"10.0.0.1:1", []string{"0177.0.0.1"}, "10.0.0.1"},
	})
}

// sender is a request, and whom it is from.
type sender struct {
	remote string
	hops   []string
	want   string
}

func senders(t *testing.T, all map[string]sender) {
	t.Helper()
	e := &edge{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for name, test := range all {
		r := &http.Request{RemoteAddr: test.remote, Header: http.Header{"X-Forwarded-For": test.hops}}
		if got := e.clientIP(r); got != test.want {
			t.Errorf("%s: %s, not %s", name, got, test.want)
		}
	}
}
