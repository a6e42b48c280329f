package fapi2

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// pushMethod is RFC 9126 2.3: a push is a POST.
var pushMethod = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-attempt-invalid-http-method",
	Title:     "a push is a POST",
	Citation:  check.Citation{Standard: "RFC 9126", Clause: "2.3"},
	Scope:     "pushed request",
	Effective: "2021-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		address := t.Has("pushed_authorization_request_endpoint")
		for _, method := range []string{http.MethodPut, http.MethodGet} {
			a := t.Call(ctx, method, address, nil, "")
			t.Holds("the method "+method+" is answered with 405", a.Status == http.StatusMethodNotAllowed, "it is answered with %d", a.Status)
		}
	},
}
