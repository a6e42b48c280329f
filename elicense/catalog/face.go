package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Face is the template of a licence's pages. Lengths are millimetres from the page's top left corner; colours are
// "#RRGGBB".
type Face struct {
	Pages []FacePage `json:"pages"`
	Annex FaceAnnex  `json:"annex"` // where text goes that overflows
	Seals []SealSlot `json:"seals"`
	Words Words      `json:"words,omitempty"` // the fixed words in other languages
}

// FacePage is one page.
type FacePage struct {
	WidthMM  float64    `json:"width_mm"`
	HeightMM float64    `json:"height_mm"`
	Items    []FaceItem `json:"items"`
}

// FaceAnnex is the layout of a continuation page.
type FaceAnnex struct {
	WidthMM  float64 `json:"width_mm"`
	HeightMM float64 `json:"height_mm"`
	MarginMM float64 `json:"margin_mm"`
	SizeMM   float64 `json:"size_mm"`
	Title    string  `json:"title"`
	Note     string  `json:"note"` // stands on the face where the text is cut off
}

// SealSlot is where a seal goes. Page counts from 1.
type SealSlot struct {
	Page     int     `json:"page"`
	XMM      float64 `json:"x_mm"`
	YMM      float64 `json:"y_mm"`
	WidthMM  float64 `json:"width_mm"`
	HeightMM float64 `json:"height_mm"`
}

// ItemKind is what a face item draws.
type ItemKind string

// Kinds of items.
const (
	ItemText  ItemKind = "text" // fixed text, or a value when Bind is set
	ItemLine  ItemKind = "line" // from X,Y to X+Width,Y+Height
	ItemRect  ItemKind = "rect"
	ItemPhoto ItemKind = "photo" // the picture of the holder, of the value that Bind names; Text stands there where it is missing
	ItemQR    ItemKind = "qr"    // the address that answers whether the licence is in force
)

// Overflow is what happens to a value that does not fit its box.
type Overflow string

// Overflow rules. All of them shrink the text down to MinSizeMM first where that is set. The catalogue makes sure that
// the longest allowed value fits a box without annex.
const (
	OverflowShrink Overflow = "shrink" // one line
	OverflowWrap   Overflow = "wrap"   // lines inside the box
	OverflowAnnex  Overflow = "annex"  // lines inside the box, the rest on a continuation page
)

// Form is how a value is written on the face.
type Form string

// Forms.
const (
	FormPlain Form = "plain"
	FormDate  Form = "date"   // 2026年11月24日
	FormUntil Form = "period" // 自2026年11月24日至…, from effective_date and expiring_date
	FormSplit Form = "joined" // several values joined by Join
)

// FaceItem is one thing on a page.
type FaceItem struct {
	Kind      ItemKind `json:"kind"`
	ID        string   `json:"id"`    // name in the data index; empty for decoration
	Layer     string   `json:"layer"` // background | body | foreground; body when empty
	XMM       float64  `json:"x_mm"`
	YMM       float64  `json:"y_mm"`
	WidthMM   float64  `json:"width_mm"`
	HeightMM  float64  `json:"height_mm"`
	Text      string   `json:"text"`
	LabelOf   string   `json:"label_of,omitempty"` // of a fixed text: id of the item that it names
	Bind      string   `json:"bind"`               // key of the value shown
	Form      Form     `json:"form"`
	Join      string   `json:"join"`
	Font      string   `json:"font"` // name of a built-in face: sans | serif_bold
	SizeMM    float64  `json:"size_mm"`
	MinSizeMM float64  `json:"min_size_mm"`
	LeadingMM float64  `json:"leading_mm"` // distance of lines; 1.5 of the size when 0
	Align     string   `json:"align"`      // left | center | right; left when empty
	SpacingMM float64  `json:"spacing_mm"` // extra distance between characters
	Overflow  Overflow `json:"overflow"`
	Middle    bool     `json:"middle"` // lines stand in the middle of the box, not at its top
	Color     string   `json:"color"`
	Fill      string   `json:"fill"`
	StrokeMM  float64  `json:"stroke_mm"`
	Fit       Fit      `json:"fit,omitempty"` // of a photo; contain when empty
}

// Display is the text that an item shows for the data: the fixed text, or the value in the form of the binding. It is
// what page text is compared with, so building and judging use this one function.
func (t *Type) Display(item FaceItem, values Values) string {
	if item.Bind == "" {
		return item.Text
	}
	switch item.Form {
	case FormDate:
		return displayDate(values.First(item.Bind))
	case FormUntil:
		from, to := values.First(KeyEffectiveDate), values.First(KeyExpiringDate)
		switch {
		case to == "" && from == "":
			return t.Validity.LongTermText
		case to == "":
			return "自" + displayDate(from) + "至" + t.Validity.LongTermText
		}
		return "自" + displayDate(from) + "至" + displayDate(to)
	case FormSplit:
		return strings.Join(values[item.Bind], item.Join)
	}
	return values.First(item.Bind)
}

