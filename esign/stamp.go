package esign

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// StampRequest asks for one seal at one place of a document.
type StampRequest struct {
	SealID      string
	Document    []byte
	Places      []Place // none makes an invisible seal
	Item        string
	Purpose     string // required
	ExpectedSM3 string // approval bound to the document, hex, optional
	Key         string // idempotency key; required
	Approval    string // the approved request that allows it; one that fits is found when empty and the rule of the seal asks for one
	// Unkept keeps the record of the stamp and not the document: the caller keeps it, for instance under the key of a person, so
	// that it can be destroyed. Such a key answers once.
	Unkept bool
	Value  ValueKind // zero is SealValue
	// Remote is a document that stays with the requester; Document is empty then, and the result is the value of its signature.
	Remote *RemoteDocument
}

// source is what the digest comes from.
func (r StampRequest) source() source {
	if r.Remote != nil {
		return *r.Remote
	}
	return handedOver(r.Document)
}

// MaxDocument is the greatest document that is sealed, in bytes (security rule R11).
const MaxDocument = prepare.MaxDocument

// stampLease is how long a planned stamp belongs to the process that planned it: longer than a stamp takes, and shorter
// than the 20 seconds for which the licence room holds a licence that it issues, so that its next try is not turned away.
const stampLease = 15 * time.Second

// MayStamp refuses whoever could not seal with any seal; Stamp asks again.
func MayStamp(ctx context.Context) error {
	_, err := rested(require(ctx, RoleKeeper))
	return err
}

// Stamp seals an OFD or PDF document, or gives the value of the signature of one that stays with the caller. Nothing is signed before the intent is on record, and nothing leaves before it was verified
// and stored; the same key gives the same result again.
func (s *Service) Stamp(ctx context.Context, r StampRequest) (Stamp, []byte, error) {
	actor, err := rested(require(ctx, RoleKeeper))
	if err != nil {
		return Stamp{}, nil, err
	}
	seal, err := s.find(ctx, r.SealID)
	if err == nil {
		ctx, err = seal.in(ctx, RoleKeeper)
	}
	if err != nil {
		return Stamp{}, nil, err
	}
	return s.stamp(ctx, actor.ID, r, false)
}

// PreviewStamp is TryStamp of a stamp with a seal signature.
func (s *Service) PreviewStamp(ctx context.Context, sealID string, document []byte, places []Place) ([]Appearance, error) {
	return s.TryStamp(ctx, StampRequest{SealID: sealID, Document: document, Places: places})
}

// TryStamp tells where a stamp would draw the seal, after every check that needs no key; of the request it reads seal, document, places and
// value. Nothing is signed or kept.
func (s *Service) TryStamp(ctx context.Context, r StampRequest) ([]Appearance, error) {
	if _, err := rested(require(ctx, RoleKeeper)); err != nil {
		return nil, err
	}
	seal, err := s.find(ctx, r.SealID)
	if err == nil {
		ctx, err = s.keeper(ctx, seal)
	}
	if err != nil {
		return nil, err
	}
	if len(r.Document) > MaxDocument {
		return nil, fault.New(fault.TooLarge, "limit", "50 MB")
	}
	if !r.Value.Known() {
		return nil, fault.New(fault.Invalid).WithField("value", fault.StampValueKind)
	}
	j, err := s.prepare(ctx, Stamp{SealID: r.SealID, Places: r.Places, Value: r.Value}, handedOver(r.Document))
	if err != nil {
		return nil, err
	}
	return j.shown, nil
}

// StampFor is Stamp for another room of the platform, which has checked the right itself. The rule of the seal says whether its own review is
// enough.
func (s *Service) StampFor(ctx context.Context, requester string, r StampRequest) (Stamp, []byte, error) {
	return s.stamp(ctx, requester, r, true)
}

