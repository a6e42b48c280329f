package proofing

import (
	"encoding/json"

	"github.com/yinxin-gov/yinxin/internal/audit"
)

// TopicReviewed is the outbox topic of cases that reviewers decided.
const TopicReviewed = "proofing.reviewed"

// ReviewedMessage tells whom, and whether the level was given; nothing of what was submitted.
type ReviewedMessage struct {
	AccountID string `json:"account_id"`
	Granted   bool   `json:"granted"`
}

func reviewNotice(c Case, to State) (audit.Message, error) {
	payload, err := json.Marshal(ReviewedMessage{c.AccountID, to == Passed})
	return audit.Message{Topic: TopicReviewed, Key: c.ID, Payload: payload}, err
}
