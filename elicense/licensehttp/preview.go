package licensehttp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/esign/preview"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/web"
)

// Bounds of drawing what was uploaded: anybody may ask, so it must cost less than judging did. The file is gone when the answer is written,
// so all that is ever shown of it stands in the answer.
const (
	maxDrawing  = 2               // files at a time on this machine
	drawingTime = 4 * time.Second // of one answer, waiting included; a page that is begun is finished
)

// reasonBusy: too many others ask for the same.
const reasonBusy = "busy"

// draw adds the pages of the files to what is shown of their results. The verdicts stand whatever becomes of the pictures.
func (p *Pages) draw(r *http.Request, shown []web.VerifyResult, results []verify.Result, files []upload) {
	ctx, cancel := context.WithTimeout(r.Context(), drawingTime)
	defer cancel()
	limits := preview.DefaultLimits()
	for i := range files {
		content := evidence.Drawn(results[i], files[i].content)
		if content == nil {
			continue
		}
		document := p.drawOne(ctx, i, content, results[i], limits, func(number, total int) string {
			return p.Renderer.Text(r, "verify.page", "page", strconv.Itoa(number), "total", strconv.Itoa(total))
		})
		for _, page := range document.Pages {
			limits.TotalBytes -= len(page.SVG) + len(page.PNG)*4/3
		}
		shown[i].Shown = document
	}
}

func (p *Pages) drawOne(ctx context.Context, n int, content []byte, result verify.Result, limits preview.Limits, title func(number, total int) string) *web.ShownDocument {
	select {
	case p.drawing <- struct{}{}:
		defer func() { <-p.drawing }()
	case <-ctx.Done():
		return &web.ShownDocument{Reason: reasonBusy}
	}
	if limits.TotalBytes <= 0 {
		return &web.ShownDocument{Reason: preview.ReasonLarge}
	}
	document := preview.Open(content, result, p.Faces)
	out := &web.ShownDocument{Reason: document.Reason, Total: document.Pages, Others: document.Others}
	pages := document.First(limits, fmt.Sprintf("r%dp", n), func(number int) string { return title(number, document.Pages) }, func() bool { return ctx.Err() != nil })
	for _, page := range pages {
		out.Pages = append(out.Pages, shownPage(page))
	}
	return out
}

func shownPage(page preview.Page) web.ShownPage {
	out := web.ShownPage{Number: page.Number, Reason: page.Reason, Width: page.Width, Height: page.Height, PNG: page.PNG,
		SVG: template.HTML(page.SVG)} // written by esign/render element by element; nothing of the document's markup reaches it
	for _, m := range page.Marks {
		out.Marks = append(out.Marks, web.SealMark{Signature: m.Signature, Seal: m.Seal, Verdict: m.Verdict, Drawn: m.Drawn, X: m.X, Y: m.Y, Width: m.Width, Height: m.Height})
	}
	for _, note := range page.Notes {
		out.Notes = append(out.Notes, web.PageNote{Kind: note.Kind, Count: note.Count})
	}
	return out
}

// verifyTrust gives the verifier in the browser what it needs. The request says nothing of what is verified, and every answer is the same.
func (p *Pages) verifyTrust(w http.ResponseWriter, r *http.Request) error {
	files, err := p.Service.TrustFiles(r.Context())
	if err != nil {
		return err
	}
	content, err := json.Marshal(struct {
		Files []elicense.TrustFile `json:"files"`
	}{files})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=5") // as the lists themselves
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // a caller that went away is no fault of ours
	}
	return nil
}

// packedLetters is the built-in face as it is sent.
var packedLetters = sync.OnceValues(func() ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(typeface.SansFile()); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
})

// verifyLetters gives the built-in face to the verifier in the browser, for documents that bring no fonts.
func (p *Pages) verifyLetters(w http.ResponseWriter, r *http.Request) error {
	content, h := typeface.SansFile(), w.Header()
	h.Set("Content-Type", "font/ttf")
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		packed, err := packedLetters()
		if err != nil {
			return err
		}
		content = packed
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // a caller that went away is no fault of ours
	}
	return nil
}