func (s *Service) stamp(ctx context.Context, requester string, r StampRequest, platform bool) (Stamp, []byte, error) {
	wanted, err := s.wanted(requester, r)
	if err != nil {
		return Stamp{}, nil, err
	}
	earlier, result, err := s.earlier(ctx, wanted)
	if err != nil || result != nil {
		return earlier, result, err
	}
	if err := s.mayUse(ctx, wanted, platform); err != nil {
		return Stamp{}, nil, err
	}
	if earlier.State == Planned && r.Approval != "" && r.Approval != earlier.Approval && earlier.Approval != "" {
		return Stamp{}, nil, fault.New(fault.StampKeyReused)
	}
	if refusal := s.permit(ctx, &wanted, &earlier, r.Approval, platform); refusal != nil {
		// The same request may have taken the approval at this moment; it gets the same answer.
		if earlier, result, err = s.earlier(ctx, wanted); err != nil || result != nil {
			return earlier, result, err
		}
		return Stamp{}, nil, refusal
	}
	j, err := s.prepare(ctx, wanted, r.source())
	if err != nil {
		return Stamp{}, nil, err
	}
	if j.platform = platform; platform && j.seal.Personal() {
		return Stamp{}, nil, fault.New(fault.SealNotOwn, "name", j.seal.Bearer.Name) // the person alone uses it
	}
	switch err = s.plan(ctx, j, earlier); {
	case errors.Is(err, ErrExists), errors.Is(err, ErrChanged):
		// The same request runs elsewhere at this moment, or has just been carried out.
		if earlier, result, err = s.earlier(ctx, wanted); err == nil && result == nil {
			err = fault.New(fault.StampBusy).After(1)
		}
		return earlier, result, err
	case errors.Is(err, ErrInactive):
		return Stamp{}, nil, fault.Wrap(err, fault.SealSuspended)
	case errors.Is(err, ErrUnapproved):
		return Stamp{}, nil, fault.Wrap(err, fault.SealUseState)
	case errors.Is(err, ErrRule):
		return Stamp{}, nil, fault.Wrap(err, fault.Conflict)
	case err != nil:
		return Stamp{}, nil, unavailable(err)
	}
	return s.finish(ctx, j)
}

// mayUse asks the organisation of a seal whether the requester of a stamp keeps it: before anything is done, and once more before it is
// stored. What the same key led to before is given all the same.
func (s *Service) mayUse(ctx context.Context, stamp Stamp, platform bool) error {
	if platform {
		return nil
	}
	return s.keepsByID(ctx, stamp.Requester, stamp.SealID)
}

// Result gives again what the key of the person who asks led to; NotFound when that is no sealed document.
func (s *Service) Result(ctx context.Context, sealID, key string) (Stamp, []byte, error) {
	actor, err := rested(require(ctx, RoleKeeper))
	if err != nil {
		return Stamp{}, nil, err
	}
	if key == "" || !plain(key, maxKey) {
		return Stamp{}, nil, fault.New(fault.NotFound)
	}
	stamp, err := s.cfg.Store.StampByKey(ctx, actor.ID, key)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && (stamp.SealID != sealID || stamp.State != Stored || stamp.Unkept):
		return Stamp{}, nil, fault.New(fault.NotFound)
	case err != nil:
		return Stamp{}, nil, unavailable(err)
	}
	if _, err := s.Find(ctx, sealID); err != nil {
		return Stamp{}, nil, err
	}
	content, err := s.result(ctx, stamp)
	return stamp, content, err
}

func (s *Service) result(ctx context.Context, stamp Stamp) ([]byte, error) {
	content, err := s.cfg.Blobs.Get(ctx, stamp.ResultSM3)
	if err != nil {
		return nil, unavailable(fmt.Errorf("read sealed document: %w", err))
	}
	return content, nil
}

