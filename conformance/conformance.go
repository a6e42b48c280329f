// Package conformance judges this build against the standards: each rule is one small file below check/<area>/ with its
// clause, scope and date, each vector one file below vectors/<area>/ with one deviation and the answer that it must get.
// It stands on the leaves alone, as any other implementation could, and needs no file beside the binary. Rules of the areas
// that meet a server probe the one that Options name, ours or another's, over HTTP alone.
//
// It is not a proof of correctness: it says which requirements were tried, with which objects, and what came out.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/check/fapi2"
	"github.com/yinxin-gov/yinxin/conformance/check/josegm"
	"github.com/yinxin-gov/yinxin/conformance/check/license"
	"github.com/yinxin-gov/yinxin/conformance/check/ofd"
	"github.com/yinxin-gov/yinxin/conformance/check/oidc"
	"github.com/yinxin-gov/yinxin/conformance/check/pdf"
	"github.com/yinxin-gov/yinxin/conformance/check/seal"
	"github.com/yinxin-gov/yinxin/conformance/check/sm"
	"github.com/yinxin-gov/yinxin/conformance/check/tsp"
	"github.com/yinxin-gov/yinxin/conformance/party"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
)

// ErrArea names an area or a rule that does not exist.
var ErrArea = errors.New("conformance: no such area")

// area is a set of rules.
type area struct {
	name  string
	rules func() []check.Rule
}

// server reports whether the rules probe a server; an area has rules of one form.
func (a area) server() bool {
	return slices.ContainsFunc(a.rules(), func(rule check.Rule) bool { return rule.Probe != nil })
}

// areas is the one list; a new area is one line here.
var areas = []area{
	{"sm", sm.Rules},
	{"seal", seal.Rules},
	{"ofd", ofd.Rules},
	{"pdf", pdf.Rules},
	{"jose-gm", josegm.Rules},
	{"tsp", tsp.Rules},
	{"license", license.Rules},
	{"oidc", oidc.Rules},
	{"fapi2", fapi2.Rules},
}

// Areas lists the names of the areas in the order of a report.
func Areas() []string {
	names := make([]string, 0, len(areas))
	for _, one := range areas {
		names = append(names, one.name)
	}
	return names
}

// Verdict of a rule or a case.
type Verdict string

// Verdicts. A rule that no vector tried, a vector older than its rule, and a rule for which a server or its clients lack
// something are not applicable.
const (
	Pass          Verdict = "pass"
	Fail          Verdict = "fail"
	NotApplicable Verdict = "not_applicable"
)

// Result is the outcome of a run.
type Result struct {
	Rules         []RuleResult `json:"rules"`
	Passed        int          `json:"passed"`
	Failed        int          `json:"failed"`
	NotApplicable int          `json:"not_applicable"`
	Cases         int          `json:"cases"`
}

// RuleResult is the outcome of one rule.
type RuleResult struct {
	ID        string       `json:"id"`
	Area      string       `json:"area"`
	Title     string       `json:"title"`
	Standard  string       `json:"standard"`
	Clause    string       `json:"clause"`
	Scope     string       `json:"scope"`
	Effective string       `json:"effective"`
	Verdict   Verdict      `json:"verdict"`
	Cases     []CaseResult `json:"cases"`
}

// CaseResult is the outcome of one vector, or of one thing that a rule tried at a server.
type CaseResult struct {
	Vector  string  `json:"vector"` // its name, or what was tried
	Note    string  `json:"note"`
	Expect  string  `json:"expect"` // accept, refuse or undecided, with the code that was to be named; of a server also holds
	Got     string  `json:"got"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail,omitempty"`
}

// Options of a run. The zero value runs the built-in rules over the embedded vectors.
type Options struct {
	// Load gives the vectors of an area; the embedded ones when nil.
	Load func(area string) ([]vectors.Vector, error)
	// Server is met by the areas that probe one; without it their rules are not applicable.
	Server *party.Options
}

