package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp/federation"
)

// Check fetches the metadata and the keys of a source anew and judges them as a login does. What is kept of the source
// stays as it is.
func (p *Provider) Check(ctx context.Context, s federation.Source) error {
	probe := New(p.fetch, p.now)
	m, err := probe.meta(ctx, s)
	if err != nil {
		return err
	}
	set, err := probe.keySet(ctx, s, m, true)
	if err != nil {
		return err
	}
	if len(set.Keys()) == 0 {
		return refused("the key set is empty")
	}
	return nil
}
