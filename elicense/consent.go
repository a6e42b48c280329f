package elicense

import (
	"context"
	_ "embed" // which grants need the consent of co-owners
	"encoding/json"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// ConsentAnswer is what a co-owner says to a grant of another one (共有人同意).
type ConsentAnswer string

// Answers. A co-owner who agreed may withdraw, which ends the grant.
const (
	ConsentAsked     ConsentAnswer = ""
	ConsentAgreed    ConsentAnswer = "agreed"
	ConsentRefused   ConsentAnswer = "refused"
	ConsentWithdrawn ConsentAnswer = "withdrawn"
)

// Consent is the word of one co-owner to one grant.
type Consent struct {
	Grant      string
	Account    string // whose word it is
	Answer     ConsentAnswer
	AskedAt    time.Time
	AnsweredAt time.Time // zero before
}

// Consents keeps them. AddGrant stores one that is asked for each of Grant.Asks.
type Consents interface {
	// FindConsent reads the consent of an account to a grant; ErrNotFound.
	FindConsent(ctx context.Context, grant, account string) (Consent, error)
	// ListConsents gives a page of what an account is or was asked, the newest first, and the cursor of the next, empty at the end.
	ListConsents(ctx context.Context, account, after string, limit int) (page []Consent, next string, err error)
	// AnswerConsent stores an answer by one conditional change and reports whether this call did: agreed and refused while the grant waits and the account
	// was not heard, withdrawn after it agreed and while nobody ended the grant. The last one who agrees brings the grant into force, whose time begins then; refused
	// and withdrawn end it. The record is made of the grant as it is then, and is one write with it.
	AnswerConsent(ctx context.Context, grant, account string, answer ConsentAnswer, now time.Time, record func(Grant) audit.Record) (bool, error)
}

// consentPolicy says which grants on a licence of several holders need the others (data, since no standard says it).
type consentPolicy struct {
	WaitHours int                    `json:"wait_hours"`
	Kinds     []GrantKind            `json:"kinds"`
	Types     map[string][]GrantKind `json:"types"` // other kinds for a type
}

//go:embed consents.json
var consentsFile []byte

var consents = func() (p consentPolicy) {
	if err := json.Unmarshal(consentsFile, &p); err != nil {
		panic(err) // the file is embedded and tested
	}
	return p
}()

// needs reports whether a grant tells what is also the others': a copy does, and so do fields of the full view; predicates do not.
func (p consentPolicy) needs(g Grant, t *catalog.Type) bool {
	kinds, own := p.Types[g.TypeCode]
	if !own {
		kinds = p.Kinds
	}
	return slices.Contains(kinds, g.Kind) && slices.ContainsFunc(g.Fields, func(key string) bool { return slices.Contains(t.Profiles["f"], key) })
}

// askCoOwners makes a grant wait for the consent of the other holders of its licence, where it needs that. Who they are is asked of the identity room
// now, by the codes on the licence: nobody is passed over because an account came later.
func (s *Service) askCoOwners(ctx context.Context, l License, g *Grant) error {
	t, ok := s.typeOf(l)
	if !ok || !consents.needs(*g, t) {
		return nil
	}
	values, err := s.values(ctx, l)
	if err != nil {
		return storeFault(err, "read values")
	}
	codes, types := values[catalog.KeyHolderCode], values[catalog.KeyHolderType]
	if len(slices.Compact(slices.Sorted(slices.Values(codes)))) < 2 {
		return nil
	}
	for i, code := range codes {
		account := ""
		if s.cfg.HolderAccount != nil && i < len(types) {
			if account, err = s.cfg.HolderAccount(ctx, types[i], code); err != nil {
				return storeFault(err, "find holder")
			}
		}
		if account == "" {
			return fault.New(fault.CoOwnerUnknown)
		}
		if account != g.HolderRef && !slices.Contains(g.Asks, account) {
			g.Asks = append(g.Asks, account)
		}
	}
	slices.Sort(g.Asks)
	if g.Awaits = len(g.Asks); g.Awaits > 0 {
		g.DecideBy = g.CreatedAt.Add(time.Duration(consents.WaitHours) * time.Hour)
	}
	return nil
}

// TopicConsentAsked tells a co-owner that another one wants to let an application use their licence; TopicConsentAnswered tells who gave the grant what became of
// it: ConsentNotice.
const (
	TopicConsentAsked    = "license.consent_asked"
	TopicConsentAnswered = "license.consent_answered"
)

// ConsentNotice is the payload of these messages.
type ConsentNotice struct {
	Grant     string        `json:"grant"`
	HolderRef string        `json:"holder_ref"` // who is told
	TypeCode  string        `json:"license_type_code"`
	Grantee   string        `json:"grantee"`
	Purpose   string        `json:"purpose_code"`
	Answer    ConsentAnswer `json:"answer,omitempty"` // agreed by all, refused or withdrawn by one; empty where the person is asked
	DecideBy  time.Time     `json:"decide_by"`
}

func consentNotice(topic string, g Grant, account string, answer ConsentAnswer) audit.Message {
	payload, err := json.Marshal(ConsentNotice{Grant: g.ID, HolderRef: account, TypeCode: g.TypeCode, Grantee: g.Grantee, Purpose: g.Purpose, Answer: answer, DecideBy: g.DecideBy})
	if err != nil {
		panic(err) // strings and a time only
	}
	return audit.Message{Topic: topic, Key: g.ID, Payload: payload}
}

// AskedConsent is what a co-owner was asked, with the grant that it is about.
type AskedConsent struct {
	Consent
	Of Grant
	By string // name of who gave the grant, masked; empty where it is not known
}

// MayAnswer reports whether the co-owner can agree or refuse now.
func (s *Service) MayAnswer(c AskedConsent) bool {
	return c.Answer == ConsentAsked && s.GrantState(c.Of) == StateAwaiting
}

// MayWithdraw reports whether a consent that was given can be taken back: while the grant stands.
func (s *Service) MayWithdraw(c AskedConsent) bool {
	state := s.GrantState(c.Of)
	return c.Answer == ConsentAgreed && (state == "open" || state == StateAwaiting)
}

// ConsentsOf lists what who is signed in is or was asked as a co-owner, the newest first.
func (s *Service) ConsentsOf(ctx context.Context, after string, limit int) ([]AskedConsent, string, error) {
	account, err := ownAccount(ctx)
	if err != nil {
		return nil, "", err
	}
	page, next, err := s.cfg.Store.ListConsents(ctx, account, after, limit)
	if err != nil {
		return nil, "", storeFault(err, "list consents")
	}
	var asked []AskedConsent
	for _, c := range page {
		one, err := s.asked(ctx, c)
		if err != nil {
			return nil, "", err
		}
		asked = append(asked, one)
	}
	return asked, next, nil
}

// asked adds the grant to a consent, and of the holders named on the licence the one who gave it, masked.
func (s *Service) asked(ctx context.Context, c Consent) (AskedConsent, error) {
	g, err := s.cfg.Store.FindGrant(ctx, c.Grant)
	if err != nil {
		return AskedConsent{}, storeFault(err, "find grant")
	}
	one := AskedConsent{Consent: c, Of: g}
	l, err := s.cfg.Store.Find(ctx, g.License)
	if err != nil {
		return AskedConsent{}, storeFault(err, "find licence")
	}
	values, err := s.values(ctx, l)
	if err != nil {
		return AskedConsent{}, storeFault(err, "read values")
	}
	names, codes, types := values[catalog.KeyHolderName], values[catalog.KeyHolderCode], values[catalog.KeyHolderType]
	for i, code := range codes {
		if s.cfg.HolderAccount == nil || i >= len(types) || i >= len(names) {
			continue
		}
		account, err := s.cfg.HolderAccount(ctx, types[i], code)
		if err != nil {
			return AskedConsent{}, storeFault(err, "find holder")
		}
		if account == g.HolderRef {
			one.By = catalog.MaskName.Apply(names[i])
		}
	}
	return one, nil
}

// AnswerConsent agrees to a grant of another holder, refuses it, or withdraws what was agreed to. Agreeing asks for a login of the last minutes. The same
// answer again changes nothing.
func (s *Service) AnswerConsent(ctx context.Context, grant string, answer ConsentAnswer) (AskedConsent, error) {
	account, err := ownAccount(ctx)
	if err != nil {
		return AskedConsent{}, err
	}
	if answer != ConsentAgreed && answer != ConsentRefused && answer != ConsentWithdrawn {
		return AskedConsent{}, fault.New(fault.Invalid).WithField("answer", fault.LicenseFieldForm)
	}
	read := func() (AskedConsent, error) {
		c, err := s.cfg.Store.FindConsent(ctx, grant, account)
		if err != nil {
			return AskedConsent{}, storeFault(err, "find consent")
		}
		return s.asked(ctx, c)
	}
	asked, err := read()
	if err != nil || asked.Answer == answer {
		return asked, err
	}
	if answer == ConsentAgreed && !s.FreshForGrant(reqctx.From(ctx).Actor) {
		return AskedConsent{}, fault.New(fault.LoginNotFresh)
	}
	now := s.now()
	done, err := s.cfg.Store.AnswerConsent(ctx, grant, account, answer, now, func(g Grant) audit.Record {
		record := audit.With(s.grantEvent(ctx, "license.grant.consent_"+string(answer), g))
		if answer != ConsentAgreed || g.Awaits == 0 {
			record = record.And(consentNotice(TopicConsentAnswered, g, g.HolderRef, answer))
		}
		return record
	})
	if err != nil {
		return AskedConsent{}, storeFault(err, "store consent")
	}
	asked, err = read()
	switch {
	case err != nil || done || asked.Answer == answer:
		return asked, err
	case asked.Answer == ConsentAsked || answer == ConsentWithdrawn:
		return AskedConsent{}, fault.New(fault.ConsentOver)
	}
	return AskedConsent{}, fault.New(fault.ConsentDecided)
}
