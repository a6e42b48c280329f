package tokens

import (
	"context"
	"maps"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
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
	account, version := m.Session.AccountID, m.Session.AccountVersion
	if m.Session.Mandate != nil {
		account, version = m.Session.Mandate.Principal, m.Session.PrincipalVersion
	}
	held, err := s.people.HeldAt(ctx, account, version)
	if err != nil {
		return nil, err
	}
	claims := s.PersonClaims(held, s.words.Load().Withholding(m.Client, m.Session.Withheld), m.Scopes, m.Session.WantsClaims)
	if m.Session.Mandate != nil {
		m.Session.Mandate.Trim(claims)
	}
	return slices.AppendSeq(names, maps.Keys(claims)), nil
}

// noteIntrospection writes down what a resource server learns of a person; what the client of a token learns of its own
// token it was told before.
func (s *Service) noteIntrospection(a Access, client idp.Client) error {
	if a.Grant == nil || client.ClientID == a.ClientID {
		return nil
	}
	names := []string{"sub"}
	if a.IAL != nil {
		names = append(names, "ial")
	}
	return s.NoteAccess(a, client, idp.ChannelIntrospection, names)
}

// PassedOn is to whom the client of a token may pass on what it is told by it now; nil for one that has no recipients, and for an
// exchanged token, whose client is another than the one that the person was asked about.
func (a Access) PassedOn(client idp.Client, claims []string) []idp.Passed {
	if a.Grant == nil || a.Grant.ClientID != a.ClientID || client.ClientID != a.ClientID {
		return nil
	}
	return client.PassedOn(idp.Agreement{Version: a.Consent, Withheld: a.Withheld, Terms: a.Terms}, claims)
}

// NoteAccess writes down what a client is told by an access token, and to whom it may pass it on.
func (s *Service) NoteAccess(a Access, client idp.Client, channel idp.Channel, claims []string, passed ...idp.Passed) error {
	if s.ledger == nil {
		return nil
	}
	claims = slices.DeleteFunc(claims, func(name string) bool { return name == idp.ClaimActor || name == "mandate_id" }) // they tell of the actors
	return s.ledger.Note(mandate.Releases(s.words.Load(), a.Mandate, idp.Told{Client: client, AccountID: a.Grant.AccountID, GrantID: a.Grant.ID, Channel: channel, Claims: claims, Consent: a.Consent, Passed: passed, Items: s.details.Items(a.Details)}, s.now())...)
}
