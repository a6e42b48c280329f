package grants

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp/oauth"
)

// ClientCredentials gives a client a token for itself (RFC 6749 4.4).
type ClientCredentials struct{ Engine *oauth.Engine }

// Type implements Grant.
func (ClientCredentials) Type() string { return "client_credentials" }

// Run implements Grant.
func (g ClientCredentials) Run(ctx context.Context, x oauth.Exchange) (oauth.Issued, error) {
	return g.Engine.ClientCredentials(ctx, x)
}
