package elicense_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/facedesign"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestDraftFromTheVersionInForceToAProposal begins from what is in force, changes its face, and ends as a proposal that another one confirms.
func TestDraftFromTheVersionInForceToAProposal(t *testing.T) {
	w := typeWorld(t, true)
	s := w.Service
	d, err := s.BeginTypeDraft(admin, licensetest.BusinessLicense)
	if err != nil || d.Code != licensetest.BusinessLicense || d.Revision != 1 {
		t.Fatalf("%+v %v", d, err)
	}
	c, err := s.CheckTypeDraft(admin, d)
	if err != nil || c.Type.Row.Version != 2 || c.Type.Row.EffectiveDate < catalog.Day(licensetest.Start) || c.Against.Row.Version != 1 || c.Type.Row.Status != catalog.StatusPublished {
		t.Fatalf("%+v %v", c.Type, err)
	}
	files, err := d.Package()
	if err != nil {
		t.Fatal(err)
	}
	face, err := facedesign.Read(files[catalog.FileFace])
	if err != nil {
		t.Fatal(err)
	}
	face.Pages[0].Items[0].Fill = "#FFF8E7"
	files[catalog.FileFace] = facedesign.Write(face)
	changed, err := s.ChangeTypeDraft(admin, d.ID, 1, files)
	if err != nil || changed.Revision != 2 {
		t.Fatalf("%+v %v", changed, err)
	}
	if _, err := s.ChangeTypeDraft(admin, d.ID, 1, files); fault.CodeOf(err) != fault.TypeDraftChanged {
		t.Errorf("changed from what was not read last: %v", err)
	}
	drawing, err := s.DrawTypeDraft(admin, changed, facedesign.DataLongest, 2)
	if err != nil || drawing.Page != 2 || drawing.Annexes < 1 || !bytes.HasPrefix(drawing.PNG, []byte("\x89PNG")) {
		t.Errorf("the annex: %+v %v", drawing.Pages, err)
	}
	_, err = s.DrawTypeDraft(admin, changed, facedesign.DataRare, 1)
	if missing, ok := errors.AsType[*licenseface.UndrawableError](err); !ok || missing.Characters != facedesign.Rare {
		t.Errorf("rare characters: %v", err)
	}
	if _, err := s.ProposeTypeDraft(admin, d.ID, 1); fault.CodeOf(err) != fault.TypeDraftChanged {
		t.Errorf("proposed as it was before: %v", err)
	}
	v, err := s.ProposeTypeDraft(admin, d.ID, 2)
	if err != nil || v.State != elicense.TypeProposed || v.Version != 2 {
		t.Fatalf("%+v %v", v, err)
	}
	if _, err := s.TypeDraft(admin, d.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("the draft is still there: %v", err)
	}
	if v, err = s.ConfirmType(second, v.ID, v.Template); err != nil || v.State != elicense.TypePublished {
		t.Fatal(err)
	}
	if next, err := s.BeginTypeDraft(admin, licensetest.BusinessLicense); err != nil {
		t.Error(err)
	} else if c, err := s.CheckTypeDraft(admin, next); err != nil || c.Type.Row.Version != 3 || c.Against.Row.Version != 2 {
		t.Errorf("the next draft: %+v %v", c.Type, err)
	}
}

