package idpdb_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// TestACopyHoldsWhatWasAskedForAndTellsHowFarItIs: sections that were not chosen are not even read and are named in the copy; while it is made the
// stored copy counts what is read, and another copy begins at nothing.
func TestACopyHoldsWhatWasAskedForAndTellsHowFarItIs(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		w := idptest.NewWorld(t, s)
		a, err := w.Accounts.Create(ctx, subject.Identifier{Kind: subject.Mobile, Value: "+8613800138021"})
		must(t, err)
		var seen []int
		section := func(name string) idp.Section {
			return idp.Section{Name: name, Read: func(ctx context.Context, id string) (any, bool, error) {
				waiting, err := s.StoredExport(ctx, id)
				seen = append(seen, waiting.Done)
				return []string{name}, false, err
			}}
		}
		exports := idp.NewExports(idp.ExportsConfig{Store: s, Accounts: w.Accounts, Sections: []idp.Section{section("one"), section("two"), section("three")}, Now: w.Clock.Now, Rand: ident.System(), Wake: func() {}})
		if _, err := exports.Request(ctx, a.ID, "one", "else"); fault.CodeOf(err) != fault.ExportSections {
			t.Errorf("a section that there is not: %v", err)
		}
		made := func(names ...string) (sections map[string]any, left []string) {
			t.Helper()
			seen = nil
			e, err := exports.Request(ctx, a.ID, names...)
			must(t, err)
			if waiting, err := exports.Of(ctx, a.ID); err != nil || waiting.Done != 0 {
				t.Errorf("a copy begins at %d, %v", waiting.Done, err)
			}
			payload, err := json.Marshal(idp.ExportMessage{AccountID: a.ID, Export: e.ID})
			must(t, err)
			must(t, exports.Make(ctx, payload))
			_, content, err := exports.Fetch(ctx, a.ID, idp.ExportJSON)
			must(t, err)
			var copied struct {
				Sections map[string]any `json:"sections"`
				Left     []string       `json:"sections_not_asked_for"`
			}
			must(t, json.Unmarshal(content, &copied))
			w.Clock.Advance(2 * time.Hour)
			return copied.Sections, copied.Left
		}
		if sections, left := made("three", "one"); len(sections) != 2 || sections["two"] != nil || len(left) != 1 || left[0] != "two" || len(seen) != 2 || seen[0] != 0 || seen[1] != 1 {
			t.Errorf("two of three: %v, left out %v, counted %v", sections, left, seen)
		}
		if sections, left := made(); len(sections) != 3 || len(left) != 0 || len(seen) != 3 || seen[2] != 2 {
			t.Errorf("all: %v, left out %v, counted %v", sections, left, seen)
		}
		ready, err := exports.Of(ctx, a.ID)
		must(t, err)
		ready.Done = 9
		must(t, s.NoteExport(ctx, ready))
		if after, err := exports.Of(ctx, a.ID); err != nil || after.Done == 9 {
			t.Errorf("what is ready counted on: %d, %v", after.Done, err)
		}
	})
}
