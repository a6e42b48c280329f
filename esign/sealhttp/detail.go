package sealhttp

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/web"
)

// chinaTime is the zone of dates on pages.
var chinaTime = time.FixedZone("UTC+8", 8*60*60)

// usesOnPage is how many uses the page of a seal shows at once.
const usesOnPage = 10

// asked is what somebody tried on the page of a seal, and why it was refused.
type asked struct {
	refusal error
	action  string // name of the step; empty for a stamp
	reason  string
	form    url.Values // what else was typed for the step
	stamp   web.StampForm
	preview *web.StampPreview
	key     string // of the form, when the same request may be sent again
}

func (p *Pages) detail(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, http.StatusOK, asked{})
}

// show writes the page of a seal, with what was asked and refused.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, a asked) error {
	if err := esign.Staff(r.Context()); err != nil {
		return err
	}
	seal, err := p.Service.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	actor := reqctx.From(r.Context()).Actor
	body := web.SealDetailPage{ReplaceURL: p.replaceURL(seal, actor), Name: seal.Name, SealID: seal.Code, Status: rowWord(seal), Owner: seal.Owner, ValidFrom: seal.ValidFrom, ValidTo: seal.ValidTo,
		Facts: p.facts(r, seal), Certificate: p.certificate(r, seal), Actions: p.actions(r, seal), Stamp: a.stamp}
	if body.Picture, err = p.Service.Preview(seal); err != nil {
		return err
	}
	if err := p.replacements(r, seal, &body); err != nil {
		return err
	}
	succeeded, err := p.succeeded(r, seal)
	if err != nil {
		return err
	}
	if succeeded != "" {
		body.Facts = append(body.Facts, web.ShownField{Label: p.Renderer.Text(r, "succession.became"), Value: succeeded})
	} else if seal.State != esign.Revoked && actor.Reaches(seal.Area, esign.RoleKeeper) {
		body.SuccessionURL = successionsPath + "/new?" + url.Values{"seal": {seal.ID}}.Encode()
	}
	body.WidthMM, body.HeightMM = p.Service.SizeOf(seal)
	if body.Preview = a.preview; a.preview != nil {
		a.preview.Picture, a.preview.WidthMM, a.preview.HighMM = body.Picture, body.WidthMM, body.HeightMM
	}
	rule, err := p.Service.RuleOf(r.Context(), seal.ID)
	if err != nil {
		return err
	}
	body.Rule = p.ruleShown(r, seal, rule)
	body.AsksFirst, body.AsksAlways = rule.Rule.When != esign.WhenNever, rule.Rule.When == esign.WhenAlways
	mayStamp := p.named(r, seal, &body)
	if seal.State == esign.Active && actor.Reaches(seal.Area, esign.RoleKeeper) && (mayStamp || a.refusal != nil) { // what was typed stays
		if a.key == "" {
			a.key = ident.New(p.Rand, "use")
		}
		body.StampURL, body.StampHidden = "/seal/"+seal.ID+"/stamps", []web.Hidden{{Name: inputKey, Value: a.key}}
	}
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	uses, next, err := p.Service.Stamps(r.Context(), seal.ID, "", after, usesOnPage)
	if err != nil {
		return err
	}
	behind, err := p.Service.ApprovalsOf(r.Context(), uses)
	if err != nil {
		return err
	}
	for _, u := range uses {
		body.Uses = append(body.Uses, p.use(r, u, behind[u.Approval].Approvals))
	}
	body.LogURL = logsPath + url.PathEscape(seal.ID)
	body.UsesNextURL = pagemark.Onward(r, "/seal/"+seal.ID+"#seal-uses", next)
	if after != "" {
		body.UsesTopURL = "/seal/" + seal.ID + "#seal-uses"
	}
	page := web.Page{Title: seal.Name, Self: "/seal/" + seal.ID}
	if a.refusal != nil {
		page.Errors = p.errors(r, a)
		for _, actions := range [][]web.StateAction{body.Actions, body.Rule.Actions} {
			for i := range actions {
				if action := &actions[i]; action.ID == "seal-"+a.action && (!action.NoReason || len(action.Fields) > 0) {
					action.Reason, action.Error, action.Open = a.reason, messageOf(page.Errors, action.ID+"-reason"), true
					for j := range action.Fields {
						if field := &action.Fields[j]; field.Kind == web.InputDate {
							field.Value = web.DateShown(a.form, field.Name)
						} else {
							field.Value = bounded(a.form.Get(field.Name))
						}
					}
				}
			}
		}
	} else if next := p.nextStep(r, seal); next != "" {
		page.Notice = &web.Notice{Tone: "info", Text: next}
	} else if body.ReplacedBy == nil && seal.State == esign.Active && succeeded != "" {
		page.Notice = &web.Notice{Tone: "warning", Text: p.Renderer.Text(r, "seal.next.succeeded")}
	} else if body.ReplacedBy == nil && p.Service.EndsSoon(seal) {
		page.Notice = &web.Notice{Tone: "warning", Text: p.Renderer.Text(r, "seal.next.ending", "date", dayOf(seal.ValidTo))}
	}
	page.Body = body
	return p.Page(w, r, status, "seal-detail", page)
}

