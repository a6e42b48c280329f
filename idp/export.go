package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// ExportSchema names the form of a copy; another form has another name.
const ExportSchema = "urn:yinxin:personal-data:1"

// Export is a copy of what the platform keeps of a person (PIPL Art. 45). An account has one at a time.
type Export struct {
	ID          string
	AccountID   string
	State       ExportState
	RequestedAt time.Time
	ReadyAt     time.Time
	Until       time.Time // when it is destroyed
	Size        int64
	Digest      string // SM3 of the content, hex
	KeyID       string
	Sealed      []byte // under the key of the account
	Document    ExportDocument
	Sections    []string // that were asked for; empty: all
	Done        int      // how many of them are read while it waits
}

// takes reports whether a section was asked for.
func (e Export) takes(section string) bool {
	return len(e.Sections) == 0 || slices.Contains(e.Sections, section)
}

// ExportDocument is the same content for people to read, a sealed OFD; the zero value when there is none.
type ExportDocument struct {
	Size   int64
	Digest string // SM3, hex
	KeyID  string
	Sealed []byte // under the key of the account
}

// ExportForm names a form of a copy.
type ExportForm string

// Forms.
const (
	ExportJSON ExportForm = "json"
	ExportOFD  ExportForm = "ofd"
)

// ExportState of a copy.
type ExportState string

// States. One that is past its end, or was destroyed, is none.
const (
	ExportWaiting ExportState = "waiting"
	ExportReady   ExportState = "ready"
	ExportTooBig  ExportState = "too_big" // the operator hands it over in another way
)

// Bounds of copies.
const (
	ExportLife  = 7 * 24 * time.Hour
	exportPause = time.Hour // between two of one account
	maxExport   = 16 << 20  // octets of either form
)

// Outbox topics of copies: the first makes one, the second tells that it is ready. Payloads are ExportMessage.
const (
	TopicExport      = "account.export"
	TopicExportReady = "notice.export"
)

// ExportMessage is the payload of both.
type ExportMessage struct {
	AccountID string    `json:"account_id"`
	Export    string    `json:"export"`
	Until     time.Time `json:"until,omitzero"`
}

// Section is a part of a copy. Read answers lists as the room that keeps them has them in words; cut reports that there is more
// than a copy holds.
type Section struct {
	Name string
	Read func(ctx context.Context, accountID string) (content any, cut bool, err error)
}

// ExportStore keeps copies; idpdb implements it.
type ExportStore interface {
	// RequestExport stores a copy that waits in place of the one before: ErrConflict while one waits, or when that one was
	// requested after the moment.
	RequestExport(ctx context.Context, e Export, notAfter time.Time, record audit.Record) error
	// StoredExport reads the copy of an account with its content; ErrNotFound.
	StoredExport(ctx context.Context, accountID string) (Export, error)
	// FinishExport stores what a copy that waits has become; ErrConflict when it does not wait any more.
	FinishExport(ctx context.Context, e Export, record audit.Record) error
	// NoteExport stores how many sections of a copy that waits are read; of another one it changes nothing.
	NoteExport(ctx context.Context, e Export) error
	DropExport(ctx context.Context, accountID, id string, record audit.Record) error
	Note(ctx context.Context, record audit.Record) error
}

// Exports makes copies of people's own data.
type Exports struct{ cfg ExportsConfig }

// ExportsConfig holds what Exports needs.
type ExportsConfig struct {
	Store    ExportStore
	Accounts *Accounts
	Sections []Section
	// Document sets the content for people to read and has it sealed; empty when this platform cannot, an error when it can later.
	Document func(ctx context.Context, e Export, content []byte) ([]byte, error)
	Issuer   string
	Now      func() time.Time
	Rand     io.Reader
	Wake     func() // tells the outbox that something is due
}

// NewExports returns the service.
func NewExports(cfg ExportsConfig) *Exports { return &Exports{cfg} }

// Sections are the names of what a copy may hold.
func (s *Exports) Sections() (names []string) {
	for _, section := range s.cfg.Sections {
		names = append(names, section.Name)
	}
	return names
}

// Request asks for a copy of the named sections, of all where none is named, which is made in the background; fault.ExportSections for a name
// that is none. The caller has seen to it that the login is fresh.
func (s *Exports) Request(ctx context.Context, accountID string, sections ...string) (Export, error) {
	known := s.Sections()
	wanted := slices.DeleteFunc(slices.Clone(known), func(name string) bool { return !slices.Contains(sections, name) })
	if slices.ContainsFunc(sections, func(name string) bool { return !slices.Contains(known, name) }) {
		return Export{}, fault.New(fault.ExportSections).WithField("sections", fault.ExportSections)
	}
	if len(wanted) == len(known) {
		wanted = nil
	}
	now := s.cfg.Now().UTC()
	e := Export{Sections: wanted, ID: ident.New(s.cfg.Rand, "exp"), AccountID: accountID, State: ExportWaiting, RequestedAt: now, Until: now.Add(ExportLife)}
	payload, err := json.Marshal(ExportMessage{AccountID: accountID, Export: e.ID})
	if err != nil {
		return e, err
	}
	record := audit.With(event(ctx, now, "data.export_requested", "account", accountID, map[string]string{"export": e.ID, "sections": strings.Join(wanted, " ")})).And(audit.Message{Topic: TopicExport, Key: accountID, Payload: payload})
	err = s.cfg.Store.RequestExport(ctx, e, now.Add(-exportPause), record)
	switch {
	case errors.Is(err, ErrConflict):
		return e, fault.Wrap(err, fault.ExportBusy)
	case err != nil:
		return e, fault.Wrap(err, fault.Unavailable)
	}
	s.cfg.Wake()
	return e, nil
}

