package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/revocation"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// maxPageText bounds the text of a page, as the API does.
const maxPageText = 16 << 10

func verifyFiles(ctx context.Context, c command) int {
	set := c.flags("verify", "FILE...")
	var trust stringList
	set.Var(&trust, "trust", "`file or folder` of certificates, CRLs, trust lists and status lists; may be repeated")
	counter := set.String("counter", "", "`folder` of a counter, filled by yinxin counter take")
	asJSON := set.Bool("json", false, "print the report as JSON")
	form := set.String("report", "", "`form` of the report: json (as --json), or etsi for ETSI TS 119 102-2 (XML, one FILE)")
	at := set.String("at", "", "judge at this `time` (RFC 3339) instead of now")
	strict := set.Bool("strict", false, "refuse deviations and uncovered visible content")
	online := set.Bool("online", false, "ask authorities whether certificates are revoked, at the addresses in certificates of trusted chains")
	var allowed stringList
	set.Var(&allowed, "allow", "`host:port` that --online may reach by plain HTTP, or although it is not public; may be repeated")
	page := set.String("page-text", "", "`file` with the text of the page on which the code of a paper copy stands, to be compared")
	challenge := set.String("challenge", "", "`challenge` of the request that a presentation code answers, as ask-for-license gives it")
	language := set.String("lang", "zh-CN", "`language` of the report: zh-CN or en")
	files, status, done := c.parse(set, 1, -1)
	if done {
		return status
	}
	switch {
	case *online && *at != "":
		return c.fail(exitMisuse, "verify", errors.New("--online asks what holds now, and is not for use with --at"))
	case len(allowed) > 0 && !*online:
		return c.fail(exitMisuse, "verify", errors.New("--allow is for use with --online"))
	}
	for _, place := range allowed {
		if _, _, err := net.SplitHostPort(place); err != nil {
			return c.fail(exitMisuse, "verify", fmt.Errorf("--allow: %q is not a place such as crl.example.cn:80", place))
		}
	}
	if !slices.Contains([]string{"zh-CN", "en"}, *language) {
		return c.fail(exitMisuse, "verify", fmt.Errorf("--lang: %q is not known; use zh-CN or en", *language))
	}
	switch {
	case !slices.Contains([]string{"", "json", "etsi"}, *form):
		return c.fail(exitMisuse, "verify", fmt.Errorf("--report: %q is not known; use json or etsi", *form))
	case *form == "etsi" && (*asJSON || len(files) > 1):
		return c.fail(exitMisuse, "verify", errors.New("--report etsi is about one FILE, and not for use with --json"))
	case *form == "json":
		*asJSON = true
	}
	verifier := yinxin.NewVerifier()
	verifier.SetStrict(*strict)
	verifier.SetLocale(*language)
	if *page != "" {
		text, err := yinxin.ReadFile(*page, maxPageText)
		if err != nil {
			return c.fail(exitMisuse, "verify", fmt.Errorf("--page-text: %w", err))
		}
		verifier.SetPageText(string(text))
	}
	if *challenge != "" {
		nonce, err := base64.RawURLEncoding.Strict().DecodeString(*challenge)
		if err != nil || len(nonce) != 8 {
			return c.fail(exitMisuse, "verify", fmt.Errorf("--challenge: %q is not 8 octets in base64url", *challenge))
		}
		verifier.SetChallenge(nonce)
	}
	if *at != "" {
		moment, err := time.Parse(time.RFC3339, *at)
		if err != nil {
			return c.fail(exitMisuse, "verify", fmt.Errorf("--at: %q is not a time such as 2026-11-24T09:00:00+08:00", *at))
		}
		verifier.SetTime(moment)
	}
	if *online {
		asker := revocation.New(outbound.New(outbound.Config{Allowed: allowed}), time.Now)
		verifier.SetAsking(func(at time.Time) func(certificate, issuer *pki.Certificate) (pki.Evidence, []string) {
			return asker.More(ctx, at)
		})
	}
	for _, path := range trust {
		if err := verifier.AddTrust(path); err != nil {
			return c.fail(exitMisuse, "verify", fmt.Errorf("--trust: %w", err))
		}
	}
	if *counter != "" {
		if err := verifier.UseCounter(*counter); err != nil {
			return c.fail(exitMisuse, "verify", fmt.Errorf("--counter: %w", err))
		}
	}
	var results []yinxin.Result
	worst := exitDone
	for _, file := range files {
		data, err := yinxin.ReadFile(file, yinxin.MaxDocument)
		if err != nil {
			worst = worse(worst, c.fail(exitMisuse, "verify", err))
			continue
		}
		if *form == "etsi" {
			return c.reportETSI(verifier, file, data)
		}
		result := verifier.Verify(file, data)
		results = append(results, result)
		worst = worse(worst, exitOf(result))
	}
	if err := printReport(c.stdout, results, *asJSON, *language); err != nil {
		return c.fail(exitMisuse, "verify", err)
	}
	return worst
}

// reportETSI prints the one report of a file.
func (c command) reportETSI(verifier *yinxin.Verifier, file string, data []byte) int {
	result, report, err := verifier.VerifyETSI(file, data)
	if err == nil {
		_, err = c.stdout.Write(report)
	}
	if err != nil {
		return c.fail(exitMisuse, "verify", err)
	}
	return exitOf(result)
}

func printReport(w io.Writer, results []yinxin.Result, asJSON bool, language string) error {
	if asJSON {
		encoded, err := yinxin.EncodeReport(results...)
		if err != nil {
			return err
		}
		_, err = w.Write(encoded)
		return err
	}
	for _, result := range results {
		var text strings.Builder
		printResult(&text, result, language)
		if _, err := io.WriteString(w, text.String()); err != nil {
			return err
		}
	}
	return nil
}

// printable writes out what could move or colour a terminal, or look like a line of ours: names in a document are
// anybody's.
func printable(text string) string {
	var safe strings.Builder
	for _, char := range text {
		if unicode.IsPrint(char) {
			safe.WriteRune(char)
			continue
		}
		fmt.Fprintf(&safe, "\\u%04x", char)
	}
	return safe.String()
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
	fmt.Fprintf(w, "%s  %s %s  %s\n", printable(r.File), r.Verdict, r.Code, r.Message[language])
	for _, reason := range r.Reasons {
		fmt.Fprintf(w, "  - %s  %s", reason.Code, printable(reason.Message))
		if reason.Clause != "" {
			fmt.Fprintf(w, "  (%s)", reason.Clause)
		}
		fmt.Fprintln(w)
	}
	for _, s := range r.Signatures {
		fmt.Fprintf(w, "  %s %s %s", printable(s.Type), printable(s.ID), s.Verdict)
		if s.Seal != nil {
			fmt.Fprintf(w, "  %s (%s)", printable(s.Seal.Name), printable(s.Seal.SealID))
		}
		if s.SigningTime != nil {
			fmt.Fprintf(w, "  %s %s", s.SigningTime.Format(time.RFC3339), s.TimeSource)
		}
		fmt.Fprintln(w)
	}
	if r.License != nil {
		fmt.Fprintf(w, "  %s  %s (%s)\n", printable(r.License.LicenseID), r.License.Status, r.License.StatusSource)
	}
}
