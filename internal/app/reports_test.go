package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestI19ReportsAreOnRecord: the tables that an operator takes out by command stand in the audit log.
func TestI19ReportsAreOnRecord(t *testing.T) {
	ctx := context.Background()
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	recorded := func() int {
		t.Helper()
		var lines bytes.Buffer
		if _, err := app.ExportAudit(ctx, p.Config, &lines); err != nil {
			t.Fatal(err)
		}
		return strings.Count(lines.String(), `report.exported`)
	}
	report := filepath.Join(t.TempDir(), "report.csv")
	log := slog.New(slog.DiscardHandler)
	if _, err := app.ReconcileNow(ctx, p.Config, app.ReconcileOptions{DryRun: true}, log); err != nil || recorded() != 0 {
		t.Fatalf("without a report: %v, %d", err, recorded())
	}
	if _, err := app.ReconcileNow(ctx, p.Config, app.ReconcileOptions{DryRun: true, Report: report}, log); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(report)
	if err != nil || !strings.HasPrefix(string(content), "account_id,result,actions\n") || recorded() != 1 {
		t.Errorf("%q, %v, %d on record", content, err, recorded())
	}
}
