package sealing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/sdk/sealing"
)

// inbox is a folder with documents and other things.
func inbox(t *testing.T, files map[string][]byte) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// sealFolder runs a folder and gives what became of its files, "state name" each, in their order.
func (p *platform) sealFolder(ctx context.Context, in, out string, change func(*sealing.Folder)) (told []string, err error) {
	p.t.Helper()
	order := p.order()
	order.Key = ""
	f := &sealing.Folder{Client: p.client(), Order: order, Paths: []string{in}, Out: out, Verifier: p.verifier(), Each: func(r sealing.FileResult) {
		line := r.State + " " + r.File
		if r.Kept {
			line += " before"
		}
		if r.Code != "" {
			line += " " + r.Code
		}
		told = append(told, line)
	}}
	if change != nil {
		change(f)
	}
	err = f.Run(ctx)
	return told, err
}

func here(f *sealing.Folder) { f.Here = true }

func (p *platform) stamps() int {
	p.t.Helper()
	all, _, err := p.Service.Stamps(sealtest.Keeper, p.seal.ID, "", "", 200)
	if err != nil {
		p.t.Fatal(err)
	}
	return len(all)
}

// whole fails unless every file of the folder is a document that holds.
func (p *platform) whole(out string, names ...string) {
	p.t.Helper()
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(name)))
		if err != nil || p.Verify(p.t, content).Code != "V00" {
			p.t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFolderIsSealedAndGoesOn(t *testing.T) {
	for way, change := range map[string]func(*sealing.Folder){"on the platform": nil, "where it lies": here} {
		t.Run(way, func(t *testing.T) {
			p := newPlatform(t)
			p.PutRule(t, p.seal.ID, sealtest.RemoteRule)
			in, out := inbox(t, map[string][]byte{"a.ofd": sealtest.Document(t, 1), "b/甲.PDF": sealtest.PDF(1), "broken.ofd": []byte("PK\x03\x04"), "notes.txt": []byte("x")}), t.TempDir()
			told, err := p.sealFolder(t.Context(), in, out, change)
			if want := []string{"sealed a.ofd", "sealed b/甲.PDF", "refused broken.ofd"}; err != nil || len(told) != 3 || told[0] != want[0] || told[1] != want[1] || !strings.HasPrefix(told[2], want[2]) {
				t.Fatalf("%q %v", told, err)
			}
			p.whole(out, "a.ofd", "b/甲.PDF")
			if _, err := os.Stat(filepath.Join(out, "broken.ofd")); err == nil || p.stamps() != 2 {
				t.Errorf("%d uses", p.stamps())
			}
			// Again: nothing is asked for what is there, what was lost is fetched, what is new is sealed.
			before := len(p.seen(0))
			if err := os.WriteFile(filepath.Join(in, "c.ofd"), sealtest.Document(t, 2), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(out, "a.ofd")); err != nil {
				t.Fatal(err)
			}
			told, err = p.sealFolder(t.Context(), in, out, change)
			if err != nil || len(told) != 4 || told[0] != "sealed a.ofd" || told[1] != "sealed b/甲.PDF before" || told[3] != "sealed c.ofd" {
				t.Fatalf("%q %v", told, err)
			}
			p.whole(out, "a.ofd", "b/甲.PDF", "c.ofd")
			if p.stamps() != 3 {
				t.Errorf("%d uses for three documents", p.stamps())
			}
			if calls := p.seen(before); len(calls) > 4 {
				t.Errorf("%q", calls)
			}
			// A document that changed under its name is another one.
			if err := os.WriteFile(filepath.Join(in, "c.ofd"), sealtest.Document(t, 3), 0o600); err != nil {
				t.Fatal(err)
			}
			if told, err = p.sealFolder(t.Context(), in, out, change); err != nil || told[3] != "sealed c.ofd" || p.stamps() != 4 {
				t.Errorf("%q %v", told, err)
			}
			// So is another order of the same documents.
			told, err = p.sealFolder(t.Context(), in, out, func(f *sealing.Folder) {
				f.Order.Purpose = "别的事由"
				if change != nil {
					change(f)
				}
			})
			if err != nil || p.stamps() != 7 || told[0] != "sealed a.ofd" {
				t.Errorf("%q %v, %d uses", told, err, p.stamps())
			}
		})
	}
}

// TestARunThatDiesLosesAndDoublesNothing, whatever call it was at, and also when it died while it wrote its results.
func TestARunThatDiesLosesAndDoublesNothing(t *testing.T) {
	for way, change := range map[string]func(*sealing.Folder){"on the platform": nil, "where it lies": here} {
		for cut := 1; cut <= 3; cut++ {
			p := newPlatform(t)
			p.PutRule(t, p.seal.ID, sealtest.RemoteRule)
			in, out := inbox(t, map[string][]byte{"a.ofd": sealtest.Document(t, 1), "b.pdf": sealtest.PDF(1)}), t.TempDir()
			ctx, die := context.WithCancel(t.Context())
			p.faulty(func(n int, w http.ResponseWriter, r *http.Request) bool {
				if n != cut {
					return false
				}
				// The platform does its work; nobody is there to hear of it.
				p.faulty(nil)
				die()
				return false
			})
			_, err := p.sealFolder(ctx, in, out, change)
			if cut <= 2 && err == nil {
				t.Errorf("%s %d: the run did not die", way, cut)
			}
			die()
			results := filepath.Join(out, "results.jsonl")
			f, err := os.OpenFile(results, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
			if err == nil {
				_, err = f.WriteString(`{"file":"a.ofd","sta`)
			}
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
			var told []string
			for range 50 { // the platform may still be at work on what nobody waits for
				p.Advance(20e9)
				told, err = p.sealFolder(t.Context(), in, out, change)
				if !slices.ContainsFunc(told, func(one string) bool { return strings.HasPrefix(one, "later ") }) {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			if err != nil || len(told) != 2 || !strings.HasPrefix(told[0], "sealed a.ofd") || !strings.HasPrefix(told[1], "sealed b.pdf") || p.stamps() != 2 {
				t.Errorf("%s %d: %q %v, %d uses", way, cut, told, err, p.stamps())
			}
			p.whole(out, "a.ofd", "b.pdf")
			content, err := os.ReadFile(results)
			if err != nil {
				t.Fatal(err)
			}
			for line := range bytes.Lines(content) {
				if !json.Valid(line) {
					t.Errorf("%s", line)
				}
			}
		}
	}
}

// TestAPlatformThatIsAwayStopsTheRun instead of trying every file.
func TestAPlatformThatIsAwayStopsTheRun(t *testing.T) {
	p := newPlatform(t)
	in, out := inbox(t, map[string][]byte{"a.ofd": sealtest.Document(t, 1), "b.ofd": sealtest.Document(t, 2), "c.ofd": sealtest.Document(t, 3)}), t.TempDir()
	p.faulty(func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n == 1 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	told, err := p.sealFolder(t.Context(), in, out, nil)
	if want := []string{"sealed a.ofd", "later b.ofd"}; !errors.Is(err, sealing.ErrStopped) || !sealing.Later(err) || !slices.Equal(told, want) {
		t.Errorf("%q %v", told, err)
	}
	p.faulty(nil)
	if told, err = p.sealFolder(t.Context(), in, out, nil); err != nil || len(told) != 3 || told[0] != "sealed a.ofd before" {
		t.Errorf("%q %v", told, err)
	}
	// What meets every document stops it, too; what is about one does not.
	if _, err := p.Service.Suspend(sealtest.Keeper, p.seal.ID, "遗失"); err != nil {
		t.Fatal(err)
	}
	anew := func(f *sealing.Folder) { f.Order.Purpose = "别的事由" } // what was sealed before is given again in any case
	told, err = p.sealFolder(t.Context(), in, t.TempDir(), anew)
	if want := []string{"refused a.ofd YX-SEAL-310"}; !errors.Is(err, sealing.ErrStopped) || sealing.Later(err) || !slices.Equal(told, want) {
		t.Errorf("%q %v", told, err)
	}
	if _, err := p.Service.Resume(sealtest.Reviewer, p.seal.ID); err != nil {
		t.Fatal(err)
	}
	p.PutRule(t, p.seal.ID, esign.Rule{When: esign.WhenAlways, Approver: esign.RoleApprover, Approvals: 1, Hours: 24, Uses: 1})
	told, err = p.sealFolder(t.Context(), in, t.TempDir(), anew)
	if want := []string{"refused a.ofd YX-SEAL-442", "refused b.ofd YX-SEAL-442", "refused c.ofd YX-SEAL-442"}; err != nil || !slices.Equal(told, want) {
		t.Errorf("%q %v", told, err)
	}
	_, err = p.sealFolder(t.Context(), in, t.TempDir(), here)
	if refusal, ok := errors.AsType[*sealing.Refusal](err); !ok || refusal.Code != "YX-SEAL-470" {
		t.Errorf("the rule does not allow it: %v", err)
	}
}

// TestARunWaitsForApprovals: the digests stand in the file of results, and the next run signs those very digests.
func TestARunWaitsForApprovals(t *testing.T) {
	p := newPlatform(t)
	p.PutRule(t, p.seal.ID, esign.Rule{When: esign.WhenAlways, Approver: esign.RoleApprover, Approvals: 1, Hours: 24, Uses: 1, Remote: true})
	in, out := inbox(t, map[string][]byte{"a.ofd": sealtest.Document(t, 1)}), t.TempDir()
	if told, err := p.sealFolder(t.Context(), in, out, here); err != nil || !slices.Equal(told, []string{"refused a.ofd YX-SEAL-442"}) {
		t.Fatalf("%q %v", told, err)
	}
	content, err := os.ReadFile(filepath.Join(out, "results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	var last sealing.FileResult
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	order := p.order()
	u, err := p.Service.RequestUse(sealtest.As("client:dept", esign.RoleKeeper), esign.UseOrder{SealID: p.seal.ID, SM3: last.Digest, Remote: true, Places: order.Places, Purpose: order.Purpose, Item: order.Item, Key: "ask-0001"})
	if err == nil {
		_, err = p.Service.DecideUse(sealtest.Approver, u.ID, esign.UseDecision{Agree: true, Digest: u.Digest})
	}
	if err != nil {
		t.Fatal(err)
	}
	p.Advance(time.Hour)
	if told, err := p.sealFolder(t.Context(), in, out, here); err != nil || !slices.Equal(told, []string{"sealed a.ofd"}) {
		t.Errorf("%q %v", told, err)
	}
	p.whole(out, "a.ofd")
}

func TestATrialSignsAndWritesNothing(t *testing.T) {
	for way, change := range map[string]func(*sealing.Folder){"on the platform": nil, "where it lies": here} {
		p := newPlatform(t)
		p.PutRule(t, p.seal.ID, sealtest.RemoteRule)
		in, out := inbox(t, map[string][]byte{"a.ofd": sealtest.Document(t, 1), "b.ofd": []byte("text")}), filepath.Join(t.TempDir(), "out")
		told, err := p.sealFolder(t.Context(), in, out, func(f *sealing.Folder) {
			f.Trial = true
			if change != nil {
				change(f)
			}
		})
		if err != nil || len(told) != 2 || told[0] != "checked a.ofd" || !strings.HasPrefix(told[1], "refused b.ofd") {
			t.Errorf("%s: %q %v", way, told, err)
		}
		if _, err := os.Stat(out); err == nil || p.stamps() != 0 {
			t.Errorf("%s: %d uses, %v", way, p.stamps(), err)
		}
	}
}

// TestAFolderIsNotWrittenOver: inputs, results of others and documents that no run wrote stay as they are.
func TestAFolderIsNotWrittenOver(t *testing.T) {
	p := newPlatform(t)
	document := sealtest.Document(t, 1)
	in := inbox(t, map[string][]byte{"a.ofd": document})
	for name, test := range map[string]struct {
		out   string
		paths []string
	}{
		"into itself":          {in, []string{in}},
		"a file beside itself": {in, []string{filepath.Join(in, "a.ofd")}},
		"one name twice":       {t.TempDir(), []string{in, filepath.Join(in, "a.ofd")}},
		"letters of two sizes": {t.TempDir(), []string{in, filepath.Join(inbox(t, map[string][]byte{"A.OFD": document}), "A.OFD")}},
		"no document":          {t.TempDir(), []string{t.TempDir()}},
		"nothing":              {t.TempDir(), []string{filepath.Join(in, "none")}},
		"somebody's document":  {inbox(t, map[string][]byte{"a.ofd": []byte("mine")}), []string{in}},
		"somebody's results":   {inbox(t, map[string][]byte{"results.jsonl": []byte("a list\n")}), []string{in}},
		"somebody's notes":     {inbox(t, map[string][]byte{"results.jsonl": []byte("no end of line")}), []string{in}},
	} {
		if told, err := p.sealFolder(t.Context(), "", test.out, func(f *sealing.Folder) { f.Paths = test.paths }); err == nil || len(told) > 0 {
			t.Errorf("%s: %q", name, told)
		}
	}
	if content, err := os.ReadFile(filepath.Join(in, "a.ofd")); err != nil || !bytes.Equal(content, document) || p.stamps() != 0 {
		t.Errorf("%d uses, %v", p.stamps(), err)
	}
	// A folder for results inside the folder is passed over, and links are not followed.
	out := filepath.Join(in, "out")
	if err := os.Symlink(filepath.Join(in, "a.ofd"), filepath.Join(in, "link.ofd")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if told, err := p.sealFolder(t.Context(), in, out, nil); err != nil || len(told) != 1 || !strings.HasPrefix(told[0], "sealed a.ofd") {
			t.Errorf("%q %v", told, err)
		}
	}
}

// TestADocumentThatDoesNotHoldIsNotKept: what the platform answers is judged before it is written.
func TestADocumentThatDoesNotHoldIsNotKept(t *testing.T) {
	p := newPlatform(t)
	in, out := inbox(t, map[string][]byte{"a.ofd": sealtest.Document(t, 1)}), t.TempDir()
	told, err := p.sealFolder(t.Context(), in, out, func(f *sealing.Folder) { f.Verifier = p.verifierOfNobody() })
	if err != nil || len(told) != 1 || told[0] != "refused a.ofd" {
		t.Errorf("%q %v", told, err)
	}
	if _, err := os.Stat(filepath.Join(out, "a.ofd")); err == nil {
		t.Error("it was written")
	}
	told, err = p.sealFolder(t.Context(), in, out, nil)
	if err != nil || told[0] != "sealed a.ofd" || p.stamps() != 1 {
		t.Errorf("%q %v", told, err)
	}
}
