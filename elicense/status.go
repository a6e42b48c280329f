package elicense

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

const statusSuperseded = "superseded"

// Operation that changes the status of a licence.
type Operation string

// Operations.
const (
	Revocation Operation = "revocation" // 注销, 撤销, 吊销: To says which; final
	Suspension Operation = "suspension" // 暂扣, 受限
	Resumption Operation = "resumption" // 发还, 恢复
)

// StatusChange is an order to change the status. Legal basis and decision number are kept with it for good.
type StatusChange struct {
	Operation      Operation
	To             string // catalog status; the operation's usual one when empty
	LegalBasis     string
	DecisionNumber string
	EffectiveAt    time.Time // may lie in the past (a court's decision); never in the future
	Until          time.Time // end of a suspension, when it has one
}

var usualStatus = map[Operation]string{Revocation: "cancelled", Suspension: "suspended", Resumption: catalog.StatusValid}

// mayBecome tells whether the code lists allow a status to follow another.
func mayBecome(from, to string) bool {
	status, ok := catalog.Default().Status(from)
	return ok && slices.Contains(status.Next, to)
}

// ChangeStatus revokes, suspends or resumes a licence in force. State, list entry, event, audit and messages are one
// write; the signed list follows within seconds. Ordering the status that is there already changes nothing.
func (s *Service) ChangeStatus(ctx context.Context, id string, c StatusChange) (License, error) {
	actor, err := require(ctx, RoleIssuer)
	if err != nil {
		return License{}, err
	}
	now := s.now()
	if c.To == "" {
		c.To = usualStatus[c.Operation]
	}
	target, ok := catalog.Default().Status(c.To)
	if !ok || target.Operation != string(c.Operation) {
		return License{}, fault.New(fault.Invalid).WithField("status", fault.LicenseFieldForm)
	}
	if c.EffectiveAt.IsZero() {
		c.EffectiveAt = now
	}
	c.EffectiveAt, c.Until = c.EffectiveAt.UTC().Truncate(time.Microsecond), c.Until.UTC().Truncate(time.Microsecond)
	if !shortText(c.LegalBasis) || !shortText(c.DecisionNumber) || c.EffectiveAt.After(now.Add(time.Minute)) || !c.Until.IsZero() && (c.Operation != Suspension || !c.Until.After(now)) {
		return License{}, fault.New(fault.LicenseReason)
	}
	return s.update(ctx, id, func(l *License) (Change, error) {
		ctx, err := l.in(ctx, RoleIssuer)
		if err != nil {
			return Change{}, err
		}
		if l.State != StateActive {
			return Change{}, fault.New(fault.LicenseState)
		}
		if l.Status == c.To {
			return Change{}, errNothingToDo
		}
		if !mayBecome(l.Status, c.To) || c.EffectiveAt.Before(l.IssuedAt.Add(-24*time.Hour)) {
			return Change{}, fault.New(fault.LicenseState)
		}
		change := Change{}
		if err := s.setStatus(ctx, &change, l, c, actor.ID, now); err != nil {
			return Change{}, err
		}
		change.Record = change.Record.And(publishMessage(l.List))
		return change, nil
	})
}

func shortText(text string) bool { return text != "" && len(text) <= 300 }

// setStatus writes a status into a row and what goes with it into the change.
func (s *Service) setStatus(ctx context.Context, change *Change, l *License, c StatusChange, actor string, now time.Time) error {
	target, _ := catalog.Default().Status(c.To)
	event := StatusEvent{
		ID: ident.New(s.cfg.Rand, "sev"), License: l.ID, From: l.Status, To: c.To, LegalBasis: c.LegalBasis, DecisionNumber: c.DecisionNumber,
		Actor: actor, EffectiveAt: c.EffectiveAt, Until: c.Until, RecordedAt: now,
	}
	if err := s.logStatus(change, l, &event, now); err != nil {
		return err
	}
	change.Events = append(change.Events, event)
	e := s.event(ctx, "license.status."+c.To, l.ID, now, "from", l.Status, "decision", c.DecisionNumber, "effective_at", c.EffectiveAt.Format(time.RFC3339))
	e.Reason = c.LegalBasis
	l.Status, l.Bits, l.StatusAt, l.StatusUntil, l.UpdatedAt = c.To, statuslist.Status(target.Bits), c.EffectiveAt, c.Until, now
	change.Record.Events = append(change.Record.Events, e)
	change.Record = change.Record.And(notice(TopicStatus, "status", *l, now))
	return nil
}

