package licensehttp

import (
	"context"
	"encoding/hex"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

type evidenceOutput struct {
	ContentType  string `header:"Content-Type"`
	Disposition  string `header:"Content-Disposition"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// RegisterEvidence adds packages of evidence for programs: a document with all that its verdict leans on, which can be judged without any
// network when the sources are gone.
func (p *Pages) RegisterEvidence(to huma.API) {
	op := operation("pack-evidence", http.MethodPost, "/api/v1/evidence-packages", "Verify a document and get it with the evidence of its verdict as one file; no login")
	op.Description = "The package (ZIP) holds the document, the report, certificates, CRLs, OCSP answers, status lists and trust lists that the verdict leans on, in a signed and time-stamped manifest; verify judges packages, offline too. " +
		"It is packed whatever the verdict. Nothing is kept. 415 for what is no document, seal or signature; 429 for one address that asks for too many."
	op.MaxBodyBytes = maxUploadForm
	op.SkipValidateBody = true
	op.Tags = []string{"verification"}
	file := &huma.Schema{Type: huma.TypeObject, Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary", Description: "One OFD, PDF, seal or seal signature; at most 50 MB"}}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: file}}}
	op.Responses = map[string]*huma.Response{"200": {Description: "Package of evidence", Content: map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	huma.Register(to, op, func(ctx context.Context, in *verificationInput) (*evidenceOutput, error) {
		if p.Reports == nil {
			return nil, fault.New(fault.Unavailable)
		}
		if _, err := p.Reports.Admit(ctx); err != nil { // it is signed and stamped for anybody, as sealed reports are
			return nil, err
		}
		media, parameters, err := mime.ParseMediaType(in.ContentType)
		if err != nil || media != "multipart/form-data" {
			return nil, fault.Wrap(err, fault.UnsupportedMedia)
		}
		files, err := readFiles(in.RawBody, parameters["boundary"], "file")
		if err != nil {
			return nil, err
		}
		if len(files) != 1 {
			return nil, fault.New(fault.Malformed)
		}
		packed, _, err := p.Service.PackEvidence(ctx, files[0].name, files[0].content)
		if err != nil {
			return nil, err
		}
		name := "yinxin-evidence-" + hex.EncodeToString(digest.Sum(files[0].content)[:6]) + ".zip"
		return &evidenceOutput{"application/zip", mime.FormatMediaType("attachment", map[string]string{"filename": name}), "private, no-store", packed}, nil
	})
}
