package ofd

import (
	"fmt"
	"strings"
)

// Builder describes a new document of pages with text, paths and images; Files encodes it. Coordinates are millimetres
// from the top left corner.
type Builder struct {
	Info        Info
	Pages       []BuildPage
	Fonts       []BuildFont
	Images      []BuildImage
	Attachments []BuildAttachment
	Tags        []BuildTag
}

// BuildPage is a page and its objects, drawn in order.
type BuildPage struct {
	Width, Height float64
	Objects       []Object
}

// BuildFont is an embedded font; objects name it by its index.
type BuildFont struct {
	Name, Family string
	File         []byte // TrueType
}

// BuildImage is an embedded picture; objects name it by its index.
type BuildImage struct {
	Format string // "PNG", "JPEG"
	File   []byte
}

// BuildAttachment is a file that travels with the document.
type BuildAttachment struct {
	Name, Format string
	Content      []byte
	Hidden       bool // not offered to readers (Visible="false")
}

// BuildTag is one file of custom tags (GB/T 33190-2016 clause 16): Content is a whole XML file.
type BuildTag struct {
	TypeID  string
	Content []byte
}

// Object is drawn on a page: Text, Path or Image.
type Object interface {
	encode(id int, c *encoding) string
}

// Text is one line. Advances are the distances in millimetres from each character to the next, one less than there are
// characters; X and Y are the origin of the first character on the base line.
type Text struct {
	Font     int
	Size     float64 // millimetres
	X, Y     float64
	Width    float64 // of the box around the line
	Value    string
	Advances []float64
	Color    string // "r g b"; empty is black
	Alpha    int    // 1 to 255, of which 255 hides what is below; 0 is 255
	// ID, when not 0, is written into *ID: tags refer to it.
	ID *int
}

// Path is a filled or stroked outline in OFD path syntax (AbbreviatedData), relative to its boundary.
type Path struct {
	Boundary  Box
	Data      string
	Fill      bool
	Stroke    bool
	LineWidth float64
	Color     string
}

// Image is a picture in its box.
type Image struct {
	Boundary Box
	Image    int
	// Picture is where the whole picture stands, from the top left corner of the boundary, which shows its part of it; that of no extent fills the boundary.
	Picture Box
	ID      *int // as of Text
}

// encoding hands out ids and knows those of resources.
type encoding struct {
	next   int
	fonts  []int
	images []int
}

func (c *encoding) id() int {
	c.next++
	return c.next
}

func color(name, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf(`<ofd:%s Value="%s"/>`, name, escape(value))
}

func (t Text) encode(id int, c *encoding) string {
	if t.ID != nil {
		*t.ID = id
	}
	deltas := make([]string, len(t.Advances))
	for i, advance := range t.Advances {
		deltas[i] = number(advance)
	}
	delta := ""
	if len(deltas) > 0 {
		delta = ` DeltaX="` + strings.Join(deltas, " ") + `"`
	}
	box := Box{X: t.X, Y: t.Y - t.Size, Width: max(t.Width, t.Size), Height: t.Size * 1.4}
	alpha := ""
	if t.Alpha > 0 {
		alpha = fmt.Sprintf(` Alpha="%d"`, t.Alpha)
	}
	return fmt.Sprintf(`<ofd:TextObject ID="%d" Boundary="%s" Font="%d" Size="%s"%s>%s<ofd:TextCode X="0" Y="%s"%s>%s</ofd:TextCode></ofd:TextObject>`,
		id, box, c.fonts[t.Font], number(t.Size), alpha, color("FillColor", t.Color), number(t.Size), delta, escape(t.Value))
}

func (p Path) encode(id int, _ *encoding) string {
	width := ""
	if p.LineWidth > 0 {
		width = ` LineWidth="` + number(p.LineWidth) + `"`
	}
	colors := ""
	if p.Fill {
		colors = color("FillColor", p.Color)
	}
	if p.Stroke {
		colors += color("StrokeColor", p.Color)
	}
	return fmt.Sprintf(`<ofd:PathObject ID="%d" Boundary="%s" Fill="%t" Stroke="%t"%s>%s<ofd:AbbreviatedData>%s</ofd:AbbreviatedData></ofd:PathObject>`,
		id, p.Boundary, p.Fill, p.Stroke, width, colors, escape(p.Data))
}

