package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Results of a module, as the suite names them; stuck is ours, for one that waited for something nobody would do.
const (
	passed  = "PASSED"
	warned  = "WARNING"
	review  = "REVIEW" // passed as far as a machine can see; a person would look at the page it kept
	skipped = "SKIPPED"
	failed  = "FAILED"
	stuck   = "STUCK"
)

// moduleResult is what one module came to.
type moduleResult struct {
	Module   string            `json:"module"`
	Variant  map[string]string `json:"variant,omitempty"`
	ID       string            `json:"id"`
	Result   string            `json:"result"`
	Findings []finding         `json:"findings,omitempty"`
	Refused  string            `json:"refused,omitempty"` // why our rules refuse what it demands
}

// finding is a line of a module's log that is not a success.
type finding struct {
	Result       string   `json:"result"`
	Source       string   `json:"src"`
	Message      string   `json:"msg"`
	Requirements []string `json:"requirements,omitempty"`
	Block        string   `json:"block,omitempty"`
}

// planResult is what one plan came to.
type planResult struct {
	Plan    plan           `json:"plan"`
	Modules []moduleResult `json:"modules"`
}

// good reports whether nothing failed that our rules do not refuse.
func (r planResult) good() bool {
	return !slices.ContainsFunc(r.Modules, func(m moduleResult) bool { return m.bad() && m.Refused == "" })
}

func (m moduleResult) bad() bool {
	return m.Result != passed && m.Result != warned && m.Result != review && m.Result != skipped
}

func (r planResult) save(work string) error {
	folder := filepath.Join(work, "results")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, r.Plan.ID+".json"), content, 0o600)
}

