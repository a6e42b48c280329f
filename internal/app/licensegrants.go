package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// grantees adapts the register of clients to grants of use.
type grantees struct{ app *App }

// Grantee implements elicense.Grantees.
func (g grantees) Grantee(ctx context.Context, id string) (elicense.Grantee, error) {
	known, ok := g.app.Clients.Find(id)
	if !ok || known.Disabled {
		return elicense.Grantee{}, elicense.ErrNotFound
	}
	grantee := elicense.Grantee{Client: id, Name: known.ClientName, Code: id}
	if known.Department != "" {
		name, err := g.app.Staff.NameOf(ctx, known.Department)
		if err != nil {
			return elicense.Grantee{}, err
		}
		grantee.Code = known.Department
		if name != "" {
			grantee.Name = name
		}
	}
	if grantee.Name == "" {
		grantee.Name = id
	}
	return grantee, nil
}

// deliverGranted tells the holder of a licence that a department uses it by its function.
func (s *sealing) deliverGranted(ctx context.Context, d outbox.Delivery) error {
	var notice elicense.GrantNotice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	account, ok := strings.CutPrefix(notice.HolderRef, "account:")
	if !ok {
		return nil
	}
	if done, err := s.tellOffice(ctx, d, account, "used"); done {
		return err
	}
	grantee, err := grantees{s.app}.Grantee(ctx, notice.Grantee)
	name := grantee.Name
	if err != nil { // it is gone meanwhile; the holder is told all the same
		name = notice.Grantee
	}
	return s.app.tellEach(ctx, d, []string{account}, channel.TemplateLicenseUsed, map[string]string{"receiver": name})
}

// askerName is the masked name of the person who is signed in and asks to be shown a licence.
func (s *sealing) askerName(ctx context.Context) (string, error) {
	id, ok := strings.CutPrefix(reqctx.From(ctx).Actor.ID, "account:")
	if !ok {
		return "", nil
	}
	return s.app.sideName(ctx, id)
}

// deliverConsent asks a co-owner whether an office may use a licence, and tells who let it what became of that.
func (s *sealing) deliverConsent(ctx context.Context, d outbox.Delivery) error {
	var notice elicense.ConsentNotice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	id, ok := strings.CutPrefix(notice.HolderRef, "account:")
	if !ok {
		return nil
	}
	account, err := s.app.Accounts.Account(ctx, id)
	if err != nil {
		return err
	}
	grantee, err := grantees{s.app}.Grantee(ctx, notice.Grantee)
	name := grantee.Name
	if err != nil { // it is gone meanwhile; the person is told all the same
		name = notice.Grantee
	}
	if notice.Answer == elicense.ConsentAsked {
		return s.app.tellEach(ctx, d, []string{id}, channel.TemplateLicenseConsent, map[string]string{"receiver": name, "date": notice.DecideBy.In(legalTime).Format(time.DateOnly)})
	}
	return s.app.tellEach(ctx, d, []string{id}, channel.TemplateLicenseConsentEnd, map[string]string{"receiver": name, "what": s.app.texts.Text(account.Locale, "license.consent.answer."+string(notice.Answer))})
}

// deliverFrozen tells a holder that nobody may use licences of theirs for now, or that they may be used again: who did that may be somebody else at
// their account.
func (s *sealing) deliverFrozen(ctx context.Context, d outbox.Delivery) error {
	var notice elicense.FreezeNotice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	account, ok := strings.CutPrefix(notice.HolderRef, "account:")
	if !ok {
		return nil
	}
	template, what := channel.TemplateLicenseUnfrozen, "unfrozen"
	if notice.Frozen {
		template, what = channel.TemplateLicenseFrozen, "frozen"
	}
	if done, err := s.tellOffice(ctx, d, account, what); done {
		return err
	}
	return s.app.tellEach(ctx, d, []string{account}, template, nil)
}

// deliverPaper tells a holder that a paper copy of a licence was printed or withdrawn: who did that may be somebody else at their account.
func (s *sealing) deliverPaper(ctx context.Context, d outbox.Delivery) error {
	var notice elicense.Notice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	account, ok := strings.CutPrefix(notice.HolderRef, "account:")
	if !ok {
		return nil
	}
	template := channel.TemplateLicensePrinted
	if notice.Event == elicense.PaperWithdrawn {
		template = channel.TemplateLicensePaperWithdrawn
	}
	return s.app.tellEach(ctx, d, []string{account}, template, nil)
}

// deliverExpiring tells a holder that the validity of a licence ends.
func (s *sealing) deliverExpiring(ctx context.Context, d outbox.Delivery) error {
	var notice elicense.ExpiryNotice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	account, ok := strings.CutPrefix(notice.HolderRef, "account:")
	end, err := time.Parse("20060102", notice.Ends)
	if !ok || err != nil {
		return err
	}
	if done, err := s.tellOffice(ctx, d, account, "expiring"); done {
		return err
	}
	known, err := s.app.Accounts.Account(ctx, account)
	if err != nil {
		return err
	}
	name := notice.TypeCode
	if t, ok := s.licenses.Types().Find(notice.TypeCode); ok {
		name = t.Name.In(known.Locale)
	}
	return s.app.notify(ctx, d, known, channel.TemplateLicenseExpiring, map[string]string{"license": name, "date": end.Format(time.DateOnly)})
}

// deliverRuled tells an applicant what became of an application that rules refused, or that the holder entered.
func (s *sealing) deliverRuled(ctx context.Context, d outbox.Delivery) error {
	var notice elicense.RulingNotice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	account, ok := strings.CutPrefix(notice.HolderRef, "account:")
	if !ok {
		return nil // the office that entered it sees it at the API
	}
	known, err := s.app.Accounts.Account(ctx, account)
	if errors.Is(err, idp.ErrNotFound) {
		return nil // the account is an office's word, and may be none
	}
	if err != nil {
		return err
	}
	params := map[string]string{"license": notice.TypeCode}
	if t, ok := s.licenses.Types().Find(notice.TypeCode); ok {
		params["license"] = t.Name.In(known.Locale)
	}
	template := channel.TemplateAppealUpheld
	switch notice.Event {
	case elicense.NoticeRefused:
		template, params["date"] = channel.TemplateApplicationRefused, notice.AppealTo.In(legalTime).Format(time.DateOnly)
	case elicense.NoticeAppealGranted:
		template = channel.TemplateAppealGranted
	case elicense.NoticeReturned:
		template = channel.TemplateApplicationReturned
	case elicense.NoticeRejected:
		template = channel.TemplateApplicationRejected
	}
	return s.app.notify(ctx, d, known, template, params)
}