func (i Image) encode(id int, c *encoding) string {
	if i.ID != nil {
		*i.ID = id
	}
	at := i.Picture
	if at.Width == 0 {
		at = Box{Width: i.Boundary.Width, Height: i.Boundary.Height}
	}
	return fmt.Sprintf(`<ofd:ImageObject ID="%d" Boundary="%s" ResourceID="%d" CTM="%s 0 0 %s %s %s"/>`, id, i.Boundary, c.images[i.Image], number(at.Width), number(at.Height), number(at.X), number(at.Y))
}

// Files encodes the document. The same builder always gives the same files.
func (b *Builder) Files() ([]File, error) {
	if len(b.Pages) == 0 {
		return nil, fmt.Errorf("ofd: a document needs a page")
	}
	c := &encoding{}
	public, files := resources(c, b.Fonts, b.Images, "Res")
	var pages []File
	var list strings.Builder
	for i, page := range b.Pages {
		id := c.id()
		path := fmt.Sprintf("Pages/Page_%d/Content.xml", i)
		fmt.Fprintf(&list, `<ofd:Page ID="%d" BaseLoc="%s"/>`, id, path)
		pages = append(pages, File{Path: "/Doc_0/" + path, Content: page.encode(c)})
	}
	side := append(encodeTags(b.Tags), encodeAttachments(b.Attachments)...)
	var document strings.Builder
	size := b.Pages[0]
	fmt.Fprintf(&document, `%s<ofd:Document xmlns:ofd="%s"><ofd:CommonData><ofd:MaxUnitID>%d</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 %s %s</ofd:PhysicalBox></ofd:PageArea>`,
		xmlHead, Namespace, c.next, number(size.Width), number(size.Height))
	if public != nil {
		document.WriteString(`<ofd:PublicRes>PublicRes.xml</ofd:PublicRes>`)
	}
	fmt.Fprintf(&document, `</ofd:CommonData><ofd:Pages>%s</ofd:Pages>`, list.String())
	if len(b.Tags) > 0 {
		document.WriteString(`<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>`)
	}
	if len(b.Attachments) > 0 {
		document.WriteString(`<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>`)
	}
	document.WriteString(`</ofd:Document>`)
	all := []File{{Path: rootFile, Content: rootXML(b.Info)}, {Path: "/Doc_0/Document.xml", Content: []byte(document.String())}}
	if public != nil {
		all = append(all, File{Path: "/Doc_0/PublicRes.xml", Content: public})
	}
	all = append(append(append(all, pages...), files...), side...)
	return all, nil
}

func rootXML(info Info) []byte {
	var s strings.Builder
	fmt.Fprintf(&s, `%s<ofd:OFD xmlns:ofd="%s" DocType="OFD" Version="1.1"><ofd:DocBody><ofd:DocInfo><ofd:DocID>%s</ofd:DocID>`, xmlHead, Namespace, escape(info.DocID))
	for _, field := range []struct{ name, value string }{{"Title", info.Title}, {"Author", info.Author}, {"CreationDate", info.CreationDate}, {"ModDate", info.ModDate}, {"Creator", info.Creator}} {
		if field.value != "" {
			fmt.Fprintf(&s, `<ofd:%s>%s</ofd:%s>`, field.name, escape(field.value), field.name)
		}
	}
	if len(info.CustomDatas) > 0 {
		s.WriteString(`<ofd:CustomDatas>`)
		for _, data := range info.CustomDatas {
			fmt.Fprintf(&s, `<ofd:CustomData Name="%s">%s</ofd:CustomData>`, escape(data.Name), escape(data.Value))
		}
		s.WriteString(`</ofd:CustomDatas>`)
	}
	s.WriteString(`</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>`)
	return []byte(s.String())
}

