package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Lines of a list that a copy of somebody's data holds at most; the pages show the rest.
const (
	exportLines = 10_000
	exportPage  = 200
)

// exportSections are what the rooms keep of a person.
func (a *App) exportSections() []idp.Section {
	return []idp.Section{
		{Name: "account", Read: func(ctx context.Context, id string) (any, bool, error) { return whole(a.Accounts.Held(ctx, id)) }},
		{Name: "documents", Read: a.exportDocuments},
		{Name: "sign_in", Read: a.exportSignIn},
		{Name: "consents", Read: a.exportConsents},
		{Name: "records", Read: a.exportRecords},
		{Name: "questions", Read: a.exportQuestions},
		{Name: "mandates", Read: a.exportMandates},
		{Name: "licenses", Read: a.exportLicenses},
	}
}

func whole[T any](content T, err error) (any, bool, error) { return content, false, err }

type exportedDocument struct {
	Identity  idp.Identity `json:"identity"`
	IAL       int          `json:"ial"` // that stands on it now
	At        time.Time    `json:"at"`  // of the newest evidence
	RetiredAt *time.Time   `json:"retired_at,omitempty"`
}

func (a *App) exportDocuments(ctx context.Context, id string) (any, bool, error) {
	held, err := a.identity.Corrections.DocumentsOf(ctx, id)
	all := []exportedDocument{}
	for _, d := range held {
		all = append(all, exportedDocument{d.Who, int(d.Level), d.At, momentOf(d.Retired)})
	}
	return whole(all, err)
}

type exportedWays struct {
	Credentials []exportedCredential `json:"credentials"`
	Devices     []exportedDevice     `json:"devices"`
	Sessions    []exportedSession    `json:"sessions"`
	Platforms   []exportedPlatform   `json:"platforms"`
}

type exportedCredential struct {
	Kind      string     `json:"kind"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
}

type exportedDevice struct {
	Name      string    `json:"name"`
	Address   string    `json:"address"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
}

type exportedSession struct {
	Device   string    `json:"device"`
	Address  string    `json:"address"`
	Methods  []string  `json:"methods"`
	AuthTime time.Time `json:"auth_time"`
	LastSeen time.Time `json:"last_seen"`
}

type exportedPlatform struct {
	ID       string    `json:"id"`
	LinkedAt time.Time `json:"linked_at"`
}

func (a *App) exportSignIn(ctx context.Context, id string) (any, bool, error) {
	out := exportedWays{[]exportedCredential{}, []exportedDevice{}, []exportedSession{}, []exportedPlatform{}}
	credentials, _, err := a.identity.Ways.List(ctx, id)
	if err != nil {
		return nil, false, err
	}
	for _, c := range credentials {
		out.Credentials = append(out.Credentials, exportedCredential{string(c.Kind), c.Name, c.CreatedAt, momentOf(c.UsedAt)})
	}
	devices, err := a.identity.Devices.List(ctx, id)
	if err != nil {
		return nil, false, err
	}
	for _, d := range devices {
		out.Devices = append(out.Devices, exportedDevice{d.Name, d.Address, d.CreatedAt, d.SeenAt})
	}
	sessions, err := a.identity.Sessions.Live(ctx, id)
	if err != nil {
		return nil, false, err
	}
	for _, v := range sessions {
		out.Sessions = append(out.Sessions, exportedSession{v.Device, v.Address, v.Methods, v.AuthTime, v.LastSeen})
	}
	links, err := a.store.Links(ctx, id)
	if err != nil {
		return nil, false, err
	}
	for _, l := range links {
		out.Platforms = append(out.Platforms, exportedPlatform{l.SourceID, l.LinkedAt})
	}
	return out, false, nil
}

