package idphttp

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// mandatePages are the pages on which people give, answer and end mandates and choose for whom they act.
func (s *Server) mandatePages(page func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error)) {
	s.relativePages(page)
	s.elderPages(page)
	s.hereRoutes(page)
	page("GET /acting", s.actingPage)
	page("POST /acting", s.actingAnswer)
	page("GET /me/mandates", s.mandatesPage)
	page("GET /me/mandates/new", s.mandateForm)
	page("POST /me/mandates/new", s.mandateGive)
	page("GET /me/mandates/{id}", s.mandatePage)
	page("POST /me/mandates/{id}/answer", s.mandateAnswer)
	page("POST /me/mandates/{id}/stop", s.mandateStop)
	page("POST /me/mandates/{id}/withdrawal", s.mandateWithdrawal)
	page("GET /me/organisations/new", s.organisationForm)
	page("POST /me/organisations", s.organisationFound)
	page("GET /me/organisations/{id}", s.organisationPage)
	page("POST /me/organisations/{id}/stop", s.organisationStop)
	page("POST /me/organisations/{id}/thaw", s.organisationThaw)
	s.organisationProofPages(page)
	s.keeperPages(page)
}

// searchFrom is the number of identities from which on there is a search (experience.md 3.2).
const searchFrom = 7

// actingPage asks for whom the person goes on, in a flow or for the whole session.
func (s *Server) actingPage(w http.ResponseWriter, r *http.Request) error {
	id, f, client, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return see(w, r, "/login")
	}
	person, err := s.person(r, current)
	if err != nil {
		return err
	}
	live, err := s.Mandates.Usable(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	chosen, known, err := s.Mandates.Acting(r.Context(), current.ID, current.AccountID, client.ClientID, time.Time{})
	if err != nil {
		return err
	}
	var rests *web.Notice // why nobody else is on the list
	if !idp.RestsUntil(person.RecoveredAt, s.Now()).IsZero() {
		rests = &web.Notice{Tone: "warning", Text: s.Pages.FieldErrors(r, fault.New(fault.RecoveryRest), nil)[0].Message}
	}
	query := strings.TrimSpace(r.FormValue("acting-search"))
	body := web.ActingPage{Hidden: hidden("flow", id), App: client.ClientName, Search: len(live)+1 >= searchFrom, Query: query}
	self := displayName(person)
	if query == "" || strings.Contains(self, query) || strings.Contains(person.Name, query) {
		body.Options = append(body.Options, web.ActingOption{Value: authflow.ActingSelf, Name: self, Current: known && chosen == nil})
	}
	for _, m := range live {
		principal, err := s.Accounts.Person(r.Context(), m.Principal)
		if err != nil {
			return err
		}
		if query != "" && !strings.Contains(principal.Name, query) {
			continue
		}
		body.Options = append(body.Options, web.ActingOption{Value: m.ID, Name: sideName(m.Principal, principal), Kind: string(m.Kind), Items: m.Items, Until: &m.NotAfter, Current: chosen != nil && chosen.ID == m.ID})
	}
	return s.Pages.Page(w, r, http.StatusOK, "acting", web.Page{Identity: s.Identity(r), Notice: rests, Callbacks: callbacks(f.RedirectURI), Body: body})
}

// sideName is how one side of a mandate is shown to the other: persons masked, organisations by their public name.
func sideName(account string, p idp.Person) string {
	if mandate.IsOrganisation(account) {
		return p.Name
	}
	return displayName(p)
}

func (s *Server) actingAnswer(w http.ResponseWriter, r *http.Request) error {
	id, _, client, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return see(w, r, "/login")
	}
	var chosen *mandate.Mandate
	if choice := r.PostFormValue("acting-choice"); choice != authflow.ActingSelf {
		m, err := s.Mandates.Of(r.Context(), current.AccountID, choice)
		if err != nil {
			return err
		}
		chosen = &m
	}
	if err := s.Mandates.Choose(r.Context(), current.ID, current.AccountID, client.ClientID, chosen); err != nil {
		return err
	}
	if id == "" {
		return see(w, r, "/")
	}
	return see(w, r, onward(id))
}

