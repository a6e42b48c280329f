package grants

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
)

// DeviceCode gives tokens to a device whose code a person approved elsewhere (RFC 8628).
type DeviceCode struct{ Engine *oauth.Engine }

// Type implements Grant.
func (DeviceCode) Type() string { return idp.GrantDeviceCode }

// Run implements Grant.
func (g DeviceCode) Run(ctx context.Context, x oauth.Exchange) (oauth.Issued, error) {
	if x.Form.Get("device_code") == "" {
		return oauth.Issued{}, refuse("invalid_request", "device_code is missing")
	}
	return g.Engine.RedeemDevice(ctx, x)
}
