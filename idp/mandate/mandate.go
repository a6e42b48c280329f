// Package mandate says who may act for whom: a mandate (代办, 经办人, guardian, elder's helper) lets an agent, always a
// natural person who logged in, act for a principal, a person or an organisation, within items, rights, a class of data
// and a time, and until one of the two or an event of a register ends it (identity specification 2.5 and 2.6).
//
// Terms never change once they were agreed: another extent is another mandate. In tokens sub is the principal and act.sub
// the agent (RFC 8693 4.1). The package decides; tokens carry it, idpdb keeps it, and whoever judges a token asks whether
// the mandate still holds.
package mandate

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
)

// Kind of a mandate.
type Kind string

// Kinds. Which rights and times each may have stands in Policies.
const (
	Relative            Kind = "relative"             // one person for another
	Family              Kind = "family"               // one declared relative for another
	ElderHelper         Kind = "elder_helper"         // reads and fills in for an elder
	VillageHelper       Kind = "village_helper"       // of a village or community (代办员): one item, within minutes
	Guardian            Kind = "guardian"             // for a child below 14
	GuardianLimited     Kind = "guardian_limited"     // for a minor of 14 to 17: looks on
	LegalRepresentative Kind = "legal_representative" // for the organisation whose register names the person
	Administrator       Kind = "administrator"        // for an organisation, also in appointing others
	Staff               Kind = "agent"                // 经办人 of an organisation
	SealKeeper          Kind = "seal_keeper"          // 印章保管人 of an organisation: nobody acts under it (keepers.go)
	LicenseKeeper       Kind = "license_keeper"       // 证照保管人 of an organisation, at our own pages alone (lending.go)
)

// Right is what an agent may do for the principal.
type Right string

// Rights. Each stands for itself: who may submit may not look unless that was given too.
const (
	View    Right = "view"    // see the principal's data
	Fill    Right = "fill"    // fill in without submitting
	Submit  Right = "submit"  // submit
	Collect Right = "collect" // collect results
	Present Right = "present" // show licences
	Lend    Right = "lend"    // let an office use licences (授权用证)
	Manage  Right = "manage"  // appoint and stop agents of an organisation, and manage its licences
)

// State of a mandate as it is stored.
type State string

// States. A mandate that is active and past its end is expired, whether or not that was written down yet.
const (
	Proposed State = "proposed" // one side agreed
	Active   State = "active"
	Refused  State = "refused"
	Revoked  State = "revoked" // by principal or agent
	Expired  State = "expired"
	Ended    State = "ended" // by an event: death, end of an organisation, majority, end of the one it was passed on from
)

// Classes of data: a class opens those below it.
const (
	ClassName     = 1 // name and level
	ClassContact  = 2 // mobile number, address
	ClassIdentity = 3 // number of the identity document
)

// AllItems stands for every service item.
const AllItems = "*"

// MaxDepth: an agent may pass a mandate on once, where it allows that.
const MaxDepth = 2

// Mandate as agreed.
type Mandate struct {
	ID          string
	Principal   string // account of a person, or organisation
	Agent       string // account of the person who acts
	Via         string // the agent who passed it on; empty for one from the principal
	Parent      string // the mandate that was passed on
	Depth       int    // 1, or 2 for one that was passed on
	Kind        Kind
	Items       []string // codes of service items, or AllItems alone
	DetailTypes []string // kinds of authorization_details that may be asked for
	Rights      []Right
	MaxClass    int
	Delegable   bool
	State       State
	Evidence    string // digest or case behind it; empty where both sides' confirmation is all
	NotBefore   time.Time
	NotAfter    time.Time
	CreatedAt   time.Time
	PrincipalAt time.Time // when each side confirmed; zero: not yet
	AgentAt     time.Time
	EndedAt     time.Time
	EndedBy     string
	Reason      string
	FrozenAt    time.Time // since then only looking on and filling in is open; zero: not frozen
	UsedAt      time.Time
}

// StateAt is the state at a moment.
func (m Mandate) StateAt(now time.Time) State {
	if m.State == Active && !now.Before(m.NotAfter) || m.State == Proposed && !now.Before(m.proposalEnd()) {
		return Expired
	}
	return m.State
}

// ProposalLife is how long the other side has to answer.
const ProposalLife = 7 * 24 * time.Hour

func (m Mandate) proposalEnd() time.Time {
	if end := m.CreatedAt.Add(ProposalLife); end.Before(m.NotAfter) {
		return end
	}
	return m.NotAfter
}

// InForce reports whether the mandate was agreed and its time runs.
func (m Mandate) InForce(now time.Time) bool {
	return m.State == Active && !now.Before(m.NotBefore) && now.Before(m.NotAfter)
}

// Live reports whether somebody may act under the mandate now.
func (m Mandate) Live(now time.Time) bool { return m.Kind != SealKeeper && m.InForce(now) }

