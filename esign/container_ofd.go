package esign

import (
	"errors"
	"fmt"
	"sync"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// ofdDocument is an OFD package (GB/T 33190-2016).
type ofdDocument struct {
	*ofd.Package
	read func() (*render.Document, error)
}

// openOFD opens a package.
func openOFD(document []byte, trust verify.Options) (container, error) {
	p, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		why := "OFD"
		if refusal, ok := errors.AsType[*ofd.Error](err); ok {
			why = refusal.Code
		}
		return nil, fault.Wrap(err, fault.DocumentRefused, "why", why)
	}
	if len(p.Faults) > 0 {
		return nil, fault.Wrap(p.Faults[0], fault.DocumentRefused, "why", p.Faults[0].Code)
	}
	if len(p.Signatures) > 0 {
		// A seal beside a broken signature would lend it credit.
		if report := verify.Verify("document", document, trust); report.Verdict == verify.Invalid {
			return nil, fault.Wrap(fmt.Errorf("%s %v", report.Code, report.Reasons), fault.DocumentAltered)
		}
	}
	if tree, err := p.Tree(p.Current().Root); err == nil {
		// GB/T 33190-2016 7.5: Permissions/Signature, an xs:boolean, says whether signatures may be added.
		if permission := tree.Child("Permissions").Child("Signature").Value(); permission == "false" || permission == "0" {
			return nil, fault.Wrap(errors.New("Permissions/Signature is false"), fault.DocumentLocked)
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

func (d *ofdDocument) begin(s *Service, j *job) (unsigned, error) {
	if j.stamp.Value != SealValue {
		return nil, unfit("value", fault.StampValueKind)
	}
	sum := s.memo.SM3(j.seal.SES)
	request := ofd.SignatureRequest{Provider: "印信 Yinxin", ProviderVersion: "1", Company: s.cfg.MakerName, SigningTime: j.at, Seal: j.seal.SES, SealSM3: sum[:]}
	for _, a := range j.shown {
		request.Stamps = append(request.Stamps, ofd.StampRequest{Page: a.Page, Boundary: a.Box, Clip: a.Clip})
	}
	pending, err := d.AddSignature(request)
	switch {
	case errors.Is(err, ofd.ErrLocked):
		return nil, fault.Wrap(err, fault.DocumentLocked)
	case err != nil:
		return nil, fault.Wrap(err, fault.DocumentRefused, "why", "OFD")
	}
	return unsignedOFD{pending}, nil
}

type unsignedOFD struct{ *ofd.PendingSignature }

func (u unsignedOFD) digest() []byte   { return digest.Sum(u.Description) }
func (u unsignedOFD) content() []byte  { return u.Description }
func (u unsignedOFD) property() string { return u.Path }

func (u unsignedOFD) complete(value []byte) ([]byte, error) { return u.Complete(value) }
