package conformance

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes the result as one JSON object.
func (r Result) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// WriteText writes one line a rule, one for each case that failed, and why a rule of a server does not apply.
func (r Result) WriteText(w io.Writer) error {
	words := map[Verdict]string{Pass: "pass", Fail: "FAIL", NotApplicable: "n/a "}
	for _, rule := range r.Rules {
		if _, err := fmt.Fprintf(w, "%s  %-24s %3d cases  %s %s: %s\n", words[rule.Verdict], rule.ID, len(rule.Cases), rule.Standard, rule.Clause, rule.Title); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
		for _, one := range rule.Cases {
			line := ""
			switch {
			case one.Verdict == Fail:
				line = fmt.Sprintf("%s: want %s, got %s %s", one.title(), one.Expect, one.Got, one.Detail)
			case rule.Verdict == NotApplicable && one.Detail != "":
				line = one.Detail
			default:
				continue
			}
			if _, err := fmt.Fprintf(w, "      %s\n", strings.TrimSpace(line)); err != nil {
				return fmt.Errorf("write result: %w", err)
			}
		}
	}
	if _, err := fmt.Fprintf(w, "%d rules: %d passed, %d failed, %d not applicable; %d cases\n", len(r.Rules), r.Passed, r.Failed, r.NotApplicable, r.Cases); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// title of a case: a vector has its name and a note.
func (c CaseResult) title() string {
	if c.Note == "" {
		return c.Vector
	}
	return c.Vector + " (" + c.Note + ")"
}

// JUnit's form, as continuous integration reads it.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
	}
)

// WriteJUnit writes the result as JUnit XML: a suite a rule, a case a vector or a thing tried.
func (r Result) WriteJUnit(w io.Writer) error {
	suites := junitSuites{Name: "yinxin conformance", Tests: r.Cases}
	for _, rule := range r.Rules {
		suite := junitSuite{Name: rule.ID + " " + rule.Standard + " " + rule.Clause, Tests: len(rule.Cases)}
		for _, one := range rule.Cases {
			written := junitCase{Class: rule.ID, Name: one.Vector}
			switch one.Verdict {
			case Fail:
				suite.Failures++
				written.Failure = &junitMessage{fmt.Sprintf("%s: want %s, got %s %s", one.title(), one.Expect, one.Got, one.Detail)}
			case NotApplicable:
				suite.Skipped++
				written.Skipped = &junitMessage{one.Detail}
			}
			suite.Cases = append(suite.Cases, written)
		}
		suites.Failures += suite.Failures
		suites.Suites = append(suites.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suites); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}
