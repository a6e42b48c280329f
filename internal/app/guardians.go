package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/mandate/register"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/outbox"
)

// guardians joins proofing, which confirms what a guardian says, with the mandates, which carry it out.
type guardians struct{ *App }

// guardianMethod is how a guardian's consent is confirmed: by the register of households and births, or without one by two people
// who look at pictures; ok is false where there is neither, and the counter remains.
func (a *App) guardianMethod() (m proofing.Method, ok bool) {
	m = proofing.Method{Word: proofing.GuardianConsent, Notice: proofing.GuardianNotice}
	if _, none := a.registers.(register.None); none {
		m.Review = true
		return m, a.cfg.Proofing.ManualReview || a.cfg.Sandbox
	}
	m.Source = guardians{a}
	return m, true
}

// Name implements proofing.Source.
func (g guardians) Name() string { return g.registers.Name() }

// Knows implements proofing.Source: the child's document is one kind always, the guardian's is not asked about.
func (g guardians) Knows(string) bool { return true }

// Ask implements proofing.Source.
func (g guardians) Ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	answer, err := g.registers.Guardian(ctx, mandate.GuardianQuestion{RequestID: q.RequestID, GuardianName: q.Name, GuardianNumber: q.IDNumber, ChildName: q.Child.Name, ChildNumber: q.Child.Number, Relation: q.Child.Relation})
	if err != nil {
		return proofing.Answer{}, err
	}
	verdict := proofing.Mismatch
	if answer.Match {
		verdict = proofing.Match
	}
	return proofing.Answer{Verdict: verdict, Digest: answer.Digest}, nil
}

// Link implements proofing.Guardians.
func (g guardians) Link(ctx context.Context, c proofing.Guardianship) (mandateID string, err error) {
	m, err := g.Mandates.Confirmed(ctx, c.Name, subject.CitizenIDNumber(c.Number), mandate.Consent{Guardian: c.Guardian, Relation: c.Relation, Version: c.Consent, Case: c.Case, Source: c.Source, Evidence: c.Evidence, AgreedAt: c.AgreedAt})
	return m.ID, err
}

// Stands implements proofing.Guardians.
func (g guardians) Stands(ctx context.Context, child, guardian string) error {
	return g.Mandates.Decides(ctx, child, guardian)
}

// GuardiansOf implements idp.DeletionGuardians.
func (g guardians) GuardiansOf(ctx context.Context, child string) ([]string, error) {
	return g.Mandates.GuardiansOf(ctx, child)
}

// guardiansTold are who is told in the place of somebody whom no message reaches: the guardians who decide for a child below 14, and of one who
// is 14 by now those who look on. None for whoever has an own contact.
func (a *App) guardiansTold(ctx context.Context, account idp.Account) ([]string, error) {
	if len(account.Contacts) > 0 || mandate.IsOrganisation(account.ID) {
		return nil, nil
	}
	all, err := a.Mandates.GuardiansOf(ctx, account.ID)
	if err != nil || len(all) > 0 {
		return all, err
	}
	return a.Mandates.LookingOn(ctx, account.ID)
}

// tellEach tells each of some accounts; the message of each has a name of its own, so that another try reaches those who were not told.
func (a *App) tellEach(ctx context.Context, d outbox.Delivery, accounts []string, template string, params map[string]string) error {
	var failures []error
	for _, id := range accounts {
		account, err := a.Accounts.Account(ctx, id)
		if err == nil {
			own := d
			own.ID = d.ID + "." + id
			err = a.notify(ctx, own, account, template, params)
		}
		if err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// childDeletions judges guardians who ask for the deletion of a child's account. The link ends on the day on which the child is 14; a number
// that was corrected since says the day more surely.
type childDeletions struct{ guardians }

// Stands implements idp.DeletionGuardians.
func (c childDeletions) Stands(ctx context.Context, child, guardian string) error {
	person, err := c.Accounts.Person(ctx, child)
	if err != nil {
		return err
	}
	if person.State != idp.AccountActive || !proofing.BelowConsent(person, c.opts.Now()) {
		return fault.New(fault.WardOver)
	}
	return c.Mandates.Decides(ctx, child, guardian)
}

// deliverWardResult tells a guardian what became of a case for a child. The case says it when it is delivered: one that is open is asked
// about again later, one that was erased with its account needs nothing.
func (a *App) deliverWardResult(ctx context.Context, d outbox.Delivery, m proofing.ReviewedMessage) error {
	c, err := a.store.Case(ctx, d.Key)
	if errors.Is(err, idp.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	template := channel.TemplateWardPassed
	switch {
	case slices.Contains(proofing.Open, c.State):
		return fmt.Errorf("case %s is not decided yet", c.ID)
	case c.State == proofing.Withdrawn: // by the guardian itself
		return nil
	case c.State != proofing.Granted:
		template = channel.TemplateWardRefused
	}
	whom, err := a.sideName(ctx, m.AccountID)
	if err != nil {
		return err
	}
	guardian, err := a.Accounts.Account(ctx, m.Guardian)
	if err != nil {
		return err
	}
	return a.notify(ctx, d, guardian, template, map[string]string{"whom": whom, "date": a.opts.Now().In(legalTime).Format(time.DateOnly)})
}
