package licensefile

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// Names inside an annotated copy (加注件).
const (
	CopyName     = "copy.json"             // attachment with its machine file
	CopyForm     = "yinxin-license-copy/1" // the format of that
	OriginalName = "original.ofd"          // attachment with the sealed original, octet for octet
	stampLayout  = "20060102150405"        // YYYYMMDDhhmmss, in the time of Beijing
	maxCause     = 60                      // characters of a purpose, which is written over pages
	minModules   = 21                      // of a QR code (GB/T 18284): version 1
	maxModules   = 97                      // and version 20
)

// Errors of copies.
var (
	ErrNoCopy = errors.New("licensefile: the document is no annotated copy")
	ErrCopy   = errors.New("licensefile: the data of the annotated copy are damaged")
)

// Copy is the machine file of an annotated copy: for whom, what for and until when an original was copied. Everything that stands over its
// pages and on its further page is written from these members, so that none can say anything else.
type Copy struct {
	Format       string   `json:"format"`
	ID           string   `json:"copy_id"`
	LicenseID    string   `json:"license_id"`
	OriginalSM3  string   `json:"original_sm3"` // lower-case hex
	Grant        string   `json:"use_grant"`
	Creator      string   `json:"copy_creator"` // 加注件制作者
	CreatorCode  string   `json:"copy_creator_code"`
	Receiver     string   `json:"receiver"`
	ReceiverCode string   `json:"receiver_code"` // USCC of who asked for it
	PurposeCode  string   `json:"purpose_code"`
	Cause        string   `json:"copy_cause"`      // 加注件制作事由
	Created      string   `json:"copy_created_at"` // YYYYMMDDhhmmss, Beijing
	Expires      string   `json:"copy_expires_at"`
	RecordURL    string   `json:"record_url"` // of the record of this use
	QR           []string `json:"qr"`         // that address as the modules of a QR code, row by row: 1 is dark
}

// Encode writes the machine file; ErrCopy where a member is missing or out of bounds.
func (c Copy) Encode() ([]byte, error) {
	c.Format = CopyForm
	if !c.whole() {
		return nil, ErrCopy
	}
	content, err := json.MarshalIndent(c, "", " ")
	return append(content, '\n'), err
}

// readCopy finds the machine file of a copy. ErrNoCopy where there is none, ErrCopy where it is damaged.
func readCopy(p *ofd.Package) (Copy, []byte, error) {
	var c Copy
	content, found := p.Attachment(CopyName)
	if !found {
		return c, nil, ErrNoCopy
	}
	if len(content) > maxMachine {
		return c, nil, ErrCopy
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&c) != nil {
		return c, nil, ErrCopy
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) || c.Format != CopyForm || !c.whole() {
		return c, nil, ErrCopy
	}
	return c, content, nil
}

// whole tells whether every member is there and what is drawn keeps its bounds.
func (c Copy) whole() bool {
	for _, text := range []string{c.ID, c.LicenseID, c.OriginalSM3, c.Grant, c.Creator, c.CreatorCode, c.Receiver, c.ReceiverCode, c.PurposeCode, c.Cause, c.RecordURL} {
		if text == "" || len(text) > 400 || strings.ContainsAny(text, "\r\n\t") {
			return false
		}
	}
	created, err1 := time.Parse(stampLayout, c.Created)
	expires, err2 := time.Parse(stampLayout, c.Expires)
	if err1 != nil || err2 != nil || !expires.After(created) || len([]rune(c.Cause)) > maxCause || len(c.QR) < minModules || len(c.QR) > maxModules {
		return false
	}
	for _, row := range c.QR {
		if len(row) != len(c.QR) || strings.Trim(row, "01") != "" {
			return false
		}
	}
	return true
}

// Words are what stands over every page of the copy (license.md 8).
func (c Copy) Words() string { return "仅供" + c.Cause + "使用，至" + moment(c.Expires) }

// moment writes a moment for people; the form was checked.
func moment(stamp string) string {
	at, _ := time.Parse(stampLayout, stamp)
	return at.Format("2006年01月02日15时04分")
}

