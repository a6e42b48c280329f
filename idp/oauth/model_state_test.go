package oauth_test

import (
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
)

// The model: what people, logins, codes, families of refresh tokens and access tokens are, in plain values. It knows no
// database and no engine.

var modelStart = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

type person struct {
	id          string
	state       idp.AccountState
	credentials time.Time
	consent     map[string]bool // by client
}

func (p *person) active() bool { return p.state == idp.AccountActive }

// login is a session of the provider.
type login struct {
	person   *person
	sid      string
	authTime time.Time
	ended    bool
}

// family is what the model knows of a code and of the grant that came of it.
type family struct {
	*login
	client   string
	boundKey string // that the code may be redeemed with; empty: any
	key      string // that the tokens were bound to first
	code     string
	hash     []byte
	grant    string
	codeEnds time.Time
	codeGone bool // forgotten by the purge
	codeDead bool // its consent was withdrawn before it was redeemed; consent that is given again revives nothing

	redeemed, revoked bool
	refresh           []*refresh
	access            []*access

	rotations int
	replays   int  // answered as such, at least
	vague     bool // a fault or a race hides how many there were
	notified  bool // a replay ended it, and not something else before
}

type refresh struct {
	token     string // empty: the answer that held it was lost
	usedAt    time.Time
	ends      time.Time
	gone      bool
	successor *refresh
}

type access struct {
	token   string
	from    time.Time
	ends    time.Time
	scopes  []string
	opaque  bool
	revoked bool
}

// mayBegin: account, credentials, session and consent allow a code to become a grant.
func (f *family) mayBegin() bool {
	return !f.codeDead && f.person.active() && !f.person.credentials.After(f.authTime) && !f.ended
}

// ground: grant, account, credentials and consent allow a refresh (O-37).
func (f *family) ground() bool {
	return !f.revoked && f.person.active() && !f.person.credentials.After(f.authTime) && f.person.consent[f.client]
}

// codeGood reports whether the code may be redeemed by its client, with everything right.
func (f *family) codeGood(now time.Time) bool {
	return !f.redeemed && !f.codeGone && now.Before(f.codeEnds) && f.mayBegin()
}

// honest: a repeat that gets the same successor (design decision 8).
func (r *refresh) honest(now time.Time) bool {
	return !r.usedAt.IsZero() && now.Sub(r.usedAt) <= oauth.GraceTime && r.successor != nil && r.successor.usedAt.IsZero() && !r.successor.gone
}

// begin notes that the code became a grant; token is empty when the answer was lost.
func (f *family) begin(token, key string, now time.Time) {
	f.redeemed, f.key = true, key
	f.refresh = []*refresh{{token: token, ends: now.Add(oauth.RefreshLife)}}
}

// rotate notes that a token was used.
func (f *family) rotate(r *refresh, token string, now time.Time) {
	f.rotations++
	r.usedAt, r.successor = now, &refresh{token: token, ends: now.Add(oauth.RefreshLife)}
	f.refresh = append(f.refresh, r.successor)
}

// replayed notes that something of the family was used twice.
func (f *family) replayed() {
	f.replays++
	f.notified = f.notified || !f.revoked
	f.revoked = true
}

// end notes that something else than a replay ended the grant, if there is one.
func (f *family) end() { f.revoked = f.revoked || f.redeemed }

// known lists the refresh tokens whose text somebody holds.
func (f *family) known() []*refresh {
	var known []*refresh
	for _, r := range f.refresh {
		if r.token != "" {
			known = append(known, r)
		}
	}
	return known
}

// state of an access token.
type state int

const (
	inactive state = iota
	active
	either // a clock that was set back: a signed token is from the future unless its signature was seen before
)

func (m *machine) stateOf(f *family, a *access) state {
	switch {
	case f.revoked || a.revoked || !f.person.active() || !m.enabled[f.client] || !m.now.Before(a.ends):
		return inactive
	case !a.opaque && a.from.After(m.now):
		return either
	}
	return active
}

// purged applies what Purge forgets.
func (m *machine) purged() {
	for _, f := range m.families {
		f.codeGone = f.codeGone || f.codeEnds.Before(m.now.Add(-24*time.Hour))
		for _, r := range f.refresh {
			r.gone = r.gone || r.ends.Before(m.now)
		}
	}
}
