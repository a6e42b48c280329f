// Package sealimage draws seal pictures in the manner of physical seals (国发〔1999〕25号, enterprise practice): one list of
// paths in millimetres, from which SVG, PNG and OFD objects are made, so that all of them agree.
package sealimage

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// Spec says what a round seal shows.
type Spec struct {
	Name       string  // around, left to right
	Line       string  // along the bottom, empty for a seal of the body itself: 行政审批专用章
	Code       string  // small digits along the lower edge, optional
	DiameterMM float64 // 0: 42 with a star, 40 with a line
}

// Errors of Draw.
var (
	ErrName = errors.New("sealimage: the name is empty or too long to be read on the ring")
	ErrSize = errors.New("sealimage: the diameter is outside 20 to 60 mm")
)

// Bounds of the diameter, in millimetres.
const (
	MinDiameterMM = 20.0
	MaxDiameterMM = 60.0
)

// Red of seals; never inverted, since a seal is evidence.
var Red = color.NRGBA{R: 0xC0, A: 0xFF}

// Measures in millimetres, for a seal of 42 mm; they scale with the diameter.
const (
	reference   = 42.0
	border      = 1.2
	gap         = 1.3  // between ring and letters
	letter      = 5.6  // height of the letters around
	starRadius  = 7.0  // tips of the star
	lineHeight  = 3.6  // letters along the bottom
	lineAt      = 7.4  // middle of the bottom letters below the centre
	starUp      = 1.6  // how much higher the star stands above a line
	digits      = 1.9  // height of the code
	maxLetters  = 30   // on the ring
	narrowest   = 0.33 // least width of a letter in parts of its height
	widest      = 0.74
	fullArc     = 262 * math.Pi / 180
	resolution  = 600 / 25.4 // pixels a millimetre
	innerMargin = 0.8        // between letters of the ring and what is inside
)

// Picture is a drawn seal.
type Picture struct {
	WidthMM, HeightMM float64
	Path              typeface.Path // millimetres
}

// Draw lays out a seal. Letters of the ring touch neither the ring nor what is inside it.
func Draw(s Spec) (*Picture, error) {
	name := []rune(strings.TrimSpace(s.Name))
	if len(name) == 0 || len(name) > maxLetters {
		return nil, ErrName
	}
	size := s.DiameterMM
	if size == 0 {
		size = reference
		if s.Line != "" {
			size = 40
		}
	}
	if !(size >= MinDiameterMM && size <= MaxDiameterMM) { // so that NaN is outside, too
		return nil, ErrSize
	}
	d := &drawing{scale: size / reference, middle: size / 2, face: typeface.Serif()}
	radius := d.middle - 0.1
	d.add(typeface.Circle(d.middle, d.middle, radius, true))
	d.add(typeface.Circle(d.middle, d.middle, radius-border*d.scale, false))
	outer := radius - (border+gap)*d.scale
	height := letter * d.scale
	if err := d.ring(name, outer, height); err != nil {
		return nil, err
	}
	inner := outer - height - innerMargin*d.scale
	if s.Line == "" {
		d.star(min(starRadius*d.scale, inner), 0)
	} else {
		d.star(min(starRadius*0.78*d.scale, inner), starUp*d.scale)
		if err := d.line(s.Line, inner); err != nil {
			return nil, err
		}
	}
	if s.Code != "" {
		if err := d.code([]rune(s.Code), radius-(border+0.7)*d.scale); err != nil {
			return nil, err
		}
	}
	return &Picture{WidthMM: size, HeightMM: size, Path: d.path}, nil
}

type drawing struct {
	scale, middle float64
	face          *typeface.Face
	path          typeface.Path
}

func (d *drawing) add(p typeface.Path) { d.path = append(d.path, p...) }

// ring places the letters around: squeezed when there are many, the arc shorter when there are few.
func (d *drawing) ring(name []rune, outer, height float64) error {
	count := float64(len(name))
	base := outer - height // radius of the base line
	step := min(fullArc/count, 1.02*height*widest*1.55/base)
	width := min(widest*height, step*(base+height*0.25)*0.80)
	if width < narrowest*height {
		return ErrName
	}
	for i, r := range name {
		angle := (float64(i) - (count-1)/2) * step
		if err := d.letter(r, angle, base, width, height, false); err != nil {
			return err
		}
	}
	return nil
}

