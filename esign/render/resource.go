package render

import (
	"errors"
	"image/color"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/ofd"
)

// resources are what objects name by ID (GB/T 33190-2016 7.9), of the document and of one page.
type resources struct {
	outer        *resources
	files        map[string]bool // read already
	defaultSpace string
	fonts        map[string]*fontResource
	media        map[string]*mediaResource
	params       map[string]*ofd.Node
	composites   map[string]*composite
	spaces       map[string]*colorSpace
}

type fontResource struct {
	name, family               string
	bold, italic, serif, fixed bool
	file                       string // path of the program, empty without
	missing                    bool   // a program is named and not there
}

type mediaResource struct {
	kind, format, path string
	holder             string
}

type composite struct {
	width, height float64
	content       *ofd.Node
	path          string
}

type colorSpace struct {
	kind    string // GRAY, RGB, CMYK
	bits    int
	palette []string
	profile bool
}

func newResources() *resources {
	return &resources{files: map[string]bool{}, fonts: map[string]*fontResource{}, media: map[string]*mediaResource{}, params: map[string]*ofd.Node{},
		composites: map[string]*composite{}, spaces: map[string]*colorSpace{}}
}

// read adds a resource file; what is broken about it is a finding, objects that need it find nothing. The error is that of
// a limit.
func (r *resources) read(d *Document, holder, location string, f *findings) error {
	path, ok := d.find(holder, location)
	if r.files[path] {
		return nil
	}
	r.files[path] = true
	if !ok {
		f.add(ResourceMissing, holder, "", "resource file %q is not in the package", shorten(location))
		return nil
	}
	tree, err := d.tree(path)
	if errors.Is(err, ErrObjects) {
		return err
	}
	if err != nil {
		f.add(ResourceMissing, path, "", "the resource file cannot be read")
		return nil
	}
	base := path
	if folder := tree.AttrOr("BaseLoc", ""); folder != "" {
		if resolved, failure := ofd.Resolve(path, folder+"/x"); failure == nil { // the folder of a file x inside it
			base = resolved
		}
	}
	locate := func(location string) (string, bool) { return d.find(base, location) }
	for _, node := range tree.Child("Fonts").All("Font") {
		font := &fontResource{name: node.AttrOr("FontName", ""), family: node.AttrOr("FamilyName", ""), bold: isTrue(node.AttrOr("Bold", "")),
			italic: isTrue(node.AttrOr("Italic", "")), serif: isTrue(node.AttrOr("Serif", "")), fixed: isTrue(node.AttrOr("FixedWidth", ""))}
		if file := node.Child("FontFile").Value(); file != "" {
			var found bool
			font.file, found = locate(file)
			font.missing = !found
		}
		r.fonts[node.AttrOr("ID", "")] = font
	}
	for _, node := range tree.Child("MultiMedias").All("MultiMedia") {
		media := &mediaResource{kind: node.AttrOr("Type", "Image"), format: node.AttrOr("Format", ""), holder: path}
		media.path, _ = locate(node.Child("MediaFile").Value())
		r.media[node.AttrOr("ID", "")] = media
	}
	for _, node := range tree.Child("DrawParams").All("DrawParam") {
		r.params[node.AttrOr("ID", "")] = node
	}
	for _, node := range tree.Child("CompositeGraphicUnits").All("CompositeGraphicUnit") {
		unit := &composite{content: node.Child("Content"), path: path}
		unit.width, _ = number(node.AttrOr("Width", "0"))
		unit.height, _ = number(node.AttrOr("Height", "0"))
		r.composites[node.AttrOr("ID", "")] = unit
	}
	for _, node := range tree.Child("ColorSpaces").All("ColorSpace") {
		r.spaces[node.AttrOr("ID", "")] = readSpace(node)
	}
	return nil
}

const maxPalette = 4096

func readSpace(node *ofd.Node) *colorSpace {
	space := &colorSpace{kind: strings.ToUpper(node.AttrOr("Type", "RGB")), bits: 8, profile: node.AttrOr("Profile", "") != ""}
	if bits, err := strconv.Atoi(node.AttrOr("BitsPerComponent", "8")); err == nil && bits >= 1 && bits <= 16 {
		space.bits = bits
	}
	for _, value := range node.Child("Palette").All("CV") {
		if len(space.palette) < maxPalette {
			space.palette = append(space.palette, value.Value())
		}
	}
	return space
}

