// Package licensetest serves tests of the licence room: an in-memory twin of the store, a wrapper that makes any store
// fail before or after its steps (FailBefore, FailAfter), the contract that every store must keep (RunStore, RunCrash), and
// a world with real keys, certificates and seals.
package licensetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// Twin is an elicense.Store in memory. Put Faulty around it to make its steps fail.
type Twin struct {
	Standing map[string]bool // mandates that stand

	mutex         sync.Mutex
	licenses      map[string]elicense.License
	events        []elicense.StatusEvent
	authorities   map[string]elicense.Authority
	published     map[string]elicense.Published
	presentations map[string]elicense.Presentation
	failures      map[string]failures
	uses          map[string]elicense.Use // by holder and id
	grants        map[string]elicense.Grant
	consents      map[string]elicense.Consent // by grant and account
	papers        map[string]elicense.Paper
	freezes       map[string]elicense.Freeze // by holder and row key
	orders        map[string]elicense.Order
	withheld      map[string]string // grant by line of the ledger, until it is told
	turns         map[string]turn
	copies        map[string]elicense.LicenseCopy
	links         map[string]copyLink
	regions       map[string]*twinRegion
	records       []audit.Record
	types         map[string]elicense.TypeVersion
	retired       map[string][]int
	drafts        map[string]elicense.TypeDraft
	log           twinLog
	batches       map[string]*twinBatch
	imports       map[string]elicense.Import
	rulings       map[string]elicense.Ruling
	ruledOn       map[string]ruledDay // by type
	switches      map[string]elicense.RuleSwitch
	appeals       map[string]elicense.Appeal
	verified      map[elicense.VerifiedKey]*twinVerified
}

type failures struct {
	count int
	ends  time.Time
}

// NewTwin returns an empty twin.
func NewTwin() *Twin {
	return &Twin{
		licenses: map[string]elicense.License{}, authorities: map[string]elicense.Authority{}, published: map[string]elicense.Published{},
		presentations: map[string]elicense.Presentation{}, failures: map[string]failures{}, uses: map[string]elicense.Use{}, grants: map[string]elicense.Grant{}, consents: map[string]elicense.Consent{}, papers: map[string]elicense.Paper{}, freezes: map[string]elicense.Freeze{}, orders: map[string]elicense.Order{}, withheld: map[string]string{}, turns: map[string]turn{}, copies: map[string]elicense.LicenseCopy{}, links: map[string]copyLink{}, regions: map[string]*twinRegion{}, log: newTwinLog(),
		types: map[string]elicense.TypeVersion{}, retired: map[string][]int{}, drafts: map[string]elicense.TypeDraft{}, batches: map[string]*twinBatch{}, imports: map[string]elicense.Import{},
		rulings: map[string]elicense.Ruling{}, ruledOn: map[string]ruledDay{}, switches: map[string]elicense.RuleSwitch{}, appeals: map[string]elicense.Appeal{}, verified: map[elicense.VerifiedKey]*twinVerified{},
	}
}

// Records are the audit records stored so far.
func (t *Twin) Records() []audit.Record {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return slices.Clone(t.records)
}

// All gives every licence.
func (t *Twin) All() []elicense.License {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []elicense.License
	for _, l := range t.licenses {
		all = append(all, copyOf(l))
	}
	return all
}

// write runs a change under the lock and keeps its record.
func (t *Twin) write(record *audit.Record, change func() error) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if err := change(); err != nil {
		return err
	}
	if record != nil {
		t.records = append(t.records, *record)
	}
	return nil
}

var errNoEvent = errors.New("licensetest: a change without an audit event")

// ErrHistory is answered where the log would tell another history than before.
var ErrHistory = errors.New("licensetest: the log changed what it said")

func needEvent(record audit.Record) error {
	if len(record.Events) == 0 {
		return errNoEvent
	}
	return nil
}

func copyOf(l elicense.License) elicense.License {
	l.HolderKeys, l.Data, l.LogSecret = slices.Clone(l.HolderKeys), slices.Clone(l.Data), slices.Clone(l.LogSecret)
	return l
}

// Create implements elicense.Licenses.
func (t *Twin) Create(_ context.Context, l elicense.License, record audit.Record) (stored elicense.License, created bool, err error) {
	err = t.write(nil, func() error {
		for _, have := range t.licenses {
			if have.AuthorityCode == l.AuthorityCode && have.BusinessNumber == l.BusinessNumber {
				stored = copyOf(have)
				return nil
			}
		}
		if err := needEvent(record); err != nil {
			return err
		}
		l.Revision = 1
		t.licenses[l.ID] = copyOf(l)
		t.records = append(t.records, record)
		stored, created = copyOf(l), true
		return nil
	})
	return stored, created, err
}

