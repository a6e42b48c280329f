package licenseface

import (
	"fmt"
	"strconv"

	"github.com/boombuler/barcode/qr"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
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

// Modules are the modules of a QR code (GB/T 18284, level M), row by row: 1 is dark.
func Modules(content string) ([]string, error) {
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("licenseface: QR code: %w", err)
	}
	rows := make([]string, code.Bounds().Dx())
	for y := range rows {
		row := make([]byte, len(rows))
		for x := range row {
			row[x] = '0'
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				row[x] = '1'
			}
		}
		rows[y] = string(row)
	}
	return rows, nil
}

// qrPath draws a QR code.
func qrPath(item catalog.FaceItem, content string) (ofd.Path, error) {
	rows, err := Modules(content)
	if err != nil {
		return ofd.Path{}, err
	}
	return licensefile.QRPath(rows, ofd.Box{X: item.XMM, Y: item.YMM, Width: item.WidthMM, Height: item.HeightMM}), nil
}

// placeholder is the text that stands in the middle of a photo's box where the photo is missing.
func placeholder(item catalog.FaceItem) catalog.FaceItem {
	return catalog.FaceItem{Kind: catalog.ItemText, ID: item.ID, XMM: item.XMM, YMM: item.YMM + (item.HeightMM-item.SizeMM)/2, WidthMM: item.WidthMM, HeightMM: item.SizeMM,
		Text: item.Text, Font: item.Font, SizeMM: item.SizeMM, Align: "center", Color: item.Color}
}

// photo draws the picture of the holder, or the words for one that is missing, below its border.
func (d *drawing) photo(page int, item catalog.FaceItem) (objects []ofd.Object, err error) {
	photo, there := d.licenseType.PhotoOf(d.values)
	switch {
	case there:
		at, id := item.PlacePhoto(photo), new(int)
		d.shown = append(d.shown, shownItem{item: item, at: []place{{page, id}}})
		objects = append(objects, ofd.Image{Boundary: ofd.Box{X: at.XMM, Y: at.YMM, Width: at.WidthMM, Height: at.HeightMM}, Picture: ofd.Box{X: at.LeftMM, Y: at.TopMM, Width: at.PictureWidthMM, Height: at.PictureHeightMM}, ID: id})
	case item.Text != "":
		if objects, err = d.item(page, placeholder(item), ""); err != nil {
			return nil, err
		}
	}
	if item.StrokeMM > 0 {
		objects = append(objects, shape(catalog.FaceItem{Kind: catalog.ItemRect, XMM: item.XMM, YMM: item.YMM, WidthMM: item.WidthMM, HeightMM: item.HeightMM, StrokeMM: item.StrokeMM, Color: item.Color})...)
	}
	return objects, nil
}
