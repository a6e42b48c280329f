package web

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// icons are drawn in a box of 24 with the text's colour. A word always stands beside them.
var icons = map[string]string{
	"check":    `<path d="M4 12.5l5.5 5.5L20 7"/>`,
	"cross":    `<path d="M6 6l12 12M18 6L6 18"/>`,
	"question": `<path d="M8.5 9a3.5 3.5 0 1 1 5.2 3.1c-1.1.6-1.7 1.4-1.7 2.6M12 18.6v.4"/>`,
	"info":     `<path d="M12 11v7M12 6v.5"/>`,
	"warning":  `<path d="M12 6v8M12 18v.5"/>`,
	"dash":     `<path d="M6 12h12"/>`,
	"menu":     `<path d="M4 7h16M4 12h16M4 17h16"/>`,
	"shield":   `<path d="M12 3l7.5 2.8v5.4c0 4.6-3.1 8.2-7.5 9.8-4.4-1.6-7.5-5.2-7.5-9.8V5.8z"/><path d="M8.5 12l2.5 2.5 4.5-5"/>`,
	"help":     `<circle cx="12" cy="12" r="9"/><path d="M9.5 9.5a2.5 2.5 0 1 1 3.7 2.2c-.8.4-1.2 1-1.2 1.8M12 16.8v.2"/>`,
	"person":   `<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.8-4 3.8-6 7.5-6s6.700 2 7.500 6"/>`,
	"document": `<path d="M6 3h8l4 4v14H6z"/><path d="M14 3v4h4M9 12h6M9 16h6"/>`,
	"seal":     `<circle cx="12" cy="12" r="9"/><path d="M12 7.200l1.200 3.300 3.500.1-2.800 2.100 1 3.400-2.900-2-2.900 2 1-3.400-2.800-2.100 3.500-.1z"/>`,
	"phone":    `<path d="M6 3.500h3.500l1.500 4-2 1.500c1 2.500 3 4.500 5.500 5.500l1.500-2 4 1.500V17.500c0 1.700-1.300 3-3 3C10 20.500 3.500 14 3.500 6.500c0-1.700 1-3 2.500-3z"/>`,
}

// icon is an inline drawing that assistive technology passes over.
func icon(name string) (template.HTML, error) {
	shape, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("web: there is no icon %q", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">` + shape + `</svg>`), nil //nolint:gosec // shapes are constants above
}

// QR is a two-dimensional code as rows of dark modules.
type QR [][]bool

// NewQR draws the text with error correction level M. It fails when the text is longer than the largest code holds.
func NewQR(text string) (QR, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("web: draw two-dimensional code: %w", err)
	}
	bounds := code.Bounds()
	rows := make(QR, bounds.Dy())
	for y := range rows {
		rows[y] = make([]bool, bounds.Dx())
		for x := range rows[y] {
			red, _, _, _ := code.At(bounds.Min.X+x, bounds.Min.Y+y).RGBA()
			rows[y][x] = red < 0x8000
		}
	}
	return rows, nil
}

// quietZone is the white margin that readers need, in modules (ISO/IEC 18004 9.1).
const quietZone = 4

// qrSize is the edge of the drawing in modules, margin included.
func qrSize(code QR) int { return len(code) + 2*quietZone }

// qrPath is the SVG path of the dark modules, one run of modules a piece.
func qrPath(code QR) string {
	var b strings.Builder
	for y, row := range code {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			start := x
			for x < len(row) && row[x] {
				x++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", start+quietZone, y+quietZone, x-start, x-start)
		}
	}
	return b.String()
}

// downloadAddress holds a small JSON file inside the page, so that it can be saved without the server keeping it.
func downloadAddress(content []byte) template.URL {
	return template.URL("data:application/json;base64," + base64.StdEncoding.EncodeToString(content)) //nolint:gosec // the type is fixed, the content is encoded
}

// jpegAddress shows a JPEG picture inside the page.
func jpegAddress(content []byte) template.URL {
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(content)) //nolint:gosec // as above
}

// pngAddress shows a PNG picture inside the page.
func pngAddress(content []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(content)) //nolint:gosec // as above
}