// Find implements elicense.Licenses.
func (t *Twin) Find(_ context.Context, id string) (elicense.License, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	l, ok := t.licenses[id]
	if !ok {
		return elicense.License{}, elicense.ErrNotFound
	}
	return copyOf(l), nil
}

// FindByLicenseID implements elicense.Licenses.
func (t *Twin) FindByLicenseID(_ context.Context, licenseID string) (elicense.License, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, l := range t.licenses {
		if l.LicenseID == licenseID && licenseID != "" {
			return copyOf(l), nil
		}
	}
	return elicense.License{}, elicense.ErrNotFound
}

// FindByLicenseIDs implements elicense.Licenses.
func (t *Twin) FindByLicenseIDs(ctx context.Context, licenseIDs []string) ([]elicense.License, error) {
	var list []elicense.License
	for _, id := range licenseIDs {
		if l, err := t.FindByLicenseID(ctx, id); err == nil {
			l.HolderKeys, l.CoHolders = nil, nil
			list = append(list, l)
		}
	}
	return list, nil
}

// FindHeld implements elicense.Licenses.
func (t *Twin) FindHeld(_ context.Context, holderKeys []string, typeCode string, limit int) ([]elicense.License, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var list []elicense.License
	for _, l := range t.licenses {
		if l.TypeCode == typeCode && l.State == elicense.StateActive && slices.ContainsFunc(l.HolderKeys, func(key string) bool { return slices.Contains(holderKeys, key) }) {
			l = copyOf(l)
			l.HolderKeys, l.CoHolders = nil, nil
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b elicense.License) int {
		if c := b.IssuedAt.Compare(a.IssuedAt); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	return list[:min(limit, len(list))], nil
}

// Renewals implements elicense.Licenses.
func (t *Twin) Renewals(_ context.Context, license string, limit int) ([]elicense.License, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var list []elicense.License
	for _, l := range t.licenses {
		if license != "" && l.Replaces == license {
			l = copyOf(l)
			l.HolderKeys, l.CoHolders = nil, nil
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b elicense.License) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list[:min(limit, len(list))], nil
}

// List implements elicense.Licenses.
func (t *Twin) List(_ context.Context, f elicense.Filter) ([]elicense.License, string, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []elicense.License
	for _, l := range t.licenses {
		if (f.State == "" || string(l.State) == f.State) && (f.Status == "" || l.Status == f.Status) && (f.TypeCode == "" || l.TypeCode == f.TypeCode) &&
			(f.AuthorityCode == "" || l.AuthorityCode == f.AuthorityCode) && (f.HolderRef == "" || l.HolderRef == f.HolderRef || slices.Contains(l.CoHolders, f.HolderRef)) &&
			(f.Division == "" || inDivision(l.AuthorityCode, f.Division)) && (f.IssuedFrom.IsZero() && f.IssuedTill.IsZero() || issuedWithin(l, f.IssuedFrom, f.IssuedTill)) &&
			(f.EndsFrom == 0 && f.EndsTill == 0 || l.Ends >= f.EndsFrom && l.Ends <= f.EndsTill) && (f.ValidOn == 0 || l.Ends <= 0 || l.Ends >= f.ValidOn) &&
			(f.Areas == nil || slices.ContainsFunc(f.Areas, func(path string) bool { return strings.HasPrefix(l.Area, path) })) {
			all = append(all, copyOf(l))
		}
	}
	slices.SortFunc(all, func(a, b elicense.License) int {
		return -compare(elicense.Cursor(a), elicense.Cursor(b))
	})
	if f.After != "" {
		all = slices.DeleteFunc(all, func(l elicense.License) bool { return elicense.Cursor(l) >= f.After })
	}
	if len(all) > f.Limit {
		return all[:f.Limit], elicense.Cursor(all[f.Limit-1]), nil
	}
	return all, "", nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Update implements elicense.Licenses.
func (t *Twin) Update(_ context.Context, change func([]*elicense.License) (elicense.Change, error), ids ...string) (rows []elicense.License, err error) {
	err = t.write(nil, func() error {
		rows = nil
		var copies []*elicense.License
		for _, id := range ids {
			l, ok := t.licenses[id]
			if !ok {
				return elicense.ErrNotFound
			}
			c := copyOf(l)
			copies = append(copies, &c)
		}
		done, err := change(copies)
		if err != nil {
			return err
		}
		if err := needEvent(done.Record); err != nil {
			return err
		}
		for _, c := range copies {
			for id, other := range t.licenses {
				if id != c.ID && c.LicenseID != "" && (other.LicenseID == c.LicenseID || other.LicenseID != "" && other.List == c.List && other.Index == c.Index) {
					return elicense.ErrEntryTaken
				}
			}
		}
		for _, c := range copies {
			for _, i := range t.imports {
				if c.State == elicense.StateMade && i.LicenseID == c.LicenseID {
					return elicense.ErrEntryTaken
				}
			}
			c.Revision++
			t.licenses[c.ID] = copyOf(*c)
			rows = append(rows, copyOf(*c))
		}
		t.events = append(t.events, done.Events...)
		t.log.enqueue(elicense.LogMain, done.Log)
		t.records = append(t.records, done.Record)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// Unfinished implements elicense.Licenses.
func (t *Twin) Unfinished(_ context.Context, now time.Time, limit int) ([]elicense.License, error) {
	return t.some(limit, func(l elicense.License) bool {
		return (l.State == elicense.StateMade || l.State == elicense.StateSealed || l.State == elicense.StateApproved && !l.LeaseUntil.IsZero()) && !l.LeaseUntil.After(now)
	}), nil
}

// Due implements elicense.Licenses.
func (t *Twin) Due(_ context.Context, now time.Time, limit int) ([]elicense.License, error) {
	return t.some(limit, func(l elicense.License) bool {
		return l.State == elicense.StateActive && !l.StatusUntil.IsZero() && !l.StatusUntil.After(now)
	}), nil
}

func (t *Twin) some(limit int, wanted func(elicense.License) bool) []elicense.License {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var list []elicense.License
	for _, l := range t.licenses {
		if wanted(l) && len(list) < limit {
			list = append(list, copyOf(l))
		}
	}
	return list
}

// MoveAuthority implements elicense.Licenses.
func (t *Twin) MoveAuthority(_ context.Context, code, area string, record audit.Record) error {
	return t.write(nil, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		moved := false
		for id, l := range t.licenses {
			if l.AuthorityCode == code && l.Area != area {
				l.Area, moved = area, true
				l.Revision++
				t.licenses[id] = l
			}
		}
		moved = t.changeImports(func(i elicense.Import) bool { return i.AuthorityCode == code && i.Area != area }, func(i *elicense.Import) { i.Area = area }) > 0 || moved
		for key, have := range t.verified {
			if key.AuthorityCode == code {
				have.area = area
			}
		}
		for _, have := range t.batches {
			if have.batch.AuthorityCode == code && have.batch.Area != area {
				have.batch.Area, moved = area, true
				have.batch.Revision++
			}
		}
		if moved {
			t.records = append(t.records, record)
		}
		return nil
	})
}

// Note implements elicense.Licenses.
func (t *Twin) Note(_ context.Context, record audit.Record) error {
	return t.write(&record, func() error { return needEvent(record) })
}

// Events implements elicense.Licenses.
func (t *Twin) Events(_ context.Context, id, after string, limit int) ([]elicense.StatusEvent, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var list []elicense.StatusEvent
	found := after == ""
	for _, e := range slices.Backward(t.events) {
		if e.License == id && found && len(list) < limit {
			list = append(list, e)
		}
		found = found || e.License == id && e.ID == after
	}
	return list, nil
}

// PutAuthority implements elicense.Authorities.
func (t *Twin) PutAuthority(_ context.Context, a elicense.Authority, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		t.authorities[a.Code] = a
		return nil
	})
}

// FindAuthority implements elicense.Authorities.
func (t *Twin) FindAuthority(_ context.Context, code string) (elicense.Authority, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	a, ok := t.authorities[code]
	if !ok {
		return elicense.Authority{}, elicense.ErrNotFound
	}
	a.TypeCodes = slices.Clone(a.TypeCodes)
	return a, nil
}

// Lists implements elicense.Publications.
func (t *Twin) Lists(context.Context) ([]uint64, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var lists []uint64
	for _, l := range t.licenses {
		if l.List != 0 && !slices.Contains(lists, l.List) {
			lists = append(lists, l.List)
		}
	}
	slices.Sort(lists)
	return lists, nil
}

// Entries implements elicense.Publications.
func (t *Twin) Entries(_ context.Context, list uint64) ([]elicense.Entry, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var entries []elicense.Entry
	for _, l := range t.licenses {
		if l.List == list && l.Bits != statuslist.InForce {
			entries = append(entries, elicense.Entry{Index: l.Index, Status: l.Bits})
		}
	}
	slices.SortFunc(entries, func(a, b elicense.Entry) int { return int(a.Index) - int(b.Index) })
	return entries, nil
}

// FindPublished implements elicense.Publications.
func (t *Twin) FindPublished(_ context.Context, name string) (elicense.Published, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	p, ok := t.published[name]
	if !ok {
		return elicense.Published{}, elicense.ErrNotFound
	}
	p.Content = slices.Clone(p.Content)
	return p, nil
}

// Publish implements elicense.Publications.
func (t *Twin) Publish(_ context.Context, p elicense.Published, entries []elicense.LogEntry, record audit.Record) error {
	return t.write(&record, func() error {
		if have, ok := t.published[p.Name]; ok && have.Number >= p.Number {
			return elicense.ErrStale
		}
		if err := needEvent(record); err != nil {
			return err
		}
		t.published[p.Name] = p
		t.log.enqueue(elicense.LogMain, entries)
		return nil
	})
}

// AddPresentation implements elicense.Presentations.
func (t *Twin) AddPresentation(_ context.Context, p elicense.Presentation, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		if t.frozen(p.HolderRef, p.License) {
			return elicense.ErrFrozen
		}
		t.presentations[p.ID] = p
		return nil
	})
}

// FindPresentation implements elicense.Presentations.
func (t *Twin) FindPresentation(_ context.Context, id string) (elicense.Presentation, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	p, ok := t.presentations[id]
	if !ok {
		return elicense.Presentation{}, elicense.ErrNotFound
	}
	return p, nil
}

// FindScanned implements elicense.Presentations.
func (t *Twin) FindScanned(_ context.Context, pidKey string) (elicense.Presentation, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, p := range t.presentations {
		if p.PIDKey == pidKey {
			return p, nil
		}
	}
	return elicense.Presentation{}, elicense.ErrNotFound
}

// Consume implements elicense.Presentations.
func (t *Twin) Consume(_ context.Context, pidKey string, now time.Time, use elicense.Use, record audit.Record) (first bool, err error) {
	err = t.write(nil, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		for id, p := range t.presentations {
			if p.PIDKey == pidKey && p.UsedAt.IsZero() {
				if t.stopped(use) {
					return elicense.ErrFrozen
				}
				p.UsedAt = now
				t.presentations[id] = p
				t.records = append(t.records, record)
				t.countUse(use)
				first = true
			}
		}
		return nil
	})
	return first, err
}

// ChangedShortIDs implements elicense.Presentations.
func (t *Twin) ChangedShortIDs(_ context.Context, since time.Time) ([][8]byte, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var ids [][8]byte
	for _, p := range t.presentations {
		l := t.licenses[p.License]
		if !p.IssuedAt.Before(since) && (l.Bits != statuslist.InForce || l.StatusAt.After(p.IssuedAt)) {
			ids = append(ids, p.ShortID)
		}
	}
	return ids, nil
}

// DropExpired implements elicense.Presentations.
func (t *Twin) DropExpired(_ context.Context, before time.Time) (n int, err error) {
	err = t.write(nil, func() error {
		for id, p := range t.presentations {
			if p.ExpiresAt.Before(before) {
				delete(t.presentations, id)
				n++
			}
		}
		maps.DeleteFunc(t.papers, func(_ string, p elicense.Paper) bool { return p.ExpiresAt.Before(before) })
		return nil
	})
	return n, err
}

// Failures implements elicense.Attempts.
func (t *Twin) Failures(_ context.Context, subject string, now time.Time) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if f := t.failures[subject]; f.ends.After(now) {
		return f.count, nil
	}
	return 0, nil
}

// Fail implements elicense.Attempts.
func (t *Twin) Fail(_ context.Context, subjects []string, by int, now time.Time, window time.Duration) (counts []int, err error) {
	err = t.write(nil, func() error {
		for _, subject := range subjects {
			f := t.failures[subject]
			if !f.ends.After(now) {
				f = failures{ends: now.Add(window)}
			}
			f.count += by
			t.failures[subject], counts = f, append(counts, f.count)
		}
		return nil
	})
	return counts, err
}

// Pardon implements elicense.Attempts.
func (t *Twin) Pardon(_ context.Context, subjects []string, now time.Time) error {
	return t.write(nil, func() error {
		for _, subject := range subjects {
			if f := t.failures[subject]; f.ends.After(now) && f.count > 0 {
				f.count--
				t.failures[subject] = f
			}
		}
		return nil
	})
}
