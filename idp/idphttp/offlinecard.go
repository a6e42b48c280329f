package idphttp

import (
	"context"
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/web"
)

// OfflineCards are the code cards that counters print (离线码, license.md 11.5 M4).
type OfflineCards interface {
	// OfflineCard is the card that holds; false when the person has none.
	OfflineCard(ctx context.Context, accountID string) (issued, expires time.Time, ok bool, err error)
	// LoseOfflineCard ends it at once; none is no error.
	LoseOfflineCard(ctx context.Context, accountID string) error
}

// offlineCard is the card as /me shows it; nil when there is none.
func (s *Server) offlineCard(ctx context.Context, accountID string) (*web.OfflineCard, error) {
	if s.OfflineCards == nil {
		return nil, nil
	}
	issued, expires, ok, err := s.OfflineCards.OfflineCard(ctx, accountID)
	if err != nil || !ok {
		return nil, err
	}
	return &web.OfflineCard{IssuedAt: issued, ExpiresAt: expires, LossURL: cardLossPath}, nil
}

const cardLossPath = "/me/card/loss"

// cardLoss ends a card that was lost. It asks for no new login: it only takes something away from whoever found it, and a counter prints
// another one.
func (s *Server) cardLoss(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	if s.OfflineCards != nil {
		if err := s.OfflineCards.LoseOfflineCard(r.Context(), current.AccountID); err != nil {
			return err
		}
	}
	return see(w, r, "/me#licences")
}