func displayDate(day string) string {
	if len(day) != 8 || !allDigits(day) {
		return day
	}
	return day[:4] + "年" + strings.TrimPrefix(day[4:6], "0") + "月" + strings.TrimPrefix(day[6:], "0") + "日"
}

// Bound lists the items that show a value as text, over all pages, in the order of the template.
func (t *Type) Bound() []FaceItem {
	var list []FaceItem
	for _, page := range t.Face.Pages {
		for _, item := range page.Items {
			if item.Bind != "" && item.Kind == ItemText {
				list = append(list, item)
			}
		}
	}
	return list
}

// Item returns the item of the ID.
func (t *Type) Item(id string) (FaceItem, bool) {
	for _, page := range t.Face.Pages {
		for _, item := range page.Items {
			if item.ID == id && id != "" {
				return item, true
			}
		}
	}
	return FaceItem{}, false
}

// Text lists every fixed text of the face and the annex, so that a font subset can be checked against it.
func (f Face) Text() []string {
	list := []string{f.Annex.Title, f.Annex.Note}
	for _, page := range f.Pages {
		for _, item := range page.Items {
			if item.Kind == ItemText && item.Bind == "" || item.Kind == ItemPhoto && item.Text != "" {
				list = append(list, item.Text)
			}
		}
	}
	return list
}

func (t *Type) checkFace() error {
	if len(t.Face.Pages) == 0 || len(t.Face.Seals) == 0 {
		return errors.New("a face has at least one page and one seal")
	}
	if len(t.Face.Pages) > maxPages || len(t.Face.Seals) > maxPages {
		return at("pages", fmt.Errorf("at most %d pages and seals", maxPages))
	}
	var faults []error
	annex := t.Face.Annex
	if !pageSize(annex.WidthMM, annex.HeightMM) || annex.SizeMM <= 0 || annex.MarginMM <= 0 || annex.MarginMM*2+10*annex.SizeMM >= min(annex.WidthMM, annex.HeightMM) || !plainText(annex.Title, 30) || !plainText(annex.Note, 30) {
		faults = append(faults, at("annex", errors.New("annex is incomplete, or its margins leave no room")))
	}
	ids, bound, codes, photos := map[string]bool{}, map[string]bool{}, 0, 0
	for n, page := range t.Face.Pages {
		place := element("pages", n)
		if !pageSize(page.WidthMM, page.HeightMM) || len(page.Items) > maxFaceItems {
			faults = append(faults, at(place, fmt.Errorf("page %d: size, or more than %d items", n+1, maxFaceItems)))
			continue
		}
		for i, item := range page.Items {
			err := t.checkItem(page, item)
			if err == nil && item.ID != "" && ids[item.ID] {
				err = fmt.Errorf("item id %q is taken", item.ID)
			}
			if err != nil {
				faults = append(faults, at(place, at(element("items", i), fmt.Errorf("%q: %w", item.ID, err))))
			}
			ids[item.ID] = true
			switch item.Kind {
			case ItemQR:
				codes++
			case ItemPhoto:
				photos++
			}
			if item.Bind != "" {
				bound[item.Bind] = true
				if item.Form == FormUntil {
					bound[KeyEffectiveDate], bound[KeyExpiringDate] = true, true
				}
			}
		}
	}
	for i, slot := range t.Face.Seals {
		if slot.Page < 1 || slot.Page > len(t.Face.Pages) || !inside(t.Face.Pages[slot.Page-1], slot.XMM, slot.YMM, slot.WidthMM, slot.HeightMM) || slot.WidthMM <= 0 || slot.HeightMM <= 0 {
			faults = append(faults, at(element("seals", i), errors.New("seal does not lie on its page")))
		}
	}
	if codes == 0 {
		faults = append(faults, at("pages", errors.New("the face has no QR code that answers whether the licence is in force")))
	}
	if _, ok := t.PhotoField(); ok && photos != 1 || photos > 1 {
		faults = append(faults, at("pages", errors.New("a type with a photo shows it once")))
	}
	if t.NumberKey != "" && bound[t.NumberKey] {
		bound[KeyLicenseNumber] = true
	}
	// What the face does not show cannot be compared with the data, so every field of the type must stand on it.
	for _, f := range t.Fields {
		if f.Required && !bound[f.Key] && !onFaceByName[f.Key] {
			faults = append(faults, at("pages", fmt.Errorf("required field %q is not on the face", f.Key)))
		}
	}
	return errors.Join(append(faults, t.checkLabels(), t.checkWords())...)
}

// onFaceByName are mandatory elements that the face shows by its title, or that describe a value shown beside them.
var onFaceByName = map[string]bool{
	KeyName: true, KeyTypeCode: true, KeyAuthorityCode: true, KeyHolderType: true, KeyHolderTypeZh: true, KeyVersion: true, KeyCreatedAt: true,
}

func pageSize(width, height float64) bool {
	return width >= 50 && width <= 1200 && height >= 50 && height <= 1200
}

