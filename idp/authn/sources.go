package authn

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// SourceLimits bound how many codes an address and its network may ask for in an hour, whoever they are for: codes cost
// money, and asking for them at many numbers is how pumping and harassment work. The zero value has no limit.
type SourceLimits struct {
	Store      ThrottleStore
	PerAddress int
	PerNetwork int // IPv4 /24, IPv6 /48; an IPv6 address counts as its /64
}

const (
	sourceSpan       = time.Hour
	scopeCodeAddress = "code-address"
	scopeCodeNetwork = "code-network"
)

// count adds the request before anything is sent, so that parallel requests count as well. No counter, no code (R6).
func (l SourceLimits) count(ctx context.Context, now time.Time) error {
	if l.Store == nil {
		return nil
	}
	request := reqctx.From(ctx)
	for _, one := range []struct {
		scope, key string
		limit      int
	}{{scopeCodeAddress, request.Source(), l.PerAddress}, {scopeCodeNetwork, reqctx.Network(request.ClientIP, 24, 48), l.PerNetwork}} {
		if one.limit == 0 {
			continue
		}
		asked, err := l.Store.Count(ctx, one.scope, []byte(one.key), sourceSpan, now)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		if asked > one.limit {
			return fault.New(fault.CodeSourceBusy).After(int(sourceSpan / time.Second))
		}
	}
	return nil
}

// reachable refuses an address to which no message goes. It depends on the address alone, so it tells nobody whether an
// account exists.
func (c *Codes) reachable(identifier subject.Identifier, kind string) error {
	if c.reaches == nil {
		return nil
	}
	switch offered, allowed := c.reaches(kind, identifier.Value); {
	case kind == kindVoice && !(offered && allowed):
		return fault.New(fault.CodeNoCall)
	case !offered && identifier.Kind == subject.Email:
		return fault.New(fault.CodeNoMail)
	case !offered:
		return fault.New(fault.CodeNoSMS)
	case !allowed:
		return fault.New(fault.CodeCountry)
	}
	return nil
}
