package sealhttp

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// KeeperRecord is a keeper whom the organisation of a seal named, on the wire.
type KeeperRecord struct {
	Name  string    `json:"name" doc:"Masked name"`
	Until time.Time `json:"until" doc:"End of the naming"`
}

// nameKeepers adds to a seal whom its organisation named.
func nameKeepers(ctx context.Context, service *esign.Service, seal esign.Seal, out *SealRecord) error {
	named, err := service.NamedFor(ctx, seal)
	if err != nil {
		return err
	}
	out.NamedBy = named.By
	for _, k := range named.Keepers {
		out.Keepers = append(out.Keepers, KeeperRecord{k.Name, k.Until})
	}
	return nil
}

// named puts on the page of a seal whom its organisation named. What cannot be told keeps nobody from stopping the seal, so the page comes all
// the same and only the form for sealing stays away. It tells whether the caller may seal.
func (p *Pages) named(r *http.Request, seal esign.Seal, body *web.SealDetailPage) bool {
	named, err := p.Service.NamedFor(r.Context(), seal)
	switch {
	case err != nil:
		body.NotKeeper = p.Renderer.Text(r, "seal.named.away")
		return false
	case named.By == "" && named.Refusal == nil:
		return true
	case named.By == "": // a personal seal
		body.NotKeeper = p.Renderer.FieldErrors(r, named.Refusal, nil)[0].Message
		return false
	}
	var names []string
	for _, k := range named.Keepers {
		names = append(names, p.Renderer.Text(r, "seal.named.until", "name", k.Name, "date", dayOf(k.Until)))
	}
	if body.Keeper = strings.Join(names, p.Renderer.Text(r, "page.list_gap")); body.Keeper == "" {
		body.Keeper = p.Renderer.Text(r, "seal.named.none")
	}
	if fault.CodeOf(named.Refusal) == "" {
		return true
	}
	body.NotKeeper = p.Renderer.FieldErrors(r, named.Refusal, nil)[0].Message
	return false
}
