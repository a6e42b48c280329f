package idpdb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// sampling is a desk whose policy looks at a share of the passes of name and number again.
func (d *reviewDesk) sampling(share int) {
	d.Proofing = proofing.New(proofing.Config{Accounts: d.Accounts, Store: d.store, Reviews: d.store, Sources: []proofing.Source{d.Source}, Now: d.Clock.Now, Rand: ident.System(),
		Methods: []proofing.Method{{Word: proofing.ManualReview, Review: true}},
		Policy: func() []proofing.Level {
			return proofing.With(proofing.DefaultPolicy(), proofing.Level{Method: proofing.IDCard, IAL: 1, Days: 100, Sample: share})
		}})
}

func (d *reviewDesk) passes(t *testing.T, account, name, number string) {
	t.Helper()
	if got, err := d.Proofing.Submit(context.Background(), account, proofing.Submission{Name: name, Number: number, Wanted: 1}); err != nil || got != 1 {
		t.Fatalf("%d %v", got, err)
	}
}

func (d *reviewDesk) queue(t *testing.T) []proofing.ReviewItem {
	t.Helper()
	items, err := d.Proofing.ReviewQueue(context.Background(), proofing.QueueQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func (d *reviewDesk) level(t *testing.T, id string) subject.IAL {
	t.Helper()
	p, err := d.Accounts.Person(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p.IAL
}

func (d *reviewDesk) figures(t *testing.T) proofing.SampleFigures {
	t.Helper()
	all, err := d.Proofing.Samples(context.Background())
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v %v", all, err)
	}
	return all[0]
}

func TestSampleDelaysNobodyAndOneConfirmationEndsIt(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		d.sampling(1000)
		d.passes(t, d.person, applicant, document)
		if d.level(t, d.person) != 1 {
			t.Error("the person waits for the sample")
		}
		items := d.queue(t)
		if len(items) != 1 || items[0].Method != proofing.Sample || items[0].State != proofing.Manual1 || !items[0].DueAt.Equal(d.Clock.Now().Add(48*time.Hour)) {
			t.Fatalf("%+v", items)
		}
		if _, waiting, err := d.Proofing.WaitingReview(ctx, d.person); waiting || err != nil {
			t.Errorf("the person is told of it: %v", err)
		}
		if n, err := d.store.OpenCases(ctx, d.person); n != 0 || err != nil {
			t.Errorf("it stands in the way of a deletion: %v", err)
		}
		view, err := d.Proofing.ReviewCase(ctx, d.reviewers[0], items[0].ID)
		if text := fmt.Sprintf("%+v", view.Fields); err != nil || strings.Contains(text, document) || strings.Contains(text, applicant) || view.Sampled == nil || view.Sampled.Method != proofing.IDCard || view.Sampled.Evidence == "" {
			t.Errorf("%+v %v", view, err)
		}
		if value, _, err := d.Proofing.OpenField(ctx, d.reviewers[0], items[0].ID, proofing.FieldNumber, "与登记机关核对"); err != nil || value != document {
			t.Errorf("%v", err)
		}
		own := proofing.Reviewer{ID: "stf_own", Human: []byte("own"), Account: d.person}
		if _, err := d.Proofing.ReviewCase(ctx, own, items[0].ID); fault.CodeOf(err) != fault.ReviewConflict {
			t.Errorf("the own sample: %v", err)
		}
		if state, err := d.Proofing.Decide(ctx, d.reviewers[0], items[0].ID, verdict(true, "核对一致")); err != nil || state != proofing.Granted {
			t.Fatalf("%s %v", state, err)
		}
		if !d.forgotten(t, items[0].ID) || d.level(t, d.person) != 1 || len(d.queue(t)) != 0 {
			t.Error("something is left of the case, or the level changed")
		}
		if f := d.figures(t); f.Confirmed != 1 || f.Waiting+f.Failed != 0 || f.Share != 1000 {
			t.Errorf("%+v", f)
		}
		if d.count(t, outOf, proofing.TopicSampleFailed) != 0 || d.count(t, auditOf, "proofing.sample_confirmed", d.person) != 1 {
			t.Error("audit record is missing, or the person was told")
		}
	})
}

