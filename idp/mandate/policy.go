package mandate

import (
	"slices"
	"time"
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
	{Kind: Administrator, Rights: []Right{View, Fill, Submit, Collect, Present, Manage}, Default: []Right{View, Fill, Submit, Collect, Present, Manage}, Life: 365 * day, MaxLife: 3 * 365 * day, MaxClass: ClassIdentity, MaxAgents: 5},
	{Kind: Staff, Rights: []Right{View, Fill, Submit, Collect, Present}, Default: []Right{View, Fill, Submit}, Life: DefaultLife, MaxLife: 365 * day, MaxClass: ClassIdentity, MaxAgents: 500, Delegable: true},
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