// wanted is the stamp that a request asks for, if it has the right form.
func (s *Service) wanted(requester string, r StampRequest) (Stamp, error) {
	invalid := fault.New(fault.Invalid)
	if r.Key == "" || !plain(r.Key, maxKey) {
		invalid.WithField("Idempotency-Key", fault.Malformed)
	}
	if strings.TrimSpace(r.Purpose) == "" || !plain(r.Purpose, maxPurpose) {
		invalid.WithField("purpose", fault.SealField)
	}
	if !plain(r.Item, maxItem) {
		invalid.WithField("item", fault.SealField)
	}
	if !r.Value.Known() {
		invalid.WithField("value", fault.StampValueKind)
	}
	if len(invalid.Fields) > 0 {
		return Stamp{}, invalid
	}
	if len(r.Document) > MaxDocument {
		return Stamp{}, fault.New(fault.TooLarge, "limit", "50 MB")
	}
	source := digest.Hex(r.Document)
	if r.ExpectedSM3 != "" && !strings.EqualFold(r.ExpectedSM3, source) {
		return Stamp{}, fault.New(fault.DocumentNotApproved)
	}
	stamp := Stamp{SealID: r.SealID, State: Planned, Key: r.Key, Requester: requester, Item: r.Item, Purpose: r.Purpose, SourceSM3: source, Places: r.Places, Unkept: r.Unkept, Value: r.Value}
	if r.Remote != nil {
		return stamp, wantedRemote(&stamp, r)
	}
	return stamp, nil
}

// sameRequest tells whether two stamps were asked for in the same words.
func (s Stamp) sameRequest(o Stamp) bool {
	return s.SealID == o.SealID && s.SourceSM3 == o.SourceSM3 && prepare.SamePlaces(s.Places, o.Places) && s.Item == o.Item && s.Purpose == o.Purpose && s.Unkept == o.Unkept && s.Value == o.Value && s.Remote == o.Remote
}

// earlier finds what a key led to before: the result when it is stored, the stamp without a result when it was begun and
// nobody works on it, neither when the key is new.
func (s *Service) earlier(ctx context.Context, wanted Stamp) (Stamp, []byte, error) {
	stamp, err := s.cfg.Store.StampByKey(ctx, wanted.Requester, wanted.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return Stamp{}, nil, nil
	case err != nil:
		return Stamp{}, nil, unavailable(err)
	case !stamp.sameRequest(wanted):
		return Stamp{}, nil, fault.New(fault.StampKeyReused)
	}
	switch stamp.State {
	case Stored:
		if stamp.Unkept {
			return Stamp{}, nil, fault.New(fault.StampKeyReused)
		}
		content, err := s.result(ctx, stamp)
		if err != nil {
			return Stamp{}, nil, err
		}
		return stamp, content, nil
	case Planned:
		if left := stamp.LeaseTo.Sub(s.cfg.Now()); left > 0 {
			return Stamp{}, nil, fault.New(fault.StampBusy).After(int(left/time.Second) + 1)
		}
	}
	return stamp, nil, nil
}

// job is a stamp that passed every check and waits to be signed.
type job struct {
	stamp   Stamp
	seal    Seal
	at      time.Time // claimed signing time
	shown   []Appearance
	pending unsigned

	platform bool // another room asked, which has checked the right itself
}

// prepare does everything that needs no key: whatever is wrong with seal or document is told before one is used (D-31).
func (s *Service) prepare(ctx context.Context, wanted Stamp, from source) (*job, error) {
	seal, err := s.find(ctx, wanted.SealID)
	if err != nil {
		return nil, err
	}
	if seal.State != Active {
		return nil, fault.New(fault.SealSuspended)
	}
	trust, err := s.trust(ctx)
	if err != nil {
		return nil, err
	}
	if err := fit(seal, trust); err != nil {
		return nil, err
	}
	now := s.cfg.Now().UTC().Truncate(time.Microsecond) // as stores keep it
	j := &job{stamp: wanted, seal: seal, at: now.Truncate(time.Second)}
	j.stamp.ID, j.stamp.CreatedAt, j.stamp.LeaseTo = ident.New(s.cfg.Rand, "stamp"), now, now.Add(stampLease)
	if j.pending, err = from.begin(s, j, trust); err != nil {
		return nil, err
	}
	return j, nil
}

