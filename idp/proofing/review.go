package proofing

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the two forms that cameras and scanners give
	_ "image/png"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Limits of the pictures of a document.
const (
	MaxPhotos    = 3
	MaxPhoto     = 2 << 20
	maxPixels    = 40 << 20
	maxReason    = 200
	reviewSource = "review" // source word of evidence by reviewers
	agree        = 2        // equal decisions that decide
)

// Photo is a picture of a document: sealed in the store, and deleted in the change that decides the case.
type Photo struct {
	N      int
	Media  string
	Size   int
	Digest string // SM3, for the evidence
	KeyID  string
	Sealed []byte
}

// Review is the decision of one reviewer.
type Review struct {
	CaseID   string
	Reviewer string // account
	Approve  bool
	Code     string // of RefusalCodes where it refuses; empty of a former release
	Reason   string
	At       time.Time
}

// RefusalCodes say why a reviewer refuses or doubts, for figures and for other programs; the reason in words stands beside.
var RefusalCodes = []string{"unreadable", "mismatch", "altered", "expired", "not_the_person", "relation", "other"}

// CodeConsistent is the code of every decision that approves.
const CodeConsistent = "consistent"

// Decision is what a reviewer says of a case.
type Decision struct {
	Approve bool
	Code    string // of RefusalCodes where it refuses; CodeConsistent, or empty, where it approves
	Reason  string
	Seen    string // version of the case that was read (ReviewView.Version); empty takes any
}

// QueueQuery selects what waits for reviewers.
type QueueQuery struct {
	After   QueueMark
	Method  string    // ManualReview, GuardianConsent, Sample; empty is all
	Overdue time.Time // only what was due before; zero is all
	Limit   int
}

// QueueMark is a place in the queue of reviewers.
type QueueMark struct {
	DueAt time.Time
	ID    string
}

// ErrReviewed: the reviewer decided on the case before.
var ErrReviewed = errors.New("proofing: reviewed before")

// ReviewStore keeps what reviewers see and decide; idpdb implements it.
type ReviewStore interface {
	// PutReview stores a case with its pictures.
	PutReview(ctx context.Context, c Case, photos []Photo, record audit.Record) error
	// Queue pages the cases that wait for reviewers, those that are due first.
	Queue(ctx context.Context, q QueueQuery) ([]Case, error)
	// WaitingReview is the open case of an account; idp.ErrNotFound.
	WaitingReview(ctx context.Context, accountID string) (Case, error)
	Photos(ctx context.Context, caseID string) ([]Photo, error)
	Reviews(ctx context.Context, caseID string) ([]Review, error)
	// Decide adds a review and moves the case; one that is closed forgets what was submitted, and a sample that failed takes all evidence of
	// the account by its method back. idp.ErrNotFound when it is not in the
	// state given or has another number of reviews, ErrReviewed when the reviewer has one.
	Decide(ctx context.Context, r Review, reviews int, from, to State, record audit.Record) error
	// SampleFigures counts samples that were drawn since a time by method and outcome; what is overdue at now waits too.
	SampleFigures(ctx context.Context, since, now time.Time) ([]SampleFigures, error)
	// Doubted reports whether a reviewer refused a sample of an account that failed.
	Doubted(ctx context.Context, reviewer, accountID string) (bool, error)
	// Representatives are all accounts that ever stood for an organisation as its legal representative; none for a person.
	Representatives(ctx context.Context, accountID string) ([]string, error)
	// Related reports whether a mandate ever stood between two accounts.
	Related(ctx context.Context, one, other string) (bool, error)
	Note(ctx context.Context, record audit.Record) error
}

// Apply hands a case with pictures of the document to the reviewers.
func (s *Service) Apply(ctx context.Context, accountID string, in Submission, pictures [][]byte) (Case, error) {
	level, q, err := s.check(ctx, accountID, in)
	if err != nil {
		return Case{}, err
	}
	return s.apply(ctx, accountID, level, q, in, pictures)
}

