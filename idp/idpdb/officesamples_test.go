package idpdb_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// bankOffice takes every order.
type bankOffice struct{ fen int }

func (*bankOffice) Name() string { return "bank" }

func (*bankOffice) Knows(string) bool { return true }

func (b *bankOffice) Ask(_ context.Context, q proofing.Query) (proofing.Answer, error) {
	b.fen = q.Transfer.Fen
	return proofing.Answer{Verdict: proofing.Ordered, Digest: "d"}, nil
}

// TestSamplesOfOrganisations: a transfer that was confirmed is drawn as a person's pass is. Nobody looks at it who stands or stood for the
// organisation, acts for it, or is bound to its representative; two doubts take that level back and leave what the register gave.
func TestSamplesOfOrganisations(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		const code, name = "91999900MA0000015N", "示例市青禾商贸有限公司"
		at := &bankOffice{}
		d.Proofing = proofing.New(proofing.Config{Accounts: d.Accounts, Store: d.store, Reviews: d.store, Now: d.Clock.Now, Rand: ident.System(),
			Methods: []proofing.Method{{Word: proofing.ManualReview, Review: true}, {Word: proofing.OrganisationTransfer, Source: at}},
			Policy: func() []proofing.Level {
				all := proofing.DefaultPolicy()
				for i := range all {
					if all[i].Method == proofing.OrganisationTransfer {
						all[i].Sample = 1000
					}
				}
				return all
			}})
		citizen := func(i int) string { return d.Account(t, fmt.Sprintf("1370013700%d", i), "").ID }
		representative, before, agent, kin := citizen(0), citizen(1), citizen(2), citizen(3)
		office, proof, err := d.Accounts.Draft(ctx, "org", idp.Proof{IAL: 1, Method: proofing.OrganisationRegister, Source: "register", At: d.Clock.Now()}, name, "unified_social_credit_code", code)
		must(t, err)
		note := func() audit.Record {
			return audit.With(idp.Event(ctx, d.Clock.Now(), "organisation.founded", "account", office.ID, nil))
		}
		now := d.Clock.Now()
		held := func(id, principal, agent string, kind mandate.Kind, state mandate.State) mandate.Mandate {
			return mandate.Mandate{ID: id, Principal: principal, Agent: agent, Kind: kind, Items: []string{mandate.AllItems}, State: state, NotBefore: now, NotAfter: now.AddDate(1, 0, 0), CreatedAt: now, PrincipalAt: now, AgentAt: now}
		}
		must(t, d.store.PutOrganisation(ctx, mandate.Organisation{ID: office.ID, Representative: before, State: mandate.Registered, CheckedAt: now, CreatedAt: now}, office, proof, held("mdt_before", office.ID, before, mandate.LegalRepresentative, mandate.Active), note()))
		must(t, d.store.SucceedOrganisation(ctx, mandate.Organisation{ID: office.ID, Representative: representative, CheckedAt: now}, held("mdt_now", office.ID, representative, mandate.LegalRepresentative, mandate.Active), note()))
		must(t, d.store.PutMandate(ctx, held("mdt_agent", office.ID, agent, mandate.Staff, mandate.Active), mandate.Bounds{}, note()))
		must(t, d.store.PutRelative(ctx, mandate.Relation{ID: "rel_1", By: kin, Other: representative, Word: "kin", State: mandate.Declared, CreatedAt: now}, 10, note()))

		must(t, d.Proofing.OrderTransfer(ctx, office.ID, "9999000012345678"))
		if got, err := d.Proofing.ConfirmTransfer(ctx, office.ID, fmt.Sprintf("%d.%02d", at.fen/100, at.fen%100)); err != nil || got != 2 || d.level(t, office.ID) != 2 {
			t.Fatalf("%d %v", got, err)
		}
		items := d.queue(t)
		if len(items) != 1 || items[0].Method != proofing.Sample || items[0].AccountID != office.ID {
			t.Fatalf("%+v", items)
		}
		id := items[0].ID
		for who, account := range map[string]string{"the representative": representative, "the one before": before, "an agent": agent, "a relative of the representative": kin} {
			barred := proofing.Reviewer{ID: "stf_" + account, Human: []byte(account), Account: account}
			if _, err := d.Proofing.ReviewCase(ctx, barred, id); fault.CodeOf(err) != fault.ReviewConflict {
				t.Errorf("%s looks at it: %v", who, err)
			}
			if _, err := d.Proofing.Decide(ctx, barred, id, verdict(true, "核对一致")); fault.CodeOf(err) != fault.ReviewConflict {
				t.Errorf("%s decides: %v", who, err)
			}
			if _, _, err := d.Proofing.OpenField(ctx, barred, id, proofing.FieldName, "核对"); fault.CodeOf(err) != fault.ReviewConflict {
				t.Errorf("%s opens a field: %v", who, err)
			}
		}
		view, err := d.Proofing.ReviewCase(ctx, d.reviewers[0], id)
		if err != nil || !view.Organisation || view.Sampled == nil || view.Sampled.Method != proofing.OrganisationTransfer {
			t.Fatalf("%+v %v", view, err)
		}
		if value, _, err := d.Proofing.OpenField(ctx, d.reviewers[0], id, proofing.FieldNumber, "与登记机关核对"); err != nil || value != code {
			t.Errorf("%q %v", value, err)
		}
		for i, want := range []proofing.State{proofing.Manual2, proofing.Rejected} {
			if state, err := d.Proofing.Decide(ctx, d.reviewers[i], id, verdict(false, "开户行查无此户")); err != nil || state != want {
				t.Fatalf("doubt %d: %s %v", i+1, state, err)
			}
		}
		if d.level(t, office.ID) != 1 || !d.forgotten(t, id) {
			t.Errorf("level %d", d.level(t, office.ID))
		}
		if f := d.figures(t); f.Method != proofing.OrganisationTransfer || f.Failed != 1 {
			t.Errorf("%+v", f)
		}
		if d.count(t, outOf, proofing.TopicSampleFailed) != 1 || d.count(t, auditOf, "proofing.sample_failed", office.ID) != 1 {
			t.Error("audit record or notice is missing")
		}
		// Whoever doubted does not look at the next pass of the organisation.
		d.Clock.Advance(8 * 24 * 3600e9)
		must(t, d.Proofing.OrderTransfer(ctx, office.ID, "9999000012345678"))
		_, err = d.Proofing.ConfirmTransfer(ctx, office.ID, fmt.Sprintf("%d.%02d", at.fen/100, at.fen%100))
		must(t, err)
		next := d.queue(t)[0].ID
		if _, err := d.Proofing.ReviewCase(ctx, d.reviewers[0], next); fault.CodeOf(err) != fault.ReviewConflict {
			t.Errorf("who doubted looks again: %v", err)
		}
		if state, err := d.Proofing.Decide(ctx, d.reviewers[2], next, verdict(true, "开户行已确认")); err != nil || state != proofing.Granted || d.level(t, office.ID) != 2 {
			t.Errorf("%s %v", state, err)
		}
	})
}
