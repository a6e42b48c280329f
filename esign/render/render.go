// Package render draws pages of OFD documents (GB/T 33190-2016): package → tree → one display list a page → SVG or PNG,
// the same on the server and in the browser. It judges nothing: whether a seal is good is for esign/verify to say.
//
// What is drawn is what the octets of the package say and nothing else: SVG is written from the display list, so nothing of
// the document's own markup reaches it; letters are outlines, pictures are decoded and encoded again. Whatever cannot be
// drawn, or is drawn in another way than the document asks, is a [Finding]; a page is never silently poorer.
//
// It is a leaf: no I/O, no clock, no state that changes. Work and memory are bounded by [Limits] whatever the file holds.
package render

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// Errors. Those of a limit are about the whole page: a page that is drawn in part because there is too much of it would
// not be what the document shows.
var (
	ErrPage       = errors.New("render: no such page")
	ErrBroken     = errors.New("render: the page cannot be read")
	ErrObjects    = errors.New("render: too many objects on a page")
	ErrSegments   = errors.New("render: too many points in the paths of a page")
	ErrCharacters = errors.New("render: too many characters on a page")
	ErrDepth      = errors.New("render: objects nested too deep")
	ErrPictures   = errors.New("render: too many pictures on a page")
	ErrOutput     = errors.New("render: the picture would be too large")
	ErrWork       = errors.New("render: drawing the page costs too much")
	ErrUnsigned   = errors.New("render: the page needs a file that nothing signs")
)

// Limits bound one page.
type Limits struct {
	XMLBytes      int   // XML read for the page, a file read again counted again
	Objects       int   // drawn objects, those of composites and patterns as often as they are drawn
	Segments      int   // of all paths, and twice as many of all letters
	Characters    int   // of all texts
	Depth         int   // page blocks, composites, patterns inside each other
	PictureBytes  int   // one picture decoded
	PagePictures  int   // all pictures of a page decoded
	PicturePixels int   // kept of all pictures of a page
	FontBytes     int   // all font programs of a document
	OutputBytes   int   // an SVG
	Pixels        int   // a PNG
	Work          int64 // steps of filling pixels
}

// DefaultLimits draw what real documents hold; the worst file costs less than 64 MiB of heap.
func DefaultLimits() Limits {
	return Limits{XMLBytes: 8 << 20, Objects: 40_000, Segments: 200_000, Characters: 60_000, Depth: 12, PictureBytes: 28 << 20, PagePictures: 36 << 20,
		PicturePixels: 5_000_000, FontBytes: 24 << 20, OutputBytes: 8 << 20, Pixels: 4_000_000, Work: 160_000_000}
}

// Options say what is drawn of a package.
type Options struct {
	Limits Limits // DefaultLimits when zero
	// Document is the index in Package.Documents.
	Document int
	// Faces draw the letters of fonts that are not in the file, BuiltIn as a rule. Without them such letters are boxes
	// (glyph_missing).
	Faces Faces
	// Seal decides whether the seal of a signature is drawn; nil draws those of all signatures.
	Seal func(s *ofd.Signature) bool
	// Annotation decides by the path of their file whether annotations are drawn; nil draws all. What is left out is a
	// finding.
	Annotation func(path string) bool
	// Signed decides whether the octets of a file may be shown; nil lets all pass. A page that needs another file is not drawn at all
	// (ErrUnsigned); annotations whose file or list is none of them are left out.
	Signed func(path string) bool
}

// Faces stand in for fonts that a document names and does not hold.
type Faces struct {
	Sans  *typeface.Face
	Serif *typeface.Face // heavy Song-style; Sans when nil
}

// BuiltIn are the faces of this program. A program that does not call it does not hold them (3 MB compressed).
func BuiltIn() Faces { return Faces{Sans: typeface.Sans(), Serif: typeface.Serif()} }

// Code of a finding.
type Code string