func (s *Service) apply(ctx context.Context, accountID string, level Level, q Query, in Submission, pictures [][]byte) (_ Case, err error) {
	m, ok := s.method(level.Method)
	if !ok || !m.Review || s.cfg.Reviews == nil {
		return Case{}, fault.New(fault.NotFound)
	}
	if len(pictures) == 0 || len(pictures) > MaxPhotos {
		return Case{}, fault.New(fault.ProofingPhoto).WithField("proofing-photo", fault.ProofingPhoto)
	}
	for _, picture := range pictures {
		if _, err = readPhoto(picture); err != nil {
			return Case{}, fault.Wrap(err, fault.ProofingPhoto).WithField("proofing-photo", fault.ProofingPhoto)
		}
	}
	if _, err := s.cfg.Reviews.WaitingReview(ctx, accountID); err == nil {
		return Case{}, fault.New(fault.ReviewWaiting)
	} else if !errors.Is(err, idp.ErrNotFound) {
		return Case{}, fault.Wrap(err, fault.Unavailable)
	}
	c, err := s.open(ctx, accountID, level, &q)
	if err != nil {
		return Case{}, err
	}
	if err := s.handIn(ctx, &c, level, q, pictures, s.opening(ctx, c, in)...); err != nil {
		return Case{}, err
	}
	return c, nil
}

// handIn stores a case for the reviewers with pictures that readPhoto takes.
func (s *Service) handIn(ctx context.Context, c *Case, level Level, q Query, pictures [][]byte, events ...audit.Event) (err error) {
	c.State, c.DueAt = Manual1, c.CreatedAt.Add(time.Duration(level.DueHours)*time.Hour)
	if err := s.sealInto(ctx, c, q); err != nil {
		return err
	}
	photos := make([]Photo, len(pictures))
	for i, picture := range pictures {
		if photos[i], err = readPhoto(picture); err != nil {
			return err
		}
		photos[i].N = i + 1
		if photos[i].KeyID, photos[i].Sealed, err = s.cfg.Accounts.Seal(ctx, c.AccountID, picture, photoPlace(c.ID, photos[i].N)); err != nil {
			return err
		}
	}
	if err := s.cfg.Reviews.PutReview(ctx, *c, photos, audit.With(events...)); err != nil {
		return fmt.Errorf("store case: %w", err)
	}
	return nil
}

func photoPlace(caseID string, n int) string { return "case-photo/" + caseID + "/" + strconv.Itoa(n) }

// readPhoto takes JPEG and PNG of a bounded size; nothing else of it is read here.
func readPhoto(content []byte) (Photo, error) {
	if len(content) > MaxPhoto {
		return Photo{}, errors.New("picture is too large")
	}
	shape, form, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return Photo{}, errors.New("no picture")
	}
	if shape.Width < 1 || shape.Height < 1 || shape.Width > maxPixels/shape.Height {
		return Photo{}, errors.New("picture has too many points")
	}
	return Photo{Media: "image/" + form, Size: len(content), Digest: hex.EncodeToString(digest.SumParts(content))}, nil
}

// ReviewItem is a line of the queue: nothing of the person.
type ReviewItem struct {
	Case
	Overdue bool
}

// ReviewQueue pages what waits for reviewers, those that are due first.
func (s *Service) ReviewQueue(ctx context.Context, q QueueQuery) ([]ReviewItem, error) {
	if s.cfg.Reviews == nil {
		return nil, nil
	}
	cases, err := s.cfg.Reviews.Queue(ctx, q)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	items := make([]ReviewItem, len(cases))
	for i, c := range cases {
		items[i] = ReviewItem{c, s.cfg.Now().After(c.DueAt)}
	}
	return items, nil
}

// Fields that a reviewer opens one by one.
const (
	FieldName   = "name"
	FieldNumber = "number"
	FieldBirth  = "birth"
	fieldPhoto  = "photo-"

	FieldChildName      = "child_name"
	FieldChildNumber    = "child_number"
	FieldGuardianName   = "guardian_name"
	FieldGuardianNumber = "guardian_number"
)

// MaskedField is what a reviewer sees of a field before it is opened.
type MaskedField struct {
	Field string // name, number, birth, photo-N
	Value string // masked; of a picture its form and size
}

// ReviewView is a case as a reviewer sees it.
type ReviewView struct {
	ReviewItem
	Document string // kind
	// Organisation: the case is that of an organisation, whose name and code the fields hold.
	Organisation bool
	Guardian     bool   // the case is a guardian's consent: the pictures are of the household record or the like
	Relation     string // of the guardian, as it says
	Ward         bool   // a guardian handed it in for the child whose case it is
	Fields       []MaskedField
	Sampled      *Sampled // the pass that is looked at again; nil where the person handed something in
	Reviews      int      // decisions so far; who decided what is not told, so that the second looks for itself
}

// Version is what a decision names to say which state of the case it was made about.
func (v ReviewView) Version() string { return caseVersion(v.State, v.Reviews) }

func caseVersion(state State, reviews int) string { return string(state) + "." + strconv.Itoa(reviews) }

