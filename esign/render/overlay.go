package render

import (
	"errors"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ses"
)

const maxAnnotations = 5000 // of a page

// annotations draws those of the page above its content (GB/T 33190-2016 clause 15).
func (b *builder) annotations(base state) error {
	location := b.d.root.Child("Annotations").Value()
	if location == "" {
		return nil
	}
	list, ok := b.d.find(b.d.document.Root, location)
	if !ok {
		b.path = b.d.document.Root
		b.find(AnnotationBroken, "", "the list of annotations is not in the package")
		return nil
	}
	b.path = list
	if b.d.o.Signed != nil && !b.d.o.Signed(list) {
		b.find(AnnotationHidden, "", "the list of annotations is not signed")
		return nil
	}
	tree, err := b.d.tree(list)
	if errors.Is(err, ErrObjects) {
		return err
	}
	if err != nil {
		b.find(AnnotationBroken, "", "the list of annotations cannot be read")
		return nil
	}
	for _, entry := range tree.All("Page") {
		if entry.AttrOr("PageID", "") != b.page.ID {
			continue
		}
		for _, file := range entry.All("FileLoc") {
			b.path = list
			path, ok := b.d.find(list, file.Value())
			if !ok {
				b.find(AnnotationBroken, "", "the file %s is not in the package", shorten(file.Value()))
				continue
			}
			if err := b.annotationFile(path, base); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) annotationFile(path string, base state) error {
	b.path, b.resources = path, b.d.resources
	if b.d.o.Signed != nil && !b.d.o.Signed(path) {
		b.find(AnnotationHidden, "", "annotations that are not signed")
		return nil
	}
	tree, err := b.d.tree(path)
	if errors.Is(err, ErrObjects) {
		return err
	}
	if err != nil {
		b.find(AnnotationBroken, "", "the annotations cannot be read")
		return nil
	}
	all := tree.All("Annot")
	if len(all) > maxAnnotations {
		return ErrObjects
	}
	drawn := b.d.o.Annotation == nil || b.d.o.Annotation(path)
	for _, node := range all {
		id, kind := node.AttrOr("ID", ""), shorten(node.AttrOr("Type", ""))
		if !drawn {
			b.find(AnnotationHidden, id, "annotation of type %s", kind)
			continue
		}
		if !isTrue(node.AttrOr("Visible", "true")) {
			b.find(Invisible, id, "annotation of type %s with Visible=\"false\"", kind)
			continue
		}
		appearance := node.Child("Appearance")
		if appearance == nil {
			if kind != "Link" { // which has none as a rule
				b.find(AnnotationBroken, id, "annotation of type %s without an appearance", kind)
			}
			continue
		}
		s := base
		if text, ok := appearance.Attr("Boundary"); ok {
			box, ok := boxOf(text)
			if !ok {
				b.find(AnnotationBroken, id, "a Boundary that cannot be read")
				continue
			}
			s.m = then(translate(box.X, box.Y), s.m)
		}
		if err := b.block(appearance, s); err != nil {
			return err
		}
	}
	return nil
}

// sealPicture is the picture of a seal: pixels, or the page of an OFD.
type sealPicture struct {
	page *Page
	data []byte
	code Code
	why  string
}

// maxNested bounds the pictures of a document that are packages themselves, in octets.
const maxNested = 8 << 20

// sealOf takes the picture out of the signed value: what the signature covers, never a file that lies beside it.
func (d *Document) sealOf(s *ofd.Signature) *sealPicture {
	if known, ok := d.seals[s]; ok {
		return known
	}
	seal := d.readSeal(s)
	d.seals[s] = seal
	return seal
}

func (d *Document) readSeal(s *ofd.Signature) *sealPicture {
	value, err := ses.ParseSignature(s.Value)
	if err != nil || value.Seal == nil {
		return &sealPicture{code: SealBroken, why: "the signed value holds no seal that can be read"}
	}
	data := value.Seal.Picture.Data
	if formatName(data) != "OFD" {
		return &sealPicture{data: data}
	}
	broken := &sealPicture{code: SealBroken, why: "the picture is an OFD that cannot be read"}
	if d.nested += int64(len(data)); d.nested > maxNested {
		return &sealPicture{code: SealBroken, why: "the pictures of all seals are too large"}
	}
	limits := ofd.DefaultLimits()
	limits.Entries, limits.EntryBytes, limits.TotalBytes, limits.XMLTotal = 200, 4<<20, 16<<20, 8<<20
	p, err := ofd.Open(data, limits)
	if err != nil || len(p.Documents) == 0 {
		return broken
	}
	// One level deep: seals on the seal are not drawn.
	inner, err := Open(p, Options{Limits: d.o.Limits, Faces: d.o.Faces, Document: Current(p), Seal: func(*ofd.Signature) bool { return false }})
	if err != nil {
		return broken
	}
	page, err := inner.Page(1)
	if err != nil {
		return broken
	}
	return &sealPicture{page: page}
}

// stamps draws the seals of signatures at their places (GB/T 33190-2016 18.2.3), in the order of the list.
func (b *builder) stamps(base state) error {
	for _, s := range b.d.signatures() {
		for _, stamp := range s.Stamps {
			if stamp.PageRef != b.page.ID {
				continue
			}
			b.path = s.Path
			if b.objects++; b.objects > b.page.limits.Objects {
				return ErrObjects
			}
			if b.d.o.Seal != nil && !b.d.o.Seal(s) {
				b.find(SealHidden, stamp.ID, "signature %s", shorten(s.ID))
				continue
			}
			if stamp.Fault != nil {
				b.find(StampBroken, stamp.ID, "signature %s: the place of the seal cannot be read", shorten(s.ID))
				continue
			}
			if err := b.stamp(s, stamp, base); err != nil {
				return err
			}
		}
	}
	return nil
}

// stamp draws a seal: its whole picture in Boundary, of which Clip shows a part.
func (b *builder) stamp(s *ofd.Signature, stamp ofd.Stamp, base state) error {
	box := stamp.Boundary
	place := then(translate(box.X, box.Y), base.m)
	outer := &clip{parts: []clipPart{{path: rectangle(0, 0, box.Width, box.Height).Transform(place)}}}
	if stamp.Clip != nil {
		c := *stamp.Clip
		outer = &clip{outer: outer, parts: []clipPart{{path: rectangle(c.X, c.Y, c.Width, c.Height).Transform(place)}}}
	}
	seal := b.d.sealOf(s)
	if seal.page != nil {
		return b.nestedSeal(seal.page, outer, then(scale(box.Width/seal.page.Width, box.Height/seal.page.Height), place), stamp.ID)
	}
	image := &imageMark{m: then(scale(box.Width, box.Height), place), alpha: 255}
	if seal.code != "" {
		b.find(seal.code, stamp.ID, "signature %s: %s", shorten(s.ID), seal.why)
	} else {
		var err error
		if image.picture, err = b.load("\x00seal "+s.Path, seal.data, image.m, stamp.ID); err != nil {
			return fmt.Errorf("%w: seal of signature %s", err, shorten(s.ID))
		}
	}
	b.page.marks = append(b.page.marks, mark{clip: outer, image: image, seal: true})
	return nil
}

// nestedSeal copies the display list of a seal that is an OFD itself.
func (b *builder) nestedSeal(inner *Page, outer *clip, m matrix, object string) error {
	clips := map[*clip]*clip{}
	var moved func(c *clip) *clip
	moved = func(c *clip) *clip {
		if c == nil {
			return outer
		}
		if known, ok := clips[c]; ok {
			return known
		}
		out := &clip{outer: moved(c.outer)}
		for _, part := range c.parts {
			out.parts = append(out.parts, clipPart{path: part.path.Transform(m), evenOdd: part.evenOdd})
			b.segments += len(part.path)
		}
		clips[c] = out
		return out
	}
	for _, k := range inner.marks {
		k.clip, k.seal = moved(k.clip), true
		if b.objects++; b.objects > b.page.limits.Objects {
			return ErrObjects
		}
		switch {
		case k.shape != nil:
			s := *k.shape
			s.m = then(s.m, m)
			s.fill, s.stroke = movedPaint(s.fill, m), movedPaint(s.stroke, m)
			k.shape = &s
		case k.run != nil:
			run := *k.run
			run.glyphs = append([]glyph{}, run.glyphs...)
			for i := range run.glyphs {
				run.glyphs[i].m = then(run.glyphs[i].m, m)
			}
			run.fill, run.stroke = movedPaint(run.fill, m), movedPaint(run.stroke, m)
			run.pen.width *= spanOf(m)
			run.box.m = then(run.box.m, m)
			run.text = "" // words of a seal are no text of the page
			if b.chars += len(run.glyphs); b.chars > b.page.limits.Characters {
				return ErrCharacters
			}
			k.run = &run
		case k.image != nil:
			i := *k.image
			i.m = then(i.m, m)
			k.image = &i
		}
		b.page.marks = append(b.page.marks, k)
	}
	if b.segments > b.page.limits.Segments {
		return ErrSegments
	}
	for _, f := range inner.findings.list {
		b.find(f.Code, object, "in the picture of the seal: %s", strings.TrimSpace(f.Detail))
	}
	return nil
}

func movedPaint(p *paint, m matrix) *paint {
	if p == nil || p.shade == nil {
		return p
	}
	q, s := *p, *p.shade
	s.m = then(s.m, m)
	q.shade = &s
	return &q
}
