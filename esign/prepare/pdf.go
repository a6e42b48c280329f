package prepare

import (
	"errors"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// pdfDocument is a PDF file (ISO 32000-1, GB/T 32010.1).
type pdfDocument struct{ *pdf.File }

// openPDF opens a file. One whose signatures do not hold, or from which one was taken away, is refused: a seal beside them would lend
// them credit.
func openPDF(document []byte, judge Judge) (container, error) {
	f, err := pdf.Open(document, pdf.Limits{})
	if err != nil {
		return nil, refusedPDF(err)
	}
	signatures, err := f.Signatures()
	if err != nil {
		return nil, refusedPDF(err)
	}
	if report := judge(document); report.Verdict == verify.Invalid {
		err := fmt.Errorf("%s %v", report.Code, report.Reasons)
		if len(signatures) == 0 && !slices.ContainsFunc(report.Reasons, func(r verify.Reason) bool { return r.Code == pdf.CodeChanged }) {
			return nil, &Error{Reason: Refused, Why: report.Reasons[0].Code, Err: err}
		}
		return nil, &Error{Reason: Altered, Err: err}
	}
	return pdfDocument{f}, nil
}

// refusedPDF tells by its code why a file is not sealed.
func refusedPDF(err error) error {
	why := pdf.CodeStructure
	if refusal, ok := errors.AsType[*pdf.Error](err); ok {
		why = refusal.Code
	}
	return &Error{Reason: Refused, Why: why, Err: err}
}

func (d pdfDocument) pages() ([]ofd.Page, error) {
	sizes, err := d.Pages()
	if err != nil {
		return nil, refusedPDF(err)
	}
	all := make([]ofd.Page, len(sizes))
	for i, size := range sizes {
		all[i].Area = ofd.Box{Width: size.Width, Height: size.Height}
	}
	return all, nil
}

// text: letters of a PDF are not read, so there is no text to look for.
func (pdfDocument) text(int) ([]render.Char, error) { return nil, errNoText }

var errNoText = errors.New("prepare: letters of a PDF are not read")

// Room for the value, beside seal and certificate: structure and, with a time-stamping authority, its token with certificates.
const (
	valueRoom = 2 << 10
	tokenRoom = 24 << 10
)

func (d pdfDocument) begin(r Request) (Pending, error) {
	seal, err := ses.ParseSeal(r.Seal)
	if err != nil {
		return nil, &Error{Reason: SealFaulty, Err: err}
	}
	request := pdf.SignatureRequest{SubFilter: pdf.SubFilterSES, Time: r.At, Name: r.Name, Reserve: valueRoom + len(r.SignerCert)}
	switch r.Value {
	case CMSValue:
		request.SubFilter = pdf.SubFilterCAdES
	case GMValue:
		request.SubFilter = pdf.SubFilterPKCS7
	default:
		request.Reserve += len(r.Seal)
	}
	if r.TimeStamped {
		request.Reserve += tokenRoom
	}
	for i, a := range r.Shown {
		place := pdf.Drawing{Page: a.Page, Box: pdf.Box(a.Box)}
		if a.Clip != nil {
			clip := pdf.Box(*a.Clip)
			place.Clip = &clip
		}
		if i == 0 {
			request.Page, request.Box, request.Clip, request.Picture = place.Page, place.Box, place.Clip, &pdf.Picture{Data: seal.Picture.Data}
			continue
		}
		request.More = append(request.More, place)
	}
	pending, err := d.AddSignature(request)
	switch {
	case errors.Is(err, pdf.ErrLocked):
		return nil, &Error{Reason: Locked, Err: err}
	case errors.Is(err, pdf.ErrTooLarge):
		return nil, &Error{Reason: TooLarge, Err: err}
	case errors.Is(err, pdf.ErrXFA):
		return nil, &Error{Reason: Refused, Why: "XFA", Err: err}
	case err != nil:
		return nil, refusedPDF(err)
	}
	return unsignedPDF{pending}, nil
}

type unsignedPDF struct{ *pdf.Pending }

func (u unsignedPDF) Digest() []byte {
	sum := digest.New() // without a copy of the file
	for _, part := range u.Parts() {
		sum.Write(part)
	}
	return sum.Sum(nil)
}

func (u unsignedPDF) Content() []byte { return u.Signed() }

func (unsignedPDF) Property() string { return PDFProperty }
