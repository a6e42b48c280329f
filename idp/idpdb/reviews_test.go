package idpdb_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const (
	applicant = "张三"
	document  = "11010519491231002X"
)

// reviewDesk is a world with reviewers over a real database.
type reviewDesk struct {
	*idptest.World
	db        *sqldb.DB
	store     *idpdb.Store
	person    string
	reviewers []proofing.Reviewer
}

func openReviewDesk(t *testing.T, db *sqldb.DB) *reviewDesk {
	t.Helper()
	d := &reviewDesk{db: db, store: idpdb.New(db)}
	d.World = idptest.NewWorld(t, d.store)
	d.Proofing = d.service(d.store)
	d.person = d.Account(t, "13800138000", "").ID
	for i := range 4 {
		id := d.Account(t, fmt.Sprintf("1390013900%d", i), "").ID // as a citizen
		d.reviewers = append(d.reviewers, proofing.Reviewer{ID: strings.Replace(id, "acc_", "stf_", 1), Human: []byte(id), Account: id})
	}
	return d
}

func (d *reviewDesk) service(reviews proofing.ReviewStore) *proofing.Service {
	return proofing.New(proofing.Config{Accounts: d.Accounts, Store: d.store, Reviews: reviews, Now: d.Clock.Now, Rand: ident.System(), Methods: []proofing.Method{{Word: proofing.ManualReview, Review: true}}})
}

func picture(t testing.TB, width int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, 10))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (d *reviewDesk) apply(t *testing.T) proofing.Case {
	t.Helper()
	c, err := d.Proofing.Apply(context.Background(), d.person, proofing.Submission{Method: proofing.ManualReview, Name: applicant, Number: document}, [][]byte{picture(t, 10), picture(t, 20)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (d *reviewDesk) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	if err := d.db.Read().QueryRowContext(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// forgotten reports that nothing of a submission is left in the case.
func (d *reviewDesk) forgotten(t *testing.T, id string) bool {
	t.Helper()
	c, err := d.store.Case(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return len(c.Sealed) == 0 && d.count(t, "SELECT COUNT(*) FROM idp_case_photo WHERE case_id = $1", id) == 0
}

func eachReviewDesk(t *testing.T, run func(t *testing.T, d *reviewDesk)) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) { run(t, openReviewDesk(t, open(t))) })
}

func TestTwoReviewersDecideAndPicturesGo(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		c := d.apply(t)
		if c.State != proofing.Manual1 || !c.DueAt.Equal(c.CreatedAt.Add(48*time.Hour)) {
			t.Errorf("%+v", c)
		}
		var sealed []byte
		if err := d.db.Read().QueryRowContext(ctx, "SELECT sealed FROM idp_case_photo WHERE case_id = $1 AND n = 1", c.ID).Scan(&sealed); err != nil || bytes.Contains(sealed, []byte("PNG")) {
			t.Errorf("the picture is readable in the database: %v", err)
		}
		if _, err := d.Proofing.Apply(ctx, d.person, proofing.Submission{Method: proofing.ManualReview, Name: applicant, Number: document}, [][]byte{picture(t, 10)}); fault.CodeOf(err) != fault.ReviewWaiting {
			t.Errorf("a second case: %v", err)
		}
		view, err := d.Proofing.ReviewCase(ctx, d.reviewers[0], c.ID)
		if text := fmt.Sprintf("%+v", view.Fields); err != nil || strings.Contains(text, applicant) || strings.Contains(text, document) || len(view.Fields) != 4 || view.Overdue {
			t.Errorf("%s %v", text, err)
		}
		if state, err := d.Proofing.Decide(ctx, d.reviewers[0], c.ID, verdict(true, "照片与号码一致")); err != nil || state != proofing.Manual2 {
			t.Fatalf("%s %v", state, err)
		}
		if _, err := d.Proofing.Decide(ctx, d.reviewers[0], c.ID, verdict(true, "再来一次")); fault.CodeOf(err) != fault.ReviewConflict {
			t.Errorf("one reviewer twice: %v", err)
		}
		if _, err := d.Proofing.ReviewCase(ctx, d.reviewers[0], c.ID); fault.CodeOf(err) != fault.ReviewConflict {
			t.Errorf("the first looks again: %v", err)
		}
		if p, _ := d.Accounts.Person(ctx, d.person); p.IAL != 0 {
			t.Errorf("one decision gives level %d", p.IAL)
		}
		if state, err := d.Proofing.Decide(ctx, d.reviewers[1], c.ID, verdict(true, "同意")); err != nil || state != proofing.Granted {
			t.Fatalf("%s %v", state, err)
		}
		p, err := d.Accounts.Person(ctx, d.person)
		if err != nil || p.IAL != 3 || p.IALMethod != proofing.ManualReview || p.IALSource != "review" || p.Name != applicant {
			t.Errorf("%+v %v", p, err)
		}
		if !d.forgotten(t, c.ID) || d.count(t, "SELECT COUNT(*) FROM idp_case_review WHERE case_id = $1", c.ID) != 2 {
			t.Error("the case keeps what was submitted, or lost its decisions")
		}
		if _, err := d.Proofing.Decide(ctx, d.reviewers[2], c.ID, verdict(false, "晚了")); fault.CodeOf(err) != fault.ReviewState {
			t.Errorf("after the end: %v", err)
		}
		if n, breaks, err := auditdb.Verify(ctx, d.db.Read()); err != nil || n == 0 || len(breaks) != 0 {
			t.Errorf("audit %d %v %v", n, breaks, err)
		}
	})
}

