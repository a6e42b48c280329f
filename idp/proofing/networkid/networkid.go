// Package networkid lets the national network identity service (国家网络身份认证公共服务: 网号, 网证) say that a person is who holds the
// account (公安部等六部门令第173号, 2025). An account without a name stays without one: what comes is a result and a key that is always
// the same for that person. Where the account has a name, the service compares it and gives the result alone.
package networkid

import (
	"context"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/visit"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// Notice is the version of the text that is consented to (messages proofing.notice.network_id.*).
const Notice = "network-id-2026-11"

// Service implements proofing.Remote.
type Service struct{ *visit.Client }

// New returns the service.
func New(client *visit.Client) *Service { return &Service{client} }

// Method is the method with this service.
func Method(s *Service) proofing.Method {
	return proofing.Method{Word: proofing.NetworkID, Remote: s, Notice: Notice, Nameless: true}
}

// Knows implements proofing.Source: it compares residents' names, and asks nobody else for one.
func (s *Service) Knows(kind string) bool {
	return kind == subject.CitizenID || kind == proofing.NetworkID
}

// Ask implements proofing.Source. A match about somebody without a name needs the key.
func (s *Service) Ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	r, sum, err := s.Client.Ask(ctx, q)
	if err == nil && r.Result == proofing.Match && q.IDNumber == "" && r.Key == "" {
		return proofing.Answer{}, fmt.Errorf("%w: a match without a key", proofing.ErrSilent)
	}
	if q.IDNumber != "" {
		r.Key = "" // the account has its identity
	}
	return proofing.Answer{Verdict: r.Result, Digest: sum, Key: r.Key}, err
}