// ResumeDue ends suspensions whose time is over. Call it every minute.
func (s *Service) ResumeDue(ctx context.Context) (int, error) {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:elicense-sweep"})
	now := s.now()
	due, err := s.cfg.Store.Due(ctx, now, 200)
	if err != nil {
		return 0, storeFault(err, "list suspensions that end")
	}
	done := 0
	for _, l := range due {
		_, err := s.update(ctx, l.ID, func(row *License) (Change, error) {
			if row.State != StateActive || row.StatusUntil.IsZero() || row.StatusUntil.After(now) || !mayBecome(row.Status, catalog.StatusValid) {
				return Change{}, errNothingToDo
			}
			change := Change{}
			if err := s.setStatus(ctx, &change, row, StatusChange{To: catalog.StatusValid, LegalBasis: "end of suspension", EffectiveAt: row.StatusUntil}, "system:elicense-sweep", now); err != nil {
				return Change{}, err
			}
			change.Record = change.Record.And(publishMessage(row.List))
			return change, nil
		})
		if err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

// PublishOrder is the payload of TopicPublish.
type PublishOrder struct {
	List uint64 `json:"list"`
}

func publishMessage(list uint64) audit.Message {
	payload, err := json.Marshal(PublishOrder{list})
	if err != nil {
		panic(err) // a number only
	}
	return audit.Message{Topic: TopicPublish, Key: strconv.FormatUint(list, 10), Payload: payload}
}

func sortedLists(set map[uint64]bool) []uint64 {
	var lists []uint64
	for list, wanted := range set {
		if wanted {
			lists = append(lists, list)
		}
	}
	slices.Sort(lists)
	return lists
}

// HandlePublish serves TopicPublish: it publishes the list and the delta. A repetition publishes once more, which is
// harmless.
func (s *Service) HandlePublish(ctx context.Context, payload []byte) error {
	var order PublishOrder
	if err := json.Unmarshal(payload, &order); err != nil {
		return fmt.Errorf("read publish order: %w", err)
	}
	return errors.Join(s.PublishList(ctx, order.List), s.publishDelta(ctx))
}

// Names of published objects beside the lists' numbers.
const (
	NameDelta = "delta"
	NameKeys  = "keys"
)

// How long published objects are good for; they are replaced at half of it, and at every change.
const (
	listLife  = 12 * time.Hour
	deltaLife = 2 * time.Hour
	keysLife  = 24 * time.Hour
)

// PublishList signs the list as the register stands now and publishes it under the next number.
func (s *Service) PublishList(ctx context.Context, list uint64) error {
	return s.publish(ctx, strconv.FormatUint(list, 10), keys.UsageStatusList, listLife, func(number uint64, now, next time.Time, chain [][]byte, sign statuslist.SignFunc) ([]byte, error) {
		entries, err := s.cfg.Store.Entries(ctx, list)
		if err != nil {
			return nil, err
		}
		l := statuslist.New(s.statusBase()+strconv.FormatUint(list, 10), number, now, next)
		for _, e := range entries {
			if e.Index < statuslist.Size {
				l.Set(e.Index, e.Status)
			}
		}
		return l.Sign(chain, sign)
	})
}

func (s *Service) publishDelta(ctx context.Context) error {
	return s.publish(ctx, NameDelta, keys.UsageStatusList, deltaLife, func(number uint64, now, next time.Time, chain [][]byte, sign statuslist.SignFunc) ([]byte, error) {
		since := now.Add(-presentation.ShortLife - presentation.ClockSkew)
		ids, err := s.cfg.Store.ChangedShortIDs(ctx, since)
		if err != nil {
			return nil, err
		}
		withdrawn, err := s.cfg.Store.WithdrawnShortIDs(ctx, now) // those until their ends, since no list names a paper
		if err != nil {
			return nil, err
		}
		ids = append(ids, withdrawn...)
		return statuslist.NewDelta(s.statusBase()+NameDelta, number, since, now, next, ids).Sign(chain, sign)
	})
}

// publishKeys publishes the trust bundle: the keys that may sign presentation codes.
func (s *Service) publishKeys(ctx context.Context) error {
	return s.publish(ctx, NameKeys, keys.UsageTrustList, keysLife, func(number uint64, now, next time.Time, chain [][]byte, sign statuslist.SignFunc) ([]byte, error) {
		list, err := s.presentationKeys(ctx)
		if err != nil {
			return nil, err
		}
		return presentation.Bundle{Number: number, Issued: now, NextUpdate: next, Keys: list}.Sign(chain, sign)
	})
}

type signedObject func(number uint64, now, next time.Time, chain [][]byte, sign statuslist.SignFunc) ([]byte, error)

// publish makes an object with the next number and stores it. When another node stored one at the same moment, that one
// may lack our change, so it is made again.
func (s *Service) publish(ctx context.Context, name string, usage keys.Usage, life time.Duration, build signedObject) error {
	var err error
	for range 5 {
		if err = s.publishOnce(ctx, name, usage, life, build); !errors.Is(err, ErrStale) {
			return storeFault(err, "publish "+name)
		}
	}
	return fault.Wrap(err, fault.Unavailable)
}

func (s *Service) publishOnce(ctx context.Context, name string, usage keys.Usage, life time.Duration, build signedObject) error {
	p, key, entries, err := s.sign(ctx, name, usage, life, build)
	if err != nil {
		return err
	}
	e := s.event(ctx, "license.published", name, s.now(), "number", strconv.FormatUint(p.Number, 10), "key", key)
	e.ObjectType = "status_list"
	return s.cfg.Store.Publish(ctx, p, entries, audit.With(e))
}

// sign makes an object with the next number, and the entries of the log that go with it; key names what signed it.
func (s *Service) sign(ctx context.Context, name string, usage keys.Usage, life time.Duration, build signedObject) (p Published, key string, entries []LogEntry, err error) {
	before, err := s.cfg.Store.FindPublished(ctx, name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return p, "", nil, err
	}
	id, chain, sign, err := s.serviceKey(ctx, usage)
	if err != nil {
		return p, "", nil, err
	}
	now := s.now().Truncate(time.Second)
	p = Published{Name: name, Number: before.Number + 1, IssuedAt: now, NextUpdate: now.Add(life)}
	p.Content, err = build(p.Number, p.IssuedAt, p.NextUpdate, chain, sign)
	if err != nil {
		return p, "", nil, err
	}
	entries, err = publicationEntries(p, usage, chain[0], s.now())
	return p, id, entries, err
}

// serviceKey is the key of a usage with its certificates, the signer's first.
func (s *Service) serviceKey(ctx context.Context, usage keys.Usage) (id string, chain [][]byte, sign statuslist.SignFunc, err error) {
	spec := keys.Spec{Usage: usage, Algorithm: keys.SM2}
	info, err := s.cfg.Keys.Ensure(ctx, spec)
	if err != nil {
		return "", nil, nil, err
	}
	signer, err := s.cfg.Keys.Signer(ctx, spec)
	if err != nil {
		return "", nil, nil, err
	}
	if chain, err = s.cfg.Certificates.Chain(ctx, info); err != nil {
		return "", nil, nil, fmt.Errorf("certificates of %s: %w", usage, err)
	}
	if len(chain) == 0 {
		return "", nil, nil, fmt.Errorf("certificates of %s: key has no certificate", usage)
	}
	return info.ID, chain, func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) }, nil
}

