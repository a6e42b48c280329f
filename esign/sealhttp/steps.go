package sealhttp

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// step is a change of state that the page of a seal offers.
type step struct {
	name string
	role string
	from []esign.State
	asks asks
	// excluded are the people whose part in the seal's life forbids this one; nil for nobody.
	excluded func(s esign.Seal) []string
	do       doing
	// not tells of a seal for which the step makes no sense for somebody; nil for none.
	not func(s esign.Seal, actor string) bool
}

// unconfirmed tells whether there is nothing to confirm for somebody.
func unconfirmed(s esign.Seal, actor string) bool { return !s.Awaits() || s.OfAnother(actor) }

// words are what was typed for a step.
type words struct {
	end    esign.Ending
	filing esign.Filing
}

// asks is what a step wants to know.
type asks int

const (
	nothing   asks = iota
	why            // a reason; the step stops or ends the seal
	whyAndDay      // and since when it is lost
	filing         // number, authority and day of the filing
)

var steps = []step{
	{"confirm", esign.RoleKeeper, []esign.State{esign.Applied}, nothing, nil, plainStep((*esign.Service).Confirm), unconfirmed},
	{"decline", esign.RoleKeeper, []esign.State{esign.Applied}, why, nil, func(service *esign.Service, ctx context.Context, id string, said words) (esign.Seal, error) {
		return service.Decline(ctx, id, said.end.Reason)
	}, unconfirmed},
	{"approve", esign.RoleReviewer, []esign.State{esign.Applied}, nothing, func(s esign.Seal) []string {
		return []string{s.Applicant, s.Bearer.Account, s.Bearer.ConfirmedBy}
	}, plainStep((*esign.Service).Approve), func(s esign.Seal, _ string) bool { return s.Awaits() }},
	{"make", esign.RoleMaker, []esign.State{esign.Approved}, nothing, func(s esign.Seal) []string {
		return []string{s.Applicant, s.Bearer.Account, s.Bearer.ConfirmedBy, s.Reviewer}
	}, plainStep((*esign.Service).Make), nil},
	{"activate", esign.RoleKeeper, []esign.State{esign.Made}, nothing, nil, plainStep((*esign.Service).Activate), esign.Seal.OfAnother},
	{"file", esign.RoleReviewer, []esign.State{esign.Made, esign.Active, esign.Suspended}, filing, func(s esign.Seal) []string { return []string{s.Applicant, s.Maker} }, func(service *esign.Service, ctx context.Context, id string, said words) (esign.Seal, error) {
		return service.File(ctx, id, said.filing)
	}, nil},
	{"resume", esign.RoleReviewer, []esign.State{esign.Suspended}, nothing, func(s esign.Seal) []string { return []string{s.StoppedBy} }, plainStep((*esign.Service).Resume), nil},
	{"suspend", esign.RoleKeeper, []esign.State{esign.Active}, why, nil, func(service *esign.Service, ctx context.Context, id string, said words) (esign.Seal, error) {
		return service.Suspend(ctx, id, said.end.Reason)
	}, nil},
	{"lose", esign.RoleKeeper, []esign.State{esign.Active, esign.Suspended}, whyAndDay, nil, ending((*esign.Service).ReportLost), nil},
	{"revoke", esign.RoleReviewer, []esign.State{esign.Applied, esign.Approved, esign.Made, esign.Active, esign.Suspended}, why, nil, ending((*esign.Service).End), nil},
	{"revoke-lost", esign.RoleReviewer, []esign.State{esign.Active, esign.Suspended}, whyAndDay, nil, func(service *esign.Service, ctx context.Context, id string, said words) (esign.Seal, error) {
		said.end.Cause = esign.CauseLost
		return service.End(ctx, id, said.end)
	}, nil},
}

type doing = func(*esign.Service, context.Context, string, words) (esign.Seal, error)

// plainStep is a step without words.
func plainStep(do func(*esign.Service, context.Context, string) (esign.Seal, error)) doing {
	return func(service *esign.Service, ctx context.Context, id string, _ words) (esign.Seal, error) {
		return do(service, ctx, id)
	}
}

// ending is a step that says how the seal ends or stops.
func ending(do func(*esign.Service, context.Context, string, esign.Ending) (esign.Seal, error)) doing {
	return func(service *esign.Service, ctx context.Context, id string, said words) (esign.Seal, error) {
		return do(service, ctx, id, said.end)
	}
}

// stops tells whether the step takes the seal out of use, which needs a reason.
func (s step) stops() bool { return s.asks == why || s.asks == whyAndDay }

// Inputs of a filing.
const (
	inputFilingNumber    = "seal-file-number"
	inputFilingAuthority = "seal-file-authority"
	inputFilingDay       = "seal-file-day"
)

