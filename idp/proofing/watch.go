package proofing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// States of a certificate behind a level.
const (
	CertificateWatched = "watched"
	CertificateRevoked = "revoked" // its level ended with it
	CertificateExpired = "expired" // so did it
	CertificateKept    = "kept"    // it was revoked for a reason that the policy lets pass

	// CertificateUnwatched is one of which an earlier release kept nothing: no list can be asked about it, so its level ends after a term.
	CertificateUnwatched = "unwatched"
)

// Words of reasons of revocation (RFC 5280 5.3.1), in the policy, in the audit record and for operators.
var revocationWords = map[pki.RevocationReason]string{
	pki.RevokedUnspecified: "unspecified", pki.RevokedKeyCompromise: "key_compromise", pki.RevokedCACompromise: "ca_compromise", pki.RevokedAffiliationChanged: "affiliation_changed",
	pki.RevokedSuperseded: "superseded", pki.RevokedCessationOfOperation: "cessation_of_operation", pki.RevokedCertificateHold: "certificate_hold",
	pki.RevokedPrivilegeWithdrawn: "privilege_withdrawn", pki.RevokedAACompromise: "aa_compromise",
}

// harmless are the reasons that a policy may let pass: the person was the one whom the certificate named, and its key is nobody
// else's.
var harmless = []string{"superseded", "cessation_of_operation", "affiliation_changed"}

func revocationWord(r pki.RevocationReason) string {
	if word, ok := revocationWords[r]; ok {
		return word
	}
	return revocationWords[pki.RevokedUnspecified]
}

// TopicCertificateEnded is the outbox topic of levels that ended with the certificate behind them.
const TopicCertificateEnded = "proofing.certificate_ended"

// CertificateEndedMessage tells whom and how; nothing of the certificate.
type CertificateEndedMessage struct {
	AccountID string `json:"account_id"`
	State     string `json:"state"` // revoked or expired
}

// WatchedCertificate is a certificate behind a level.
type WatchedCertificate struct {
	AccountID, ProofID string
	Method             string // of the evidence
	Authority, Serial  string
	Ends               time.Time
	Renewed            bool // newer evidence of the same way gives at least its level
}

// UnwatchedFigures are levels by certificates of which nothing was kept.
type UnwatchedFigures struct {
	Running, Ended int64
	First, Last    time.Time // ends of the terms that run
}

// AuthorityStanding is what the lists of an authority said last.
type AuthorityStanding struct {
	Authority, Issuer string
	AskedAt           time.Time // zero: never
	AnsweredAt        time.Time // zero: never
	SilentSince       time.Time // zero: they speak
	Silence           string    // why not
	// Certificates behind levels by their state.
	Watched, Revoked, Expired, Kept int64
}

// EndedCertificate is a certificate that ended, and what becomes of its level.
type EndedCertificate struct {
	WatchedCertificate
	State, Reason string
	Lower         bool
	At            time.Time
}

// CertificateStore keeps the certificates behind levels; idpdb implements it.
type CertificateStore interface {
	idp.Deferrals
	// WatchedBy pages those of an authority by serial and evidence; the mark is the last one of the page before.
	WatchedBy(ctx context.Context, authority string, after WatchedCertificate, limit int) ([]WatchedCertificate, error)
	// WatchedUntil are those that ended by a time and are not put off, the first to end first.
	WatchedUntil(ctx context.Context, at time.Time, limit int) ([]WatchedCertificate, error)
	// EndCertificate closes one and ends its level in the same change; idp.ErrNotFound when another process did.
	EndCertificate(ctx context.Context, e EndedCertificate, record audit.Record) error
	// Unwatched is evidence by certificates in force at a moment of which no certificate is kept and which is not put off.
	Unwatched(ctx context.Context, now time.Time, limit int) ([]WatchedCertificate, error)
	// NoteUnwatched gives one its term; idp.ErrConflict when another process did.
	NoteUnwatched(ctx context.Context, c WatchedCertificate, at time.Time, record audit.Record) error
	// UnwatchedUntil are those whose term was over at a moment, the first to end first.
	UnwatchedUntil(ctx context.Context, at time.Time, limit int) ([]WatchedCertificate, error)
	UnwatchedFigures(ctx context.Context) (UnwatchedFigures, error)
	// Authorities are those that gave out what is watched or was, by name; after is the last one of the page before.
	Authorities(ctx context.Context, after string, limit int) ([]AuthorityStanding, error)
	// NoteAuthority writes down what lists said; the time since when they are silent is the first of its row of silences.
	NoteAuthority(ctx context.Context, a AuthorityStanding) error
}

// Revocations gives what revocation lists say of the certificates of an authority; ask is nil when they say nothing, and silence
// tells why (authn.Certificates).
type Revocations interface {
	Revocations(ctx context.Context, authority string) (ask func(serial *big.Int) pki.Revocation, silence string)
}

