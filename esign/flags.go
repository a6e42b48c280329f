package esign

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Flag says how a use of a seal is unlike its others (experience specification 3.10, point 4). It stops nothing: what may not be is said by the
// rule of the seal.
type Flag string

// Flags of uses.
const (
	FlagNight        Flag = "night"         // by a person, outside the hours of work
	FlagVolume       Flag = "volume"        // far more in this hour or on this day than is usual for the seal
	FlagNewPerson    Flag = "new_person"    // by a person or an application that did not use this seal within FamiliarFor, though others had
	FlagNewDevice    Flag = "new_device"    // by one who did, and not from this browser and network, or with this token of staff
	FlagAfterRefusal Flag = "after_refusal" // without an approval, within RefusalFor of one that was refused to the same requester for this seal
)

// Flags are all of them.
var Flags = []Flag{FlagNight, FlagVolume, FlagNewPerson, FlagNewDevice, FlagAfterRefusal}

// Bounds of the rule behind flags.
const (
	VolumeFactor = 3   // times the busiest hour or day of the UsualDays before
	HourFloor    = 20  // so many in an hour are never unusual
	DayFloor     = 100 // nor so many on a day
	UsualDays    = 30  // how far back the usual use of a seal is looked at
	// FamiliarFor is how long a person and a device are known to a seal since their last use of it.
	FamiliarFor = 180 * 24 * time.Hour
	RefusalFor  = 24 * time.Hour
)

// Day is a day where seals are used, counted from 1 January 1970.
type Day int64

func (d Day) String() string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }

// ParseDay reads what String gives.
func ParseDay(text string) (Day, error) {
	at, err := time.Parse(time.DateOnly, text)
	return Day(at.Unix() / 86400), err
}

// WorkHours are the hours in which people use seals; the zero value is 07:00 to 21:00 in China. Days off are not known here.
type WorkHours struct {
	Zone     *time.Location
	From, To time.Duration // since midnight; a use at From is inside, one at To is not
}

var chinaTime = time.FixedZone("UTC+8", 8*60*60)

func (h WorkHours) orUsual() WorkHours {
	if h.Zone == nil {
		h.Zone = chinaTime
	}
	if h.From == 0 && h.To == 0 {
		h.From, h.To = 7*time.Hour, 21*time.Hour
	}
	return h
}

// on gives the day and the hour of a moment, from 0.
func (h WorkHours) on(at time.Time) (Day, int) {
	local := at.In(h.Zone)
	return Day(time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400), local.Hour()
}

func (h WorkHours) night(at time.Time) bool {
	local := at.In(h.Zone)
	since := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	return since < h.From || since >= h.To
}

// Habits are what a store sees of a seal and of who uses it, in the transaction that records the use.
type Habits struct {
	Hour, Day               int  // uses that count in this hour and on this day, this one included
	BusiestHour, BusiestDay int  // of the UsualDays before this day
	Others                  bool // somebody else used it within FamiliarFor
	Known                   bool // who uses it did so within FamiliarFor
	KnownDevice             bool // and from this device; also where no device of theirs is known yet
	Refused                 bool // an approval was refused to the requester within RefusalFor
}

// Volume is how many uses made a use one of many, and how many are not. A zero member was not passed.
type Volume struct {
	Hour      int `json:",omitempty"`
	HourLimit int `json:",omitempty"`
	Day       int `json:",omitempty"`
	DayLimit  int `json:",omitempty"`
}

// Flagged is what a use is flagged with.
type Flagged struct {
	Flags  []Flag
	Volume Volume // with FlagVolume
}

// Watch is how a use of a seal is judged when it is recorded. A store gives Judge what it sees, keeps the flags with the use, counts it for the
// day on which it was flagged first, and writes what Record gives in the same transaction.
type Watch struct {
	By     string // who is behind the use
	Device string // digest of where they came from; empty for whoever has none
	At     time.Time
	Day    Day
	Hour   int
	Counts bool // it counts among the uses of the hour and the day
	Judge  func(Habits) Flagged
	// Record is what new flags leave behind on the day to which the use belongs; first says that nothing of that day waits for somebody to look
	// at it.
	Record func(flags []Flag, day Day, first bool) audit.Record
}

// Occasion is what is known of a use before a store is asked.
type Occasion struct {
	At       time.Time
	Person   bool // no service client
	Counts   bool // its volume is judged
	Approved bool // it stands under an approval
}