// table is the counts as Markdown, for docs/measurements.md.
func table(results []planResult) string {
	var b strings.Builder
	b.WriteString("\n| plan | modules | passed | warning | review | skipped | refused by our rules | failed |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, r := range results {
		count := map[string]int{}
		for _, m := range r.Modules {
			switch {
			case m.bad() && m.Refused != "":
				count["refused"]++
			case m.bad():
				count[failed]++
			default:
				count[m.Result]++
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d | %d |\n", r.Plan.ID, len(r.Modules), count[passed], count[warned], count[review], count[skipped], count["refused"], count[failed])
	}
	return b.String()
}

// runPlan creates the plan and runs its modules one after the other.
func (s *suite) runPlan(ctx context.Context, o options, w *world, p plan) (planResult, error) {
	result := planResult{Plan: p}
	config, err := w.render(o, p.Config, p)
	if err != nil {
		return result, err
	}
	query := url.Values{"planName": {p.Name}}
	if len(p.Variant) > 0 {
		query.Set("variant", compact(p.Variant))
	}
	var created struct {
		ID      string `json:"id"`
		Modules []struct {
			TestModule string            `json:"testModule"`
			Variant    map[string]string `json:"variant"`
		} `json:"modules"`
	}
	if err := s.call(ctx, http.MethodPost, "/api/plan", query, config, &created); err != nil {
		return result, err
	}
	fmt.Printf("%-24s %s, %d modules\n", p.ID, p.Name, len(created.Modules))
	for _, m := range created.Modules {
		if len(o.modules) > 0 && !slices.Contains(o.modules, m.TestModule) {
			continue
		}
		one, err := s.runModule(ctx, created.ID, m.TestModule, m.Variant)
		if err != nil {
			return result, fmt.Errorf("module %s: %w", m.TestModule, err)
		}
		if one.bad() {
			one.Refused = p.Refused[one.Module]
		}
		result.Modules = append(result.Modules, one)
		said := fmt.Sprintf("%-24s %-8s %s %s\n", p.ID, one.Result, one.Module, one.Refused)
		for _, f := range one.Findings {
			if one.bad() && f.Result == "FAILURE" || o.verbose {
				said += fmt.Sprintf("%-24s          %s %s: %s %v\n", "", f.Result, f.Source, f.Message, f.Requirements)
			}
		}
		fmt.Print(said) // in one piece, since plans run side by side
	}
	return result, nil
}

func compact(v map[string]string) string {
	content, _ := json.Marshal(v) // a map of strings can always be written
	return string(content)
}

// patience with one module; some wait until a code has expired.
const patience = 6 * time.Minute

func (s *suite) runModule(ctx context.Context, planID, name string, variant map[string]string) (moduleResult, error) {
	result := moduleResult{Module: name, Variant: variant}
	var made struct {
		ID string `json:"id"`
	}
	query := url.Values{"test": {name}, "plan": {planID}}
	if len(variant) > 0 {
		query.Set("variant", compact(variant))
	}
	err := s.call(ctx, http.MethodPost, "/api/runner", query, nil, &made)
	for tries := 0; err != nil && tries < 3; tries++ { // the module before it may still be on its way out
		if err := pause(ctx, 3*time.Second); err != nil {
			return result, err
		}
		err = s.call(ctx, http.MethodPost, "/api/runner", query, nil, &made)
	}
	if err != nil {
		return result, err
	}
	result.ID = made.ID
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var info struct {
		Status string `json:"status"`
		Result string `json:"result"`
	}
	started, waits := false, 0
	for info.Status != "FINISHED" && info.Status != "INTERRUPTED" {
		if err := s.call(limit, http.MethodGet, "/api/info/"+made.ID, nil, nil, &info); err != nil {
			if limit.Err() == nil {
				return result, err
			}
			break
		}
		if info.Status == "CONFIGURED" && !started {
			started = true
			if chore := s.chores[name]; chore != nil {
				if err := chore(limit); err != nil {
					return result, err
				}
			}
			if err := s.call(limit, http.MethodPost, "/api/runner/"+made.ID, nil, nil, nil); err != nil {
				return result, err
			}
		}
		if info.Status != "WAITING" {
			waits = 0
		} else if waits++; waits%20 == 0 {
			idle, open, err := s.waitsForPerson(limit, made.ID)
			if err != nil {
				return result, err
			}
			if idle && (open || waits >= 240) {
				break
			}
		}
		if pause(limit, 500*time.Millisecond) != nil {
			break
		}
	}
	if ctx.Err() != nil {
		return result, ctx.Err()
	}
	if info.Status != "FINISHED" && info.Status != "INTERRUPTED" {
		result.Result = stuck
		if err := s.call(ctx, http.MethodDelete, "/api/runner/"+made.ID, nil, nil, nil); err != nil {
			return result, err
		}
	} else if result.Result = info.Result; info.Status == "INTERRUPTED" && info.Result != failed {
		result.Result = failed
	}
	result.Findings, err = s.findings(ctx, made.ID)
	return result, err
}

// waitsForPerson reports whether no browser is at work for a module (idle), and whether it wants an address visited that no
// rule of its configuration covers (open).
func (s *suite) waitsForPerson(ctx context.Context, id string) (idle, open bool, err error) {
	var state struct {
		Browser struct {
			URLs    []string `json:"urls"`
			Runners []any    `json:"runners"`
		} `json:"browser"`
	}
	if err := s.call(ctx, http.MethodGet, "/api/runner/"+id, nil, nil, &state); err != nil {
		return false, false, err
	}
	return len(state.Browser.Runners) == 0, len(state.Browser.URLs) > 0, nil
}

// findings are the lines of a module's log that are no success.
func (s *suite) findings(ctx context.Context, id string) ([]finding, error) {
	var lines []json.RawMessage
	if err := s.call(ctx, http.MethodGet, "/api/log/"+id, nil, nil, &lines); err != nil {
		return nil, err
	}
	var all []finding
	for _, line := range lines {
		var f finding
		if json.Unmarshal(line, &f) == nil && slices.Contains([]string{"FAILURE", "WARNING", "REVIEW", "INTERRUPTED"}, f.Result) {
			all = append(all, f)
		}
	}
	return all, nil
}
