package audit

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Lanes is the number of hash chains. Events of one object share a lane, so they stay in order, while changes of
// different objects seldom wait for each other's chain.
const Lanes = 16

// LaneOf is the lane of an event's object.
func LaneOf(e Event) int {
	h := fnv.New32a()
	h.Write([]byte(e.ObjectType))
	h.Write([]byte{0})
	h.Write([]byte(e.ObjectID))
	return int(h.Sum32() % Lanes)
}

// stored fixes names and order of the fields in the chained form.
type stored struct {
	Type       string            `json:"type"`
	At         string            `json:"at"`
	Actor      string            `json:"actor"`
	ActingFor  string            `json:"acting_for,omitempty"`
	ObjectType string            `json:"object_type"`
	ObjectID   string            `json:"object_id"`
	Result     Result            `json:"result"`
	Reason     string            `json:"reason,omitempty"`
	RequestID  string            `json:"request_id,omitempty"`
	Details    map[string]string `json:"details,omitempty"`
}

// Encode is the chained form of an event: JSON with fixed field order and sorted details. Octets that are no UTF-8 become U+FFFD, as
// whoever reads the event back gets them.
func Encode(e Event) ([]byte, error) {
	if e.Type == "" || e.At.IsZero() || e.ObjectType == "" {
		return nil, fmt.Errorf("audit: event %q needs a type, a time and an object", e.Type)
	}
	if e.Result == "" {
		e.Result = Succeeded
	}
	var details map[string]string
	if len(e.Details) > 0 {
		details = make(map[string]string, len(e.Details))
		for name, value := range e.Details {
			details[readable(name)] = readable(value)
		}
	}
	return json.Marshal(stored{
		Type: readable(e.Type), At: e.At.UTC().Format(time.RFC3339Nano), Actor: readable(e.Actor), ActingFor: readable(e.ActingFor),
		ObjectType: readable(e.ObjectType), ObjectID: readable(e.ObjectID), Result: e.Result, Reason: readable(e.Reason),
		RequestID: readable(e.RequestID), Details: details,
	})
}

func readable(text string) string { return strings.ToValidUTF8(text, "\ufffd") }

// Decode is the reverse of Encode.
func Decode(body []byte) (Event, error) {
	var s stored
	if err := json.Unmarshal(body, &s); err != nil {
		return Event{}, fmt.Errorf("audit: decode event: %w", err)
	}
	at, err := time.Parse(time.RFC3339Nano, s.At)
	if err != nil {
		return Event{}, fmt.Errorf("audit: decode event: %w", err)
	}
	return Event{Type: s.Type, At: at, Actor: s.Actor, ActingFor: s.ActingFor, ObjectType: s.ObjectType, ObjectID: s.ObjectID,
		Result: s.Result, Reason: s.Reason, RequestID: s.RequestID, Details: s.Details}, nil
}

// Link is the chain value of an event: SM3 over the lane, the number in the lane, the value before and the body.
func Link(lane int, number int64, previous, body []byte) []byte {
	return digest.SumParts([]byte(fmt.Sprintf("yinxin-audit-v1/%d/%d", lane, number)), previous, body)
}
