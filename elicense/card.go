package elicense

import (
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// Card is an offline code card as it stands on record. Neither the name nor the code is kept: who lost the card gets
// another one.
type Card struct {
	ID        string // "card_…"
	PIDKey    string // keyed hash of the pid in the code
	HolderRef string
	List      uint64
	Index     uint32
	Bits      statuslist.Status
	IssuedBy  string // actor
	IssuedAt  time.Time
	ExpiresAt time.Time
	EndedAt   time.Time // zero while it holds
	// Order and Attempt name what the card was printed for: an order that is tried again replaces the card of an attempt
	// before it, and an attempt that comes late never replaces a later one's.
	Order   string
	Attempt int
}

// ErrOvertaken is what PutCard answers when a later attempt of the same order has a card.
var ErrOvertaken = errors.New("elicense: a later attempt printed the card")

// CardStore keeps cards; licensedb implements it. Each change is one transaction with its audit record.
type CardStore interface {
	// PutCard stores a card and ends the live one of the holder with the status given, if there is one; ErrEntryTaken when the
	// status entry is in use, ErrOvertaken when the order was printed by a later attempt. The record is made of the lists that
	// change.
	PutCard(ctx context.Context, c Card, old statuslist.Status, record func(ended []Card) audit.Record) error
	// EndCards ends the live card of a holder, if it was printed until the moment given.
	EndCards(ctx context.Context, holderRef string, until time.Time, status statuslist.Status, at time.Time, record func(ended []Card) audit.Record) (ended []Card, err error)
	// UnbindCards takes the holder out of cards that ended.
	UnbindCards(ctx context.Context, holderRef string) error
	FindCard(ctx context.Context, pidKey string) (Card, error)
	// LiveCard is the one that a holder has; ErrNotFound.
	LiveCard(ctx context.Context, holderRef string) (Card, error)
}

// CardRequest asks for a card. MaskedName and Level are all that stands on it.
type CardRequest struct {
	HolderRef  string
	MaskedName string
	Level      int
	Order      string // what it is printed for; may be empty
	Attempt    int    // counts from 1
}

// PrintedCard is a card to be printed. Code is not kept.
type PrintedCard struct {
	Card
	Code       string // "LZ1:…"
	MaskedName string
	Level      int
}

// IssueCard signs an offline code card for a person and ends the one before, which then says "replaced". Who may ask is the
// caller's to judge: the counter, in the presence of the person.
func (s *Service) IssueCard(ctx context.Context, r CardRequest) (PrintedCard, error) {
	actor := reqctx.From(ctx).Actor.ID
	if actor == "" {
		return PrintedCard{}, fault.New(fault.Unauthenticated)
	}
	if r.HolderRef == "" || r.MaskedName == "" || r.Level < 0 || r.Level > 4 {
		return PrintedCard{}, errors.New("elicense: a card needs holder, name and level")
	}
	signer, err := s.cfg.Keys.Signer(ctx, keys.Spec{Usage: keys.UsagePresent, Algorithm: keys.SM2})
	if err != nil {
		return PrintedCard{}, storeFault(err, "find presentation key")
	}
	public, ok := signer.Public().(*ecdsa.PublicKey)
	if !ok {
		return PrintedCard{}, errors.New("presentation key is not SM2")
	}
	now := s.now()
	c := Card{ID: ident.New(s.cfg.Rand, "card"), HolderRef: r.HolderRef, IssuedBy: actor, IssuedAt: now.Truncate(time.Second), ExpiresAt: now.Truncate(time.Second).Add(presentation.CardLife), Order: r.Order, Attempt: r.Attempt}
	// The pid is of this account and this card: with our key it leads back to both, without it to neither.
	sum, err := s.hash(ctx, "card", r.HolderRef, c.ID)
	if err != nil {
		return PrintedCard{}, storeFault(err, "hash card")
	}
	raw, err := hex.DecodeString(sum)
	if err != nil {
		return PrintedCard{}, fmt.Errorf("pid of card: %w", err)
	}
	pid := [16]byte(raw)
	if c.PIDKey, err = s.hash(ctx, "pid", hex.EncodeToString(pid[:])); err != nil {
		return PrintedCard{}, storeFault(err, "hash pid")
	}
	for attempt := range 40 {
		if c.List, c.Index, err = s.chooseEntry(attempt); err != nil {
			return PrintedCard{}, err
		}
		c.List += presentation.FirstCardList - 1
		view := presentation.View{TypeCode: presentation.CardTypeCode, PID: pid, IssuedAt: c.IssuedAt, Life: presentation.CardLife, Status: &presentation.StatusEntry{List: c.List, Index: c.Index},
			Fields: map[int]string{presentation.CardName: r.MaskedName, presentation.CardLevel: strconv.Itoa(r.Level)}}
		token, err := presentation.Mint(view, public, func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) })
		if err != nil {
			return PrintedCard{}, storeFault(err, "sign card")
		}
		code, err := presentation.Paper(token)
		if err != nil {
			return PrintedCard{}, fmt.Errorf("write card: %w", err)
		}
		err = s.cfg.Cards.PutCard(ctx, c, statuslist.Replaced, func(ended []Card) audit.Record {
			record := s.cardsEnded(ctx, ended, "replaced", now)
			record.Events = append(record.Events, s.cardEvent(ctx, "card.issued", c, now, "level", strconv.Itoa(r.Level)))
			return record // the entry says "in force" as it is
		})
		if errors.Is(err, ErrEntryTaken) {
			continue
		}
		if errors.Is(err, ErrOvertaken) {
			return PrintedCard{}, fault.Wrap(err, fault.Conflict)
		}
		return PrintedCard{Card: c, Code: code, MaskedName: r.MaskedName, Level: r.Level}, storeFault(err, "store card")
	}
	return PrintedCard{}, fault.Wrap(ErrEntryTaken, fault.Unavailable)
}

