package party

import (
	"context"
	"net/url"
)

// Logout takes the browser to the end-session endpoint and confirms where the server asks.
func (t *Trial) Logout(ctx context.Context, b *Browser, params url.Values) Landing {
	address := t.Has("end_session_endpoint")
	if len(params) > 0 {
		address += "?" + params.Encode()
	}
	t.Look(ctx, b, address)
	if b.page.Has("logout-confirm") {
		err := b.submit(ctx, map[string]string{"logout-confirm": "1"})
		t.Need("the logout page takes the confirmation", err == nil, "%v", err)
	}
	return b.landing()
}

// SignedOut records whether the browser has no session any more: a silent request must be refused.
func (t *Trial) SignedOut(ctx context.Context, b *Browser, c Client) {
	l := t.Watch(ctx, b, t.Ask(c, "prompt", "none"))
	t.Holds("the session has ended", l.Values.Get("error") == "login_required" || l.Values.Get("error") == "interaction_required", "a silent request came to %s", l.Said())
}
