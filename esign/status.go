package esign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Cause says how a seal ended.
type Cause string

// Causes. The zero one is an ordinary end.
const (
	CauseEnded    Cause = ""
	CauseLost     Cause = "lost"     // the seal or its key may be in other hands
	CauseReplaced Cause = "replaced" // another seal took its place
)

// Ending is an order to end a seal.
type Ending struct {
	Reason string
	Cause  Cause
	// LostAt is when a lost seal was last known to be in the right hands; now when zero. What was sealed after it proves nothing.
	LostAt time.Time
}

// StatusChange is what a change of a seal adds to its history; UpdateSeal stores it in the same write.
type StatusChange struct {
	State sealstatus.State
	From  time.Time
	SM3   [32]byte  // of the seal's data
	Since time.Time // when the seal came into use, for one that was before histories were kept
}

// StatusList is a published list of a division.
type StatusList struct {
	Division   string
	Number     uint64
	Content    []byte // empty where only the rest was asked for
	IssuedAt   time.Time
	NextUpdate time.Time
}

// ErrStale: a list with this number or a higher one is published already.
var ErrStale = errors.New("esign: a newer list is published")

// Lists keeps histories of seals and published lists; sealdb implements it.
type Lists interface {
	// SealsOf gives the seals of a division that came into use, with their histories.
	SealsOf(ctx context.Context, division string) ([]sealstatus.Seal, error)
	// SealStatus gives one of them by its code; ErrNotFound.
	SealStatus(ctx context.Context, code string) (sealstatus.Seal, error)
	// Divisions lists those in which a seal came into use, in order.
	Divisions(ctx context.Context) ([]string, error)
	// PublishedLists lists what is published, without contents, in the order of divisions after the one given.
	PublishedLists(ctx context.Context, after string, limit int) ([]StatusList, error)
	// PublishedList gives the list of a division; ErrNotFound.
	PublishedList(ctx context.Context, division string) (StatusList, error)
	// Publish stores a list; ErrStale when its number is not higher than the stored one.
	Publish(ctx context.Context, list StatusList, record audit.Record) error
}

// TopicPublish is the message to this service itself: HandlePublish.
const TopicPublish = "seal.status_publish"

// listLife is how long a list is good for; it is replaced at half of it, and at every change.
const listLife = 12 * time.Hour

var listStates = map[State]sealstatus.State{Active: sealstatus.InUse, Suspended: sealstatus.Suspended, Revoked: sealstatus.Revoked}

// change is what a move adds to the history of a seal that has data; nil for one that was never made.
func (seal Seal) change(e Ending, now time.Time) *StatusChange {
	state, ok := listStates[seal.State]
	if !ok || len(seal.SES) == 0 {
		return nil
	}
	c := &StatusChange{State: state, From: now, SM3: [32]byte(digest.Sum(seal.SES)), Since: seal.ValidFrom}
	if state != sealstatus.InUse {
		c.From = now.Add(time.Second) // signing times are whole seconds, and what was sealed in this one was sealed in use
	}
	switch {
	case state == sealstatus.Revoked && e.Cause == CauseLost:
		c.State = sealstatus.Lost
		if !e.LostAt.IsZero() {
			c.From = e.LostAt.UTC().Truncate(time.Second)
		}
	case state == sealstatus.Revoked && e.Cause == CauseReplaced:
		c.State = sealstatus.Replaced
	}
	return c
}

func (e Ending) check(seal Seal, now time.Time) error {
	if err := needReason(e.Reason); err != nil {
		return err
	}
	if e.Cause != CauseEnded && e.Cause != CauseLost && e.Cause != CauseReplaced {
		return fault.New(fault.Invalid).WithField("cause", fault.SealField)
	}
	if !e.LostAt.IsZero() && (e.Cause != CauseLost || e.LostAt.After(now) || e.LostAt.Before(seal.ValidFrom)) {
		return fault.New(fault.SealLostSince).WithField("lost_at", fault.SealLostSince)
	}
	return nil
}

