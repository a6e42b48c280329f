package licensehttp

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/esign/sheet"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/web"
)

// Reports seals what a verification found, for people to keep (experience.md 3.12). Between page and download nothing is stored: the page
// itself holds the report, closed, so that only what this platform judged is ever sealed.
type Reports interface {
	// Operator is who verified, and the address at which.
	Operator() (name, platform string)
	// Hold closes a report for reportLife; empty where no seal is in use, or what would be held is too long for a page.
	Hold(ctx context.Context, report []byte) (held string, err error)
	// Admit counts one more report for the source of the request and says what time it is; fault.TooManyRequests for one that asks for too many.
	Admit(ctx context.Context) (time.Time, error)
	// Held opens what was closed with the moment at which it was; fault.ReportOver for everything else. It counts as Admit does.
	Held(ctx context.Context, held string) (report []byte, at time.Time, err error)
	// Seal puts the seal of the operator on the front page of a sheet; fault.Unavailable while it is not in use.
	Seal(ctx context.Context, id string, document []byte) ([]byte, error)
}

// reportPages bounds a sealed report; the JSON has everything.
const reportPages = 20

// maxHeld bounds the form that brings a report back.
const maxHeld = 512 << 10

// hold offers the sealed report of a page of results.
func (p *Pages) hold(r *http.Request, report []byte) (string, error) {
	if p.Reports == nil {
		return "", nil
	}
	return p.Reports.Hold(r.Context(), report)
}

// sealedReport sends the report of a page of results as a sealed OFD.
func (p *Pages) sealedReport(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(nil, r.Body, maxHeld)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	if p.Reports == nil {
		return fault.New(fault.NotFound)
	}
	report, at, err := p.Reports.Held(r.Context(), r.PostForm.Get("report"))
	if err != nil {
		return err
	}
	disposition, sealed, err := p.sealReport(r, report, at)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/ofd")
	h.Set("Content-Disposition", disposition)
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = io.Copy(w, bytes.NewReader(sealed)) // a caller that went away is no fault of ours
	return nil
}

// sealReport makes the sealed document of a report of the platform's own, judged at a moment, and says how it is handed out.
func (p *Pages) sealReport(r *http.Request, report []byte, at time.Time) (disposition string, sealed []byte, err error) {
	body, err := web.NewVerifyResult(report, p.Renderer.Locale(r))
	if err != nil {
		return "", nil, err
	}
	id := "report-" + at.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(digest.Sum(report)[:6])
	document, _, err := sheet.Build(p.reportSheet(r, id, at, body), typeface.Sans(), reportPages)
	if err != nil {
		return "", nil, err
	}
	sealed, err = p.Reports.Seal(r.Context(), id, document)
	return mime.FormatMediaType("attachment", map[string]string{"filename": "yinxin-" + id + ".ofd"}), sealed, err
}