// Of is the copy of an account, without its content; the zero value when there is none.
func (s *Exports) Of(ctx context.Context, accountID string) (Export, error) {
	e, err := s.stored(ctx, accountID)
	e.Sealed, e.Document.Sealed = nil, nil
	return e, err
}

func (s *Exports) stored(ctx context.Context, accountID string) (Export, error) {
	e, err := s.cfg.Store.StoredExport(ctx, accountID)
	if errors.Is(err, ErrNotFound) || err == nil && !s.cfg.Now().Before(e.Until) {
		return Export{}, nil
	}
	if err != nil {
		return Export{}, fault.Wrap(err, fault.Unavailable)
	}
	return e, nil
}

// Make is the outbox handler that makes a copy. Making it again, or one that was replaced or destroyed meanwhile, does nothing.
func (s *Exports) Make(ctx context.Context, payload []byte) error {
	var m ExportMessage
	if err := json.Unmarshal(payload, &m); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	e, err := s.stored(ctx, m.AccountID)
	if err != nil || e.ID != m.Export || e.State != ExportWaiting {
		return err
	}
	content, err := s.content(ctx, e)
	if err != nil {
		return err
	}
	e.ReadyAt = s.cfg.Now().UTC()
	e.Until = e.ReadyAt.Add(ExportLife)
	if e.State = ExportReady; len(content) > maxExport {
		e.State, content = ExportTooBig, nil
	}
	e.Size, e.Digest = int64(len(content)), digest.Hex(content)
	if e.KeyID, e.Sealed, err = s.cfg.Accounts.Seal(ctx, e.AccountID, content, exportPlace(e.ID, ExportJSON)); err != nil {
		return err
	}
	if e.Document, err = s.document(ctx, e, content); err != nil {
		return err
	}
	notice, err := json.Marshal(ExportMessage{AccountID: e.AccountID, Export: e.ID, Until: e.Until})
	if err != nil {
		return err
	}
	record := audit.With(event(ctx, e.ReadyAt, "data.export_made", "account", e.AccountID, map[string]string{"export": e.ID, "state": string(e.State), "sm3": e.Digest, "document": e.Document.Digest})).
		And(audit.Message{Topic: TopicExportReady, Key: e.AccountID, Payload: notice})
	if err := s.cfg.Store.FinishExport(ctx, e, record); err != nil && !errors.Is(err, ErrConflict) {
		return err
	}
	return nil
}

// document makes the form for people, where the platform has a seal for it; one that is too great is none.
func (s *Exports) document(ctx context.Context, e Export, content []byte) (d ExportDocument, err error) {
	if s.cfg.Document == nil || e.State != ExportReady {
		return d, nil
	}
	document, err := s.cfg.Document(ctx, e, content)
	if err != nil || len(document) == 0 || len(document) > maxExport {
		return d, err
	}
	d.Size, d.Digest = int64(len(document)), digest.Hex(document)
	d.KeyID, d.Sealed, err = s.cfg.Accounts.Seal(ctx, e.AccountID, document, exportPlace(e.ID, ExportOFD))
	return d, err
}

// exportPlace binds what is sealed to its copy and form, so that one never opens as the other.
func exportPlace(id string, form ExportForm) string {
	if form == ExportJSON {
		return "export/" + id
	}
	return "export/" + id + "/" + string(form)
}

// exported is the form of a copy.
type exported struct {
	Schema      string         `json:"schema"`
	Issuer      string         `json:"issuer"`
	ID          string         `json:"export_id"`
	GeneratedAt time.Time      `json:"generated_at"`
	Sections    map[string]any `json:"sections"`
	Incomplete  []string       `json:"incomplete_sections"` // there is more than a copy holds; the pages show it
	LeftOut     []string       `json:"sections_not_asked_for"`
}

