package proofing

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Ways of organisations: the register, which makes their accounts; a small amount that is transferred to the organisation's own
// bank account and typed back (对公打款), and a certificate of the organisation. Whoever asks has shown to stand for it; the callers
// judge that.
const (
	OrganisationRegister    = "organisation_register"
	OrganisationTransfer    = "organisation_transfer"
	OrganisationCertificate = "organisation_certificate"
)

// Bounds of a transfer. The amount is a secret of three digits, so that three tries find it once in some three hundred cases.
const (
	TransferTries   = 3
	TransfersPerDay = 3
	TransferLife    = 7 * 24 * time.Hour
	transferLeast   = 11 // fen
	transferMost    = 999
	scopeOrder      = "proofing-transfer-order"
	scopeAmount     = "proofing-transfer-amount"
	fieldAccount    = "transfer-account"
	fieldAmount     = "transfer-amount"
)

// Ordered and AccountMismatch are verdicts of a source of transfers: it took the order, or the bank account is not in the organisation's
// name.
const (
	Ordered         Verdict = "ordered"
	AccountMismatch Verdict = "account_mismatch"
)

// Transfer is an order. It is kept sealed until the case is closed: a source that was silent is asked again for the very same.
type Transfer struct {
	Account string `json:"account"` // of the organisation at its bank
	Fen     int    `json:"fen"`     // hundredths of a yuan
}

// OrganisationReader reads which organisation a certificate names.
type OrganisationReader interface {
	Organisation(c *pki.Certificate) (Certified, error)
}

// OrganisationWays are the ways that are there for an organisation now.
type OrganisationWays struct {
	Transfer, Certificate subject.IAL // levels; 0: not there
	// Waiting is an order that the source has not taken yet; Sent is one that waits for the amount until Until.
	Waiting, Sent bool
	Until         time.Time
	// Case is that order, which can be taken back, and Since when it was asked for; empty where there is none.
	Case  string
	Since time.Time
}

// OrganisationWays tells them.
func (s *Service) OrganisationWays(ctx context.Context, id string) (ways OrganisationWays, err error) {
	if level, ok := s.row(OrganisationCertificate); ok && s.cfg.Organisations != nil {
		ways.Certificate = level.IAL
	}
	level, ok := s.row(OrganisationTransfer)
	if _, configured := s.method(OrganisationTransfer); !ok || !configured {
		return ways, nil
	}
	ways.Transfer = level.IAL
	c, err := s.cfg.Store.OpenCase(ctx, id, OrganisationTransfer)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return ways, nil
	case err != nil:
		return ways, fault.Wrap(err, fault.Unavailable)
	}
	ways.Until = c.CreatedAt.Add(TransferLife)
	ways.Sent = c.State == Collecting && s.cfg.Now().Before(ways.Until)
	ways.Waiting = c.State == SourceCheck || c.State == Waiting
	if ways.Sent || ways.Waiting {
		ways.Case, ways.Since = c.ID, c.CreatedAt
	}
	return ways, nil
}

// Founding is what the legal representative must hold to make an organisation's account, and the most that the register gives it.
func (s *Service) Founding() (needs, gives subject.IAL) {
	level, ok := s.row(OrganisationRegister)
	if !ok {
		return 0, 0 // taken away: nobody makes one
	}
	return level.Holds, level.IAL
}

// organisation is what is asked about an organisation.
func (s *Service) organisation(ctx context.Context, id string) (Query, error) {
	o, err := s.cfg.Accounts.Person(ctx, id)
	if err != nil {
		return Query{}, err
	}
	if o.IDType != idp.IDTypeUSCC {
		return Query{}, fault.New(fault.NotFound)
	}
	return Query{Name: o.Name, IDType: o.IDType, IDNumber: o.IDNumber}, nil
}

// ParseBankAccount reads the number of a bank account of an organisation as people type it: 8 to 32 digits, with blanks or hyphens.
func ParseBankAccount(typed string) (string, error) {
	if len(typed) > 128 {
		return "", errCard
	}
	digits, err := typedDigits(typed)
	if err != nil || len(digits) < 8 || len(digits) > 32 || strings.Trim(digits, "0") == "" {
		return "", errCard
	}
	return digits, nil
}

var errAmount = errors.New("proofing: not an amount")

// ParseAmount reads an amount in yuan as people type it ("1.23", "￥1.2", "１．２３ 元") and gives hundredths.
func ParseAmount(typed string) (fen int, err error) {
	if len(typed) > 64 {
		return 0, errAmount
	}
	text := strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '．' || r == '。':
			return '.'
		case r == ' ' || r == '\u3000' || r == '元' || r == '￥' || r == '¥':
			return -1
		}
		return r
	}, typed)
	yuan, rest, dotted := strings.Cut(text, ".")
	if yuan == "" || len(yuan) > 4 || dotted && (rest == "" || len(rest) > 2) || strings.Trim(yuan+rest, "0123456789") != "" {
		return 0, errAmount
	}
	for len(rest) < 2 {
		rest += "0"
	}
	return strconv.Atoi(yuan + rest)
}

