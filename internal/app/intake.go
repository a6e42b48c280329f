package app

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/yinxin-gov/yinxin/idp/adminhttp"
	"github.com/yinxin-gov/yinxin/idp/intake"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/safecsv"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// ImportOptions of `yinxin admin import`.
type ImportOptions struct {
	File, Format, Mapping, Report string
	Source                        string // name of the other system
	TrustSource                   string // partner whose level map is believed
	DryRun, Resume                bool
}

// importZone is the zone of times in files that name none.
var importZone = time.FixedZone("UTC+8", 8*60*60)

// ReadImportMapping reads a mapping file; unknown keys are refused.
func ReadImportMapping(content []byte) (intake.Mapping, error) {
	var m intake.Mapping
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&m); err != nil && !errors.Is(err, io.EOF) {
		return m, fmt.Errorf("mapping: %w", err)
	}
	return m, m.Check()
}

// ImportFile imports accounts into the state that a configuration names, also while servers run.
func ImportFile(ctx context.Context, cfg Config, o ImportOptions, log *slog.Logger) (intake.Job, error) {
	var mapping intake.Mapping
	if o.Mapping != "" {
		content, err := os.ReadFile(o.Mapping)
		if err != nil {
			return intake.Job{}, err
		}
		if mapping, err = ReadImportMapping(content); err != nil {
			return intake.Job{}, err
		}
	}
	file, err := os.Open(o.File)
	if err != nil {
		return intake.Job{}, err
	}
	defer file.Close()
	sum := digest.New()
	if _, err := io.Copy(sum, file); err != nil {
		return intake.Job{}, fmt.Errorf("read the file: %w", err)
	}
	fmt.Fprintf(sum, "%s %v", o.Format, mapping) // maps are printed in the order of their keys
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return intake.Job{}, err
	}
	reader, err := intake.NewReader(file, o.Format, mapping)
	if err != nil {
		return intake.Job{}, err
	}
	a, err := New(ctx, cfg, Options{Log: log})
	if err != nil {
		return intake.Job{}, err
	}
	defer a.Close()
	options := intake.Options{Source: o.Source, Digest: hex.EncodeToString(sum.Sum(nil)), DryRun: o.DryRun, Resume: o.Resume, Location: importZone, Layout: mapping.Created}
	if options.Trust, err = a.importTrust(o.TrustSource); err != nil {
		return intake.Job{}, err
	}
	ctx = reqctx.With(ctx, reqctx.Request{Actor: reqctx.Actor{ID: "system:admin"}})
	if o.Report != "" {
		if err := a.noteReport(ctx, "import"); err != nil {
			return intake.Job{}, err
		}
	}
	var dry *importReport
	if o.DryRun && o.Report != "" {
		if dry, err = newImportReport(o.Report); err != nil {
			return intake.Job{}, err
		}
		options.Report = dry.write
	}
	job, err := a.Intake.Run(ctx, reader, options)
	if dry != nil {
		return job, errors.Join(err, dry.close())
	}
	if o.Report != "" && job.ID != "" {
		err = errors.Join(err, a.writeImportReport(ctx, job.ID, o.Report))
	}
	return job, err
}

// importTrust finds the partner whose level map is believed.
func (a *App) importTrust(id string) (*intake.Trust, error) {
	if id == "" {
		return nil, nil
	}
	source, ok := a.bridges.sources.Find(id)
	if !ok {
		return nil, fmt.Errorf("there is no upstream source %q", id)
	}
	if !source.TrustedIdentity || len(source.Levels) == 0 {
		return nil, fmt.Errorf("the upstream source %q has no trusted identity with a level map, so its levels are not believed", id)
	}
	return &intake.Trust{Source: "upstream:" + id, Level: source.IAL, Until: func(at time.Time) time.Time { return at.AddDate(0, 0, source.LevelDays) }}, nil
}

// importReport is a CSV of row, code, account and level: no personal data.
type importReport struct {
	file *os.File
	out  *safecsv.Writer
}

func newImportReport(path string) (*importReport, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	r := &importReport{file, safecsv.New(file)}
	return r, r.out.Write("row", "code", "account_id")
}

func (r *importReport) write(one intake.Result) error {
	return r.out.Write(strconv.Itoa(one.Row), string(one.Code), one.AccountID)
}

func (r *importReport) close() error {
	return errors.Join(r.out.Flush(), r.file.Close())
}

// writeImportReport writes all rows that are settled, also those of runs before.
func (a *App) writeImportReport(ctx context.Context, job, path string) error {
	report, err := newImportReport(path)
	if err != nil {
		return err
	}
	for after := 0; ; {
		rows, err := a.store.ImportRows(ctx, job, after, 1000)
		if err != nil {
			return errors.Join(err, report.close())
		}
		if len(rows) == 0 {
			return report.close()
		}
		for _, row := range rows {
			after = row.Row
			if err := report.write(row); err != nil {
				return errors.Join(err, report.close())
			}
		}
	}
}

// imports carries out imports that come by the API, one at a time on a node. A restart breaks one off; the same file with
// resume goes on.
type imports struct{ *App }

// Try implements adminhttp.Imports.
func (i imports) Try(ctx context.Context, in adminhttp.ImportOrder, limit int) (intake.Job, []intake.Result, error) {
	reader, o, err := i.prepare(in)
	if err != nil {
		return intake.Job{}, nil, err
	}
	var left []intake.Result
	o.DryRun = true
	o.Report = func(r intake.Result) error {
		if r.Code != intake.Imported && len(left) < limit {
			left = append(left, r)
		}
		return nil
	}
	job, err := i.Intake.Run(ctx, reader, o)
	return job, left, err
}

// Start implements adminhttp.Imports.
func (i imports) Start(ctx context.Context, in adminhttp.ImportOrder) (intake.Job, error) {
	reader, o, err := i.prepare(in)
	if err != nil {
		return intake.Job{}, err
	}
	if !i.importing.TryLock() {
		return intake.Job{}, adminhttp.ErrBusy
	}
	type outcome struct {
		job intake.Job
		err error
	}
	begun := make(chan outcome, 2)
	o.Started = func(job intake.Job) { begun <- outcome{job, nil} }
	i.errands.Go(func() {
		defer i.importing.Unlock()
		work, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(i.closing, cancel)()
		job, err := i.Intake.Run(work, reader, o)
		if err != nil {
			i.opts.Log.WarnContext(work, "import stopped", "import", job.ID, "error", err)
		}
		begun <- outcome{job, err}
	})
	first := <-begun
	return first.job, first.err
}

func (i imports) prepare(in adminhttp.ImportOrder) (intake.Reader, intake.Options, error) {
	o := intake.Options{Source: in.Source, Digest: digest.Hex(fmt.Appendf([]byte(in.Content), "%s %v", in.Format, in.Mapping)), Resume: in.Resume, Location: importZone, Layout: in.Mapping.Created}
	reader, err := intake.NewReader(strings.NewReader(in.Content), in.Format, in.Mapping)
	if err != nil {
		return nil, o, err
	}
	if o.Trust, err = i.importTrust(in.Trust); err != nil {
		return nil, o, fmt.Errorf("%w: %w", intake.ErrUnreadable, err)
	}
	return reader, o, nil
}

// Job implements adminhttp.Imports.
func (i imports) Job(ctx context.Context, id string) (intake.Job, error) { return i.store.Job(ctx, id) }

// Rows implements adminhttp.Imports.
func (i imports) Rows(ctx context.Context, id string, after, limit int) ([]intake.Result, error) {
	return i.store.ImportRows(ctx, id, after, limit)
}
