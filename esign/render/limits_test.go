package render_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
)

func nested(depth int) string {
	return strings.Repeat("<PageBlock>", depth) + strings.Repeat("</PageBlock>", depth)
}

func composites(own string) string {
	return `<CompositeGraphicUnits><CompositeGraphicUnit ID="C1" Width="1" Height="1"><Content>` + own + `</Content></CompositeGraphicUnit></CompositeGraphicUnits>`
}

// chain are composites that each draw the next ten times.
func chain(length int) string {
	var b strings.Builder
	b.WriteString(`<CompositeGraphicUnits>`)
	for i := range length {
		fmt.Fprintf(&b, `<CompositeGraphicUnit ID="C%d" Width="1" Height="1"><Content>`, i+1)
		b.WriteString(strings.Repeat(fmt.Sprintf(`<CompositeObject ID="1" Boundary="0 0 1 1" ResourceID="C%d"/>`, i+2), 10))
		b.WriteString(`</Content></CompositeGraphicUnit>`)
	}
	b.WriteString(`</CompositeGraphicUnits>`)
	return b.String()
}

const composite1 = `<CompositeObject ID="1" Boundary="0 0 1 1" ResourceID="C1"/>`

// TestLimits: each limit has its own error, and none of them draws a part.
func TestLimits(t *testing.T) {
	fonts := `<Fonts><Font ID="F2" FontName="宋体"/></Fonts>`
	cases := map[string]struct {
		sample sample
		limits func(*render.Limits)
		want   error
	}{
		"objects":                     {sample{layer: strings.Repeat(path(``, frame), 3)}, func(l *render.Limits) { l.Objects = 2 }, render.ErrObjects},
		"file":                        {sample{layer: strings.Repeat(path(``, frame), 8)}, func(l *render.Limits) { l.XMLBytes = 1000 }, render.ErrObjects},
		"one file read often":         {sample{content: strings.Repeat(`<Layer/>`, 3), annots: `<Annot Type="Link"/>`, more: []ofd.File{{Path: "/Doc/Annots.xml", Content: []byte(head + `<Annotations><Page PageID="P1">` + strings.Repeat(`<FileLoc>Annot.xml</FileLoc>`, 40) + `</Page></Annotations>`)}}}, func(l *render.Limits) { l.XMLBytes = 4000 }, render.ErrObjects},
		"resources of a page":         {sample{page: `<PageRes>Own.xml</PageRes>`, layer: path(``, frame), more: []ofd.File{{Path: "/Doc/Own.xml", Content: []byte(head + `<Res BaseLoc=".">` + strings.Repeat(`<DrawParams/>`, 500) + `</Res>`)}}}, func(l *render.Limits) { l.XMLBytes = 4000 }, render.ErrObjects},
		"segments":                    {sample{layer: strings.Repeat(path(``, frame), 3)}, func(l *render.Limits) { l.Segments = 12 }, render.ErrSegments},
		"segments of a clip":          {sample{layer: `<PathObject ID="1" Boundary="0 0 60 40"><Clips><Clip><Area><Path Boundary="0 0 1 1"><AbbreviatedData>` + frame + `</AbbreviatedData></Path></Area></Clip></Clips></PathObject>`}, func(l *render.Limits) { l.Segments = 4 }, render.ErrSegments},
		"segments of letters":         {sample{resources: fonts, layer: `<TextObject ID="1" Boundary="0 0 60 40" Font="F2" Size="3"><TextCode X="1" Y="5" DeltaX="3">龘鑫</TextCode></TextObject>`}, func(l *render.Limits) { l.Segments = 5 }, render.ErrSegments},
		"characters":                  {sample{resources: fonts, layer: `<TextObject ID="1" Boundary="0 0 60 40" Font="F2" Size="3"><TextCode X="1" Y="5" DeltaX="3">abcdef</TextCode></TextObject>`}, func(l *render.Limits) { l.Characters = 5 }, render.ErrCharacters},
		"glyphs of one code":          {sample{resources: fonts, layer: `<TextObject ID="1" Boundary="0 0 60 40" Font="F2" Size="3"><CGTransform CodePosition="0"><Glyphs>1 1 1 1 1 1</Glyphs></CGTransform><TextCode X="1" Y="5">a</TextCode></TextObject>`}, func(l *render.Limits) { l.Characters = 5 }, render.ErrCharacters},
		"page blocks":                 {sample{layer: nested(30)}, nil, render.ErrDepth},
		"composite of itself":         {sample{resources: composites(composite1), layer: composite1}, nil, render.ErrDepth},
		"composites of composites":    {sample{resources: chain(8), layer: composite1}, nil, render.ErrObjects},
		"composites in a long chain":  {sample{resources: chain(20), layer: composite1}, func(l *render.Limits) { l.Objects = 1 << 30 }, render.ErrDepth},
		"pattern inside its own cell": {sample{layer: shaded(strings.Repeat(`<Pattern Width="30" Height="40"><CellContent><PathObject ID="1" Boundary="0 0 60 40" Fill="true"><FillColor>`, 9) + strings.Repeat(`</FillColor><AbbreviatedData>M 0 0 L 60 0 L 60 40 C</AbbreviatedData></PathObject></CellContent></Pattern>`, 9))}, nil, render.ErrObjects},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			limits := render.DefaultLimits()
			if c.limits != nil {
				c.limits(&limits)
			}
			data, err := ofd.Pack(c.sample.files())
			if err != nil {
				t.Fatal(err)
			}
			p, err := ofd.Open(data, ofd.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			d, err := render.Open(p, render.Options{Faces: render.BuiltIn(), Limits: limits})
			if err == nil {
				_, err = d.Page(1)
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestLimitsOfOutput(t *testing.T) {
	limits := render.DefaultLimits()
	limits.OutputBytes, limits.Work, limits.Pixels = 400, 1000, 100
	page, err := sample{layer: path(``, frame) + path(``, frame)}.open(t, render.Options{Limits: limits}).Page(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := page.SVG(render.SVGOptions{}); !errors.Is(err, render.ErrOutput) {
		t.Errorf("svg: %v", err)
	}
	if _, err := page.PNG(96); !errors.Is(err, render.ErrOutput) {
		t.Errorf("png: %v", err)
	}
	limits.Pixels = 1 << 20
	if page, err = (sample{layer: path(``, frame)}).open(t, render.Options{Limits: limits}).Page(1); err != nil {
		t.Fatal(err)
	}
	if _, err := page.PNG(96); !errors.Is(err, render.ErrWork) {
		t.Errorf("png: %v", err)
	}
}

// blank is a PNG of one colour.
func blank(t testing.TB, wide, high int) []byte {
	t.Helper()
	picture := image.NewPaletted(image.Rect(0, 0, wide, high), color.Palette{color.White, color.Black})
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// progressive is the head of a JPEG that keeps five octets a sample while it is read.
var progressive = []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc2\x00\x11\x08\x0b\xb8\x0b\xb8\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xd9")

func TestD20LargePicturesAreMarked(t *testing.T) {
	for name, data := range map[string][]byte{"progressive": progressive, "by its header": header(t, 60_000, 60_000), "by its octets": blank(t, 8000, 8000)} {
		t.Run(name, func(t *testing.T) {
			page := sample{resources: media, more: []ofd.File{{Path: "/Doc/a.png", Content: data}}, layer: `<ImageObject ID="1" Boundary="10 10 20 10" CTM="20 0 0 10 0 0" ResourceID="M1"/>`}.draw(t)
			wantCodes(t, page, render.PictureLarge)
		})
	}
}

// header is a PNG that says it is larger than it is.
func header(t testing.TB, wide, high int) []byte {
	t.Helper()
	data := blank(t, 1, 1)
	for i, v := range []int{wide, high} {
		data[16+4*i], data[17+4*i], data[18+4*i], data[19+4*i] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
	}
	sum := crc32.ChecksumIEEE(data[12:29])
	copy(data[29:33], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	return data
}

// hostileCFF is a program whose subroutines call each other two hundred times each, ten deep.
func hostileCFF() []byte {
	index := func(items ...[]byte) []byte {
		out := []byte{byte(len(items) >> 8), byte(len(items))}
		if len(items) == 0 {
			return out
		}
		out = append(out, 4)
		at := uint32(1)
		for i := 0; i <= len(items); i++ {
			out = append(out, byte(at>>24), byte(at>>16), byte(at>>8), byte(at))
			if i < len(items) {
				at += uint32(len(items[i]))
			}
		}
		return append(out, bytes.Join(items, nil)...)
	}
	call := func(subroutine int) []byte { return []byte{byte(subroutine - 107 + 139), 29} }
	var subroutines [][]byte
	for i := range 9 {
		subroutines = append(subroutines, append(bytes.Repeat(call(i+1), 200), 11))
	}
	subroutines = append(subroutines, []byte{139, 139, 21, 11}) // 0 0 rmoveto return
	glyphs := index([]byte{14}, append(call(0), 14))
	top := func(offset int) []byte {
		return index([]byte{29, byte(offset >> 24), byte(offset >> 16), byte(offset >> 8), byte(offset), 17, 139, 29, 0, 0, 0, 0, 18})
	}
	before := func(offset int) []byte {
		return slices.Concat([]byte{1, 0, 4, 4}, index([]byte("a")), top(offset), index(), index(subroutines...))
	}
	return append(before(len(before(0))), glyphs...)
}

// TestD20HostileFonts: a program cannot spend more than its glyph may cost.
func TestD20HostileFonts(t *testing.T) {
	text := `<TextObject ID="1" Boundary="0 0 60 40" Font="F1" Size="3"><CGTransform CodePosition="0"><Glyphs>1</Glyphs></CGTransform><TextCode X="1" Y="5">a</TextCode></TextObject>`
	page := sample{resources: embedded, more: []ofd.File{{Path: "/Doc/f.ttf", Content: hostileCFF(), Store: true}}, layer: text}.draw(t)
	wantCodes(t, page, render.FontReplaced, render.GlyphMissing)
	limits := render.DefaultLimits()
	limits.FontBytes = 100
	page, err := sample{resources: embedded, more: []ofd.File{{Path: "/Doc/f.ttf", Content: subset(t, "a")}}, layer: text}.open(t, render.Options{Limits: limits}).Page(1)
	if err != nil {
		t.Fatal(err)
	}
	wantCodes(t, page, render.FontBroken)
}

// peak is the most heap that f takes, in octets.
func peak(f func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	before := int64(stats.HeapAlloc)
	var most atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			runtime.GC()
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most.Store(max(most.Load(), int64(now.HeapAlloc)-before))
			select {
			case <-stop:
				return
			case <-time.After(25 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
	return most.Load()
}

// hostile are documents that ask for as much as they can.
func hostile(t testing.TB) map[string]sample {
	fonts := `<Fonts><Font ID="F2" FontName="宋体"/></Fonts>`
	var curves strings.Builder
	curves.WriteString("M 0 0")
	for i := range 100_000 {
		fmt.Fprintf(&curves, " B %d 0 0 %d %d 40", i%60, i%40, i%61)
	}
	many := func(n int, object string) string { return strings.Repeat(object, n) }
	long := strings.Repeat("龘", 15_000)
	return map[string]sample{
		"curves":    {layer: path(`Fill="true" LineWidth="1" Join="Round"`, curves.String())},
		"dashes":    {layer: many(200, path(`LineWidth="0.1" DashPattern="0.001 0.001"`, "M 0 0 L 60 40 L 0 40 L 60 0"))},
		"fills":     {area: "0 0 200 290", layer: many(20_000, `<PathObject ID="1" Boundary="0 0 200 290" Fill="true"><AbbreviatedData>M 0 0 L 200 0 L 200 290 C</AbbreviatedData></PathObject>`)},
		"text":      {resources: fonts, layer: many(3, `<TextObject ID="1" Boundary="0 0 60 40" Font="F2" Size="30"><TextCode X="1" Y="30" DeltaX="0.001">`+long+`</TextCode></TextObject>`)},
		"bold text": {resources: fonts, layer: many(3, `<TextObject ID="1" Boundary="0 0 60 40" Font="F2" Size="30" Weight="900"><TextCode X="1" Y="30" DeltaX="0.001">`+long+`</TextCode></TextObject>`)},
		"clips":     {area: "0 0 200 290", layer: many(5_000, `<PathObject ID="1" Boundary="0 0 200 290" Fill="true"><Clips><Clip><Area><Path Boundary="0 0 1 1"><AbbreviatedData>M 0 0 L 200 0 L 100 290 C</AbbreviatedData></Path></Area></Clip></Clips><AbbreviatedData>M 0 0 L 200 0 L 200 290 C</AbbreviatedData></PathObject>`)},
		"pictures":  {resources: media, more: []ofd.File{{Path: "/Doc/a.png", Content: blank(t, 5000, 5000)}}, layer: many(200, `<ImageObject ID="1" Boundary="0 0 60 40" CTM="60 0 0 40 0 0" ResourceID="M1"/>`)},
		"shadings":  {area: "0 0 200 290", layer: many(2_000, strings.ReplaceAll(shaded(`<RadialShd StartPoint="0 0" EndPoint="30 20" EndRadius="10" Extend="3"><Segment><Color Value="255 0 0"/></Segment><Segment><Color Value="0 0 255"/></Segment></RadialShd>`), "60 40", "200 290"))},
		"patterns":  {layer: many(50, shaded(`<Pattern Width="1" Height="1"><CellContent><PathObject ID="1" Boundary="0 0 60 40" Fill="true"><AbbreviatedData>M 0 0 L 60 0 L 60 40 C</AbbreviatedData></PathObject></CellContent></Pattern>`))},
	}
}

// drawing opens a sample and gives what draws its page once, with what stopped it.
func (s sample) drawing(t testing.TB) func() error {
	t.Helper()
	files := s.files()
	for i := range files {
		files[i].Store = true // so that the ratio of the ZIP is no matter
	}
	data, err := ofd.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return func() error {
		d, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
		if err != nil {
			return err
		}
		page, err := d.Page(1)
		if err != nil {
			return err
		}
		_, svg := page.SVG(render.SVGOptions{})
		_, png := page.PNG(96)
		return errors.Join(svg, png)
	}
}

// TestHostilePagesAreBounded: what costs too much is stopped, and nothing takes more than 64 MiB of heap. How long they take is measured by
// BenchmarkHostilePages.
func TestHostilePagesAreBounded(t *testing.T) {
	stopped := map[string]error{"dashes": render.ErrWork, "fills": render.ErrWork, "text": render.ErrWork, "bold text": render.ErrWork, "clips": render.ErrWork,
		"shadings": render.ErrWork, "patterns": render.ErrObjects} // curves and pictures are just within what a page may cost
	for name, s := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			var err error
			draw := s.drawing(t)
			if most := peak(func() { err = draw() }); most > 64<<20 {
				t.Errorf("%d MiB of heap", most>>20)
			}
			if !errors.Is(err, stopped[name]) {
				t.Errorf("ended with %v, want %v", err, stopped[name])
			}
		})
	}
}

// BenchmarkHostilePages: list, SVG and PNG of each.
func BenchmarkHostilePages(b *testing.B) {
	for name, s := range hostile(b) {
		b.Run(name, func(b *testing.B) {
			draw := s.drawing(b)
			for b.Loop() {
				_ = draw()
			}
		})
	}
}
