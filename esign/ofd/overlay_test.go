package ofd_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
)

func note(page int) ofd.Note {
	return ofd.Note{Page: page, Type: "Watermark", Objects: []ofd.Object{ofd.Text{Font: 0, Size: 4, X: 10, Y: 20, Value: "仅供查验", Alpha: 128}}}
}

// twoPages is a document of two pages.
func twoPages(t *testing.T) []byte {
	t.Helper()
	text := []ofd.Object{ofd.Text{Font: 0, Size: 5, X: 20, Y: 30, Value: "名称"}}
	b := ofd.Builder{
		Info: ofd.Info{DocID: "0123456789abcdef0123456789abcdef"}, Fonts: []ofd.BuildFont{{Name: "Sample", Family: "Sample", File: []byte("font")}},
		Attachments: []ofd.BuildAttachment{{Name: "data.json", Format: "json", Content: []byte(`{"a":1}`)}},
		Pages:       []ofd.BuildPage{{Width: 210, Height: 297, Objects: text}, {Width: 100, Height: 50, Objects: text}},
	}
	files, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	return ofdtest.Pack(t, files)
}

func names(files []ofd.File) (list []string) {
	for _, f := range files {
		list = append(list, f.Path)
	}
	slices.Sort(list)
	return list
}

// TestAnOverlayKeepsTheDocument: what was drawn before keeps its octets; seals and attachments of the document are none of the new one.
func TestAnOverlayKeepsTheDocument(t *testing.T) {
	p := open(t, ofdtest.New(t).Sealed(t, ofdtest.Sealing{}))
	o := ofd.Overlay{Info: ofd.Info{DocID: "ffffffffffffffffffffffffffffffff", Author: "甲", CreationDate: "2026-11-28"}, Fonts: []ofd.BuildFont{{Name: "Over", Family: "Over", File: []byte("over")}}, Notes: []ofd.Note{note(1)},
		Pages: []ofd.BuildPage{{Width: 210, Height: 297}}, Attachments: []ofd.BuildAttachment{{Name: "original.ofd", Format: "ofd", Content: []byte("original")}}}
	files, err := o.Files(p)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/Doc_0/Attachs/Attachments.xml", "/Doc_0/Attachs/attach_0.ofd", ofdtest.DocumentXML, "/Doc_0/Overlay.xml", "/Doc_0/Overlay/Annot_0.xml", "/Doc_0/Overlay/Annotations.xml", "/Doc_0/Overlay/Page_0.xml", ofd.OverlayFont(0),
		ofdtest.PageXML, "/Doc_0/PublicRes.xml", ofdtest.FontFile, "/Doc_0/Res/image_0.png", "/OFD.xml"}
	slices.Sort(want)
	if got := names(files); !slices.Equal(got, want) {
		t.Errorf("%q\nnot\n%q", got, want)
	}
	for _, f := range files {
		before, err := p.Read(f.Path)
		if kept := err == nil && bytes.Equal(before, f.Content); kept != slices.Contains([]string{ofdtest.PageXML, "/Doc_0/PublicRes.xml", ofdtest.FontFile, "/Doc_0/Res/image_0.png"}, f.Path) {
			t.Errorf("%s is as before: %v", f.Path, kept)
		}
	}
	over := open(t, ofdtest.Pack(t, files))
	if len(over.Signatures) != 0 || len(over.Current().Pages) != 2 {
		t.Errorf("%d signatures, %d pages", len(over.Signatures), len(over.Current().Pages))
	}
	annotation, err := over.Read("/Doc_0/Overlay/Annot_0.xml")
	if err != nil || !strings.Contains(string(annotation), ` Alpha="128"`) {
		t.Errorf("%s %v", annotation, err)
	}
	if page, err := over.Read(ofdtest.PageXML); err != nil || strings.Contains(string(page), "Alpha") {
		t.Errorf("%s %v", page, err)
	}
}

func TestNotesOfAnOverlay(t *testing.T) {
	document := twoPages(t)
	fonts := []ofd.BuildFont{{Name: "Over", Family: "Over", File: []byte("over")}}
	for name, c := range map[string]struct {
		notes []ofd.Note
		want  []string // files of annotations
		err   error
	}{
		"none":              {nil, nil, nil},
		"of the first page": {[]ofd.Note{note(1)}, []string{"Annot_0.xml"}, nil},
		"of the last page":  {[]ofd.Note{note(2)}, []string{"Annot_1.xml"}, nil},
		"two of one page":   {[]ofd.Note{note(2), note(2)}, []string{"Annot_1.xml"}, nil},
		"of each page":      {[]ofd.Note{note(2), note(1)}, []string{"Annot_0.xml", "Annot_1.xml"}, nil},
		"before the first":  {[]ofd.Note{note(0)}, nil, ofd.ErrUnknown},
		"behind the last":   {[]ofd.Note{note(1), note(3)}, nil, ofd.ErrUnknown},
	} {
		files, err := (&ofd.Overlay{Fonts: fonts, Notes: c.notes}).Files(open(t, document))
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, path := range names(files) {
			if short, is := strings.CutPrefix(path, "/Doc_0/Overlay/Annot_"); is {
				got = append(got, "Annot_"+short)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
		for _, f := range files {
			if f.Path == "/Doc_0/Overlay/Annot_1.xml" && strings.Count(string(f.Content), "<ofd:Annot ") != len(c.notes)-strings.Count(name, "each") {
				t.Errorf("%s: %s", name, f.Content)
			}
		}
		if err == nil {
			open(t, ofdtest.Pack(t, files))
		}
	}
	files, err := (&ofd.Overlay{}).Files(open(t, document))
	if err != nil || slices.Contains(names(files), "/Doc_0/Overlay.xml") {
		t.Errorf("without fonts and pictures: %q %v", names(files), err)
	}
	open(t, ofdtest.Pack(t, files))
}

// TestOnlyWhatABuilderMadeIsDrawnOver: a document of another form could be changed in ways that nobody looked at.
func TestOnlyWhatABuilderMadeIsDrawnOver(t *testing.T) {
	const attachments = "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>"
	moved := func() []byte {
		return ofdtest.Edit(t, ofdtest.Document(t), func(path string, content []byte) []byte {
			switch path {
			case "/OFD.xml":
				return bytes.Replace(content, []byte("Doc_0/Document.xml"), []byte("Doc_0/Main.xml"), 1)
			case ofdtest.DocumentXML:
				return nil
			}
			return content
		}, ofd.File{Path: "/Doc_0/Main.xml", Content: content(t, ofdtest.DocumentXML)})
	}
	for name, document := range map[string][]byte{
		"another name":                   moved(),
		"no attachments":                 ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Replace(ofdtest.DocumentXML, attachments, "")),
		"a largest ID that is no number": ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Replace(ofdtest.DocumentXML, "<ofd:MaxUnitID>", "<ofd:MaxUnitID>x")),
		"a largest ID written otherwise": ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Replace(ofdtest.DocumentXML, "<ofd:MaxUnitID>", "<ofd:MaxUnitID>0")),
		"a list of pages twice":          ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Replace(ofdtest.DocumentXML, "</ofd:CommonData>", "<ofd:Extra><ofd:Pages></ofd:Pages></ofd:Extra></ofd:CommonData>")),
	} {
		if files, err := (&ofd.Overlay{}).Files(open(t, document)); !errors.Is(err, ofd.ErrForeign) || files != nil {
			t.Errorf("%s: %d files, %v", name, len(files), err)
		}
	}
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	for _, f := range ofdtest.Files(t) {
		if f.Path == path {
			return f.Content
		}
	}
	t.Fatal(path)
	return nil
}
