package sealhttp

import (
	"cmp"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/web"
)

// Names of the inputs of the form for stamping.
const (
	inputFile    = "stamp-file"
	inputKind    = "stamp-kind"
	inputPage    = "stamp-page"
	inputEdge    = "stamp-edge"
	inputPerSet  = "stamp-per-set"
	inputDuplex  = "stamp-duplex"
	inputText    = "stamp-text"
	inputNth     = "stamp-nth"
	inputDX      = "stamp-dx" // from the middle of the text, millimetres
	inputDY      = "stamp-dy"
	inputX       = "stamp-x"
	inputY       = "stamp-y"
	inputItem    = "stamp-item"
	inputPurpose = "stamp-purpose"
	inputKey     = "stamp-key" // hidden: the same form sent twice stamps once
	inputPreview = "stamp-preview"
)

// kindInvisible is the choice of the form for a seal that is drawn nowhere.
const kindInvisible esign.PlaceKind = "invisible"

// maxUploadForm bounds a form with a document: the largest one and the frame around it.
const maxUploadForm = esign.MaxDocument + 1<<20

// stamp seals the uploaded document and leads to the result, which a reload does not make again.
func (p *Pages) stamp(w http.ResponseWriter, r *http.Request) error {
	if err := keeper(r); err != nil { // before anything large is read
		return err
	}
	form, document, name, err := readUpload(w, r)
	a := asked{stamp: web.StampForm{Kind: form.Get(inputKind), Page: form.Get(inputPage), X: form.Get(inputX), Y: form.Get(inputY), Edge: form.Get(inputEdge), PerSet: form.Get(inputPerSet),
		Duplex: form.Get(inputDuplex) != "", Text: form.Get(inputText), Nth: form.Get(inputNth), DX: form.Get(inputDX), DY: form.Get(inputDY), Item: form.Get(inputItem), Purpose: form.Get(inputPurpose)}}
	var request esign.StampRequest
	if err == nil && form.Get(inputPreview) != "" {
		a.key = form.Get(inputKey) // nothing was stamped
		if a.preview, err = p.preview(r, form, document, name); err == nil {
			return p.show(w, r, http.StatusOK, a)
		}
	}
	if err == nil && form.Get(inputRequest) != "" {
		request.Key = form.Get(inputKey)
		var u esign.UseRequest
		if u, err = p.askUse(r, form, document, name); err == nil {
			http.Redirect(w, r, requestURL(u.ID), http.StatusSeeOther)
			return nil
		}
	} else if err == nil {
		request, err = stampRequest(r.PathValue("id"), form, document, true)
	}
	if err == nil {
		_, _, err = p.Service.Stamp(r.Context(), request)
	}
	if mendable(err) {
		a.refusal = err
		if fault.MetaOf(fault.CodeOf(err)).Retryable {
			a.key = request.Key // the same request again gives the same result
		}
		return p.show(w, r, fault.MetaOf(fault.CodeOf(err)).Status, a)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, resultURL(request.SealID, request.Key), http.StatusSeeOther)
	return nil
}

func resultURL(seal, key string) string {
	return "/seal/" + url.PathEscape(seal) + "/stamps/" + url.PathEscape(key)
}

// readUpload reads the inputs and the document, each within its bound.
func readUpload(w http.ResponseWriter, r *http.Request) (form url.Values, document []byte, name string, err error) {
	form = url.Values{}
	r.Body = http.MaxBytesReader(w, r.Body, maxUploadForm)
	reader, err := r.MultipartReader()
	if err != nil {
		return form, nil, "", fault.Wrap(err, fault.Malformed)
	}
	for parts := 0; ; parts++ {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return form, document, name, nil
		}
		if err == nil && parts == 20 {
			err = errors.New("more than 20 parts")
		}
		if err != nil {
			return form, nil, "", readFault(err)
		}
		if part.FormName() == inputFile {
			name = path.Base(part.FileName())
			if document, err = io.ReadAll(io.LimitReader(part, esign.MaxDocument+1)); err != nil {
				return form, nil, "", readFault(err)
			}
			continue
		}
		value, err := readValue(part)
		if err != nil {
			return form, nil, "", readFault(err)
		}
		form.Set(part.FormName(), value)
	}
}

func readValue(part *multipart.Part) (string, error) {
	const limit = 4096
	value, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err == nil && len(value) > limit {
		err = errors.New("a value is too long")
	}
	return string(value), err
}