// WaitsFor reports whether a proposal waits for the answer of an account.
func (m Mandate) WaitsFor(account string) bool {
	return m.State == Proposed && (account == m.Agent && m.AgentAt.IsZero() || account == m.Principal && m.PrincipalAt.IsZero())
}

// Has reports whether a right was given and is not frozen. Whoever manages an organisation also lends its licences.
func (m Mandate) Has(r Right) bool {
	return (slices.Contains(m.Rights, r) || r == Lend && slices.Contains(m.Rights, Manage)) && (m.FrozenAt.IsZero() || r == View || r == Fill)
}

// Open are the rights that Has.
func (m Mandate) Open() []Right {
	return slices.DeleteFunc(slices.Clone(m.Rights), func(r Right) bool { return !m.Has(r) })
}

// Covers reports whether a service item is among those given.
func (m Mandate) Covers(item string) bool {
	return slices.Contains(m.Items, AllItems) || slices.Contains(m.Items, item)
}

// Within reports whether nothing in m goes beyond another mandate: what is passed on is never wider or longer.
func (m Mandate) Within(parent Mandate) bool {
	covered := func(items, given []string) bool {
		return slices.Contains(given, AllItems) || !slices.ContainsFunc(items, func(i string) bool { return !slices.Contains(given, i) })
	}
	return covered(m.Items, parent.Items) && !slices.ContainsFunc(m.DetailTypes, func(d string) bool { return !slices.Contains(parent.DetailTypes, d) }) &&
		!slices.ContainsFunc(m.Rights, func(r Right) bool { return !parent.Has(r) }) && m.MaxClass <= parent.MaxClass &&
		!m.NotBefore.Before(parent.NotBefore) && !m.NotAfter.After(parent.NotAfter)
}

// classOf says how sensitive a claim is; what is not here is of the highest class, so that a claim that is added later
// is kept back until somebody decides on it.
var classOf = map[string]int{
	"name": ClassName, "ial": ClassName, "updated_at": ClassName, "verified_claims": ClassName,
	"phone_number": ClassContact, "phone_number_verified": ClassContact, "email": ClassContact, "email_verified": ClassContact,
}

// ClassOf is the class of a claim.
func ClassOf(claim string) int {
	if class, known := classOf[claim]; known {
		return class
	}
	return ClassIdentity
}

// Trim takes away the claims of the principal that the mandate does not open. How surely the principal is known is told
// in any case: it decides what the agent may do and says nothing else of the person.
func (m Mandate) Trim(claims map[string]any) {
	for name := range claims {
		if name != "ial" && (!m.Has(View) || ClassOf(name) > m.MaxClass) {
			delete(claims, name)
		}
	}
}

// Opens reports whether a claim of the principal is open to the agent.
func (m Mandate) Opens(claim string) bool {
	return claim == "ial" || m.Has(View) && ClassOf(claim) <= m.MaxClass
}

// DetailType is the kind of authorization_details that tells the extent of a mandate; no registered kind has its name.
const DetailType = idp.DetailMandate

// Detail is the extent of the mandate as an object of authorization_details (RFC 9396 2).
func (m Mandate) Detail() json.RawMessage {
	rights := []string{}
	for _, r := range m.Open() {
		rights = append(rights, string(r))
	}
	object, _ := json.Marshal(struct { // plain values cannot fail
		Type       string   `json:"type"`
		Identifier string   `json:"identifier"`
		Kind       string   `json:"kind"`
		Actions    []string `json:"actions"`
		Items      []string `json:"items"`
		Until      string   `json:"not_after"`
	}{DetailType, m.ID, string(m.Kind), rights, m.Items, m.NotAfter.UTC().Format(time.RFC3339)})
	return object
}

// Chain is who acts, the latest first: accounts.
func (m Mandate) Chain() []string {
	if m.Via == "" {
		return []string{m.Agent}
	}
	return []string{m.Agent, m.Via}
}

// RightsOf reads rights from words; ok is false for one that is not known or stands twice.
func RightsOf(words []string) (rights []Right, ok bool) {
	known := []Right{View, Fill, Submit, Collect, Present, Lend, Manage}
	for _, r := range known { // in one order, whatever the form sent
		if slices.Contains(words, string(r)) {
			rights = append(rights, r)
		}
	}
	return rights, len(rights) == len(words)
}

// idMark begins the identifier of every mandate.
const idMark = "mdt"

// IsID tells identifiers of mandates from those of accounts.
func IsID(id string) bool { return strings.HasPrefix(id, idMark+"_") }

// organisationMark begins the identifier of every organisation.
const organisationMark = "org_"

// IsOrganisation tells organisations from persons.
func IsOrganisation(account string) bool { return strings.HasPrefix(account, organisationMark) }
