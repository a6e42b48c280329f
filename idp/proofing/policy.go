package proofing

import (
	_ "embed"
	"encoding/json"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// PolicyKind is the kind under which rows of the policy are applied.
const PolicyKind = "proofing_policy"

// Level is one row of the policy: what a method gives, for whom, and how long it lasts.
type Level struct {
	Method string      `json:"method" yaml:"method"`
	IAL    subject.IAL `json:"ial" yaml:"ial"`
	// Days that the level holds; 0 has no end. It never outlives the document behind it.
	Days int `json:"days" yaml:"days"`
	// Holds is the level, with a name and number behind it, that the account must have before: the method adds to it. Of
	// organisation_register it is the level of the legal representative, of guardian_consent that of the guardian.
	Holds subject.IAL `json:"holds,omitempty" yaml:"holds"`
	// MinAge refuses younger people; GuardianBelow wants evidence that a guardian agreed.
	MinAge        int `json:"min_age,omitempty" yaml:"min_age"`
	GuardianBelow int `json:"guardian_below,omitempty" yaml:"guardian_below"`
	// Guardian lets the guardian of a child below 14 take the method for it, online and with a consent of its own; of face and manual_review.
	Guardian bool `json:"guardian,omitempty" yaml:"guardian"`
	// Documents narrows the kinds that the table of documents allows; empty does not.
	Documents []string `json:"documents,omitempty" yaml:"documents"`
	// DueHours is when reviewers have to have decided.
	DueHours int `json:"due_hours,omitempty" yaml:"due_hours"`
	// Keeps are reasons of revocation after which a level by a certificate goes on: superseded, cessation_of_operation and
	// affiliation_changed may be among them.
	Keeps []string `json:"keeps,omitempty" yaml:"keeps"`
	// UnwatchedDays is how long a level by a certificate of which an earlier release kept neither number nor authority goes on after this
	// release found it; 0 is 90. Of certificates only.
	UnwatchedDays int `json:"unwatched_days,omitempty" yaml:"unwatched_days"`
	// Sample is how many automatic passes of a thousand people look at again afterwards.
	Sample int `json:"sample,omitempty" yaml:"sample"`
	// Recover lets somebody who lost every way to sign in prove themself again by the method, for an account of no higher level; of
	// carrier, bank_card, face and network_id.
	Recover bool `json:"recover,omitempty" yaml:"recover"`
	// AlertAt tells security administrators when one telephone number (carrier, bank_card) or one face (face) stands behind so many
	// identities within AlertDays; 0 is as built in, -1 for AlertAt tells nobody.
	AlertAt   int `json:"alert_at,omitempty" yaml:"alert_at"`
	AlertDays int `json:"alert_days,omitempty" yaml:"alert_days"`
	// Off takes the method away.
	Off bool `json:"off,omitempty" yaml:"off"`
}

//go:embed policy.json
var policyFile []byte

// DefaultPolicy is what holds for methods that nothing was applied for (identity specification 2.4).
func DefaultPolicy() []Level {
	var rows []Level
	if err := json.Unmarshal(policyFile, &rows); err != nil {
		panic("proofing: policy.json: " + err.Error()) // it is embedded and tested
	}
	return rows
}

// With is a policy in which rows took the place of those of the same method.
func With(rows []Level, applied ...Level) []Level {
	rows = slices.Clone(rows)
	for _, one := range applied {
		if i := slices.IndexFunc(rows, func(l Level) bool { return l.Method == one.Method }); i >= 0 {
			rows[i] = one
		} else {
			rows = append(rows, one)
		}
	}
	return rows
}

// Key implements registry.Partner.
func (l *Level) Key() string { return l.Method }

// Enabled implements registry.Partner: a row that takes a method away is in force like any other.
func (l *Level) Enabled() bool { return true }

// GivenSecret implements registry.Partner.
func (l *Level) GivenSecret() string { return "" }

// ceilings are the methods that there is code for and the highest level that each may give whatever a policy
// says: what no third thing was compared with is never more than the first level, and what nobody saw never the fourth, unless
// a key shows it that an authority gave to that person alone.
var ceilings = map[string]subject.IAL{"id_card": 1, "document": 1, "carrier": 2, "bank_card": 2, "face": 3, "network_id": 3, "manual_review": 3, "certificate": 4, "guardian_consent": 1, "organisation_register": 3, "organisation_transfer": 2, "organisation_certificate": 4}

// longestDays bounds how long a level may hold.
const longestDays = 20 * 365

// Normalize implements registry.Partner.
func (l *Level) Normalize() error {
	refuse := func(field, why string) error {
		return fault.New(fault.ClientMetadata, "field", "policies.proofing."+field, "why", why)
	}
	ceiling, known := ceilings[l.Method]
	actsForAnother := l.Method == OrganisationRegister || l.Method == GuardianConsent
	switch {
	case !known:
		return refuse("method", "there is no such method")
	case l.IAL < 1 || l.IAL > ceiling:
		return refuse("ial", "this method gives no such level")
	case l.Days < 0 || l.Days > longestDays:
		return refuse("days", "between 0 and 7300")
	case actsForAnother && (l.Holds < 1 || l.Holds > 4):
		return refuse("holds", "the level of the legal representative or guardian, between 1 and 4")
	case l.Method == GuardianConsent && l.MinAge < 18:
		return refuse("min_age", "a guardian is of age: 18 or more")
	case !actsForAnother && (l.Holds < 0 || l.Holds >= l.IAL):
		return refuse("holds", "lower than the level that the method gives")
	case l.MinAge < 0 || l.MinAge > 150 || l.GuardianBelow < 0 || l.GuardianBelow > 18:
		return refuse("min_age", "an age")
	case l.Method == "face" && l.GuardianBelow < 14:
		return refuse("guardian_below", "the law asks for the guardian below 14")
	case l.Guardian && WardNotice(l.Method) == "":
		return refuse("guardian", "a guardian agrees online to face and manual_review only")
	case l.Recover && (!slices.Contains(recoverable, l.Method) || l.IAL < leastRecovered):
		return refuse("recover", "of carrier, bank_card, face and network_id only, at level 2 or more")
	case l.DueHours < 0 || l.DueHours > 24*90:
		return refuse("due_hours", "between 0 and 2160")
	case slices.ContainsFunc(l.Keeps, func(reason string) bool { return !slices.Contains(harmless, reason) }):
		return refuse("keeps", "only superseded, cessation_of_operation and affiliation_changed may be let pass")
	case l.refuseSample() != "":
		return refuse("sample", l.refuseSample())
	case (l.AlertAt != 0 || l.AlertDays != 0) && alerting[l.Method] == "":
		return refuse("alert_at", "of carrier, bank_card and face only")
	case l.AlertAt == 1 || l.AlertAt < -1 || l.AlertAt > mostAlertAt:
		return refuse("alert_at", "between 2 and 1000, or -1")
	case l.AlertDays < 0 || l.AlertDays > mostAlertDays:
		return refuse("alert_days", "between 1 and 365")
	case l.UnwatchedDays < 0 || l.UnwatchedDays > longestUnwatched:
		return refuse("unwatched_days", "between 0 and 366")
	case l.UnwatchedDays > 0 && l.Method != Certificate && l.Method != OrganisationCertificate:
		return refuse("unwatched_days", "of certificates only")
	case len(l.Keeps) > 0 && l.Method != Certificate && l.Method != OrganisationCertificate:
		return refuse("keeps", "of certificates only")
	}
	return nil
}

// Bounds of the term of evidence whose certificate nobody can watch, in days.
const (
	defaultUnwatched = 90
	longestUnwatched = 366
)

// unwatchedTerm is the term of the row of a method.
func unwatchedTerm(rows []Level, method string) time.Duration {
	days := defaultUnwatched
	for _, l := range rows {
		if l.Method == method && l.UnwatchedDays > 0 {
			days = l.UnwatchedDays
		}
	}
	return time.Duration(days) * 24 * time.Hour
}

func (l Level) life() time.Duration { return time.Duration(l.Days) * 24 * time.Hour }

// allows reports whether the row holds for a kind of document.
func (l Level) allows(kind subject.DocumentKind) bool {
	return !l.Off && slices.Contains(kind.Methods, l.Method) && (len(l.Documents) == 0 || slices.Contains(l.Documents, kind.Kind))
}

// policy is what holds here: no row gives more than the method as it is configured.
func (s *Service) policy() []Level {
	rows := DefaultPolicy()
	if s.cfg.Policy != nil {
		rows = slices.Clone(s.cfg.Policy())
	}
	for i := range rows {
		if m, ok := s.method(rows[i].Method); ok && m.Ceiling > 0 {
			rows[i].IAL = min(rows[i].IAL, m.Ceiling)
		}
	}
	return rows
}

func (s *Service) row(method string) (Level, bool) {
	for _, level := range s.policy() {
		if level.Method == method && !level.Off {
			return level, true
		}
	}
	return Level{}, false
}

// levelOf finds the row for a kind when no method was named: the lowest level that is enough, by a method that the source of the
// kind answers.
func (s *Service) levelOf(kind subject.DocumentKind, wanted subject.IAL) (Level, bool) {
	for _, level := range s.policy() {
		if level.IAL >= wanted && level.allows(kind) && plain(level.Method) {
			return level, true
		}
	}
	return Level{}, false
}

// Reaches is the highest level that a kind of document leads to here by name and number, with or without a mobile number.
func (s *Service) Reaches(kind subject.DocumentKind) (highest subject.IAL) {
	for _, level := range s.policy() {
		if level.allows(kind) && plain(level.Method) {
			highest = max(highest, level.IAL)
		}
	}
	return highest
}

// Highest is the highest level that anybody reaches here.
func (s *Service) Highest() (highest subject.IAL) {
	for _, level := range s.policy() {
		if m, offered := s.method(level.Method); !level.Off && (offered && !m.forAnother() || plain(level.Method)) {
			highest = max(highest, level.IAL)
		}
	}
	return highest
}

// oldEnough is judged by the day of birth; somebody whose birth nobody told is not held back, unless a guardian has to agree.
func (s *Service) oldEnough(level Level, born time.Time) error {
	if level.MinAge == 0 && level.GuardianBelow == 0 || born.IsZero() {
		return nil
	}
	today := s.cfg.Now().In(legalTime)
	switch age := ageAt(born, today); {
	case age < level.MinAge:
		return fault.New(fault.ProofingAge)
	case age < level.GuardianBelow: // its guardian agrees, below the own mandate, or a counter takes it
		return fault.New(fault.ProofingGuardian)
	}
	return nil
}

func ageAt(born, today time.Time) int {
	age := today.Year() - born.Year()
	if today.Month() < born.Month() || today.Month() == born.Month() && today.Day() < born.Day() {
		age--
	}
	return age
}

// bornOn is the day of birth of what was submitted; zero where it is not known.
func bornOn(who idp.Identity) time.Time {
	if number, err := subject.ParseCitizenID(who.Number); who.Type == subject.CitizenID && err == nil {
		return number.Birth()
	}
	day, _ := time.Parse(dayForm, who.Birth)
	return day
}
