package licensehttp

import (
	"crypto/sha256"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/readingcopy"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// editionKind is how a form of a licence travels.
type editionKind struct {
	media  string
	shown  bool // in the browser, where a screen reader follows it; others are saved
	policy string
}

// readingPolicy lets a copy for reading use its own style sheet and the photo that stands in it, and nothing else.
var readingPolicy = func() string {
	sum := sha256.Sum256([]byte(readingcopy.Style()))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

var editionKinds = map[elicense.Form]editionKind{
	elicense.FormOFD:  {media: ofdType},
	elicense.FormPDF:  {media: "application/pdf"},
	elicense.FormHTML: {media: "text/html; charset=utf-8", shown: true, policy: readingPolicy},
	elicense.FormText: {media: "text/plain; charset=utf-8", shown: true},
	elicense.FormPNG:  {media: "image/png"},
}

func disposition(shown bool, name string) string {
	kind := "attachment"
	if shown {
		kind = "inline"
	}
	return mime.FormatMediaType(kind, map[string]string{"filename": name})
}

func attachment(name string) string { return disposition(false, name) }

// download sends a licence in the form and language of the query: the sealed file when it names none.
func (p *Pages) download(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	form := elicense.Form(query.Get("format"))
	if form == "" {
		form = elicense.FormOFD
	}
	page := 1
	if text := query.Get("page"); text != "" {
		var err error
		if page, err = strconv.Atoi(text); err != nil {
			return fault.Wrap(err, fault.LicensePage)
		}
	}
	e, err := p.Service.Edition(r.Context(), r.PathValue("id"), form, query.Get("lang"), page)
	if err != nil {
		return err
	}
	kind, h := editionKinds[e.Form], w.Header()
	h.Set("Content-Type", kind.media)
	h.Set("Content-Disposition", disposition(kind.shown, e.Name))
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if kind.policy != "" {
		h.Set("Content-Security-Policy", kind.policy)
	}
	_, _ = w.Write(e.Content) // a caller that went away is no fault of ours
	return nil
}

// readings are the copies for reading below the address of a file, in each language of the face: that of the page first.
func readings(service *elicense.Service, l elicense.License, address, locale string) (list []web.Reading) {
	t := service.TypeOf(l)
	if t == nil {
		return nil
	}
	languages := t.Languages()
	slices.SortStableFunc(languages, func(x, y string) int {
		switch {
		case x == locale && y != locale:
			return -1
		case y == locale && x != locale:
			return 1
		}
		return 0
	})
	for _, language := range languages {
		link := func(form elicense.Form) string {
			return address + "?" + url.Values{"format": {string(form)}, "lang": {language}}.Encode()
		}
		list = append(list, web.Reading{Language: language, PDF: link(elicense.FormPDF), Page: link(elicense.FormHTML), Text: link(elicense.FormText)})
	}
	return list
}