// Reviewer is a member of staff who decides: its account, the keyed hash of the legal identity behind it, and the account that this
// human has as a citizen, if any.
type Reviewer struct {
	ID      string
	Human   []byte
	Account string
}

// ReviewCase is a case for a reviewer who may decide on it.
func (s *Service) ReviewCase(ctx context.Context, reviewer Reviewer, id string) (ReviewView, error) {
	c, q, reviews, err := s.reviewable(ctx, reviewer, id)
	if err != nil {
		return ReviewView{}, err
	}
	photos, err := s.cfg.Reviews.Photos(ctx, id)
	if err != nil {
		return ReviewView{}, fault.Wrap(err, fault.Unavailable)
	}
	view := ReviewView{ReviewItem: ReviewItem{c, s.cfg.Now().After(c.DueAt)}, Document: q.IDType, Sampled: q.sampledView(), Reviews: len(reviews), Ward: q.Ward != nil}
	view.Organisation = q.IDType == idp.IDTypeUSCC
	view.Fields = []MaskedField{{FieldName, subject.MaskName(q.Name)}, {FieldNumber, subject.MaskID(q.IDNumber)}}
	if q.Child != nil {
		view.Guardian = true
		view.Fields = []MaskedField{{FieldChildName, subject.MaskName(q.Child.Name)}, {FieldChildNumber, subject.MaskID(q.Child.Number)},
			{FieldGuardianName, subject.MaskName(q.Name)}, {FieldGuardianNumber, subject.MaskID(q.IDNumber)}}
		view.Relation = q.Child.Relation
	} else if q.Birth != "" {
		view.Fields = append(view.Fields, MaskedField{FieldBirth, q.Birth[:4]})
	}
	for _, p := range photos {
		view.Fields = append(view.Fields, MaskedField{fieldPhoto + strconv.Itoa(p.N), fmt.Sprintf("%s, %d KiB", strings.ToUpper(strings.TrimPrefix(p.Media, "image/")), (p.Size+1023)>>10)})
	}
	return view, nil
}

// reviewable reads a case that waits for reviewers, if this one may look at it: neither the own one, nor one of somebody whom a
// mandate binds to the reviewer, nor one of the reviewer's own document, nor one that the reviewer decided on.
func (s *Service) reviewable(ctx context.Context, reviewer Reviewer, id string) (c Case, q Query, reviews []Review, err error) {
	if s.cfg.Reviews == nil {
		return c, q, nil, fault.New(fault.NotFound)
	}
	c, err = s.cfg.Store.Case(ctx, id)
	if errors.Is(err, idp.ErrNotFound) || err == nil && c.Method != ManualReview && c.Method != GuardianConsent && c.Method != Sample {
		return c, q, nil, fault.New(fault.NotFound)
	}
	if err != nil {
		return c, q, nil, fault.Wrap(err, fault.Unavailable)
	}
	if reviewer.ID == "" || len(reviewer.Human) == 0 {
		return c, q, nil, fault.New(fault.StaffUnbound) // whose own case it is could not be known
	}
	if c.AccountID == reviewer.Account {
		return c, q, nil, fault.New(fault.ReviewConflict)
	}
	if c.State != Manual1 && c.State != Manual2 {
		return c, q, nil, fault.New(fault.ReviewState)
	}
	related := false
	if reviewer.Account != "" {
		if related, err = s.cfg.Reviews.Related(ctx, reviewer.Account, c.AccountID); err != nil {
			return c, q, nil, fault.Wrap(err, fault.Unavailable)
		}
	}
	if reviews, err = s.cfg.Reviews.Reviews(ctx, id); err != nil {
		return c, q, nil, fault.Wrap(err, fault.Unavailable)
	}
	for _, r := range reviews {
		related = related || r.Reviewer == reviewer.ID
	}
	if !related {
		if related, err = s.ofOffice(ctx, reviewer, c); err != nil {
			return c, q, nil, err
		}
	}
	if !related {
		if related, err = s.judged(ctx, reviewer, c); err != nil {
			return c, q, nil, err
		}
	}
	if related {
		return c, q, nil, fault.New(fault.ReviewConflict)
	}
	if q, err = s.unseal(ctx, c); err != nil {
		return c, q, nil, err
	}
	same, err := s.same(ctx, reviewer, q)
	if err == nil && !same {
		same, err = s.ofChild(ctx, reviewer, q)
	}
	if err != nil {
		return c, q, nil, err
	}
	if same {
		return c, q, nil, fault.New(fault.ReviewConflict)
	}
	return c, q, reviews, nil
}

