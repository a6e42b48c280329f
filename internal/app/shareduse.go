package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/proofing"
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

// SharedUse implements proofing.Alerts: proposal and event are one change.
func (a sharedUses) SharedUse(ctx context.Context, u proofing.SharedUse) error {
	err := a.alert(ctx, u)
	if err != nil {
		a.opts.Log.WarnContext(ctx, "nobody was told of what many identities share", "what", u.What, "error", err)
		return err
	}
	a.metrics.shared.WithLabelValues(u.What).Inc()
	return nil
}

func (a sharedUses) alert(ctx context.Context, u proofing.SharedUse) error {
	payload, err := json.Marshal(u)
	if err != nil {
		return err
	}
	p, record, err := a.fourEyes.Draft(reqctx.WithReason(ctx, "shared_"+u.What), foureyes.Wish{Kind: proofing.KindSharedUse, ObjectType: "account", ObjectID: u.AccountID, Subject: "account:" + u.AccountID,
		Machine: "system:proofing", Payload: json.RawMessage(payload)})
	if err != nil {
		return fmt.Errorf("draft alert: %w", err)
	}
	e := idp.Event(ctx, a.opts.Now().UTC(), "proofing.shared_use", "account", u.AccountID, map[string]string{"what": u.What, "identities": strconv.Itoa(u.Identities), "days": strconv.Itoa(u.Days), "case": u.Case, "proposal": p.ID})
	record.Events = append(record.Events, e)
	return a.store.PutProposal(ctx, p, record)
}
