package facedesign

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensephoto"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
)

// Data is with which values a face is tried.
type Data string

// Kinds of data, in the order in which they are offered.
const (
	DataSample  Data = "sample"  // of the package
	DataLongest Data = "longest" // every value as long as it may be; what does not fit its box goes to the annex
	DataHolders Data = "holders" // several holders, as many as the type allows, at most twelve
	DataRare    Data = "rare"    // a name with characters beyond GB 2312, which a face that lacks them has to name
)

// AllData are the kinds of data.
var AllData = []Data{DataSample, DataLongest, DataHolders, DataRare}

// Rare are the characters that DataRare puts into the name of the holder (GB 18030-2022).
const Rare = "㐂𠮷"

const (
	mostHolders = 12
	widest      = "证" // full width
)

// Values makes the data of a kind from the sample of a type. Unknown kinds give the sample.
func Values(t *catalog.Type, data Data) catalog.Values {
	values := t.Sample.Clone()
	switch data {
	case DataLongest:
		for _, f := range t.Fields {
			if !f.Own && f.Key != catalog.KeyAuthority && f.Key != catalog.KeyHolderName && f.Key != catalog.KeyLicenseNumber || f.Key == t.NumberKey || f.Key == catalog.KeyLicenseNumber && t.NumberKey != "" {
				continue
			}
			character := ""
			switch f.Kind {
			case catalog.KindText:
				character = widest
			case catalog.KindCode:
				character = "8"
			default:
				continue
			}
			list := slices.Clone(values[f.Key])
			if len(list) == 0 {
				list = []string{""} // what may be left out is there, too
			}
			for i := range list {
				list[i] = strings.Repeat(character, f.MaxRunes)
			}
			values[f.Key] = list
		}
	case DataHolders:
		for _, key := range []string{catalog.KeyHolderName, catalog.KeyHolderCode, catalog.KeyHolderType, catalog.KeyHolderTypeZh} {
			if first := values.First(key); first != "" {
				values[key] = slices.Repeat([]string{first}, max(1, min(t.MaxHolders, mostHolders)))
			}
		}
	case DataRare:
		if names := slices.Clone(values[catalog.KeyHolderName]); len(names) > 0 {
			names[0] = string([]rune(names[0])[:1]) + Rare
			values[catalog.KeyHolderName] = names
		}
	}
	return values
}

// ErrDraw wraps why a page is not drawn; others are those of licenseface.
var ErrDraw = errors.New("facedesign: the page cannot be drawn")

// Maker makes licence files; licenseface.Maker is one.
type Maker interface {
	Build(t *catalog.Type, values catalog.Values, photo []byte, status licensefile.StatusEntry) ([]byte, error)
}

// Drawing is one page as it will be issued, without its seal.
type Drawing struct {
	PNG               []byte
	Page, Pages       int // Page counts from 1; annex pages come last
	Annexes           int // how many of the pages
	WidthMM, HeightMM float64
}

// DPI is enough to judge a page on a screen.
const DPI = 110

// Draw makes the file of a type for the values and draws one of its pages; a page that is not there gives the last one. Errors wrap ErrDraw,
// or are those of the maker.
func Draw(maker Maker, t *catalog.Type, values catalog.Values, number int) (Drawing, error) {
	values, photo, err := licensephoto.WithSilhouette(t, values)
	if err != nil {
		return Drawing{}, fmt.Errorf("%w: %w", ErrDraw, err)
	}
	content, err := maker.Build(t, values, photo, licensefile.StatusEntry{List: "https://trial.invalid/status/1", Index: 1, Signer: "试制"})
	if err != nil {
		return Drawing{}, err
	}
	p, err := ofd.Open(content, ofd.DefaultLimits())
	if err != nil {
		return Drawing{}, fmt.Errorf("%w: %w", ErrDraw, err)
	}
	document, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
	if err != nil {
		return Drawing{}, fmt.Errorf("%w: %w", ErrDraw, err)
	}
	d := Drawing{Pages: document.Pages()}
	d.Page, d.Annexes = max(1, min(number, d.Pages)), d.Pages-len(t.Face.Pages)
	area := p.Current().Pages[d.Page-1].Area
	d.WidthMM, d.HeightMM = area.Width, area.Height
	drawn, err := document.Page(d.Page)
	if err != nil {
		return Drawing{}, fmt.Errorf("%w: %w", ErrDraw, err)
	}
	if findings := drawn.Findings(); len(findings) > 0 {
		return Drawing{}, fmt.Errorf("%w: %v", ErrDraw, findings[0])
	}
	if d.PNG, err = drawn.PNG(DPI); err != nil {
		return Drawing{}, fmt.Errorf("%w: %w", ErrDraw, err)
	}
	return d, nil
}
