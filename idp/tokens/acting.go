package tokens

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// level is how surely the ones behind a token are known: while somebody acts for another, the lower level of the two. An
// operation that demands a level so demands it of both, and neither is told as surer than it is.
func (s *Service) level(ctx context.Context, account string, version int64, m *mandate.Mandate, principalVersion int64) (subject.IAL, error) {
	level, err := s.people.LevelAt(ctx, account, version)
	if err != nil || m == nil {
		return level, err
	}
	principal, err := s.people.LevelAt(ctx, m.Principal, principalVersion)
	return min(level, principal), err
}

// Claims are what a relying party learns of the subject of a session or token: the person who logged in, or the principal
// of the mandate as far as that opens it, with who acts.
func (s *Service) Claims(ctx context.Context, who Subject, client idp.Client, scopes, wanted []string) (map[string]any, error) {
	if who.Mandate == nil {
		person, err := s.people.PersonAt(ctx, who.AccountID, who.AccountVersion)
		if err != nil {
			return nil, err
		}
		return s.PersonClaims(person, client, scopes, wanted), nil
	}
	principal, err := s.people.PersonAt(ctx, who.Mandate.Principal, who.PrincipalVersion)
	if err != nil {
		return nil, err
	}
	claims := s.PersonClaims(principal, client, scopes, wanted)
	who.Mandate.Trim(claims)
	if _, told := claims["ial"]; told {
		both, err := s.level(ctx, who.AccountID, who.AccountVersion, who.Mandate, who.PrincipalVersion)
		if err != nil {
			return nil, err
		}
		client.TellLevel(claims, client.ShownIAL(int(both)))
	}
	claims["act"], claims["mandate_id"] = who.Actor, who.Mandate.ID
	return claims, nil
}

// Subject says who stands behind a session or token.
type Subject struct {
	AccountID        string
	AccountVersion   int64
	Mandate          *mandate.Mandate
	PrincipalVersion int64
	Actor            *oauth.Actor
}
