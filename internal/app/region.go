package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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

// WithRegions runs what an operator does about other regions, on the state of a configuration; running nodes follow at their next judgement.
func WithRegions(ctx context.Context, cfg Config, log *slog.Logger, do func(ctx context.Context, regions *elicense.Service) error) (err error) {
	a, err := New(ctx, cfg, Options{Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return do(reqctx.WithActor(ctx, reqctx.Actor{ID: "operator:command line"}), a.sealing.licenses)
}

// ReadRegion opens a package of another platform without state.
func ReadRegion(content []byte) (RegionSummary, error) {
	now := time.Now()
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