func readFault(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return fault.Wrap(err, fault.TooLarge, "limit", "50 MB")
	}
	return fault.Wrap(err, fault.Malformed)
}

// stampRequest reads the form, of which a preview needs no purpose. A place that is no number is told at its input.
func stampRequest(seal string, form url.Values, document []byte, purpose bool) (esign.StampRequest, error) {
	request := esign.StampRequest{SealID: seal, Document: document, Item: strings.TrimSpace(form.Get(inputItem)), Purpose: strings.TrimSpace(form.Get(inputPurpose)), Key: form.Get(inputKey)}
	unfit := fault.New(fault.Invalid)
	if len(document) == 0 {
		unfit.WithField("document", fault.SealField)
	}
	request.Places = placesTyped(form, unfit)
	if purpose && request.Purpose == "" {
		unfit.WithField("purpose", fault.SealField)
	}
	if len(unfit.Fields) > 0 {
		return request, unfit
	}
	return request, nil
}

// placesTyped reads the place of the form: of each kind the inputs that mean something in it, whatever stands in the others.
func placesTyped(form url.Values, unfit *fault.Fault) []esign.Place {
	typed := func(input string) string { return strings.TrimSpace(form.Get(input)) }
	millimetres := func(input, field string) float64 {
		mm, err := strconv.ParseFloat(typed(input), 64)
		if err != nil {
			unfit.WithField(field, fault.StampPlace)
		}
		return mm
	}
	whole := func(input, field string) (n int) {
		text := typed(input)
		if text == "" {
			return 0
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			unfit.WithField(field, fault.StampPlace)
		}
		return n
	}
	place := esign.Place{Kind: esign.PlaceKind(typed(inputKind)), Pages: typed(inputPage)}
	switch place.Kind {
	case kindInvisible:
		return nil
	case esign.Straddle:
		place.Edge, place.PerSet, place.Duplex = esign.Edge(typed(inputEdge)), whole(inputPerSet, "per_set"), typed(inputDuplex) != ""
	case esign.Keyword:
		place.Text, place.Nth, place.XMM, place.YMM = typed(inputText), whole(inputNth, "nth"), millimetres(inputDX, "dx_mm"), millimetres(inputDY, "dy_mm")
	default:
		place.Kind = cmp.Or(place.Kind, esign.OnPages)
		if place.XMM, place.YMM = millimetres(inputX, "x_mm"), millimetres(inputY, "y_mm"); place.Pages == "" {
			unfit.WithField("page", fault.StampPlace)
		}
	}
	return []esign.Place{place}
}

// result shows what a key of the person led to, judged anew.
func (p *Pages) result(w http.ResponseWriter, r *http.Request) error {
	stamp, content, err := p.Service.Result(r.Context(), r.PathValue("id"), r.PathValue("key"))
	if err != nil {
		return err
	}
	seal, err := p.Service.Find(r.Context(), stamp.SealID)
	if err != nil {
		return err
	}
	report, err := p.Service.JudgeStamp(r.Context(), fileName(stamp, content), stamp, content)
	if err != nil {
		return err
	}
	return p.Page(w, r, http.StatusOK, "stamp-result", web.Page{Body: web.StampResultPage{
		File: fileName(stamp, content), Seal: seal.Name, Verdict: string(report.Verdict), Code: report.Code, SM3: digest.Hex(content),
		DownloadURL: resultURL(stamp.SealID, stamp.Key) + "/file", BackURL: "/seal/" + stamp.SealID,
	}})
}

// fileName is the name of a sealed document, which its octets say the kind of, or of the value for one that is elsewhere.
func fileName(stamp esign.Stamp, content []byte) string {
	if stamp.Remote != "" {
		return stamp.ID + ".dat"
	}
	return stamp.ID + "." + string(esign.FormatOf(content))
}

// download sends the sealed document.
func (p *Pages) download(w http.ResponseWriter, r *http.Request) error {
	stamp, content, err := p.Service.Result(r.Context(), r.PathValue("id"), r.PathValue("key"))
	if err != nil {
		return err
	}
	h := w.Header()
	kind := esign.FormatOf(content).MediaType()
	if stamp.Remote != "" {
		kind = "application/octet-stream"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileName(stamp, content)}))
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(content) // a caller that went away is no fault of ours
	return nil
}
