// Package conformance judges this build against the standards: each rule is one small file below check/<area>/ with its
// clause, scope and date, each vector one file below vectors/<area>/ with one deviation and the answer that it must get.
// It stands on the leaves alone, as any other implementation could, and needs no server and no file beside the binary.
//
// It is not a proof of correctness: it says which requirements were tried, with which objects, and what came out.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/check/josegm"
	"github.com/yinxin-gov/yinxin/conformance/check/ofd"
	"github.com/yinxin-gov/yinxin/conformance/check/seal"
	"github.com/yinxin-gov/yinxin/conformance/check/sm"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
)

// ErrArea names an area that does not exist.
var ErrArea = errors.New("conformance: no such area")

// area is a set of rules.
type area struct {
	name  string
	rules func() []check.Rule
}

// areas is the one list; a new area is one line here.
var areas = []area{
	{"sm", sm.Rules},
	{"seal", seal.Rules},
	{"ofd", ofd.Rules},
	{"jose-gm", josegm.Rules},
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

// Verdicts. A rule that no vector tried, and a vector older than its rule, are not applicable.
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

// CaseResult is the outcome of one vector.
type CaseResult struct {
	Vector  string  `json:"vector"`
	Note    string  `json:"note"`
	Expect  string  `json:"expect"` // accept, refuse or undecided, with the code that was to be named
	Got     string  `json:"got"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail,omitempty"`
}

// Options of a run. The zero value runs the built-in rules over the embedded vectors.
type Options struct {
	// Load gives the vectors of an area; the embedded ones when nil.
	Load func(area string) ([]vectors.Vector, error)
}

// Run judges the areas named, all when none is. It fails with ErrArea, with the context's error, or when vectors cannot
// be read; a rule that fails is a result, not an error.
func Run(ctx context.Context, names []string, options Options) (Result, error) {
	if options.Load == nil {
		options.Load = vectors.Load
	}
	for _, name := range names {
		if !slices.Contains(Areas(), name) {
			return Result{}, fmt.Errorf("%w: %q; there are %v", ErrArea, name, Areas())
		}
	}
	var result Result
	for _, one := range areas {
		if len(names) > 0 && !slices.Contains(names, one.name) {
			continue
		}
		list, err := options.Load(one.name)
		if err != nil {
			return Result{}, err
		}
		if err := result.runArea(ctx, one, list); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

// runArea runs the rules of an area. A vector whose rule does not exist is an error: it would never be tried.
func (r *Result) runArea(ctx context.Context, one area, list []vectors.Vector) error {
	rules := one.rules()
	for _, vector := range list {
		if !slices.ContainsFunc(rules, func(rule check.Rule) bool { return rule.ID == vector.Rule }) {
			return fmt.Errorf("%w: %s is for the unknown rule %q", vectors.ErrFormat, vector.Name, vector.Rule)
		}
	}
	for _, rule := range rules {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("conformance run: %w", err)
		}
		outcome := runRule(one.name, rule, list)
		switch outcome.Verdict {
		case Pass:
			r.Passed++
		case Fail:
			r.Failed++
		default:
			r.NotApplicable++
		}
		r.Cases += len(outcome.Cases)
		r.Rules = append(r.Rules, outcome)
	}
	return nil
}

// runRule tries every vector of a rule. One failure fails it; without any applicable vector it is not applicable.
func runRule(area string, rule check.Rule, list []vectors.Vector) RuleResult {
	result := RuleResult{ID: rule.ID, Area: area, Title: rule.Title, Standard: rule.Citation.Standard, Clause: rule.Citation.Clause,
		Scope: rule.Scope, Effective: rule.Effective, Verdict: NotApplicable, Cases: []CaseResult{}}
	for _, vector := range list {
		if vector.Rule != rule.ID {
			continue
		}
		one := runCase(rule, vector)
		result.Cases = append(result.Cases, one)
		switch {
		case one.Verdict == Fail:
			result.Verdict = Fail
		case one.Verdict == Pass && result.Verdict == NotApplicable:
			result.Verdict = Pass
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
