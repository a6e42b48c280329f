package app

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/elicense/licensedb"
	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Bounds of reports of suspected forgeries, which need no login.
const (
	forgerySpan           = time.Hour
	forgeriesPerSpan      = 10 // of one source
	forgeryFilesPerSpan   = 5
	forgeryAsksPerSpan    = 60
	forgeryContactSpan    = 24 * time.Hour
	forgeriesPerContact   = 5
	scopeForgery          = "forgery-report"
	scopeForgeryFile      = "forgery-file"
	scopeForgeryAsk       = "forgery-ask"
	scopeForgeryContact   = "forgery-contact"
	defaultForgeryKeeping = 180 // days
)

func (a *App) newForgeries(s *sealing) (*forgery.Service, error) {
	days := a.cfg.Forgeries.KeepDays
	if days == 0 {
		days = defaultForgeryKeeping
	}
	f := forgeryRooms{a, s}
	return forgery.New(forgery.Config{Store: licensedb.NewForgeries(a.db), Blobs: a.blobs, Keys: a.ring, Find: f.find, Judge: f.judge, Barred: f.barred, Admit: f.admit, AdmitQuestion: f.admitQuestion, AdmitContact: f.admitContact,
		Keep: time.Duration(days) * 24 * time.Hour, Now: a.opts.Now, Rand: a.opts.Rand, Wake: a.wake})
}

// forgeryRooms is what reports of forgeries need of the rooms of licences and seals, of staff and of the counters.
type forgeryRooms struct {
	app     *App
	sealing *sealing
}

// find looks for a licence by its identifier, then for a seal by its code.
func (f forgeryRooms) find(ctx context.Context, identifier string) (forgery.Object, bool, error) {
	l, err := f.license(ctx, func(ctx context.Context) (elicense.License, error) {
		return f.sealing.licenses.FindByLicenseID(ctx, identifier)
	})
	if err == nil {
		return forgery.Object{Kind: forgery.License, ID: l.ID, Identifier: l.LicenseID, Department: l.AuthorityCode, Area: l.Area}, true, nil
	}
	if fault.CodeOf(err) != fault.NotFound {
		return forgery.Object{}, false, err
	}
	seal, err := f.sealing.seals.FindByCode(ctx, identifier)
	switch {
	case err == nil:
		return forgery.Object{Kind: forgery.Seal, ID: seal.ID, Identifier: seal.Code, Department: seal.OwnerCode, Area: seal.Area}, true, nil
	case fault.CodeOf(err) == fault.NotFound:
		return forgery.Object{}, false, nil
	}
	return forgery.Object{}, false, err
}

// license reads a licence as the platform does, of whatever area.
func (f forgeryRooms) license(ctx context.Context, read func(ctx context.Context) (elicense.License, error)) (elicense.License, error) {
	return read(reqctx.WithActor(ctx, reqctx.Actor{ID: "system:forgery", Roles: []string{elicense.RoleReviewer}}))
}

func (f forgeryRooms) judge(ctx context.Context, document []byte) (verify.Result, error) {
	return f.sealing.licenses.VerifyFile(ctx, "", document)
}

// barred compares people, not accounts: those who entered, reviewed or issued a licence; applied for, reviewed or made a seal, or keep it.
func (f forgeryRooms) barred(ctx context.Context, kind forgery.Kind, object string, actor reqctx.Actor) (bool, error) {
	var had []string
	if kind == forgery.License {
		l, err := f.license(ctx, func(ctx context.Context) (elicense.License, error) {
			d, err := f.sealing.licenses.Find(ctx, object)
			return d.License, err
		})
		if err != nil {
			return true, err
		}
		had = []string{l.Entrant, l.Reviewer, l.Issuer}
	} else {
		seal, err := f.sealing.seals.Find(reqctx.WithActor(ctx, reqctx.Actor{ID: "system:forgery", Roles: []string{esign.RoleReviewer}}), object)
		if err != nil {
			return true, err
		}
		keeps, err := f.keeps(ctx, seal, actor)
		if err != nil || keeps {
			return true, err
		}
		had = []string{seal.Applicant, seal.Reviewer, seal.Maker}
	}
	people := sealKeepers{f.app}
	human, err := people.Human(ctx, actor.ID)
	if err != nil {
		return true, err
	}
	for _, one := range had {
		if one == actor.ID {
			return true, nil
		}
		other, err := people.Human(ctx, one)
		if err != nil {
			return true, err
		}
		if human != "" && human == other {
			return true, nil
		}
	}
	return false, nil
}

// keeps reports whether somebody may stamp with a seal: the role for its area, and where the organisation named its keepers, one of them.
func (f forgeryRooms) keeps(ctx context.Context, seal esign.Seal, actor reqctx.Actor) (bool, error) {
	if !actor.Reaches(seal.Area, esign.RoleKeeper) {
		return false, nil
	}
	named, err := f.sealing.seals.NamedFor(ctx, seal)
	if err != nil {
		return true, err
	}
	code := fault.CodeOf(named.Refusal)
	return code != fault.SealNotKeeper && code != fault.SealNoKeeper, nil
}

// count refuses what is more than may be, and everything while nothing can be counted (R6).
func (f forgeryRooms) count(ctx context.Context, scope string, key []byte, span time.Duration, most int) error {
	tries, err := f.app.store.Count(ctx, scope, key, span, f.app.opts.Now().UTC())
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if tries > most {
		return fault.New(fault.TooManyRequests).After(int(span / time.Second))
	}
	return nil
}

func (f forgeryRooms) admit(ctx context.Context, withFile bool) error {
	err := f.count(ctx, scopeForgery, []byte(reqctx.From(ctx).Source()), forgerySpan, forgeriesPerSpan)
	if err == nil && withFile {
		err = f.count(ctx, scopeForgeryFile, []byte(reqctx.From(ctx).Source()), forgerySpan, forgeryFilesPerSpan)
	}
	return err
}

func (f forgeryRooms) admitQuestion(ctx context.Context) error {
	return f.count(ctx, scopeForgeryAsk, []byte(reqctx.From(ctx).Source()), forgerySpan, forgeryAsksPerSpan)
}

// admitContact keeps reports from being a way to have somebody written to.
func (f forgeryRooms) admitContact(ctx context.Context, contact string) (bool, error) {
	err := f.count(ctx, scopeForgeryContact, []byte(contact), forgeryContactSpan, forgeriesPerContact)
	if fault.CodeOf(err) == fault.TooManyRequests {
		return false, nil
	}
	return err == nil, err
}

// deliverForgeryNotice tells a reporter that there is a decision, not what it says: the message may be read by others.
func (a *App) deliverForgeryNotice(ctx context.Context, d outbox.Delivery) error {
	to, locale, ok, err := a.sealing.forgeries.Addressee(ctx, d.Payload)
	if err != nil || !ok || !a.channels.Offers(string(to.Kind)) {
		return err
	}
	return a.deliver(ctx, d, channel.Message{Kind: string(to.Kind), To: to.Value, Template: channel.TemplateForgeryDecided, Locale: locale})
}

// SweepForgeries erases what reporters wrote where its time has come, and answers of how many cases.
func (a *App) SweepForgeries(ctx context.Context) (int, error) {
	return a.sealing.forgeries.Sweep(reqctx.With(ctx, reqctx.Request{Actor: reqctx.Actor{ID: "system:forgery"}}))
}
