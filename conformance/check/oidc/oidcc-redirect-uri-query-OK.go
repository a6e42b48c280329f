package oidc

import (
	"context"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// redirectQueryOK is RFC 6749 3.1.2: the query of a registered address is kept.
var redirectQueryOK = check.Rule{
	ID:        "oidc/oidcc-redirect-uri-query-OK",
	Title:     "the query of a registered address is kept",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "3.1.2"},
	Scope:     "authorization request",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary, party.WithQuery)
		r := t.Ask(c, "redirect_uri", c.RedirectWithQuery())
		l := t.Authorize(ctx, t.NewBrowser(), r)
		t.Require("the request leads to a code", l.Values.Get("code") != "", "%s", l.Said())
		_, query, _ := strings.Cut(c.RedirectWithQuery(), "?")
		registered, err := url.ParseQuery(query)
		t.Need("the registered address has a query", err == nil, "%v", err)
		for name := range registered {
			t.Holds("the parameter "+name+" of the registered address is kept", l.Values.Get(name) == registered.Get(name), "it is %q", l.Values.Get(name))
		}
		t.Tokens(ctx, r, t.CodeOf(r, l))
	},
}
