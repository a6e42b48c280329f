package reqctx_test

import (
	"testing"

	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

func TestSourceIsWhatOneLineHas(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1":                 "192.0.2.1",
		"::ffff:192.0.2.1":          "192.0.2.1",
		"2001:db8:1:2:3:4:5:6":      "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1":      "2001:db8:1:2::/64",
		"2001:0db8:1:2::":           "2001:db8:1:2::/64",
		"2001:db8:1:3::1":           "2001:db8:1:3::/64",
		"fe80::1%eth0":              "fe80::/64",
		"::1":                       "::/64",
		"":                          "",
		"unix socket":               "unix socket",
		"192.0.2.1, 2001:db8:1:2::": "192.0.2.1, 2001:db8:1:2::",
	} {
		if got := (reqctx.Request{ClientIP: address}).Source(); got != want {
			t.Errorf("%q counts as %q, want %q", address, got, want)
		}
	}
	for address, want := range map[string]string{"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2::5": "2001:db8:1::/48", "none": "none"} {
		if got := reqctx.Network(address, 24, 48); got != want {
			t.Errorf("network of %q is %q, want %q", address, got, want)
		}
	}
}