func (s *Service) cardEvent(ctx context.Context, kind string, c Card, at time.Time, details ...string) audit.Event {
	e := s.event(ctx, kind, c.ID, at, append(details, "holder", c.HolderRef)...)
	e.ObjectType = "card"
	return e
}

func (s *Service) cardsEnded(ctx context.Context, ended []Card, why string, at time.Time) (record audit.Record) {
	lists := map[uint64]bool{}
	for _, c := range ended {
		record.Events = append(record.Events, s.cardEvent(ctx, "card.ended", c, at, "why", why))
		lists[c.List] = true
	}
	for _, list := range sortedLists(lists) {
		record = record.And(publishMessage(list))
	}
	return record
}

// RevokeCard ends the card of a person, who lost it, wants none any more or is no longer there. None is no error.
func (s *Service) RevokeCard(ctx context.Context, holderRef string) (ended bool, err error) {
	return s.RevokeCardUntil(ctx, holderRef, s.now().Add(ClockAhead))
}

// ClockAhead is how far the clock of a node that printed a card may be ahead of ours.
const ClockAhead = time.Hour

// RevokeCardUntil is RevokeCard for a card that was printed until a moment: a wish that is carried out late does not reach
// the card that the person was given since.
func (s *Service) RevokeCardUntil(ctx context.Context, holderRef string, until time.Time) (ended bool, err error) {
	now := s.now()
	cards, err := s.cfg.Cards.EndCards(ctx, holderRef, until, statuslist.Ended, now, func(ended []Card) audit.Record { return s.cardsEnded(ctx, ended, "revoked", now) })
	return len(cards) > 0, storeFault(err, "end card")
}

// CardOf is the live card of a person; false when there is none.
func (s *Service) CardOf(ctx context.Context, holderRef string) (Card, bool, error) {
	c, err := s.cfg.Cards.LiveCard(ctx, holderRef)
	if errors.Is(err, ErrNotFound) || err == nil && !s.now().Before(c.ExpiresAt) {
		return Card{}, false, nil
	}
	return c, err == nil, storeFault(err, "find card")
}

// ReadCard judges the text of a card as /verify does and tells what stands on it; false when the text is no card.
func (s *Service) ReadCard(ctx context.Context, text string) (view presentation.View, is bool) {
	code, err := presentation.Decode(text)
	if err != nil || !code.View.IsCard() {
		return presentation.View{}, false
	}
	return code.View, true
}

// cardLabels name the fields of a card for people; the level is told in words of its own by whoever shows it.
var cardLabels = map[int]map[string]string{
	presentation.CardName:  {"zh-CN": "姓名（部分隐去）", "zh-Hant": "姓名（部分隱去）", "en": "Name (partly hidden)"},
	presentation.CardLevel: {"zh-CN": "实名等级", "zh-Hant": "實名等級", "en": "Real-name level"},
}

func cardFields(view presentation.View, locale string) (list []ShownField) {
	for _, number := range []int{presentation.CardName, presentation.CardLevel} {
		if value := view.Fields[number]; value != "" {
			labels := cardLabels[number]
			label := labels[locale]
			if label == "" {
				label = labels["zh-CN"]
			}
			list = append(list, ShownField{Key: "card_" + strconv.Itoa(number), Label: label, Value: value})
		}
	}
	return list
}
