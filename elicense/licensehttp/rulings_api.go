package licensehttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
)

func registerRulings(to huma.API, a *api) {
	huma.Register(to, operation("get-license-ruling", http.MethodGet, "/api/v1/licenses/{id}/ruling", "Read what rules decided about an application, with the reasons in words and the way of appeal; conditions are for staff"), a.ruling)
	huma.Register(to, operation("list-license-rulings", http.MethodGet, "/api/v1/license-rulings", "List decisions by rule, newest first"), a.rulings)
	huma.Register(to, operation("list-license-rule-switches", http.MethodGet, "/api/v1/license-rule-switches", "List the types and authorities whose rules somebody switched; a page may hold fewer than asked for"), a.ruleSwitches)
	huma.Register(to, operation("get-license-rule-switch", http.MethodGet, "/api/v1/license-rule-switches/{authority}/{type}", "Read whether rules decide about applications for a type at an authority"), a.ruleSwitch)
	huma.Register(to, operation("switch-license-rules", http.MethodPost, "/api/v1/license-rule-switches/{authority}/{type}", "Switch the rules of a type off at once, or on by two people"), a.switchRules)
	huma.Register(to, operation("appeal-license-ruling", http.MethodPost, "/api/v1/licenses/{id}/appeal", "Appeal against a refusal by rule, once; the same words again give the appeal that is there"), a.appeal)
	huma.Register(to, operation("get-license-appeal", http.MethodGet, "/api/v1/licenses/{id}/appeal", "Read an appeal; for staff, and on record"), a.readAppeal)
	huma.Register(to, operation("list-license-appeals", http.MethodGet, "/api/v1/license-appeals", "List appeals, oldest first"), a.appeals)
	huma.Register(to, operation("claim-license-appeal", http.MethodPost, "/api/v1/licenses/{id}/appeal/claim", "Take an appeal for an hour"), a.claimAppeal)
	huma.Register(to, operation("decide-license-appeal", http.MethodPost, "/api/v1/licenses/{id}/appeal/decision", "Approve the application after all, or uphold the refusal with a reason; who set the rules does not"), a.decideAppeal)
}

// LicenseRulingReason is a reason in words.
type LicenseRulingReason struct {
	Code  string `json:"code" doc:"In capitals of the type's rules; else of the platform: unknown, ceiling, sample, publisher"`
	Words Texts  `json:"words"`
}

// LicenseRulingCondition is a condition with what came of it.
type LicenseRulingCondition struct {
	ID       string `json:"id"`
	Fact     string `json:"fact"`
	Truth    string `json:"truth" enum:"holds,fails,unknown"`
	Evidence string `json:"evidence,omitempty" doc:"What it was judged by"`
	Digest   bool   `json:"digest,omitempty" doc:"evidence is a keyed hash of a value"`
	Reason   string `json:"reason,omitempty"`
}

// LicenseRulingRecord is what rules decided about an application.
type LicenseRulingRecord struct {
	ID            string                   `json:"id"`
	License       string                   `json:"license" doc:"id of the licence"`
	AuthorityCode string                   `json:"issuing_authority_code"`
	TypeCode      string                   `json:"license_type_code"`
	TypeVersion   int                      `json:"license_type_version" doc:"Whose rules decided"`
	Template      string                   `json:"template" doc:"SM3 of the package of that version"`
	Outcome       string                   `json:"outcome" enum:"approve,refer,refuse" doc:"refer: a person decides"`
	Reasons       []LicenseRulingReason    `json:"reasons"`
	DecidedAt     time.Time                `json:"decided_at"`
	State         string                   `json:"state,omitempty" doc:"Of the licence; only when one ruling is read"`
	AppealUntil   *time.Time               `json:"appeal_until,omitempty" doc:"Until when an appeal is taken"`
	Appeal        *LicenseAppealRecord     `json:"appeal,omitempty" doc:"That was made"`
	Conditions    []LicenseRulingCondition `json:"conditions,omitempty" doc:"For staff, when one ruling is read"`
	SetBy         []string                 `json:"set_by,omitempty" doc:"Who published the rules or switched them on; for staff"`
}