func (r *resources) font(id string) *fontResource {
	for ; r != nil; r = r.outer {
		if v := r.fonts[id]; v != nil {
			return v
		}
	}
	return nil
}

func (r *resources) mediaOf(id string) *mediaResource {
	for ; r != nil; r = r.outer {
		if v := r.media[id]; v != nil {
			return v
		}
	}
	return nil
}

func (r *resources) param(id string) *ofd.Node {
	for ; r != nil; r = r.outer {
		if v := r.params[id]; v != nil {
			return v
		}
	}
	return nil
}

func (r *resources) composite(id string) *composite {
	for ; r != nil; r = r.outer {
		if v := r.composites[id]; v != nil {
			return v
		}
	}
	return nil
}

func (r *resources) space(id string) *colorSpace {
	for ; r != nil; r = r.outer {
		if id == "" && r.defaultSpace != "" {
			id = r.defaultSpace
		}
		if v := r.spaces[id]; v != nil {
			return v
		}
	}
	return nil
}

// isTrue is xs:boolean.
func isTrue(text string) bool { return text == "true" || text == "1" }

func shorten(text string) string {
	if r := []rune(text); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return text
}

// solid reads a colour (GB/T 33190-2016 8.3.2) into sRGB; approximate tells that the plain formula stood in for a profile
// or for CMYK.
func (r *resources) solid(node *ofd.Node) (value color.NRGBA, approximate, ok bool) {
	id := node.AttrOr("ColorSpace", "")
	space := r.space(id)
	text := node.AttrOr("Value", "")
	if index, given := node.Attr("Index"); given && text == "" {
		at, err := strconv.Atoi(index)
		if err != nil || space == nil || at < 0 || at >= len(space.palette) {
			return value, false, false
		}
		text = space.palette[at]
	}
	if len(text) > 200 { // four numbers are shorter
		return value, false, false
	}
	parts := strings.Fields(text)
	bits, kind := 8, ""
	if space != nil {
		bits, kind, approximate = space.bits, space.kind, space.profile
	}
	if want := map[string]int{"GRAY": 1, "RGB": 3, "CMYK": 4}[kind]; want != len(parts) {
		// Writers name a space that is not there, or another than they use: the number of values tells.
		bits, kind = 8, map[int]string{1: "GRAY", 3: "RGB", 4: "CMYK"}[len(parts)]
	}
	var v [4]float64
	for i, part := range parts {
		if i == len(v) {
			return value, false, false
		}
		if v[i], ok = component(part, bits); !ok {
			return value, false, false
		}
	}
	octet := func(x float64) uint8 { return uint8(x*255 + 0.5) }
	switch kind {
	case "GRAY":
		value = color.NRGBA{octet(v[0]), octet(v[0]), octet(v[0]), 255}
	case "RGB":
		value = color.NRGBA{octet(v[0]), octet(v[1]), octet(v[2]), 255}
	case "CMYK":
		value = color.NRGBA{octet((1 - v[0]) * (1 - v[3])), octet((1 - v[1]) * (1 - v[3])), octet((1 - v[2]) * (1 - v[3])), 255}
		approximate = true
	default:
		return value, false, false
	}
	alpha, ok := alphaOf(node)
	value.A = alpha
	return value, approximate, ok
}

// component reads "255" or "#ff" as a part of full.
func component(text string, bits int) (float64, bool) {
	full := float64(int(1)<<bits - 1)
	if hex, ok := strings.CutPrefix(text, "#"); ok {
		v, err := strconv.ParseUint(hex, 16, 16)
		return min(1, float64(v)/full), err == nil
	}
	v, ok := number(text)
	return min(1, max(0, v/full)), ok
}

// alphaOf reads Alpha, 0 to 255, 255 when absent.
func alphaOf(node *ofd.Node) (uint8, bool) {
	text, ok := node.Attr("Alpha")
	if !ok {
		return 255, true
	}
	v, ok := number(text)
	return uint8(min(255, max(0, v)) + 0.5), ok
}
