package catalog

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// KindPhoto is a picture of the holder (照片). Its value describes the picture that is drawn (Photo); the picture itself is a file of the licence's package,
// which the seal covers.
const KindPhoto Kind = "photo"

// PhotoRule is what the pictures of a field are like. A rule that says nothing has the measures of the portrait of an identity card (公民身份证件照片,
// 358 by 441 pixels; the pose is that of ISO/IEC 19794-5) and at most 100 KiB.
type PhotoRule struct {
	WidthPX   int `json:"width_px,omitempty"`
	HeightPX  int `json:"height_px,omitempty"`
	MaxOctets int `json:"max_octets,omitempty"` // of the picture as it is kept
}

// Bounds of a rule: pixels of a side, octets, and how much longer one side is than the other.
const (
	minPhotoSide   = 120
	maxPhotoSide   = 1200
	minPhotoOctets = 10 << 10
	maxPhotoOctets = 200 << 10
	maxPhotoRatio  = 2
	photoRunes     = 130 // of the value
)

func (r *PhotoRule) complete() error {
	if r.WidthPX == 0 && r.HeightPX == 0 {
		r.WidthPX, r.HeightPX = 358, 441
	}
	if r.MaxOctets == 0 {
		r.MaxOctets = 100 << 10
	}
	short, long := min(r.WidthPX, r.HeightPX), max(r.WidthPX, r.HeightPX)
	if short < minPhotoSide || long > maxPhotoSide || long > maxPhotoRatio*short || r.MaxOctets < minPhotoOctets || r.MaxOctets > maxPhotoOctets {
		return fmt.Errorf("a photo has %d to %d pixels a side, no side more than twice the other, and %d to %d octets", minPhotoSide, maxPhotoSide, minPhotoOctets, maxPhotoOctets)
	}
	return nil
}

func (r *PhotoRule) describe() string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%dx%d, %d octets", r.WidthPX, r.HeightPX, r.MaxOctets)
}

// Photo is the value of a field of KindPhoto: what names one picture among all others. Pictures are JPEG (ITU-T T.81), made anew from what was handed in.
type Photo struct {
	WidthPX, HeightPX int
	Octets            int
	SM3               string // of the file, lower-case hex
}

// photoForm begins every value.
const photoForm = "image/jpeg;"

// String is the value in the data of a licence.
func (p Photo) String() string {
	return photoForm + strconv.Itoa(p.WidthPX) + "x" + strconv.Itoa(p.HeightPX) + ";" + strconv.Itoa(p.Octets) + ";sm3=" + p.SM3
}

// ReadPhoto reads a value; false for what String does not write.
func ReadPhoto(value string) (p Photo, ok bool) {
	rest, _ := strings.CutPrefix(value, photoForm)
	size, rest, _ := strings.Cut(rest, ";")
	octets, rest, _ := strings.Cut(rest, ";")
	width, height, _ := strings.Cut(size, "x")
	p.SM3, _ = strings.CutPrefix(rest, "sm3=")
	for _, number := range []struct {
		text string
		into *int
	}{{width, &p.WidthPX}, {height, &p.HeightPX}, {octets, &p.Octets}} {
		var err error
		if *number.into, err = strconv.Atoi(number.text); err != nil || *number.into <= 0 {
			return Photo{}, false
		}
	}
	if sum, err := hex.DecodeString(p.SM3); err != nil || len(sum) != 32 || hex.EncodeToString(sum) != p.SM3 || p.String() != value {
		return Photo{}, false
	}
	return p, true
}

// fits tells whether a value is one of the rule.
func (r *PhotoRule) fits(value string) bool {
	p, ok := ReadPhoto(value)
	return ok && p.WidthPX == r.WidthPX && p.HeightPX == r.HeightPX && p.Octets <= r.MaxOctets
}

// PhotoField is the field that is a picture of the holder; a type has one at most.
func (t *Type) PhotoField() (Field, bool) {
	for _, f := range t.Fields {
		if f.Kind == KindPhoto {
			return f, true
		}
	}
	return Field{}, false
}

// PhotoOf is the picture that the values of a licence of the type name; false where they name none.
func (t *Type) PhotoOf(values Values) (Photo, bool) {
	f, ok := t.PhotoField()
	if !ok {
		return Photo{}, false
	}
	return ReadPhoto(values.First(f.Key))
}