// page is what the further page of the copy says, line by line.
func (c Copy) page() []string {
	return []string{
		"电子证照加注件", "电子证照标识：" + c.LicenseID, "加注件编号：" + c.ID, "用证授权编号：" + c.Grant, "加注件制作者：" + c.Creator + "（" + c.CreatorCode + "）",
		"使用单位：" + c.Receiver + "（" + c.ReceiverCode + "）", "加注件制作事由：" + c.Cause, "用途代码：" + c.PurposeCode, "加注件制作时间：" + moment(c.Created),
		"加注件有效期截止时间：" + moment(c.Expires), "原件杂凑值（SM3）：" + c.OriginalSM3, "原件的电子印章在加注件内保持有效。扫描右上角二维码可查看本次使用记录：" + c.RecordURL,
	}
}

// Letters are all characters that the font of the copy has to hold.
func (c Copy) Letters() string { return c.Words() + strings.Join(c.page(), "") }

// Millimetres of the further page, which is A4.
const (
	pageWidth, pageHeight = 210.0, 297.0
	pageMargin            = 20.0
	qrSide                = 32.0
	lineSize, lineStep    = 4.0, 7.0
)

// CopySlot is where the seal of the copy's maker stands on its further page.
func CopySlot(original *ofd.Package) catalog.SealSlot {
	return catalog.SealSlot{Page: len(original.Current().Pages) + 1, XMM: 140, YMM: 225, WidthMM: 40, HeightMM: 40}
}

// Files are the unsealed copy of an original that a Maker of this platform made: its pages octet for octet, the words over each of them,
// pictures of its seals where it shows them, a further page, and the original and the machine file as attachments. font holds c.Letters and no
// others. A verifier makes the same files anew and compares.
func (c Copy) Files(original *ofd.Package, octets, machine, font []byte) ([]ofd.File, error) {
	document := original.Current()
	info := document.Info
	id := sm3.Sum([]byte(c.ID))
	info.DocID, info.Author, info.Creator, info.ModDate = hex.EncodeToString(id[:16]), c.Creator, "Yinxin", ""
	info.CreationDate = c.Created[:4] + "-" + c.Created[4:6] + "-" + c.Created[6:8]
	info.CustomDatas = slices.Clone(info.CustomDatas)
	for _, field := range []struct{ key, value string }{{"copy_created_at", c.Created}, {"copy_creator", c.Creator}, {"copy_cause", c.Cause}, {"copy_expires_at", c.Expires}} {
		element, _ := catalog.Default().Element(field.key)
		info.CustomDatas = append(info.CustomDatas, ofd.CustomData{Name: element.Pinyin, Value: field.value})
	}
	o := ofd.Overlay{
		Info: info, Fonts: []ofd.BuildFont{{Name: "Yinxin Copy", Family: "Yinxin Copy", File: font}}, Pages: []ofd.BuildPage{c.drawPage()},
		Attachments: []ofd.BuildAttachment{{Name: OriginalName, Format: "ofd", Content: octets, Hidden: true}, {Name: CopyName, Format: "json", Content: machine, Hidden: true}},
	}
	c.drawSeals(&o, original)
	for i, page := range document.Pages {
		o.Notes = append(o.Notes, ofd.Note{Page: i + 1, Type: "Watermark", Objects: c.drawWords(page.Area)})
	}
	return o.Files(original)
}

// drawSeals shows the seals of the original where it shows them. They are pictures here: what they prove is judged in the original.
func (c Copy) drawSeals(o *ofd.Overlay, original *ofd.Package) {
	for _, description := range original.Signatures {
		signature, err := ses.ParseSignature(description.Value)
		if err != nil {
			continue
		}
		format := strings.ToUpper(signature.Seal.Picture.Type)
		if !slices.Contains([]string{"PNG", "JPG", "JPEG", "BMP", "GIF"}, format) {
			continue
		}
		o.Images = append(o.Images, ofd.BuildImage{Format: format, File: signature.Seal.Picture.Data})
		for _, stamp := range description.Stamps {
			if stamp.Page > 0 && stamp.Clip == nil {
				o.Notes = append(o.Notes, ofd.Note{Page: stamp.Page, Type: "Stamp", Objects: []ofd.Object{ofd.Image{Boundary: stamp.Boundary, Image: len(o.Images) - 1}}})
			}
		}
	}
}

const (
	wordsColor = "200 40 40"
	wordsAlpha = 90 // what is below stays readable
)