// told are the details of an ending for the audit trail.
func (e Ending) told() map[string]string {
	if e.Cause == CauseEnded {
		return nil
	}
	details := map[string]string{"cause": string(e.Cause)}
	if !e.LostAt.IsZero() {
		details["lost_at"] = e.LostAt.UTC().Format(time.RFC3339)
	}
	return details
}

// publishOrder is the payload of TopicPublish.
type publishOrder struct {
	Division string `json:"division"`
}

// orders adds the message that publishes the list of a seal's division to the record of its change.
func (s *Service) orders(seal Seal, record audit.Record) audit.Record {
	division, ok := sealstatus.DivisionOf(seal.Code)
	if s.cfg.Lists == nil || seal.Change == nil || !ok {
		return record
	}
	return record.And(publication(division))
}

// publication is the message that publishes the list of a division.
func publication(division string) audit.Message {
	payload, err := json.Marshal(publishOrder{division})
	if err != nil {
		panic(err) // a text only
	}
	return audit.Message{Topic: TopicPublish, Key: division, Payload: payload}
}

// HandlePublish serves TopicPublish. A repetition publishes once more, which is harmless.
func (s *Service) HandlePublish(ctx context.Context, payload []byte) error {
	var order publishOrder
	if err := json.Unmarshal(payload, &order); err != nil {
		return fmt.Errorf("read publish order: %w", err)
	}
	return s.PublishList(ctx, order.Division)
}

// ListAddress is where the list of a division stands.
func (s *Service) ListAddress(division string) string {
	return s.cfg.BaseURL + "/status/seals/" + division
}

// PublishList signs the states of a division's seals as the register has them now, and publishes them under the next number. When another
// node published one at the same moment, that one may lack our change, so it is made again.
func (s *Service) PublishList(ctx context.Context, division string) error {
	var err error
	for range 5 {
		if err = s.publishOnce(ctx, division); !errors.Is(err, ErrStale) {
			break
		}
	}
	return unavailable(err)
}

func (s *Service) publishOnce(ctx context.Context, division string) error {
	before, err := s.cfg.Lists.PublishedList(ctx, division)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	seals, err := s.cfg.Lists.SealsOf(ctx, division)
	if err != nil {
		return err
	}
	if err := s.tellSuccessions(ctx, seals, division+"00000000", division+"99999999"); err != nil {
		return err
	}
	signer, chain, keyID, err := s.statusSigner(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	p := StatusList{Division: division, Number: before.Number + 1, IssuedAt: now, NextUpdate: now.Add(listLife)}
	list := sealstatus.New(s.ListAddress(division), p.Number, division, p.IssuedAt, p.NextUpdate, seals)
	if p.Content, err = list.Sign(chain, func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) }); err != nil {
		return err
	}
	e := s.event(ctx, "seal.status_published", "status_list", "seals/"+division, map[string]string{"number": strconv.FormatUint(p.Number, 10), "key": keyID})
	return s.cfg.Lists.Publish(ctx, p, audit.With(e))
}