// Codes.
const (
	FontReplaced     Code = "font_replaced"     // no program in the file: drawn with a built-in face (字体已替代)
	FontBroken       Code = "font_broken"       // the program cannot be read: drawn with a built-in face
	GlyphMissing     Code = "glyph_missing"     // drawn as a box
	TextPositions    Code = "text_positions"    // characters without positions: set one behind the other
	PictureFormat    Code = "picture_format"    // TIFF, JBIG2, JPEG 2000, SVG …: a crossed box is drawn
	PictureMissing   Code = "picture_missing"   // the document names one that is not there: a crossed box is drawn
	PictureBroken    Code = "picture_broken"    // a crossed box is drawn
	PictureLarge     Code = "picture_large"     // more pixels than the limits allow: a crossed box is drawn
	PictureReduced   Code = "picture_reduced"   // shown with fewer pixels than it has
	ResourceMissing  Code = "resource_missing"  // font, draw parameter or resource file that is not there
	MediaKind        Code = "media_kind"        // sound or video: a crossed box is drawn
	ColorApproximate Code = "color_approximate" // CMYK or a colour profile is turned into sRGB by the plain formula
	PaintUnsupported Code = "paint_unsupported" // a shading or pattern that cannot be drawn
	EffectIgnored    Code = "effect_ignored"    // a mask, border or other attribute without effect
	ObjectBroken     Code = "object_broken"     // not drawn: numbers out of bounds, path data that cannot be read
	ObjectUnknown    Code = "object_unknown"    // not drawn: an element that the standard does not name here
	OutsideBoundary  Code = "outside_boundary"  // text reaches outside its Boundary; it is drawn whole
	NoArea           Code = "no_area"           // not drawn: a Boundary without area
	Invisible        Code = "invisible"         // not drawn: Visible="false" or wholly transparent
	AnnotationHidden Code = "annotation_hidden" // left out by the caller
	AnnotationBroken Code = "annotation_broken"
	SealHidden       Code = "seal_hidden" // left out by the caller
	SealBroken       Code = "seal_broken" // the signed value or its picture cannot be read
	StampBroken      Code = "stamp_broken"
	TemplateMissing  Code = "template_missing"
)

// Finding is something that is not drawn as the document asks.
type Finding struct {
	Code   Code
	Path   string // file of the package
	Object string // ID of the first object
	Detail string
	Count  int
	// Omitted: something is not in the picture at all. Otherwise it is drawn in another way.
	Omitted bool
}

// omits are the codes that leave something out.
var omits = []Code{PictureFormat, PictureMissing, PictureBroken, PictureLarge, MediaKind, PaintUnsupported, ObjectBroken, ObjectUnknown, NoArea, Invisible, AnnotationHidden,
	AnnotationBroken, SealHidden, SealBroken, StampBroken, TemplateMissing, GlyphMissing, EffectIgnored}

const maxFindings = 200 // different ones; more of the same are counted

// findings collect what is not drawn as asked, each kind once.
type findings struct {
	list  []Finding
	index map[string]int
}

func (f *findings) add(code Code, path, object, format string, args ...any) {
	detail := fmt.Sprintf(format, args...)
	key := string(code) + "\x00" + path + "\x00" + detail
	if at, ok := f.index[key]; ok {
		f.list[at].Count++
		return
	}
	if len(f.list) >= maxFindings {
		f.list[len(f.list)-1].Count++
		return
	}
	if f.index == nil {
		f.index = map[string]int{}
	}
	f.index[key] = len(f.list)
	f.list = append(f.list, Finding{Code: code, Path: path, Object: object, Detail: detail, Count: 1, Omitted: slices.Contains(omits, code)})
}

// Document is one version of a document ready to be drawn. Like the package it may be used by one goroutine at a time.
type Document struct {
	p         *ofd.Package
	o         Options
	document  *ofd.Document
	root      *ofd.Node
	resources *resources
	templates map[string]string // path by ID
	fonts     map[string]*font  // by the path of the program, or the name of a replaced one
	common    findings          // of resources, told with every page
	seals     map[*ofd.Signature]*sealPicture
	nested    int64 // octets of pictures that are OFD themselves
	fontBytes int   // of the programs read
	outlined  int   // segments of the letters made so far
	flushed   int   // of those, no longer kept
	xml       int   // octets of XML read for this page
	template  string
	shared    *ofd.Node // the tree of that template: pages that follow each other mostly share one
	unsigned  string    // a file that Options.Signed refused since the page began
}

