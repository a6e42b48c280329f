package esign

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// RoleApprover decides on requests for the use of seals (用印审批人).
const RoleApprover = "seal_approver"

// When tells which uses of a seal need an approval.
type When string

// Kinds of rules.
const (
	WhenNever    When = "never"
	WhenAlways   When = "always"
	WhenPurposes When = "purposes" // where the purpose holds one of the texts
	WhenExcept   When = "except"   // always but where the purpose is one of the texts: other words do not lead around it
)

// Rule says what a use of a seal takes.
type Rule struct {
	When     When     `json:"when"`
	Purposes []string `json:"purposes,omitempty"`
	// Approver is the role that approves: RoleApprover, or RoleKeeper for another keeper of the same area.
	Approver  string `json:"approver"`
	Approvals int    `json:"approvals"` // people it takes beside the requester: 1 or 2
	Hours     int    `json:"hours"`     // how long an approval lasts
	Uses      int    `json:"uses"`      // how often it is used
	// Platform lets documents pass that the platform seals in a procedure of its own (licences, exports), which has its own review.
	Platform bool `json:"platform,omitempty"`
	// Remote lets documents be sealed that stay with their holders, of which nobody here sees more than a digest.
	Remote bool `json:"remote,omitempty"`
}

// Bounds of rules.
const (
	maxPurposes = 50
	maxHours    = 30 * 24
	maxUses     = 100
)

// DefaultRule is that of a seal for which none was set: nothing needs an approval, and who asks for one all the same gets a day and one use.
var DefaultRule = Rule{When: WhenNever, Approver: RoleApprover, Approvals: 1, Hours: 24, Uses: 1}

