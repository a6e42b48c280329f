package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/problem"
)

// reportsPath is where providers of messages report what became of what they took.
const reportsPath = "/hooks/messages/"

// keepFallback is how long the report of a message is waited for.
const keepFallback = 3 * 24 * time.Hour

func (a *App) hookRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+reportsPath+"{provider}", a.messageReports)
	mux.HandleFunc("POST "+reportsPath+"{provider}/{secret}", a.messageReports)
}

// messageReports takes a provider's call. Who is not the provider learns no more than that there is nothing.
func (a *App) messageReports(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, channel.MaxReportBody))
	if err != nil {
		problem.Write(w, r, fault.New(fault.TooLarge, "limit", fmt.Sprintf("%d KiB", channel.MaxReportBody>>10)))
		return
	}
	reader := a.channels.Receipts(r.PathValue("provider"))
	if reader == nil {
		problem.Write(w, r, fault.New(fault.NotFound))
		return
	}
	told, err := reader.Read(r.PathValue("secret"), r.Header, body)
	switch {
	case errors.Is(err, channel.ErrReportSecret):
		problem.Write(w, r, fault.New(fault.NotFound))
		return
	case err != nil:
		problem.Write(w, r, fault.Wrap(err, fault.Malformed))
		return
	}
	err = a.takeReports(r.Context(), told.Reports)
	if err == nil {
		err = a.takeReplies(r.Context(), told.Replies)
	}
	if err != nil { // the provider calls again
		problem.Write(w, r, fault.Wrap(err, fault.Unavailable))
		return
	}
	kind := "application/json"
	if !strings.HasPrefix(reader.Answer(), "{") {
		kind = "text/plain; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	io.WriteString(w, reader.Answer())
}

// takeReports stores reports; each counts once.
func (a *App) takeReports(ctx context.Context, reports []channel.Report) error {
	for _, report := range reports {
		changed, err := a.store.PutReport(ctx, report)
		if err != nil {
			return fmt.Errorf("store report: %w", err)
		}
		if changed {
			a.metrics.reports.WithLabelValues(report.Provider, report.State).Inc()
		}
		if changed && report.State == channel.Failed {
			a.wake()
		}
	}
	return nil
}

// fallbackNotice is what a notice needs to go out by mail.
type fallbackNotice struct {
	Template string            `json:"template"`
	Params   map[string]string `json:"params,omitempty"`
}

func fallbackPlace(id string) string { return "message-fallback/" + id }

func (a *App) fallback(ctx context.Context, id, accountID, template string, params map[string]string) (f channel.Fallback, err error) {
	plaintext, err := json.Marshal(fallbackNotice{template, params})
	if err != nil {
		return f, err
	}
	f = channel.Fallback{ID: id, AccountID: accountID, Until: a.opts.Now().Add(keepFallback)}
	f.KeyID, f.Sealed, err = a.Accounts.Seal(ctx, accountID, plaintext, fallbackPlace(id))
	return f, err
}

// deliverFallback is the outbox handler of notices whose SMS did not arrive.
func (a *App) deliverFallback(ctx context.Context, d outbox.Delivery) error {
	var f channel.Fallback
	if err := json.Unmarshal(d.Payload, &f); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	account, err := a.Accounts.Account(ctx, f.AccountID)
	if err != nil {
		return err
	}
	if account.State == idp.AccountErased || account.State == idp.AccountClosed {
		return nil // nobody to tell
	}
	plaintext, err := a.Accounts.Unseal(ctx, f.AccountID, f.KeyID, f.Sealed, fallbackPlace(f.ID))
	if err != nil {
		return fmt.Errorf("open message: %w", err)
	}
	var notice fallbackNotice
	if err := json.Unmarshal(plaintext, &notice); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	person, err := a.Accounts.Open(ctx, account)
	if err != nil || person.Email == "" {
		return err
	}
	return a.deliver(ctx, d, channel.Message{Kind: channel.Email, To: person.Email, Template: notice.Template, Locale: account.Locale, Params: notice.Params})
}
