// Package audit says what a state change must leave behind: audit events and outbox messages.
//
// Domain code builds a [Record] beside every change and hands both to its store, which writes them in one transaction
// (design decision 5): no audit row, no change. The package holds values only; auditdb writes them, outbox delivers.
//
// Events are chained with SM3 in lanes (see auditdb), so that a removed, changed or reordered event is found. They
// never hold personal data: subjects are our own identifiers, details are machine words.
package audit

import "time"

// Result of an audited action.
type Result string

// The results an event can have.
const (
	Succeeded Result = "succeeded"
	Refused   Result = "refused"
	Failed    Result = "failed"
)

// Event is one audited action. Type is a dotted machine word ("login.succeeded", "seal.stamp.planned").
type Event struct {
	Type       string            // what happened
	At         time.Time         // when; the clock of the caller
	Actor      string            // who really acted: "account:…", "staff:…", "client:…", "system:…"
	ActingFor  string            // on whose behalf, empty for oneself
	ObjectType string            // "account", "seal", "license", "client", "key", "session", "stamp" …
	ObjectID   string            // our identifier of the object
	Result     Result            // empty means Succeeded
	Reason     string            // machine word or legal basis
	RequestID  string            // request that caused it
	Details    map[string]string // further machine words and digests; no personal data, no secret
}

// Message is an outbox message: something to deliver at least once after the change is stored.
type Message struct {
	Topic     string    // selects the handler: "logout.backchannel", "status.publish" …
	Key       string    // what it is about; messages of one key are delivered in order of storing
	Payload   []byte    // JSON, opaque to the outbox
	NotBefore time.Time // zero: at once
}

// Record is what is stored beside a state change, in the same transaction.
type Record struct {
	Events   []Event
	Messages []Message
}

// With returns a record of the given events.
func With(events ...Event) Record { return Record{Events: events} }

// And returns the record with further messages.
func (r Record) And(messages ...Message) Record {
	r.Messages = append(r.Messages[:len(r.Messages):len(r.Messages)], messages...)
	return r
}
