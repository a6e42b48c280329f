package prepare

import (
	"errors"
	"fmt"
	"sync"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// ofdDocument is an OFD package (GB/T 33190-2016).
type ofdDocument struct {
	*ofd.Package
	read func() (*render.Document, error)
}

// openOFD opens a package.
func openOFD(document []byte, judge Judge) (container, error) {
	p, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		why := "OFD"
		if refusal, ok := errors.AsType[*ofd.Error](err); ok {
			why = refusal.Code
		}
		return nil, &Error{Reason: Refused, Why: why, Err: err}
	}
	if len(p.Faults) > 0 {
		return nil, &Error{Reason: Refused, Why: p.Faults[0].Code, Err: p.Faults[0]}
	}
	if len(p.Signatures) > 0 {
		// A seal beside a broken signature would lend it credit.
		if report := judge(document); report.Verdict == verify.Invalid {
			return nil, &Error{Reason: Altered, Err: fmt.Errorf("%s %v", report.Code, report.Reasons)}
		}
	}
	if tree, err := p.Tree(p.Current().Root); err == nil {
		// GB/T 33190-2016 7.5: Permissions/Signature, an xs:boolean, says whether signatures may be added.
		if permission := tree.Child("Permissions").Child("Signature").Value(); permission == "false" || permission == "0" {
			return nil, &Error{Reason: Locked, Err: errors.New("Permissions/Signature is false")}
		}
	}
	return &ofdDocument{p, sync.OnceValues(func() (*render.Document, error) {
		return render.Open(p, render.Options{Document: render.Current(p), Faces: render.BuiltIn()})
	})}, nil
}

func (d *ofdDocument) pages() ([]ofd.Page, error) { return d.Current().Pages, nil }

func (d *ofdDocument) text(page int) ([]render.Char, error) {
	document, err := d.read()
	if err != nil {
		return nil, err
	}
	return document.Text(page)
}

func (d *ofdDocument) begin(r Request) (Pending, error) {
	if r.Value != SealValue {
		return nil, unfit("value", ValueKindNo)
	}
	request := ofd.SignatureRequest{Provider: "印信 Yinxin", ProviderVersion: "1", Company: r.Company, SigningTime: r.At, Seal: r.Seal, SealSM3: r.SealSM3}
	for _, a := range r.Shown {
		request.Stamps = append(request.Stamps, ofd.StampRequest{Page: a.Page, Boundary: a.Box, Clip: a.Clip})
	}
	pending, err := d.AddSignature(request)
	switch {
	case errors.Is(err, ofd.ErrLocked):
		return nil, &Error{Reason: Locked, Err: err}
	case err != nil:
		return nil, &Error{Reason: Refused, Why: "OFD", Err: err}
	}
	return unsignedOFD{pending}, nil
}

type unsignedOFD struct{ *ofd.PendingSignature }

func (u unsignedOFD) Digest() []byte   { return digest.Sum(u.Description) }
func (u unsignedOFD) Content() []byte  { return u.Description }
func (u unsignedOFD) Property() string { return u.Path }