func TestDraftsAreOnesOwn(t *testing.T) {
	s := typeWorld(t, true).Service
	d, err := s.AddTypeDraft(admin, licensetest.Outside(t))
	if err != nil {
		t.Fatal(err)
	}
	files, err := d.Package()
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() error{
		"read":    func() error { _, err := s.TypeDraft(second, d.ID); return err },
		"change":  func() error { _, err := s.ChangeTypeDraft(second, d.ID, 1, files); return err },
		"propose": func() error { _, err := s.ProposeTypeDraft(second, d.ID, 1); return err },
		"drop":    func() error { return s.DropTypeDraft(second, d.ID, 1) },
	} {
		if err := try(); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s by somebody else: %v", name, err)
		}
	}
	if list, err := s.TypeDrafts(second, "", 10); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	for name, try := range map[string]func() error{
		"begin":  func() error { _, err := s.BeginTypeDraft(licensetest.Clerk, licensetest.BusinessLicense); return err },
		"add":    func() error { _, err := s.AddTypeDraft(licensetest.Clerk, files); return err },
		"list":   func() error { _, err := s.TypeDrafts(licensetest.Clerk, "", 1); return err },
		"read":   func() error { _, err := s.TypeDraft(licensetest.Clerk, d.ID); return err },
		"change": func() error { _, err := s.ChangeTypeDraft(licensetest.Clerk, d.ID, 1, files); return err },
		"draw":   func() error { _, err := s.DrawTypeDraft(licensetest.Clerk, d, facedesign.DataSample, 1); return err },
		"drop":   func() error { return s.DropTypeDraft(licensetest.Clerk, d.ID, 1) },
	} {
		if err := try(); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("%s without the role: %v", name, err)
		}
	}
	if err := s.DropTypeDraft(admin, d.ID, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.DropTypeDraft(admin, d.ID, 1); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("dropped twice: %v", err)
	}
}

func TestDraftsKeepWhatIsWrongInsideThem(t *testing.T) {
	s := typeWorld(t, true).Service
	d, err := s.AddTypeDraft(admin, licensetest.Outside(t, `"kind": "text"`, `"kind": "texts"`))
	if err != nil || d.Code != licensetest.OutsideType {
		t.Fatalf("%q %v", d.Code, err)
	}
	_, err = s.CheckTypeDraft(admin, d)
	faults := catalog.Faults(err)
	if fault.CodeOf(err) != fault.TypePackage || len(faults) < 2 || !slices.ContainsFunc(faults, func(f *catalog.Fault) bool { return f.File == catalog.FileFace && f.Line > 0 }) && !slices.ContainsFunc(faults, func(f *catalog.Fault) bool { return f.Line > 0 }) {
		t.Errorf("%v", err)
	}
	if _, err := s.DrawTypeDraft(admin, d, facedesign.DataSample, 1); fault.CodeOf(err) != fault.TypePackage || len(catalog.Faults(err)) != len(faults) {
		t.Errorf("drawn: %v", err)
	}
	if _, err := s.ProposeTypeDraft(admin, d.ID, 1); fault.CodeOf(err) != fault.TypePackage {
		t.Errorf("proposed: %v", err)
	}
	if kept, err := s.TypeDraft(admin, d.ID); err != nil || kept.Revision != 1 {
		t.Errorf("a refusal loses the draft: %v", err)
	}
	for name, change := range map[string]func(files map[string][]byte){
		"a file is missing":   func(files map[string][]byte) { delete(files, catalog.FileTests) },
		"another file":        func(files map[string][]byte) { files["notes.txt"] = []byte("x") },
		"no UTF-8":            func(files map[string][]byte) { files[catalog.FileFace] = []byte{0xff} },
		"larger than allowed": func(files map[string][]byte) { files[catalog.FileFace] = bytes.Repeat([]byte(" "), catalog.MaxFile+1) },
	} {
		files := licensetest.Outside(t)
		change(files)
		if _, err := s.AddTypeDraft(admin, files); fault.CodeOf(err) != fault.TypePackage || len(catalog.Faults(err)) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range elicense.MaxTypeDrafts - 1 {
		if _, err := s.AddTypeDraft(admin, licensetest.Outside(t)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AddTypeDraft(admin, licensetest.Outside(t)); fault.CodeOf(err) != fault.TypeDraftLimit {
		t.Errorf("beyond the bound: %v", err)
	}
	if _, err := s.AddTypeDraft(second, licensetest.Outside(t)); err != nil {
		t.Errorf("the bound of somebody else: %v", err)
	}
}

func TestAnotherNumberAndDay(t *testing.T) {
	files := elicense.WithVersion(licensetest.Outside(t), 7, "20301231")
	read, err := catalog.Default().Read(files)
	if err != nil || read.Row.Version != 7 || read.Row.EffectiveDate != "20301231" {
		t.Fatalf("%+v %v", read, err)
	}
	if before := licensetest.Outside(t); strings.Contains(string(before[catalog.FileRow]), "20301231") || !bytes.Equal(before[catalog.FileType], files[catalog.FileType]) {
		t.Error("another file changed")
	}
}