func momentOf(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

type exportedConsent struct {
	ClientID string          `json:"client_id"`
	Version  int64           `json:"version"`
	Scopes   []string        `json:"scopes"`
	Withheld []string        `json:"withheld_claims"`
	Kept     []string        `json:"withheld_recipients,omitempty"` // departments to which nothing is passed on
	Shown    json.RawMessage `json:"shown,omitempty"`               // as the page showed it
	Locale   string          `json:"locale,omitempty"`
	GivenAt  time.Time       `json:"given_at"`
	EndedAt  *time.Time      `json:"ended_at,omitempty"`
}

func (a *App) exportConsents(ctx context.Context, id string) (any, bool, error) {
	versions, err := a.store.ConsentVersions(ctx, id, "", exportLines+1)
	if err != nil {
		return nil, false, err
	}
	all := []exportedConsent{}
	for _, c := range versions[:min(len(versions), exportLines)] {
		one := exportedConsent{c.ClientID, c.Version, c.Scopes, []string{}, nil, nil, c.Locale, c.GivenAt, momentOf(c.EndedAt)}
		for _, item := range c.Withheld {
			if department, ok := strings.CutPrefix(item, idp.RecipientItem); ok {
				one.Kept = append(one.Kept, department)
			} else {
				one.Withheld = append(one.Withheld, item)
			}
		}
		if json.Valid(c.Shown) {
			one.Shown = c.Shown
		}
		all = append(all, one)
	}
	return all, len(versions) > exportLines, nil
}

type exportedRecord struct {
	ID         string    `json:"id"`
	ClientID   string    `json:"client_id"`
	ClientName string    `json:"client_name"`
	Department string    `json:"department,omitempty"`
	Channel    string    `json:"channel"`
	Claims     []string  `json:"claims"`
	Items      []string  `json:"service_items,omitempty"`
	Purpose    string    `json:"purpose,omitempty"`
	Consent    int64     `json:"consent_version,omitempty"`
	Laws       []string  `json:"laws,omitempty"`
	Mandate    string    `json:"mandate_id,omitempty"`
	License    string    `json:"license_id,omitempty"`
	Use        string    `json:"license_use,omitempty"`
	Count      int64     `json:"count"`
	FirstAt    time.Time `json:"first_at"`
	LastAt     time.Time `json:"last_at"`
}

func (a *App) exportRecords(ctx context.Context, id string) (any, bool, error) {
	page, next, err := a.ledger.Page(ctx, idp.ReleaseQuery{AccountID: id, Limit: exportLines}, "")
	if err != nil {
		return nil, false, err
	}
	all := []exportedRecord{}
	for _, r := range page {
		all = append(all, exportedRecord{r.ID, r.ClientID, r.Name, r.Department, string(r.Channel), r.Claims, r.Items, r.Purpose, r.Basis.Consent, r.Basis.Statutes, r.Basis.Mandate, r.License.ID, r.License.Kind, r.Count, r.First, r.Last})
	}
	return all, next != "", nil
}

type exportedQuestion struct {
	Record   string            `json:"record_id"`
	ClientID string            `json:"client_id"`
	State    string            `json:"state"`
	OpenedAt time.Time         `json:"opened_at"`
	Messages []exportedMessage `json:"messages"`
}

type exportedMessage struct {
	Author string    `json:"author"`
	Text   string    `json:"text"`
	At     time.Time `json:"at"`
}

func (a *App) exportQuestions(ctx context.Context, id string) (any, bool, error) {
	page, next, err := a.disputes.Page(ctx, idp.DisputeQuery{AccountID: id, Limit: exportPage}, "")
	if err != nil {
		return nil, false, err
	}
	all := []exportedQuestion{}
	for _, d := range page {
		if d, err = a.disputes.Get(ctx, d.ID); err != nil {
			return nil, false, err
		}
		one := exportedQuestion{d.ReleaseID, d.ClientID, string(d.State), d.OpenedAt, []exportedMessage{}}
		for _, m := range d.Messages {
			one.Messages = append(one.Messages, exportedMessage{m.Author, m.Text, m.At})
		}
		all = append(all, one)
	}
	return all, next != "", nil
}

type exportedMandate struct {
	ID        string    `json:"mandate_id"`
	Side      string    `json:"side"` // of the person: principal or agent
	Kind      string    `json:"kind"`
	State     string    `json:"state"`
	Items     []string  `json:"items"`
	Rights    []string  `json:"rights"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	CreatedAt time.Time `json:"created_at"`
}

// exportMandates leaves out who the other side is: those are the data of another person, whom the page of a mandate names.
func (a *App) exportMandates(ctx context.Context, id string) (any, bool, error) {
	all, cut := []exportedMandate{}, false
	for _, side := range []string{"principal", "agent"} {
		page, next, err := a.Mandates.Page(ctx, id, side, "", exportPage)
		if err != nil {
			return nil, false, err
		}
		cut = cut || next != ""
		for _, m := range page {
			one := exportedMandate{m.ID, side, string(m.Kind), string(m.StateAt(a.opts.Now())), m.Items, []string{}, m.NotBefore, m.NotAfter, m.CreatedAt}
			for _, r := range m.Rights {
				one.Rights = append(one.Rights, string(r))
			}
			all = append(all, one)
		}
	}
	return all, cut, nil
}

type exportedLicense struct {
	LicenseID string              `json:"license_id"`
	TypeCode  string              `json:"type_code"`
	Authority string              `json:"issuing_authority_code"`
	Status    string              `json:"status"`
	IssuedAt  time.Time           `json:"issued_at"`
	Fields    map[string][]string `json:"face_fields"`
}

func (a *App) exportLicenses(ctx context.Context, id string) (any, bool, error) {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "account:" + id})
	page, next, err := a.sealing.licenses.Mine(ctx, "", exportPage)
	if err != nil {
		return nil, false, err
	}
	all := []exportedLicense{}
	for _, l := range page {
		detail, err := a.sealing.licenses.Find(ctx, l.ID)
		if err != nil {
			return nil, false, err
		}
		all = append(all, exportedLicense{l.LicenseID, l.TypeCode, l.AuthorityCode, string(l.Status), l.IssuedAt, detail.Values})
	}
	return all, next != "", nil
}

// deliverExportNotice tells a person that the copy of the own data can be fetched.
func (a *App) deliverExportNotice(ctx context.Context, d outbox.Delivery) error {
	var m idp.ExportMessage
	if err := json.Unmarshal(d.Payload, &m); err != nil {
		return fmt.Errorf("read notice: %w", err)
	}
	account, err := a.Accounts.Account(ctx, m.AccountID)
	if err != nil {
		return err
	}
	return a.notify(ctx, d, account, channel.TemplateExport, map[string]string{"date": m.Until.In(legalTime).Format("01-02 15:04")})
}

// deliverErased is where the licence room hears that an account was erased.
func (a *App) deliverErased(ctx context.Context, d outbox.Delivery) error {
	var notice idp.ErasedNotice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	// Of a child its guardians' links are left; nobody else is deleted while a mandate holds.
	if err := a.Mandates.EndAll(reqctx.WithActor(ctx, reqctx.Actor{ID: "system:erasure"}), notice.AccountID, "erased"); err != nil {
		return err
	}
	return a.sealing.licenses.Forget(reqctx.WithActor(ctx, reqctx.Actor{ID: "system:erasure"}), "account:"+notice.AccountID)
}
