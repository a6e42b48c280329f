package sealhttp

import (
	"encoding/base64"
	"strconv"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// StampPlace says on the wire where a seal is drawn; esign.Place says what its members mean.
type StampPlace struct {
	Kind     string   `json:"kind" enum:"pages,straddle,keyword" doc:"pages: at one spot on one or many pages (单页、多页同位); straddle: cut along an edge of the pages (骑缝); keyword: over a text (关键字)"`
	Pages    string   `json:"pages,omitempty" maxLength:"200" doc:"Pages: 1, 2-5,8, odd, even, all; all when absent, which the kind pages does not allow" example:"1-3"`
	XMM      float64  `json:"x_mm,omitempty" doc:"pages: left edge of the seal in millimetres; keyword: how far its middle lies right of the middle of the text"`
	YMM      float64  `json:"y_mm,omitempty" doc:"pages: top edge of the seal in millimetres; keyword: how far its middle lies below the middle of the text"`
	Edge     string   `json:"edge,omitempty" enum:"right,left,top,bottom" doc:"straddle: the edge"`
	PerSet   int      `json:"per_set,omitempty" minimum:"2" maximum:"100" doc:"straddle: the most pages that one seal is cut over; 20 when absent"`
	AlongMM  *float64 `json:"along_mm,omitempty" doc:"straddle: from the top or left end of the edge to the seal in millimetres; the middle of the edge when absent"`
	MarginMM float64  `json:"margin_mm,omitempty" minimum:"0" maximum:"20" doc:"straddle: from the edge to the slice in millimetres"`
	Duplex   bool     `json:"duplex,omitempty" doc:"straddle along the left or right edge: two pages are one sheet, and both its sides carry its slice (双面打印)"`
	Text     string   `json:"text,omitempty" maxLength:"100" doc:"keyword: the text" example:"（盖章）"`
	Nth      int      `json:"nth,omitempty" minimum:"0" doc:"keyword: which occurrence, from 1; every one when absent"`
}

// read gives the document and the places of an order; exactly one of page and places says where the seal is drawn.
func (w Where) read(encoded string) (document []byte, all []esign.Place, err error) {
	if document, err = base64.StdEncoding.DecodeString(encoded); err != nil {
		return nil, nil, fault.Wrap(err, fault.Invalid).WithField("document", fault.Malformed)
	}
	all, err = w.places()
	return document, all, err
}

func (w Where) places() ([]esign.Place, error) {
	switch {
	case w.Page == nil && len(w.Places) == 0, w.Page != nil && len(w.Places) > 0:
		return nil, fault.New(fault.Invalid).WithField("page", fault.StampPlace)
	case w.Page != nil && *w.Page == 0:
		return nil, nil
	case w.Page != nil:
		return []esign.Place{esign.At(*w.Page, w.XMM, w.YMM)}, nil
	}
	all := make([]esign.Place, len(w.Places))
	for i, p := range w.Places {
		all[i] = esign.Place{Kind: esign.PlaceKind(p.Kind), Pages: p.Pages, XMM: p.XMM, YMM: p.YMM, Edge: esign.Edge(p.Edge), PerSet: p.PerSet, AlongMM: p.AlongMM, MarginMM: p.MarginMM,
			Duplex: p.Duplex, Text: p.Text, Nth: p.Nth}
	}
	return all, nil
}

// onePage is the page of a seal that stands on one alone.
func onePage(all []esign.Place) int {
	if len(all) != 1 || all[0].Kind != esign.OnPages {
		return 0
	}
	page, _ := strconv.Atoi(all[0].Pages) // not a number where there are several
	return page
}

// placesRecord shows the places of a stamp.
func placesRecord(all []esign.Place) []StampPlace {
	var shown []StampPlace
	for _, p := range all {
		shown = append(shown, StampPlace{Kind: string(p.Kind), Pages: p.Pages, XMM: p.XMM, YMM: p.YMM, Edge: string(p.Edge), PerSet: p.PerSet, AlongMM: p.AlongMM, MarginMM: p.MarginMM, Duplex: p.Duplex,
			Text: p.Text, Nth: p.Nth})
	}
	return shown
}

// BoxRecord is a rectangle on the wire.
type BoxRecord struct {
	XMM      float64 `json:"x_mm" doc:"Left edge in millimetres"`
	YMM      float64 `json:"y_mm" doc:"Top edge in millimetres"`
	WidthMM  float64 `json:"width_mm" doc:"Width in millimetres"`
	HeightMM float64 `json:"height_mm" doc:"Height in millimetres"`
}

// AppearanceRecord is the seal drawn once.
type AppearanceRecord struct {
	Page int `json:"page" doc:"Page from 1"`
	BoxRecord
	Clip *BoxRecord `json:"clip,omitempty" doc:"The part of the seal that is seen, counted from its own corner; all of it when absent"`
	Text *BoxRecord `json:"text,omitempty" doc:"Where the text stands on the page"`
}

func boxRecord(b *ofd.Box) *BoxRecord {
	if b == nil {
		return nil
	}
	return &BoxRecord{XMM: b.X, YMM: b.Y, WidthMM: b.Width, HeightMM: b.Height}
}

func appearanceRecords(all []esign.Appearance) []AppearanceRecord {
	shown := make([]AppearanceRecord, len(all))
	for i, a := range all {
		shown[i] = AppearanceRecord{Page: a.Page, BoxRecord: *boxRecord(&a.Box), Clip: boxRecord(a.Clip), Text: boxRecord(a.Text)}
	}
	return shown
}
