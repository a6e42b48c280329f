// Package face lets an outside service compare a living face with the official picture (实人). The picture is taken and judged on the
// page of that service: here come the result and a digest, never a picture, a template or a score. It is never the only way, and it
// needs a separate consent (人脸识别技术应用安全管理办法, 2025).
package face

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/visit"
)

// Notice is the version of the text that is consented to (messages proofing.notice.face.*). A new text is a new version.
const Notice = "face-2026-11"

// Service implements proofing.Remote.
type Service struct {
	*visit.Client
	proofing.Kinds
}

// New returns a service that has official pictures for kinds of documents; none is the resident identity card alone.
func New(client *visit.Client, documents []string) *Service { return &Service{client, documents} }

// Method is the method with this service.
func Method(s *Service) proofing.Method {
	return proofing.Method{Word: proofing.Face, Remote: s, Notice: Notice}
}

// Ask implements proofing.Source.
func (s *Service) Ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	r, sum, err := s.Client.Ask(ctx, q)
	return proofing.Answer{Verdict: r.Result, Digest: sum, Face: r.Key}, err
}