// Refresh publishes what is missing or has lived half its life. Call it at start and every few seconds.
func (s *Service) Refresh(ctx context.Context) error {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:elicense-publish"})
	lists, err := s.cfg.Store.Lists(ctx)
	if err != nil {
		return storeFault(err, "list status lists")
	}
	if !slices.Contains(lists, 1) {
		lists = append([]uint64{1}, lists...) // there from the start, so that an empty platform answers too
	}
	if !slices.Contains(lists, presentation.FirstCardList) {
		lists = append(lists, presentation.FirstCardList)
	}
	var failures []error
	refresh := func(name string, life time.Duration, publish func() error) {
		p, err := s.cfg.Store.FindPublished(ctx, name)
		switch {
		case errors.Is(err, ErrNotFound), err == nil && (!s.now().Before(p.NextUpdate.Add(-life/2)) || !s.namedAsNow(p)):
			failures = append(failures, publish())
		case err != nil:
			failures = append(failures, err)
		}
	}
	for _, list := range lists {
		refresh(strconv.FormatUint(list, 10), listLife, func() error { return s.PublishList(ctx, list) })
	}
	refresh(NameDelta, deltaLife, func() error { return s.publishDelta(ctx) })
	refresh(NameKeys, keysLife, func() error { return s.publishKeys(ctx) })
	for _, v := range s.typeVersions() {
		refresh(TypeObject(v.Code, v.Version), typeLife, func() error { return s.publishType(ctx, v) })
	}
	failures = append(failures, s.publishRegion(ctx)) // last, since it holds the lists
	return errors.Join(failures...)
}

// namedAsNow tells whether a list carries the address under which the platform publishes it now. A list that was signed
// under another base address answers for no licence that is issued today.
func (s *Service) namedAsNow(p Published) bool {
	if list, err := statuslist.Open(p.Content); err == nil {
		return list.URI == s.statusBase()+p.Name
	}
	if delta, err := statuslist.OpenDelta(p.Content); err == nil {
		return delta.URI == s.statusBase()+p.Name
	}
	if bundle, err := presentation.OpenBundle(p.Content); err == nil {
		// A bundle that says nothing of cards, or of a type that was published since, would make them look like those of a stranger.
		return !slices.ContainsFunc(bundle.Keys, func(k presentation.Key) bool {
			return slices.ContainsFunc(s.presentedTypes(), func(code string) bool { return !slices.Contains(k.TypeCodes, code) })
		})
	}
	return true
}

// Published gives a signed object for anybody: a list by its number, "delta", "keys".
func (s *Service) Published(ctx context.Context, name string) (Published, error) {
	p, err := s.cfg.Store.FindPublished(ctx, name)
	return p, storeFault(err, "find published object")
}

// signerName is the common name in a key's certificate.
func (s *Service) signerName(ctx context.Context, info keys.Info) (string, error) {
	chain, err := s.cfg.Certificates.Chain(ctx, info)
	if err != nil {
		return "", err
	}
	if len(chain) == 0 {
		return "", errors.New("key has no certificate")
	}
	certificate, err := pki.ParseCertificate(chain[0])
	if err != nil {
		return "", err
	}
	return certificate.Subject.CommonName(), nil
}