// plan puts the intent on record, in the same transaction in which the seal is seen in use.
func (s *Service) plan(ctx context.Context, j *job, earlier Stamp) error {
	details := map[string]string{"seal": j.seal.ID, "source": j.stamp.SourceSM3, "description": hex.EncodeToString(j.pending.Digest()), "item": j.stamp.Item}
	if j.stamp.Approval != "" {
		details["approval"] = j.stamp.Approval
	}
	if j.stamp.Remote != "" { // nobody here saw the document
		details["remote"], details["property"] = "true", j.stamp.Remote
	}
	if earlier.ID == "" {
		return s.cfg.Store.PlanStamp(ctx, j.stamp, s.watch(ctx, j, false), s.consumed(ctx, j.stamp, audit.With(s.event(ctx, "seal.stamp.planned", "stamp", j.stamp.ID, details))))
	}
	j.stamp.ID, j.stamp.CreatedAt = earlier.ID, earlier.CreatedAt
	record := audit.With(s.event(ctx, "seal.stamp.resumed", "stamp", j.stamp.ID, details))
	if earlier.State == Abandoned || earlier.Approval == "" {
		record = s.consumed(ctx, j.stamp, record)
	}
	return s.cfg.Store.TakeOver(ctx, j.stamp, s.cfg.Now(), s.watch(ctx, j, true), record)
}

// finish signs, verifies and stores. From here on a caller that went away stops nothing: its next try finds the result.
func (s *Service) finish(ctx context.Context, j *job) (Stamp, []byte, error) {
	ctx = context.WithoutCancel(ctx)
	result, err := s.sign(ctx, j)
	if err == nil {
		err = s.mayUse(ctx, j.stamp, j.platform) // who was named no more meanwhile releases nothing
	}
	if err != nil {
		return Stamp{}, nil, s.giveUp(ctx, j.stamp, err)
	}
	if j.stamp.Unkept {
		j.stamp.ResultSM3 = digest.Hex(result)
	} else if j.stamp.ResultSM3, err = s.cfg.Blobs.Put(ctx, result); err != nil {
		return Stamp{}, nil, s.giveUp(ctx, j.stamp, unavailable(fmt.Errorf("store sealed document: %w", err)))
	}
	stored := j.stamp
	stored.State = Stored
	err = s.cfg.Store.SettleStamp(ctx, stored, audit.With(s.event(ctx, "seal.stamp.stored", "stamp", stored.ID, map[string]string{"seal": j.seal.ID, "result": stored.ResultSM3})))
	switch {
	case errors.Is(err, ErrInactive): // stopped while it was being used
		return Stamp{}, nil, s.giveUp(ctx, j.stamp, fault.Wrap(err, fault.SealSuspended))
	case errors.Is(err, ErrChanged): // another process took over, and its signature counts
		return Stamp{}, nil, fault.Wrap(err, fault.StampBusy).After(1)
	case err != nil:
		// Stored or not, nobody knows: the key tells the next try (security row F-06).
		return Stamp{}, nil, unavailable(err)
	}
	return stored, result, nil
}

// giveUp closes a plan that cannot be carried out and returns why. When it may succeed later the plan stays open and only
// its lease ends. A failure in here leaves the plan to the next try or the sweep.
func (s *Service) giveUp(ctx context.Context, stamp Stamp, why error) error {
	if fault.CodeOf(why) == fault.Unavailable {
		_ = s.cfg.Store.Release(ctx, stamp, s.cfg.Now())
		return why
	}
	stamp.State = Abandoned
	_ = s.cfg.Store.SettleStamp(ctx, stamp, audit.With(s.abandoned(ctx, stamp, string(fault.CodeOf(why)))))
	return why
}

func (s *Service) abandoned(ctx context.Context, stamp Stamp, reason string) audit.Event {
	e := s.event(ctx, "seal.stamp.abandoned", "stamp", stamp.ID, map[string]string{"seal": stamp.SealID})
	e.Result, e.Reason = audit.Failed, reason
	return e
}

