package inspect

import (
	"bytes"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Package shows an OFD package.
type Package struct {
	Namespace    string             `json:"namespace"`
	Bodies       int                `json:"doc_bodies"`
	Documents    []Document         `json:"documents"`
	Signatures   []PackageSignature `json:"signatures"`
	Entries      []Entry            `json:"entries"`
	Dangling     []string           `json:"dangling,omitempty"`
	CaseMismatch []string           `json:"case_mismatch,omitempty"`
	Faults       []string           `json:"faults,omitempty"`
	Deviations   []string           `json:"deviations,omitempty"`
}

// Document shows a version of a document body.
type Document struct {
	Root     string  `json:"doc_root"`
	Current  bool    `json:"current"`
	DocID    string  `json:"doc_id"`
	Title    string  `json:"title,omitempty"`
	Creator  string  `json:"creator,omitempty"`
	PageArea Area    `json:"page_area"`
	Pages    []Sheet `json:"pages"`
}

// Sheet shows a page.
type Sheet struct {
	ID   string `json:"id"`
	Path string `json:"path"`
}

// Area shows a box in millimetres.
type Area struct {
	X      float64 `json:"x_mm"`
	Y      float64 `json:"y_mm"`
	Width  float64 `json:"width_mm"`
	Height float64 `json:"height_mm"`
}

// PackageSignature shows a signature of a package with its value.
type PackageSignature struct {
	ID          string      `json:"id"`
	Type        string      `json:"type"`
	Path        string      `json:"path"`
	Provider    string      `json:"provider,omitempty"`
	Method      string      `json:"signature_method,omitempty"`
	DateTime    string      `json:"signature_date_time,omitempty"`
	CheckMethod string      `json:"check_method,omitempty"`
	References  []Reference `json:"references"`
	Stamps      []Stamp     `json:"stamp_annots,omitempty"`
	SealPath    string      `json:"seal_path,omitempty"`
	ValuePath   string      `json:"signed_value_path,omitempty"`
	Fault       string      `json:"fault,omitempty"`
	Value       *File       `json:"signed_value,omitempty"`
}

// Reference shows a protected file.
type Reference struct {
	FileRef    string `json:"file_ref"`
	CheckValue string `json:"check_value"`
	Fault      string `json:"fault,omitempty"`
}

// Stamp shows an appearance of a seal.
type Stamp struct {
	ID       string `json:"id"`
	PageRef  string `json:"page_ref"`
	Page     int    `json:"page"`
	Boundary Area   `json:"boundary"`
	Clip     *Area  `json:"clip,omitempty"`
	Fault    string `json:"fault,omitempty"`
}

// Entry shows a file of the package.
type Entry struct {
	Path string `json:"path"`
	Role string `json:"role"`
	Size int    `json:"size"`
	SM3  string `json:"sm3"`
}

// tryPackage takes everything that begins like a ZIP: what is wrong with it is a note.
func tryPackage(file *File, input []byte) bool {
	if !bytes.HasPrefix(input, []byte("PK\x03\x04")) {
		return false
	}
	file.Format = FormatPackage
	opened, err := ofd.Open(input, ofd.DefaultLimits())
	if err != nil {
		file.Notes = append(file.Notes, err.Error())
		return true
	}
	shown := &Package{Namespace: opened.Namespace, Bodies: opened.Bodies, Documents: []Document{}, Signatures: []PackageSignature{}, Entries: []Entry{}, Dangling: opened.Dangling}
	for _, one := range opened.Documents {
		shown.Documents = append(shown.Documents, showDocument(one))
	}
	for _, one := range opened.Signatures {
		shown.Signatures = append(shown.Signatures, showPackageSignature(one))
	}
	for _, path := range opened.Names() {
		content, err := opened.Read(path)
		if err != nil {
			file.Notes = append(file.Notes, err.Error())
			continue
		}
		shown.Entries = append(shown.Entries, Entry{path, string(opened.RoleOf(path)), len(content), digest.Hex(content)})
	}
	for _, written := range slices.Sorted(maps.Keys(opened.CaseMismatch)) {
		shown.CaseMismatch = append(shown.CaseMismatch, written+" is "+opened.CaseMismatch[written])
	}
	for _, one := range opened.Faults {
		shown.Faults = append(shown.Faults, one.Error())
	}
	for _, one := range opened.Deviations {
		shown.Deviations = append(shown.Deviations, one.Name+" "+one.Path)
	}
	file.Package = shown
	return true
}

func showDocument(one *ofd.Document) Document {
	shown := Document{Root: one.Root, Current: one.Current, DocID: one.Info.DocID, Title: one.Info.Title, Creator: one.Info.Creator, PageArea: area(one.PageArea), Pages: []Sheet{}}
	for _, page := range one.Pages {
		shown.Pages = append(shown.Pages, Sheet{page.ID, page.Path})
	}
	return shown
}

func showPackageSignature(one *ofd.Signature) PackageSignature {
	shown := PackageSignature{ID: one.ID, Type: one.Type, Path: one.Path, Provider: one.Provider, Method: one.Method, DateTime: one.DateTime, CheckMethod: one.CheckMethod,
		References: []Reference{}, SealPath: one.SealPath, ValuePath: one.ValuePath, Fault: faultText(one.Fault)}
	for _, reference := range one.References {
		shown.References = append(shown.References, Reference{reference.FileRef, hex.EncodeToString(reference.CheckValue), faultText(reference.Fault)})
	}
	for _, stamp := range one.Stamps {
		drawn := Stamp{ID: stamp.ID, PageRef: stamp.PageRef, Page: stamp.Page, Boundary: area(stamp.Boundary), Fault: faultText(stamp.Fault)}
		if stamp.Clip != nil {
			clip := area(*stamp.Clip)
			drawn.Clip = &clip
		}
		shown.Stamps = append(shown.Stamps, drawn)
	}
	if one.Value != nil {
		value := inspectStructure(one.ValuePath, one.Value)
		shown.Value = &value
	}
	return shown
}

func area(box ofd.Box) Area { return Area{box.X, box.Y, box.Width, box.Height} }

func faultText(fault *ofd.Error) string {
	if fault == nil {
		return ""
	}
	return fault.Error()
}