// Unusual is the whole rule: what a use is flagged with. It depends on nothing else.
func (h WorkHours) Unusual(use Occasion, seen Habits) (f Flagged) {
	h = h.orUsual()
	if use.Person && h.night(use.At) {
		f.Flags = append(f.Flags, FlagNight)
	}
	if use.Counts {
		if limit := max(HourFloor, VolumeFactor*seen.BusiestHour); seen.Hour > limit {
			f.Volume.Hour, f.Volume.HourLimit = seen.Hour, limit
		}
		if limit := max(DayFloor, VolumeFactor*seen.BusiestDay); seen.Day > limit {
			f.Volume.Day, f.Volume.DayLimit = seen.Day, limit
		}
		if f.Volume != (Volume{}) {
			f.Flags = append(f.Flags, FlagVolume)
		}
	}
	switch {
	case !seen.Known && seen.Others: // with nobody before there is nothing to compare with
		f.Flags = append(f.Flags, FlagNewPerson)
	case seen.Known && !seen.KnownDevice:
		f.Flags = append(f.Flags, FlagNewDevice)
	}
	if seen.Refused && !use.Approved {
		f.Flags = append(f.Flags, FlagAfterRefusal)
	}
	return f
}

// watch is how a use is judged; nil where no member of staff and no application stands behind it: a platform that seals by itself, or what a
// citizen asked a procedure of it for, is not unlike anything. again is a use that was counted before.
func (s *Service) watch(ctx context.Context, j *job, again bool) *Watch {
	request := reqctx.From(ctx)
	actor := request.Actor
	machine := actor.Machine()
	if !machine && !strings.HasPrefix(actor.ID, "staff:") && !strings.HasPrefix(actor.ID, "account:") || len(actor.Rights) == 0 && len(actor.Roles) == 0 {
		return nil
	}
	w := &Watch{By: actor.ID, At: s.cfg.Now().UTC().Truncate(time.Microsecond), Counts: !j.platform && !again}
	if !machine {
		w.Device = deviceOf(request)
	}
	w.Day, w.Hour = s.cfg.Hours.orUsual().on(w.At)
	use := Occasion{At: w.At, Person: !machine, Counts: w.Counts, Approved: j.stamp.Approval != ""}
	w.Judge = func(seen Habits) Flagged { return s.cfg.Hours.Unusual(use, seen) }
	stamp := j.stamp
	w.Record = func(flags []Flag, day Day, first bool) audit.Record {
		words := make([]string, len(flags))
		for i, flag := range flags {
			words[i] = string(flag)
		}
		record := audit.With(s.event(ctx, "seal.stamp.flagged", "stamp", stamp.ID, map[string]string{"seal": stamp.SealID, "flags": strings.Join(words, " "), "day": day.String()}))
		if first {
			payload, _ := json.Marshal(FlagNotice{Seal: stamp.SealID, Day: day.String()}) // plain texts
			record = record.And(audit.Message{Topic: TopicFlagged, Key: flagsID(stamp.SealID, day), Payload: payload})
		}
		return record
	}
	return w
}

// deviceOf tells devices apart as far as they can be without putting anything into a browser: its maker and system with the network, or the
// token of staff of a program. A version is no part of it, so that an update is no other device. The digest alone is kept.
func deviceOf(request reqctx.Request) string {
	if request.StaffToken != "" {
		return hex.EncodeToString(digest.SumParts([]byte("token"), []byte(request.StaffToken)))
	}
	browser, system := "", ""
	for _, name := range []string{"Edg/", "OPR/", "Firefox/", "Chrome/", "Safari/"} { // those that call themselves by several names come first
		if strings.Contains(request.UserAgent, name) {
			browser = name
			break
		}
	}
	for _, name := range []string{"HarmonyOS", "Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux"} {
		if strings.Contains(request.UserAgent, name) {
			system = name
			break
		}
	}
	return hex.EncodeToString(digest.SumParts([]byte("browser"), []byte(browser), []byte(system), []byte(reqctx.Network(request.ClientIP, 24, 48))))
}

// TopicFlagged tells that uses of a seal on a day were flagged and nobody looked at them yet: FlagNotice. One message stands for all of them
// until somebody looked.
const TopicFlagged = "seal.use_flagged"

// FlagNotice is the payload of TopicFlagged.
type FlagNotice struct {
	Seal string `json:"seal"`
	Day  string `json:"day"`
}

// RoleAuditor looks at flagged uses and at nothing else of seals: the auditors of the platform (审计管理员).
const RoleAuditor = "audit_admin"

// FlagDay is what is flagged of a seal on a day.
type FlagDay struct {
	SealID string
	Day    Day
	Uses   int       // that are flagged; one that gets another flag when it is planned again counts again
	Flags  []Flag    // that occur among them
	At     time.Time // of the last one
	Looked int       // how many there were when somebody last looked; less than Uses waits
	By     string    // who looked last
	Note   string
	SeenAt time.Time

	// Of the seal, as lists show them; a store fills them in.
	SealName string
	Area     string
}

// ID names what is flagged of a seal on a day.
func (d FlagDay) ID() string { return flagsID(d.SealID, d.Day) }

