package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/idp/reconcile/gateway"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/safecsv"
)

// reconciler makes the comparison with the configured register; stop ends a simulated one. It is nil without a register.
func (a *App) reconciler() (s *reconcile.Service, stop func(), err error) {
	settings := gateway.Config{URL: a.cfg.Reconcile.URL, Client: a.outbound}
	stop = func() {}
	if a.cfg.Reconcile.TokenFile != "" {
		if settings.Token, err = ReadSecret(a.cfg.Reconcile.TokenFile); err != nil {
			return nil, stop, err
		}
	}
	if settings.URL == "" {
		if !a.cfg.Sandbox {
			return nil, stop, errors.New("reconcile.url: is missing; there is nobody to ask")
		}
		if settings, stop, err = simulatedRegister(); err != nil {
			return nil, stop, err
		}
	}
	settings.Note = a.metrics.source
	c := a.cfg.Reconcile
	return reconcile.New(reconcile.Config{Store: a.store, Accounts: a.Accounts, Register: gateway.New(settings), Gone: a.identity.Corrections.Gone, Policy: c.Policy, PerMinute: c.PerMinute, MaxActions: c.MaxActions,
		Now: a.opts.Now, Rand: a.opts.Rand}), stop, nil
}

// simulatedRegister starts the register of a sandbox on a free loopback port and asks it over HTTP like any other.
func simulatedRegister() (gateway.Config, func(), error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return gateway.Config{}, func() {}, err
	}
	token := ident.Secret(rand.Reader, 24)
	server := &http.Server{Handler: gateway.Simulated(token), ReadHeaderTimeout: headerTime}
	go server.Serve(listener)
	host := listener.Addr().String()
	return gateway.Config{URL: "http://" + host + "/", Token: token, Client: outbound.New(outbound.Config{Allowed: []string{host}})}, func() { server.Close() }, nil
}

// reconcileTick is the pause between looks at whether a comparison is due.
const reconcileTick = time.Minute

// reconcileLoop runs comparisons when they are due, until ctx ends. Of several nodes one carries a run on.
func (a *App) reconcileLoop(ctx context.Context) {
	if a.cfg.Reconcile.Every == 0 {
		return
	}
	s, stop, err := a.reconciler()
	if err != nil {
		a.opts.Log.ErrorContext(ctx, "comparison with the register cannot run", "error", err)
		return
	}
	defer stop()
	ctx = reqctx.With(ctx, reqctx.Request{Actor: reqctx.Actor{ID: "system:reconcile"}})
	tick := time.NewTicker(reconcileTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		due, err := s.Due(ctx, a.cfg.Reconcile.Every)
		if err == nil && due {
			var run reconcile.Run
			run, err = s.Pass(ctx, reconcile.Options{})
			a.wake()
			if err == nil {
				a.opts.Log.InfoContext(ctx, "comparison with the register ended", "run", run.ID, "counts", run.Counts, "touched", run.Actions)
			}
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, reconcile.ErrMoved) {
			a.opts.Log.WarnContext(ctx, "comparison with the register stopped", "error", err)
		}
	}
}

// deliverReconcileNotice tells a person that the register no longer confirms what was proofed.
func (a *App) deliverReconcileNotice(ctx context.Context, d outbox.Delivery) error {
	id, err := reconcile.Notified(d.Payload)
	if err != nil {
		return fmt.Errorf("read notice: %w", err)
	}
	account, err := a.Accounts.Account(ctx, id)
	if err != nil {
		return err
	}
	return a.notify(ctx, d, account, channel.TemplateRegister, nil)
}

// ReconcileOptions of `yinxin admin reconcile`.
type ReconcileOptions struct {
	DryRun, Resume bool
	Report         string
}

// ReconcileNow runs a comparison with the state that a configuration names, also while servers run.
func ReconcileNow(ctx context.Context, cfg Config, o ReconcileOptions, log *slog.Logger) (run reconcile.Run, failure error) {
	a, err := New(ctx, cfg, Options{Log: log})
	if err != nil {
		return reconcile.Run{}, err
	}
	defer a.Close()
	s, stop, err := a.reconciler()
	if err != nil {
		return reconcile.Run{}, err
	}
	defer stop()
	options := reconcile.Options{DryRun: o.DryRun, Resume: o.Resume}
	ctx = reqctx.With(ctx, reqctx.Request{Actor: reqctx.Actor{ID: "system:admin"}})
	if o.Report != "" {
		if err := a.noteReport(ctx, "reconcile"); err != nil {
			return reconcile.Run{}, err
		}
		file, err := os.OpenFile(o.Report, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return reconcile.Run{}, err
		}
		defer file.Close()
		out := safecsv.New(file)
		defer func() { failure = errors.Join(failure, out.Flush()) }()
		if err := out.Write("account_id", "result", "actions"); err != nil {
			return reconcile.Run{}, err
		}
		options.Report = func(f reconcile.Finding) error {
			words := make([]string, len(f.Actions))
			for i, action := range f.Actions {
				words[i] = string(action)
			}
			return out.Write(f.AccountID, string(f.Result), strings.Join(words, " "))
		}
	}
	return s.Pass(ctx, options)
}

// noteReport puts on record that somebody who may run commands takes a table out, before it is written (I-19).
func (a *App) noteReport(ctx context.Context, what string) error {
	return a.store.Note(ctx, audit.With(idp.Event(ctx, a.opts.Now(), "report.exported", "report", what, nil)))
}
