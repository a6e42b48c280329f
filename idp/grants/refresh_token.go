package grants

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp/oauth"
)

// RefreshToken renews an access token (RFC 6749 6).
type RefreshToken struct{ Engine *oauth.Engine }

// Type implements Grant.
func (RefreshToken) Type() string { return "refresh_token" }

// Run implements Grant.
func (g RefreshToken) Run(ctx context.Context, x oauth.Exchange) (oauth.Issued, error) {
	return g.Engine.Refresh(ctx, x)
}