// ofOffice reports whether the case is that of an organisation which the reviewer, or somebody whom a mandate binds to the reviewer, stands
// or ever stood for: what such a person proved for it is a case of that person's.
func (s *Service) ofOffice(ctx context.Context, reviewer Reviewer, c Case) (bool, error) {
	if reviewer.Account == "" {
		return false, nil
	}
	all, err := s.cfg.Reviews.Representatives(ctx, c.AccountID)
	if err != nil {
		return true, fault.Wrap(err, fault.Unavailable)
	}
	for _, one := range all {
		if one == reviewer.Account {
			return true, nil
		}
		related, err := s.cfg.Reviews.Related(ctx, reviewer.Account, one)
		if err != nil {
			return true, fault.Wrap(err, fault.Unavailable)
		}
		if related {
			return true, nil
		}
	}
	return false, nil
}

// same reports whether the case is about the reviewer's own document, handed in by another account. A contact in common there
// cannot be: each belongs to one account.
func (s *Service) same(ctx context.Context, reviewer Reviewer, q Query) (bool, error) {
	asked, err := s.cfg.Accounts.IdentityLookup(ctx, q.identity())
	if err != nil || bytes.Equal(reviewer.Human, asked) {
		return true, err
	}
	holder, err := s.cfg.Accounts.ByDocument(ctx, q.identity())
	if errors.Is(err, idp.ErrNotFound) {
		return false, nil
	}
	return reviewer.Account != "" && holder == reviewer.Account, err
}

// OpenField shows one field of a case, which is audited with the reason before anything is shown.
func (s *Service) OpenField(ctx context.Context, reviewer Reviewer, id, field, reason string) (value string, picture []byte, err error) {
	if reason, err = checkReason(reason); err != nil {
		return "", nil, err
	}
	c, q, _, err := s.reviewable(ctx, reviewer, id)
	if err != nil {
		return "", nil, err
	}
	var open func() error
	switch field {
	case FieldName:
		open = func() error { value = q.Name; return nil }
	case FieldNumber:
		open = func() error { value = q.IDNumber; return nil }
	case FieldGuardianName:
		open = func() error { value = q.Name; return nil }
	case FieldGuardianNumber:
		open = func() error { value = q.IDNumber; return nil }
	case FieldChildName, FieldChildNumber:
		if q.Child == nil {
			return "", nil, fault.New(fault.NotFound)
		}
		open = func() error {
			value = map[string]string{FieldChildName: q.Child.Name, FieldChildNumber: q.Child.Number}[field]
			return nil
		}
	case FieldBirth:
		open = func() error { value = q.Birth; return nil }
	default:
		photo, err := s.photo(ctx, id, field)
		if err != nil {
			return "", nil, err
		}
		open = func() (err error) {
			value = photo.Media
			picture, err = s.openPhoto(ctx, c, photo)
			return err
		}
	}
	e := s.event(ctx, c, "proofing.field_opened")
	e.Actor, e.Reason = "staff:"+reviewer.ID, reason
	e.Details["field"] = field
	if err := s.cfg.Reviews.Note(ctx, audit.With(e)); err != nil {
		return "", nil, fault.Wrap(err, fault.Unavailable)
	}
	err = open()
	return value, picture, err
}

func (s *Service) photo(ctx context.Context, id, field string) (Photo, error) {
	photos, err := s.cfg.Reviews.Photos(ctx, id)
	if err != nil {
		return Photo{}, fault.Wrap(err, fault.Unavailable)
	}
	for _, p := range photos {
		if field == fieldPhoto+strconv.Itoa(p.N) {
			return p, nil
		}
	}
	return Photo{}, fault.New(fault.NotFound)
}

func (s *Service) openPhoto(ctx context.Context, c Case, p Photo) ([]byte, error) {
	content, err := s.cfg.Accounts.Unseal(ctx, c.AccountID, p.KeyID, p.Sealed, photoPlace(c.ID, p.N))
	if err != nil {
		return nil, fmt.Errorf("open picture: %w", err)
	}
	return content, nil
}

func checkReason(reason string) (string, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	if n := utf8.RuneCountInString(reason); n < 2 || n > maxReason || !utf8.ValidString(reason) {
		return "", fault.New(fault.ReviewReason).WithField("reason", fault.ReviewReason)
	}
	return reason, nil
}

