package esign_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// entry is a file of an archive in tests.
type entry struct {
	name    string
	content []byte
}

func archived(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range entries {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate, NonUTF8: e.name != "" && strings.ToValidUTF8(e.name, "") != e.name})
		if err == nil {
			_, err = w.Write(e.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func batchOf(seal esign.Seal, archive []byte) esign.BatchRequest {
	return esign.BatchRequest{SealID: seal.ID, Archive: archive, Places: []esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeRight}}, Item: "2026-1124-0001", Purpose: "公布办事指南", Key: "batch-0001"}
}

func run(t *testing.T, w *sealtest.World, r esign.BatchRequest) (all []esign.BatchFile) {
	t.Helper()
	batch, err := w.Service.OpenBatch(sealtest.Keeper, r)
	if err != nil {
		t.Fatal(err)
	}
	collect := func(f esign.BatchFile) error { all = append(all, f); return nil }
	if r.Key == "" {
		err = batch.Preview(sealtest.Keeper, collect)
	} else {
		err = batch.Stamp(sealtest.Keeper, collect)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBatchSealsWhatItCanAndTellsOfTheRest(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String("通知/甲.ofd")
	if err != nil {
		t.Fatal(err)
	}
	good, other := sealtest.Document(t, 3), sealtest.Document(t, 2)
	archive := archived(t, entry{"通知/", nil}, entry{gbk, good}, entry{"乙.ofd", []byte("%PDF-1.7")}, entry{"one page.ofd", sealtest.Document(t, 1)}, entry{"丙.ofd", other})
	request := batchOf(seal, archive)
	want := []struct {
		name string
		code fault.Code
	}{{"通知/甲.ofd", ""}, {"乙.ofd", fault.DocumentRefused}, {"one page.ofd", fault.StampStraddle}, {"丙.ofd", ""}}
	check := func(got []esign.BatchFile) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%d results", len(got))
		}
		for i, f := range got {
			if code := fault.CodeOf(f.Err); f.Name != want[i].name || f.Err != nil && code != want[i].code || f.Err == nil && want[i].code != "" {
				t.Errorf("%s: %v, want %s %s", f.Name, f.Err, want[i].name, want[i].code)
			}
		}
	}
	trial := request
	trial.Key, trial.Purpose = "", ""
	shown := run(t, w, trial)
	check(shown)
	if len(shown[0].Appearances) != 3 || shown[0].SourceSM3 != digest.Hex(good) || shown[0].Sealed != nil {
		t.Errorf("the trial says %+v", shown[0])
	}
	noKeyUsed(t, w)
	if len(twin.AllStamps()) != 0 {
		t.Error("the trial left stamps")
	}
	first := run(t, w, request)
	check(first)
	for _, i := range []int{0, 3} {
		report := w.Verify(t, first[i].Sealed)
		if report.Verdict != verify.Valid || first[i].Stamp.ResultSM3 != digest.Hex(first[i].Sealed) || first[i].Stamp.Purpose != request.Purpose {
			t.Errorf("%s: %s %+v", first[i].Name, report.Code, first[i].Stamp)
		}
	}
	again := run(t, w, request)
	check(again)
	if n := w.Keys.Signed(keys.UsageSealSigner); n != 2 || len(twin.AllStamps()) != 2 || !bytes.Equal(again[0].Sealed, first[0].Sealed) {
		t.Errorf("%d signatures, %d stamps after the same batch again", n, len(twin.AllStamps()))
	}
	// Another document under the same name and key is no repetition, and of a batch with another key all is new.
	request.Archive = archived(t, entry{"丙.ofd", good})
	if changed := run(t, w, request); fault.CodeOf(changed[0].Err) != fault.StampKeyReused {
		t.Errorf("I-17: %v", changed[0].Err)
	}
	request.Key = "batch-0002"
	if anew := run(t, w, request); anew[0].Err != nil {
		t.Error(anew[0].Err)
	}
}