// Open reads what all pages share. Errors wrap ErrBroken, ErrObjects or ErrUnsigned.
func Open(p *ofd.Package, o Options) (*Document, error) {
	d, err := open(p, o)
	if d != nil {
		err = d.refused(err)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

func open(p *ofd.Package, o Options) (*Document, error) {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	if o.Document < 0 || o.Document >= len(p.Documents) {
		return nil, fmt.Errorf("%w: no document %d", ErrBroken, o.Document)
	}
	d := &Document{p: p, o: o, document: p.Documents[o.Document], templates: map[string]string{}, fonts: map[string]*font{}, seals: map[*ofd.Signature]*sealPicture{}}
	root, err := d.tree(d.document.Root)
	if err != nil {
		return d, err
	}
	d.root = root
	common := root.Child("CommonData")
	d.resources = newResources()
	for _, name := range []string{"PublicRes", "DocumentRes"} {
		for _, node := range common.All(name) {
			if err := d.resources.read(d, d.document.Root, node.Value(), &d.common); err != nil {
				return d, err
			}
		}
	}
	d.resources.defaultSpace = common.Child("DefaultCS").Value()
	for _, node := range common.All("TemplatePage") {
		if path, ok := d.find(d.document.Root, node.AttrOr("BaseLoc", "")); ok {
			d.templates[node.AttrOr("ID", "")] = path
		}
	}
	return d, nil
}

// Current is the index of the document that the current version of the first body shows.
func Current(p *ofd.Package) int {
	return max(0, slices.IndexFunc(p.Documents, func(d *ofd.Document) bool { return d.Current }))
}

// Pages is the number of pages.
func (d *Document) Pages() int { return len(d.document.Pages) }

// find gives the path of the file that a location names; false when it is not there.
func (d *Document) find(holder, location string) (string, bool) {
	wanted, failure := ofd.Resolve(holder, location)
	if failure != nil {
		return "", false
	}
	return d.p.Find(wanted)
}

// Findings tells what is wrong beside the pages: resources that are not there, and seals of this document that stand on
// none of its pages. Those of a page are Page.Findings.
func (d *Document) Findings() []Finding {
	all := findings{list: slices.Clone(d.common.list)}
	for _, s := range d.signatures() {
		for _, stamp := range s.Stamps {
			if !slices.ContainsFunc(d.document.Pages, func(p ofd.Page) bool { return p.ID == stamp.PageRef }) {
				all.add(StampBroken, s.Path, stamp.ID, "signature %s: no page %s", shorten(s.ID), shorten(stamp.PageRef))
			}
		}
	}
	return all.list
}

// signatures are those of the body that the document is a version of.
func (d *Document) signatures() []*ofd.Signature {
	var all []*ofd.Signature
	for _, s := range d.p.Signatures {
		if s.Document >= 0 && s.Document < len(d.p.Documents) && d.p.Documents[s.Document].Body == d.document.Body {
			all = append(all, s)
		}
	}
	return all
}

// Page is the display list of a page.
type Page struct {
	Number        int // from 1
	ID            string
	Width, Height float64 // mm
	Area          Area

	marks    []mark
	chars    []Char
	pictures []*picture
	limits   Limits
	findings findings
}

// Area holds the boxes of a page (GB/T 33190-2016 7.5), zero where absent; Physical is what is drawn.
type Area struct{ Physical, Application, Content, Bleed ofd.Box }

// Findings tells what is not drawn as the document asks, the omitted first.
func (p *Page) Findings() []Finding {
	list := slices.Clone(p.findings.list)
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Compare(order(a.Omitted), order(b.Omitted)) })
	return list
}

func order(omitted bool) int {
	if omitted {
		return 0
	}
	return 1
}

// defaultArea is A4, for documents that name no size.
var defaultArea = ofd.Box{Width: 210, Height: 297}