func (p *Pages) facts(r *http.Request, seal esign.Seal) []web.ShownField {
	var all []web.ShownField
	for _, f := range []web.ShownField{
		{Label: p.Renderer.Text(r, "seal.person"), Value: seal.Bearer.Name}, {Label: p.Renderer.Text(r, "seal.office"), Value: seal.Bearer.Office}, {Label: p.Renderer.Text(r, "seal.basis"), Value: seal.Bearer.Basis},
		{Label: p.Renderer.Text(r, "seal.confirmed"), Value: confirmation(seal.Bearer)},
		{Label: p.Renderer.Text(r, "seal.owner_code"), Value: seal.OwnerCode}, {Label: p.Renderer.Text(r, "seal.applicant"), Value: seal.Applicant},
		{Label: p.Renderer.Text(r, "seal.reviewer"), Value: seal.Reviewer}, {Label: p.Renderer.Text(r, "seal.maker"), Value: seal.Maker},
		{Label: p.Renderer.Text(r, "seal.filing"), Value: p.filing(r, seal.Filing)},
		{Label: p.Renderer.Text(r, "seal.stopped_by"), Value: seal.StoppedBy}, {Label: p.Renderer.Text(r, "seal.cause"), Value: p.cause(r, seal)},
		{Label: p.Renderer.Text(r, "seal.lost_at"), Value: since(seal.LostAt)}, {Label: p.Renderer.Text(r, "action.reason"), Value: reasonOf(seal)},
	} {
		if f.Value != "" {
			all = append(all, f)
		}
	}
	return all
}

// reasonOf is the reason of a state in people's words; that of a replaced seal is a code, which stands beside it as a link.
func reasonOf(seal esign.Seal) string {
	if seal.Cause == esign.CauseReplaced {
		return ""
	}
	return seal.StatusReason
}

// confirmation is when the person of a personal seal confirmed it, and as whom.
func confirmation(b esign.Bearer) string {
	if b.ConfirmedBy == "" {
		return ""
	}
	return since(b.ConfirmedAt) + " · " + b.ConfirmedBy
}

func (p *Pages) certificate(r *http.Request, seal esign.Seal) []web.ShownField {
	c, err := pki.ParseCertificate(seal.SignerCert)
	if err != nil {
		return nil // not made yet
	}
	day := func(at time.Time) string { return at.In(chinaTime).Format("2006-01-02") }
	return []web.ShownField{
		{Label: p.Renderer.Text(r, "seal.certificate.subject"), Value: c.Subject.String()}, {Label: p.Renderer.Text(r, "seal.certificate.issuer"), Value: c.Issuer.String()},
		{Label: p.Renderer.Text(r, "seal.certificate.serial"), Value: c.SerialHex()}, {Label: p.Renderer.Text(r, "seal.period"), Value: day(c.NotBefore) + " – " + day(c.NotAfter)},
	}
}

func (p *Pages) use(r *http.Request, u esign.Stamp, approvals []esign.UseApproval) web.HistoryItem {
	detail := []string{p.Renderer.Text(r, "stamp.state."+string(u.State))}
	for _, place := range u.Places {
		detail = append(detail, p.place(r, place))
	}
	if u.Remote != "" {
		detail = append(detail, p.Renderer.Text(r, "stamp.remote"))
	}
	if u.Item != "" {
		detail = append(detail, p.Renderer.Text(r, "stamp.for_item", "item", u.Item))
	}
	for _, a := range approvals {
		detail = append(detail, p.Renderer.Text(r, "use.by", "by", a.By))
	}
	return web.HistoryItem{At: u.CreatedAt, Text: u.Purpose, Actor: u.Requester, Flags: p.flagTexts(r, u), Detail: strings.Join(append(detail, "SM3 "+u.SourceSM3[:min(16, len(u.SourceSM3))]+"…"), " · ")}
}