// Waits tells whether nobody looked at some of it.
func (d FlagDay) Waits() bool { return d.Looked < d.Uses }

func flagsID(sealID string, day Day) string { return sealID + "." + day.String() }

func parseFlagsID(id string) (sealID string, day Day, err error) {
	sealID, text, _ := strings.Cut(id, ".")
	if day, err = ParseDay(text); err != nil || sealID == "" || !plain(sealID, maxID) {
		return "", 0, fault.New(fault.NotFound)
	}
	return sealID, day, nil
}

// FlagState selects days by whether they wait.
type FlagState string

// States of days; the empty one is any.
const (
	FlagsOpen   FlagState = "open"
	FlagsLooked FlagState = "looked_at"
)

// FlagStates are both.
var FlagStates = []FlagState{FlagsOpen, FlagsLooked}

// FlagQuery selects days, the newest first.
type FlagQuery struct {
	Areas  []string
	State  FlagState
	Before Day    // of the last one of the page before, 0 for the first page
	After  string // and its seal
	Limit  int
}

// StampQuery selects uses of a seal, the newest first.
type StampQuery struct {
	SealID string
	Flag   Flag // AnyFlag is any; empty also those without
	On     Day  // flagged on that day; 0 is any
	After  Position
	Limit  int
}

// AnyFlag selects uses that are flagged with whatever it is.
const AnyFlag Flag = "any"

// FlagStore keeps what is flagged. PlanStamp and TakeOver write it.
type FlagStore interface {
	// FlagDays lists days with flagged uses, the newest first, of one day by seal.
	FlagDays(ctx context.Context, q FlagQuery) ([]FlagDay, error)
	// FlagDay is one; ErrNotFound.
	FlagDay(ctx context.Context, sealID string, day Day) (FlagDay, error)
	// FlaggedBy lists who is behind the flagged uses of a day, each once, beginning after the one given.
	FlaggedBy(ctx context.Context, sealID string, day Day, after string, limit int) ([]string, error)
	// LookAtFlags notes in a day who looked at all Uses of it, and what they say; ErrChanged when there are more by now, or somebody looked at
	// them before.
	LookAtFlags(ctx context.Context, d FlagDay, record audit.Record) error
}

// flagReader refuses whoever neither uses, reviews or approves seals nor audits.
func flagReader(ctx context.Context) (reqctx.Actor, []string, error) {
	readers := append(slices.Clone(roles), RoleAuditor)
	actor, err := require(ctx, readers...)
	return actor, readers, err
}

// FlagDays lists what is flagged of the seals of the own areas by days, the newest first, after a cursor. next is empty on the last page.
func (s *Service) FlagDays(ctx context.Context, state FlagState, after string, limit int) (page []FlagDay, next string, err error) {
	actor, readers, err := flagReader(ctx)
	if err != nil {
		return nil, "", err
	}
	q := FlagQuery{Areas: actor.Reach(readers...), State: state}
	if after != "" {
		if q.After, q.Before, err = parseFlagsID(after); err != nil {
			return nil, "", fault.New(fault.Malformed)
		}
	}
	limit = min(max(limit, 1), maxPage)
	q.Limit = limit + 1
	if page, err = s.cfg.Store.FlagDays(ctx, q); err != nil {
		return nil, "", unavailable(err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID()
	}
	return page, next, nil
}

// FindFlags reads what is flagged of a seal of the own areas on a day, by its ID.
func (s *Service) FindFlags(ctx context.Context, id string) (FlagDay, error) {
	actor, readers, err := flagReader(ctx)
	if err != nil {
		return FlagDay{}, err
	}
	sealID, day, err := parseFlagsID(id)
	if err != nil {
		return FlagDay{}, err
	}
	d, err := s.cfg.Store.FlagDay(ctx, sealID, day)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && !actor.Reaches(d.Area, readers...):
		return FlagDay{}, fault.New(fault.NotFound)
	case err != nil:
		return FlagDay{}, unavailable(err)
	}
	return d, nil
}

// FlaggedStamps lists the uses that are flagged on a day, newest first, after a cursor. next is empty on the last page.
func (s *Service) FlaggedStamps(ctx context.Context, id, after string, limit int) (page []Stamp, next string, err error) {
	d, err := s.FindFlags(ctx, id)
	if err != nil {
		return nil, "", err
	}
	return s.stampPage(ctx, StampQuery{SealID: d.SealID, Flag: AnyFlag, On: d.Day}, after, limit)
}

