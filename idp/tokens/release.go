package tokens

import (
	"context"
	"maps"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
)

// claimsOfToken are the names of the claims about a person that leave with the tokens of a grant: those of the ID token where
// there will be one, and the level that the access token tells. Nothing is opened for it: which claims a person has is known
// without their values.
func (s *Service) claimsOfToken(ctx context.Context, m oauth.Mint, ial *int) ([]string, error) {
	if m.Session.AccountID == "" {
		return nil, nil
	}
	names := []string{"sub"}
	if ial != nil {
		names = append(names, "ial")
	}
	if len(m.Session.Parents) > 0 || !slices.Contains(m.Scopes, "openid") {
		return names, nil
	}
	held, err := s.people.HeldAt(ctx, m.Session.AccountID, m.Session.AccountVersion)
	if err != nil {
		return nil, err
	}
	return slices.AppendSeq(names, maps.Keys(s.PersonClaims(held, m.Client.Withholding(m.Session.Withheld), m.Scopes, m.Session.WantsClaims))), nil
}

// noteIntrospection writes down what a resource server learns of a person; what the client of a token learns of its own
// token it was told before.
func (s *Service) noteIntrospection(ctx context.Context, a Access, client idp.Client) error {
	if s.ledger == nil || a.Grant == nil || client.ClientID == a.ClientID {
		return nil
	}
	names := []string{"sub"}
	if a.IAL != nil {
		names = append(names, "ial")
	}
	return s.ledger.Note(ctx, idp.NewRelease(client, a.Grant.AccountID, a.Grant.ID, idp.ChannelIntrospection, names, a.Consent, s.now()))
}
