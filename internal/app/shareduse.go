package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// sharedUses puts into the inbox of security administrators what stands behind many identities. Whoever the account belongs to does not
// decide; a decision changes nothing but the record that it was looked at.
type sharedUses struct{ *App }

// register makes the kind known to the engine.
func (a sharedUses) register() {
	a.fourEyes.Register(foureyes.Kind{Name: proofing.KindSharedUse, Role: idp.RoleSecurityAdmin, Execute: func(ctx context.Context, _ foureyes.Proposal, _ []byte, settlement foureyes.Settlement) error {
		return a.store.SettleProposal(ctx, settlement)
	}})
}

// tell carries out a message of proofing.TopicShared. One that comes again tells nobody twice.
func (a sharedUses) tell(ctx context.Context, d outbox.Delivery) error {
	var u proofing.SharedUse
	if err := json.Unmarshal(d.Payload, &u); err != nil {
		return fmt.Errorf("read what many identities share: %w", err)
	}
	p, record, err := a.fourEyes.Draft(reqctx.WithReason(ctx, "shared_"+u.What), foureyes.Wish{Kind: proofing.KindSharedUse, ObjectType: "account", ObjectID: u.AccountID, Subject: "account:" + u.AccountID,
		Machine: "system:proofing", Payload: json.RawMessage(d.Payload), Once: u.Case + "/" + u.What})
	if errors.Is(err, idp.ErrNotFound) { // the account was erased meanwhile; the event of the count stays
		return nil
	}
	if err != nil {
		return fmt.Errorf("draft alert: %w", err)
	}
	switch err := a.store.PutProposal(ctx, p, record); {
	case errors.Is(err, foureyes.ErrConflict):
		return nil
	case err != nil:
		return fmt.Errorf("store alert: %w", err)
	}
	a.metrics.shared.WithLabelValues(u.What).Inc()
	return nil
}