// OrderTransfer has a small amount transferred to the bank account of an organisation, in its name. fault.ProofingSilent means that the
// order is stored and will be given again by itself.
func (s *Service) OrderTransfer(ctx context.Context, id, account string) error {
	m, ok := s.method(OrganisationTransfer)
	level, on := s.row(OrganisationTransfer)
	if !ok || !on || m.Source == nil {
		return fault.New(fault.NotFound)
	}
	number, err := ParseBankAccount(account)
	if err != nil {
		return fault.Wrap(err, fault.TransferAccount).WithField(fieldAccount, fault.TransferAccount)
	}
	q, err := s.organisation(ctx, id)
	if err != nil {
		return err
	}
	if open, err := s.cfg.Store.OpenCase(ctx, id, OrganisationTransfer); err == nil && s.cfg.Now().Sub(open.CreatedAt) < TransferLife {
		return fault.New(fault.TransferOpen)
	} else if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return fault.Wrap(err, fault.Unavailable)
	}
	if orders, err := s.cfg.Store.Count(ctx, scopeOrder, []byte(id), triesSpan, s.cfg.Now().UTC()); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	} else if orders > TransfersPerDay {
		return fault.New(fault.ProofingTooOften)
	}
	amount, err := rand.Int(s.cfg.Rand, big.NewInt(transferMost-transferLeast+1))
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	q.Transfer = &Transfer{number, transferLeast + int(amount.Int64())}
	c, err := s.open(ctx, id, level, &q)
	if err != nil {
		return err
	}
	if err := s.put(ctx, c, q, Submission{}); err != nil {
		return err
	}
	_, err = s.ask(ctx, c, q, level)
	return err
}

// ordered leaves a case to whoever types the amount, with a message that closes it in the end.
func (s *Service) ordered(ctx context.Context, c Case, answer Answer) error {
	e := s.event(ctx, c, "proofing.transfer_ordered")
	e.Details["evidence"] = answer.Digest
	message := audit.Message{Topic: TopicRetry, Key: c.ID, Payload: []byte(`{"case":"` + c.ID + `"}`), NotBefore: c.CreatedAt.Add(TransferLife)}
	err := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Collecting, audit.With(e).And(message))
	if errors.Is(err, idp.ErrNotFound) {
		return nil // another process took it further
	}
	return err
}

// awaitAmount is the retry of an order that was taken: nothing is asked, and what is too old ends.
func (s *Service) awaitAmount(ctx context.Context, c Case) error {
	if s.cfg.Now().Sub(c.CreatedAt) < TransferLife {
		return nil
	}
	return s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Rejected, audit.With(s.event(ctx, c, "proofing.transfer_expired")))
}

// ConfirmTransfer takes the amount that arrived. A try is counted before anything is compared; after the last wrong one the order is
// void.
func (s *Service) ConfirmTransfer(ctx context.Context, id, typed string) (subject.IAL, error) {
	c, err := s.cfg.Store.OpenCase(ctx, id, OrganisationTransfer)
	if errors.Is(err, idp.ErrNotFound) || err == nil && (c.State != Collecting || s.cfg.Now().Sub(c.CreatedAt) >= TransferLife) {
		return 0, fault.New(fault.TransferNone)
	}
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable)
	}
	fen, err := ParseAmount(typed)
	if err != nil {
		return 0, fault.Wrap(err, fault.TransferAmount).WithField(fieldAmount, fault.TransferAmount)
	}
	level, ok := s.row(OrganisationTransfer)
	m, configured := s.method(OrganisationTransfer)
	if !ok || !configured || level.IAL != c.Wanted {
		return 0, fault.New(fault.TransferNone)
	}
	q, err := s.unseal(ctx, c)
	if err != nil {
		return 0, err
	}
	if q.Transfer == nil {
		return 0, fault.New(fault.TransferNone)
	}
	tries, err := s.cfg.Store.Count(ctx, scopeAmount, []byte(c.ID), 2*TransferLife, s.cfg.Now().UTC())
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable)
	}
	if tries <= TransferTries && subtle.ConstantTimeEq(int32(fen), int32(q.Transfer.Fen)) == 1 {
		// The digest of what the source answered is on record with the order; this one covers the order as it was kept.
		return s.grant(ctx, c, q, level, m.Source.Name(), Answer{Verdict: Match, Digest: hex.EncodeToString(digest.SumParts([]byte(c.ID), c.Sealed))})
	}
	if tries < TransferTries {
		return 0, fault.New(fault.TransferAmount).WithField(fieldAmount, fault.TransferAmount)
	}
	err = s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Rejected, audit.With(s.event(ctx, c, "proofing.transfer_tries")))
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return 0, fault.Wrap(err, fault.Unavailable)
	}
	return 0, fault.New(fault.TransferVoid)
}

// CertifyOrganisation raises the level of an organisation whose certificate was shown; it must name its code and its name.
func (s *Service) CertifyOrganisation(ctx context.Context, id string, held Shown) (subject.IAL, error) {
	level, ok := s.row(OrganisationCertificate)
	if !ok || s.cfg.Organisations == nil {
		return 0, fault.New(fault.NotFound)
	}
	q, err := s.organisation(ctx, id)
	if err != nil {
		return 0, err
	}
	shown, err := s.cfg.Organisations.Organisation(held.Certificate)
	if err != nil {
		return 0, fault.Wrap(err, fault.ProofingCertificateBare)
	}
	shown.Evidence = held.Evidence
	q.Certified = held.keep(shown)
	level = q.capped(level)
	c, err := s.open(ctx, id, level, &q)
	if err != nil {
		return 0, err
	}
	refusal := fault.Code("")
	if code, err := subject.ParseUSCC(shown.Number); err != nil {
		refusal = fault.ProofingCertificateBare
	} else if string(code) != q.IDNumber || !subject.SameOrganisation(shown.Name, q.Name) {
		refusal = fault.ProofingCertificateOther
	}
	return s.certify(ctx, c, q, level, shown, refusal)
}