// PhotoItem is the item of the face that shows the picture, with its page, from 0.
func (t *Type) PhotoItem() (item FaceItem, page int, ok bool) {
	for n, page := range t.Face.Pages {
		for _, item := range page.Items {
			if item.Kind == ItemPhoto {
				return item, n, true
			}
		}
	}
	return FaceItem{}, 0, false
}

func (t *Type) checkPhotoField(f *Field) error {
	if f.Kind != KindPhoto {
		if f.Photo != nil {
			return fmt.Errorf("field %q is no photo and has a rule for one", f.Key)
		}
		return nil
	}
	if f.Photo == nil {
		f.Photo = &PhotoRule{}
	}
	if f.MaxRunes == 0 {
		f.MaxRunes = photoRunes
	}
	if err := f.Photo.complete(); err != nil {
		return fmt.Errorf("field %q: %w", f.Key, err)
	}
	if first, _ := t.PhotoField(); first.Key != f.Key || f.Repeated || f.MaxRunes < photoRunes || f.Masking != MaskHide || t.NumberKey == f.Key {
		return fmt.Errorf("field %q: a type has one photo, not repeated, of max_runes %d or more, hidden in the masked view and no number", f.Key, photoRunes)
	}
	return nil
}

// Fit is how a picture stands in its box.
type Fit string

// Fits.
const (
	FitContain Fit = "contain" // whole, in the middle of the box; usual
	FitCrop    Fit = "crop"    // it fills the box, and what stands out is cut off evenly
)

// minPhotoMM is the shortest side of a box in which a face is known.
const minPhotoMM = 10

func (t *Type) checkPhotoItem(item FaceItem) error {
	f, ok := t.Field(item.Bind)
	switch {
	case !ok || f.Kind != KindPhoto || item.ID == "":
		return fmt.Errorf("bind %q is no photo, or the item has no id", item.Bind)
	case min(item.WidthMM, item.HeightMM) < minPhotoMM:
		return fmt.Errorf("the box of a photo is %d mm or more a side", minPhotoMM)
	case item.Fit != "" && item.Fit != FitContain && item.Fit != FitCrop:
		return fmt.Errorf("fit %q", item.Fit)
	case item.Form != "" || item.Join != "" || item.Overflow != "" || item.LabelOf != "" || item.Fill != "" || item.StrokeMM < 0:
		return errors.New("a photo has a box, a fit and a border, and no form, overflow, label_of or fill")
	case item.Text != "" && f.Required:
		return errors.New("words for a photo that is missing, and it is never missing")
	case item.Text != "" && (!plainText(item.Text, 30) || !wireForm(item.Font) || item.SizeMM < 1 || item.SizeMM > item.HeightMM):
		return errors.New("words for a photo that is missing are plain, at most 30 characters, and have font and size")
	}
	return nil
}

// PhotoPlace is where a picture stands, in millimetres: the part of the page that shows it, and the whole picture from the top left corner of that part.
type PhotoPlace struct {
	XMM, YMM, WidthMM, HeightMM                    float64
	LeftMM, TopMM, PictureWidthMM, PictureHeightMM float64
}

// PlacePhoto is where the item shows a picture. Drawing and judging use this one function.
func (item FaceItem) PlacePhoto(p Photo) PhotoPlace {
	across, down := item.WidthMM/float64(p.WidthPX), item.HeightMM/float64(p.HeightPX)
	scale := min(across, down)
	if item.Fit == FitCrop {
		scale = max(across, down)
	}
	width, height := fine(scale*float64(p.WidthPX)), fine(scale*float64(p.HeightPX))
	at := PhotoPlace{XMM: item.XMM, YMM: item.YMM, WidthMM: item.WidthMM, HeightMM: item.HeightMM, PictureWidthMM: width, PictureHeightMM: height}
	if item.Fit == FitCrop {
		at.LeftMM, at.TopMM = fine((item.WidthMM-width)/2), fine((item.HeightMM-height)/2)
		return at
	}
	at.XMM, at.YMM, at.WidthMM, at.HeightMM = fine(item.XMM+(item.WidthMM-width)/2), fine(item.YMM+(item.HeightMM-height)/2), width, height
	return at
}

// fine rounds to what an OFD holds of a length.
func fine(mm float64) float64 { return math.Round(mm*1000) / 1000 }
