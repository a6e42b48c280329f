package adminhttp

import (
	"context"
	"errors"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// maxFound bounds the applications of a search; the list of applications has all.
const maxFound = 20

// FindClients are the applications with a text in their identifier, name or department that the caller may see.
func (s *Server) FindClients(ctx context.Context, text string) ([]web.Link, error) {
	page, _, err := s.listClients(ctx, idp.ClientQuery{Text: text, Limit: maxFound})
	if err != nil {
		return nil, err
	}
	found := make([]web.Link, 0, len(page))
	for _, c := range page {
		found = append(found, web.Link{Label: c.Name + " " + c.ClientID, URL: clientURL(c.ClientID)})
	}
	return found, nil
}

// FindRefused is the application whose refused requests showed somebody a support code, where the caller may see it.
func (s *Server) FindRefused(ctx context.Context, code string) ([]web.Link, error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil {
		return nil, err
	}
	id, err := s.Refusals.ByCode(ctx, code)
	if errors.Is(err, idp.ErrNotFound) {
		return nil, fault.New(fault.NotFound)
	}
	if err != nil {
		return nil, err
	}
	_, c, err := s.client(ctx, id)
	if err != nil {
		return nil, err
	}
	return []web.Link{{Label: c.ClientName + " " + id, URL: clientURL(id)}}, nil
}
