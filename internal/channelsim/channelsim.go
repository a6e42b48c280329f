// Package channelsim plays a provider of SMS over HTTP and a mail server over SMTP, so that a configuration of `channels` can
// be tried without anybody's provider. It is a simulator: it sends nothing, it is no gateway of any company, and it belongs on
// loopback. Recipients with a meaning of their own ("magic" ones) show how real providers fail; docs/integration/channels.md
// lists them.
package channelsim

import (
	"slices"
	"sync"
	"time"
)

// Fault is what a recipient lets happen.
type Fault string

// Faults of recipients.
const (
	Fine      Fault = ""
	Refused   Fault = "refused"   // the recipient does not exist
	Slow      Fault = "slow"      // taken, and answered after everybody stopped waiting
	Limited   Fault = "limited"   // too many messages: not taken
	Garbage   Fault = "garbage"   // taken, and answered with something that is no answer
	Broken    Fault = "broken"    // the provider is out of order: not taken
	Flaky     Fault = "flaky"     // broken the first time, fine then
	Undeliver Fault = "undeliver" // taken, and reported as undelivered
)

// Mobile numbers with a fault: the last three digits are those of the HTTP status that they remind of.
var numbers = map[string]Fault{"13800138404": Refused, "13800138408": Slow, "13800138429": Limited, "13800138502": Garbage, "13800138503": Broken, "13800138500": Flaky, "13800138410": Undeliver}

// answering are numbers that answer by themselves what an order asks, where the order names the callback: 1 and 2 in a call, Y and N by SMS.
var answering = map[string]bool{"13800138201": true, "13800138202": false}

// Numbers are the magic numbers, in order.
func Numbers() []string {
	var all []string
	for number := range numbers {
		all = append(all, number)
	}
	slices.Sort(all)
	return all
}

// States of messages.
const (
	Delivered   = "delivered"
	Undelivered = "undelivered"
)

// Message is one that the simulator took.
type Message struct {
	ID       string            `json:"id"`
	Kind     string            `json:"kind"` // sms or mail
	To       string            `json:"to"`
	Template string            `json:"template,omitempty"`
	Params   map[string]string `json:"params,omitempty"`
	Subject  string            `json:"subject,omitempty"`
	Raw      string            `json:"raw,omitempty"` // of a mail
	TLS      bool              `json:"tls,omitempty"`
	// State is the delivery report, which goes to the callback of an order that names one.
	State string    `json:"state"`
	At    time.Time `json:"at"`
	// callback is where reports and answers go.
	callback string
}

// maxKept bounds what is remembered; the oldest go first.
const maxKept = 1000

// Log keeps what was taken.
type Log struct {
	mutex sync.Mutex
	all   []Message
	tried map[string]bool
}

func (l *Log) keep(m Message) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.all = append(l.all, m); len(l.all) > maxKept {
		l.all = slices.Clone(l.all[len(l.all)-maxKept:])
	}
}

// Messages are those that were taken, the oldest first.
func (l *Log) Messages() []Message {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return append([]Message{}, l.all...)
}

// first reports whether something happens for the first time.
func (l *Log) first(key string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.tried == nil || len(l.tried) >= 10*maxKept {
		l.tried = map[string]bool{}
	}
	seen := l.tried[key]
	l.tried[key] = true
	return !seen
}

func stateOf(f Fault) string {
	if f == Undeliver {
		return Undelivered
	}
	return Delivered
}
