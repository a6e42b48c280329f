package pdf

import (
	"fmt"
	"math"
)

// PageSize is how large a page is shown, in millimetres: its visible area, turned as the page says.
type PageSize struct{ Width, Height float64 }

// Drawing is a place at which a signature shows its picture. The whole picture fills Box; only Clip of it, counted from the corner of
// Box, is seen; nil is all.
type Drawing struct {
	Page int // counted from 1
	Box  Box
	Clip *Box
}

// seen is the part of the page that the drawing covers.
func (d Drawing) seen() Box {
	if d.Clip == nil {
		return d.Box
	}
	return Box{d.Box.X + d.Clip.X, d.Box.Y + d.Clip.Y, d.Clip.Width, d.Clip.Height}
}

// Pages are the sizes of the pages.
func (f *File) Pages() ([]PageSize, error) {
	var out []PageSize
	err := f.latest.eachPage(func(_ int, _ Ref, page *Dict) error {
		g, err := f.latest.geometry(page)
		width, height := g.size()
		out = append(out, PageSize{width, height})
		return err
	})
	return out, err
}

// geometry is how a page is shown.
type geometry struct {
	area [4]float64 // visible, in units of the page
	turn int        // clockwise: 0, 90, 180 or 270
	unit float64    // points to a unit (UserUnit, ISO 32000-1 14.11.2)
}

// geometry reads it from the page and the nodes above it (ISO 32000-1 7.7.3.4). A turn that is none of the four is refused: readers
// differ in what they make of it.
func (v *view) geometry(page *Dict) (geometry, error) {
	g := geometry{unit: 1}
	var err error
	if g.area, err = v.pageBox(page); err != nil {
		return g, err
	}
	turn, err := v.inherited(page, "Rotate")
	if err != nil {
		return g, err
	}
	switch value := turn.(type) {
	case nil:
	case int:
		g.turn = (value%360 + 360) % 360
	default:
		g.turn = -1
	}
	if g.turn%90 != 0 {
		return g, refuse(CodeStructure, 0, "a page is turned by no quarter of a circle")
	}
	unit, err := v.resolve(page.Get("UserUnit"))
	if err != nil {
		return g, err
	}
	switch value := unit.(type) {
	case nil:
	case int:
		g.unit = float64(value)
	case Real:
		g.unit = float64(value)
	default:
		g.unit = 0
	}
	if !(g.unit > 0.001 && g.unit < 1e6) {
		return g, refuse(CodeStructure, 0, "a page has no unit")
	}
	return g, nil
}

