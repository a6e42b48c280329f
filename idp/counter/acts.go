package counter

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Method of evidence that the counter gives.
const Method = "counter"

// levelLife is how long a level of the counter lasts, if the document lasts as long.
const levelLife = 10 * 365 * 24 * time.Hour

// NoticeReset tells a person that every way to sign in ended at a counter.
const NoticeReset = "counter-reset"

// Outcomes of acts that another room carries out.
const (
	OutcomeDone   = "done"
	OutcomeBegun  = "begun"  // recorded, and not carried out yet
	OutcomeFailed = "failed" // nothing came of it
)

// Result of what was done in one go, to be printed. Secrets in it are shown this once.
type Result struct {
	Visit Visit
	Name  string // masked
	Acts  []Act
	Card  *CardPrint
	Level subject.IAL
	Pass  string // digits
	// Copies are the licences whose copies may be printed while the visit is open.
	Copies []LicenseCopy
	Until  time.Time
	Ends   time.Time // of the cool-off of a deletion that was asked for
	Data   bool      // a copy of the person's data is to be handed over
	// Err is why the acts that are missing were not done; nil when all were.
	Err error
}

// Perform does what the citizen agreed to, act by act. What was done before in this visit is not done again; what another room
// refused or did not answer is tried again. It stops at the first act of our own that fails; those before it stand, and acts
// of other rooms do not wait for one another.
func (s *Service) Perform(ctx context.Context, by Clerk, v Visit) (Result, error) {
	if err := s.clerk(by, RoleClerk); err != nil {
		return Result{}, err
	}
	if v.AgreedAt.IsZero() {
		return Result{}, fault.New(fault.CounterAgreement)
	}
	if err := s.impartial(ctx, by, v.Account); err != nil {
		return Result{}, err
	}
	d, err := s.document(ctx, v)
	if err != nil {
		return Result{}, err
	}
	done, err := s.cfg.Store.Acts(ctx, v.ID)
	if err != nil {
		return Result{}, storeFault(err)
	}
	out := Result{Name: subject.MaskName(d.Who.Name)}
	for _, kind := range v.Acts {
		target, err := s.target(ctx, kind, v, d)
		if err != nil {
			return out, err
		}
		var before *Act
		if i := slices.IndexFunc(done, func(a Act) bool { return a.Kind == kind && a.Target == target }); i >= 0 {
			if before = &done[i]; !before.Retriable(s.now()) {
				continue
			}
		}
		if err := s.do(ctx, kind, &v, d, before, &out); err != nil {
			if out.Err == nil {
				out.Err = err
			}
			if !slices.Contains(elsewhere, kind) {
				break
			}
		}
	}
	s.cfg.Wake()
	if out.Acts, err = s.cfg.Store.Acts(ctx, v.ID); err != nil {
		return out, storeFault(err)
	}
	out.Visit = v
	out.Data = slices.ContainsFunc(out.Acts, func(a Act) bool {
		return (a.Kind == ActData || a.Kind == ActDataPaper) && a.Target == "" && a.Outcome == OutcomeDone
	})
	if len(out.Acts) == 0 && out.Err != nil {
		return out, out.Err
	}
	return out, nil
}

func (s *Service) do(ctx context.Context, kind string, v *Visit, d document, before *Act, out *Result) error {
	switch kind {
	case ActRegister:
		return s.register(ctx, v, d)
	case ActRaise:
		return s.raise(ctx, v, d)
	case ActReset:
		return s.reset(ctx, v)
	case ActPass:
		return s.pass(ctx, v, out)
	}
	if slices.Contains(elsewhere, kind) {
		return s.elsewhere(ctx, v, kind, d, before, out)
	}
	return fault.New(fault.Invalid).WithField("counter-acts", fault.CounterActs)
}

// act is the row of what is about to be done.
func (s *Service) act(v Visit, kind, target, evidence, outcome string) Act {
	return Act{ID: ident.New(s.cfg.Rand, "cac"), Visit: v.ID, Kind: kind, Target: target, Terminal: v.Terminal, Clerk: v.Clerk, Second: v.SecondClerk, Account: v.Account, Entry: v.Entry,
		AgreedBy: v.Agreement, Evidence: evidence, Outcome: outcome, At: s.now(), Attempt: 1, TriedAt: s.now(), Review: ReviewOpen}
}

func (s *Service) store(ctx context.Context, v Visit, c Change, record audit.Record) error {
	a := c.Act
	record.Events = append(record.Events, s.event(ctx, "counter."+a.Kind, "account", a.Account, "act", a.ID, "visit", a.Visit, "terminal", a.Terminal, "entry", a.Entry, "second_clerk", a.Second,
		"agreed_by", a.AgreedBy, "evidence", a.Evidence, "target", a.Target))
	return storeFault(s.cfg.Store.Do(ctx, v, c, a.At, record))
}