// Run judges the areas and single rules (as "oidc/oidcc-server") that are named; when none is, all areas that can be
// judged, which without a server are those of vectors. It fails with ErrArea, with party.ErrServer when the server cannot be
// met, with the context's error, or when vectors cannot be read; a rule that fails is a result, not an error.
func Run(ctx context.Context, names []string, options Options) (result Result, err error) {
	if options.Load == nil {
		options.Load = vectors.Load
	}
	for _, name := range names {
		if !known(name) {
			return Result{}, fmt.Errorf("%w: %q; there are %v", ErrArea, name, Areas())
		}
	}
	var met *party.Party
	for _, one := range areas {
		rules := slices.DeleteFunc(one.rules(), func(rule check.Rule) bool { return !chosen(names, one, rule, options.Server != nil) })
		if len(rules) == 0 {
			continue
		}
		if one.server() && options.Server != nil && met == nil {
			if met, err = party.Meet(ctx, *options.Server); err != nil {
				return Result{}, err
			}
			defer func() { err = errors.Join(err, met.Close()) }()
		}
		if one.server() {
			err = result.probeArea(ctx, one, rules, met)
		} else {
			err = result.judgeArea(ctx, one, rules, options)
		}
		if err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

func known(name string) bool {
	return slices.ContainsFunc(areas, func(one area) bool {
		return one.name == name || slices.ContainsFunc(one.rules(), func(rule check.Rule) bool { return rule.ID == name })
	})
}

func chosen(names []string, one area, rule check.Rule, server bool) bool {
	if len(names) == 0 {
		return server || !one.server()
	}
	return slices.Contains(names, one.name) || slices.Contains(names, rule.ID)
}

// judgeArea runs rules of an area over its vectors. A vector whose rule does not exist is an error: it would never be
// tried.
func (r *Result) judgeArea(ctx context.Context, one area, rules []check.Rule, options Options) error {
	list, err := options.Load(one.name)
	if err != nil {
		return err
	}
	all := one.rules()
	for _, vector := range list {
		if !slices.ContainsFunc(all, func(rule check.Rule) bool { return rule.ID == vector.Rule }) {
			return fmt.Errorf("%w: %s is for the unknown rule %q", vectors.ErrFormat, vector.Name, vector.Rule)
		}
	}
	for _, rule := range rules {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("conformance run: %w", err)
		}
		r.add(runRule(one.name, rule, list))
	}
	return nil
}

// probeArea runs rules of an area against the server; without one none is applicable.
func (r *Result) probeArea(ctx context.Context, one area, rules []check.Rule, met *party.Party) error {
	for _, rule := range rules {
		result := describe(one.name, rule)
		if met == nil {
			result.add(CaseResult{Vector: "applies", Verdict: NotApplicable, Detail: "there is no server to probe; name one with --issuer"})
		} else {
			for _, c := range met.Try(ctx, rule.Probe) {
				verdict := map[party.Verdict]Verdict{party.Passed: Pass, party.Failed: Fail, party.Inapplicable: NotApplicable}[c.Verdict]
				result.add(CaseResult{Vector: c.Name, Expect: c.Expect, Got: c.Got, Verdict: verdict, Detail: c.Detail})
			}
		}
		if err := ctx.Err(); err != nil { // what failed because of it is no verdict
			return fmt.Errorf("conformance run: %w", err)
		}
		r.add(result)
	}
	return nil
}

func (r *Result) add(rule RuleResult) {
	switch rule.Verdict {
	case Pass:
		r.Passed++
	case Fail:
		r.Failed++
	default:
		r.NotApplicable++
	}
	r.Cases += len(rule.Cases)
	r.Rules = append(r.Rules, rule)
}

func describe(area string, rule check.Rule) RuleResult {
	return RuleResult{ID: rule.ID, Area: area, Title: rule.Title, Standard: rule.Citation.Standard, Clause: rule.Citation.Clause,
		Scope: rule.Scope, Effective: rule.Effective, Verdict: NotApplicable, Cases: []CaseResult{}}
}

// add a case. One failure fails the rule; without any applicable case it is not applicable.
func (r *RuleResult) add(one CaseResult) {
	r.Cases = append(r.Cases, one)
	switch {
	case one.Verdict == Fail:
		r.Verdict = Fail
	case one.Verdict == Pass && r.Verdict == NotApplicable:
		r.Verdict = Pass
	}
}

// runRule tries every vector of a rule.
func runRule(area string, rule check.Rule, list []vectors.Vector) RuleResult {
	result := describe(area, rule)
	for _, vector := range list {
		if vector.Rule == rule.ID {
			result.add(runCase(rule, vector))
		}
	}
	return result
}

// runCase compares what the implementation did with what the vector asks for.
func runCase(rule check.Rule, vector vectors.Vector) CaseResult {
	result := CaseResult{Vector: vector.Name, Note: vector.Note, Expect: join(vector.Expect, vector.Code), Verdict: NotApplicable}
	if vector.Made != "" && vector.Made < rule.Effective {
		result.Detail = "made before " + rule.Effective
		return result
	}
	outcome := judge(rule, vector)
	word := vectors.ExpectRefuse
	switch {
	case outcome.Accepted:
		word = vectors.ExpectAccept
	case outcome.Undecided:
		word = vectors.ExpectUndecided
	}
	result.Got, result.Detail, result.Verdict = join(word, outcome.Code), outcome.Detail, Fail
	// An acceptance must name exactly the deviation expected, none included; the others may be for any reason only where
	// the vector leaves it open.
	if word == vector.Expect && (outcome.Code == vector.Code || !outcome.Accepted && vector.Code == "") {
		result.Verdict = Pass
	}
	return result
}

// judge runs a rule and turns a crash into a refusal that no vector asks for.
func judge(rule check.Rule, vector vectors.Vector) (outcome check.Outcome) {
	defer func() {
		if crash := recover(); crash != nil {
			outcome = check.Outcome{Code: "crash", Detail: fmt.Sprint(crash)}
		}
	}()
	return rule.Judge(vector)
}

func join(word, code string) string {
	if code == "" {
		return word
	}
	return word + " " + code
}