// CertificateWatch ends levels with the certificates behind them. Lists that do not speak change nothing: the level stays until they
// do, and operators see since when they have been silent.
type CertificateWatch struct {
	cfg   CertificateWatchConfig
	pass  sync.Mutex // held during one, so that what an older list said is not written down after what a newer one said
	mutex sync.Mutex
	next  time.Time
}

// CertificateWatchConfig holds what the watch needs.
type CertificateWatchConfig struct {
	Store       CertificateStore
	Revocations Revocations // nil without a trust list: every authority is silent
	Policy      func() []Level
	Now         func() time.Time
	Wake        func()
}

// NewCertificateWatch returns the watch.
func NewCertificateWatch(cfg CertificateWatchConfig) *CertificateWatch {
	return &CertificateWatch{cfg: cfg}
}

// watchEvery is the pause between looks at all certificates, watchPage how many are read at once, and watchMost how many of one kind a
// pass changes.
const (
	watchEvery = 5 * time.Minute
	watchPage  = 500
	watchMost  = 20 * watchPage
)

// Due runs a pass when the last one of this process is long enough ago.
func (w *CertificateWatch) Due(ctx context.Context) (ended int, err error) {
	w.mutex.Lock()
	now := w.cfg.Now()
	due := !now.Before(w.next)
	if due {
		w.next = now.Add(watchEvery)
	}
	w.mutex.Unlock()
	if !due {
		return 0, nil
	}
	return w.Pass(ctx)
}

// Soon lets the next Due run a pass: there are other lists.
func (w *CertificateWatch) Soon() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.next = time.Time{}
}

// Pass looks at every certificate behind a level once and tells how many ended.
func (w *CertificateWatch) Pass(ctx context.Context) (ended int, err error) {
	w.pass.Lock()
	defer w.pass.Unlock()
	var failures []error
	for after := ""; ; {
		page, err := w.cfg.Store.Authorities(ctx, after, watchPage)
		if err != nil {
			return ended, errors.Join(append(failures, err)...)
		}
		for _, a := range page {
			n, err := w.authority(ctx, a)
			ended += n
			failures = append(failures, err)
			after = a.Authority
		}
		if len(page) < watchPage || ctx.Err() != nil {
			break
		}
	}
	for _, part := range []func(context.Context) (int, error){w.late, w.unwatched, w.termsOver} {
		n, err := part(ctx)
		ended += n
		failures = append(failures, err)
	}
	return ended, errors.Join(failures...)
}

// Jobs of a pass, under which rows that failed are put off.
const (
	JobCertificateEnds     = "certificate.ends"
	JobCertificateTerm     = "certificate.term"
	JobCertificateTermEnds = "certificate.term_ends"
)

// turn is a turn over certificates that are due.
func (w *CertificateWatch) turn(job string, now time.Time, page func(ctx context.Context, at time.Time, limit int) ([]WatchedCertificate, error), do func(context.Context, WatchedCertificate) error) idp.Turn[WatchedCertificate] {
	return idp.Turn[WatchedCertificate]{
		Job: job, Rows: w.cfg.Store, Now: now, Size: watchPage, Most: watchMost,
		Page: func(ctx context.Context, limit int) ([]WatchedCertificate, error) { return page(ctx, now, limit) },
		ID:   func(c WatchedCertificate) string { return c.ProofID },
		Do:   do,
	}
}

// late ends levels by certificates whose time is over.
func (w *CertificateWatch) late(ctx context.Context) (int, error) {
	return w.turn(JobCertificateEnds, w.cfg.Now().UTC(), w.cfg.Store.WatchedUntil, func(ctx context.Context, c WatchedCertificate) error {
		return w.end(ctx, c, CertificateExpired, "")
	}).Run(ctx)
}

// TopicCertificateUnwatched is the outbox topic of levels that got a term because nothing of the certificate behind them was kept.
const TopicCertificateUnwatched = "proofing.certificate_unwatched"

// CertificateUnwatchedMessage tells whom, and when the level ends.
type CertificateUnwatchedMessage struct {
	AccountID string    `json:"account_id"`
	Ends      time.Time `json:"ends"`
}

// unwatched gives levels by certificates of which an earlier release kept neither number nor authority a term, of which the person is
// told. The term stands from then on: a policy that changes later moves nothing that was told. It ends none.
func (w *CertificateWatch) unwatched(ctx context.Context) (ended int, err error) {
	now := w.cfg.Now().UTC()
	found, err := w.turn(JobCertificateTerm, now, w.cfg.Store.Unwatched, func(ctx context.Context, c WatchedCertificate) error {
		return w.giveTerm(ctx, c, now)
	}).Run(ctx)
	if found > 0 && w.cfg.Wake != nil {
		w.cfg.Wake()
	}
	return 0, err
}