// resources gives the file that names fonts and pictures, nil where there are none, and their own files, in a folder of the document.
func resources(c *encoding, fonts []BuildFont, images []BuildImage, folder string) ([]byte, []File) {
	if len(fonts)+len(images) == 0 {
		return nil, nil
	}
	var s strings.Builder
	var files []File
	fmt.Fprintf(&s, `%s<ofd:Res xmlns:ofd="%s" BaseLoc="%s">`, xmlHead, Namespace, folder)
	if len(fonts) > 0 {
		s.WriteString(`<ofd:Fonts>`)
		for i, font := range fonts {
			id := c.id()
			c.fonts = append(c.fonts, id)
			file := fmt.Sprintf("font_%d.ttf", i)
			fmt.Fprintf(&s, `<ofd:Font ID="%d" FontName="%s" FamilyName="%s"><ofd:FontFile>%s</ofd:FontFile></ofd:Font>`, id, escape(font.Name), escape(font.Family), file)
			files = append(files, File{Path: "/Doc_0/" + folder + "/" + file, Content: font.File})
		}
		s.WriteString(`</ofd:Fonts>`)
	}
	if len(images) > 0 {
		s.WriteString(`<ofd:MultiMedias>`)
		for i, image := range images {
			id := c.id()
			c.images = append(c.images, id)
			file := fmt.Sprintf("image_%d.%s", i, strings.ToLower(image.Format))
			fmt.Fprintf(&s, `<ofd:MultiMedia ID="%d" Type="Image" Format="%s"><ofd:MediaFile>%s</ofd:MediaFile></ofd:MultiMedia>`, id, escape(image.Format), file)
			files = append(files, File{Path: "/Doc_0/" + folder + "/" + file, Content: image.File, Store: true})
		}
		s.WriteString(`</ofd:MultiMedias>`)
	}
	s.WriteString(`</ofd:Res>`)
	return []byte(s.String()), files
}

func (p BuildPage) encode(c *encoding) []byte {
	var s strings.Builder
	fmt.Fprintf(&s, `%s<ofd:Page xmlns:ofd="%s"><ofd:Area><ofd:PhysicalBox>0 0 %s %s</ofd:PhysicalBox></ofd:Area><ofd:Content><ofd:Layer ID="%d">`,
		xmlHead, Namespace, number(p.Width), number(p.Height), c.id())
	for _, object := range p.Objects {
		s.WriteString(object.encode(c.id(), c))
	}
	s.WriteString(`</ofd:Layer></ofd:Content></ofd:Page>`)
	return []byte(s.String())
}

func encodeTags(tags []BuildTag) []File {
	if len(tags) == 0 {
		return nil
	}
	var files []File
	var s strings.Builder
	fmt.Fprintf(&s, `%s<ofd:CustomTags xmlns:ofd="%s">`, xmlHead, Namespace)
	for i, tag := range tags {
		file := fmt.Sprintf("CustomTag_%d.xml", i)
		fmt.Fprintf(&s, `<ofd:CustomTag TypeID="%s"><ofd:FileLoc>%s</ofd:FileLoc></ofd:CustomTag>`, escape(tag.TypeID), file)
		files = append(files, File{Path: "/Doc_0/Tags/" + file, Content: tag.Content})
	}
	s.WriteString(`</ofd:CustomTags>`)
	return append(files, File{Path: "/Doc_0/Tags/CustomTags.xml", Content: []byte(s.String())})
}

func encodeAttachments(attachments []BuildAttachment) []File {
	if len(attachments) == 0 {
		return nil
	}
	var files []File
	var s strings.Builder
	fmt.Fprintf(&s, `%s<ofd:Attachments xmlns:ofd="%s">`, xmlHead, Namespace)
	for i, a := range attachments {
		file := fmt.Sprintf("attach_%d.%s", i, strings.ToLower(a.Format))
		fmt.Fprintf(&s, `<ofd:Attachment ID="a%d" Name="%s" Format="%s" Visible="%t"><ofd:FileLoc>%s</ofd:FileLoc></ofd:Attachment>`,
			i+1, escape(a.Name), escape(a.Format), !a.Hidden, file)
		files = append(files, File{Path: "/Doc_0/Attachs/" + file, Content: a.Content})
	}
	s.WriteString(`</ofd:Attachments>`)
	return append(files, File{Path: "/Doc_0/Attachs/Attachments.xml", Content: []byte(s.String())})
}
