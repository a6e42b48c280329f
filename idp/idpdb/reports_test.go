package idpdb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// TestReportsOfMessages: the first word that decides stays, however often and in whichever order reports come; a notice that failed goes
// on once, also when the report was faster than its receipt; figures count by day and provider.
func TestReportsOfMessages(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		at := time.Date(2026, 11, 26, 15, 30, 0, 0, time.UTC) // 23:30 in Beijing
		report := func(provider, reference, state string) bool {
			t.Helper()
			changed, err := s.PutReport(ctx, channel.Report{Provider: provider, Reference: reference, State: state, At: at})
			must(t, err)
			return changed
		}
		var told []string
		for _, state := range []string{channel.Unknown, channel.Unknown, channel.Delivered, channel.Failed, channel.Unknown, channel.Delivered} {
			told = append(told, fmt.Sprint(state, " ", report("a", "m1", state)))
		}
		if got := strings.Join(told, ", "); got != "unknown true, unknown false, delivered true, failed false, unknown false, delivered false" {
			t.Errorf("%s", got)
		}
		waiting := func(id, reference string) {
			t.Helper()
			must(t, s.PutFallback(ctx, channel.Fallback{ID: id, Provider: "a", Reference: reference, AccountID: "acc", KeyID: "k", Sealed: []byte("sealed"), Until: at.Add(time.Hour)}))
		}
		left := func() string {
			return fmt.Sprint(counted(t, db, "SELECT COUNT(*) FROM idp_message_fallback"), counted(t, db, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", channel.TopicFallback))
		}
		waiting("out_1", "m1") // delivered before the notice was kept
		if left() != "0 0" {
			t.Errorf("a notice that arrived: %s", left())
		}
		waiting("out_2", "m2")
		report("b", "m2", channel.Failed) // of another provider
		report("a", "m2", channel.Unknown)
		if left() != "1 0" {
			t.Errorf("before it failed: %s", left())
		}
		report("a", "m2", channel.Failed)
		report("a", "m2", channel.Failed)
		if left() != "0 1" {
			t.Errorf("after it failed: %s", left())
		}
		report("a", "m3", channel.Failed)
		waiting("out_3", "m3")
		if left() != "0 2" {
			t.Errorf("a report that was faster: %s", left())
		}
		waiting("out_4", "m4")
		report("a", "m4", channel.Delivered)
		if left() != "0 2" {
			t.Errorf("a notice that arrived later: %s", left())
		}

		for i, r := range []channel.Receipt{
			{Provider: "a", State: channel.Sent, Reference: "m1", At: at}, {Provider: "a", State: channel.Sent, Reference: "m2", At: at}, {Provider: "a", State: channel.Sent, At: at},
			{Provider: "a", State: channel.Refused, At: at}, {Provider: "b", State: channel.Sent, Reference: "m1", At: at}, {Provider: "a", State: channel.Sent, Reference: "m4", At: at.Add(time.Hour)},
			{Provider: "a", State: channel.Sent, Reference: "m4", At: at.AddDate(0, 0, -40)},
		} {
			r.ID, r.Kind, r.Template = fmt.Sprint("out_", i), channel.Mobile, channel.TemplateCode
			must(t, s.PutReceipt(ctx, r))
		}
		figures, err := s.MessageFigures(ctx, at.AddDate(0, 0, -channel.FiguresDays))
		must(t, err)
		if got := fmt.Sprint(figures); got != "[{2026-11-27 a 1 0 1 0} {2026-11-26 a 3 1 1 1} {2026-11-26 b 1 0 0 0}]" {
			t.Errorf("%s", got)
		}
	})
}
