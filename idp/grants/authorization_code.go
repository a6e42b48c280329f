package grants

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp/oauth"
)

// AuthorizationCode redeems a code (RFC 6749 4.1.3, RFC 7636 4.5).
type AuthorizationCode struct{ Engine *oauth.Engine }

// Type implements Grant.
func (AuthorizationCode) Type() string { return "authorization_code" }

// Run implements Grant.
func (g AuthorizationCode) Run(ctx context.Context, x oauth.Exchange) (oauth.Issued, error) {
	return g.Engine.RedeemCode(ctx, x)
}