// mandatesOnPage bounds the lists of pages.
const mandatesOnPage = 20

func (s *Server) mandatesPage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	body := web.MandatesPage{GiveURL: "/me/mandates/new", AskURL: "/me/mandates/new?ask=1", FoundURL: "/me/organisations/new", ChildURL: newChildPath, RelativesURL: relativesPath}
	if body.Organisations, err = s.managed(r.Context(), current.AccountID); err != nil {
		return err
	}
	if err := s.elderRequests(r, current.AccountID, &body); err != nil {
		return err
	}
	for _, side := range []struct {
		name, parameter string
		items           *[]web.MandateItem
		more            *string
	}{{mandate.SidePrincipal, "given", &body.Given, &body.MoreGiven}, {mandate.SideAgent, "taken", &body.Taken, &body.MoreTaken}} {
		page, next, err := s.Mandates.Page(r.Context(), current.AccountID, side.name, r.URL.Query().Get(side.parameter), mandatesOnPage)
		if err != nil {
			return err
		}
		for _, m := range page {
			item, err := s.mandateItem(r.Context(), m, current.AccountID)
			if err != nil {
				return err
			}
			*side.items = append(*side.items, item)
		}
		if next != "" {
			*side.more = "/me/mandates?" + url.Values{side.parameter: {next}}.Encode()
		}
	}
	return s.Pages.Page(w, r, http.StatusOK, "mandates", web.Page{Identity: s.Identity(r), Body: body})
}

// mandateItem is a mandate as one of its sides sees it.
func (s *Server) mandateItem(ctx context.Context, m mandate.Mandate, viewer string) (web.MandateItem, error) {
	other := m.Agent
	if viewer == m.Agent {
		other = m.Principal
	}
	person, err := s.Accounts.Person(ctx, other)
	if err != nil {
		return web.MandateItem{}, err
	}
	state := m.StateAt(s.Now())
	item := web.MandateItem{Name: sideName(other, person), Kind: string(m.Kind), State: string(state), Items: m.Items, Until: m.NotAfter, URL: "/me/mandates/" + m.ID,
		Waiting: state == mandate.Proposed && m.WaitsFor(viewer), Tone: map[mandate.State]string{mandate.Active: "success", mandate.Proposed: "warning"}[state]}
	if item.Tone == "" {
		item.Tone = "neutral"
	}
	for _, right := range m.Rights {
		item.Rights = append(item.Rights, string(right))
	}
	if viewer == m.Agent && m.Live(s.Now()) {
		item.ActURL = actingPath + "/" + m.ID
	}
	return item, nil
}

func (s *Server) mandatePage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	return s.showMandate(w, r, http.StatusOK, current, nil)
}

