package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
)

// TopicMerged is the outbox topic by which other rooms are told that one account became part of another.
const TopicMerged = "account.merged"

// MergedMessage is its payload. The absorbed id is never used again; it goes on leading to the survivor.
type MergedMessage struct {
	Survivor string    `json:"survivor"`
	Absorbed string    `json:"absorbed"`
	At       time.Time `json:"at"`
}

// FormerSubject is what one sector knew of an account that was merged.
type FormerSubject struct {
	Subject string
	Sector  string
	Account string // whose it is now
	At      time.Time
}

// Merge is what one change does to two accounts.
type Merge struct {
	Survivor, Absorbed string
	At                 time.Time
	Contacts           []Contact       // all of the absorbed account, sealed for the survivor
	Messages           []SealedMessage // all of its disputes, sealed for the survivor
	Subjects           []FormerSubject
}

// MergeStore makes one account of two; idpdb implements it.
type MergeStore interface {
	// Merge moves contacts, links, the ledger of releases with its disputes, and legal holds, ends sessions, grants, consents and
	// open cases of the absorbed account, destroys its key and closes it.
	// ErrConflict when one of the two is not active, was merged, has a role of staff, or other contacts than those given, or
	// when the survivor is not the only one of both that holds a legal identity.
	Merge(ctx context.Context, m Merge, record audit.Record) error
	// SealedMessages are those of all disputes of an account.
	SealedMessages(ctx context.Context, accountID string) ([]SealedMessage, error)
	// Holders are those of the accounts that hold a legal identity.
	Holders(ctx context.Context, ids ...string) ([]string, error)
	// MergedInto is the account that an id leads to now; ErrNotFound when it was not merged.
	MergedInto(ctx context.Context, id string) (string, error)
	// PartiesOf are the clients that know an account: by consent, grant or session.
	PartiesOf(ctx context.Context, accountID string) ([]string, error)
	// FormerSubject finds what a sector knew; ErrNotFound.
	FormerSubject(ctx context.Context, subject string) (FormerSubject, error)
}

// Control is what shows that a person controls an account: how it was shown.
type Control struct {
	AccountID string
	Methods   []string // amr words
}

// Mergers makes one account of two of the same person. Nothing is ever merged by itself: the person shows control of both.
type Mergers struct{ cfg MergersConfig }

// MergersConfig holds what Mergers needs.
type MergersConfig struct {
	Accounts *Accounts
	Store    MergeStore
	Clients  *Clients
	Ring     *keys.Ring
	Now      func() time.Time
	Wake     func() // tells the outbox that a message is due
}

// NewMergers returns the service.
func NewMergers(cfg MergersConfig) *Mergers { return &Mergers{cfg} }

// Plan tells which of two accounts would go on: the one that holds the legal identity, since its level, its licences and
// what departments know of it stay as they are. fault.MergeImpossible when they are not one person's as far as we can know.
func (m *Mergers) Plan(ctx context.Context, a, b Control) (survivor, absorbed Account, err error) {
	if a.AccountID == b.AccountID {
		return survivor, absorbed, fault.New(fault.MergeSame)
	}
	holders, err := m.cfg.Store.Holders(ctx, a.AccountID, b.AccountID)
	if err != nil {
		return survivor, absorbed, fault.Wrap(err, fault.Unavailable)
	}
	switch len(holders) {
	case 0:
		return survivor, absorbed, fault.New(fault.MergeUnproven)
	case 2: // two legal identities are two persons, or one whose documents only a counter can bring together
		return survivor, absorbed, fault.New(fault.MergeImpossible)
	}
	if holders[0] == b.AccountID {
		a, b = b, a
	}
	for _, one := range []struct {
		to      *Account
		control Control
	}{{&survivor, a}, {&absorbed, b}} {
		account, err := m.cfg.Accounts.Account(ctx, one.control.AccountID)
		if errors.Is(err, ErrNotFound) {
			return survivor, absorbed, fault.Wrap(err, fault.MergeImpossible)
		}
		if err != nil {
			return survivor, absorbed, fault.Wrap(err, fault.Unavailable)
		}
		// A message alone opens no account that was proved in person or by face, while it has a password (identity.md 7 rule 11).
		proof := account.InForce(m.cfg.Now())
		if account.State != AccountActive {
			return survivor, absorbed, fault.New(fault.MergeImpossible)
		}
		if proof != nil && proof.IAL >= 3 && account.PasswordHash != "" && !slices.Contains(one.control.Methods, "pwd") {
			return survivor, absorbed, fault.New(fault.MergePassword)
		}
		*one.to = account
	}
	return survivor, absorbed, nil
}