// MayLook tells why somebody may not say that they looked at what is flagged: a person who keeps the seal or audits, none of those who used it.
// People are compared, not accounts.
func (s *Service) MayLook(ctx context.Context, d FlagDay) error {
	actor, err := rested(require(ctx, RoleKeeper, RoleAuditor))
	if err != nil {
		return err
	}
	audits := actor.Reaches(d.Area, RoleAuditor)
	if actor.Machine() || !audits && !actor.Reaches(d.Area, RoleKeeper) {
		return fault.New(fault.Forbidden)
	}
	if !audits {
		if err := s.keepsByID(ctx, actor.ID, d.SealID); err != nil {
			return err
		}
	}
	human, err := s.human(ctx, actor.ID)
	if err != nil {
		return err
	}
	for after := ""; ; {
		page, err := s.cfg.Store.FlaggedBy(ctx, d.SealID, d.Day, after, maxPage)
		if err != nil {
			return unavailable(err)
		}
		for _, one := range page {
			after = one
			other, err := s.human(ctx, one)
			if err != nil {
				return err
			}
			if one == actor.ID || human != "" && human == other {
				return fault.New(fault.SealFlagsOwn)
			}
		}
		if len(page) < maxPage {
			return nil
		}
	}
}

// human names the human behind an actor; empty where nobody is known.
func (s *Service) human(ctx context.Context, actor string) (string, error) {
	if s.cfg.Keepers == nil || strings.HasPrefix(actor, "client:") {
		return "", nil
	}
	human, err := s.cfg.Keepers.Human(ctx, actor)
	return human, unavailable(err)
}

// LookAtFlags notes that somebody looked at what is flagged of a seal on a day, as many uses as they saw, and what they found. More that are
// flagged afterwards wait anew.
func (s *Service) LookAtFlags(ctx context.Context, id string, uses int, note string) (FlagDay, error) {
	if _, err := rested(require(ctx, RoleKeeper, RoleAuditor)); err != nil {
		return FlagDay{}, err
	}
	d, err := s.FindFlags(ctx, id)
	if err == nil {
		err = s.MayLook(ctx, d)
	}
	if err == nil {
		err = needReason(note)
	}
	if err != nil {
		return FlagDay{}, err
	}
	if !d.Waits() || uses != d.Uses {
		return FlagDay{}, fault.New(fault.SealFlagsChanged)
	}
	ctx = reqctx.UsingIn(ctx, d.Area, RoleKeeper, RoleAuditor)
	d.Looked, d.By, d.Note, d.SeenAt = d.Uses, reqctx.From(ctx).Actor.ID, note, s.cfg.Now().UTC().Truncate(time.Microsecond)
	e := s.event(ctx, "seal.flags.looked_at", "seal_flags", d.ID(), map[string]string{"seal": d.SealID, "day": d.Day.String(), "uses": strconv.Itoa(d.Uses)})
	e.Reason = note
	switch err := s.cfg.Store.LookAtFlags(ctx, d, audit.With(e)); {
	case errors.Is(err, ErrChanged):
		return FlagDay{}, fault.Wrap(err, fault.SealFlagsChanged)
	case err != nil:
		return FlagDay{}, unavailable(err)
	}
	return d, nil
}

// WaitingFlags counts, among the newest ones, the days with flagged uses that the actor may look at. known is false for whoever never does.
func (s *Service) WaitingFlags(ctx context.Context, limit int) (n int, known bool, err error) {
	areas := reqctx.From(ctx).Actor.Reach(RoleKeeper, RoleAuditor)
	if len(areas) == 0 {
		return 0, false, nil
	}
	page, err := s.cfg.Store.FlagDays(ctx, FlagQuery{Areas: areas, State: FlagsOpen, Limit: limit})
	if err != nil {
		return 0, true, unavailable(err)
	}
	for _, d := range page {
		switch err := s.MayLook(ctx, d); fault.CodeOf(err) {
		case "":
			n++
		case fault.Unavailable:
			return 0, true, err
		}
	}
	return n, true, nil
}

// FlagKeepers are the people whom the organisation of a seal named as its keepers, to be told of what is flagged, with the day and the name of
// the seal. Only assembly calls it.
func (s *Service) FlagKeepers(ctx context.Context, payload []byte) (d FlagDay, keepers []Keeper, err error) {
	var notice FlagNotice
	if err := json.Unmarshal(payload, &notice); err != nil {
		return d, nil, err
	}
	day, err := ParseDay(notice.Day)
	if err == nil {
		d, err = s.cfg.Store.FlagDay(ctx, notice.Seal, day)
	}
	if err != nil || s.cfg.Keepers == nil {
		return d, nil, err
	}
	seal, err := s.find(ctx, notice.Seal)
	if err != nil {
		return d, nil, err
	}
	if seal.Personal() { // nobody named its keeper, who finds the day in their inbox
		return d, nil, nil
	}
	kept, err := s.keeping(ctx, seal)
	return d, kept.Keepers, err
}
