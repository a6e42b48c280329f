package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/web"
)

// underMandate judges the mandate of a change to the wallet of whom somebody acts for, and puts the change on record with both sides, in the
// transaction of the change: the rooms have one database.
func (a *App) underMandate(ctx context.Context, tx sqldb.Tx, b elicense.Behalf, doing elicense.Doing) error {
	m := mandate.Mandate{ID: b.Mandate, Principal: b.Principal, Agent: b.Agent}
	err := idpdb.ActUnder(ctx, tx, mandate.Used(m, string(doing), reqctx.From(ctx).ID, a.opts.Now().UTC(), nil))
	if errors.Is(err, mandate.ErrMoved) {
		return elicense.ErrMandateOver
	}
	return err
}

// itemName names what a mandate is given for: a service item, a type of licences, or a purpose for which they are lent.
func (a *App) itemName(locale, code string) string {
	if purpose, ok := strings.CutPrefix(code, mandate.PurposeMark); ok {
		i := slices.IndexFunc(elicense.Purposes(), func(p elicense.Purpose) bool { return p.Code == purpose })
		if i < 0 {
			return code
		}
		return elicense.Purposes()[i].Name.In(locale)
	}
	if t, ok := a.sealing.licenses.Types().Find(code); ok {
		return t.Name.In(locale)
	}
	return a.items.Name(locale, code)
}

// licenseItems are what an organisation can name in a mandate of its licences: types of licences of organisations, and purposes.
func (a *App) licenseItems(locale string) (types, purposes []web.ItemChoice) {
	for _, t := range a.sealing.licenses.Types().Types() {
		if slices.Contains(t.HolderCategories, catalog.Organization) {
			types = append(types, web.ItemChoice{Code: t.Code, Name: t.Name.In(locale)})
		}
	}
	for _, p := range elicense.Purposes() {
		purposes = append(purposes, web.ItemChoice{Code: mandate.PurposeMark + p.Code, Name: p.Name.In(locale)})
	}
	return types, purposes
}

// tellOffice tells those who manage an organisation what became of a licence of it (message license.office.<what>); done is false where the holder
// is a person, who is told otherwise.
func (s *sealing) tellOffice(ctx context.Context, d outbox.Delivery, account, what string) (done bool, err error) {
	if !mandate.IsOrganisation(account) {
		return false, nil
	}
	managers, err := s.app.Mandates.Managers(ctx, account)
	if err != nil {
		return true, err
	}
	whom, err := s.app.sideName(ctx, account)
	if err != nil {
		return true, err
	}
	var failures []error
	for _, id := range managers {
		manager, err := s.app.Accounts.Account(ctx, id)
		if err == nil {
			err = s.app.tellEach(ctx, d, []string{id}, channel.TemplateLicenseOffice, map[string]string{"whom": whom, "what": s.app.texts.Text(manager.Locale, "license.office."+what)})
		}
		failures = append(failures, err)
	}
	return true, errors.Join(failures...)
}

// deliverLent tells those who manage an organisation that somebody let an office use a licence of it.
func (s *sealing) deliverLent(ctx context.Context, d outbox.Delivery) error {
	var notice elicense.GrantNotice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	_, err := s.tellOffice(ctx, d, strings.TrimPrefix(notice.HolderRef, "account:"), "lent")
	return err
}
