package sealhttp

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/preview"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// maxPreview bounds the picture of the page, in octets; what is larger as vectors is shown as pixels.
const (
	maxPreview = 1500 << 10
	previewDPI = 96
)

// placesShown is how many places of the seal are listed.
const placesShown = 20

// preview draws the first page of the form's document on which the seal would stand, after every check that needs no key (experience.md 3.10).
// Nothing is stamped and nothing is kept; places are typed in millimetres, so that a keyboard is enough.
func (p *Pages) preview(r *http.Request, form url.Values, document []byte, name string) (*web.StampPreview, error) {
	request, err := stampRequest(r.PathValue("id"), form, document, false)
	if err != nil {
		return nil, err
	}
	all, err := p.Service.PreviewStamp(r.Context(), request.SealID, document, request.Places)
	if err != nil {
		return nil, err
	}
	out := &web.StampPreview{File: bounded(name)}
	if len(all) == 0 {
		return out, nil
	}
	for _, a := range all {
		place := seen(a)
		if a.Page == all[0].Page {
			out.Here = append(out.Here, place)
		}
		if len(out.Places) < placesShown {
			out.Places = append(out.Places, place)
		} else {
			out.More++
		}
	}
	out.Movable = len(request.Places) == 1 && request.Places[0].Kind == esign.OnPages && len(out.Here) == 1
	return out, p.sheet(out, document, all[0].Page, p.Renderer.Text(r, "stamp.preview"))
}

// sheet draws a page of a document that was opened before.
func (p *Pages) sheet(out *web.StampPreview, document []byte, number int, title string) error {
	if esign.FormatOf(document) == esign.PDF {
		return outline(out, document, number)
	}
	opened, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		return err
	}
	out.Page, out.Total, err = p.drawn(opened, number, title)
	return err
}

// outline is the page of a PDF, whose content is not drawn: its edge alone, of the right size.
func outline(out *web.StampPreview, document []byte, number int) error {
	opened, err := pdf.Open(document, pdf.Limits{})
	if err != nil {
		return err // it opened a moment ago
	}
	sizes, err := opened.Pages()
	if err != nil {
		return err
	}
	if number > len(sizes) {
		return fault.New(fault.Invalid).WithField("page", fault.StampPlace)
	}
	size := sizes[number-1]
	out.Outline, out.Total = true, len(sizes)
	out.Page = web.ShownPage{Number: number, Width: size.Width, Height: size.Height,
		SVG: template.HTML(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g"></svg>`, size.Width, size.Height))} // numbers alone
	return nil
}

// seen is what an appearance shows of the seal.
func seen(a esign.Appearance) web.StampPlace {
	place := web.StampPlace{Page: a.Page, SeenX: a.Box.X, SeenY: a.Box.Y, SeenWide: a.Box.Width, SeenHigh: a.Box.Height}
	if a.Clip != nil {
		place.ClipX, place.ClipY, place.SeenWide, place.SeenHigh = a.Clip.X, a.Clip.Y, a.Clip.Width, a.Clip.Height
		place.SeenX, place.SeenY = a.Box.X+a.Clip.X, a.Box.Y+a.Clip.Y
	}
	return place
}

func (p *Pages) drawn(opened *ofd.Package, number int, title string) (web.ShownPage, int, error) {
	out := web.ShownPage{Number: number}
	document, err := render.Open(opened, render.Options{Document: render.Current(opened), Faces: p.Faces})
	if err != nil {
		out.Reason = preview.ReasonBroken
		return out, 0, nil
	}
	page, err := document.Page(number)
	switch {
	case errors.Is(err, render.ErrPage):
		return out, 0, fault.New(fault.Invalid).WithField("page", fault.StampPlace)
	case errors.Is(err, render.ErrBroken):
		out.Reason = preview.ReasonBroken
		return out, document.Pages(), nil
	case err != nil:
		out.Reason = preview.ReasonLarge
		return out, document.Pages(), nil
	}
	out.Width, out.Height = page.Width, page.Height
	svg, err := page.SVG(render.SVGOptions{Prefix: "stamp", Title: title, Inline: true})
	if err == nil && len(svg) <= maxPreview {
		out.SVG = template.HTML(svg) // written by esign/render element by element; nothing of the document's markup reaches it
		return out, document.Pages(), nil
	}
	if out.PNG, err = page.PNG(previewDPI); err != nil || len(out.PNG) > 2*maxPreview {
		out.PNG, out.Reason = nil, preview.ReasonLarge
	}
	return out, document.Pages(), nil
}