func TestReviewersWhoDifferLeaveItToAThird(t *testing.T) {
	for _, test := range []struct {
		decisions []bool
		want      proofing.State
	}{{[]bool{true, false, true}, proofing.Granted}, {[]bool{false, true, false}, proofing.Rejected}, {[]bool{false, false}, proofing.Rejected}} {
		eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
			c := d.apply(t)
			var state proofing.State
			for i, approve := range test.decisions {
				var err error
				if state, err = d.Proofing.Decide(context.Background(), d.reviewers[i], c.ID, verdict(approve, "理由充分")); err != nil {
					t.Fatal(err)
				}
				if last := i == len(test.decisions)-1; !last && state != proofing.Manual2 {
					t.Errorf("%v after %d: %s", test.decisions, i+1, state)
				}
			}
			p, _ := d.Accounts.Person(context.Background(), d.person)
			if state != test.want || (p.IAL == 3) != (test.want == proofing.Granted) || !d.forgotten(t, c.ID) {
				t.Errorf("%v: %s, level %d", test.decisions, state, p.IAL)
			}
		})
	}
}

// TestConflictRule: identity specification 11.
func TestConflictRule(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		c := d.apply(t)
		refused := func(what string, reviewer proofing.Reviewer) {
			t.Helper()
			_, viewed := d.Proofing.ReviewCase(ctx, reviewer, c.ID)
			_, _, opened := d.Proofing.OpenField(ctx, reviewer, c.ID, proofing.FieldName, "看一下")
			_, decided := d.Proofing.Decide(ctx, reviewer, c.ID, verdict(true, "看一下"))
			for _, err := range []error{viewed, opened, decided} {
				if fault.CodeOf(err) != fault.ReviewConflict {
					t.Errorf("%s: %v", what, err)
				}
			}
		}
		refused("the own case", proofing.Reviewer{ID: "stf_x", Human: []byte("x"), Account: d.person})
		if _, err := d.Proofing.ReviewCase(ctx, proofing.Reviewer{ID: "stf_x"}, c.ID); fault.CodeOf(err) != fault.StaffUnbound {
			t.Errorf("a reviewer who is bound to nobody: %v", err)
		}
		// An ended mandate binds as well, in either direction.
		for i, pair := range [][2]string{{d.person, d.reviewers[0].Account}, {d.reviewers[1].Account, d.person}} {
			if err := d.db.Write(ctx, func(tx sqldb.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO idp_mandate (principal, id, agent, via, parent, depth, kind, items, detail_types, rights, max_class, delegable, state, evidence, not_before, not_after, created_at, principal_at, agent_at, ended_at, ended_by, reason, frozen_at, used_at)
					VALUES ($1, $2, $3, '', '', 1, 'relative_proxy', '', '', '', 0, 0, 'ended', '', 0, 0, 0, 0, 0, 1, '', '', 0, 0)`, pair[0], fmt.Sprint("m", i), pair[1])
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		refused("for whom it acted", d.reviewers[0])
		refused("who acted for it", d.reviewers[1])
		// The reviewer's own document, whether or not an account of a citizen holds it.
		own, err := d.Accounts.IdentityLookup(ctx, idp.Identity{Type: subject.CitizenID, Number: document})
		if err != nil {
			t.Fatal(err)
		}
		d.reviewers[2].Human, d.reviewers[2].Account = own, ""
		refused("the same legal identity", d.reviewers[2])
		if _, err := d.Proofing.ReviewCase(ctx, d.reviewers[3], c.ID); err != nil {
			t.Errorf("a stranger: %v", err)
		}
		if n := d.count(t, "SELECT COUNT(*) FROM idp_case_review WHERE case_id = $1", c.ID); n != 0 {
			t.Errorf("%d decisions", n)
		}
	})
}

func TestEachFieldThatIsOpenedIsAuditedWithItsReason(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		c := d.apply(t)
		for field, want := range map[string]string{proofing.FieldName: applicant, proofing.FieldNumber: document, "photo-2": "image/png"} {
			value, content, err := d.Proofing.OpenField(ctx, d.reviewers[0], c.ID, field, "  核对   证件 ")
			if err != nil || value != want || (content != nil) != strings.HasPrefix(field, "photo-") || content != nil && !bytes.Equal(content, picture(t, 20)) {
				t.Errorf("%s: %q, %d octets, %v", field, value, len(content), err)
			}
		}
		for _, field := range []string{"photo-3", "photo-0", "photo-", "key_id", ""} {
			if _, _, err := d.Proofing.OpenField(ctx, d.reviewers[0], c.ID, field, "核对证件"); fault.CodeOf(err) != fault.NotFound {
				t.Errorf("%q: %v", field, err)
			}
		}
		for _, reason := range []string{"", " ", "x", strings.Repeat("长", 201), "\xff\xfe"} {
			if _, _, err := d.Proofing.OpenField(ctx, d.reviewers[0], c.ID, proofing.FieldName, reason); fault.CodeOf(err) != fault.ReviewReason {
				t.Errorf("%q: %v", reason, err)
			}
		}
		if n := d.count(t, "SELECT COUNT(*) FROM audit_event WHERE type = 'proofing.field_opened' AND body LIKE '%核对 证件%' AND body LIKE $1", "%staff:"+d.reviewers[0].ID+"%"); n != 3 {
			t.Errorf("%d audit rows", n)
		}
		broken := d.service(failing{d.store})
		if value, content, err := broken.OpenField(ctx, d.reviewers[0], c.ID, proofing.FieldNumber, "核对证件"); err == nil || value != "" || content != nil {
			t.Errorf("without an audit row %q is shown: %v", value, err)
		}
	})
}

var errBroken = errors.New("broken")

// failing is a store whose audit notes fail.
type failing struct{ proofing.ReviewStore }

func (failing) Note(context.Context, audit.Record) error { return errBroken }

func TestPicturesAreBounded(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		good := picture(t, 10)
		for name, pictures := range map[string][][]byte{"none": nil, "four": {good, good, good, good}, "empty": {{}}, "no picture": {[]byte("%PDF-1.7")}, "HTML": {[]byte("<script>alert(1)</script>")},
			"half a head": {good[:20]}, "too large": {append(slices.Clone(good), make([]byte, proofing.MaxPhoto)...)}, "a bomb": {bomb(t)}} {
			if _, err := d.Proofing.Apply(context.Background(), d.person, proofing.Submission{Method: proofing.ManualReview, Name: applicant, Number: document}, pictures); fault.CodeOf(err) != fault.ProofingPhoto {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := d.count(t, "SELECT COUNT(*) FROM idp_case"); n != 0 {
			t.Errorf("%d cases", n)
		}
	})
}

// bomb is a small file that says it has very many points.
func bomb(t *testing.T) []byte {
	t.Helper()
	// IHDR with 60000 × 60000 points; the checksum of the chunk is right.
	head := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xea\x60\x00\x00\xea\x60\x08\x00\x00\x00\x00")
	return binary.BigEndian.AppendUint32(head, crc32.ChecksumIEEE(head[12:]))
}

func TestQueuePagesByDueTime(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		var want []string
		for i := range 5 {
			d.person = d.Account(t, fmt.Sprintf("1370013700%d", i), "").ID
			c, err := d.Proofing.Apply(ctx, d.person, proofing.Submission{Method: proofing.ManualReview, Name: applicant, Number: document}, [][]byte{picture(t, 10)})
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, c.ID)
			if i%2 == 0 {
				d.Clock.Advance(time.Hour)
			}
		}
		var got []string
		for mark := (proofing.QueueMark{}); ; {
			items, err := d.Proofing.ReviewQueue(ctx, proofing.QueueQuery{After: mark, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range items {
				got = append(got, item.ID)
				mark = proofing.QueueMark{DueAt: item.DueAt, ID: item.ID}
				if item.Overdue {
					t.Error("overdue at once")
				}
			}
			if len(items) < 2 {
				break
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		d.Clock.Advance(49 * time.Hour)
		items, err := d.Proofing.ReviewQueue(ctx, proofing.QueueQuery{Limit: 10})
		if err != nil || len(items) != 5 || !items[0].Overdue || items[0].DueAt.After(items[4].DueAt) {
			t.Errorf("%+v %v", items, err)
		}
	})
}

// TestDecisionsAtTheSameMoment: of many reviewers at once exactly as many count as decide.
func TestDecisionsAtTheSameMoment(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		c := d.apply(t)
		var wait sync.WaitGroup
		for i := range 4 {
			wait.Go(func() {
				for range 6 { // somebody else was faster: look again
					_, err := d.Proofing.Decide(context.Background(), d.reviewers[i], c.ID, verdict(true, "同时审核"))
					if fault.CodeOf(err) != fault.ReviewState {
						return
					}
				}
			})
		}
		wait.Wait()
		if n := d.count(t, "SELECT COUNT(*) FROM idp_case_review WHERE case_id = $1", c.ID); n != 2 {
			t.Errorf("%d decisions", n)
		}
		if p, _ := d.Accounts.Person(context.Background(), d.person); p.IAL != 3 {
			t.Errorf("level %d", p.IAL)
		}
	})
}

// TestDecisionIsCarriedOutAfterACrash: the process dies between the decision and the evidence.
func TestDecisionIsCarriedOutAfterACrash(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		c := d.apply(t)
		if _, err := d.Proofing.Decide(ctx, d.reviewers[0], c.ID, verdict(true, "同意")); err != nil {
			t.Fatal(err)
		}
		now := d.Clock.Now()
		record := audit.With(audit.Event{Type: "proofing.passed", At: now, Actor: "tests", ObjectType: "account", ObjectID: d.person})
		if err := d.store.Decide(ctx, proofing.Review{CaseID: c.ID, Reviewer: d.reviewers[1].ID, Approve: true, Reason: "同意", At: now}, 1, proofing.Manual2, proofing.Passed, record); err != nil {
			t.Fatal(err)
		}
		if d.forgotten(t, c.ID) {
			t.Error("a case that is not granted yet lost what it needs")
		}
		for range 2 { // delivered twice
			if err := d.Proofing.Retry(ctx, []byte(`{"case":"`+c.ID+`"}`)); err != nil {
				t.Fatal(err)
			}
		}
		if p, _ := d.Accounts.Person(ctx, d.person); p.IAL != 3 || !d.forgotten(t, c.ID) {
			t.Errorf("level %d", p.IAL)
		}
	})
}

func TestCaseOfSomebodyElsesIdentityIsRefusedInTheEnd(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		c := d.apply(t)
		other := d.Account(t, "13600136000", "").ID
		if err := d.Accounts.Prove(ctx, other, idp.Proof{IAL: 1, Method: "id_card", Source: "register", At: d.Clock.Now()}, applicant, subject.CitizenID, document); err != nil {
			t.Fatal(err)
		}
		var state proofing.State
		for _, reviewer := range d.reviewers[:2] {
			var err error
			if state, err = d.Proofing.Decide(ctx, reviewer, c.ID, verdict(true, "同意")); err != nil {
				t.Fatal(err)
			}
		}
		if p, _ := d.Accounts.Person(ctx, d.person); state != proofing.Rejected || p.IAL != 0 || !d.forgotten(t, c.ID) {
			t.Errorf("%s, level %d", state, p.IAL)
		}
	})
}

// TestNobodyReviewsADeclaredRelative: what two people ever said of each other keeps one from deciding on the other, whoever of them
// said it.
func TestNobodyReviewsADeclaredRelative(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		c := d.apply(t)
		for i, pair := range [][2]string{{d.person, d.reviewers[0].Account}, {d.reviewers[1].Account, d.person}} {
			r := mandate.Relation{ID: fmt.Sprintf("rel_%d", i), By: pair[0], Other: pair[1], Word: "kin", State: mandate.Declared, CreatedAt: d.Clock.Now()}
			must(t, d.store.PutRelative(ctx, r, 2, audit.With(idp.Event(ctx, d.Clock.Now(), "relative.declared", "account", pair[0], nil))))
			if i == 0 {
				must(t, d.store.EndRelative(ctx, r, d.Clock.Now(), audit.With(idp.Event(ctx, d.Clock.Now(), "relative.withdrawn", "account", pair[0], nil))))
			}
		}
		for i, want := range []fault.Code{fault.ReviewConflict, fault.ReviewConflict, ""} {
			if _, err := d.Proofing.ReviewCase(ctx, d.reviewers[i], c.ID); fault.CodeOf(err) != want {
				t.Errorf("reviewer %d: %v, want %q", i, err, want)
			}
		}
		// Bounds count what is open: one stands, another fits, a third does not; and a pair has one at a time.
		put := func(id, other string) error {
			return d.store.PutRelative(ctx, mandate.Relation{ID: id, By: d.person, Other: other, Word: "kin", State: mandate.Declared, CreatedAt: d.Clock.Now()}, 2, audit.With(idp.Event(ctx, d.Clock.Now(), "relative.declared", "account", d.person, nil)))
		}
		if err := put("rel_3", d.reviewers[1].Account); !errors.Is(err, mandate.ErrDeclared) {
			t.Errorf("a pair twice: %v", err)
		}
		must(t, put("rel_4", d.reviewers[2].Account))
		if err := put("rel_5", d.reviewers[3].Account); !errors.Is(err, mandate.ErrFull) {
			t.Errorf("one too many: %v", err)
		}
	})
}

// verdict is a decision with the code that goes with it.
func verdict(approve bool, reason string) proofing.Decision {
	d := proofing.Decision{Approve: approve, Reason: reason}
	if !approve {
		d.Code = "mismatch"
	}
	return d
}