// place says in words where a seal was drawn.
func (p *Pages) place(r *http.Request, place esign.Place) string {
	pages := place.Pages
	switch pages {
	case "", "all", "odd", "even":
		pages = p.Renderer.Text(r, "stamp.pages."+cmp.Or(pages, "all"))
	default:
		pages = p.Renderer.Text(r, "stamp.on_page", "n", pages)
	}
	switch place.Kind {
	case esign.Straddle:
		return p.Renderer.Text(r, "stamp.straddle."+string(place.Edge)) + " " + pages
	case esign.Keyword:
		return p.Renderer.Text(r, "stamp.over_text", "text", place.Text) + " " + pages
	}
	return pages
}

// nextStep says who goes on with a seal that waits for somebody.
func (p *Pages) nextStep(r *http.Request, seal esign.Seal) string {
	switch seal.State {
	case esign.Applied:
		if seal.Awaits() {
			return p.Renderer.Text(r, "seal.next.unconfirmed", "name", seal.Bearer.Name)
		}
		return p.Renderer.Text(r, "seal.next.applied")
	case esign.Approved:
		return p.Renderer.Text(r, "seal.next.approved")
	case esign.Made:
		if seal.Personal() {
			return p.Renderer.Text(r, "seal.next.made.personal")
		}
		return p.Renderer.Text(r, "seal.next.made")
	case esign.Suspended:
		if seal.Cause == esign.CauseLost {
			return p.Renderer.Text(r, "seal.next.lost")
		}
		return p.Renderer.Text(r, "seal.next.suspended")
	}
	return ""
}

// errors are what stands in the summary. What the document itself is refused for belongs to its input.
func (p *Pages) errors(r *http.Request, a asked) []web.FieldError {
	ids := map[string]string{"document": inputFile, "page": inputPage, "x_mm": inputX, "y_mm": inputY, "edge": inputEdge, "per_set": inputPerSet, "duplex": inputDuplex, "text": inputText, "nth": inputNth,
		"dx_mm": inputDX, "dy_mm": inputDY, "kind": inputKind, "item": inputItem, "purpose": inputPurpose, "reason": "seal-" + a.action + "-reason", "lost_at": sinceInput(a.action), "number": inputFilingNumber, "authority": inputFilingAuthority, "filed_on": inputFilingDay}
	if a.stamp.Kind == string(esign.Keyword) {
		ids["x_mm"], ids["y_mm"] = inputDX, inputDY
	}
	all := p.Renderer.FieldErrors(r, a.refusal, ids)
	if aboutDocument(a.refusal) && len(all) == 1 {
		all[0].Field = inputFile
	}
	labels := map[string]string{}
	for input, key := range map[string]string{inputKind: "stamp.kind", inputPage: "stamp.page", inputX: "stamp.x", inputY: "stamp.y", inputEdge: "stamp.edge", inputPerSet: "stamp.per_set", inputDuplex: "stamp.duplex",
		inputText: "stamp.text", inputNth: "stamp.nth", inputDX: "stamp.dx", inputDY: "stamp.dy", inputFilingNumber: "seal.filing.number", inputFilingAuthority: "seal.filing.authority", inputFilingDay: "seal.filing.day", inputItem: "stamp.item", inputPurpose: "stamp.purpose"} {
		labels[input] = p.Renderer.Text(r, key)
	}
	if len(fault.From(a.refusal).Fields) > 0 {
		labels[inputFile] = p.Renderer.Text(r, "stamp.file")
	}
	return p.labelled(r, all, labels)
}

func aboutDocument(err error) bool {
	return slices.Contains([]fault.Code{fault.DocumentRefused, fault.DocumentAltered, fault.DocumentLocked, fault.TooLarge}, fault.CodeOf(err))
}

func messageOf(all []web.FieldError, field string) string {
	for _, e := range all {
		if e.Field == field {
			return e.Message
		}
	}
	return ""
}
