package elicense

import (
	"context"
	_ "embed" // the words of the platform's own reasons
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Ruling is what the rules of a type decided about an application (秒批). It is kept for good, and there is one of a licence at most.
type Ruling struct {
	ID            string // "rul_…"
	License       string // row key
	AuthorityCode string
	TypeCode      string
	TypeVersion   int    // whose rules decided
	Template      string // SM3 of its package
	Outcome       catalog.Outcome
	Reasons       []string // codes of the package, or of the platform
	Conditions    []RulingCondition
	// SetBy are the people who brought the rules into force here: they published the version, or switched its rules on.
	SetBy     []string
	DecidedAt time.Time
}

// RulingCondition is a condition with what came of it.
type RulingCondition struct {
	ID       string        `json:"id"`
	Fact     string        `json:"fact"`
	Truth    catalog.Truth `json:"truth"`
	Evidence string        `json:"evidence,omitempty"` // what it was judged by; a keyed hash where Digest says so
	Digest   bool          `json:"digest,omitempty"`
	Reason   string        `json:"reason,omitempty"`
}

// Reasons of the platform for which an application that the rules would approve goes to a person.
const (
	reasonCeiling   = "ceiling"   // the daily ceiling of the type is reached
	reasonSample    = "sample"    // chosen for quality control
	reasonPublisher = "publisher" // one person alone published the version
)

//go:embed rulingreasons.json
var rulingReasonsFile []byte

var rulingReasons = func() (words map[string]catalog.Text) {
	if err := json.Unmarshal(rulingReasonsFile, &words); err != nil {
		panic(err) // the file is embedded and tested
	}
	return words
}()

// ReasonWords are the words of a reason of a ruling; those of a package in the version that decided. A version that this node does not know has
// no words, only the code.
func (s *Service) ReasonWords(r Ruling, code string) catalog.Text {
	if words, ok := rulingReasons[code]; ok {
		return words
	}
	if t := s.ruledBy(r); t != nil {
		if reason, ok := t.Rules.Reason(code); ok {
			return reason.Words
		}
	}
	return catalog.Text{"zh-CN": code, "en": code}
}

// ruledBy is the version whose rules decided; nil where this node does not know it.
func (s *Service) ruledBy(r Ruling) *catalog.Type {
	for _, t := range s.Types().Versions(r.TypeCode) {
		if t.TemplateID() == r.Template && t.Rules != nil {
			return t
		}
	}
	return nil
}

// RuleSwitch says whether rules decide about the applications for a type at an authority. Rules are off until two people switched them on.
type RuleSwitch struct {
	AuthorityCode string
	TypeCode      string
	Revision      int64 // 0 before the first step
	On            bool
	ProposedBy    string // who proposed to switch them on; empty where nobody waits
	ProposedAt    time.Time
	OnBy          []string // the two who switched them on
	ChangedBy     string
	ChangedAt     time.Time
	Reason        string // of the last step
}

// SwitchStep is a step of a switch.
type SwitchStep string

// Steps.
const (
	SwitchOff     SwitchStep = "off"     // at once, by one person
	SwitchPropose SwitchStep = "propose" // on, waits for another person
	SwitchConfirm SwitchStep = "confirm" // on
)

// RulingFilter bounds a list of rulings. After is the cursor of the page before.
type RulingFilter struct {
	Outcome, TypeCode, AuthorityCode string
	Areas                            []string // paths of areas of the licences, as in Filter
	After                            string
	Limit                            int // 1 to 200; 50 when 0
}

// RulingSeen is what a store reads in the write of a ruling, after every other ruling of the type.
type RulingSeen struct {
	Switch   RuleSwitch
	Approved int   // by rule of the type on the day, by all authorities
	Others   int   // licences of the type, in force or on their way, of one of the holders, without this one
	Asked    []int // applications for the type of one of the holders since each moment asked for, with this one
}

// RulingAsk is what the store is asked with a ruling.
type RulingAsk struct {
	Day   string // YYYYMMDD
	Since []time.Time
}

// Rulings keeps decisions by rule. Each change is one transaction with its record.
type Rulings interface {
	// Held gives licences in force of the types whose holder has the key, newest first.
	Held(ctx context.Context, holderKey string, typeCodes []string, limit int) ([]License, error)
	// Rule decides about an application unless it was: rulings of a type come one after the other. judge gets a copy of the licence and may run more than
	// once; what it makes of the licence and the ruling is stored, and an approval counts for the day. Where there is a ruling, that one is given, with
	// made false. An error of judge is returned and nothing is stored.
	Rule(ctx context.Context, license string, ask RulingAsk, judge func(l *License, seen RulingSeen) (Ruling, Change, error)) (l License, r Ruling, made bool, err error)
	FindRuling(ctx context.Context, license string) (Ruling, error)
	// Rulings is a page, newest first, and the cursor of the next.
	Rulings(ctx context.Context, filter RulingFilter) (page []Ruling, next string, err error)
	// FindRuleSwitch gives one that nobody touched as it is: off.
	FindRuleSwitch(ctx context.Context, authorityCode, typeCode string) (RuleSwitch, error)
	// RuleSwitches is a page of those that somebody touched, of some authorities' areas, by authority and type.
	RuleSwitches(ctx context.Context, after string, limit int) (page []RuleSwitch, next string, err error)
	// PutRuleSwitch stores a switch whose revision was read; ErrStale where it is another by now.
	PutRuleSwitch(ctx context.Context, w RuleSwitch, record audit.Record) error
	Appeals
}

// RulingCursor is the place of a ruling in lists.
func RulingCursor(r Ruling) string {
	return fmt.Sprintf("%020d.%s", r.DecidedAt.UnixMicro(), r.License)
}

// TopicRuled tells an applicant what became of an application that rules decided about, of an appeal, or of one that the holder entered.
const TopicRuled = "license.ruled"

// RulingNotice is the payload of that message.
type RulingNotice struct {
	License   string    `json:"license"` // row key
	TypeCode  string    `json:"license_type_code"`
	HolderRef string    `json:"holder_ref"`
	Event     string    `json:"event"`              // one of the events below
	AppealTo  time.Time `json:"appeal_to,omitzero"` // until when an appeal is taken
	At        time.Time `json:"at"`
}

// Events of RulingNotice.
const (
	NoticeRefused       = "refused"
	NoticeAppealGranted = "appeal_granted"
	NoticeAppealUpheld  = "appeal_upheld"
	// A reviewer returned or refused what the holder entered; the reason is on the page of the application.
	NoticeReturned = "returned"
	NoticeRejected = "rejected"
)

func rulingNotice(n RulingNotice) audit.Message {
	payload, err := json.Marshal(n)
	if err != nil {
		panic(err) // strings and times only
	}
	return audit.Message{Topic: TopicRuled, Key: n.License, Payload: payload}
}

// heldMost bounds the licences of a holder that a rule looks at. What holders of more have stays unknown.
const heldMost = 20

// rulerOf names the rules of a version as who decided.
func rulerOf(t *catalog.Type) string { return "rule:" + t.Code + "/" + strconv.Itoa(t.Row.Version) }

// rule lets the rules of its type decide about an application that nobody reviewed, and issues what they approve. An application that was decided stays as
// it is, so that a caller who asks again gets what is there.
func (s *Service) rule(ctx context.Context, l License) (License, error) {
	t, ok := s.typeOf(l)
	if !ok || t.Rules == nil || l.State != StateInReview || l.Reviewer != "" {
		return l, nil
	}
	w, err := s.cfg.Store.FindRuleSwitch(ctx, l.AuthorityCode, l.TypeCode)
	if err != nil {
		return License{}, storeFault(err, "read switch of rules")
	}
	if !w.On {
		return l, nil
	}
	judge, ask, err := s.prepareRuling(ctx, l, t)
	if err != nil {
		return License{}, err
	}
	ruled, r, made, err := s.cfg.Store.Rule(ctx, l.ID, ask, judge)
	switch {
	case errors.Is(err, errNothingToDo): // switched off or reviewed meanwhile
		ruled, err = s.cfg.Store.Find(ctx, l.ID)
		return ruled, storeFault(err, "find licence")
	case err != nil:
		return License{}, storeFault(err, "store ruling")
	case !made || r.Outcome != catalog.OutcomeApprove:
		return ruled, nil
	}
	return s.issueRuled(ctx, ruled), nil
}

// prepareRuling gathers what is known outside the write of a ruling.
func (s *Service) prepareRuling(ctx context.Context, l License, t *catalog.Type) (judge func(*License, RulingSeen) (Ruling, Change, error), ask RulingAsk, err error) {
	now := s.now()
	values, err := s.values(ctx, l)
	if err != nil {
		return nil, ask, storeFault(err, "read values")
	}
	facts := s.ruleFacts(ctx, l, t, values, now)
	digests := map[string]string{}
	for _, c := range t.Decide(values, facts).Conditions {
		if c.Personal {
			if digests[c.ID], err = s.hash(ctx, "rule-evidence", l.ID, c.ID, c.Evidence); err != nil {
				return nil, ask, storeFault(err, "hash evidence")
			}
		}
	}
	sampled, err := s.sampled(ctx, l, t.Rules.SamplePerMille)
	if err != nil {
		return nil, ask, storeFault(err, "choose sample")
	}
	alone, publishers := s.publishersOf(t)
	windows := t.Rules.Windows()
	ask.Day = catalog.Day(now)
	for _, days := range windows {
		ask.Since = append(ask.Since, now.AddDate(0, 0, -days))
	}
	return func(row *License, seen RulingSeen) (Ruling, Change, error) {
		if !seen.Switch.On || row.State != StateInReview || row.Reviewer != "" || row.RequestDigest != l.RequestDigest {
			return Ruling{}, Change{}, errNothingToDo
		}
		facts := facts
		facts.Others, facts.Applications = &seen.Others, map[int]int{}
		for i, days := range windows {
			facts.Applications[days] = seen.Asked[i]
		}
		judged := t.Decide(values, facts)
		referred := ""
		switch {
		case judged.Outcome != catalog.OutcomeApprove:
		case alone:
			referred = reasonPublisher
		case seen.Approved >= t.Rules.DailyCeiling:
			referred = reasonCeiling
		case sampled:
			referred = reasonSample
		}
		if referred != "" {
			judged.Outcome, judged.Reasons = catalog.OutcomeRefer, append(judged.Reasons, referred)
		}
		r := Ruling{
			ID: ident.New(s.cfg.Rand, "rul"), License: row.ID, AuthorityCode: row.AuthorityCode, TypeCode: row.TypeCode, TypeVersion: t.Row.Version, Template: t.TemplateID(),
			Outcome: judged.Outcome, Reasons: judged.Reasons, SetBy: append(slices.Clone(publishers), seen.Switch.OnBy...), DecidedAt: now,
		}
		for _, c := range judged.Conditions {
			evidence := c.Evidence
			if c.Personal {
				evidence = digests[c.ID]
			}
			r.Conditions = append(r.Conditions, RulingCondition{ID: c.ID, Fact: c.Fact, Truth: c.Truth, Evidence: evidence, Digest: c.Personal && evidence != "", Reason: c.Reason})
		}
		return r, s.rulingChange(ctx, row, r, t, now), nil
	}, ask, nil
}

// rulingChange puts a ruling into effect on the row of the licence.
func (s *Service) rulingChange(ctx context.Context, row *License, r Ruling, t *catalog.Type, now time.Time) Change {
	ruler := rulerOf(t)
	reasons, err := json.Marshal(r.Reasons)
	if err != nil {
		panic(err) // strings
	}
	e := s.event(ctx, "license.ruled", row.ID, now, "ruling", r.ID, "outcome", string(r.Outcome), "reasons", string(reasons), "template", r.Template, "entered_by", row.Entrant)
	e.Actor = ruler
	record := audit.With(e)
	row.UpdatedAt = now
	switch r.Outcome {
	case catalog.OutcomeApprove:
		row.State, row.Reviewer, row.LeaseUntil = StateApproved, ruler, now.Add(s.cfg.IssueLease)
	case catalog.OutcomeRefuse:
		row.State, row.Reviewer = StateRejected, ruler
		if row.HolderRef != "" {
			record = record.And(rulingNotice(RulingNotice{License: row.ID, TypeCode: row.TypeCode, HolderRef: row.HolderRef, Event: NoticeRefused, AppealTo: appealEnd(r, t), At: now}))
		}
	}
	return Change{Record: record}
}

// ruleFacts are what the platform knows of the holders. What cannot be found out stays unknown, so that a person decides.
func (s *Service) ruleFacts(ctx context.Context, l License, t *catalog.Type, values catalog.Values, now time.Time) catalog.RuleFacts {
	facts := catalog.RuleFacts{Day: catalog.Day(now)}
	if t.Rules.Asks(catalog.FactLevel) && s.cfg.HolderLevel != nil {
		facts.Level = s.lowestLevel(ctx, values)
	}
	if types := t.Rules.HeldTypes(); len(types) > 0 && len(l.HolderKeys) == 1 {
		if held, err := s.heldFacts(ctx, l.HolderKeys[0], types); err == nil {
			facts.Held = &held
		}
	}
	return facts
}

// lowestLevel is the lowest level of all holders; nil where it is not known of one.
func (s *Service) lowestLevel(ctx context.Context, values catalog.Values) *int {
	var lowest *int
	types := values[catalog.KeyHolderType]
	for i, code := range values[catalog.KeyHolderCode] {
		level, err := s.cfg.HolderLevel(ctx, types[i], code)
		if err != nil {
			return nil
		}
		if lowest == nil || level < *lowest {
			lowest = &level
		}
	}
	return lowest
}

func (s *Service) heldFacts(ctx context.Context, holderKey string, types []string) ([]catalog.HeldFact, error) {
	list, err := s.cfg.Store.Held(ctx, holderKey, types, heldMost+1)
	if err == nil && len(list) > heldMost {
		err = fmt.Errorf("the holder has more than %d licences of the types", heldMost)
	}
	if err != nil {
		return nil, err
	}
	held := []catalog.HeldFact{}
	for _, l := range list {
		values, err := s.values(ctx, l)
		if err != nil {
			return nil, err
		}
		held = append(held, catalog.HeldFact{Type: l.TypeCode, Values: values})
	}
	return held, nil
}

// sampled chooses the share of applications that a person looks at although the rules approve them: by a keyed hash of the application, which nobody who
// enters one can foresee and which gives the same answer whenever it is asked.
func (s *Service) sampled(ctx context.Context, l License, perMille int) (bool, error) {
	sum, err := s.hash(ctx, "rule-sample", l.TypeCode, l.AuthorityCode, l.BusinessNumber)
	if err != nil {
		return false, err
	}
	n, err := strconv.ParseUint(sum[:8], 16, 32)
	return err == nil && n%1000 < uint64(perMille), err
}

// publishersOf are the people who brought a version of a type into use, and whether one alone did. A built-in type has none: those who switch its
// rules on answer for it.
func (s *Service) publishersOf(t *catalog.Type) (alone bool, people []string) {
	if t.BuiltIn {
		return false, nil
	}
	if known := s.types.now.Load(); known != nil {
		for _, v := range known.versions {
			if v.Template == t.TemplateID() {
				return v.ProposedBy == v.DecidedBy, []string{v.ProposedBy, v.DecidedBy}
			}
		}
	}
	return true, nil // nobody can be named
}

// issueRuled issues what rules approved. What fails is left to Recover, or to an issuer: the application stays approved.
func (s *Service) issueRuled(ctx context.Context, l License) License {
	issued, err := s.issueApproved(reqctx.WithActor(ctx, reqctx.Actor{ID: l.Reviewer}), l)
	if err == nil {
		return issued
	}
	if now, findErr := s.cfg.Store.Find(ctx, l.ID); findErr == nil {
		return now
	}
	return l
}

// issueApproved takes a licence that rules approved into force. Where it can never be made as it is, such as for characters that the face lacks, it is left
// to an issuer.
func (s *Service) issueApproved(ctx context.Context, l License) (License, error) {
	planned, err := s.plan(ctx, l, l.Reviewer)
	if code := fault.CodeOf(err); err != nil && code != fault.Internal && !fault.MetaOf(code).Retryable {
		now := s.now()
		_, letGo := s.update(ctx, l.ID, func(row *License) (Change, error) {
			if row.State != StateApproved {
				return Change{}, errNothingToDo
			}
			row.LeaseUntil, row.UpdatedAt = time.Time{}, now
			return Change{Record: audit.With(s.event(ctx, "license.issue.referred", row.ID, now, "code", string(code)))}, nil
		})
		return License{}, errors.Join(err, letGo)
	}
	if err != nil {
		return License{}, err
	}
	return s.finish(ctx, planned)
}

// ruledActor is for whoever reads rulings and appeals: staff of the licence's area, or with holderToo the person whose application it is.
func ruledActor(ctx context.Context, l License, holderToo bool) (staff bool, err error) {
	actor := reqctx.From(ctx).Actor
	switch {
	case actor.ID == "":
		return false, fault.New(fault.Unauthenticated)
	case actor.Reaches(l.Area, roles...):
		return true, nil
	case holderToo && l.HolderRef != "" && l.HolderRef == holder(actor):
		return false, nil
	}
	return false, fault.New(fault.NotFound)
}

// RulingDetail is a ruling with what can be done about it.
type RulingDetail struct {
	Ruling
	State    State     // of the licence
	AppealTo time.Time // until when an appeal is taken; zero where none can be made
	Appeal   *Appeal   // that was made
	Staff    bool      // the reader sees the conditions
}

// Ruling gives what rules decided about an application to staff and to the person whose application it is. The conditions are for staff.
func (s *Service) Ruling(ctx context.Context, license string) (RulingDetail, error) {
	l, err := s.cfg.Store.Find(ctx, license)
	if err != nil {
		return RulingDetail{}, storeFault(err, "find licence")
	}
	d := RulingDetail{State: l.State}
	if d.Staff, err = ruledActor(ctx, l, true); err != nil {
		return RulingDetail{}, err
	}
	if d.Ruling, err = s.cfg.Store.FindRuling(ctx, license); err != nil {
		return RulingDetail{}, storeFault(err, "find ruling")
	}
	if d.Outcome == catalog.OutcomeRefuse {
		d.AppealTo = appealEnd(d.Ruling, s.ruledBy(d.Ruling))
		a, err := s.cfg.Store.FindAppeal(ctx, license)
		switch {
		case err == nil:
			d.Appeal = &a
		case !errors.Is(err, ErrNotFound):
			return RulingDetail{}, storeFault(err, "find appeal")
		}
	}
	if !d.Staff {
		d.Conditions, d.SetBy = nil, nil
	}
	return d, nil
}

// AppealOpen reports whether an appeal can be made about a ruling now.
func (s *Service) AppealOpen(d RulingDetail) bool {
	return d.Appeal == nil && s.now().Before(d.AppealTo)
}

// Rulings gives staff a page of what rules decided in their areas, newest first.
func (s *Service) Rulings(ctx context.Context, filter RulingFilter) ([]Ruling, string, error) {
	actor, err := require(ctx, roles...)
	if err != nil {
		return nil, "", err
	}
	if filter.Limit, err = pageLimit(filter.Limit); err != nil {
		return nil, "", err
	}
	filter.Areas = actor.Reach(roles...)
	page, next, err := s.cfg.Store.Rulings(ctx, filter)
	return page, next, storeFault(err, "list rulings")
}

// pageLimit is how many items a page has.
func pageLimit(limit int) (int, error) {
	if limit == 0 {
		return 50, nil
	}
	if limit < 1 || limit > 200 {
		return 0, fault.New(fault.Invalid).WithField("limit", fault.LicenseFieldForm)
	}
	return limit, nil
}

// RuleSwitch gives the switch of a type at an authority, with the type. fault.TypeRulesNone where the version in force has no rules.
func (s *Service) RuleSwitch(ctx context.Context, authorityCode, typeCode string) (RuleSwitch, *catalog.Type, error) {
	_, w, t, err := s.ruleSwitch(ctx, authorityCode, typeCode, roles...)
	return w, t, err
}

func (s *Service) ruleSwitch(ctx context.Context, authorityCode, typeCode string, needed ...string) (context.Context, RuleSwitch, *catalog.Type, error) {
	actor, err := require(ctx, needed...)
	if err != nil {
		return ctx, RuleSwitch{}, nil, err
	}
	t, authority, err := s.scope(ctx, typeCode, authorityCode)
	if err != nil {
		return ctx, RuleSwitch{}, nil, err
	}
	area, err := s.areaOf(ctx, authority.Code)
	if err != nil {
		return ctx, RuleSwitch{}, nil, err
	}
	if !actor.Reaches(area, needed...) {
		return ctx, RuleSwitch{}, nil, fault.New(fault.LicenseAuthority) // as one that is not there
	}
	if t.Rules == nil {
		return ctx, RuleSwitch{}, nil, fault.New(fault.TypeRulesNone)
	}
	w, err := s.cfg.Store.FindRuleSwitch(ctx, authorityCode, typeCode)
	for _, role := range needed {
		if actor.Reaches(area, role) {
			ctx = reqctx.UsingIn(ctx, area, role)
			break
		}
	}
	return ctx, w, t, storeFault(err, "read switch of rules")
}

// SwitchRules takes a step of a switch. Reviewers and issuers of the authority's area switch off, each alone and at once; reviewers switch on, one proposing
// and another one confirming. Switching off what is off takes a proposal away; with none it changes nothing.
func (s *Service) SwitchRules(ctx context.Context, authorityCode, typeCode string, step SwitchStep, reason string) (RuleSwitch, error) {
	needed := []string{RoleReviewer}
	if step == SwitchOff {
		needed = []string{RoleReviewer, RoleIssuer}
	}
	ctx, w, t, err := s.ruleSwitch(ctx, authorityCode, typeCode, needed...)
	if err != nil {
		return w, err
	}
	if n := len([]rune(reason)); n == 0 && step != SwitchConfirm || n > 500 {
		return w, fault.New(fault.Invalid).WithField("reason", fault.LicenseFieldMissing)
	}
	actor, now := reqctx.From(ctx).Actor.ID, s.now()
	switch {
	case step == SwitchOff && !w.On && w.ProposedBy == "":
		return w, nil
	case step == SwitchOff:
		w.On, w.OnBy, w.ProposedBy, w.ProposedAt = false, nil, "", time.Time{}
	case step == SwitchPropose && !w.On && w.ProposedBy == "":
		w.ProposedBy, w.ProposedAt = actor, now
	case step == SwitchConfirm && w.ProposedBy != "" && w.ProposedBy == actor:
		return w, fault.New(fault.LicenseFourEyes)
	case step == SwitchConfirm && w.ProposedBy != "":
		w.On, w.OnBy, w.ProposedBy, w.ProposedAt = true, []string{w.ProposedBy, actor}, "", time.Time{}
		reason = w.Reason
	default:
		return w, fault.New(fault.RuleSwitchState)
	}
	w.ChangedBy, w.ChangedAt, w.Reason = actor, now, reason
	e := s.event(ctx, "license.rules_"+string(step), authorityCode+"/"+typeCode, now, "reason", reason, "template", t.TemplateID())
	e.ObjectType = "license_rules"
	if err := s.cfg.Store.PutRuleSwitch(ctx, w, audit.With(e)); err != nil {
		return w, storeFault(err, "store switch of rules")
	}
	w.Revision++
	return w, nil
}

// RuleSwitches gives staff a page of the switches that somebody touched, in their areas. A page may hold fewer than asked for, or none.
func (s *Service) RuleSwitches(ctx context.Context, after string, limit int) ([]RuleSwitch, string, error) {
	actor, err := require(ctx, roles...)
	if err != nil {
		return nil, "", err
	}
	if limit, err = pageLimit(limit); err != nil {
		return nil, "", err
	}
	page, next, err := s.cfg.Store.RuleSwitches(ctx, after, limit)
	if err != nil {
		return nil, "", storeFault(err, "list switches of rules")
	}
	mine := page[:0]
	for _, w := range page {
		area, err := s.areaOf(ctx, w.AuthorityCode)
		if err != nil {
			return nil, "", err
		}
		if actor.Reaches(area, roles...) {
			mine = append(mine, w)
		}
	}
	return mine, next, nil
}

// appealDigest tells a repeated appeal from another one.
func appealDigest(text string) string { return digest.Hex([]byte(text)) }
