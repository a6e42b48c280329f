package licenseface

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/ofd"
)

// rgb turns "#RRGGBB" into the colour value of OFD; the catalogue has checked the form.
func rgb(color string) string {
	if color == "" {
		return ""
	}
	n, err := strconv.ParseUint(color[1:], 16, 32)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d %d %d", n>>16, n>>8&255, n&255)
}

func shape(item catalog.FaceItem) []ofd.Object {
	box := ofd.Box{X: item.XMM, Y: item.YMM, Width: item.WidthMM, Height: item.HeightMM}
	if item.Kind == catalog.ItemLine {
		// A boundary must have an extent: half the stroke on either side of the line.
		half := item.StrokeMM / 2
		box = ofd.Box{X: item.XMM - half, Y: item.YMM - half, Width: item.WidthMM + item.StrokeMM, Height: item.HeightMM + item.StrokeMM}
		data := fmt.Sprintf("M %s %s L %s %s", mm(half), mm(half), mm(half+item.WidthMM), mm(half+item.HeightMM))
		return []ofd.Object{ofd.Path{Boundary: box, Data: data, Stroke: true, LineWidth: item.StrokeMM, Color: rgb(item.Color)}}
	}
	data := fmt.Sprintf("M 0 0 L %[1]s 0 L %[1]s %[2]s L 0 %[2]s C", mm(item.WidthMM), mm(item.HeightMM))
	var objects []ofd.Object
	if item.Fill != "" {
		objects = append(objects, ofd.Path{Boundary: box, Data: data, Fill: true, Color: rgb(item.Fill)})
	}
	if item.StrokeMM > 0 {
		objects = append(objects, ofd.Path{Boundary: box, Data: data, Stroke: true, LineWidth: item.StrokeMM, Color: rgb(item.Color)})
	}
	return objects
}

func mm(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

// qrPath draws a QR code (GB/T 18284) as one filled path, runs of dark modules in a row as one rectangle.
func qrPath(item catalog.FaceItem, content string) (ofd.Path, error) {
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil {
		return ofd.Path{}, fmt.Errorf("licenseface: QR code: %w", err)
	}
	n := code.Bounds().Dx()
	dark := func(x, y int) bool {
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	const quiet = 4 // modules around the code
	module := item.WidthMM / float64(n+2*quiet)
	at := func(k int) string { return strconv.FormatFloat(float64(k+quiet)*module, 'f', 3, 64) }
	var data strings.Builder
	for y := range n {
		for x := 0; x < n; x++ {
			if !dark(x, y) {
				continue
			}
			end := x
			for end < n && dark(end, y) {
				end++
			}
			fmt.Fprintf(&data, "M %s %s L %s %s L %s %s L %s %s C ", at(x), at(y), at(end), at(y), at(end), at(y+1), at(x), at(y+1))
			x = end
		}
	}
	return ofd.Path{
		Boundary: ofd.Box{X: item.XMM, Y: item.YMM, Width: item.WidthMM, Height: item.HeightMM}, Data: strings.TrimSpace(data.String()), Fill: true, Color: "0 0 0",
	}, nil
}