// inherited is a value of a page or of the nearest node above it that has one.
func (v *view) inherited(page *Dict, key Name) (Object, error) {
	node := page
	for level := 0; node != nil && level < maxDepth; level++ {
		value, err := v.resolve(node.Get(key))
		if err != nil || value != nil {
			return value, err
		}
		if node, err = v.dict(node.Get("Parent")); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// scale is how many units of the page make a millimetre.
func (g geometry) scale() float64 { return pointsPerMM / g.unit }

func (g geometry) size() (width, height float64) {
	width, height = (g.area[2]-g.area[0])/g.scale(), (g.area[3]-g.area[1])/g.scale()
	if g.turn%180 != 0 {
		return height, width
	}
	return width, height
}

// rect is a place on the page as it is shown, in units of the page as it is described: left, bottom, right, top.
func (g geometry) rect(b Box) [4]float64 {
	k := g.scale()
	left, top, right, bottom := b.X*k, b.Y*k, (b.X+b.Width)*k, (b.Y+b.Height)*k // from the top left corner of what is shown
	a := g.area
	switch g.turn {
	case 90: // the left edge is shown on top
		return [4]float64{a[0] + top, a[1] + left, a[0] + bottom, a[1] + right}
	case 180:
		return [4]float64{a[2] - right, a[1] + top, a[2] - left, a[1] + bottom}
	case 270: // the right edge is shown on top
		return [4]float64{a[2] - bottom, a[3] - right, a[2] - top, a[3] - left}
	}
	return [4]float64{a[0] + left, a[3] - bottom, a[0] + right, a[3] - top}
}

// box is rect the other way round.
func (g geometry) box(r [4]float64) Box {
	k := g.scale()
	a := g.area
	width, height := (r[2]-r[0])/k, (r[3]-r[1])/k
	switch g.turn {
	case 90:
		return Box{(r[1] - a[1]) / k, (r[0] - a[0]) / k, height, width}
	case 180:
		return Box{(a[2] - r[2]) / k, (r[1] - a[1]) / k, width, height}
	case 270:
		return Box{(a[3] - r[3]) / k, (a[2] - r[2]) / k, height, width}
	}
	return Box{(r[0] - a[0]) / k, (a[3] - r[3]) / k, width, height}
}

// upright is the matrix that keeps a picture upright on a page that is turned (ISO 32000-1 12.5.5).
func (g geometry) upright() string {
	switch g.turn {
	case 90:
		return "/Matrix[0 1 -1 0 0 0]"
	case 180:
		return "/Matrix[-1 0 0 -1 0 0]"
	case 270:
		return "/Matrix[0 -1 1 0 0 0]"
	}
	return ""
}

// keyStamps is the entry of a signature's field that names the further pictures of the signature: annotations of type Stamp, since a
// signature field has one widget (ISO 32000-2 12.7.5.5). The name is ours.
const keyStamps = "YinxinStamps"

// maxStamps is how many further pictures one signature has at most.
const maxStamps = 2000

// printed, locked and not to be edited (ISO 32000-1 12.5.3).
const stampFlags = 1<<2 | 1<<6 | 1<<7

// drawing puts pictures onto pages for one signature.
type drawing struct {
	update *update
	refs   map[int]Ref // pages by number
	pages  map[int]*Dict
	image  Ref
	forms  map[string]Ref
	added  map[int][]Object // references to annotations by page
	order  []int
}

// drawings are all places of the signature's picture.
func (r SignatureRequest) drawings() []Drawing {
	if r.Picture == nil {
		return nil
	}
	return append([]Drawing{{max(r.Page, 1), r.Box, r.Clip}}, r.More...)
}

// newDrawing finds the pages that are drawn on.
func (u *update) newDrawing(r SignatureRequest) (*drawing, error) {
	d := &drawing{update: u, refs: map[int]Ref{}, pages: map[int]*Dict{}, forms: map[string]Ref{}, added: map[int][]Object{}}
	wanted := map[int]bool{max(r.Page, 1): true}
	for _, one := range r.More {
		wanted[one.Page] = true
	}
	count := 0
	err := u.file.latest.eachPage(func(number int, at Ref, page *Dict) error {
		if count = number; wanted[number] {
			d.refs[number], d.pages[number] = at, page
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for page := range wanted {
		if d.pages[page] == nil {
			return nil, fmt.Errorf("%w: page %d of %d", ErrUnknown, page, count)
		}
	}
	if r.Picture != nil {
		d.image, err = u.picture(r.Picture.Data)
	}
	return d, err
}

// look is the rectangle and the appearance of one place, as entries of an annotation.
func (d *drawing) look(one Drawing) (string, error) {
	g, err := d.update.file.latest.geometry(d.pages[one.Page])
	if err != nil {
		return "", err
	}
	width, height := g.size()
	seen := one.seen()
	if !(seen.Width > 0 && seen.Height > 0 && seen.X < width && seen.X+seen.Width > 0 && seen.Y < height && seen.Y+seen.Height > 0) {
		return "", fmt.Errorf("%w: the picture does not stand on the page", ErrInput)
	}
	clip := Box{Width: one.Box.Width, Height: one.Box.Height}
	if one.Clip != nil {
		clip = *one.Clip
	}
	if !(clip.X >= -slack && clip.Y >= -slack && clip.X+clip.Width <= one.Box.Width+slack && clip.Y+clip.Height <= one.Box.Height+slack) {
		return "", fmt.Errorf("%w: what is seen is no part of the picture", ErrInput)
	}
	// The picture is drawn whole, and the box of its form leaves what is seen; points, whatever the unit of the page.
	high := one.Box.Height * pointsPerMM
	form := fmt.Sprintf("<</Type/XObject/Subtype/Form/BBox[%s %s %s %s]%s/Resources<</ExtGState<</G<</BM/Multiply>>>>/XObject<</I %d 0 R>>>>",
		rounded(clip.X*pointsPerMM), rounded(high-(clip.Y+clip.Height)*pointsPerMM), rounded((clip.X+clip.Width)*pointsPerMM), rounded(high-clip.Y*pointsPerMM), g.upright(), d.image.Number)
	content := fmt.Sprintf("q /G gs %s 0 0 %s 0 0 cm /I Do Q", rounded(one.Box.Width*pointsPerMM), rounded(high))
	body := fmt.Sprintf("%s/Length %d>>\nstream\n%s\nendstream", form, len(content), content)
	ref, known := d.forms[body]
	if !known {
		ref = d.update.add([]byte(body))
		d.forms[body] = ref
	}
	r := g.rect(seen)
	return fmt.Sprintf("/Rect[%s %s %s %s]/AP<</N %d 0 R>>", rounded(r[0]), rounded(r[1]), rounded(r[2]), rounded(r[3]), ref.Number), nil
}

// slack is what sums of millimetres may be wrong by.
const slack = 1e-6

// rounded is a number of points as it is written: a ten-thousandth of one is less than any printer tells.
func rounded(points float64) string { return decimal(math.Round(points*1e4) / 1e4) }

// put adds an annotation to a page when flush is called.
func (d *drawing) put(page int, annotation Ref) {
	if d.added[page] == nil {
		d.order = append(d.order, page)
	}
	d.added[page] = append(d.added[page], annotation)
}

func (d *drawing) flush() error {
	for _, page := range d.order {
		list, own, err := d.update.longer(d.pages[page], "Annots", d.added[page]...)
		if err != nil {
			return err
		}
		if own != (Ref{}) {
			d.update.objects[own] = encode(nil, list)
		} else {
			d.update.objects[d.refs[page]] = encode(nil, d.pages[page].with("Annots", list))
		}
	}
	return nil
}

// stamps adds the further pictures and is the entry of the field that names them.
func (d *drawing) stamps(more []Drawing) (string, error) {
	list := Array{}
	for _, one := range more {
		look, err := d.look(one)
		if err != nil {
			return "", err
		}
		page := d.refs[one.Page]
		stamp := d.update.add(fmt.Appendf(nil, "<</Type/Annot/Subtype/Stamp/F %d%s/P %d %d R>>", stampFlags, look, page.Number, page.Generation))
		list = append(list, stamp)
		d.put(one.Page, stamp)
	}
	if len(list) == 0 {
		return "", nil
	}
	return "/" + keyStamps + string(encode(nil, list)), nil
}

// Shown is a place at which a signature shows something.
type Shown struct {
	Page int  // counted from 1; 0 when it stands on none
	Box  Box  // millimetres from the top left corner of the page as it is shown
	Seen bool // some of it lies on the page, and no flag hides it
}

// show notes where an annotation with a rectangle shows something: nowhere when it has no area.
func (f *File) show(s *Signature, annotation *Dict, rect [4]float64, page int, pages *pageList) error {
	if !hasArea(rect) {
		return nil
	}
	s.Visible = true
	if page == 0 {
		s.Shown = append(s.Shown, Shown{})
		return nil
	}
	g, known := pages.geometry[page]
	if !known {
		dict, err := f.latest.dict(pages.refs[page-1])
		if err != nil {
			return err
		}
		if g, err = f.latest.geometry(dict); limited(err) {
			return err
		} else if err != nil {
			g.turn, g.unit = 0, 1 // how it is shown is not said; where it stands is told all the same
		}
		pages.geometry[page] = g
	}
	flags, _ := annotation.Get("F").(int)
	box := g.box(rect)
	width, height := g.size()
	inside := box.X < width && box.X+box.Width > 0 && box.Y < height && box.Y+box.Height > 0
	s.Shown = append(s.Shown, Shown{page, box, inside && flags&(flagHidden|flagNoView) == 0})
	return nil
}

// showsMore finds the further pictures that the field of a signature names.
func (f *File) showsMore(s *Signature, widget *Dict, pages *pageList) error {
	value, err := f.latest.resolve(widget.Get(keyStamps))
	if err != nil {
		return err
	}
	list, _ := value.(Array)
	if len(list) > maxStamps {
		return refuse(CodeLimit, s.field.Number, "too many pictures")
	}
	for _, item := range list {
		ref, _ := item.(Ref)
		stamp, err := f.latest.dict(ref)
		if err != nil {
			return err
		}
		if stamp.Get("Subtype") != Name("Stamp") {
			continue
		}
		s.stamps = append(s.stamps, ref)
		rect, _, err := f.latest.box(stamp.Get("Rect"))
		if err != nil {
			return err
		}
		if err := f.show(s, stamp, rect, pages.number[ref], pages); err != nil {
			return err
		}
	}
	return nil
}

// pictured judges an annotation that came behind a signature: a further picture of a later signature, which draws and does nothing else.
func (w *walker) pictured(ref Ref) (bool, error) {
	later := w.pictures[ref]
	if later == nil || later.End <= w.signature.End {
		return false, nil
	}
	dict, err := w.new.dict(ref)
	if dict == nil || dict.Duplicate {
		return false, err
	}
	for _, key := range dict.Keys {
		switch key {
		case "Type", "Subtype", "F", "Rect", "P":
		case "AP":
			look, err := w.new.dict(dict.Get(key))
			if look == nil || len(look.Keys) != 1 {
				return false, err
			}
			drawn, err := w.new.resolve(look.Get("N"))
			if _, stream := drawn.(*Stream); !stream {
				return false, err
			}
		default:
			return false, nil
		}
	}
	if w.certification(w.all()) > 0 { // as for the widget
		return false, nil
	}
	w.out.Visible = true
	return true, nil
}