func (s *Server) showMandate(w http.ResponseWriter, r *http.Request, status int, current session.Session, failures []web.FieldError) error {
	ctx := r.Context()
	m, err := s.Mandates.Visible(ctx, current.AccountID, r.PathValue("id"))
	if err != nil {
		return err
	}
	item, err := s.mandateItem(ctx, m, current.AccountID)
	if err != nil {
		return err
	}
	body := web.MandatePage{Item: item, Class: m.MaxClass, Frozen: !m.FrozenAt.IsZero(), From: m.NotBefore}
	for account, name := range map[string]*string{m.Principal: &body.Principal, m.Agent: &body.Agent, m.Via: &body.Via} {
		if account == "" {
			continue
		}
		person, err := s.Accounts.Person(ctx, account)
		if err != nil {
			return err
		}
		*name = sideName(account, person)
	}
	agreed, given, err := s.Mandates.ConsentOf(ctx, m)
	if err != nil {
		return err
	}
	if given {
		body.Relation, body.Agreed, body.Version = agreed.Relation, agreed.AgreedAt, agreed.Version
	}
	consents, err := s.Flows.ConsentsOf(ctx, m.ID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	for _, agreed := range consents {
		if client, ok := s.party(agreed.ClientID); ok {
			body.Apps = append(body.Apps, web.MandateApp{ID: agreed.ClientID, Name: client.ClientName})
		}
	}
	slices.SortFunc(body.Apps, func(a, b web.MandateApp) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	if body.Uses, body.MoreUses, err = s.mandateUses(r, m, body.Agent, item.URL); err != nil {
		return err
	}
	state := m.StateAt(s.Now())
	if item.Waiting {
		body.AcceptURL = item.URL + "/answer"
	} else if state == mandate.Active || state == mandate.Proposed {
		body.StopURL = item.URL + "/stop"
	}
	if m.Agent == current.AccountID && m.Delegable && m.Depth < mandate.MaxDepth && m.Live(s.Now()) {
		body.PassURL = "/me/mandates/new?of=" + url.QueryEscape(m.ID)
	}
	return s.Pages.Page(w, r, status, "mandate", web.Page{Identity: s.Identity(r), Errors: failures, Body: body})
}

func (s *Server) mandateAnswer(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	id := r.PathValue("id")
	switch r.PostFormValue("mandate-answer") {
	case "accept":
		err = s.Mandates.Accept(r.Context(), mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}, id)
	case "refuse":
		err = s.Mandates.Stop(r.Context(), current.AccountID, id, "refused")
	default:
		return fault.New(fault.Malformed)
	}
	return s.afterMandate(w, r, current, err)
}

func (s *Server) mandateStop(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	return s.afterMandate(w, r, current, s.Mandates.Stop(r.Context(), current.AccountID, r.PathValue("id"), "wish"))
}

// mandateWithdrawal ends what an application was allowed while somebody acted under the mandate; either side may do it.
func (s *Server) mandateWithdrawal(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	m, err := s.Mandates.Of(r.Context(), current.AccountID, r.PathValue("id"))
	if err != nil {
		return err
	}
	app := r.PostFormValue("app")
	if app == "" || len(app) > 128 {
		return fault.New(fault.Malformed)
	}
	return s.afterMandate(w, r, current, s.Engine.WithdrawConsent(r.Context(), m.ID, app))
}

// afterMandate shows the mandate as it is now, with what stood in the way.
func (s *Server) afterMandate(w http.ResponseWriter, r *http.Request, current session.Session, err error) error {
	status := fault.MetaOf(fault.CodeOf(err)).Status
	switch {
	case err == nil:
		return see(w, r, "/me/mandates/"+r.PathValue("id"))
	case status >= http.StatusInternalServerError || status == http.StatusNotFound:
		return err
	}
	return s.showMandate(w, r, status, current, s.failed(w, r, err, ""))
}

// givesFor is for whom a form of the person gives a mandate: itself, an organisation that it manages, or the principal of a
// mandate that is passed on.
func (s *Server) givesFor(r *http.Request, current session.Session) (principal string, parent *mandate.Mandate, kinds []mandate.Kind, err error) {
	if of := r.FormValue("of"); of != "" {
		m, err := s.Mandates.Of(r.Context(), current.AccountID, of)
		if err != nil {
			return "", nil, nil, err
		}
		if m.Agent != current.AccountID || !m.Delegable || !m.Live(s.Now()) {
			return "", nil, nil, fault.New(fault.Forbidden)
		}
		return m.Principal, &m, []mandate.Kind{m.Kind}, nil
	}
	if organisation := r.FormValue("for"); organisation != "" {
		kinds, err := s.Mandates.Appoints(r.Context(), current.AccountID, organisation)
		kinds = slices.DeleteFunc(kinds, func(k mandate.Kind) bool { return k == mandate.SealKeeper }) // has a form of its own
		if err == nil && len(kinds) == 0 {
			err = fault.New(fault.Forbidden)
		}
		return organisation, nil, kinds, err
	}
	if r.FormValue("ask") != "" {
		return current.AccountID, nil, []mandate.Kind{mandate.ElderHelper, mandate.VillageHelper, mandate.Relative, mandate.Family, mandate.GuardianLimited}, nil
	}
	return current.AccountID, nil, []mandate.Kind{mandate.Relative, mandate.Family, mandate.ElderHelper, mandate.VillageHelper}, nil
}

func (s *Server) mandateForm(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	if typed := web.Typed(r); typed != nil { // what was chosen before a login, as if it were sent now
		r.PostForm, r.Form = typed.Fields, nil
	}
	return s.showMandateForm(w, r, http.StatusOK, current, nil)
}

func (s *Server) showMandateForm(w http.ResponseWriter, r *http.Request, status int, current session.Session, failures []web.FieldError) error {
	principal, parent, kinds, err := s.givesFor(r, current)
	if err != nil {
		return err
	}
	kind := kinds[0]
	if asked := mandate.Kind(r.FormValue("mandate-kind")); slices.Contains(kinds, asked) {
		kind = asked
	}
	policy, _ := mandate.PolicyOf(kind)
	again := len(r.PostForm) > 0
	body := web.MandateGivePage{Action: "/me/mandates/new", Name: r.PostFormValue("mandate-name"), To: r.PostFormValue("mandate-to"),
		Days: int(policy.Life.Hours() / 24), MaxDays: int(policy.MaxLife.Hours() / 24), Delegable: policy.Delegable && parent == nil, Ticked: r.PostFormValue("mandate-delegable") != ""}
	if days, err := strconv.Atoi(r.PostFormValue("mandate-days")); err == nil {
		body.Days = days
	}
	query := url.Values{}
	body.Ask = r.FormValue("ask") != ""
	if body.Ask && s.Mandates.ByPhone() {
		body.Telephone, body.ByTelephone, body.TelephoneDays = true, byTelephone(r), int(s.Mandates.PhonePolicy().MaxLife.Hours()/24)
	}
	for _, name := range []string{"of", "for", "ask"} {
		if value := r.FormValue(name); value != "" {
			query.Set(name, value)
		}
	}
	s.offerItems(r, &body, principal, parent)
	if len(query) > 0 {
		body.Action += "?" + query.Encode()
	}
	if len(kinds) > 1 {
		for _, k := range kinds {
			body.Kinds = append(body.Kinds, web.MandateChoice{Value: string(k), Ticked: k == kind})
		}
	}
	for _, right := range offered(kinds, parent) {
		ticked := slices.Contains(policy.Default, right)
		if again {
			ticked = r.PostFormValue(inputRight+string(right)) != ""
		}
		body.Rights = append(body.Rights, web.MandateChoice{Value: string(right), Ticked: ticked})
	}
	highest := policy.MaxClass
	if parent != nil {
		highest = parent.MaxClass
	}
	for class := mandate.ClassName; class <= highest; class++ {
		value := strconv.Itoa(class)
		body.Classes = append(body.Classes, web.MandateChoice{Value: value, Ticked: value == r.PostFormValue("mandate-class") || r.PostFormValue("mandate-class") == "" && class == mandate.ClassName})
	}
	if principal != current.AccountID {
		person, err := s.Accounts.Person(r.Context(), principal)
		if err != nil {
			return err
		}
		body.Principal = sideName(principal, person)
		if parent == nil && mandate.IsOrganisation(principal) {
			body.KeeperURL = keepersPath(principal) + "/new"
		}
	}
	return s.Pages.Page(w, r, status, "mandate-give", web.Page{Identity: s.Identity(r), Errors: failures, Body: body})
}

// offered are the rights of a form: those that any of the kinds allows.
func offered(kinds []mandate.Kind, parent *mandate.Mandate) (rights []mandate.Right) {
	if parent != nil {
		return parent.Open()
	}
	for _, kind := range kinds {
		policy, _ := mandate.PolicyOf(kind)
		for _, right := range policy.Rights {
			if !slices.Contains(rights, right) {
				rights = append(rights, right)
			}
		}
	}
	return rights
}

func (s *Server) mandateGive(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	if r.PostFormValue("mandate-filter") != "" { // the list is searched, and nothing is given yet
		return s.showMandateForm(w, r, http.StatusOK, current, nil)
	}
	made, err := s.giveMandate(r, current)
	status := fault.MetaOf(fault.CodeOf(err)).Status
	switch {
	case err == nil:
		return see(w, r, made)
	case status >= http.StatusInternalServerError:
		return err
	}
	return s.showMandateForm(w, r, status, current, s.failed(w, r, err, ""))
}

// giveMandate does what a form says, and gives the page of what came of it.
func (s *Server) giveMandate(r *http.Request, current session.Session) (page string, err error) {
	principal, parent, kinds, err := s.givesFor(r, current)
	if err != nil {
		return "", err
	}
	terms := mandate.Terms{Kind: kinds[0], Items: itemsOf(r), Delegable: r.PostFormValue("mandate-delegable") != ""}
	if asked := r.PostFormValue("mandate-kind"); asked != "" {
		terms.Kind = mandate.Kind(asked)
	}
	if len(terms.Items) == 0 {
		terms.Items = []string{mandate.AllItems}
		if parent != nil {
			terms.Items = parent.Items
		}
	}
	for _, right := range offered(kinds, parent) {
		if r.PostFormValue(inputRight+string(right)) != "" {
			terms.Rights = append(terms.Rights, right)
		}
	}
	wrong := func(field string) error { return fault.New(fault.MandateTerms).WithField(field, fault.MandateTerms) }
	if len(terms.Rights) == 0 {
		return "", fault.New(fault.MandateTerms)
	}
	days, err := strconv.Atoi(r.PostFormValue("mandate-days"))
	if err != nil || days < 1 || days > 10000 {
		return "", wrong("mandate-days")
	}
	if policy, known := mandate.PolicyOf(terms.Kind); !known || policy.MaxLife >= 24*time.Hour { // others last minutes, as their kind says
		terms.Until = s.Now().Add(time.Duration(days) * 24 * time.Hour)
	}
	if parent != nil && terms.Until.After(parent.NotAfter) {
		terms.Until = parent.NotAfter
	}
	if terms.MaxClass, err = strconv.Atoi(r.PostFormValue("mandate-class")); err != nil {
		return "", wrong("mandate-class")
	}
	if byTelephone(r) {
		asked, err := s.askElder(r, current, terms)
		return elderPath + "/" + asked.ID, err
	}
	made, err := s.makeMandate(r, current, principal, parent, terms)
	return "/me/mandates/" + made.ID, err
}

// makeMandate finds the other person of a form, and gives, asks for or passes on what the form says.
func (s *Server) makeMandate(r *http.Request, current session.Session, principal string, parent *mandate.Mandate, terms mandate.Terms) (mandate.Mandate, error) {
	ctx := r.Context()
	by := mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}
	agent, err := s.Mandates.FindAgent(ctx, by, r.PostFormValue("mandate-name"), r.PostFormValue("mandate-to"))
	if err != nil {
		return mandate.Mandate{}, err
	}
	if r.FormValue("ask") != "" {
		if terms.Kind == mandate.GuardianLimited {
			return s.Mandates.AskToLookOn(ctx, by, agent)
		}
		return s.Mandates.Ask(ctx, by, agent, terms)
	}
	if parent != nil {
		return s.Mandates.PassOn(ctx, by, parent.ID, agent, terms)
	}
	return s.Mandates.Give(ctx, by, principal, agent, terms)
}
