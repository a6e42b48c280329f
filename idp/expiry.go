package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
)

// TopicExpiry is the outbox topic of levels that end soon, by themselves or with the document behind them.
const TopicExpiry = "proofing.expiry"

// expiryWarning is how long before its end a person is told of it.
const expiryWarning = 30 * 24 * time.Hour

// ExpiryNotice is what is due before a level ends: nothing of the person or the document stands in it.
type ExpiryNotice struct {
	AccountID string    `json:"account_id"`
	Proof     string    `json:"proof"`
	Ends      time.Time `json:"ends"`
	// Alone: the level ends by its age, not with the document.
	Alone bool `json:"alone,omitempty"`
}

// expiryNotice is stored with the evidence, so that it exists if and only if the level does.
func expiryNotice(accountID string, p Proof) (audit.Message, error) {
	payload, err := json.Marshal(ExpiryNotice{accountID, p.ID, p.Until, p.DocumentEnds.IsZero()})
	return audit.Message{Topic: TopicExpiry, Key: p.ID, Payload: payload, NotBefore: p.Until.Add(-expiryWarning)}, err
}

// Expiring reads a notice and reports whether it still matters: the account is in use, and its level falls when the document
// ends, because the person proved nothing newer.
func (s *Accounts) Expiring(ctx context.Context, payload []byte) (notice ExpiryNotice, matters bool, err error) {
	if err := json.Unmarshal(payload, &notice); err != nil {
		return notice, false, fmt.Errorf("read notice: %w", err)
	}
	a, err := s.store.Account(ctx, notice.AccountID)
	if errors.Is(err, ErrNotFound) {
		return notice, false, nil
	}
	if err != nil {
		return notice, false, err
	}
	now := s.now()
	has, keeps := a.InForce(now), a.InForce(notice.Ends)
	return notice, a.State == AccountActive && now.Before(notice.Ends) && has != nil && has.ID == notice.Proof && (keeps == nil || keeps.IAL < has.IAL), nil
}