func (s *Exports) content(ctx context.Context, e Export) ([]byte, error) {
	all := exported{Schema: ExportSchema, Issuer: s.cfg.Issuer, ID: e.ID, GeneratedAt: s.cfg.Now().UTC(), Sections: map[string]any{}, Incomplete: []string{}, LeftOut: []string{}}
	for _, section := range s.cfg.Sections {
		if !e.takes(section.Name) {
			all.LeftOut = append(all.LeftOut, section.Name)
			continue
		}
		content, cut, err := section.Read(ctx, e.AccountID)
		if err != nil {
			return nil, fmt.Errorf("export %s: %w", section.Name, err)
		}
		if all.Sections[section.Name] = content; cut {
			all.Incomplete = append(all.Incomplete, section.Name)
		}
		e.Done = len(all.Sections)
		if err := s.cfg.Store.NoteExport(ctx, e); err != nil {
			return nil, err
		}
	}
	return json.MarshalIndent(all, "", "  ")
}

// Fetch gives a form of a copy that is ready, and writes that down first. fault.NotFound when there is none.
func (s *Exports) Fetch(ctx context.Context, accountID string, form ExportForm) (Export, []byte, error) {
	e, files, err := s.fetch(ctx, accountID, form)
	return e, files[form], err
}

// FetchAll gives every form that there is, which counts as one fetch.
func (s *Exports) FetchAll(ctx context.Context, accountID string) (Export, map[ExportForm][]byte, error) {
	return s.fetch(ctx, accountID, "")
}

func (s *Exports) fetch(ctx context.Context, accountID string, wanted ExportForm) (Export, map[ExportForm][]byte, error) {
	e, err := s.stored(ctx, accountID)
	if err != nil {
		return e, nil, err
	}
	details, files := map[string]string{"export": e.ID}, map[ExportForm][]byte{}
	for form, part := range map[ExportForm]ExportDocument{ExportJSON: {e.Size, e.Digest, e.KeyID, e.Sealed}, ExportOFD: e.Document} {
		if wanted != "" && wanted != form || part.Digest == "" {
			continue
		}
		content, err := s.cfg.Accounts.Unseal(ctx, accountID, part.KeyID, part.Sealed, exportPlace(e.ID, form))
		if err != nil {
			return e, nil, fault.Wrap(err, fault.Unavailable)
		}
		if digest.Hex(content) != part.Digest {
			return e, nil, fmt.Errorf("export %s is not what was stored", e.ID)
		}
		files[form], details[string(form)] = content, part.Digest
	}
	if e.State != ExportReady || len(files) == 0 {
		return e, nil, fault.New(fault.NotFound)
	}
	record := audit.With(event(ctx, s.cfg.Now(), "data.export_fetched", "account", accountID, details))
	if err := s.cfg.Store.Note(ctx, record); err != nil {
		return e, nil, fault.Wrap(err, fault.Unavailable)
	}
	return e, files, nil
}

// Drop destroys the copy before its time; one that is not there is destroyed.
func (s *Exports) Drop(ctx context.Context, accountID string) error {
	e, err := s.stored(ctx, accountID)
	if err != nil || e.ID == "" {
		return err
	}
	record := audit.With(event(ctx, s.cfg.Now(), "data.export_destroyed", "account", accountID, map[string]string{"export": e.ID}))
	if err := s.cfg.Store.DropExport(ctx, accountID, e.ID, record); err != nil && !errors.Is(err, ErrNotFound) {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// Holding is what an account holds of its person, opened for that person.
type Holding struct {
	CreatedAt time.Time   `json:"created_at"`
	State     string      `json:"state"`
	Locale    string      `json:"locale,omitempty"`
	Contacts  []HeldText  `json:"contacts"`
	Proofs    []HeldProof `json:"proofs"` // the newest of each level
}

// HeldText is a contact.
type HeldText struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// HeldProof is evidence of a level with the identity that it proved.
type HeldProof struct {
	IAL      int        `json:"ial"`
	Method   string     `json:"method"`
	Source   string     `json:"source"`
	At       time.Time  `json:"at"`
	Until    *time.Time `json:"until,omitempty"`
	Identity Identity   `json:"identity"`
}

// Held opens what an account holds.
func (s *Accounts) Held(ctx context.Context, accountID string) (Holding, error) {
	a, err := s.store.Account(ctx, accountID)
	if err != nil {
		return Holding{}, err
	}
	h := Holding{CreatedAt: a.CreatedAt, State: string(a.State), Locale: a.Locale, Contacts: []HeldText{}, Proofs: []HeldProof{}}
	for _, c := range a.Contacts {
		value, err := s.openFor(ctx, a, c.KeyID, c.Sealed, contactPlace(a.ID))
		if err != nil {
			return h, fmt.Errorf("open contact: %w", err)
		}
		h.Contacts = append(h.Contacts, HeldText{string(c.Kind), string(value)})
	}
	for _, p := range a.Proofs {
		one := HeldProof{IAL: int(p.IAL), Method: p.Method, Source: p.Source, At: p.At}
		if !p.Until.IsZero() {
			one.Until = &p.Until
		}
		if one.Identity, err = s.openIdentity(ctx, a, p); err != nil {
			return h, err
		}
		h.Proofs = append(h.Proofs, one)
	}
	return h, nil
}
