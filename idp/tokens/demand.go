package tokens

import (
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// UnmetError says that the token is good and the person behind it not known surely or freshly enough (RFC 9470 3).
type UnmetError struct {
	Demand idp.Demand
	IAL    subject.IAL // of the person at this moment, where the demand asks for one
	AAL    subject.AAL // of the login behind the token
}

// Error implements error.
func (e *UnmetError) Error() string {
	return "tokens: " + e.Demand.Operation + " demands more of the person"
}

// ScopeError says that the token is good and does not hold the scope of an operation (RFC 6750 3.1).
type ScopeError struct {
	Operation string
	Scope     string // empty where no token of a person may call the operation
}

// Error implements error.
func (e *ScopeError) Error() string {
	return "tokens: " + e.Operation + " needs the scope " + e.Scope
}

// Meets judges what an operation demands of the person behind a token; a token without one has nothing to meet. The level
// of proofing is that of this moment and never more than the token tells, so that a level that ended counts for nothing
// although the token lives on. Where the client may not be told as much as is demanded, no further login will help it:
// insufficient_scope (RFC 6750 3.1).
func (s *Service) Meets(ctx context.Context, a Access, d idp.Demand) error {
	if a.Grant == nil || d.IAL == 0 && d.AAL == 0 && d.MaxAge == 0 {
		return nil
	}
	var ial, level subject.IAL
	if d.IAL > 0 {
		client, ok := s.clients.Find(a.ClientID)
		if !ok || client.MaxIAL > 0 && client.MaxIAL < d.IAL || !tellsIAL(a.Scopes) {
			return oauth.NewError(403, "insufficient_scope", "the client may not know a level as high as is demanded")
		}
		var err error
		if level, err = s.level(ctx, a.Grant.AccountID, a.AccountVersion, a.Mandate, a.PrincipalVersion); err != nil {
			return err
		}
		if a.IAL != nil {
			ial = min(level, subject.IAL(*a.IAL))
		}
	}
	aal, err := subject.ParseAAL(a.ACR)
	if err != nil {
		aal = 0
	}
	if !d.Met(ial, aal, a.AuthTime, s.now()) {
		return &UnmetError{d, level, aal}
	}
	return nil
}

// tellsIAL reports whether the level of proofing is told with scopes: with openid as in ID tokens, and with that of operations
// which demand a level, or a client that does not ask who the person is could never call them.
func tellsIAL(scopes []string) bool {
	return slices.Contains(scopes, "openid") || slices.Contains(scopes, idp.ScopeLicenses)
}

// toldIAL is the level of proofing that an access token tells: that of the person now, not above what the client may
// know, and for a token that was exchanged not above what the one before it told. nil tells nothing.
func (s *Service) toldIAL(ctx context.Context, m oauth.Mint) (*int, error) {
	if m.Session.AccountID == "" || !tellsIAL(m.Scopes) || len(m.Session.Parents) > 0 && m.Session.ToldIAL == nil {
		return nil, nil
	}
	level, err := s.level(ctx, m.Session.AccountID, m.Session.AccountVersion, m.Session.Mandate, m.Session.PrincipalVersion)
	if err != nil {
		return nil, err
	}
	ial := s.words.Load().ShownIAL(m.Client, int(level))
	if m.Session.ToldIAL != nil {
		ial = min(ial, *m.Session.ToldIAL)
	}
	return &ial, nil
}