func inside(page FacePage, x, y, width, height float64) bool {
	return x >= 0 && y >= 0 && width >= 0 && height >= 0 && x+width <= page.WidthMM && y+height <= page.HeightMM
}

func (t *Type) checkItem(page FacePage, item FaceItem) error {
	if !inside(page, item.XMM, item.YMM, item.WidthMM, item.HeightMM) {
		return errors.New("lies outside the page")
	}
	if !slices.Contains([]string{"", "background", "body", "foreground"}, item.Layer) || !slices.Contains([]string{"", "left", "center", "right"}, item.Align) {
		return errors.New("layer or align is unknown")
	}
	if !color(item.Color) || !color(item.Fill) {
		return errors.New("colour is not #RRGGBB")
	}
	if item.Fit != "" && item.Kind != ItemPhoto {
		return errors.New("fit is of photos")
	}
	switch item.Kind {
	case ItemText:
		return t.checkTextItem(item)
	case ItemPhoto:
		return t.checkPhotoItem(item)
	case ItemLine, ItemRect:
		if item.StrokeMM <= 0 && item.Fill == "" || item.Text != "" || item.Bind != "" || item.LabelOf != "" {
			return errors.New("a shape needs a stroke or a fill and nothing else")
		}
	case ItemQR:
		if item.WidthMM < 15 || item.WidthMM != item.HeightMM || item.ID == "" || item.LabelOf != "" {
			return errors.New("a QR code is a square of at least 15 mm with an id")
		}
	default:
		return fmt.Errorf("kind %q", item.Kind)
	}
	return nil
}

func (t *Type) checkTextItem(item FaceItem) error {
	if !wireForm(item.Font) || item.SizeMM < 1 || item.WidthMM < item.SizeMM || item.HeightMM < item.SizeMM || item.MinSizeMM < 0 || item.MinSizeMM > item.SizeMM {
		return errors.New("font, size or box is missing or too small")
	}
	if (item.Text == "") == (item.Bind == "") {
		return errors.New("either text or bind")
	}
	if item.LabelOf != "" && item.Bind != "" {
		return errors.New("a value labels nothing")
	}
	if item.Bind == "" {
		if !plainText(item.Text, 300) {
			return errors.New("fixed text holds characters that hide or move others, or is longer than 300")
		}
		return nil
	}
	if item.ID == "" {
		return errors.New("a bound item needs an id")
	}
	f, isField := t.Field(item.Bind)
	element, isElement := t.catalog.Element(item.Bind)
	if !isField && (!isElement || element.Key != item.Bind) {
		return fmt.Errorf("bind %q is no field", item.Bind)
	}
	if f.Kind == KindPhoto {
		return fmt.Errorf("bind %q is a photo, which is no text", item.Bind)
	}
	if !slices.Contains([]Form{FormPlain, FormDate, FormUntil, FormSplit}, item.Form) || (item.Form == FormSplit) != (item.Join != "") {
		return fmt.Errorf("form %q", item.Form)
	}
	if !slices.Contains([]Overflow{OverflowShrink, OverflowWrap, OverflowAnnex}, item.Overflow) {
		return fmt.Errorf("overflow %q", item.Overflow)
	}
	return t.checkCapacity(item)
}

// SmallestMM is the smallest size at which the item's text is drawn.
func (item FaceItem) SmallestMM() float64 {
	if item.MinSizeMM > 0 {
		return item.MinSizeMM
	}
	return item.SizeMM
}

// LineMM is the distance of lines at a size.
func (item FaceItem) LineMM(size float64) float64 {
	if item.LeadingMM > 0 {
		return item.LeadingMM * size / item.SizeMM
	}
	return 1.5 * size
}

// Lines is how many lines of a size fit the item's box.
func (item FaceItem) Lines(size float64) int {
	if item.Overflow == OverflowShrink {
		return 1
	}
	return 1 + int((item.HeightMM-size)/item.LineMM(size)+1e-9)
}

// checkCapacity makes sure that the longest value allowed can be drawn: full-width characters, or narrower ones for codes.
func (t *Type) checkCapacity(item FaceItem) error {
	if item.Overflow == OverflowAnnex || item.Form == FormDate || item.Form == FormUntil {
		return nil
	}
	longest, width := 200, 1.0
	if f, ok := t.Field(item.Bind); ok {
		longest = f.MaxRunes
		if f.Kind == KindCode {
			width = 0.68
		}
	}
	size := item.SmallestMM()
	perLine := int(item.WidthMM / (size*width + item.SpacingMM))
	// A line may end up to one character early, where a mark may not begin the next.
	if lines := item.Lines(size); lines > 1 {
		perLine = (perLine - 1) * lines
	}
	if perLine < longest {
		return fmt.Errorf("the box holds %d characters, %d are allowed", perLine, longest)
	}
	return nil
}

func color(text string) bool {
	if text == "" {
		return true
	}
	return len(text) == 7 && text[0] == '#' && strings.Trim(text[1:], "0123456789abcdefABCDEF") == ""
}
