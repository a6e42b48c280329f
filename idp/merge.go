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
	// Both tells that the absorbed account holds documents too, which go to the survivor with their evidence, sealed anew. It was
	// judged while the accounts stood at these versions.
	Both                             bool
	SurvivorVersion, AbsorbedVersion int64
	Proofs                           []Proof
}

// MergeStore makes one account of two; idpdb implements it.
type MergeStore interface {
	// Merge moves contacts, links, the ledger of releases with its disputes, and legal holds, ends sessions, grants, consents and
	// open cases of the absorbed account, destroys its key and closes it.
	// ErrConflict when one of the two is not active, was merged, has a role of staff, or other contacts than those given, or
	// when the survivor holds no legal identity, or the absorbed account does though Both does not say so.
	Merge(ctx context.Context, m Merge, record audit.Record) error
	// SealedMessages are those of all disputes of an account.
	SealedMessages(ctx context.Context, accountID string) ([]SealedMessage, error)
	// Holders are those of the accounts that hold a legal identity.
	Holders(ctx context.Context, ids ...string) ([]string, error)
	// MergedInto is the account that an id leads to now; ErrNotFound when it was not merged.
	MergedInto(ctx context.Context, id string) (string, error)
	// PartiesOf are the clients and portals that know an account: by consent, grant, session, or a line of the ledger.
	PartiesOf(ctx context.Context, accountID string) ([]string, error)
	// FormerSubjects are what a sector knew of accounts that became part of this one, the newest first.
	FormerSubjects(ctx context.Context, accountID, sector string, limit int) ([]string, error)
	// FormerSubject finds what a sector knew; ErrNotFound.
	FormerSubject(ctx context.Context, subject string) (FormerSubject, error)
	// Documents and OnePerson are those of DocumentStore.
	Documents(ctx context.Context, accountID string) ([]StoredDocument, []Proof, error)
	OnePerson(ctx context.Context, a, b string) (bool, error)
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
	// Party finds whoever knows accounts by subjects and is no client of Clients: portals behind bridges. Nil knows none.
	Party func(id string) (Client, bool)
}

// NewMergers returns the service.
func NewMergers(cfg MergersConfig) *Mergers { return &Mergers{cfg} }

// Plan tells which of two accounts would go on: the one that holds the legal identity, since its level, its licences and
// what departments know of it stay as they are; of two that hold one, the one whose level is higher, else the older one.
// fault.MergeImpossible when they are not one person's as far as we can know.
func (m *Mergers) Plan(ctx context.Context, a, b Control) (survivor, absorbed Account, err error) {
	p, err := m.plan(ctx, a, b)
	return p.survivor, p.absorbed, err
}

// planned is what a plan was judged by. Of two accounts that both hold a legal identity, the versions are those that were judged:
// whatever comes to one of them later was not.
type planned struct {
	survivor, absorbed Account
	both               bool
}

func (m *Mergers) plan(ctx context.Context, a, b Control) (p planned, err error) {
	survivor, absorbed := &p.survivor, &p.absorbed
	if a.AccountID == b.AccountID {
		return p, fault.New(fault.MergeSame)
	}
	holders, err := m.cfg.Store.Holders(ctx, a.AccountID, b.AccountID)
	if err != nil {
		return p, fault.Wrap(err, fault.Unavailable)
	}
	judged := map[string]int64{}
	switch {
	case len(holders) == 0:
		return p, fault.New(fault.MergeUnproven)
	case len(holders) == 2:
		p.both = true
		second, err := m.onePerson(ctx, a.AccountID, b.AccountID, judged)
		if err != nil {
			return p, err
		}
		if second {
			a, b = b, a
		}
	case holders[0] == b.AccountID:
		a, b = b, a
	}
	for _, one := range []struct {
		to      *Account
		control Control
	}{{survivor, a}, {absorbed, b}} {
		account, err := m.cfg.Accounts.Account(ctx, one.control.AccountID)
		if errors.Is(err, ErrNotFound) {
			return p, fault.Wrap(err, fault.MergeImpossible)
		}
		if err != nil {
			return p, fault.Wrap(err, fault.Unavailable)
		}
		// A message alone opens no account that was proved in person or by face, while it has a password (identity.md 7 rule 11).
		proof := account.InForce(m.cfg.Now())
		if account.State != AccountActive {
			return p, fault.New(fault.MergeImpossible)
		}
		if !RestsUntil(account.RecoveredAt, m.cfg.Now()).IsZero() { // there is no way back from a merge, and whoever took an account waits
			return p, fault.New(fault.RecoveryRest)
		}
		if proof != nil && proof.IAL >= 3 && account.PasswordHash != "" && !slices.Contains(one.control.Methods, "pwd") {
			return p, fault.New(fault.MergePassword)
		}
		if version, ok := judged[account.ID]; ok && version != account.Version {
			return p, fault.New(fault.Conflict)
		}
		*one.to = account
	}
	return p, nil
}

