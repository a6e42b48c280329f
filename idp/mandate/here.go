package mandate

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// What is done under a mandate at our own pages, for both sides to see (messages mandate.use.<word>).
const (
	UseLook    = "look"    // the page of whom one acts for
	UsePresent = "present" // the code of a licence
	UseLend    = "lend"    // an office may use a licence
	UseEndLend = "unlend"  // and may no more
	UseFreeze  = "freeze"  // nobody may use licences for now
	UseThaw    = "thaw"    // and may again
	UseConsent = "consent" // a guardian agreed to a way to prove who the child is
	UseLevel   = "level"   // a guardian saw what became of it

	UseDeletion = "deletion" // a guardian asked for the deletion of the child's account, or stopped it
	UseWithdraw = "withdraw" // a guardian took a case of the child back
)

// Standing is a mandate as it is now, with how its principal's account stands.
type Standing struct {
	Mandate   Mandate
	Principal idp.AccountState
	// Backed: the mandate that it was passed on from is in force and its agent's account active. Of passed-on ones only.
	Backed bool
	// AgentRecovered is when the account of the agent was last recovered without a counter, or got another contact; zero: never.
	AgentRecovered time.Time
}

// Holds reports whether the agent may act now, at our own pages and by tokens: the mandate is live, the principal's account active,
// what was passed on is backed, so that a suspension, a death or a merge of the principal or of the agent in the middle stops it at once,
// and the agent's account does not rest.
func (s Standing) Holds(now time.Time) bool { return !s.Rests(now) && s.stands(now) }

// Rests reports whether the agent's account was recovered within the day: whoever took it acts for nobody else with it.
func (s Standing) Rests(now time.Time) bool { return !idp.RestsUntil(s.AgentRecovered, now).IsZero() }

func (s Standing) stands(now time.Time) bool {
	return s.Mandate.Live(now) && s.Principal == idp.AccountActive && (s.Mandate.Parent == "" || s.Backed)
}

// UsedHere is one use of a mandate at a page of ours.
type UsedHere struct {
	Mandate  Mandate
	ID       string // of the line: the same for a page that is loaded again within the minute
	What     string // one of the words above
	At       time.Time
	Minute   time.Time     // under which the line stands
	Releases []idp.Release // what the agent is shown, on the ledgers of all whom it concerns
}

// Used is the use of a mandate now; of an object and a word there is one a minute.
func Used(m Mandate, what, object string, now time.Time, releases []idp.Release) UsedHere {
	minute := now.Truncate(time.Minute)
	sum := digest.SumParts([]byte(m.ID), []byte(what), []byte(object), []byte(minute.Format(time.RFC3339)))
	return UsedHere{Mandate: m, ID: "use_" + hex.EncodeToString(sum[:16]), What: what, At: now, Minute: minute, Releases: releases}
}

// HereStore keeps what is done at our own pages; idpdb implements it.
type HereStore interface {
	// MandateStanding reads a mandate of an agent, the state of its principal and what backs it at one moment; idp.ErrNotFound.
	MandateStanding(ctx context.Context, agent, id string) (Standing, error)
	// UseMandate stores a use with its lines of the ledger; ErrMoved when the mandate, or its principal, stands no longer.
	UseMandate(ctx context.Context, u UsedHere, record audit.Record) error
}

// Here is the mandate under which an agent goes on at our own pages, judged in the database at every request, so that an end counts
// from the next one on, on every node. A mandate of which the account is not the agent is fault.NotFound, one that stands no
// longer fault.ActingOver, and while the account rests after a recovery fault.RecoveryRest. right is what the page needs; empty needs none.
func (s *Service) Here(ctx context.Context, agent, id string, right Right) (Mandate, error) {
	standing, err := s.cfg.Here.MandateStanding(ctx, agent, id)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return Mandate{}, fault.New(fault.NotFound)
	case err != nil:
		return Mandate{}, fault.Wrap(err, fault.Unavailable)
	case !standing.stands(s.cfg.Now()):
		return Mandate{}, fault.New(fault.ActingOver)
	case standing.Rests(s.cfg.Now()):
		return Mandate{}, fault.New(fault.RecoveryRest)
	case right != "" && !standing.Mandate.Has(right):
		return Mandate{}, fault.New(fault.ActingRight)
	}
	return standing.Mandate, nil
}

// UseHere puts a use on record with both sides before anything is shown: a line under the mandate, those of the ledgers, and an
// audit event. The mandate is judged once more in the same change.
func (s *Service) UseHere(ctx context.Context, m Mandate, what, object string, releases []idp.Release) error {
	now := s.cfg.Now().UTC()
	details := map[string]string{"what": what, "agent": m.Agent, "principal": m.Principal}
	if object != "" {
		details["object"] = object
	}
	e := idp.Event(ctx, now, "mandate.used", "mandate", m.ID, details)
	if e.ActingFor == "" {
		e.ActingFor = "account:" + m.Principal
	}
	err := s.cfg.Here.UseMandate(ctx, Used(m, what, object, now, releases), audit.With(e))
	if errors.Is(err, ErrMoved) {
		return fault.Wrap(err, fault.ActingOver)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}
