package render_test

import (
	"bytes"
	"errors"
	"image/color"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

func filled(attributes, data string) string {
	return path(attributes+` Fill="true" Stroke="false"`, data)
}

func TestPixels(t *testing.T) {
	picture := ofd.File{Path: "/Doc/a.png", Content: square(t)}
	whole := "M 0 0 L 60 0 L 60 40 L 0 40 C"
	green := color.RGBA{0, 128, 0, 255}
	type spot struct {
		x, y float64
		want color.RGBA
	}
	cases := map[string]struct {
		sample sample
		spots  []spot
	}{
		"fill": {sample{layer: filled(``, frame)}, []spot{{20, 20, red}, {5, 5, white}, {29.8, 29.8, red}, {30.2, 20, white}}},
		"nonzero keeps a figure that runs the same way": {sample{layer: filled(`Rule="NonZero"`, frame+" M 15 15 L 25 15 L 25 25 L 15 25 C")}, []spot{{20, 20, red}}},
		"nonzero cuts one that runs against it":         {sample{layer: filled(``, frame+" M 15 15 L 15 25 L 25 25 L 25 15 C")}, []spot{{20, 20, white}, {12, 12, red}}},
		"even-odd cuts both":                            {sample{layer: filled(`Rule="Even-Odd"`, frame+" M 15 15 L 25 15 L 25 25 L 15 25 C M 18 18 L 22 18 L 22 22 L 18 22 C")}, []spot{{16, 16, white}, {20, 20, red}, {12, 12, red}}},
		"line with butt, square and round ends": {sample{layer: path(`LineWidth="4"`, "M 10 5 L 20 5") + path(`LineWidth="4" Cap="Square"`, "M 10 15 L 20 15") + path(`LineWidth="4" Cap="Round"`, "M 10 25 L 20 25")},
			[]spot{{9, 5, white}, {11, 6.8, black}, {9, 15, black}, {8.2, 16.8, black}, {9, 25, black}, {8.2, 26.8, white}}},
		"joins": {sample{layer: path(`LineWidth="4" MiterLimit="10"`, "M 5 10 L 15 10 L 15 25") + path(`LineWidth="4" Join="Bevel"`, "M 25 10 L 35 10 L 35 25") + path(`LineWidth="4" Join="Round"`, "M 42 10 L 52 10 L 52 25")},
			[]spot{{16.8, 8.2, black}, {36.8, 8.2, white}, {53.8, 8.2, white}, {53.2, 8.9, black}}},
		"a miter beyond its limit is bevelled": {sample{layer: path(`LineWidth="4" MiterLimit="1"`, "M 5 10 L 15 10 L 15 25")}, []spot{{16.8, 8.2, white}}},
		"dashes":                               {sample{layer: path(`LineWidth="2" DashPattern="4 2" DashOffset="1"`, "M 10 10 L 40 10")}, []spot{{11, 10, black}, {14, 10, white}, {16, 10, black}, {20, 10, white}}},
		"a matrix widens lines with the path":  {sample{layer: path(`CTM="2 0 0 2 0 0" LineWidth="2"`, "M 5 5 L 20 5")}, []spot{{20, 8.3, black}, {20, 11.7, black}, {20, 12.4, white}}},
		"what leaves the Boundary is clipped":  {sample{layer: `<PathObject ID="1" Boundary="10 10 10 10" Fill="true" Stroke="false"><FillColor Value="255 0 0"/><AbbreviatedData>M -9 -9 L 30 -9 L 30 30 L -9 30 C</AbbreviatedData></PathObject>`}, []spot{{15, 15, red}, {5, 5, white}, {25, 25, white}}},
		"clips narrow each other": {sample{layer: `<PathObject ID="1" Boundary="0 0 60 40" Fill="true" Stroke="false"><Clips><Clip><Area><Path Boundary="0 0 60 40"><AbbreviatedData>M 0 0 L 60 0 L 0 40 C</AbbreviatedData></Path></Area></Clip>` +
			`<Clip><Area><Path Boundary="10 0 10 40"><AbbreviatedData>M 0 0 L 10 0 L 10 40 L 0 40 C</AbbreviatedData></Path></Area></Clip></Clips><FillColor Value="255 0 0"/><AbbreviatedData>` + whole + `</AbbreviatedData></PathObject>`},
			[]spot{{15, 10, red}, {5, 10, white}, {15, 35, white}, {25, 10, white}}},
		"a clip that stays where the Boundary is": {sample{layer: `<PathObject ID="1" Boundary="0 0 60 40" CTM="2 0 0 2 0 0" Fill="true" Stroke="false"><Clips TransFlag="false"><Clip><Area><Path Boundary="0 0 10 10"><AbbreviatedData>M 0 0 L 10 0 L 10 10 L 0 10 C</AbbreviatedData></Path></Area></Clip></Clips><FillColor Value="255 0 0"/><AbbreviatedData>M 0 0 L 30 0 L 30 20 L 0 20 C</AbbreviatedData></PathObject>`},
			[]spot{{5, 5, red}, {15, 5, white}}},
		"a clip that goes with the object": {sample{layer: `<PathObject ID="1" Boundary="0 0 60 40" CTM="2 0 0 2 0 0" Fill="true" Stroke="false"><Clips><Clip><Area><Path Boundary="0 0 10 10"><AbbreviatedData>M 0 0 L 10 0 L 10 10 L 0 10 C</AbbreviatedData></Path></Area></Clip></Clips><FillColor Value="255 0 0"/><AbbreviatedData>M 0 0 L 30 0 L 30 20 L 0 20 C</AbbreviatedData></PathObject>`},
			[]spot{{15, 5, red}, {25, 5, white}}},
		"a picture is clipped at its Boundary": {sample{resources: media, more: []ofd.File{picture}, layer: `<ImageObject ID="1" Boundary="10 10 10 10" CTM="20 0 0 20 -5 -5" ResourceID="M1"/>`}, []spot{{12, 12, red}, {8, 12, white}, {22, 12, white}}},
		"resources of the page itself": {sample{page: `<PageRes>Own.xml</PageRes>`, more: []ofd.File{{Path: "/Doc/Own.xml", Content: []byte(head + `<Res BaseLoc="."><DrawParams><DrawParam ID="D9" LineWidth="6"><StrokeColor Value="0 0 255"/></DrawParam></DrawParams></Res>`)}},
			content: `<Layer DrawParam="D9"><PathObject ID="1" Boundary="0 0 60 40"><AbbreviatedData>M 5 20 L 50 20</AbbreviatedData></PathObject></Layer><Layer/>`}, []spot{{20, 22, blue}}},
		"alpha of object and colour": {sample{layer: `<PathObject ID="1" Boundary="0 0 60 40" Alpha="128" Fill="true" Stroke="false"><FillColor Value="0 0 0" Alpha="128"/><AbbreviatedData>` + whole + `</AbbreviatedData></PathObject>`}, []spot{{5, 5, color.RGBA{191, 191, 191, 255}}}},
		"a picture stands upright":   {sample{resources: media, more: []ofd.File{picture}, layer: `<ImageObject ID="1" Boundary="10 10 20 20" CTM="20 0 0 20 0 0" ResourceID="M1"/>`}, []spot{{14, 14, red}, {26, 14, blue}, {14, 26, black}, {26, 26, white}}},
		"a picture turned by a quarter": {sample{resources: media, more: []ofd.File{picture}, layer: `<ImageObject ID="1" Boundary="10 10 20 20" CTM="0 20 -20 0 20 0" ResourceID="M1"/>`},
			[]spot{{14, 14, black}, {26, 14, red}, {26, 26, blue}, {14, 26, white}}},
		"axial shading without extension": {sample{layer: shaded(`<AxialShd StartPoint="10 0" EndPoint="50 0"><Segment Position="0"><Color Value="255 0 0"/></Segment><Segment Position="1"><Color Value="0 0 255"/></Segment></AxialShd>`)},
			[]spot{{5, 20, white}, {10.2, 20, red}, {30, 20, color.RGBA{128, 0, 127, 255}}, {49.8, 20, blue}, {55, 20, white}}},
		"radial shading": {sample{layer: shaded(`<RadialShd StartPoint="30 20" StartRadius="0" EndPoint="30 20" EndRadius="10" Extend="2"><Segment><Color Value="255 0 0"/></Segment><Segment><Color Value="0 0 255"/></Segment></RadialShd>`)},
			[]spot{{30, 20, red}, {35, 20, color.RGBA{128, 0, 127, 255}}, {5, 5, blue}}},
		"templates lie below, annotations above": {sample{page: `<Template TemplateID="T1"/>`, template: `<Layer>` + filled(``, "M 0 0 L 40 0 L 40 40 L 0 40 C") + `</Layer>`,
			layer:  strings.Replace(filled(``, "M 10 0 L 60 0 L 60 40 L 10 40 C"), "255 0 0", "0 0 255", 1),
			annots: `<Annot ID="1" Type="Watermark"><Appearance Boundary="30 0 30 40">` + strings.Replace(filled(``, "M 0 0 L 30 0 L 30 40 L 0 40 C"), "255 0 0", "0 128 0", 1) + `</Appearance></Annot>`},
			[]spot{{5, 5, red}, {20, 5, blue}, {50, 5, green}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			page := c.sample.draw(t)
			wantCodes(t, page)
			picture := pixels(t, page)
			for _, s := range c.spots {
				wantColor(t, picture, s.x, s.y, s.want)
			}
		})
	}
}

// TestNothingIsSilent: what is not drawn as the document asks is told.
func TestNothingIsSilent(t *testing.T) {
	object := func(name, attributes, inner string) string {
		return `<` + name + ` ID="7" Boundary="0 0 60 40" ` + attributes + `>` + inner + `</` + name + `>`
	}
	font := `<Fonts><Font ID="F2" FontName="宋体"/><Font ID="F3" FontName="broken"><FontFile>Res.xml</FontFile></Font><Font ID="F4" FontName="gone"><FontFile>none.ttf</FontFile></Font></Fonts>`
	file := func(content string) []ofd.File { return []ofd.File{{Path: "/Doc/a.png", Content: []byte(content)}} }
	image := object("ImageObject", `CTM="10 0 0 10 0 0" ResourceID="M1"`, "")
	cases := map[string]struct {
		sample sample
		want   []render.Code
	}{
		"unknown element":               {sample{layer: `<VideoObject ID="1"/>`}, []render.Code{render.ObjectUnknown}},
		"invisible":                     {sample{layer: object("PathObject", `Visible="false"`, "") + object("PathObject", `Alpha="0"`, "")}, []render.Code{render.Invisible, render.Invisible}},
		"boundary not a number":         {sample{layer: `<PathObject ID="1" Boundary="0 0 NaN 5"/>`}, []render.Code{render.ObjectBroken}},
		"infinite matrix":               {sample{layer: object("PathObject", `CTM="1 0 0 Inf 0 0"`, "")}, []render.Code{render.ObjectBroken}},
		"magnified out of bounds":       {sample{layer: object("CompositeObject", `ResourceID="C1" CTM="900000 0 0 900000 0 0"`, ""), resources: composites(object("PathObject", `CTM="900000 0 0 900000 0 0"`, ""))}, []render.Code{render.ObjectBroken}},
		"huge number in a path":         {sample{layer: path(``, "M 0 0 L 1e300 5")}, []render.Code{render.ObjectBroken}},
		"path data cut short":           {sample{layer: path(``, "M 0 0 L 5")}, []render.Code{render.ObjectBroken}},
		"path data with other word":     {sample{layer: path(``, "M 0 0 X 5 5")}, []render.Code{render.ObjectBroken}},
		"clip that cannot be read":      {sample{layer: object("PathObject", ``, `<Clips><Clip><Area><Path Boundary="0 0 1 1"><AbbreviatedData>L</AbbreviatedData></Path></Area></Clip></Clips>`)}, []render.Code{render.ObjectBroken}},
		"composite not there":           {sample{layer: object("CompositeObject", `ResourceID="C9"`, "")}, []render.Code{render.ObjectBroken}},
		"draw parameter not there":      {sample{layer: object("PathObject", `DrawParam="9"`, "<AbbreviatedData>M 0 0 L 5 5</AbbreviatedData>")}, []render.Code{render.ResourceMissing}},
		"colour that is none":           {sample{layer: object("PathObject", `Fill="true"`, `<FillColor Value="a b c"/><AbbreviatedData>M 0 0 L 5 5</AbbreviatedData>`)}, []render.Code{render.PaintUnsupported}},
		"shading of another kind":       {sample{layer: shaded(`<GouraudShd/>`)}, []render.Code{render.PaintUnsupported}},
		"shading without stops":         {sample{layer: shaded(`<AxialShd StartPoint="0 0" EndPoint="60 0"/>`)}, []render.Code{render.PaintUnsupported}},
		"elliptic shading":              {sample{layer: shaded(`<RadialShd Eccentricity="0.5" StartPoint="30 20" EndPoint="30 20" EndRadius="10"><Segment><Color Value="255 0 0"/></Segment><Segment><Color Value="0 0 255"/></Segment></RadialShd>`)}, []render.Code{render.EffectIgnored}},
		"pattern without a cell":        {sample{layer: shaded(`<Pattern Width="5" Height="5"/>`)}, []render.Code{render.PaintUnsupported}},
		"pattern of too many cells":     {sample{layer: shaded(`<Pattern Width="0.1" Height="0.1"><CellContent/></Pattern>`)}, []render.Code{render.PaintUnsupported}},
		"reflected pattern":             {sample{layer: shaded(`<Pattern Width="20" Height="20" ReflectMethod="Row"><CellContent/></Pattern>`)}, []render.Code{render.EffectIgnored}},
		"text without size":             {sample{layer: object("TextObject", `Font="F2"`, "<TextCode>a</TextCode>"), resources: font}, []render.Code{render.ObjectBroken}},
		"text without area":             {sample{layer: `<TextObject ID="1" Boundary="0 0 5 0" Font="F2" Size="3"><TextCode X="0" Y="3">a</TextCode></TextObject>`, resources: font}, []render.Code{render.NoArea}},
		"text in no colour":             {sample{layer: object("TextObject", `Font="F2" Size="3" Fill="false"`, "<TextCode>a</TextCode>"), resources: font}, []render.Code{render.Invisible}},
		"font not there":                {sample{layer: object("TextObject", `Font="F9" Size="3"`, `<TextCode X="1" Y="5">a</TextCode>`)}, []render.Code{render.FontReplaced, render.ResourceMissing}},
		"font program broken":           {sample{layer: object("TextObject", `Font="F3" Size="3"`, `<TextCode X="1" Y="5">a</TextCode>`), resources: font}, []render.Code{render.FontBroken}},
		"font program not there":        {sample{layer: object("TextObject", `Font="F4" Size="3"`, `<TextCode X="1" Y="5">a</TextCode>`), resources: font}, []render.Code{render.FontReplaced, render.ResourceMissing}},
		"no positions":                  {sample{layer: object("TextObject", `Font="F2" Size="3"`, `<TextCode X="1" Y="5">abc</TextCode>`), resources: font}, []render.Code{render.FontReplaced, render.TextPositions}},
		"deltas cut short":              {sample{layer: object("TextObject", `Font="F2" Size="3"`, `<TextCode X="1" Y="5" DeltaX="g 3">abc</TextCode>`), resources: font}, []render.Code{render.FontReplaced, render.ObjectBroken}},
		"deltas out of bounds":          {sample{layer: object("TextObject", `Font="F2" Size="3"`, `<TextCode X="1" Y="5" DeltaX="g 9 9e5">abcdefgh</TextCode>`), resources: font}, []render.Code{render.FontReplaced, render.ObjectBroken, render.OutsideBoundary}},
		"glyphs that are none":          {sample{layer: object("TextObject", `Font="F2" Size="3"`, `<CGTransform CodePosition="0"><Glyphs>x</Glyphs></CGTransform><TextCode X="1" Y="5">a</TextCode>`), resources: font}, []render.Code{render.FontReplaced, render.ObjectBroken}},
		"text outside its box":          {sample{layer: `<TextObject ID="1" Boundary="0 0 5 5" Font="F2" Size="3"><TextCode X="30" Y="3">a</TextCode></TextObject>`, resources: font}, []render.Code{render.FontReplaced, render.OutsideBoundary}},
		"picture not there":             {sample{layer: image, resources: media}, []render.Code{render.PictureMissing}},
		"picture of TIFF":               {sample{layer: image, resources: media, more: file("II*\x00rest")}, []render.Code{render.PictureFormat}},
		"picture of JBIG2":              {sample{layer: image, resources: media, more: file("\x97JB2\r\n\x1a\nrest")}, []render.Code{render.PictureFormat}},
		"picture of JPEG 2000":          {sample{layer: image, resources: media, more: file("\x00\x00\x00\x0cjP  rest")}, []render.Code{render.PictureFormat}},
		"picture of SVG":                {sample{layer: image, resources: media, more: file(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)}, []render.Code{render.PictureFormat}},
		"picture cut short":             {sample{layer: image, resources: media, more: file(string(square(t)[:60]))}, []render.Code{render.PictureBroken}},
		"picture mask":                  {sample{layer: strings.Replace(image, "CTM", `ImageMask="4" CTM`, 1), resources: media, more: []ofd.File{{Path: "/Doc/a.png", Content: square(t)}}}, []render.Code{render.EffectIgnored}},
		"picture border":                {sample{layer: strings.Replace(image, "></", "><Border/></", 1), resources: media, more: []ofd.File{{Path: "/Doc/a.png", Content: square(t)}}}, []render.Code{render.EffectIgnored}},
		"picture without area":          {sample{layer: strings.Replace(image, "10 0 0 10", "10 0 0 0", 1), resources: media, more: []ofd.File{{Path: "/Doc/a.png", Content: square(t)}}}, []render.Code{render.NoArea}},
		"video":                         {sample{layer: image, resources: strings.Replace(media, `Type="Image"`, `Type="Video"`, 1)}, []render.Code{render.MediaKind}},
		"template not there":            {sample{page: `<Template TemplateID="T9"/>`}, []render.Code{render.TemplateMissing}},
		"annotation hidden":             {sample{annots: `<Annot ID="1" Type="Stamp" Visible="false"/>`}, []render.Code{render.Invisible}},
		"annotation broken":             {sample{annots: `<Annot ID="1" Type="Stamp"><Appearance Boundary="x"/></Annot>`}, []render.Code{render.AnnotationBroken}},
		"annotation without appearance": {sample{annots: `<Annot ID="1" Type="Highlight"/><Annot ID="2" Type="Link"/>`}, []render.Code{render.AnnotationBroken}},
		"composite faded":               {sample{layer: object("CompositeObject", `ResourceID="C1" Alpha="100"`, ""), resources: `<CompositeGraphicUnits><CompositeGraphicUnit ID="C1" Width="1" Height="1"><Content/></CompositeGraphicUnit></CompositeGraphicUnits>`}, []render.Code{render.EffectIgnored}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			page := c.sample.draw(t)
			want := map[render.Code]bool{}
			for _, code := range c.want {
				want[code] = true
			}
			var list []render.Code
			for code := range want {
				list = append(list, code)
			}
			wantCodes(t, page, list...)
			svg, err := page.SVG(render.SVGOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := wellBehaved(svg); err != nil {
				t.Error(err)
			}
			if _, err := page.PNG(72); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPicturesThatAreNotDrawnAreMarked: the place of such a picture holds a crossed frame, not nothing.
func TestPicturesThatAreNotDrawnAreMarked(t *testing.T) {
	page := sample{layer: `<ImageObject ID="1" Boundary="10 10 20 20" CTM="20 0 0 20 0 0" ResourceID="M9"/>`}.draw(t)
	grey := color.RGBA{128, 128, 128, 255}
	picture := pixels(t, page)
	wantColor(t, picture, 20, 20, grey)
	wantColor(t, picture, 20, 10, grey)
	wantColor(t, picture, 20, 14, white)
}

func TestAnnotationsCanBeLeftOut(t *testing.T) {
	s := sample{layer: filled(``, frame), annots: `<Annot ID="5" Type="Stamp"><Appearance Boundary="0 0 60 40">` + strings.Replace(filled(``, frame), "255 0 0", "0 0 255", 1) + `</Appearance></Annot>`}
	var asked []string
	page, err := s.open(t, render.Options{Annotation: func(path string) bool { asked = append(asked, path); return false }}).Page(1)
	if err != nil {
		t.Fatal(err)
	}
	wantColor(t, pixels(t, page), 20, 20, red)
	wantCodes(t, page, render.AnnotationHidden)
	if f := page.Findings()[0]; f.Object != "5" || !f.Omitted || f.Path != "/Doc/Annot.xml" {
		t.Errorf("finding %+v", f)
	}
	if len(asked) != 1 || asked[0] != "/Doc/Annot.xml" {
		t.Errorf("asked for %v", asked)
	}
}

// TestWithoutFaces: a program without fonts shows that letters are there, and tells.
func TestWithoutFaces(t *testing.T) {
	data, err := ofd.Pack(sample{layer: `<TextObject ID="1" Boundary="0 0 60 40" Font="F2" Size="10"><TextCode X="5" Y="20" DeltaX="10">一 二</TextCode></TextObject>`}.files())
	if err != nil {
		t.Fatal(err)
	}
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	d, err := render.Open(p, render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := d.Page(1)
	if err != nil {
		t.Fatal(err)
	}
	wantCodes(t, page, render.FontReplaced, render.GlyphMissing, render.ResourceMissing)
	wantColor(t, pixels(t, page), 10, 12.2, black)
	if _, ok := render.Find(page.Text(), "一二", 1); !ok {
		t.Error("the words are not found")
	}
}

func TestAreasOfPages(t *testing.T) {
	page := sample{area: "0 0 100 50", page: `<Area><PhysicalBox>5 5 60 40</PhysicalBox><ContentBox>10 10 40 20</ContentBox></Area>`}.draw(t)
	if page.Width != 60 || page.Height != 40 || page.Area.Content != (ofd.Box{X: 10, Y: 10, Width: 40, Height: 20}) {
		t.Errorf("%+v", page.Area)
	}
	d := sample{area: "0 0 100 50"}.open(t, render.Options{})
	if page, err := d.Page(1); err != nil || page.Width != 100 || page.Area.Bleed != (ofd.Box{}) {
		t.Errorf("%+v, %v", page, err)
	}
	for _, number := range []int{0, 2, -1} {
		if _, err := d.Page(number); !errors.Is(err, render.ErrPage) {
			t.Errorf("page %d: %v", number, err)
		}
	}
}

// TestPagesAreRepeatable: the same page gives the same octets, also when others were drawn between.
func TestPagesAreRepeatable(t *testing.T) {
	p, err := ofd.Open(testkit.SharedFile(t, "vectors/ofd/docs/kinggrid-999.ofd"), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	d, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
	if err != nil {
		t.Fatal(err)
	}
	draw := func(number int) []byte {
		page, err := d.Page(number)
		if err != nil {
			t.Fatal(err)
		}
		svg, err := page.SVG(render.SVGOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return svg
	}
	first := draw(1)
	draw(2)
	if !bytes.Equal(first, draw(1)) {
		t.Error("the page changed")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	d := sample{}.open(t, render.Options{})
	page, err := d.Page(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{`a"b`, "1a", "a b", strings.Repeat("a", 60)} {
		if _, err := page.SVG(render.SVGOptions{Prefix: prefix}); !errors.Is(err, render.ErrOutput) {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
	for _, dpi := range []float64{0, -5, 1e9, 1e-9} {
		if _, err := page.PNG(dpi); !errors.Is(err, render.ErrOutput) {
			t.Errorf("%g dpi: %v", dpi, err)
		}
	}
}

// TestInlineHasNoStyle: the policy of pages forbids style attributes.
func TestInlineHasNoStyle(t *testing.T) {
	page := vectorPage(t, "docs/ofdrw-allprotected.ofd", 1, render.Options{})
	inline, err := page.SVG(render.SVGOptions{Inline: true})
	if err != nil || bytes.Contains(inline, []byte("style=")) || !bytes.Contains(inline, []byte(`class="ofd-seal"`)) {
		t.Errorf("inline: %v", err)
	}
	alone, err := page.SVG(render.SVGOptions{})
	if err != nil || !bytes.Contains(alone, []byte(`style="mix-blend-mode:multiply"`)) {
		t.Errorf("alone: %v", err)
	}
}

func vectorPage(t testing.TB, name string, number int, o render.Options) *render.Page {
	t.Helper()
	p, err := ofd.Open(testkit.SharedFile(t, "vectors/ofd/"+name), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	o.Document = render.Current(p)
	o.Faces = render.BuiltIn()
	d, err := render.Open(p, o)
	if err != nil {
		t.Fatal(err)
	}
	page, err := d.Page(number)
	if err != nil {
		t.Fatal(err)
	}
	return page
}
