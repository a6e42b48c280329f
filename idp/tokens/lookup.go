package tokens

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Found is an access token as an administrator sees it.
type Found struct {
	Access
	GrantID string
	SID     string
	Active  bool
}

// LookUp describes an access token of ours; ok is false when it is none, or one whose time is over. It stands at no
// resource, so it asks for no proof of a key.
func (s *Service) LookUp(ctx context.Context, token string) (found Found, ok bool, err error) {
	c, err := s.read(ctx, token)
	if errors.Is(err, ErrToken) {
		return found, false, nil
	}
	if err != nil {
		return found, false, err
	}
	found.Access, err = s.Judge(ctx, token)
	if err != nil && !errors.Is(err, ErrToken) {
		return found, false, err
	}
	found.Active, found.GrantID, found.SID = err == nil, c.GrantID, c.SID
	if !found.Active { // what it said while it held
		found.Access = Access{JTI: c.JTI, ClientID: c.ClientID, Subject: c.Subject, Audience: c.Audience, Scopes: strings.Fields(c.Scope),
			Expires: time.Unix(c.Expires, 0).UTC(), IssuedAt: time.Unix(c.IssuedAt, 0).UTC(), Binding: c.Binding}
	}
	return found, true, nil
}
