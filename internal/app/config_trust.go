package app

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// Trusting says whom this instance trusts beside its own authority (S-12, S-30). Both appear in what documents are judged by here; the
// authorities also in the list that it publishes at /trust/list.
type Trusting struct {
	Authorities []TrustedAuthority `yaml:"authorities"`
	// Lists are files with signed trust lists of others, read anew every minute; their signers must lead to an authority here that is
	// trusted for services. A list with a lower number than one that was seen is refused.
	Lists []string `yaml:"lists"`
	// AskAuthorities asks authorities over the network whether certificates of documents are revoked, where no list here tells: their OCSP
	// responders, then their lists. Addresses follow the rule for outbound calls (outbound.allowed).
	AskAuthorities bool `yaml:"ask_authorities"`
}

// TrustedAuthority is an authority of somebody else. What is withdrawn stays in the list with its history; what is taken out of the
// configuration stays as it was.
type TrustedAuthority struct {
	File string   `yaml:"file"` // PEM, DER or P7B; all its certificates are trusted alike
	Name string   `yaml:"name"` // for people; the certificate's own when empty
	Uses []string `yaml:"uses"` // seal_maker, seal_signer, time_stamp, service
	// From is since when it is trusted (RFC 3339); the begin of the certificate when empty.
	From string `yaml:"from"`
	// WithdrawnAt is when that ended, Reason why: ceased, superseded, supervision or compromised.
	WithdrawnAt string `yaml:"withdrawn_at"`
	Reason      string `yaml:"reason"`
}

func (t Trusting) check() (faults []string) {
	for i, a := range t.Authorities {
		add := func(field, format string, args ...any) {
			faults = append(faults, fmt.Sprintf("trust.authorities[%d].%s: ", i, field)+fmt.Sprintf(format, args...))
		}
		if a.File == "" {
			add("file", "is missing")
		}
		if len(a.Uses) == 0 {
			add("uses", "is missing; name what the authority is trusted for: %v", trustlist.Uses)
		}
		for _, use := range a.Uses {
			if !slices.Contains(trustlist.Uses, trustlist.Use(use)) {
				add("uses", "%q is none of %v", use, trustlist.Uses)
			}
		}
		for field, value := range map[string]string{"from": a.From, "withdrawn_at": a.WithdrawnAt} {
			if _, err := time.Parse(time.RFC3339, value); value != "" && err != nil {
				add(field, "%q is not a time such as 2026-11-24T09:00:00+08:00", value)
			}
		}
		if (a.WithdrawnAt == "") != (a.Reason == "") || a.Reason != "" && !trustlist.IsReason(a.Reason) {
			add("reason", "a withdrawal has one: ceased, superseded, supervision or compromised")
		}
	}
	slices.Sort(faults)
	return faults
}

// Seals says what is asked of seals before they come into use.
type Seals struct {
	// FilingRequired lets only those come into use that were put on file with the authority for seals (备案).
	FilingRequired bool `yaml:"filing_required"`
	// Hours are those of work: uses of seals by people outside them are flagged.
	Hours SealHours `yaml:"hours"`
}

// SealHours are the hours in which people use seals. Days off are not known.
type SealHours struct {
	// Zone is a name of the time-zone database; empty is Asia/Shanghai.
	Zone string `yaml:"zone"`
	// From and To are times of a day, "07:00" and "21:00" where both are empty; To may be "24:00".
	From string `yaml:"from"`
	To   string `yaml:"to"`
}

// clock reads a time of a day as the time since midnight.
func clock(text string) (time.Duration, bool) {
	if text == "24:00" {
		return 24 * time.Hour, true
	}
	at, err := time.Parse("15:04", text)
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, err == nil && len(text) == 5
}

// zone is that of the hours; nil is China, which needs no time-zone database.
func (h SealHours) zone() (*time.Location, error) {
	if h.Zone == "" || h.Zone == "Asia/Shanghai" {
		return nil, nil
	}
	return time.LoadLocation(h.Zone)
}

func (h SealHours) check() (faults []string) {
	if _, err := h.zone(); err != nil || h.Zone == "Local" {
		faults = append(faults, "seals.hours.zone: this time zone is not known here")
	}
	if h.From == "" && h.To == "" {
		return faults
	}
	from, one := clock(h.From)
	to, other := clock(h.To)
	if !one || !other || from >= to {
		faults = append(faults, "seals.hours: from and to are times of one day, for instance \"07:00\" and \"21:00\", the earlier one first")
	}
	return faults
}

// hours are what the seal room reads; check was called before.
func (h SealHours) hours() (all esign.WorkHours) {
	all.Zone, _ = h.zone()
	if h.From != "" {
		all.From, _ = clock(h.From)
		all.To, _ = clock(h.To)
	}
	return all
}

// TimeStamps opens the time-stamping authority (RFC 3161, GB/T 20520): documents are sealed at level T and POST /tsa answers.
type TimeStamps struct {
	Policy string `yaml:"policy"` // object identifier of the operator's policy; empty leaves the authority closed
	// Clock says what vouches for the time: "kernel" (synchronised, off by a second at most) or, in the sandbox only, "unchecked".
	Clock string `yaml:"clock"`
}

func (t TimeStamps) check(sandbox bool) (faults []string) {
	if t.Policy != "" && !objectIdentifier.MatchString(t.Policy) {
		faults = append(faults, "time_stamps.policy: must be an object identifier such as 1.2.156.1.2")
	}
	switch t.Clock {
	case "", "kernel":
	case "unchecked":
		if !sandbox {
			faults = append(faults, "time_stamps.clock: a clock that nobody checks is for the sandbox only; leave it out")
		}
	default:
		faults = append(faults, "time_stamps.clock: must be kernel or unchecked")
	}
	return faults
}

var objectIdentifier = regexp.MustCompile(`^[012](\.(0|[1-9][0-9]{0,9})){2,20}$`)