type sealedReportOutput struct {
	ContentType  string `header:"Content-Type"`
	Disposition  string `header:"Content-Disposition"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// RegisterReports adds the sealed report for programs: what /verify offers people beside its result.
func (p *Pages) RegisterReports(to huma.API) {
	op := verificationOperation(to, "seal-verification-report", "/api/v1/verification-reports", "Verify, and get the report as an OFD document under the operator's seal; no login")
	op.Description = "Takes what verify takes. The report is status 200 whatever the verdict. Nothing is kept. 503 YX-CORE-503 while the operator has no seal in use; 429 for one address that asks for too many."
	op.Responses = map[string]*huma.Response{"200": {Description: "Sealed OFD document", Content: map[string]*huma.MediaType{"application/ofd": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	huma.Register(to, op, func(ctx context.Context, in *verificationInput) (*sealedReportOutput, error) {
		if p.Reports == nil {
			return nil, fault.New(fault.Unavailable)
		}
		at, err := p.Reports.Admit(ctx)
		if err != nil {
			return nil, err
		}
		results, err := judge(ctx, p.Service, in.ContentType, in.RawBody)
		if err != nil {
			return nil, err
		}
		report, err := encodeReport(results...)
		if err != nil {
			return nil, err
		}
		disposition, sealed, err := p.sealReport(new(http.Request).WithContext(ctx), report, at)
		if err != nil {
			return nil, err
		}
		return &sealedReportOutput{"application/ofd", disposition, "private, no-store", sealed}, nil
	})
}

// reportSheet is the report in words. Nothing that a file merely says of itself stands in it, since it would be read under our seal: no name
// of a file, no details of findings, and names of seals and signers only where they were proved.
func (p *Pages) reportSheet(r *http.Request, id string, at time.Time, body web.VerifyResultPage) sheet.Sheet {
	text := func(key string, params ...string) string { return p.Renderer.Text(r, key, params...) }
	moment := func(t time.Time) string { return t.In(chinaTime).Format("2006-01-02 15:04:05") + " UTC+8" }
	operator, platform := p.Reports.Operator()
	s := sheet.Sheet{
		ID: id, Title: text("report.title"), Author: operator, Created: at.In(chinaTime).Format(time.DateOnly), Cut: text("report.cut"),
		Page: func(n int) string { return text("copy.page", "id", id, "n", strconv.Itoa(n)) },
		Front: []sheet.Line{
			{Label: text("report.made_by"), Text: operator}, {Label: text("report.host"), Text: platform},
			{Label: text("report.at"), Text: moment(at)}, {Label: text("report.id"), Text: id}, {}, {Text: text("report.about")}, {Text: text("report.check")},
		},
	}
	for i, result := range body.Results {
		var section sheet.Section
		section.Title = text("report.file", "n", strconv.Itoa(i+1))
		add := func(level int, label, value string) {
			if value != "" {
				section.Lines = append(section.Lines, sheet.Line{Level: level, Label: label, Text: value})
			}
		}
		if result.SM3 != "" {
			add(0, text("report.sm3"), result.SM3[:len(result.SM3)/2]+" "+result.SM3[len(result.SM3)/2:])
		}
		add(0, text("report.verdict"), text("verify.verdict."+result.Verdict)+" "+result.Code)
		add(0, text("report.finding"), p.Renderer.Word(r, "verify.banner.", result.Code))
		for _, line := range result.Lines {
			answer := text("verify.answer." + line.State)
			switch {
			case line.Word != "":
				answer = p.Renderer.Word(r, "status.", line.Word)
			case line.Question == "status":
				answer = text("verify.line.none")
			}
			add(0, text("verify.line."+line.Question), answer)
		}
		for n, signature := range result.Signatures {
			section.Lines = append(section.Lines, sheet.Line{Label: text("report.signature", "n", strconv.Itoa(n+1))})
			add(1, text("report.verdict"), text("verify.verdict."+signature.Verdict))
			if signature.Verdict != "valid" {
				continue
			}
			if signature.Seal != nil {
				add(1, text("verify.seal"), signature.Seal.Name+" ("+signature.Seal.SealID+")")
				if by := signature.Seal.Successor; by != nil {
					add(1, text("succession.became"), text("verify.successor", "before", by.Owner, "now", by.Now()))
				}
			}
			if signature.Signer != nil {
				add(1, text("verify.signer"), signature.Signer.Subject)
				add(1, text("verify.issuer"), signature.Signer.Issuer)
			}
			if signature.SigningTime != nil {
				add(1, text("verify.time"), moment(*signature.SigningTime))
			}
			add(1, text("verify.time_source"), p.Renderer.Word(r, "verify.time_source.", signature.TimeSource))
		}
		if l := result.License; l != nil && result.Verdict != "indeterminate" {
			add(0, text("licence.id"), l.LicenseID)
			add(0, text("page.status"), p.Renderer.Word(r, "status.", l.Status))
			if l.StatusTime != nil {
				add(0, text("report.status_time"), moment(*l.StatusTime))
			}
		}
		for _, reason := range result.Reasons {
			said, _, _ := strings.Cut(reason.Message, ": ") // the rest is a detail of the file
			add(0, reason.Code, said)
		}
		s.Sections = append(s.Sections, section)
	}
	return s
}
