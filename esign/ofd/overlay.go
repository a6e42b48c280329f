package ofd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrForeign: only documents as a Builder writes them can be drawn over.
var ErrForeign = errors.New("ofd: the document was not made by a Builder")

// Overlay is drawn over the pages of a document that a Builder made, in a further document: its pages, resources and tags keep
// their octets, what is new stands in files of its own as annotations (GB/T 33190-2016 clause 15) and on further pages. Seals of the
// document are none of the new one, and its attachments are left out.
type Overlay struct {
	Info        Info
	Fonts       []BuildFont // of the overlay; objects name them by their index
	Images      []BuildImage
	Notes       []Note
	Pages       []BuildPage // further ones, at the end
	Attachments []BuildAttachment
}

// Note is an annotation of a page: objects, in millimetres from its top left corner.
type Note struct {
	Page    int    // from 1
	Type    string // "Watermark", "Stamp", … (GB/T 33190-2016 table 61)
	Objects []Object
}

// overlayFolder is where the files of an overlay stand, below the document.
const overlayFolder = "Overlay"

// OverlayFont is the path of a font of an overlay.
func OverlayFont(index int) string { return fmt.Sprintf("/Doc_0/%s/font_%d.ttf", overlayFolder, index) }

// Files encodes the further document. The same overlay and document always give the same files. ErrForeign and ErrUnknown.
func (o *Overlay) Files(p *Package) ([]File, error) {
	document := p.current()
	content, err := p.Read(document.Root)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	edit := &edits{text: string(content)}
	highest, err := strconv.Atoi(document.tree.Child("CommonData").Child("MaxUnitID").Value())
	if err != nil || document.Root != "/Doc_0/Document.xml" {
		return nil, ErrForeign
	}
	c := &encoding{next: highest}
	named, files := resources(c, o.Fonts, o.Images, overlayFolder)
	if named != nil {
		files = append(files, File{Path: "/Doc_0/" + overlayFolder + ".xml", Content: named})
		edit.before("</ofd:CommonData>", "<ofd:DocumentRes>"+overlayFolder+".xml</ofd:DocumentRes>")
	}
	notes, err := o.notes(document, c)
	if err != nil {
		return nil, err
	}
	files = append(files, notes...)
	var pages strings.Builder
	for i, page := range o.Pages {
		path := fmt.Sprintf("%s/Page_%d.xml", overlayFolder, i)
		fmt.Fprintf(&pages, `<ofd:Page ID="%d" BaseLoc="%s"/>`, c.id(), path)
		files = append(files, File{Path: "/Doc_0/" + path, Content: page.encode(c)})
	}
	edit.before("</ofd:Pages>", pages.String())
	edit.after("</ofd:Pages>", "<ofd:Annotations>"+overlayFolder+"/Annotations.xml</ofd:Annotations>")
	edit.instead(fmt.Sprintf("<ofd:MaxUnitID>%d</ofd:MaxUnitID>", highest), fmt.Sprintf("<ofd:MaxUnitID>%d</ofd:MaxUnitID>", c.next))
	if edit.lost || !strings.Contains(edit.text, "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>") {
		return nil, ErrForeign
	}
	all := []File{{Path: rootFile, Content: rootXML(o.Info)}, {Path: document.Root, Content: []byte(edit.text)}}
	for _, name := range p.Names() {
		if name == document.Root || strings.HasPrefix(name, "/Doc_0/Attachs/") || p.RoleOf(name) != Visible {
			continue
		}
		content, err := p.Read(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrForeign, err)
		}
		all = append(all, File{Path: name, Content: content})
	}
	return append(append(all, files...), encodeAttachments(o.Attachments)...), nil
}

// notes writes a file of annotations for each page that has some, and their list.
func (o *Overlay) notes(document *Document, c *encoding) ([]File, error) {
	var files []File
	var list strings.Builder
	fmt.Fprintf(&list, `%s<ofd:Annotations xmlns:ofd="%s">`, xmlHead, Namespace)
	for i, page := range document.Pages {
		var s strings.Builder
		for _, note := range o.Notes {
			if note.Page < 1 || note.Page > len(document.Pages) {
				return nil, fmt.Errorf("%w: page %d of %d", ErrUnknown, note.Page, len(document.Pages))
			}
			if note.Page != i+1 {
				continue
			}
			fmt.Fprintf(&s, `<ofd:Annot ID="%d" Type="%s" Creator="%s" LastModDate="%s"><ofd:Appearance Boundary="%s">`,
				c.id(), escape(note.Type), escape(o.Info.Author), escape(o.Info.CreationDate), Box{Width: page.Area.Width, Height: page.Area.Height})
			for _, object := range note.Objects {
				s.WriteString(object.encode(c.id(), c))
			}
			s.WriteString(`</ofd:Appearance></ofd:Annot>`)
		}
		if s.Len() == 0 {
			continue
		}
		file := fmt.Sprintf("Annot_%d.xml", i)
		fmt.Fprintf(&list, `<ofd:Page PageID="%s"><ofd:FileLoc>%s</ofd:FileLoc></ofd:Page>`, escape(page.ID), file)
		files = append(files, File{Path: "/Doc_0/" + overlayFolder + "/" + file, Content: fmt.Appendf(nil, `%s<ofd:PageAnnot xmlns:ofd="%s">%s</ofd:PageAnnot>`, xmlHead, Namespace, s.String())})
	}
	list.WriteString(`</ofd:Annotations>`)
	return append(files, File{Path: "/Doc_0/" + overlayFolder + "/Annotations.xml", Content: []byte(list.String())}), nil
}

// edits change a text at marks that stand in it once.
type edits struct {
	text string
	lost bool // a mark was not there, or more than once
}

func (e *edits) instead(mark, text string) {
	e.lost = e.lost || strings.Count(e.text, mark) != 1
	e.text = strings.Replace(e.text, mark, text, 1)
}

func (e *edits) before(mark, text string) { e.instead(mark, text+mark) }
func (e *edits) after(mark, text string)  { e.instead(mark, mark+text) }
