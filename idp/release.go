package idp

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Channel is how claims about a person left the platform.
type Channel string

// Channels.
const (
	ChannelToken         Channel = "token"         // ID token and access token of a grant
	ChannelUserinfo      Channel = "userinfo"      // OpenID Connect Core 5.3
	ChannelIntrospection Channel = "introspection" // RFC 7662, by a resource server
	ChannelExchange      Channel = "exchange"      // RFC 8693, a token for another system
	ChannelBridge        Channel = "bridge"        // CAS and ticket bridges
	ChannelLicense       Channel = "license"       // presentation and use of a licence
	ChannelPassed        Channel = "passed"        // by the client, to another department that the person allowed
	ChannelActing        Channel = "acting"        // seen at our own pages by somebody who acts under a mandate
)

// Basis is why a release was lawful. All three may stand together: some claims by consent, some by law.
type Basis struct {
	Consent  int64    // version of the person's consent; 0 where none was needed
	Statutes []string // citations under which claims are given without consent
	Mandate  string   // identifier of the mandate of whoever acted
}

// Release is one line of the ledger that answers "who asked for my data": what left the platform for whom, on which day,
// with names of claims and never their values. Repetitions of one day are counted on one line.
type Release struct {
	ID         string
	AccountID  string
	GrantID    string // empty where no grant stands behind it
	ClientID   string // who received it
	Name       string // of the application, as it was then
	Department string
	Channel    Channel
	Claims     []string // sorted
	Items      []string // codes of the service items that it was asked for; sorted
	Purpose    string
	Basis      Basis
	Count      int64
	First      time.Time
	Last       time.Time
	License    LicenseUse // of the channel license
}

// LicenseUse is what a line of the channel license is about. Claims are keys of the type then; ClientID may be a receiver that is no
// application (urn:yinxin:receiver:…), which has no name.
type LicenseUse struct {
	ID, TypeCode, Kind string
}

// ClaimActor stands in the ledger of somebody who acted for another.
const ClaimActor = "act"

// What stands in the ledger of a principal for a look at our own pages; no claims of tokens.
const (
	ClaimLicenseList  = "license_list"  // titles, states and validity of the licences
	ClaimLicenseShown = "license_shown" // the code of a licence
	ClaimWardProof    = "ward_proof"    // a guardian had it proved who the child is
)

// ReceiverActing is who receives it: whoever acts under the mandate that the line names.
const ReceiverActing = "urn:yinxin:receiver:acting"

// Told is what a client is told of a person at one moment.
type Told struct {
	Client    Client
	AccountID string // whose data it is
	GrantID   string
	Channel   Channel
	Claims    []string // names
	Consent   int64    // version of the consent; 0 for none
	Mandate   string   // under which somebody acted; empty for the person itself
	Passed    []Passed // to whom the client may pass it on
	Items     []string // codes of service items, sorted
}

// Release is the line on which a telling counts.
func (v *Vocabulary) Release(t Told, at time.Time) Release {
	at = at.UTC().Truncate(time.Microsecond)
	t.Claims = slices.DeleteFunc(slices.Clone(t.Claims), func(claim string) bool { return claim == ClaimPartnerLevel }) // it is ial in another word
	r := Release{AccountID: t.AccountID, GrantID: t.GrantID, ClientID: t.Client.ClientID, Name: t.Client.ClientName, Department: t.Client.Department, Channel: t.Channel,
		Claims: slices.Compact(slices.Sorted(slices.Values(t.Claims))), Items: t.Items, Count: 1, First: at, Last: at}
	r.Purpose, r.Basis = v.purposeAndBasis(t.Client, r.Claims, t.Consent)
	r.Basis.Mandate = t.Mandate
	r.ID = "rel_" + digest.Hex([]byte(r.key() + "\x00" + dayOf(at)))[:32]
	return r
}

// Releases are the line of the client and one for each department to which it may pass something on: the person is to read who has its
// data, whoever hands them over.
func (v *Vocabulary) Releases(t Told, at time.Time) []Release {
	main := v.Release(t, at)
	all := []Release{main}
	for _, p := range t.Passed {
		r := main
		r.Channel, r.Department, r.Claims, r.Purpose, r.Basis = ChannelPassed, p.Name, p.Claims, p.Purpose, p.Basis
		r.Basis.Mandate = t.Mandate
		r.ID = "rel_" + digest.Hex([]byte(r.key() + "\x00" + p.Department + "\x00" + dayOf(main.First)))[:32]
		all = append(all, r)
	}
	return all
}

// dayOf is the calendar day in China, on which a line of the ledger counts.
func dayOf(at time.Time) string { return at.In(legalTime).Format(time.DateOnly) }

var legalTime = time.FixedZone("UTC+8", 8*60*60)

// key is what a line counts, whatever the day. The basis belongs to it: a later consent is another line.
func (r Release) key() string {
	parts := []string{r.AccountID, r.GrantID, r.ClientID, string(r.Channel), strings.Join(r.Claims, " "), r.Purpose, r.Basis.text()}
	if len(r.Items) > 0 { // a line without one keeps the identifier that it always had
		parts = append(parts, strings.Join(r.Items, " "))
	}
	return strings.Join(parts, "\x00")
}

func (b Basis) text() string {
	return strings.Join(append([]string{b.Mandate, strconv.FormatInt(b.Consent, 10)}, b.Statutes...), "\x01")
}