func TestSampleThatTwoDoubtEndsTheLevelAndAppealGoesToOthers(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		d.sampling(1000)
		d.passes(t, d.person, applicant, document)
		d.Clock.Advance(time.Minute)
		first := d.queue(t)[0].ID
		d.passes(t, d.person, applicant, document) // again: a second pass does not save the first
		if state, err := d.Proofing.Decide(ctx, d.reviewers[0], first, verdict(false, "查无此人")); err != nil || state != proofing.Manual2 || d.level(t, d.person) != 1 {
			t.Fatalf("one doubt: %s %v", state, err)
		}
		if _, err := d.Proofing.Decide(ctx, d.reviewers[0], first, verdict(false, "再次")); fault.CodeOf(err) != fault.ReviewConflict {
			t.Errorf("one reviewer twice: %v", err)
		}
		if state, err := d.Proofing.Decide(ctx, d.reviewers[1], first, verdict(false, "查无此人")); err != nil || state != proofing.Rejected {
			t.Fatalf("%s %v", state, err)
		}
		if d.level(t, d.person) != 0 || !d.forgotten(t, first) {
			t.Errorf("level %d", d.level(t, d.person))
		}
		if d.count(t, outOf, proofing.TopicSampleFailed) != 1 || d.count(t, auditOf, "proofing.sample_failed", d.person) != 1 {
			t.Error("audit record or notice is missing")
		}
		if f := d.figures(t); f.Failed != 1 || f.Waiting != 1 {
			t.Errorf("%+v", f)
		}
		appeal, err := d.Proofing.Apply(ctx, d.person, proofing.Submission{Method: proofing.ManualReview, Name: applicant, Number: document}, [][]byte{picture(t, 10)})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range d.reviewers[:2] {
			if _, err := d.Proofing.ReviewCase(ctx, r, appeal.ID); fault.CodeOf(err) != fault.ReviewConflict {
				t.Errorf("who doubted decides on the appeal: %v", err)
			}
		}
		for _, r := range d.reviewers[2:] {
			if _, err := d.Proofing.Decide(ctx, r, appeal.ID, verdict(true, "照片一致")); err != nil {
				t.Fatal(err)
			}
		}
		if d.level(t, d.person) != 3 {
			t.Errorf("level %d after the appeal", d.level(t, d.person))
		}
	})
}

func TestSampleWhereTwoDifferIsDecidedByAThird(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		for name, c := range map[string]struct {
			third bool
			want  proofing.State
			level subject.IAL
		}{"who confirms": {true, proofing.Granted, 1}, "who doubts": {false, proofing.Rejected, 0}} {
			d.sampling(1000)
			account := d.Account(t, map[bool]string{true: "13800138071", false: "13800138072"}[c.third], "").ID
			d.passes(t, account, applicant, map[bool]string{true: "110101199003070011", false: "999900199105050029"}[c.third])
			id := d.queue(t)[0].ID
			for i, approve := range []bool{false, true, c.third} {
				state, err := d.Proofing.Decide(context.Background(), d.reviewers[i], id, verdict(approve, "理由"))
				if err != nil || i < 2 && state != proofing.Manual2 || i == 2 && state != c.want {
					t.Errorf("%s: decision %d: %s %v", name, i+1, state, err)
				}
			}
			if d.level(t, account) != c.level {
				t.Errorf("%s: level %d", name, d.level(t, account))
			}
		}
	})
}

// The draw follows from the case and a key of ours alone.
func TestSampleIsAShareOfPasses(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		d.sampling(0)
		d.passes(t, d.person, applicant, document)
		if len(d.queue(t)) != 0 {
			t.Error("a share of nothing drew something")
		}
		d.sampling(500)
		for i := range 40 {
			d.Clock.Advance(3 * time.Hour)
			if i%9 == 8 {
				d.Clock.Advance(24 * time.Hour)
			}
			d.passes(t, d.person, applicant, document)
		}
		if n := len(d.queue(t)); n < 4 || n > 36 { // 20 ± 5 standard deviations
			t.Errorf("%d of 40 were drawn", n)
		}
		if f := d.figures(t); f.Waiting != int64(len(d.queue(t))) || f.Overdue == 0 {
			t.Errorf("%+v", f)
		}
	})
}

func TestShareOfSamplesIsChecked(t *testing.T) {
	for _, c := range []struct {
		method string
		ial    subject.IAL
		share  int
		fine   bool
	}{{"id_card", 1, 0, true}, {"id_card", 1, 1000, true}, {"id_card", 1, 1001, false}, {"id_card", 1, -1, false}, {"manual_review", 3, 1, false}, {"network_id", 3, 1, false}, {"organisation_certificate", 4, 1, true}, {"organisation_transfer", 2, 1, true}, {"organisation_register", 3, 1, false}} {
		level := proofing.Level{Method: c.method, IAL: c.ial, Sample: c.share}
		if err := level.Normalize(); (err == nil) != c.fine {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