// onePerson judges two accounts that both hold a legal identity: two persons, unless two people found otherwise, or evidence
// that looked at the person stands behind both documents and nothing that they tell differs. fault.MergeImpossible otherwise;
// second tells that b goes on, judged the versions of the accounts that were looked at.
func (m *Mergers) onePerson(ctx context.Context, a, b string, judged map[string]int64) (second bool, err error) {
	accounts := m.cfg.Accounts
	read := func(id string) (Account, Identity, subject.IAL, error) {
		account, err := accounts.Account(ctx, id)
		if errors.Is(err, ErrNotFound) {
			return account, Identity{}, 0, fault.Wrap(err, fault.MergeImpossible)
		}
		if err != nil {
			return account, Identity{}, 0, fault.Wrap(err, fault.Unavailable)
		}
		judged[id] = account.Version
		p := account.InForce(m.cfg.Now())
		if p == nil {
			return account, Identity{}, 0, nil
		}
		who, err := accounts.openIdentity(ctx, account, *p)
		return account, who, p.IAL, err
	}
	one, first, level, err := read(a)
	if err != nil {
		return false, err
	}
	other, next, otherLevel, err := read(b)
	if err != nil {
		return false, err
	}
	found, err := m.cfg.Store.OnePerson(ctx, a, b)
	if err != nil {
		return false, fault.Wrap(err, fault.Unavailable)
	}
	if !found && (level < BesideLevel || otherLevel < BesideLevel || !accounts.documents().OnePerson(factsOf(first), factsOf(next))) {
		return false, fault.New(fault.MergeImpossible)
	}
	return otherLevel > level || otherLevel == level && other.CreatedAt.Before(one.CreatedAt), nil
}

// bring seals the evidence of the absorbed account for the survivor.
func (m *Mergers) bring(ctx context.Context, change *Merge, survivor, absorbed Account) error {
	mine, _, err := m.cfg.Store.Documents(ctx, survivor.ID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	theirs, proofs, err := m.cfg.Store.Documents(ctx, absorbed.ID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if len(mine)+len(theirs) > MaxDocuments {
		return fault.New(fault.DocumentMany)
	}
	change.Both, change.SurvivorVersion, change.AbsorbedVersion = true, survivor.Version, absorbed.Version
	for _, p := range proofs {
		plaintext, err := m.cfg.Accounts.openFor(ctx, absorbed, p.KeyID, p.Sealed, identityPlace(absorbed.ID))
		if err != nil {
			return fmt.Errorf("open identity: %w", err)
		}
		if p.KeyID, p.Sealed, err = m.cfg.Accounts.sealFor(ctx, survivor, plaintext, identityPlace(survivor.ID)); err != nil {
			return err
		}
		change.Proofs = append(change.Proofs, p)
	}
	return nil
}

// Merge makes one account of two and returns the one that goes on.
func (m *Mergers) Merge(ctx context.Context, a, b Control) (survivorID string, err error) {
	plan, err := m.plan(ctx, a, b)
	if err != nil {
		return "", err
	}
	survivor, absorbed := plan.survivor, plan.absorbed
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
	if plan.both {
		if err := m.bring(ctx, &change, survivor, absorbed); err != nil {
			return "", err
		}
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
		known, ok := m.cfg.Clients.Any(id)
		client := known.Client
		if !ok && m.cfg.Party != nil {
			client, ok = m.cfg.Party(id)
		}
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

// maxFormer bounds the former subjects that one portal is told.
const maxFormer = 20

// FormerSubjects are those by which a party's sector knew accounts that became part of this one. A portal behind a bridge has no
// token to ask about a subject that it knows, so it is told at the next login.
func (m *Mergers) FormerSubjects(ctx context.Context, party Client, accountID string) ([]string, error) {
	known, err := m.cfg.Store.FormerSubjects(ctx, accountID, party.SectorOf(), maxFormer)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return known, nil
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
