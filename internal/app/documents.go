package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// legalTime is that of China.
var legalTime = time.FixedZone("Asia/Shanghai", 8*3600)

// openDocuments reads what was applied about kinds of identity documents.
func (a *App) openDocuments(ctx context.Context) error {
	a.kinds = registry.New[idp.DocumentOverride](idp.DocumentKindsKind, a.store, a.ring, a.opts.Now)
	return a.kinds.Refresh(ctx)
}

// documents is the built-in table with what was applied.
func (a *App) documents() subject.Documents {
	table := subject.DefaultDocuments()
	if a.kinds == nil {
		return table
	}
	for _, applied := range a.kinds.All() {
		if next, err := table.With(applied.DocumentOverride); err == nil { // it was checked when it was applied
			table = next
		}
	}
	return table
}

// documentCode is what the gateway of the authority calls a kind.
func (a *App) documentCode(kind string) string {
	row, _ := a.documents().Find(kind)
	return row.Codes[a.cfg.Authority.Codes]
}

// deliverExpiryNotice tells a person that the level, or the document behind it, ends soon. Name and number of the document are not
// in the message.
func (a *App) deliverExpiryNotice(ctx context.Context, d outbox.Delivery) error {
	notice, matters, err := a.Accounts.Expiring(ctx, d.Payload)
	if err != nil || !matters {
		return err
	}
	account, err := a.Accounts.Account(ctx, notice.AccountID)
	if err != nil {
		return err
	}
	person, err := a.Accounts.Open(ctx, account)
	if err != nil {
		return err
	}
	last := notice.Ends.Add(-1).In(legalTime)
	if guardians, err := a.guardiansTold(ctx, account); err != nil || len(guardians) > 0 {
		if err != nil {
			return err
		}
		return a.tellEach(ctx, d, guardians, channel.TemplateChildLevelExpiry, map[string]string{"whom": subject.MaskName(person.Name), "date": last.Format(time.DateOnly)})
	}
	if notice.Alone {
		return a.notify(ctx, d, account, channel.TemplateLevelExpiry, map[string]string{"date": last.Format(time.DateOnly)})
	}
	kind, _ := a.documents().Find(person.IDType)
	return a.notify(ctx, d, account, channel.TemplateDocumentExpiry, map[string]string{"document": kind.Name(account.Locale), "date": last.Format(time.DateOnly)})
}

// mergers makes one account of two.
func (a *App) mergers() *idp.Mergers {
	return idp.NewMergers(idp.MergersConfig{Accounts: a.Accounts, Store: a.store, Clients: a.Clients, Ring: a.ring, Now: a.opts.Now, Wake: a.wake, Party: a.portal})
}

// portal is a portal behind a bridge, as the party that knows people.
func (a *App) portal(id string) (idp.Client, bool) {
	kind, name, _ := bridge.ParseParty(id)
	switch kind {
	case cas.Kind:
		service, ok := a.bridges.cas.Service(name)
		return service.Client(kind), ok
	case ticket.Kind:
		b, ok := a.bridges.ticket.Bridge(name)
		return b.Client(kind), ok
	}
	return idp.Client{}, false
}

// deliverMergeNotice tells a person that an account became part of this one. Its licences go with it. Mandates of the other
// account end: both sides agreed on that one.
func (a *App) deliverMergeNotice(ctx context.Context, d outbox.Delivery) error {
	var merged idp.MergedMessage
	if err := json.Unmarshal(d.Payload, &merged); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	if err := a.Mandates.EndAll(ctx, merged.Absorbed, "merged"); err != nil {
		return err
	}
	if err := a.endCardOf(ctx, merged.Absorbed); err != nil {
		return err
	}
	if err := a.sealing.licenses.Follow(reqctx.WithActor(ctx, reqctx.Actor{ID: "system:merge"}), "account:"+merged.Absorbed, "account:"+merged.Survivor); err != nil {
		return err
	}
	account, err := a.Accounts.Account(ctx, merged.Survivor)
	if err != nil {
		return err
	}
	return a.notify(ctx, d, account, channel.TemplateAccountMerged, nil)
}

// corrections takes what registers and administrators correct.
func (a *App) corrections(confirm idp.Confirmer) *idp.Corrections {
	return idp.NewCorrections(idp.CorrectionsConfig{Accounts: a.Accounts, Store: a.store, Engine: a.fourEyes, Confirm: confirm, Offices: a.Mandates, Now: a.opts.Now, Rand: a.opts.Rand, Wake: a.wake})
}

// deliverIdentityNotice tells a person of a change that a register or an administrator made; what it was is not in the message.
func (a *App) deliverIdentityNotice(template string) outbox.Handler {
	return func(ctx context.Context, d outbox.Delivery) error {
		var m idp.AccountMessage
		if err := json.Unmarshal(d.Payload, &m); err != nil {
			return fmt.Errorf("read message: %w", err)
		}
		account, err := a.Accounts.Account(ctx, m.AccountID)
		if err != nil {
			return err
		}
		return a.notify(ctx, d, account, template, nil)
	}
}

// deliverOfficeCorrected tells one who acts for an organisation that its code or name was corrected. Its name is read now.
func (a *App) deliverOfficeCorrected(ctx context.Context, d outbox.Delivery) error {
	var m idp.OrganizationNotice
	if err := json.Unmarshal(d.Payload, &m); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	account, err := a.Accounts.Account(ctx, m.Account)
	if err != nil {
		return err
	}
	name, err := a.sideName(ctx, m.Organization)
	if err != nil {
		return err
	}
	return a.notify(ctx, d, account, channel.TemplateOrganisationCorrected, map[string]string{"name": name})
}

// registerFile is a file of events, in the form of the operation post-register-events.
type registerFile struct {
	Events []idp.RegisterEvent `json:"events"`
}

// maxRegisterFile bounds a file of events.
const maxRegisterFile = 64 << 20

// ImportRegisterEvents takes events from a file and writes one result a line; ok is false when one was refused or must come
// again. origin is the word under which the register's events are known.
func ImportRegisterEvents(ctx context.Context, cfg Config, file, origin string, log *slog.Logger, out io.Writer) (ok bool, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return false, err
	}
	if info.Size() > maxRegisterFile {
		return false, &ManifestError{Faults: []string{fmt.Sprintf("larger than %d MiB", maxRegisterFile>>20)}}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var events registerFile
	if err := decoder.Decode(&events); err != nil {
		return false, &ManifestError{Faults: []string{err.Error()}}
	}
	a, err := New(ctx, cfg, Options{Log: log})
	if err != nil {
		return false, err
	}
	defer a.Close()
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:register-import"})
	encoder := json.NewEncoder(out)
	ok = true
	for _, e := range events.Events {
		for _, r := range a.identity.Corrections.Take(ctx, origin, []idp.RegisterEvent{e}) {
			ok = ok && r.Outcome != idp.EventRefused && r.Outcome != idp.EventLater
			if err := encoder.Encode(r); err != nil {
				return false, err
			}
		}
	}
	return ok, nil
}