// TestBatchGoesOnWhereItStopped: keys that go away in the middle, and a batch that takes longer than an answer may, leave the rest for
// later; nothing is sealed twice.
func TestBatchGoesOnWhereItStopped(t *testing.T) {
	for name, stop := range map[string]func(w *sealtest.World, n int) (mend func()){
		"keys are away": func(w *sealtest.World, n int) func() {
			w.Keys.Down = func(keys.Usage) error { return keys.ErrUnavailable }
			return func() { w.Keys.Down = nil }
		},
		"a minute is over": func(w *sealtest.World, n int) func() { w.Advance(time.Minute); return func() {} },
	} {
		t.Run(name, func(t *testing.T) {
			w, twin := newWorld(t)
			var entries []entry
			for n := range 5 {
				entries = append(entries, entry{fmt.Sprint(n, ".ofd"), sealtest.Document(t, n+2)})
			}
			request := batchOf(w.Active(t, sealtest.SampleApplication(1)), archived(t, entries...))
			batch, err := w.Service.OpenBatch(sealtest.Keeper, request)
			if err != nil {
				t.Fatal(err)
			}
			var codes []fault.Code
			mend := func() {}
			if err := batch.Stamp(sealtest.Keeper, func(f esign.BatchFile) error {
				codes = append(codes, fault.CodeOf(f.Err))
				if f.Name == "1.ofd" {
					mend = stop(w, len(codes))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if later := codes[2:]; len(codes) != 5 || slices.ContainsFunc(later, func(c fault.Code) bool { return c != fault.Unavailable }) {
				t.Errorf("codes %v", codes)
			}
			if n := w.Keys.Asked(keys.UsageSealSigner); n > 3 {
				t.Errorf("the keys were asked %d times", n)
			}
			mend()
			w.Advance(20 * time.Second) // the lease of a plan that stayed open
			for _, f := range run(t, w, request) {
				if f.Err != nil {
					t.Errorf("%s: %v", f.Name, f.Err)
				}
			}
			if n := w.Keys.Signed(keys.UsageSealSigner); n != 5 || len(twin.AllStamps()) != 5 {
				t.Errorf("%d signatures, %d stamps", n, len(twin.AllStamps()))
			}
		})
	}
}

func TestBatchEndsWithItsCaller(t *testing.T) {
	w, _ := newWorld(t)
	batch, err := w.Service.OpenBatch(sealtest.Keeper, batchOf(w.Active(t, sealtest.SampleApplication(1)), archived(t, entry{"1.ofd", sealtest.Document(t, 2)}, entry{"2.ofd", sealtest.Document(t, 3)})))
	if err != nil {
		t.Fatal(err)
	}
	if err := batch.Stamp(sealtest.Keeper, func(esign.BatchFile) error { return io.ErrClosedPipe }); err != io.ErrClosedPipe {
		t.Error(err)
	}
	if n := w.Keys.Signed(keys.UsageSealSigner); n != 1 {
		t.Errorf("%d signatures after the caller was gone", n)
	}
}

func TestArchivesThatAreRefusedWhole(t *testing.T) {
	w, _ := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	document := sealtest.Document(t, 2)
	var many []entry
	for n := range esign.MaxBatchFiles + 1 {
		many = append(many, entry{fmt.Sprint(n), nil})
	}
	for name, c := range map[string]struct {
		archive []byte
		code    fault.Code
	}{
		"no archive":            {[]byte("PK"), fault.BatchArchive},
		"no file":               {archived(t, entry{"a/", nil}), fault.BatchArchive},
		"a way out":             {archived(t, entry{"../1.ofd", document}), fault.BatchArchive},
		"a way out in the path": {archived(t, entry{"a/../../1.ofd", document}), fault.BatchArchive},
		"absolute":              {archived(t, entry{"/1.ofd", document}), fault.BatchArchive},
		"a drive":               {archived(t, entry{"c:1.ofd", document}), fault.BatchArchive},
		"backslash":             {archived(t, entry{`a\1.ofd`, document}), fault.BatchArchive},
		"a line end":            {archived(t, entry{"a\n.ofd", document}), fault.BatchArchive},
		"letters turned round":  {archived(t, entry{"a\u202edfo.exe", document}), fault.BatchArchive},
		"a long name":           {archived(t, entry{strings.Repeat("a", 201), document}), fault.BatchArchive},
		"a name twice":          {archived(t, entry{"1.ofd", document}, entry{"1.ofd", document}), fault.BatchArchive},
		"a name in two cases":   {archived(t, entry{"a.ofd", document}, entry{"A.OFD", document}), fault.BatchArchive},
		"too many":              {archived(t, many...), fault.TooLarge},
		"too large":             {make([]byte, esign.MaxBatch+1), fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Service.OpenBatch(sealtest.Keeper, batchOf(seal, c.archive))
			wantCode(t, err, c.code)
		})
	}
	good := archived(t, entry{"1.ofd", document})
	for name, change := range map[string]func(r *esign.BatchRequest) fault.Code{
		"no purpose":   func(r *esign.BatchRequest) fault.Code { r.Purpose = " "; return fault.Invalid },
		"a long key":   func(r *esign.BatchRequest) fault.Code { r.Key = strings.Repeat("k", 129); return fault.Invalid },
		"no such seal": func(r *esign.BatchRequest) fault.Code { r.SealID = "seal_none"; return fault.NotFound },
	} {
		request := batchOf(seal, good)
		code := change(&request)
		_, err := w.Service.OpenBatch(sealtest.Keeper, request)
		if fault.CodeOf(err) != code {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.Service.OpenBatch(sealtest.Reviewer, batchOf(seal, good))
	wantCode(t, err, fault.Forbidden)
	if _, err := w.Service.Suspend(sealtest.Keeper, seal.ID, "遗失"); err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.OpenBatch(sealtest.Keeper, batchOf(seal, good))
	wantCode(t, err, fault.SealSuspended)
	noKeyUsed(t, w)
}

// TestR11BombInABatch: a document that inflates to more than may be sealed is refused before it fills memory, and the others go on.
func TestR11BombInABatch(t *testing.T) {
	w, _ := newWorld(t)
	archive := archived(t, entry{"bomb.ofd", make([]byte, esign.MaxDocument+1)}, entry{"1.ofd", sealtest.Document(t, 2)})
	got := run(t, w, batchOf(w.Active(t, sealtest.SampleApplication(1)), archive))
	if fault.CodeOf(got[0].Err) != fault.TooLarge || got[1].Err != nil {
		t.Errorf("%v, %v", got[0].Err, got[1].Err)
	}
}