// RuleChange is a rule that waits for another person.
type RuleChange struct {
	Rule Rule      `json:"rule"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// SealRule is the rule of a seal. The zero one stands for DefaultRule.
type SealRule struct {
	SealID    string
	Version   int64 // rises with every change of what stands here
	Number    int64 // of the rule in force; rises when another one comes into force
	Rule      Rule
	Proposer  string // of the rule in force
	DecidedBy string
	DecidedAt time.Time
	Waiting   *RuleChange
}

// needs tells whether a use for the purpose needs an approval.
func (r Rule) needs(purpose string) bool {
	purpose = folded(purpose)
	switch r.When {
	case WhenNever:
		return false
	case WhenPurposes:
		return slices.ContainsFunc(r.Purposes, func(text string) bool { return strings.Contains(purpose, folded(text)) })
	case WhenExcept:
		return !slices.ContainsFunc(r.Purposes, func(text string) bool { return purpose == folded(text) })
	}
	return true // what is not known is not less than always
}

// folded leaves out what people type differently without meaning something else.
func folded(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(text)), "")
}

// check tells all that is wrong with a rule.
func (r Rule) check() error {
	wrong := fault.New(fault.Invalid)
	listed := r.When == WhenPurposes || r.When == WhenExcept
	texts := len(r.Purposes) <= maxPurposes && listed == (len(r.Purposes) > 0)
	for _, text := range r.Purposes {
		texts = texts && folded(text) != "" && plain(text, maxPurpose)
	}
	for _, one := range []struct {
		field string
		right bool
	}{
		{"when", listed || r.When == WhenNever || r.When == WhenAlways},
		{"purposes", texts},
		{"approver", r.Approver == RoleApprover || r.Approver == RoleKeeper},
		{"approvals", r.Approvals == 1 || r.Approvals == 2},
		{"hours", r.Hours >= 1 && r.Hours <= maxHours},
		{"uses", r.Uses >= 1 && r.Uses <= maxUses},
	} {
		if !one.right {
			wrong.WithField(one.field, fault.SealField)
		}
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return nil
}

// ruleOf reads the rule of a seal.
func (s *Service) ruleOf(ctx context.Context, sealID string) (SealRule, error) {
	rule, err := s.cfg.Store.SealRule(ctx, sealID)
	if err != nil {
		return rule, unavailable(err)
	}
	if rule.Number == 0 {
		rule.Rule = DefaultRule
	}
	return rule, nil
}

// RuleOf gives the rule of a seal of the own areas.
func (s *Service) RuleOf(ctx context.Context, sealID string) (SealRule, error) {
	if _, err := s.Find(ctx, sealID); err != nil {
		return SealRule{}, err
	}
	return s.ruleOf(ctx, sealID)
}

// ProposeRule lets a rule wait for a reviewer. Nobody alone loosens what a use of a seal takes, and nobody alone shuts the others out.
// version is that of what was read; a proposal takes the place of one that waits.
func (s *Service) ProposeRule(ctx context.Context, sealID string, version int64, rule Rule) (SealRule, error) {
	actor, err := rested(require(ctx, RoleKeeper))
	if err != nil {
		return SealRule{}, err
	}
	seal, err := s.find(ctx, sealID)
	if err == nil {
		ctx, err = s.keeper(ctx, seal)
	}
	if err == nil && seal.State == Revoked {
		err = fault.New(fault.SealState)
	}
	if err == nil {
		err = rule.check()
	}
	if err == nil && seal.Personal() && rule.When != WhenNever && rule.Approver == RoleKeeper {
		err = fault.New(fault.Invalid).WithField("approver", fault.SealNotOwn, "name", seal.Bearer.Name) // there is no other keeper
	}
	if err != nil {
		return SealRule{}, err
	}
	return s.putRule(ctx, sealID, version, "seal.rule.proposed", "", func(have *SealRule) error {
		have.Waiting = &RuleChange{Rule: rule, By: actor.ID, At: s.now()}
		return nil
	})
}

// DecideRule puts a rule that waits into force, or not. Whoever proposed it does not decide, and the version is that of what was read.
func (s *Service) DecideRule(ctx context.Context, sealID string, version int64, agree bool, reason string) (SealRule, error) {
	actor, err := rested(require(ctx, RoleReviewer))
	if err != nil {
		return SealRule{}, err
	}
	seal, err := s.find(ctx, sealID)
	if err == nil {
		ctx, err = seal.in(ctx, RoleReviewer)
	}
	if err == nil && !agree {
		err = needReason(reason)
	}
	if err != nil {
		return SealRule{}, err
	}
	kind := "seal.rule.refused"
	if agree {
		kind = "seal.rule.in_force"
	}
	return s.putRule(ctx, sealID, version, kind, reason, func(have *SealRule) error {
		switch waiting := have.Waiting; {
		case waiting == nil:
			return fault.New(fault.SealState)
		case waiting.By == actor.ID:
			return fault.New(fault.SealUseSamePerson)
		case agree:
			have.Number++
			have.Rule, have.Proposer, have.DecidedBy, have.DecidedAt = waiting.Rule, waiting.By, actor.ID, s.now()
		}
		have.Waiting = nil
		return nil
	})
}

func (s *Service) putRule(ctx context.Context, sealID string, version int64, kind, reason string, change func(*SealRule) error) (SealRule, error) {
	rule, err := s.ruleOf(ctx, sealID)
	if err == nil && rule.Version != version {
		err = fault.New(fault.Conflict)
	}
	if err != nil {
		return rule, err
	}
	told := rule.Waiting
	if err := change(&rule); err != nil {
		return rule, err
	}
	if rule.Waiting != nil {
		told = rule.Waiting
	}
	rule.SealID, rule.Version = sealID, version+1
	details := map[string]string{"number": strconv.FormatInt(rule.Number, 10), "when": string(told.Rule.When), "approver": told.Rule.Approver, "approvals": strconv.Itoa(told.Rule.Approvals),
		"hours": strconv.Itoa(told.Rule.Hours), "uses": strconv.Itoa(told.Rule.Uses), "platform": strconv.FormatBool(told.Rule.Platform), "remote": strconv.FormatBool(told.Rule.Remote), "proposer": told.By}
	e := s.event(ctx, kind, "seal", sealID, details)
	e.Reason = reason
	switch err := s.cfg.Store.PutSealRule(ctx, rule, version, audit.With(e)); {
	case errors.Is(err, ErrChanged):
		return rule, fault.Wrap(err, fault.Conflict)
	case err != nil:
		return rule, unavailable(err)
	}
	return rule, nil
}
