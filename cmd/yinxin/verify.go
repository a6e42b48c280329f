package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// maxDocument bounds a file on the command line (security rule R11).
const maxDocument = 200 << 20

func verifyFiles(_ context.Context, c command) int {
	set := c.flags("verify", "FILE...")
	var trust stringList
	set.Var(&trust, "trust", "`file or folder` of certificates, CRLs and status lists; may be repeated")
	asJSON := set.Bool("json", false, "print the report as JSON")
	at := set.String("at", "", "judge at this `time` (RFC 3339) instead of now")
	strict := set.Bool("strict", false, "refuse deviations and uncovered visible content")
	language := set.String("lang", "zh-CN", "language of the report: zh-CN or en")
	files, status, done := c.parse(set)
	if done {
		return status
	}
	if len(files) == 0 {
		set.Usage()
		return exitMisuse
	}
	verifier := yinxin.NewVerifier()
	verifier.SetStrict(*strict)
	verifier.SetLocale(*language)
	if *at != "" {
		moment, err := time.Parse(time.RFC3339, *at)
		if err != nil {
			return c.fail(exitMisuse, "verify", fmt.Errorf("--at: %w", err))
		}
		verifier.SetTime(moment)
	}
	for _, path := range trust {
		if err := verifier.AddTrust(path); err != nil {
			return c.fail(exitMisuse, "verify", fmt.Errorf("--trust: %w", err))
		}
	}
	report := yinxin.Report{Results: []yinxin.Result{}}
	worst := exitDone
	for _, file := range files {
		data, err := readBounded(file)
		if err != nil {
			c.fail(exitMisuse, "verify", err)
			worst = worse(worst, exitMisuse)
			continue
		}
		result := verifier.Verify(file, data)
		report.Results = append(report.Results, result)
		worst = worse(worst, exitOf(result))
	}
	if *asJSON {
		encoder := json.NewEncoder(c.stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return c.fail(exitMisuse, "verify", err)
		}
		return worst
	}
	for _, result := range report.Results {
		printResult(c.stdout, result, *language)
	}
	return worst
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	if err == nil && len(content) > maxDocument {
		err = fmt.Errorf("%s is larger than %d octets", path, maxDocument)
	}
	return content, err
}

func exitOf(result yinxin.Result) int {
	switch result.Verdict {
	case "valid":
		return exitDone
	case "invalid":
		return exitFailed
	}
	return exitIndeterminate
}

// worse orders statuses: 3, then 1, then 2, then 0.
func worse(a, b int) int {
	rank := map[int]int{exitMisuse: 3, exitFailed: 2, exitIndeterminate: 1, exitDone: 0}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

func printResult(w io.Writer, r yinxin.Result, language string) {
	fmt.Fprintf(w, "%s  %s %s  %s\n", r.File, r.Verdict, r.Code, r.Message[language])
	for _, reason := range r.Reasons {
		fmt.Fprintf(w, "  - %s  %s", reason.Code, reason.Message)
		if reason.Clause != "" {
			fmt.Fprintf(w, "  (%s)", reason.Clause)
		}
		fmt.Fprintln(w)
	}
	for _, s := range r.Signatures {
		fmt.Fprintf(w, "  %s %s %s", s.Type, s.ID, s.Verdict)
		if s.Seal != nil {
			fmt.Fprintf(w, "  %s (%s)", s.Seal.Name, s.Seal.SealID)
		}
		if s.SigningTime != nil {
			fmt.Fprintf(w, "  %s %s", s.SigningTime.Format(time.RFC3339), s.TimeSource)
		}
		fmt.Fprintln(w)
	}
	if r.License != nil {
		fmt.Fprintf(w, "  %s  %s (%s)\n", r.License.LicenseID, r.License.Status, r.License.StatusSource)
	}
}
