package sealhttp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	flagsPath = "/seal/flags"
	logsPath  = "/seal/logs/"
)

func flagsURL(id string) string { return flagsPath + "/" + url.PathEscape(id) }

// flagText says in words how a use is unlike others.
func (p *Pages) flagText(r *http.Request, flag esign.Flag, v esign.Volume) string {
	var parts []string
	if flag == esign.FlagVolume {
		for _, one := range []struct {
			key      string
			n, limit int
		}{{"hour", v.Hour, v.HourLimit}, {"day", v.Day, v.DayLimit}} {
			if one.n > 0 {
				parts = append(parts, p.Renderer.Text(r, "flag.volume."+one.key, "n", strconv.Itoa(one.n), "most", strconv.Itoa(one.limit)))
			}
		}
	}
	if len(parts) == 0 {
		return p.Renderer.Text(r, "flag."+string(flag))
	}
	return strings.Join(parts, p.Renderer.Text(r, "page.list_gap"))
}

func (p *Pages) flagTexts(r *http.Request, s esign.Stamp) (all []string) {
	for _, flag := range s.Flags {
		all = append(all, p.flagText(r, flag, s.Volume))
	}
	return all
}

// flagNames are flags without the numbers behind them.
func (p *Pages) flagNames(r *http.Request, flags []esign.Flag) string {
	names := make([]string, len(flags))
	for i, flag := range flags {
		names[i] = p.Renderer.Text(r, "flag.name."+string(flag))
	}
	return strings.Join(names, p.Renderer.Text(r, "page.list_gap"))
}

// log is the list of all uses of a seal, with a filter by flags; as every list it is a file too.
func (p *Pages) log(w http.ResponseWriter, r *http.Request) error {
	if err := esign.Staff(r.Context()); err != nil {
		return err
	}
	seal, err := p.Service.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	flag := r.URL.Query().Get("flag")
	if flag != string(esign.AnyFlag) && !slices.Contains(esign.Flags, esign.Flag(flag)) {
		flag = ""
	}
	stamps, next, err := p.Service.Stamps(r.Context(), seal.ID, esign.Flag(flag), after, pageSize)
	if err != nil {
		return err
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	options := []web.Option{{Label: text("page.all")}, {Value: string(esign.AnyFlag), Label: text("flag.any")}}
	for _, one := range esign.Flags {
		options = append(options, web.Option{Value: string(one), Label: text("flag.name." + string(one))})
	}
	address := logsPath + url.PathEscape(seal.ID)
	filtered := address
	if flag != "" {
		filtered += "?" + url.Values{"flag": {flag}}.Encode()
	}
	body := web.AdminListPage{Intro: text("flag.lead"), Links: []web.Link{{Label: seal.Name, URL: "/seal/" + seal.ID}, {Label: text("flag.list"), URL: flagsPath}}, FilterURL: address, None: text("flag.log.none"), NoneText: text("flag.log.none.text"),
		Filter: []web.FormField{{Name: "flag", Label: text("flag.filter"), Kind: web.InputSelect, Options: options, Value: flag}}}
	if body.Table, err = p.logTable(r, stamps); err != nil {
		return err
	}
	body.Table.NextURL = pagemark.Onward(r, filtered, next)
	if after != "" {
		body.Table.PrevURL = filtered
	}
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: text("seal.uses"), Self: filtered, Body: body})
}

// logTable are uses as rows: everything that is on record of them.
func (p *Pages) logTable(r *http.Request, stamps []esign.Stamp) (web.Table, error) {
	behind, err := p.Service.ApprovalsOf(r.Context(), stamps)
	if err != nil {
		return web.Table{}, err
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	gap := text("page.list_gap")
	table := web.Table{Caption: text("seal.uses"), Columns: []web.Column{{Label: text("flag.at")}, {Label: text("stamp.purpose")}, {Label: text("flag.flags"), Wide: true}, {Label: text("flag.by")}, {Label: text("stamp.item")}, {Label: text("stamp.place")}, {Label: text("flag.approved_by")}, {Label: "SM3"}}}
	for _, s := range stamps {
		by, places, approved := s.Requester, []string{}, []string{}
		if s.By != "" && s.By != s.Requester {
			by = s.By + " · " + s.Requester
		}
		for _, place := range s.Places {
			places = append(places, p.place(r, place))
		}
		if s.Remote != "" {
			places = append(places, text("stamp.remote"))
		}
		for _, a := range behind[s.Approval].Approvals {
			approved = append(approved, a.By)
		}
		table.Rows = append(table.Rows, web.Row{Cells: []string{s.CreatedAt.In(chinaTime).Format("2006-01-02 15:04:05"), s.Purpose, strings.Join(p.flagTexts(r, s), gap), by, s.Item, strings.Join(places, gap), strings.Join(approved, gap), s.SourceSM3}, Status: "stamp_" + string(s.State)})
	}
	return table, nil
}

// flagList is the page of days with flagged uses.
func (p *Pages) flagList(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if !slices.Contains(esign.FlagStates, esign.FlagState(state)) {
		state = ""
	}
	page, next, err := p.Service.FlagDays(r.Context(), esign.FlagState(state), after, pageSize)
	if err != nil {
		return err
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	options := []web.Option{{Label: text("page.all")}}
	for _, one := range esign.FlagStates {
		options = append(options, web.Option{Value: string(one), Label: text("status.flags_" + string(one))})
	}
	body := web.AdminListPage{Intro: text("flag.lead"), None: text("flag.none"), NoneText: text("flag.none.text"), FilterURL: flagsPath,
		Filter: []web.FormField{{Name: "state", Label: text("seal.state"), Kind: web.InputSelect, Options: options, Value: state}},
		Table:  web.Table{Caption: text("flag.list"), Columns: []web.Column{{Label: text("use.seal")}, {Label: text("flag.day")}, {Label: text("flag.uses"), Number: true}, {Label: text("flag.flags")}}}}
	for _, d := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: flagsURL(d.ID()), Cells: []string{d.SealName, d.Day.String(), strconv.Itoa(d.Uses), p.flagNames(r, d.Flags)}, Status: "flags_" + flagState(d)})
	}
	body.Table.NextURL = pagemark.Onward(r, inState(flagsPath, state), next)
	if after != "" {
		body.Table.PrevURL = inState(flagsPath, state)
	}
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: text("flag.list"), Body: body})
}