func (s *Service) sign(ctx context.Context, j *job) ([]byte, error) {
	signer, err := s.cfg.Keys.Provider().Signer(ctx, j.seal.KeyID, keys.UsageSealSigner)
	switch {
	case errors.Is(err, keys.ErrDestroyed), errors.Is(err, keys.ErrNotFound), errors.Is(err, keys.ErrUsage): // security row K-05
		return nil, fault.Wrap(fmt.Errorf("find seal key: %w", err), fault.SealCertificate)
	case err != nil:
		return nil, keyFault(fmt.Errorf("find seal key: %w", err))
	}
	value, err := s.value(ctx, j, func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) })
	switch {
	case errors.Is(err, errTimeStamp):
		return nil, unavailable(err)
	case err != nil:
		return nil, keyFault(fmt.Errorf("sign: %w", err))
	}
	result, err := j.pending.Complete(value)
	if err != nil {
		return nil, fmt.Errorf("complete document: %w", err)
	}
	trust, err := s.trust(ctx)
	if err != nil {
		return nil, err
	}
	return result, j.pending.check(s, j, result, trust)
}

// timeStampWait bounds the wait for a token, well within the lease of the stamp: nothing else ends it once a stamp is planned.
const timeStampWait = 5 * time.Second

// errTimeStamp: the time-stamping authority gave no token.
var errTimeStamp = errors.New("esign: no time stamp")

// timestamp is what asks for a token over a signature value, nil without an authority. What it gives is judged with the
// finished document (checkResult).
func (s *Service) timestamp(ctx context.Context) ses.TimestampFunc {
	if s.cfg.TimeStamper == nil {
		return nil
	}
	return func(value []byte) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, timeStampWait)
		defer cancel()
		token, err := s.cfg.TimeStamper.TimeStamp(ctx, value)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errTimeStamp, err)
		}
		return token, nil
	}
}

// Recover settles stamps whose process died. No signature of theirs was released, so they are abandoned; a requester who
// comes again with the same key begins them anew. It is safe on several nodes and runs at start-up and regularly.
func (s *Service) Recover(ctx context.Context) (settled int, err error) {
	const batch = 100
	for {
		stale, err := s.cfg.Store.PlannedBefore(ctx, s.cfg.Now(), batch)
		if err != nil {
			return settled, unavailable(err)
		}
		before := settled
		for _, stamp := range stale {
			stamp.State = Abandoned
			err := s.cfg.Store.SettleStamp(ctx, stamp, audit.With(s.abandoned(ctx, stamp, "lease_over")))
			if errors.Is(err, ErrChanged) {
				continue // its requester or another node was faster
			}
			if err != nil {
				return settled, unavailable(err)
			}
			settled++
		}
		if len(stale) < batch || settled == before {
			return settled, nil
		}
	}
}

// Stamps lists the uses of a seal, newest first, after a cursor: those with a flag, with AnyFlag, or all when it is empty. next is empty on the
// last page.
func (s *Service) Stamps(ctx context.Context, sealID string, flag Flag, after string, limit int) (page []Stamp, next string, err error) {
	if flag != "" && flag != AnyFlag && !slices.Contains(Flags, flag) {
		return nil, "", fault.New(fault.Malformed)
	}
	if _, err := s.Find(ctx, sealID); err != nil {
		return nil, "", err
	}
	return s.stampPage(ctx, StampQuery{SealID: sealID, Flag: flag}, after, limit)
}

func (s *Service) stampPage(ctx context.Context, q StampQuery, after string, limit int) (page []Stamp, next string, err error) {
	if q.After, err = parsePosition(after); err != nil {
		return nil, "", err
	}
	limit = min(max(limit, 1), maxPage)
	q.Limit = limit + 1
	page, err = s.cfg.Store.Stamps(ctx, q)
	if err != nil {
		return nil, "", unavailable(err)
	}
	if len(page) > limit {
		page = page[:limit]
		last := page[limit-1]
		next = strconv.FormatInt(last.CreatedAt.UnixMicro(), 10) + "." + last.ID
	}
	return page, next, nil
}

func parsePosition(cursor string) (Position, error) {
	if cursor == "" {
		return Position{}, nil
	}
	at, id, _ := strings.Cut(cursor, ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" || !plain(id, maxID) {
		return Position{}, fault.Wrap(err, fault.Malformed)
	}
	return Position{At: time.UnixMicro(micros).UTC(), ID: id}, nil
}