// Page makes the display list of a page, counted from 1. Errors are ErrPage, ErrBroken, ErrUnsigned or one of a limit.
func (d *Document) Page(number int) (*Page, error) { return d.page(number, true) }

func (d *Document) page(number int, pictures bool) (*Page, error) {
	if number < 1 || number > len(d.document.Pages) {
		return nil, ErrPage
	}
	d.flush()
	d.xml, d.unsigned = 0, ""
	source := d.document.Pages[number-1]
	page := &Page{Number: number, ID: source.ID, limits: d.o.Limits}
	page.findings.list = slices.Clone(d.common.list)
	for i, f := range page.findings.list {
		if page.findings.index == nil {
			page.findings.index = map[string]int{}
		}
		page.findings.index[string(f.Code)+"\x00"+f.Path+"\x00"+f.Detail] = i
	}
	tree, err := d.tree(source.Path)
	if err != nil {
		return nil, d.refused(err)
	}
	page.Area = d.area(tree)
	page.Width, page.Height = page.Area.Physical.Width, page.Area.Physical.Height
	b := &builder{d: d, page: page, pictures: pictures, loaded: map[string]*picture{}, own: map[string]*resources{}, outlined: d.outlined}
	if err := d.refused(b.build(source, tree)); err != nil {
		return nil, err
	}
	return page, nil
}

// signed tells whether a file may be read for a page, and remembers one that may not: whoever asked for it may go on without it, the page not.
func (d *Document) signed(path string) bool {
	if d.o.Signed == nil || d.o.Signed(path) {
		return true
	}
	d.unsigned = path
	return false
}

// refused is err, or that a file was asked for that nothing signs, which counts first.
func (d *Document) refused(err error) error {
	if d.unsigned != "" {
		return fmt.Errorf("%w: %s", ErrUnsigned, shorten(d.unsigned))
	}
	return err
}

// read gives the octets of a file that may be shown.
func (d *Document) read(path string) ([]byte, error) {
	if !d.signed(path) {
		return nil, ErrUnsigned
	}
	return d.p.Read(path)
}

// maxOutlined bounds the segments of letters that are kept from page to page.
const maxOutlined = 300_000

// flush forgets the letters of earlier pages when there are many; pages that are at hand keep theirs.
func (d *Document) flush() {
	if d.outlined-d.flushed <= maxOutlined {
		return
	}
	d.flushed = d.outlined
	for _, f := range d.fonts {
		f.glyphs, f.letters = map[uint16]*outline{}, map[rune]*outline{}
	}
}

// tree reads an XML file; what a page reads is bounded, so that it is drawn in time.
func (d *Document) tree(path string) (*ofd.Node, error) {
	content, err := d.read(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if d.xml += len(content); d.xml > d.o.Limits.XMLBytes {
		return nil, fmt.Errorf("%w: more than %d octets of XML, with %s", ErrObjects, d.o.Limits.XMLBytes, path)
	}
	tree, err := d.p.Tree(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return tree, nil
}

// templateTree reads a template, the last one only once.
func (d *Document) templateTree(path string) (*ofd.Node, error) {
	if d.template == path {
		return d.shared, nil
	}
	tree, err := d.tree(path)
	if err != nil {
		return nil, err
	}
	d.template, d.shared = path, tree
	return tree, nil
}

// area reads the boxes: each of the page, or of the document where the page has none.
func (d *Document) area(page *ofd.Node) Area {
	box := func(name string) ofd.Box {
		for _, holder := range []*ofd.Node{page.Child("Area"), d.root.Child("CommonData").Child("PageArea")} {
			if node := holder.Child(name); node != nil {
				if box, failure := ofd.ParseBox("", node.Value()); failure == nil {
					return box
				}
			}
		}
		return ofd.Box{}
	}
	a := Area{Physical: box("PhysicalBox"), Application: box("ApplicationBox"), Content: box("ContentBox"), Bleed: box("BleedBox")}
	if a.Physical.Width <= 0 || a.Physical.Height <= 0 {
		a.Physical = defaultArea
	}
	return a
}