// evidence is the digest of what gave a level: card, clerks, terminal, agreement.
func (s *Service) evidence(v Visit) string {
	return digest.Hex([]byte(fmt.Sprintf("counter/1\n%s\n%s\n%s\n%s\n%s\n%s\n", v.Digest, v.Clerk, v.SecondClerk, v.Terminal, v.Entry, v.Agreement)))
}

func (s *Service) proof(v Visit, d document, level subject.IAL) idp.Proof {
	now := s.now()
	p := idp.Proof{IAL: level, Method: Method, Source: "counter:" + v.Terminal, At: now, Until: now.Add(levelLife), Evidence: s.evidence(v)}
	if d.Who.Expires != "" {
		if day, err := subject.ParseDay(d.Who.Expires); err == nil {
			p.DocumentEnds = endOf(day).UTC()
			if p.DocumentEnds.Before(p.Until) {
				p.Until = p.DocumentEnds
			}
		}
	}
	return p
}

// register makes an account of the person, whose name and number the clerk compared with the document: level 1.
func (s *Service) register(ctx context.Context, v *Visit, d document) error {
	var identifiers []subject.Identifier
	if d.Phone != "" && v.AskedBy == BySMS { // the code went there, and the person told it
		identifiers = append(identifiers, subject.Identifier{Kind: subject.Mobile, Value: d.Phone})
	}
	account, err := s.cfg.Accounts.Prepare(ctx, identifiers, "")
	if err != nil {
		return err
	}
	proof, err := s.cfg.Accounts.PrepareProof(ctx, account, s.proof(*v, d, 1), d.Who)
	if err != nil {
		return err
	}
	registered := *v
	registered.Account = account.ID
	phone := "no"
	if len(identifiers) > 0 {
		phone = "yes"
	}
	record := audit.With(idp.Event(ctx, s.now(), "account.registered", "account", account.ID, map[string]string{"kind": "counter", "phone": phone}))
	granted, err := s.cfg.Accounts.ProofRecord(ctx, account.ID, proof)
	if err != nil {
		return err
	}
	record.Events, record.Messages = append(record.Events, granted.Events...), append(record.Messages, granted.Messages...)
	err = s.store(ctx, *v, Change{Act: s.act(registered, ActRegister, "", proof.Evidence, OutcomeDone), Account: &account, Proof: &proof}, record)
	if err == nil {
		v.Account = account.ID
	}
	return err
}

// raise gives the level that the document at the counter proves.
func (s *Service) raise(ctx context.Context, v *Visit, d document) error {
	account, err := s.cfg.Accounts.Account(ctx, v.Account)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	proof, err := s.cfg.Accounts.PrepareProof(ctx, account, s.proof(*v, d, v.reaches()), d.Who)
	if err != nil {
		return err
	}
	record, err := s.cfg.Accounts.ProofRecord(ctx, v.Account, proof)
	if err != nil {
		return err
	}
	return s.store(ctx, *v, Change{Act: s.act(*v, ActRaise, "", proof.Evidence, OutcomeDone), Proof: &proof}, record)
}

// reset ends every way in. Whoever had one of them is told, on every channel, and sessions end at all systems.
func (s *Service) reset(ctx context.Context, v *Visit) error {
	record, err := s.cfg.Farewell(ctx, v.Account)
	if err != nil {
		return err
	}
	a := s.act(*v, ActReset, "", s.evidence(*v), OutcomeDone)
	notices, err := authn.Notices(NoticeReset+"/"+a.ID, authn.Notice{AccountID: v.Account, What: NoticeReset})
	if err != nil {
		return err
	}
	return s.store(ctx, *v, Change{Act: a, Reset: true}, record.And(notices...))
}

// Copy is the document of a licence, for printing, while the visit in which the person agreed to it is open.
func (s *Service) Copy(ctx context.Context, by Clerk, v Visit, id string) (name string, content []byte, err error) {
	if err := s.clerk(by, RoleClerk); err != nil {
		return "", nil, err
	}
	if !v.Agreed(ActLicense) || v.Account == "" {
		return "", nil, fault.New(fault.CounterAgreement)
	}
	return s.cfg.Licenses.File(ctx, v.Account, id)
}

// NoteCheck leaves a trace of a paper's code that a clerk verified; nothing of the paper stands in it.
func (s *Service) NoteCheck(ctx context.Context, by Clerk, t Terminal, verdict string) error {
	if err := s.clerk(by, RoleClerk); err != nil {
		return err
	}
	return storeFault(s.cfg.Throttle.Note(ctx, audit.With(s.event(ctx, "counter."+ActCheck, "terminal", t.ID, "verdict", verdict))))
}
