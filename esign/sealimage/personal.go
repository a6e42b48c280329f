package sealimage

import (
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// Layout is how the letters of a personal seal (个人名章) stand.
type Layout string

// Layouts. A square is read from above and from the right, as name seals are cut; a strip is read from the left.
const (
	Square Layout = "square"
	Strip  Layout = "strip"
)

// Layouts are all of them, in their order.
var Layouts = []Layout{Square, Strip}

// Filling is what follows a name on its seal.
type Filling string

// Fillings.
const (
	FillNone   Filling = "none"
	FillSeal   Filling = "seal"    // 印
	FillSealOf Filling = "seal_of" // 之印
)

// Fillings are all of them, in their order.
var Fillings = []Filling{FillNone, FillSeal, FillSealOf}

var fillingText = map[Filling]string{FillNone: "", FillSeal: "印", FillSealOf: "之印"}

// PersonalSpec says what a personal seal shows: red letters in a red frame (朱文).
type PersonalSpec struct {
	Name    string
	Layout  Layout
	Filling Filling
	// HeightMM is the side of a square, or the height of a strip, whose width follows from its letters; whole millimetres, since a seal's data
	// knows no others (GM/T 0031-2014 6.1.1.1 c). 0: 18 and 8.
	HeightMM int
}

// ErrLayout is what DrawPersonal says of a layout or filling that is none.
var ErrLayout = errors.New("sealimage: unknown layout or filling of a personal seal")

// Bounds of the height of personal seals, in millimetres.
const (
	MinSquareMM = 12
	MaxSquareMM = 30
	MinStripMM  = 6
	MaxStripMM  = 15
)

// Measures of personal seals, in parts of the height.
const (
	personalBorder  = 0.055 // of a square
	stripBorder     = 0.075
	personalGap     = 0.055 // between frame and letters, and between letters
	stripWidest     = 0.92  // width of a letter in a strip, in parts of its height
	maxSquareCount  = 6     // letters in a square: two columns of three
	maxStripCount   = 16
	leastPersonal   = 2 // no name has one letter
	defaultSquareMM = 18
	defaultStripMM  = 8
)

// PersonalBounds are the least and the greatest height of a layout, in millimetres; zero for one that is none.
func PersonalBounds(l Layout) (least, greatest int) {
	switch l {
	case Square:
		return MinSquareMM, MaxSquareMM
	case Strip:
		return MinStripMM, MaxStripMM
	}
	return 0, 0
}

// DrawPersonal lays out a personal seal. Letters touch neither the frame nor each other.
func DrawPersonal(s PersonalSpec) (*Picture, error) {
	filling, known := fillingText[s.Filling]
	if !known || !slices.Contains(Layouts, s.Layout) {
		return nil, ErrLayout
	}
	name := []rune(strings.TrimSpace(s.Name))
	letters := slices.Concat(name, []rune(filling))
	most := maxSquareCount
	if s.Layout == Strip {
		most = maxStripCount
	}
	if len(name) < leastPersonal || len(letters) > most || slices.Contains(letters, ' ') {
		return nil, ErrName
	}
	if s.HeightMM == 0 {
		s.HeightMM = defaultSquareMM
		if s.Layout == Strip {
			s.HeightMM = defaultStripMM
		}
	}
	if least, greatest := PersonalBounds(s.Layout); s.HeightMM < least || s.HeightMM > greatest {
		return nil, ErrSize
	}
	d := &drawing{face: typeface.Serif()}
	if s.Layout == Strip {
		return d.strip(letters, float64(s.HeightMM))
	}
	return d.square(letters, float64(s.HeightMM))
}

// frame draws the frame.
func (d *drawing) frame(width, height, border float64) {
	d.add(rectangle(0, 0, width, height, true))
	d.add(rectangle(border, border, width-border, height-border, false))
}

// square puts the first half of the letters into the column at the right, and the rest, one more when they are odd, into the one at the left:
// a surname stands beside two other letters as high as both.
func (d *drawing) square(letters []rune, side float64) (*Picture, error) {
	border, gap := side*personalBorder, side*personalGap
	d.frame(side, side, border)
	inner := side - 2*border - gap // room for columns with a gap after each
	wide := inner/2 - gap
	half := len(letters) / 2
	for column, part := range [][]rune{letters[:half], letters[half:]} {
		x := border + gap
		if column == 0 {
			x += inner / 2
		}
		step := inner / float64(len(part))
		for i, r := range part {
			if err := d.box(r, x, border+gap+float64(i)*step, wide, step-gap); err != nil {
				return nil, err
			}
		}
	}
	return &Picture{WidthMM: side, HeightMM: side, Path: d.path}, nil
}

// strip puts the letters into one line; its width is the next whole millimetre.
func (d *drawing) strip(letters []rune, height float64) (*Picture, error) {
	border, gap := height*stripBorder, height*personalGap
	tall := height - 2*border - 2*gap
	count := float64(len(letters))
	width := math.Ceil(2*border + gap + count*(tall*stripWidest+gap))
	d.frame(width, height, border)
	step := (width - 2*border - gap) / count
	for i, r := range letters {
		if err := d.box(r, border+gap+float64(i)*step, border+gap, step-gap, tall); err != nil {
			return nil, err
		}
	}
	return &Picture{WidthMM: width, HeightMM: height, Path: d.path}, nil
}

// rectangle is a closed path; the direction decides what lies between two of them, as of circles.
func rectangle(left, top, right, bottom float64, clockwise bool) typeface.Path {
	corners := [][2]float64{{left, top}, {right, top}, {right, bottom}, {left, bottom}}
	if !clockwise {
		slices.Reverse(corners)
	}
	path := typeface.Path{{Kind: typeface.Move, X: corners[0][0], Y: corners[0][1]}}
	for _, c := range corners[1:] {
		path = append(path, typeface.Segment{Kind: typeface.Line, X: c[0], Y: c[1]})
	}
	return append(path, typeface.Segment{Kind: typeface.Close})
}
