package proofing

import (
	"encoding/json"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
)

// TopicReviewed is the outbox topic of cases that reviewers decided.
const TopicReviewed = "proofing.reviewed"

// ReviewedMessage tells whom, and whether the level was given; nothing of what was submitted.
type ReviewedMessage struct {
	AccountID string `json:"account_id"`
	Granted   bool   `json:"granted"`
	Child     bool   `json:"child,omitempty"` // about a guardian's consent; that it was granted the mandate itself tells
	// Guardian is told in the place of the account, which is a child's; the case says what became of it.
	Guardian string `json:"guardian,omitempty"`
}

func reviewNotice(c Case, to State) (audit.Message, error) {
	if c.Guardian != "" {
		return wardNotice(c, time.Time{})
	}
	payload, err := json.Marshal(ReviewedMessage{AccountID: c.AccountID, Granted: to == Passed})
	return audit.Message{Topic: TopicReviewed, Key: c.ID, Payload: payload}, err
}

// guardianNotice tells a guardian that the consent for a child was not confirmed.
func guardianNotice(c Case) (audit.Message, error) {
	payload, err := json.Marshal(ReviewedMessage{AccountID: c.AccountID, Child: true})
	return audit.Message{Topic: TopicReviewed, Key: c.ID, Payload: payload}, err
}