func (w *CertificateWatch) giveTerm(ctx context.Context, c WatchedCertificate, now time.Time) error {
	c.Ends = now.Add(unwatchedTerm(w.cfg.Policy(), c.Method))
	payload, err := json.Marshal(CertificateUnwatchedMessage{c.AccountID, c.Ends})
	if err != nil {
		return err
	}
	record := audit.With(idp.Event(ctx, now, "proofing.certificate_unwatched", "account", c.AccountID, map[string]string{"evidence": c.ProofID, "method": c.Method, "ends": c.Ends.Format(time.RFC3339)})).
		And(audit.Message{Topic: TopicCertificateUnwatched, Key: c.ProofID, Payload: payload})
	err = w.cfg.Store.NoteUnwatched(ctx, c, now, record)
	if errors.Is(err, idp.ErrConflict) { // another process was faster
		return nil
	}
	return err
}

// termsOver ends the levels whose term is over.
func (w *CertificateWatch) termsOver(ctx context.Context) (int, error) {
	return w.turn(JobCertificateTermEnds, w.cfg.Now().UTC(), w.cfg.Store.UnwatchedUntil, func(ctx context.Context, c WatchedCertificate) error {
		return w.end(ctx, c, CertificateUnwatched, "")
	}).Run(ctx)
}

// UnwatchedFigures count levels by certificates of which nothing was kept.
func (w *CertificateWatch) UnwatchedFigures(ctx context.Context) (UnwatchedFigures, error) {
	figures, err := w.cfg.Store.UnwatchedFigures(ctx)
	if err != nil {
		return figures, fault.Wrap(err, fault.Unavailable)
	}
	return figures, nil
}

// authority asks about what one authority gave out.
func (w *CertificateWatch) authority(ctx context.Context, a AuthorityStanding) (ended int, err error) {
	var ask func(serial *big.Int) pki.Revocation
	silence := "untrusted"
	if w.cfg.Revocations != nil {
		ask, silence = w.cfg.Revocations.Revocations(ctx, a.Authority)
	}
	now := w.cfg.Now().UTC()
	a.AskedAt, a.Silence, a.SilentSince = now, silence, time.Time{}
	if ask == nil {
		a.SilentSince = now
		return 0, w.cfg.Store.NoteAuthority(ctx, a)
	}
	var failures []error
	for after := (WatchedCertificate{}); ; {
		page, err := w.cfg.Store.WatchedBy(ctx, a.Authority, after, watchPage)
		if err != nil {
			return ended, errors.Join(append(failures, err)...)
		}
		for _, c := range page { // all of them each time, so one that fails keeps none of the others
			after = c
			serial, ok := new(big.Int).SetString(c.Serial, 16)
			if !ok {
				failures = append(failures, fmt.Errorf("serial of the certificate behind %s is no number", c.ProofID))
				continue
			}
			if said := ask(serial); said.State == pki.RevocationRevoked {
				if err := w.end(ctx, c, CertificateRevoked, revocationWord(said.Reason)); err != nil {
					failures = append(failures, fmt.Errorf("end the level by the certificate behind %s: %w", c.ProofID, err))
					continue
				}
				ended++
			}
		}
		if len(page) < watchPage || ctx.Err() != nil {
			break
		}
	}
	a.AnsweredAt = now
	return ended, errors.Join(append(failures, w.cfg.Store.NoteAuthority(ctx, a))...)
}

// end closes a certificate. Whether its level ends with it is the policy's word, in reasons that are harmless; without a row of the
// method it ends.
func (w *CertificateWatch) end(ctx context.Context, c WatchedCertificate, state, reason string) error {
	now := w.cfg.Now().UTC()
	e := EndedCertificate{WatchedCertificate: c, State: state, Reason: reason, Lower: true, At: now}
	kind := "proofing.certificate_" + state
	if state == CertificateUnwatched { // the state of one whose term is over is that of any other that ended by time
		e.State, kind = CertificateExpired, "proofing.certificate_unwatched_end"
	}
	if state == CertificateRevoked {
		for _, level := range w.cfg.Policy() {
			if level.Method == c.Method && slices.Contains(level.Keeps, reason) {
				e.State, e.Lower, kind = CertificateKept, false, "proofing.certificate_kept"
			}
		}
	}
	record := audit.With(idp.Event(ctx, now, kind, "account", c.AccountID, map[string]string{"evidence": c.ProofID, "method": c.Method, "serial": c.Serial, "reason": reason}))
	if e.Lower && !c.Renewed { // who renewed it in time has lost nothing
		payload, err := json.Marshal(CertificateEndedMessage{c.AccountID, state})
		if err != nil {
			return err
		}
		record = record.And(audit.Message{Topic: TopicCertificateEnded, Key: c.ProofID, Payload: payload})
	}
	err := w.cfg.Store.EndCertificate(ctx, e, record)
	if errors.Is(err, idp.ErrNotFound) { // another process was faster
		return nil
	}
	if err == nil && w.cfg.Wake != nil {
		w.cfg.Wake()
	}
	return err
}

// Standings page what operators see: every authority behind levels.
func (w *CertificateWatch) Standings(ctx context.Context, after string, limit int) (page []AuthorityStanding, next string, err error) {
	if page, err = w.cfg.Store.Authorities(ctx, after, limit+1); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Authority
	}
	return page, next, nil
}
