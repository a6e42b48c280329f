package idpdb_test

import (
	"context"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

type nobody struct{}

func (nobody) Link(context.Context, proofing.Guardianship) (string, error) {
	return "", fault.New(fault.MandateLimit)
}

// TestWhoBelongsToTheChildReviewsNoGuardian: neither the child's own account nor whoever stands in a mandate or a declaration with it
// decides on a guardian's consent; and what cannot be carried out closes the case and leaves no picture.
func TestWhoBelongsToTheChildReviewsNoGuardian(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		s := proofing.New(proofing.Config{Accounts: d.Accounts, Store: d.store, Reviews: d.store, Guardians: nobody{}, Now: d.Clock.Now, Rand: ident.System(), Methods: []proofing.Method{{Word: proofing.GuardianConsent, Review: true}}})
		at := d.Clock.Now().UTC()
		born := at.AddDate(-5, 0, 0).Format("20060102")
		number := citizenNumber(t, "999900"+born+"001")
		must(t, d.Accounts.ProveIdentity(ctx, d.person, idp.Proof{IAL: 2, Method: "carrier", Source: "test", At: at, Evidence: "e"}, idp.Identity{Name: applicant, Type: subject.CitizenID, Number: document}))
		must(t, d.Accounts.ProveIdentity(ctx, d.reviewers[0].Account, idp.Proof{IAL: 1, Method: "id_card", Source: "test", At: at, Evidence: "e"}, idp.Identity{Name: "李小宝", Type: subject.CitizenID, Number: number}))
		must(t, d.store.PutRelative(ctx, mandate.Relation{ID: "rel_1", By: d.reviewers[1].Account, Other: d.reviewers[0].Account, Word: "child", State: mandate.Declared, CreatedAt: at}, 5,
			audit.With(idp.Event(ctx, at, "relative.declared", "account", d.reviewers[1].Account, nil))))
		_, c, err := s.Consent(ctx, d.person, proofing.Child{Name: "李小宝", Number: number, Relation: "parent", Consent: proofing.GuardianNotice}, [][]byte{picture(t, 10)})
		must(t, err)
		for i, want := range []fault.Code{fault.ReviewConflict, fault.ReviewConflict, "", ""} {
			if _, err := s.ReviewCase(ctx, d.reviewers[i], c.ID); fault.CodeOf(err) != want {
				t.Errorf("reviewer %d: %v, want %q", i, err, want)
			}
		}
		for _, reviewer := range d.reviewers[2:] {
			_, err = s.Decide(ctx, reviewer, c.ID, verdict(true, "照片一致"))
			must(t, err)
		}
		if closed, err := d.store.Case(ctx, c.ID); err != nil || closed.State != proofing.Rejected || !d.forgotten(t, c.ID) {
			t.Errorf("%+v %v", closed, err)
		}
		if n := d.count(t, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", proofing.TopicReviewed); n != 1 {
			t.Errorf("the guardian is told %d times", n)
		}
	})
}

// citizenNumber adds the check character of GB 11643.
func citizenNumber(t *testing.T, first17 string) string {
	t.Helper()
	for _, last := range "0123456789X" {
		if n, err := subject.ParseCitizenID(first17 + string(last)); err == nil {
			return string(n)
		}
	}
	t.Fatalf("no check character fits %s", first17)
	return ""
}