// Decide adds a decision. Two equal ones of two people decide; where they differ a third person does.
func (s *Service) Decide(ctx context.Context, reviewer Reviewer, id string, d Decision) (State, error) {
	reason, err := checkReason(d.Reason)
	if err != nil {
		return "", err
	}
	approve, code, ok := d.Approve, d.Code, false
	switch {
	case approve:
		ok = code == "" || code == CodeConsistent
		code = CodeConsistent
	default:
		ok = slices.Contains(RefusalCodes, code)
	}
	if !ok {
		return "", fault.New(fault.ReviewCode).WithField("reason-code", fault.ReviewCode)
	}
	c, q, reviews, err := s.reviewable(ctx, reviewer, id)
	if err != nil {
		return "", err
	}
	if d.Seen != "" && d.Seen != caseVersion(c.State, len(reviews)) {
		return "", fault.New(fault.Conflict)
	}
	level, ok := s.row(c.Method)
	if c.Method != Sample && (!ok || level.IAL != c.Wanted) {
		return "", fault.New(fault.ReviewState)
	}
	equal := 1
	for _, r := range reviews {
		if r.Approve == approve {
			equal++
		}
	}
	to, kind := Manual2, "proofing.reviewed"
	switch {
	case c.Method == Sample:
		to, kind = decideSample(reviews, approve)
	case equal >= agree && approve:
		to, kind = Passed, "proofing.passed"
	case equal >= agree:
		to, kind = Rejected, "proofing.refused"
	}
	e := s.event(ctx, c, kind)
	e.Actor, e.Reason = "staff:"+reviewer.ID, reason
	e.Details["approve"], e.Details["code"] = strconv.FormatBool(approve), code
	record := audit.With(e)
	now := s.cfg.Now().UTC()
	if to == Passed { // what was decided is carried out also when this process dies now
		record = record.And(audit.Message{Topic: TopicRetry, Key: c.ID, Payload: []byte(`{"case":"` + c.ID + `"}`), NotBefore: now.Add(retryAfter)})
	}
	if to != Manual2 && (to == Rejected || q.Child == nil && c.Method != Sample) { // a guardian is told by the mandate, and who was drawn of nothing
		notice, err := reviewNotice(c, to)
		switch {
		case q.Child != nil:
			notice, err = guardianNotice(c)
		case c.Method == Sample:
			notice, err = sampleNotice(c)
		}
		if err != nil {
			return "", err
		}
		record = record.And(notice)
	}
	err = s.cfg.Reviews.Decide(ctx, Review{c.ID, reviewer.ID, approve, code, reason, now}, len(reviews), c.State, to, record)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return "", fault.Wrap(err, fault.ReviewState)
	case errors.Is(err, ErrReviewed):
		return "", fault.Wrap(err, fault.ReviewConflict)
	case err != nil:
		return "", fault.Wrap(err, fault.Unavailable)
	}
	if to != Passed {
		return to, nil
	}
	c.State = Passed
	if _, err := s.grantReviewed(ctx, c, q, level); err != nil && fault.CodeOf(err) != fault.Conflict {
		if fault.CodeOf(err) == fault.IdentityBound || slices.Contains(childFaults, fault.CodeOf(err)) {
			return Rejected, nil
		}
		return Passed, nil //nolint:nilerr // the message carries it out
	}
	return Granted, nil
}

// grantReviewed stores the evidence of a case that reviewers passed: a digest over pictures and decisions.
func (s *Service) grantReviewed(ctx context.Context, c Case, q Query, level Level) (subject.IAL, error) {
	photos, err := s.cfg.Reviews.Photos(ctx, c.ID)
	if err != nil {
		return 0, err
	}
	reviews, err := s.cfg.Reviews.Reviews(ctx, c.ID)
	if err != nil {
		return 0, err
	}
	var parts [][]byte
	for _, p := range photos {
		parts = append(parts, []byte(p.Digest))
	}
	for _, r := range reviews {
		parts = append(parts, fmt.Appendf(nil, "%s %t %s", r.Reviewer, r.Approve, r.At.UTC().Format(time.RFC3339Nano)))
	}
	return s.grant(ctx, c, q, level, reviewSource, Answer{Verdict: Match, Digest: hex.EncodeToString(digest.SumParts(parts...))})
}

// WaitingReview is the open case of an account before reviewers; false when there is none.
func (s *Service) WaitingReview(ctx context.Context, accountID string) (Case, bool, error) {
	if s.cfg.Reviews == nil {
		return Case{}, false, nil
	}
	c, err := s.cfg.Reviews.WaitingReview(ctx, accountID)
	if errors.Is(err, idp.ErrNotFound) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fault.Wrap(err, fault.Unavailable)
	}
	return c, true, nil
}