// Merge makes one account of two and returns the one that goes on.
func (m *Mergers) Merge(ctx context.Context, a, b Control) (survivorID string, err error) {
	survivor, absorbed, err := m.Plan(ctx, a, b)
	if err != nil {
		return "", err
	}
	now := m.cfg.Now().UTC()
	change := Merge{Survivor: survivor.ID, Absorbed: absorbed.ID, At: now}
	for _, c := range absorbed.Contacts {
		value, err := m.cfg.Accounts.openFor(ctx, absorbed, c.KeyID, c.Sealed, contactPlace(absorbed.ID))
		if err != nil {
			return "", fmt.Errorf("open contact: %w", err)
		}
		if c.KeyID, c.Sealed, err = m.cfg.Accounts.sealFor(ctx, survivor, value, contactPlace(survivor.ID)); err != nil {
			return "", err
		}
		change.Contacts = append(change.Contacts, c)
	}
	if change.Messages, err = m.cfg.Store.SealedMessages(ctx, absorbed.ID); err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	for i := range change.Messages {
		one := &change.Messages[i]
		text, err := m.cfg.Accounts.openFor(ctx, absorbed, one.KeyID, one.Sealed, "dispute/"+one.Dispute)
		if err != nil {
			return "", fmt.Errorf("open message: %w", err)
		}
		if one.KeyID, one.Sealed, err = m.cfg.Accounts.sealFor(ctx, survivor, text, "dispute/"+one.Dispute); err != nil {
			return "", err
		}
	}
	parties, err := m.cfg.Store.PartiesOf(ctx, absorbed.ID)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	seen := map[string]bool{}
	for _, id := range parties {
		client, ok := m.cfg.Clients.Any(id)
		if !ok || seen[client.SectorOf()] {
			continue
		}
		seen[client.SectorOf()] = true
		sub, err := PairwiseSubject(ctx, m.cfg.Ring, client.SectorOf(), absorbed.ID)
		if err != nil {
			return "", err
		}
		change.Subjects = append(change.Subjects, FormerSubject{Subject: sub, Sector: client.SectorOf(), Account: survivor.ID, At: now})
	}
	payload, err := json.Marshal(MergedMessage{survivor.ID, absorbed.ID, now})
	if err != nil {
		return "", err
	}
	record := audit.With(event(ctx, now, "account.merged", "account", survivor.ID, map[string]string{"absorbed": absorbed.ID}),
		event(ctx, now, "account.absorbed", "account", absorbed.ID, map[string]string{"survivor": survivor.ID})).
		And(audit.Message{Topic: TopicMerged, Key: survivor.ID, Payload: payload})
	if m.cfg.Accounts.farewell != nil {
		ended, err := m.cfg.Accounts.farewell(ctx, absorbed.ID)
		if err != nil {
			return "", err
		}
		record.Events, record.Messages = append(record.Events, ended.Events...), append(record.Messages, ended.Messages...)
	}
	if err := m.cfg.Store.Merge(ctx, change, record); err != nil {
		if errors.Is(err, ErrConflict) {
			return "", fault.Wrap(err, fault.Conflict)
		}
		return "", fault.Wrap(err, fault.Unavailable)
	}
	if m.cfg.Wake != nil {
		m.cfg.Wake()
	}
	return survivor.ID, nil
}

// Resolve is the account that an id stands for now: itself, or the one that it was merged into.
func (m *Mergers) Resolve(ctx context.Context, id string) (string, error) {
	into, err := m.cfg.Store.MergedInto(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return id, nil
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return into, nil
}

// CurrentSubject is the subject by which a client's sector knows a person now, for one that it knew before; merged tells
// whether it changed. A subject of another sector, or of nobody who was merged, is answered as it came.
func (m *Mergers) CurrentSubject(ctx context.Context, clientID, former string) (current string, merged bool, err error) {
	client, ok := m.cfg.Clients.Find(clientID)
	if !ok {
		return "", false, fault.New(fault.Forbidden)
	}
	known, err := m.cfg.Store.FormerSubject(ctx, former)
	if errors.Is(err, ErrNotFound) || err == nil && known.Sector != client.SectorOf() {
		return former, false, nil
	}
	if err != nil {
		return "", false, fault.Wrap(err, fault.Unavailable)
	}
	current, err = PairwiseSubject(ctx, m.cfg.Ring, known.Sector, known.Account)
	return current, true, err
}

// Masked are the addresses of an account as its person recognises them.
func (m *Mergers) Masked(ctx context.Context, a Account) ([]string, error) {
	var all []string
	for _, c := range a.Contacts {
		value, err := m.cfg.Accounts.openFor(ctx, a, c.KeyID, c.Sealed, contactPlace(a.ID))
		if err != nil {
			return nil, fmt.Errorf("open contact: %w", err)
		}
		all = append(all, subject.MaskIdentifier(subject.Identifier{Kind: c.Kind, Value: string(value)}))
	}
	return all, nil
}
