package render_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
)

var update = flag.Bool("update", false, "write the golden files anew")

func path(attributes, data string) string {
	return `<PathObject ID="1" Boundary="0 0 60 40" ` + attributes + `><FillColor Value="255 0 0"/><AbbreviatedData>` + data + `</AbbreviatedData></PathObject>`
}

const frame = "M 10 10 L 30 10 L 30 30 L 10 30 C"

// TestGoldens draws one feature each and compares the SVG as text.
func TestGoldens(t *testing.T) {
	font := ofd.File{Path: "/Doc/f.ttf", Content: subset(t, "一十口")}
	picture := ofd.File{Path: "/Doc/a.png", Content: square(t)}
	text := func(attributes, inner string) string {
		return `<TextObject ID="1" Boundary="5 5 50 30" Font="F1" Size="5" ` + attributes + `>` + inner + `</TextObject>`
	}
	cases := map[string]struct {
		sample sample
		codes  []render.Code
	}{
		"path":          {sample: sample{layer: path(`Fill="true"`, frame)}},
		"path-evenodd":  {sample: sample{layer: path(`Fill="true" Stroke="false" Rule="Even-Odd"`, frame+" M 15 15 L 25 15 L 25 25 L 15 25 C")}},
		"path-curves":   {sample: sample{layer: path(``, "M 5 20 Q 10 5 15 20 B 20 35 25 5 30 20 A 5 8 30 0 1 45 20 C")}},
		"path-pen":      {sample: sample{layer: path(`LineWidth="2" Join="Round" Cap="Square" DashPattern="4 5" DashOffset="1" MiterLimit="2"`, "M 5 5 L 30 30 L 55 5")}},
		"path-ctm":      {sample: sample{layer: path(`CTM="1 0 0 0.5 5 0" LineWidth="2"`, frame)}},
		"path-boundary": {sample: sample{layer: `<PathObject ID="1" Boundary="10 10 10 10" Fill="true" Stroke="false"><FillColor Value="0 0 255"/><AbbreviatedData>M -5 -5 L 15 -5 L 15 15 L -5 15 C</AbbreviatedData></PathObject>`}},
		"clip": {sample: sample{layer: `<PathObject ID="1" Boundary="0 0 60 40" Fill="true" Stroke="false"><Clips><Clip><Area><Path Boundary="10 10 20 20"><AbbreviatedData>M 0 0 L 20 0 L 10 20 C</AbbreviatedData></Path></Area>` +
			`<Area CTM="1 0 0 1 30 0"><Path Boundary="10 10 5 5"><AbbreviatedData>M 0 0 L 5 0 L 5 5 L 0 5 C</AbbreviatedData></Path></Area></Clip></Clips><FillColor Value="255 0 0"/><AbbreviatedData>M 0 0 L 60 0 L 60 40 L 0 40 C</AbbreviatedData></PathObject>`}},
		"clip-text": {sample: sample{resources: embedded, more: []ofd.File{font}, layer: `<PathObject ID="1" Boundary="0 0 60 40" Fill="true" Stroke="false"><Clips><Clip><Area><Text Boundary="5 5 50 30" Font="F1" Size="20"><TextCode X="0" Y="20">口</TextCode></Text></Area></Clip></Clips><FillColor Value="255 0 0"/><AbbreviatedData>M 0 0 L 60 0 L 60 40 L 0 40 C</AbbreviatedData></PathObject>`}},
		"drawparam": {sample: sample{resources: `<DrawParams><DrawParam ID="D1" LineWidth="3" Cap="Round"><StrokeColor Value="0 0 255"/></DrawParam><DrawParam ID="D2" Relative="D1" LineWidth="1"/></DrawParams>`,
			content: `<Layer DrawParam="D2"><PathObject ID="1" Boundary="0 0 60 40"><AbbreviatedData>M 5 5 L 50 5</AbbreviatedData></PathObject><PathObject ID="2" Boundary="0 0 60 40" DrawParam="D1"><AbbreviatedData>M 5 20 L 50 20</AbbreviatedData></PathObject></Layer>`}},
		"order": {sample: sample{page: `<Template TemplateID="T1" ZOrder="Foreground"/>`, template: `<Layer>` + path(`Fill="true" Stroke="false"`, "M 0 0 L 1 0 L 1 1 C") + `</Layer>`,
			content: `<Layer Type="Foreground">` + path(`Fill="true" Stroke="false"`, "M 2 0 L 3 0 L 3 1 C") + `</Layer><Layer Type="Background">` + path(`Fill="true" Stroke="false"`, "M 4 0 L 5 0 L 5 1 C") + `</Layer><Layer>` + path(`Fill="true" Stroke="false"`, "M 6 0 L 7 0 L 7 1 C") + `</Layer>`}},
		"composite": {sample: sample{resources: `<CompositeGraphicUnits><CompositeGraphicUnit ID="C1" Width="10" Height="10"><Content><PageBlock>` + path(`Fill="true" Stroke="false"`, "M 0 0 L 10 0 L 10 10 C") + `</PageBlock></Content></CompositeGraphicUnit></CompositeGraphicUnits>`,
			layer: `<CompositeObject ID="1" Boundary="10 10 20 20" ResourceID="C1" CTM="2 0 0 2 0 0"/>`}},
		"colors": {sample: sample{resources: `<ColorSpaces><ColorSpace ID="S1" Type="GRAY"/><ColorSpace ID="S2" Type="CMYK"/><ColorSpace ID="S3" Type="RGB"><Palette><CV>1 2 3</CV><CV>#ff #80 #0</CV></Palette></ColorSpace></ColorSpaces>`,
			layer: colored(`Value="128" ColorSpace="S1"`, 0) + colored(`Value="0 255 255 0" ColorSpace="S2"`, 5) + colored(`Index="1" ColorSpace="S3"`, 10) + colored(`Value="0 0 255" Alpha="128"`, 15) + colored(`Value="#12 #34 #56" ColorSpace="none"`, 20)},
			codes: []render.Code{render.ColorApproximate}},
		"shading-axial":  {sample: sample{layer: shaded(`<AxialShd StartPoint="0 0" EndPoint="60 0" Extend="1"><Segment Position="0"><Color Value="255 0 0"/></Segment><Segment Position="1"><Color Value="0 0 255"/></Segment></AxialShd>`)}},
		"shading-radial": {sample: sample{layer: shaded(`<RadialShd StartPoint="30 20" StartRadius="0" EndPoint="30 20" EndRadius="10" MapType="Reflect" MapUnit="5" Extend="3"><Segment><Color Value="255 0 0"/></Segment><Segment><Color Value="0 0 255"/></Segment></RadialShd>`)}},
		"pattern":        {sample: sample{layer: shaded(`<Pattern Width="10" Height="10" XStep="20"><CellContent><PathObject ID="9" Boundary="0 0 10 10" Fill="true" Stroke="false"><FillColor Value="0 0 255"/><AbbreviatedData>M 0 0 L 5 0 L 5 5 L 0 5 C</AbbreviatedData></PathObject></CellContent></Pattern>`)}},
		"text":           {sample: sample{resources: embedded, more: []ofd.File{font}, layer: text(``, `<TextCode X="1" Y="6" DeltaX="6 g 2 7">一十口一</TextCode><TextCode Y="14" DeltaY="6">十&lt;</TextCode>`)}, codes: []render.Code{render.FontReplaced}},
		"text-glyphs":    {sample: sample{resources: embedded, more: []ofd.File{font}, layer: text(`HScale="0.5" CharDirection="90"`, `<CGTransform CodePosition="1" CodeCount="2" GlyphCount="1"><Glyphs>2</Glyphs></CGTransform><TextCode X="1" Y="6" DeltaX="6">一?!十</TextCode>`)}},
		"text-replaced":  {sample: sample{resources: embedded, layer: `<TextObject ID="1" Boundary="5 5 50 10" Font="F2" Size="5" Weight="700" Italic="true" Stroke="false"><FillColor Value="0 0 255"/><TextCode X="0" Y="5" DeltaX="2">WW</TextCode></TextObject>`}, codes: []render.Code{render.FontReplaced}},
		"text-missing":   {sample: sample{resources: embedded, layer: `<TextObject ID="1" Boundary="5 5 50 10" Font="F2" Size="5"><TextCode X="0" Y="5">` + "\U0002000B" + `</TextCode></TextObject>`}, codes: []render.Code{render.FontReplaced, render.GlyphMissing}},
		"text-stroke":    {sample: sample{resources: embedded, more: []ofd.File{font}, layer: text(`Fill="false" Stroke="true" LineWidth="0.2"`, `<StrokeColor Value="255 0 0"/><TextCode X="1" Y="6">口</TextCode>`)}},
		"image":          {sample: sample{resources: media, more: []ofd.File{picture}, layer: `<ImageObject ID="1" Boundary="10 10 20 10" CTM="20 0 0 10 0 0" ResourceID="M1" Alpha="128"/>`}},
		"image-missing":  {sample: sample{layer: `<ImageObject ID="1" Boundary="10 10 20 10" CTM="20 0 0 10 0 0" ResourceID="M7"/>`}, codes: []render.Code{render.PictureMissing}},
		"annotation":     {sample: sample{layer: path(``, frame), annots: `<Annot ID="7" Type="Stamp"><Appearance Boundary="20 0 10 10">` + path(`Fill="true" Stroke="false"`, "M 0 0 L 5 0 L 5 5 C") + `</Appearance></Annot>`}},
		"origin":         {sample: sample{area: "10 10 60 40", layer: path(``, "M 10 10 L 70 50")}},
		"hostile-words":  {sample: sample{resources: embedded, layer: `<TextObject ID="1&quot;&gt;&lt;script&gt;" Boundary="5 5 50 10" Font="F2" Size="5"><TextCode X="0" Y="5" DeltaX="2">&lt;/text&gt;&lt;script&gt;&quot;&apos;&amp;</TextCode></TextObject>`}, codes: []render.Code{render.FontReplaced}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			page := c.sample.draw(t)
			wantCodes(t, page, c.codes...)
			svg, err := page.SVG(render.SVGOptions{Prefix: "g", Title: `<"样例"&>`})
			if err != nil {
				t.Fatal(err)
			}
			if err := wellBehaved(svg); err != nil {
				t.Error(err)
			}
			file := filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.WriteFile(file, svg, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(svg, want) {
				t.Errorf("got:\n%s\nwant:\n%s", svg, want)
			}
			if _, err := page.PNG(96); err != nil {
				t.Error(err)
			}
		})
	}
}

func colored(attributes string, x int) string {
	data := map[int]string{0: "M 0 0 L 4 0 L 4 4 C", 5: "M 5 0 L 9 0 L 9 4 C", 10: "M 10 0 L 14 0 L 14 4 C", 15: "M 15 0 L 19 0 L 19 4 C", 20: "M 20 0 L 24 0 L 24 4 C"}[x]
	return `<PathObject ID="1" Boundary="0 0 60 40" Fill="true" Stroke="false"><FillColor ` + attributes + `/><AbbreviatedData>` + data + `</AbbreviatedData></PathObject>`
}

func shaded(inner string) string {
	return `<PathObject ID="1" Boundary="0 0 60 40" Fill="true" Stroke="false"><FillColor>` + inner + `</FillColor><AbbreviatedData>M 0 0 L 60 0 L 60 40 L 0 40 C</AbbreviatedData></PathObject>`
}
