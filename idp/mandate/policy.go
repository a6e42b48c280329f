package mandate

import (
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// Policy bounds a kind of mandate. It is data, so that a deployment may be stricter.
type Policy struct {
	Kind       Kind
	Rights     []Right       // that may be given
	Default    []Right       // offered first
	Life       time.Duration // default
	MaxLife    time.Duration
	MaxClass   int
	MaxAgents  int  // live mandates of this kind of one principal
	Delegable  bool // may be passed on
	MaxItems   int  // service items that must be named one by one; 0: any number, all too
	PrincipalN int  // live mandates of this kind of one agent; 0: any number
	Relatives  bool // only between declared relatives who confirmed it
}

// Times of mandates of persons (experience specification 3.6).
const (
	day         = 24 * time.Hour
	DefaultLife = 30 * day
	MaxLife     = 365 * day
)

// Policies by kind. An elder's helper reads and fills in and collects nothing (experience specification 3.7);
// a helper of the village does one thing at once (identity specification 2.6).
var Policies = []Policy{
	{Kind: Relative, Rights: []Right{View, Fill, Submit, Collect, Present}, Default: []Right{View, Submit}, Life: DefaultLife, MaxLife: MaxLife, MaxClass: ClassIdentity, MaxAgents: 20, Delegable: true},
	{Kind: Family, Rights: []Right{View, Fill, Submit, Collect, Present}, Default: []Right{View, Fill}, Life: 365 * day, MaxLife: 365 * day, MaxClass: ClassIdentity, MaxAgents: 5, PrincipalN: 5, Relatives: true},
	{Kind: ElderHelper, Rights: []Right{View, Fill, Submit}, Default: []Right{View, Fill}, Life: DefaultLife, MaxLife: MaxLife, MaxClass: ClassContact, MaxAgents: 5, PrincipalN: 5},
	{Kind: VillageHelper, Rights: []Right{View, Fill, Submit}, Default: []Right{Fill, Submit}, Life: 30 * time.Minute, MaxLife: 2 * time.Hour, MaxClass: ClassContact, MaxAgents: 1, MaxItems: 1},
	{Kind: Guardian, Rights: []Right{View, Fill, Submit, Collect, Present}, Default: []Right{View, Fill, Submit, Collect, Present}, Life: 14 * 366 * day, MaxLife: 14 * 366 * day, MaxClass: ClassIdentity, MaxAgents: 2},
	{Kind: GuardianLimited, Rights: []Right{View}, Default: []Right{View}, Life: 4 * 366 * day, MaxLife: 4 * 366 * day, MaxClass: ClassName, MaxAgents: 2},
	{Kind: LegalRepresentative, Rights: []Right{View, Fill, Submit, Collect, Present, Manage}, Default: []Right{View, Fill, Submit, Collect, Present, Manage}, Life: 3 * 365 * day, MaxLife: 3 * 365 * day, MaxClass: ClassIdentity, MaxAgents: 1},
	{Kind: Administrator, Rights: []Right{View, Fill, Submit, Collect, Present, Lend, Manage}, Default: []Right{View, Fill, Submit, Collect, Present, Manage}, Life: 365 * day, MaxLife: 3 * 365 * day, MaxClass: ClassIdentity, MaxAgents: 5},
	{Kind: Staff, Rights: []Right{View, Fill, Submit, Collect, Present, Lend}, Default: []Right{View, Fill, Submit}, Life: DefaultLife, MaxLife: 365 * day, MaxClass: ClassIdentity, MaxAgents: 500, Delegable: true},
	{Kind: LicenseKeeper, Rights: []Right{View, Present, Lend}, Default: []Right{View, Present}, Life: 365 * day, MaxLife: 3 * 365 * day, MaxClass: ClassName, MaxAgents: 20},
	{Kind: SealKeeper, Life: 365 * day, MaxLife: 3 * 365 * day, MaxClass: ClassName, MaxAgents: 20},
}

// PolicyOf a kind; ok is false for one that is not known.
func PolicyOf(kind Kind) (Policy, bool) {
	i := slices.IndexFunc(Policies, func(p Policy) bool { return p.Kind == kind })
	if i < 0 {
		return Policy{}, false
	}
	return Policies[i], true
}

// PhonePolicy bounds requests that an elder confirms by telephone (decision 0017). It is data, so that a deployment may be stricter.
type PhonePolicy struct {
	AgentIAL  subject.IAL   // that the helper needs
	From, To  time.Duration // hours of the day, in Beijing, within which calls are placed and messages sent
	CodeLife  time.Duration // of the code that the first call reads out
	CodeTries int
	Pause     time.Duration // from the right code to the elder's own yes, at least
	Spread    time.Duration // and at most so much more, by chance, so that nobody can be at the elder's side on time
	Span      time.Duration // that the elder has for its answer
	Life      time.Duration // of the mandate, default
	MaxLife   time.Duration
	Rest      time.Duration // in which an account that was recovered, or whose number is new or was taken, is not asked
	AfterNo   time.Duration // in which the same helper does not ask a number again that said no
	// PerNumber and PerAgent are how many requests a day are made about one number, and by one helper.
	PerNumber, PerAgent int
}

// PhoneByDefault is the policy as delivered.
var PhoneByDefault = PhonePolicy{AgentIAL: 3, From: 8 * time.Hour, To: 21 * time.Hour, CodeLife: 10 * time.Minute, CodeTries: 5, Pause: 2 * time.Hour, Spread: time.Hour, Span: day,
	Life: DefaultLife, MaxLife: 90 * day, Rest: idp.RecoveryRest, AfterNo: 30 * day, PerNumber: 2, PerAgent: 5}

// Open is the first moment from now on, now included, at which calls are placed.
func (p PhonePolicy) Open(now time.Time) time.Time {
	midnight := p.midnight(now)
	switch from, to := midnight.Add(p.From), midnight.Add(p.To); {
	case now.Before(from):
		return from.UTC()
	case !now.Before(to):
		return from.AddDate(0, 0, 1).UTC()
	}
	return now
}

// Closes is the end of the hours of the day of a moment.
func (p PhonePolicy) Closes(now time.Time) time.Time { return p.midnight(now).Add(p.To).UTC() }

func (p PhonePolicy) midnight(now time.Time) time.Time {
	there := now.In(legalTime)
	return time.Date(there.Year(), there.Month(), there.Day(), 0, 0, 0, 0, legalTime)
}