// drawWords writes the words three times over a page, so that no part of it can be cut out without them.
func (c Copy) drawWords(area ofd.Box) []ofd.Object {
	size := min(max(area.Width/32, 3), 8)
	lines := wrap(c.Words(), size, area.Width*0.84)
	var objects []ofd.Object
	for third := range 3 {
		y := area.Height * (0.2 + 0.3*float64(third))
		for i, line := range lines {
			x := (area.Width - width(line, size)) / 2
			objects = append(objects, lineOf(line, x, y+float64(i)*size*1.5, size, wordsColor, wordsAlpha))
		}
	}
	return objects
}

func (c Copy) drawPage() ofd.BuildPage {
	page := ofd.BuildPage{Width: pageWidth, Height: pageHeight, Objects: []ofd.Object{QRPath(c.QR, ofd.Box{X: pageWidth - pageMargin - qrSide, Y: pageMargin, Width: qrSide, Height: qrSide})}}
	y := pageMargin + lineSize
	for i, paragraph := range c.page() {
		size, room := lineSize, pageWidth-2*pageMargin
		if i == 0 {
			size = 7
		}
		if y < pageMargin+qrSide+lineStep { // beside the code
			room -= qrSide + 5
		}
		for _, line := range wrap(paragraph, size, room) {
			page.Objects = append(page.Objects, lineOf(line, pageMargin, y, size, "", 0))
			y += size + lineStep - lineSize
		}
		y += lineStep - lineSize
	}
	return page
}

// QRPath draws the modules of a QR code as one filled path, runs of dark modules in a row as one rectangle, with four light ones around.
func QRPath(rows []string, box ofd.Box) ofd.Path {
	const quiet = 4
	n := len(rows)
	module := box.Width / float64(n+2*quiet)
	at := func(k int) string { return strconv.FormatFloat(float64(k+quiet)*module, 'f', 3, 64) }
	var s strings.Builder
	for y, row := range rows {
		for x := 0; x < n; x++ {
			end := x
			for end < n && row[end] == '1' {
				end++
			}
			if end > x {
				fmt.Fprintf(&s, "M %s %s L %s %s L %s %s L %s %s C ", at(x), at(y), at(end), at(y), at(end), at(y+1), at(x), at(y+1))
				x = end
			}
		}
	}
	return ofd.Path{Boundary: box, Data: strings.TrimSpace(s.String()), Fill: true, Color: "0 0 0"}
}

// step is the width that a character takes, so that lines are broken without the font at hand.
func step(r rune, size float64) float64 {
	if r < 0x2000 {
		return size * 0.6
	}
	return size
}

func width(line string, size float64) (sum float64) {
	for _, r := range line {
		sum += step(r, size)
	}
	return sum
}

func wrap(text string, size, room float64) (lines []string) {
	line, used := "", 0.0
	for _, r := range text {
		if w := step(r, size); used+w > room && line != "" {
			lines, line, used = append(lines, line), "", 0
		}
		line, used = line+string(r), used+step(r, size)
	}
	return append(lines, line)
}

func lineOf(line string, x, y, size float64, color string, alpha int) ofd.Text {
	runes := []rune(line)
	advances := make([]float64, 0, len(runes))
	for _, r := range runes[:len(runes)-1] {
		advances = append(advances, step(r, size))
	}
	return ofd.Text{Size: size, X: x, Y: y, Width: width(line, size), Value: line, Advances: advances, Color: color, Alpha: alpha}
}

// same names the first file of a sealed copy that is not the one that was made anew; empty where all are. Beside them only what its own
// signatures are made of may be there, and their list in OFD.xml.
func same(p *ofd.Package, files []ofd.File) string {
	made := make(map[string][]byte, len(files))
	for _, f := range files {
		made[f.Path] = f.Content
	}
	lists := map[string]bool{}
	for _, s := range p.Signatures {
		lists[s.ListPath] = true
	}
	for _, name := range p.Names() {
		want, known := made[name]
		delete(made, name)
		if !known {
			if p.RoleOf(name) == ofd.Material || lists[name] {
				continue
			}
			return name
		}
		content, err := p.Read(name)
		if err != nil {
			return name
		}
		if name == "/OFD.xml" {
			for list := range lists {
				content = bytes.Replace(content, []byte("<ofd:Signatures>"+list+"</ofd:Signatures>"), nil, 1)
			}
		}
		if !bytes.Equal(content, want) {
			return name
		}
	}
	missing := ""
	for name := range made {
		if missing == "" || name < missing {
			missing = name
		}
	}
	return missing
}