func (p *Pages) flagDay(w http.ResponseWriter, r *http.Request) error {
	return p.showFlagDay(w, r, http.StatusOK, tried{})
}

// showFlagDay writes what is flagged of a seal on a day, why, and the form of whoever looks at it.
func (p *Pages) showFlagDay(w http.ResponseWriter, r *http.Request, status int, a tried) error {
	ctx := r.Context()
	d, err := p.Service.FindFlags(ctx, r.PathValue("flags"))
	if err != nil {
		return err
	}
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	stamps, next, err := p.Service.FlaggedStamps(ctx, d.ID(), after, pageSize)
	if err != nil {
		return err
	}
	text, address := func(key string, params ...string) string { return p.Renderer.Text(r, key, params...) }, flagsURL(d.ID())
	body := web.AdminDetailPage{Back: web.Link{Label: text("flag.list"), URL: flagsPath}, Name: d.SealName, Under: d.Day.String(), Status: "flags_" + flagState(d), Hidden: []web.Hidden{{Name: "uses", Value: strconv.Itoa(d.Uses)}}}
	body.Facts = []web.ShownField{{Label: text("flag.uses"), Value: strconv.Itoa(d.Uses)}}
	if d.By != "" {
		body.Facts = append(body.Facts, web.ShownField{Label: text("flag.looked"), Value: text("flag.looked.of", "n", strconv.Itoa(d.Looked), "by", d.By, "at", since(d.SeenAt))}, web.ShownField{Label: text("flag.note"), Value: d.Note})
	}
	why := web.AdminSection{ID: "flags-why", Title: text("flag.why"), Text: text("flag.why.text")}
	for _, flag := range d.Flags {
		why.Facts = append(why.Facts, web.ShownField{Label: text("flag.name." + string(flag)), Value: text("flag.explained." + string(flag))})
	}
	table, err := p.logTable(r, stamps)
	if err != nil {
		return err
	}
	table.NextURL = pagemark.Onward(r, address, next)
	if after != "" {
		table.PrevURL = address
	}
	body.Sections = []web.AdminSection{why, {ID: "flags-uses", Title: text("seal.uses"), Table: &table}}
	page := web.Page{Title: text("flag.list"), Self: address}
	if d.Waits() {
		switch refusal := p.Service.MayLook(ctx, d); fault.CodeOf(refusal) {
		case "":
			body.Actions = []web.StateAction{{ID: "flags-look", Label: text("flag.look"), Text: text("flag.note"), URL: address + "/look", Effect: text("flag.look.effect"), Max: 200}}
		case fault.Unavailable:
			return refusal
		case fault.SealFlagsOwn:
			page.Notice = &web.Notice{Tone: "info", Text: text("flag.own")}
		}
	}
	if a.refusal != nil {
		page.Errors = p.Renderer.FieldErrors(r, a.refusal, map[string]string{"reason": "flags-look-reason"})
		for i := range body.Actions {
			action := &body.Actions[i]
			action.Reason, action.Error, action.Open = a.reason, messageOf(page.Errors, action.ID+"-reason"), true
		}
	}
	page.Body = body
	return p.Page(w, r, status, "admin-detail", page)
}

// look notes what somebody found who looked at a day.
func (p *Pages) look(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	id, note := r.PathValue("flags"), strings.TrimSpace(r.PostForm.Get("reason"))
	uses, err := strconv.Atoi(r.PostForm.Get("uses"))
	if err != nil {
		uses = 0 // no such number was seen
	}
	_, err = p.Service.LookAtFlags(r.Context(), id, uses, note)
	if mendable(err) {
		return p.showFlagDay(w, r, fault.MetaOf(fault.CodeOf(err)).Status, tried{refusal: err, reason: bounded(note)})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, flagsURL(id), http.StatusSeeOther)
	return nil
}