func (p *Pages) actions(r *http.Request, seal esign.Seal) []web.StateAction {
	actor := reqctx.From(r.Context()).Actor
	var list []web.StateAction
	for _, s := range steps {
		if !slices.Contains(s.from, seal.State) || !actor.Reaches(seal.Area, s.role) || s.excluded != nil && slices.Contains(s.excluded(seal), actor.ID) || s.not != nil && s.not(seal, actor.ID) || s.asks == filing && seal.Filing.Number != "" {
			continue
		}
		action := web.StateAction{ID: "seal-" + s.name, Label: p.Renderer.Text(r, "seal.action."+s.name), URL: "/seal/" + seal.ID + "/" + s.name, Effect: p.Renderer.Text(r, "seal.effect."+s.name), Danger: s.stops(), NoReason: !s.stops()}
		if s.asks == whyAndDay {
			action.Fields = []web.FormField{{Name: sinceInput(s.name), Label: p.Renderer.Text(r, "seal.lost_at"), Hint: p.Renderer.Text(r, "seal.lost_at.hint"), Kind: web.InputDate, Optional: true, Value: dayOf(seal.LostAt)}}
		}
		if s.asks == filing {
			action.Fields = []web.FormField{{Name: inputFilingNumber, Label: p.Renderer.Text(r, "seal.filing.number"), Max: 32}, {Name: inputFilingAuthority, Label: p.Renderer.Text(r, "seal.filing.authority"), Max: 60},
				{Name: inputFilingDay, Label: p.Renderer.Text(r, "seal.filing.day"), Kind: web.InputDate}}
		}
		list = append(list, action)
	}
	return list
}

// sinceInput is the input of the day since which a seal is lost, of a step.
func sinceInput(step string) string { return "seal-" + step + "-since" }

// lostSince reads that day: its beginning, or that of the seal's validity where this was the same day. What is no day comes back as a time
// that no step takes.
func lostSince(seal esign.Seal, form url.Values, step string) time.Time {
	typed := web.DateTyped(form, sinceInput(step))
	if typed == "" {
		return time.Time{}
	}
	at, err := time.ParseInLocation("20060102", typed, chinaTime)
	if err != nil {
		return never
	}
	if at.Before(seal.ValidFrom) && dayOf(at) == dayOf(seal.ValidFrom) {
		return seal.ValidFrom
	}
	return at
}

// never is a day that nothing was lost on yet.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (p *Pages) action(w http.ResponseWriter, r *http.Request) error {
	if err := esign.Staff(r.Context()); err != nil {
		return err
	}
	if err := readForm(w, r); err != nil {
		return err
	}
	for _, s := range steps {
		if s.name == r.PathValue("action") {
			return p.take(w, r, s)
		}
	}
	return fault.New(fault.NotFound)
}

// take does a step with what was typed for it.
func (p *Pages) take(w http.ResponseWriter, r *http.Request, s step) error {
	said := words{end: esign.Ending{Reason: strings.TrimSpace(r.PostForm.Get("reason"))}}
	if s.asks == whyAndDay {
		seal, err := p.Service.Find(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		said.end.LostAt = lostSince(seal, r.PostForm, s.name)
	}
	if s.asks == filing {
		typed := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
		said.filing = esign.Filing{Number: typed(inputFilingNumber), Authority: typed(inputFilingAuthority)}
		if on, err := time.ParseInLocation("20060102", web.DateTyped(r.PostForm, inputFilingDay), chinaTime); err == nil {
			said.filing.On = on
		}
	}
	seal, err := s.do(p.Service, r.Context(), r.PathValue("id"), said)
	if mendable(err) {
		return p.show(w, r, fault.MetaOf(fault.CodeOf(err)).Status, asked{refusal: err, action: s.name, reason: bounded(said.end.Reason), form: r.PostForm})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/seal/"+seal.ID, http.StatusSeeOther)
	return nil
}

// replaceURL is the form of an application for a seal that takes the place of this one; empty for whoever cannot apply.
func (p *Pages) replaceURL(seal esign.Seal, actor reqctx.Actor) string {
	if !seal.HasPlace() || !actor.Reaches(seal.Area, esign.RoleKeeper) {
		return ""
	}
	return "/seal/new?" + url.Values{inputReplaces: {seal.ID}}.Encode()
}

// replacements shows which seal this one takes the place of, and which one takes its own.
func (p *Pages) replacements(r *http.Request, seal esign.Seal, body *web.SealDetailPage) error {
	link := func(other esign.Seal) *web.Link { return &web.Link{Label: other.Code, URL: "/seal/" + other.ID} }
	if seal.Replaces != "" {
		switch old, err := p.Service.Find(r.Context(), seal.Replaces); {
		case err == nil:
			body.Replaces = link(old)
		case fault.CodeOf(err) != fault.NotFound:
			return err
		}
	}
	switch other, err := p.Service.Replacement(r.Context(), seal.ID); {
	case err == nil:
		body.ReplacedBy, body.ReplaceURL = link(other), ""
	case fault.CodeOf(err) != fault.NotFound:
		return err
	}
	return nil
}

// cause says in words how a seal ended, or that it was reported lost.
func (p *Pages) cause(r *http.Request, seal esign.Seal) string {
	if seal.Cause == esign.CauseEnded {
		return ""
	}
	return p.Renderer.Text(r, "seal.cause."+string(seal.Cause))
}

// since is a time on the page, and nothing for none.
func since(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(chinaTime).Format("2006-01-02 15:04")
}

// dayOf is the day of a time as the value of an input, and nothing for none.
func dayOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(chinaTime).Format(time.DateOnly)
}

// filing says in one line that a seal is on file; nothing for one that is not.
func (p *Pages) filing(r *http.Request, f esign.Filing) string {
	if f.Number == "" {
		return ""
	}
	return p.Renderer.Text(r, "seal.filing.line", "number", f.Number, "authority", f.Authority, "day", dayOf(f.On))
}
