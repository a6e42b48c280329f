package sealhttp

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/esign/ofd"
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

// preview draws the page of the form with the seal where it would stand (experience.md 3.6). Nothing is stamped and nothing is kept; places are
// typed in millimetres, so that a keyboard is enough.
func (p *Pages) preview(r *http.Request, form url.Values, document []byte, name string) (*web.StampPreview, error) {
	placed := url.Values{inputPage: form[inputPage], inputX: form[inputX], inputY: form[inputY], inputPurpose: {inputPreview}} // a preview needs no purpose
	request, err := stampRequest(r.PathValue("id"), placed, document)
	if err != nil {
		return nil, err
	}
	opened, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil || len(opened.Documents) == 0 {
		why := ofd.CodeStructure
		if failure, ok := errors.AsType[*ofd.Error](err); ok {
			why = failure.Code
		}
		return nil, fault.Wrap(err, fault.DocumentRefused, "why", why)
	}
	out := &web.StampPreview{File: bounded(name), X: request.Places[0].XMM, Y: request.Places[0].YMM}
	if out.Page, out.Total, err = p.drawn(opened, onePage(request.Places), p.Renderer.Text(r, "stamp.preview")); err != nil {
		return nil, err
	}
	return out, nil
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