// CheckCopy compares a sealed copy with its original and with the data that it was made of, before it leaves; ErrCopy.
func CheckCopy(sealed *ofd.Package, original []byte, c Copy) error {
	found, machine, err := readCopy(sealed)
	if err != nil {
		return err
	}
	want, _ := c.Encode() // what cannot be written is no machine file
	inner, err := ofd.Open(original, ofd.DefaultLimits())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCopy, err)
	}
	if name := found.differs(sealed, inner, original, machine); name != "" || !bytes.Equal(machine, want) || len(sealed.Signatures) != 1 {
		return fmt.Errorf("%w: %s", ErrCopy, name)
	}
	return nil
}

// differs compares everything in a sealed copy with what its maker makes of the same data, and names the first file that is another: nothing
// else may be drawn, hidden or left out.
func (c Copy) differs(sealed, original *ofd.Package, octets, machine []byte) string {
	if sum := sm3.Sum(octets); hex.EncodeToString(sum[:]) != c.OriginalSM3 {
		return OriginalName
	}
	font, _ := sealed.Read(ofd.OverlayFont(0)) // what is not there is missing below
	files, err := c.Files(original, octets, machine, font)
	if err != nil {
		return "/OFD.xml"
	}
	return same(sealed, files)
}

// copy judges an annotated copy: the original in it as any original, the seal over the layer, and the layer against the data of the copy. It gives
// the codes of those in whose name the copy speaks.
func (j *licenseJudge) copy(document verify.Document, c Copy, machine []byte, damaged error) (parties []string) {
	octets, found := document.Package.Attachment(OriginalName)
	if damaged != nil || !found {
		j.fail("license_data", reasonCopyDamaged, "")
		j.conclude(true, "V00")
		return nil
	}
	original := verify.VerifyDocument(OriginalName, octets, j.options.Options)
	if original.Package != nil {
		if _, _, err := readCopy(original.Package); !errors.Is(err, ErrNoCopy) {
			j.fail("license_data", reasonCopyNested, "")
			j.conclude(true, "V00")
			return nil
		}
	}
	inner, l := judgeDocument(original, j.options)
	for _, s := range inner.Signatures {
		s.ID = "original/" + s.ID
		j.result.Signatures = append(slices.Clone(j.result.Signatures), s)
	}
	for _, reason := range inner.Reasons {
		if !slices.Contains(j.result.Reasons, reason) {
			j.result.Reasons = append(j.result.Reasons, reason)
		}
	}
	j.result.License = inner.License
	if l == nil || !l.Ours || l.ID != c.LicenseID {
		j.fail("license_data", reasonCopyDamaged, "")
		j.conclude(true, "V00")
		return nil
	}
	j.layer(document, original.Package, c, octets, machine)
	j.party(c.Creator, c.CreatorCode, "original/")
	now := catalog.Stamp(j.options.At)
	switch {
	case now > c.Expires:
		j.reason(reasonCopyExpired, c.Expires)
	case catalog.Stamp(j.options.At.Add(presentation.ClockSkew)) < c.Created:
		j.reason(reasonCopyNotYet, c.Created)
	}
	j.reason(reasonCopy, c.Words())
	j.conclude(true, inner.Code) // which counts where nothing speaks against either
	return []string{l.Values.First(catalog.KeyAuthorityCode), c.CreatorCode}
}

// layer judges what was added to the original. The font is what the layer cannot be made anew from, so it must draw the letters that it says.
func (j *licenseJudge) layer(document verify.Document, original *ofd.Package, c Copy, octets, machine []byte) {
	name := c.differs(document.Package, original, octets, machine)
	for _, reason := range document.Result.Reasons {
		if reason.Code == "text_glyph_differs" || reason.Code == "text_unread" {
			name = ofd.OverlayFont(0)
		}
	}
	if name != "" {
		j.fail("license_data", reasonCopyMismatch, name)
		return
	}
	j.pass("license_data")
}