func (a *api) rulingRecord(r elicense.Ruling) LicenseRulingRecord {
	out := LicenseRulingRecord{ID: r.ID, License: r.License, AuthorityCode: r.AuthorityCode, TypeCode: r.TypeCode, TypeVersion: r.TypeVersion, Template: r.Template, Outcome: string(r.Outcome), Reasons: []LicenseRulingReason{}, DecidedAt: r.DecidedAt}
	for _, code := range r.Reasons {
		out.Reasons = append(out.Reasons, LicenseRulingReason{code, Texts(a.service.ReasonWords(r, code))})
	}
	return out
}

type rulingOutput struct{ Body LicenseRulingRecord }

func (a *api) ruling(ctx context.Context, in *idInput) (*rulingOutput, error) {
	d, err := a.service.Ruling(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := a.rulingRecord(d.Ruling)
	out.State, out.AppealUntil, out.SetBy = string(d.State), pointer(d.AppealTo), d.SetBy
	for _, c := range d.Conditions {
		out.Conditions = append(out.Conditions, LicenseRulingCondition{ID: c.ID, Fact: c.Fact, Truth: string(c.Truth), Evidence: c.Evidence, Digest: c.Digest, Reason: c.Reason})
	}
	if d.Appeal != nil {
		record := appealRecord(*d.Appeal, d.Staff)
		out.Appeal = &record
	}
	return &rulingOutput{out}, nil
}

// LicenseRulingList is a page of rulings.
type LicenseRulingList struct {
	Items []LicenseRulingRecord `json:"items"`
	Next  string                `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

type rulingsInput struct {
	Outcome   string `query:"outcome" maxLength:"20"`
	TypeCode  string `query:"license_type_code" maxLength:"21"`
	Authority string `query:"issuing_authority_code" maxLength:"18"`
	After     string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit     int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type rulingsOutput struct{ Body LicenseRulingList }

func (a *api) rulings(ctx context.Context, in *rulingsInput) (*rulingsOutput, error) {
	page, next, err := a.service.Rulings(ctx, elicense.RulingFilter{Outcome: in.Outcome, TypeCode: in.TypeCode, AuthorityCode: in.Authority, After: in.After, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &rulingsOutput{LicenseRulingList{Items: []LicenseRulingRecord{}, Next: next}}
	for _, r := range page {
		out.Body.Items = append(out.Body.Items, a.rulingRecord(r))
	}
	return out, nil
}

// LicenseRuleSwitch says whether rules decide.
type LicenseRuleSwitch struct {
	AuthorityCode string            `json:"issuing_authority_code"`
	TypeCode      string            `json:"license_type_code"`
	On            bool              `json:"on"`
	ProposedBy    string            `json:"proposed_by,omitempty" doc:"Who proposed to switch them on; another person confirms it"`
	ProposedAt    *time.Time        `json:"proposed_at,omitempty"`
	OnBy          []string          `json:"on_by,omitempty" doc:"The two who switched them on"`
	ChangedBy     string            `json:"changed_by,omitempty"`
	ChangedAt     *time.Time        `json:"changed_at,omitempty"`
	Reason        string            `json:"reason,omitempty" doc:"Of the last step"`
	Rules         *LicenseTypeRules `json:"rules,omitempty" doc:"Of the version in force; only when one switch is read"`
}

// LicenseTypeRules are the rules of the version in force.
type LicenseTypeRules struct {
	TypeVersion    int                     `json:"license_type_version"`
	MayRefuse      bool                    `json:"may_refuse"`
	DailyCeiling   int                     `json:"daily_ceiling" doc:"Licences of the type approved by rule in a day of Beijing, by all authorities"`
	SamplePerMille int                     `json:"sample_per_mille" doc:"Share of what they would approve that goes to a person"`
	AppealDays     int                     `json:"appeal_days"`
	Reasons        []LicenseRulingReason   `json:"reasons"`
	Conditions     []LicenseTypeConditions `json:"conditions" doc:"All of them are needed for an approval"`
}

// LicenseTypeConditions is a condition of the rules.
type LicenseTypeConditions struct {
	ID     string   `json:"id"`
	Fact   string   `json:"fact"`
	Field  string   `json:"field,omitempty"`
	Values []string `json:"values,omitempty"`
	Type   string   `json:"type,omitempty"`
	Of     string   `json:"of,omitempty"`
	Unit   string   `json:"unit,omitempty"`
	Min    *int     `json:"min,omitempty"`
	Max    *int     `json:"max,omitempty"`
	Days   int      `json:"days,omitempty"`
	Reason string   `json:"reason"`
}

func switchRecord(w elicense.RuleSwitch) LicenseRuleSwitch {
	return LicenseRuleSwitch{AuthorityCode: w.AuthorityCode, TypeCode: w.TypeCode, On: w.On, ProposedBy: w.ProposedBy, ProposedAt: pointer(w.ProposedAt), OnBy: w.OnBy, ChangedBy: w.ChangedBy, ChangedAt: pointer(w.ChangedAt), Reason: w.Reason}
}

func rulesRecord(t *catalog.Type) *LicenseTypeRules {
	r := t.Rules
	out := &LicenseTypeRules{TypeVersion: t.Row.Version, MayRefuse: r.MayRefuse, DailyCeiling: r.DailyCeiling, SamplePerMille: r.SamplePerMille, AppealDays: r.AppealDays}
	for _, reason := range r.Reasons {
		out.Reasons = append(out.Reasons, LicenseRulingReason{reason.Code, Texts(reason.Words)})
	}
	for _, c := range r.Conditions {
		out.Conditions = append(out.Conditions, LicenseTypeConditions(c))
	}
	return out
}

// LicenseRuleSwitchList is a page of switches.
type LicenseRuleSwitchList struct {
	Items []LicenseRuleSwitch `json:"items"`
	Next  string              `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

type switchesOutput struct{ Body LicenseRuleSwitchList }

func (a *api) ruleSwitches(ctx context.Context, in *typesInput) (*switchesOutput, error) {
	page, next, err := a.service.RuleSwitches(ctx, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &switchesOutput{LicenseRuleSwitchList{Items: []LicenseRuleSwitch{}, Next: next}}
	for _, w := range page {
		out.Body.Items = append(out.Body.Items, switchRecord(w))
	}
	return out, nil
}

// RuleSwitchPath names a switch.
type RuleSwitchPath struct {
	Authority string `path:"authority" maxLength:"18" doc:"Code of the issuing authority"`
	Type      string `path:"type" maxLength:"21" doc:"Licence type code"`
}

type switchOutput struct{ Body LicenseRuleSwitch }

func (a *api) ruleSwitch(ctx context.Context, in *RuleSwitchPath) (*switchOutput, error) {
	w, t, err := a.service.RuleSwitch(ctx, in.Authority, in.Type)
	if err != nil {
		return nil, err
	}
	out := switchRecord(w)
	out.Rules = rulesRecord(t)
	return &switchOutput{out}, nil
}

// LicenseRuleStep is a step of a switch.
type LicenseRuleStep struct {
	Step   string `json:"step" enum:"off,propose,confirm" doc:"off: at once, by one person; propose and confirm: on, by two"`
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Needed unless it is confirmed"`
}

type stepInput struct {
	RuleSwitchPath
	Body LicenseRuleStep
}

func (a *api) switchRules(ctx context.Context, in *stepInput) (*switchOutput, error) {
	w, err := a.service.SwitchRules(ctx, in.Authority, in.Type, elicense.SwitchStep(in.Body.Step), in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &switchOutput{switchRecord(w)}, nil
}

// LicenseAppealText is an appeal in words.
type LicenseAppealText struct {
	Text string `json:"text" maxLength:"4000" doc:"Why the refusal is wrong; at most 1000 characters"`
}

// LicenseAppealRecord is an appeal. Who works at it is told to staff.
type LicenseAppealRecord struct {
	License      string     `json:"license" doc:"id of the licence"`
	TypeCode     string     `json:"license_type_code"`
	State        string     `json:"state" enum:"open,granted,upheld"`
	FiledAt      time.Time  `json:"filed_at"`
	DecidedAt    *time.Time `json:"decided_at,omitempty"`
	Reason       string     `json:"reason,omitempty" doc:"Of the decision"`
	FiledBy      string     `json:"filed_by,omitempty"`
	ClaimedBy    string     `json:"claimed_by,omitempty"`
	ClaimedUntil *time.Time `json:"claimed_until,omitempty"`
	DecidedBy    string     `json:"decided_by,omitempty"`
	Text         string     `json:"text,omitempty" doc:"Only when one appeal is read"`
}

func appealRecord(a elicense.Appeal, staff bool) LicenseAppealRecord {
	out := LicenseAppealRecord{License: a.License, TypeCode: a.TypeCode, State: string(a.State), FiledAt: a.FiledAt, DecidedAt: pointer(a.DecidedAt), Reason: a.Reason}
	if staff {
		out.FiledBy, out.ClaimedBy, out.ClaimedUntil, out.DecidedBy = a.FiledBy, a.ClaimedBy, pointer(a.ClaimedTo), a.DecidedBy
	}
	return out
}

type appealInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body LicenseAppealText
}

type appealOutput struct{ Body LicenseAppealRecord }

func (a *api) appeal(ctx context.Context, in *appealInput) (*appealOutput, error) {
	made, err := a.service.Appeal(ctx, in.ID, in.Body.Text)
	if err != nil {
		return nil, err
	}
	return &appealOutput{appealRecord(made, false)}, nil
}

func (a *api) readAppeal(ctx context.Context, in *idInput) (*appealOutput, error) {
	d, err := a.service.FindAppeal(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := appealRecord(d.Appeal, true)
	out.Text = d.Text
	return &appealOutput{out}, nil
}

// LicenseAppealList is a page of appeals.
type LicenseAppealList struct {
	Items []LicenseAppealRecord `json:"items"`
	Next  string                `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

type appealsInput struct {
	State string `query:"state" maxLength:"20"`
	After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type appealsOutput struct{ Body LicenseAppealList }

func (a *api) appeals(ctx context.Context, in *appealsInput) (*appealsOutput, error) {
	page, next, err := a.service.Appeals(ctx, elicense.AppealFilter{State: in.State, After: in.After, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &appealsOutput{LicenseAppealList{Items: []LicenseAppealRecord{}, Next: next}}
	for _, one := range page {
		out.Body.Items = append(out.Body.Items, appealRecord(one, true))
	}
	return out, nil
}

func (a *api) claimAppeal(ctx context.Context, in *idInput) (*appealOutput, error) {
	claimed, err := a.service.ClaimAppeal(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &appealOutput{appealRecord(claimed, true)}, nil
}

// LicenseAppealDecision decides about an appeal.
type LicenseAppealDecision struct {
	Decision string `json:"decision" enum:"grant,uphold" doc:"grant: the application is approved and waits for an issuer; uphold: the refusal stands"`
	Reason   string `json:"reason" maxLength:"500"`
}

type decideInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body LicenseAppealDecision
}

func (a *api) decideAppeal(ctx context.Context, in *decideInput) (*appealOutput, error) {
	decided, err := a.service.DecideAppeal(ctx, in.ID, in.Body.Decision == "grant", in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &appealOutput{appealRecord(decided, true)}, nil
}
