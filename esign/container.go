package esign

import (
	"bytes"
	"context"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Format is what kind of document is sealed.
type Format string

// Formats.
const (
	OFD Format = "ofd"
	PDF Format = "pdf"
)

// FormatOf tells the format by the first octets, as verifiers do, and never by a name. What is no PDF is taken for an OFD, whose reader
// refuses everything else.
func FormatOf(document []byte) Format {
	if bytes.HasPrefix(document, []byte("%PDF-")) {
		return PDF
	}
	return OFD
}

// MediaType of the format.
func (f Format) MediaType() string {
	if f == PDF {
		return "application/pdf"
	}
	return "application/ofd"
}

// ValueKind is what stands in a document as the value of the signature.
type ValueKind string

// Kinds of values.
const (
	SealValue ValueKind = "" // SES_Signature with the seal in it (GB/T 38540)
	// Signed messages of the seal's signer, in PDF only: the seal is a picture then, and no verifier can judge it.
	CMSValue ValueKind = "cms"      // RFC 5652, as CAdES: readers from abroad name signer and time
	GMValue  ValueKind = "gbt35275" // GB/T 35275, with its own names of contents
)

// container is an opened document in which nothing speaks against a seal, whatever its format.
type container interface {
	// pages are the sizes of the pages, turned as they are shown.
	pages() ([]ofd.Page, error)
	// text is what a page says; a fault where the format gives none.
	text(page int) ([]render.Char, error)
	// begin makes what is signed of the job's stamp: seal, time and appearances stand.
	begin(s *Service, j *job) (unsigned, error)
}

// unsigned is a document that waits for the value of its signature.
type unsigned interface {
	digest() []byte   // SM3 of the octets that the value binds
	content() []byte  // those octets
	property() string // propertyInfo: which they are
	complete(value []byte) ([]byte, error)
}

// openDocument refuses what is malformed, hostile, altered since an earlier signature, or closed to signatures (security
// rows D-26 to D-31, S-22).
func openDocument(document []byte, trust verify.Options) (container, error) {
	if FormatOf(document) == PDF {
		return openPDF(document, trust)
	}
	return openOFD(document, trust)
}

// appearances are where the seal is drawn; every whole one lies on its page (security row D-14).
func appearances(places []Place, seal Seal, c container) ([]Appearance, error) {
	if len(places) == 0 {
		return nil, nil
	}
	parsed, err := ses.ParseSeal(seal.SES)
	if err != nil {
		return nil, fault.Wrap(err, fault.SealNotValid)
	}
	pages, err := c.pages()
	if err != nil {
		return nil, err
	}
	return lay(places, setting{pages: pages, width: float64(parsed.Picture.WidthMM), height: float64(parsed.Picture.HeightMM), text: c.text})
}

// known tells whether there is such a kind.
func (v ValueKind) known() bool { return v == SealValue || v == CMSValue || v == GMValue }

// value signs what the job's document binds.
func (s *Service) value(ctx context.Context, j *job, sign ses.SignFunc) ([]byte, error) {
	if j.stamp.Value != SealValue {
		certificate, err := pki.ParseCertificate(j.seal.SignerCert)
		if err != nil {
			return nil, err
		}
		return pki.MakeSignedData(pki.SignedDataTemplate{GM: j.stamp.Value == GMValue, SigningTime: j.at, Timestamp: s.timestamp(ctx)}, j.pending.content(), certificate, sign)
	}
	return ses.NewSignature(ses.SignatureInfo{Seal: j.seal.SES, Time: j.at, DataHash: j.pending.digest(), PropertyInfo: j.pending.property(), Memo: &s.memo, Timestamp: s.timestamp(ctx)},
		j.seal.SignerCert, sign)
}
