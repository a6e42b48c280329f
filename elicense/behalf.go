package elicense

import (
	"context"
	"errors"
	"strings"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Behalf is the mandate under which who is signed in acts for a holder at a page of ours (单位卡包), as the room of mandates judged it for this request.
// Each change of grants and freezes judges it once more, in its own write.
type Behalf struct {
	Mandate   string
	Principal string // account
	Agent     string // account
	Manages   bool   // grants whoever gave them, freezes, the ledger
	// Lends reports whether the agent may let an office use a licence of a type for a purpose.
	Lends func(typeCode, purpose string) bool
}

// Doing is a change under a mandate, as its uses are listed to both sides.
type Doing string

// Changes.
const (
	DoingLend   Doing = "lend"
	DoingUnlend Doing = "unlend"
	DoingFreeze Doing = "freeze"
	DoingThaw   Doing = "thaw"
)

// ErrMandateOver is answered by stores for a change whose context has a mandate that stands no longer, or is frozen; nothing of it is stored.
var ErrMandateOver = errors.New("elicense: the mandate stands no longer")

type behalfKey struct{}

// WithBehalf returns a context whose actor acts under the mandate.
func WithBehalf(ctx context.Context, b Behalf) context.Context {
	return context.WithValue(ctx, behalfKey{}, b)
}

// BehalfOf is the mandate of a context; ok is false where somebody acts for itself.
func BehalfOf(ctx context.Context) (b Behalf, ok bool) {
	b, ok = ctx.Value(behalfKey{}).(Behalf)
	return b, ok
}

// wallet is whose licences the actor disposes of: the own ones, or those of whom it acts for under a mandate; with manages only under one that
// manages them all.
func wallet(ctx context.Context, manages bool) (holderRef string, err error) {
	b, ok := BehalfOf(ctx)
	if !ok {
		return ownAccount(ctx)
	}
	actor := reqctx.From(ctx).Actor
	switch {
	case actor.ID != accountRef(b.Agent), actor.ActingFor != accountRef(b.Principal), actor.Client != "":
		return "", fault.New(fault.Forbidden)
	case manages && !b.Manages:
		return "", fault.New(fault.GrantBeyond)
	}
	return actor.ActingFor, nil
}

func accountRef(account string) string { return "account:" + account }

// mayLend refuses a grant that goes beyond the mandate of who gives it.
func mayLend(ctx context.Context, typeCode, purpose string) error {
	if b, ok := BehalfOf(ctx); ok && !b.Lends(typeCode, purpose) {
		return fault.New(fault.GrantBeyond)
	}
	return nil
}

// mayEnd reports whether the actor may end a grant as the holder of its licence or for that one: whoever acts ends its own, who manages any.
func mayEnd(ctx context.Context, g Grant) bool {
	if g.HolderRef == "" || g.Mode != GrantHolder && g.Mode != GrantDelegate {
		return false
	}
	account, err := wallet(ctx, false)
	b, acts := BehalfOf(ctx)
	return err == nil && account == g.HolderRef && (!acts || b.Manages || g.Actor == reqctx.From(ctx).Actor.ID)
}

// agentOf is who acts for the holder now; empty for the holder.
func agentOf(actor reqctx.Actor) string {
	if actor.ActingFor == "" || !strings.HasPrefix(actor.ID, "account:") {
		return ""
	}
	return actor.ID
}

// endPage is how many grants are looked at in one read.
const endPage = 100

// RevokeGrantsOf ends what somebody gave for a holder who is an organisation, at one press of who manages its licences: of people who left. It answers
// how many it ended; grants that ended before stay as they are.
func (s *Service) RevokeGrantsOf(ctx context.Context, giver string) (n int, err error) {
	account, err := wallet(ctx, true)
	if err != nil {
		return 0, err
	}
	if _, acts := BehalfOf(ctx); !acts || giver == "" {
		return 0, fault.New(fault.Forbidden)
	}
	for after := ""; ; {
		page, next, err := s.cfg.Store.ListGrants(ctx, GrantQuery{HolderRef: account, Actor: giver, After: after, Limit: endPage})
		if err != nil {
			return n, storeFault(err, "list grants")
		}
		for _, g := range page {
			if state := g.State(s.now()); g.Mode != GrantDelegate || state != "open" && state != StateAwaiting {
				continue
			}
			if _, err := s.RevokeGrant(ctx, g.ID); err != nil {
				return n, err
			}
			n++
		}
		if after = next; next == "" {
			return n, nil
		}
	}
}

// UsesFor is a page of the ledger of an organisation, the newest first, for who manages its licences; each line names who acted. next is the ID of its last line.
func (s *Service) UsesFor(ctx context.Context, after string, limit int) (page []Use, next string, err error) {
	account, err := wallet(ctx, true)
	if err != nil {
		return nil, "", err
	}
	q := UseQuery{HolderRef: account, Till: s.now().AddDate(0, 0, 1), Limit: limit + 1}
	if after != "" {
		last, err := s.cfg.Store.FindUse(ctx, account, after)
		if err != nil {
			return nil, "", storeFault(err, "find use")
		}
		q.Behind, q.BehindID = last.First, last.ID
	}
	page, err = s.cfg.Store.ListUses(ctx, q)
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, storeFault(err, "list uses")
}