// statusSigner is the service that speaks of the states of seals: of the seal maker's own house, as verifiers ask for
// (sealstatus.List.Judge).
func (s *Service) statusSigner(ctx context.Context) (signer keys.Signer, chain [][]byte, keyID string, err error) {
	_, maker, err := s.maker(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	spec := keys.Spec{Usage: keys.UsageStatusList, Algorithm: keys.SM2, Label: "seals"}
	info, err := s.cfg.Keys.Ensure(ctx, spec)
	if err != nil {
		return nil, nil, "", err
	}
	if signer, err = s.cfg.Keys.Signer(ctx, spec); err != nil {
		return nil, nil, "", err
	}
	house := maker.Subject.Organization()
	cert, err := s.cfg.Authority.Issue(ctx, info, pki.ProfileService, pki.Subject{CommonName: house + " 印章状态", Organization: house}, "seal_status:"+info.ID)
	if err != nil {
		return nil, nil, "", err
	}
	chain = [][]byte{cert.Raw}
	if s.cfg.Issuers != nil {
		for _, issuer := range s.cfg.Issuers() {
			chain = append(chain, issuer.Raw)
		}
	}
	return signer, chain, info.ID, nil
}

// PublishMissing publishes the lists of divisions that have none; call it at start.
func (s *Service) PublishMissing(ctx context.Context) error {
	if s.cfg.Lists == nil {
		return nil
	}
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:esign-publish"})
	divisions, err := s.cfg.Lists.Divisions(ctx)
	if err != nil {
		return unavailable(err)
	}
	var failures []error
	for _, division := range divisions {
		if _, err := s.cfg.Lists.PublishedList(ctx, division); errors.Is(err, ErrNotFound) {
			failures = append(failures, s.PublishList(ctx, division))
		} else if err != nil {
			failures = append(failures, unavailable(err))
		}
	}
	return errors.Join(failures...)
}

// PublishAll publishes the list of every division anew, for a copy that must not lag behind the register.
func (s *Service) PublishAll(ctx context.Context) error {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:esign-publish"})
	divisions, err := s.cfg.Lists.Divisions(ctx)
	if err != nil {
		return unavailable(err)
	}
	for _, division := range divisions {
		if err := s.PublishList(ctx, division); err != nil {
			return err
		}
	}
	return nil
}

// RefreshLists publishes lists anew that have lived half their life. Call it every few seconds.
func (s *Service) RefreshLists(ctx context.Context) error {
	if s.cfg.Lists == nil {
		return nil
	}
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:esign-publish"})
	var failures []error
	for after := ""; ; {
		page, err := s.cfg.Lists.PublishedLists(ctx, after, maxPage)
		if err != nil {
			return errors.Join(append(failures, unavailable(err))...)
		}
		for _, p := range page {
			if after = p.Division; !s.now().Before(p.NextUpdate.Add(-listLife / 2)) {
				failures = append(failures, s.PublishList(ctx, p.Division))
			}
		}
		if len(page) < maxPage {
			return errors.Join(failures...)
		}
	}
}

// StatusLists gives a page of the published lists without their contents, by division.
func (s *Service) StatusLists(ctx context.Context, after string, limit int) ([]StatusList, error) {
	if s.cfg.Lists == nil {
		return nil, nil
	}
	page, err := s.cfg.Lists.PublishedLists(ctx, after, min(max(limit, 1), maxPage))
	return page, unavailable(err)
}

// PublishedList gives the list of a division to anybody.
func (s *Service) PublishedList(ctx context.Context, division string) (StatusList, error) {
	if _, ok := sealstatus.DivisionOf(division + "00000000"); !ok || s.cfg.Lists == nil {
		return StatusList{}, fault.New(fault.NotFound)
	}
	list, err := s.cfg.Lists.PublishedList(ctx, division)
	if errors.Is(err, ErrNotFound) {
		return StatusList{}, fault.New(fault.NotFound)
	}
	return list, unavailable(err)
}

// Entry answers from the register, for judgements of the platform itself, which need not wait for a list; false for a seal that it does
// not know, or whose data is other than the register's.
func (s *Service) Entry(ctx context.Context, code string, sm3 [32]byte) (sealstatus.Seal, bool, error) {
	if s.cfg.Lists == nil || !sealCode.MatchString(code) {
		return sealstatus.Seal{}, false, nil
	}
	seal, err := s.cfg.Lists.SealStatus(ctx, code)
	if errors.Is(err, ErrNotFound) || err == nil && seal.SM3 != sm3 {
		return sealstatus.Seal{}, false, nil
	}
	if err != nil {
		return sealstatus.Seal{}, false, unavailable(err)
	}
	entry := []sealstatus.Seal{seal}
	if err := s.tellSuccessions(ctx, entry, code, code); err != nil {
		return sealstatus.Seal{}, false, unavailable(err)
	}
	return entry[0], true, nil
}