// letter puts one letter on an arc: its own box is stretched to width and height, so that no letter reaches beyond.
func (d *drawing) letter(r rune, angle, base, width, height float64, fromBelow bool) error {
	outline, err := d.face.Outline(r)
	if err != nil {
		return err
	}
	minX, minY, maxX, maxY, ok := outline.Bounds()
	if !ok {
		return nil
	}
	// Letters that are naturally small in one direction (一, ·) keep their proportion.
	spanX, spanY := max(maxX-minX, 0.7), max(maxY-minY, 0.7)
	middleX, middleY := (minX+maxX)/2, (minY+maxY)/2
	scaleX, scaleY := width/spanX, height/spanY
	sin, cos := math.Sin(angle), math.Cos(angle)
	distance := base + height/2
	cx, cy := d.middle+distance*sin, d.middle-distance*cos
	if fromBelow { // read from below: the letter stands on the outer side
		sin, cos = -sin, -cos
	}
	m := typeface.Matrix{A: scaleX * cos, B: scaleX * sin, C: -scaleY * sin, D: scaleY * cos}
	m.E = cx - m.A*middleX - m.C*middleY
	m.F = cy - m.B*middleX - m.D*middleY
	d.add(outline.Transform(m))
	return nil
}

// star is the five-pointed star in the middle.
func (d *drawing) star(radius, up float64) {
	inner := radius * math.Sin(18*math.Pi/180) / math.Sin(54*math.Pi/180)
	var p typeface.Path
	for i := range 10 {
		r := radius
		if i%2 == 1 {
			r = inner
		}
		angle := float64(i) * math.Pi / 5
		kind := typeface.Line
		if i == 0 {
			kind = typeface.Move
		}
		p = append(p, typeface.Segment{Kind: kind, X: d.middle + r*math.Sin(angle), Y: d.middle - up - r*math.Cos(angle)})
	}
	d.add(append(p, typeface.Segment{Kind: typeface.Close}))
}

// line writes straight along the bottom, no wider than the circle inside the ring allows there.
func (d *drawing) line(text string, inner float64) error {
	letters := []rune(text)
	height := lineHeight * d.scale
	top := lineAt*d.scale - height/2
	bottom := top + height
	half := math.Sqrt(max(inner*inner-bottom*bottom, 0))
	width := min(height*0.86, 2*half/float64(len(letters))*0.94)
	if width < narrowest*height {
		return ErrName
	}
	step := width / 0.9
	for i, r := range letters {
		if err := d.box(r, d.middle+(float64(i)-float64(len(letters)-1)/2)*step-width/2, d.middle+top, width, height); err != nil {
			return err
		}
	}
	return nil
}

// box puts one letter upright into a box, which it fills. Letters that are naturally small in one direction (一, ·) keep their proportion.
func (d *drawing) box(r rune, x, y, width, height float64) error {
	outline, err := d.face.Outline(r)
	if err != nil {
		return err
	}
	minX, minY, maxX, maxY, ok := outline.Bounds()
	if !ok {
		return nil
	}
	m := typeface.Matrix{A: width / max(maxX-minX, 0.7), D: height / max(maxY-minY, 0.7)}
	m.E = x + width/2 - m.A*(minX+maxX)/2
	m.F = y + height/2 - m.D*(minY+maxY)/2
	d.add(outline.Transform(m))
	return nil
}

// code writes digits along the lower edge, read from below.
func (d *drawing) code(text []rune, outer float64) error {
	height := digits * d.scale
	base := outer - height
	step := height * 0.82 / base
	for i, r := range text {
		angle := math.Pi - (float64(i)-float64(len(text)-1)/2)*step
		if err := d.letter(r, angle, base, height*0.52, height, true); err != nil {
			return err
		}
	}
	return nil
}

// SVG is a standalone picture.
func (p *Picture) SVG() []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%gmm" height="%gmm" viewBox="0 0 %g %g"><path fill="#C00000" d="%s"/></svg>`,
		p.WidthMM, p.HeightMM, p.WidthMM, p.HeightMM, p.Path.SVG())
}

// levels of red at the edges. More are not seen at 600 dpi, where an edge is 42 µm wide, and with four a pixel takes two bits: the picture
// stands in the seal, and the seal twice in every document that is sealed, where SM3 reads both. A round seal of 40 mm has 21.7 kB with four and 37.0 with
// sixteen.
const levels = 4

// PNG is the picture at 600 dpi on a transparent ground, in one colour of four opacities.
func (p *Picture) PNG() ([]byte, error) {
	covered := image.NewAlpha(image.Rect(0, 0, int(math.Round(p.WidthMM*resolution)), int(math.Round(p.HeightMM*resolution))))
	p.Path.Draw(covered, resolution, color.Opaque)
	target := &image.Paletted{Pix: covered.Pix, Stride: covered.Stride, Rect: covered.Rect}
	for level := range levels {
		target.Palette = append(target.Palette, color.NRGBA{R: Red.R, G: Red.G, B: Red.B, A: uint8(level * 255 / (levels - 1))})
	}
	for i, coverage := range covered.Pix {
		covered.Pix[i] = uint8((int(coverage)*(levels-1) + 127) / 255)
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, target); err != nil {
		return nil, fmt.Errorf("sealimage: encode: %w", err)
	}
	return out.Bytes(), nil
}
