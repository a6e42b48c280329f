package app

import (
	"context"

	"github.com/yinxin-gov/yinxin/internal/outbox"
)

// TellSharedUse delivers a message of the pipeline.
func TellSharedUse(ctx context.Context, a *App, payload []byte) error {
	return sharedUses{a}.tell(ctx, outbox.Delivery{Payload: payload})
}