// purposeAndBasis are those of the claims that were given: the purposes of the claims one by one where they have their own,
// otherwise that of the application; and the laws, with the consent for what no law gives.
func (v *Vocabulary) purposeAndBasis(c Client, claims []string, consent int64) (string, Basis) {
	var purposes []string
	var basis Basis
	for _, claim := range claims {
		if claim == "sub" || claim == ClaimActor {
			continue // go with every other
		}
		purpose := c.PurposeOf(claim)
		if purpose != "" && !slices.Contains(purposes, purpose) {
			purposes = append(purposes, purpose)
		}
		law := v.BasisOf(c, claim)
		switch {
		case law == "":
			basis.Consent = consent
		case !slices.Contains(basis.Statutes, law):
			basis.Statutes = append(basis.Statutes, law)
		}
	}
	if len(purposes) == 0 && c.Purpose != "" {
		purposes = []string{c.Purpose}
	}
	if len(basis.Statutes) == 0 {
		basis.Consent = consent
	}
	return strings.Join(purposes, "；"), basis
}

// ReleaseQuery selects lines of one person's ledger, the newest first.
type ReleaseQuery struct {
	AccountID   string
	ClientID    string    // empty: all
	Since, Till time.Time // of the first release of the day; zero: no bound
	Behind      ReleaseMark
	Limit       int
}

// ReleaseMark is a place in the list: the last line of the page before. The zero value is the beginning.
type ReleaseMark struct {
	First time.Time
	ID    string
}

// KeepReleases is how long the ledger keeps a line: three years, as the audit records beside it.
const KeepReleases = 3 * 365 * 24 * time.Hour

// LedgerStore keeps the ledger; idpdb implements it.
type LedgerStore interface {
	// SaveReleases adds counts, making lines that are not there, in one transaction.
	SaveReleases(ctx context.Context, releases []Release) error
	Releases(ctx context.Context, q ReleaseQuery) ([]Release, error)
	// StoredRelease reads one line of a person; ErrNotFound.
	StoredRelease(ctx context.Context, accountID, id string) (Release, error)
	// Receivers lists the clients in a person's ledger, by their newest names.
	Receivers(ctx context.Context, accountID string, limit int) ([]Receiver, error)
}

// Receiver is a client that stands in a ledger.
type Receiver struct{ ClientID, Name string }

// Ledger writes down what leaves the platform. What leaves with new tokens is stored in the change that makes them. All
// else (userinfo, introspection, exchanged tokens, bridges) is counted in memory and written by batches every two
// seconds, so that no answer waits for it: a crash loses at most those seconds of one node, of people and clients whose grant is
// on its line.
type Ledger struct {
	store LedgerStore
	now   func() time.Time

	mutex sync.Mutex
	due   map[string]Release // by id
}

// Bounds of what is kept in memory and of a batch.
const (
	maxReleasesDue = 65536
	releaseBatch   = 128
)

// NewLedger returns a ledger; Flush is called every two seconds and at the end.
func NewLedger(store LedgerStore, now func() time.Time) *Ledger {
	return &Ledger{store: store, now: now, due: map[string]Release{}}
}

// Note writes releases down. It fails closed: while the database does not answer for so long that there is no room for
// another line, nothing more is told; repetitions of lines that are due still are.
func (l *Ledger) Note(releases ...Release) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, r := range releases {
		if !l.count(r) {
			return fault.New(fault.Unavailable)
		}
	}
	return nil
}

// count adds to what is due and reports whether there was room; the caller holds the mutex.
func (l *Ledger) count(r Release) bool {
	one, there := l.due[r.ID]
	if !there {
		if len(l.due) >= maxReleasesDue {
			return false
		}
		l.due[r.ID] = r
		return true
	}
	one.Count += r.Count
	if r.First.Before(one.First) {
		one.First = r.First
	}
	if r.Last.After(one.Last) {
		one.Last = r.Last
	}
	l.due[r.ID] = one
	return true
}

// Flush writes what was counted in memory. What could not be written stays due.
func (l *Ledger) Flush(ctx context.Context) error {
	l.mutex.Lock()
	due := l.due
	l.due = map[string]Release{}
	l.mutex.Unlock()
	ids := slices.Sorted(maps.Keys(due)) // one order on every node, so that two do not wait for each other
	for batch := range slices.Chunk(ids, releaseBatch) {
		var releases []Release
		for _, id := range batch {
			releases = append(releases, due[id])
		}
		if err := l.store.SaveReleases(ctx, releases); err != nil {
			l.giveBack(due)
			return err
		}
		for _, id := range batch {
			delete(due, id)
		}
	}
	return nil
}

// giveBack makes lines due again, beyond the bound too: they were told.
func (l *Ledger) giveBack(due map[string]Release) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for id, r := range due {
		if !l.count(r) {
			l.due[id] = r
		}
	}
}

// Forget drops what is due of an account that was erased.
func (l *Ledger) Forget(accountID string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	maps.DeleteFunc(l.due, func(_ string, r Release) bool { return r.AccountID == accountID })
}

// Page lists lines of a person's ledger; next is empty on the last page.
func (l *Ledger) Page(ctx context.Context, q ReleaseQuery, after string) (page []Release, next string, err error) {
	if after != "" {
		at, id, err := ReadPagePlace(after)
		if err != nil {
			return nil, "", fault.Wrap(err, fault.Malformed)
		}
		q.Behind = ReleaseMark{at, id}
	}
	limit := q.Limit
	q.Limit++
	if page, err = l.store.Releases(ctx, q); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = PagePlace(page[limit-1].First, page[limit-1].ID)
	}
	return page, next, nil
}

// Receivers are the applications that stand in a person's ledger.
func (l *Ledger) Receivers(ctx context.Context, accountID string) ([]Receiver, error) {
	all, err := l.store.Receivers(ctx, accountID, maxReceivers)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return all, nil
}

const maxReceivers = 200
