package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// fetchRegion gets the package of another platform under the rule for outbound calls.
func (a *App) fetchRegion(ctx context.Context, address string) ([]byte, error) {
	answer, err := a.outbound.DoUpTo(ctx, signed.MaxSize, http.MethodGet, address, nil, nil)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", address, answer.Status)
	}
	return answer.Body, nil
}

// RegionStatus is another platform as `yinxin region list` shows it.
type RegionStatus struct {
	URI         string    `json:"uri"`
	Publisher   string    `json:"publisher"`
	Fingerprint string    `json:"fingerprint"`
	Divisions   []string  `json:"divisions"`
	Fetch       string    `json:"fetch,omitempty"`
	Number      uint64    `json:"number"`
	IssuedAt    time.Time `json:"issued_at"`
	NextUpdate  time.Time `json:"next_update"`
	TakenAt     time.Time `json:"taken_at"`
	Problem     string    `json:"problem,omitempty"` // code of the fault of the last try
	// State is "current", or "stale" where the package is out of date and counts for nothing.
	State string `json:"state"`
}

func regionStatus(r elicense.Region, now time.Time) RegionStatus {
	status := RegionStatus{URI: r.URI, Publisher: r.Publisher, Fingerprint: r.Root, Divisions: r.Divisions, Fetch: r.Fetch, Number: r.Number, IssuedAt: r.IssuedAt, NextUpdate: r.NextUpdate,
		TakenAt: r.TakenAt, Problem: r.Problem, State: "current"}
	if now.After(r.NextUpdate) {
		status.State = "stale"
	}
	return status
}

// withRegions runs what an operator does about other regions on the state of a configuration; running nodes follow at their next judgement.
func withRegions(ctx context.Context, cfg Config, log *slog.Logger, do func(ctx context.Context, a *App) error) (err error) {
	a, err := New(ctx, cfg, Options{Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return do(reqctx.WithActor(ctx, reqctx.Actor{ID: "operator:command line"}), a)
}

// NewRegion is what an operator decides about another platform: the package (fetched when nil), where it is fetched, the fingerprint of its root
// that was compared by another way, and the divisions for which it counts.
type NewRegion struct {
	Content     []byte
	Fetch       string
	Fingerprint string
	Divisions   []string
}

// AddRegion begins to judge the licences of another platform.
func AddRegion(ctx context.Context, cfg Config, order NewRegion, log *slog.Logger) (status RegionStatus, err error) {
	err = withRegions(ctx, cfg, log, func(ctx context.Context, a *App) error {
		r, err := a.sealing.licenses.AddRegion(ctx, elicense.NewRegion(order))
		status = regionStatus(r, a.opts.Now())
		return err
	})
	return status, err
}

// RefreshRegions takes the package of a file, or asks for those that are fetched when content is nil.
func RefreshRegions(ctx context.Context, cfg Config, content []byte, log *slog.Logger) error {
	return withRegions(ctx, cfg, log, func(ctx context.Context, a *App) error {
		if content == nil {
			return a.sealing.licenses.RefreshRegions(ctx, true)
		}
		_, err := a.sealing.licenses.RenewRegion(ctx, content)
		return err
	})
}

// ListRegions lists the platforms whose licences are judged here.
func ListRegions(ctx context.Context, cfg Config, log *slog.Logger) (list []RegionStatus, err error) {
	list = []RegionStatus{}
	err = withRegions(ctx, cfg, log, func(ctx context.Context, a *App) error {
		all, err := a.sealing.licenses.ListRegions(ctx)
		for _, r := range all {
			list = append(list, regionStatus(r, a.opts.Now()))
		}
		return err
	})
	return list, err
}

// RemoveRegion ends the trust in another platform.
func RemoveRegion(ctx context.Context, cfg Config, uri string, log *slog.Logger) error {
	return withRegions(ctx, cfg, log, func(ctx context.Context, a *App) error { return a.sealing.licenses.RemoveRegion(ctx, uri) })
}

// ExportRegion gives the package of this platform as it stands now, for those who cannot fetch it.
func ExportRegion(ctx context.Context, cfg Config, log *slog.Logger) (content []byte, err error) {
	err = withRegions(ctx, cfg, log, func(ctx context.Context, a *App) error {
		if err := a.sealing.licenses.Refresh(ctx); err != nil {
			return err
		}
		p, err := a.sealing.licenses.Published(ctx, elicense.NameRegion)
		content = p.Content
		return err
	})
	return content, err
}

// PrintRegions writes the list for people.
func PrintRegions(out io.Writer, list []RegionStatus, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "REGION\tDIVISIONS\tNUMBER\tAGE\tSTATE\tPROBLEM\tADDRESS")
	for _, r := range list {
		problem := r.Problem
		if problem == "" {
			problem = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", r.Publisher, strings.Join(r.Divisions, ","), r.Number, now.Sub(r.IssuedAt).Truncate(time.Second), r.State, problem, r.URI)
	}
	return table.Flush()
}

// ReadRegion opens a package of another platform without state.
func ReadRegion(content []byte, now time.Time) (RegionSummary, error) {
	p, err := elicense.ReadRegion(content, now)
	if err != nil {
		return RegionSummary{}, err
	}
	return RegionSummary{URI: p.URI, Publisher: p.Publisher, Number: p.Number, IssuedAt: p.Issued, NextUpdate: p.NextUpdate, Fingerprint: p.Fingerprint(), Root: p.RootCertificate.Subject.String(), Current: p.Current(now)}, nil
}

// RegionSummary is what a package says of itself.
type RegionSummary struct {
	URI         string    `json:"uri"`
	Publisher   string    `json:"publisher"`
	Number      uint64    `json:"number"`
	IssuedAt    time.Time `json:"issued_at"`
	NextUpdate  time.Time `json:"next_update"`
	Root        string    `json:"root"`
	Fingerprint string    `json:"fingerprint"` // SM3 of the root
	Current     bool      `json:"current"`
}
