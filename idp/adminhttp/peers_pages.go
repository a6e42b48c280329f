package adminhttp

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// peerShown is a partner of any kind as a page shows it.
type peerShown struct {
	id, name, etag string
	members        map[string]any // of its definition
	text           string         // the same as YAML
	disabled       bool
	hasSecret      bool
	check          *PeerCheck
}

// peerKind is what the pages do with one kind of partners.
type peerKind struct {
	base      string // where its pages stand
	kind      string
	hasSecret bool
	canCheck  bool
	list      func(ctx context.Context, after string, limit int) ([]peerShown, string, error)
	get       func(ctx context.Context, id string) (peerShown, error)
	// put and disable give the proposal that waits for a second person; empty for a change that is made.
	put     func(ctx context.Context, id, ifMatch, definition, secret, reason string) (proposal string, err error)
	disable func(ctx context.Context, id string, disabled bool, reason string) (proposal string, err error)
	test    func(ctx context.Context, id string) error
}

func (p peers[T, D, P]) pages() peerKind {
	return peerKind{base: p.base(), kind: p.kind, hasSecret: p.setSecret != nil, canCheck: p.check != nil,
		list: func(ctx context.Context, after string, limit int) ([]peerShown, string, error) {
			records, next, err := p.list(ctx, after, limit)
			var all []peerShown
			for _, r := range records {
				shown, err := p.shown(r)
				if err != nil {
					return nil, "", err
				}
				all = append(all, shown)
			}
			return all, next, err
		},
		get: func(ctx context.Context, id string) (peerShown, error) {
			r, err := p.get(ctx, id)
			if err != nil {
				return peerShown{}, err
			}
			return p.shown(r)
		},
		put: func(ctx context.Context, id, ifMatch, typed, secret, reason string) (string, error) {
			if err := p.server.changer(ctx, idp.RoleSystemAdmin); err != nil {
				return "", err
			}
			definition, err := p.read(typed)
			if err != nil {
				return "", err
			}
			made, err := p.put(ctx, id, ifMatch, definition, secret, reason)
			return made.Proposal, err
		},
		disable: func(ctx context.Context, id string, disabled bool, reason string) (string, error) {
			made, err := p.disable(ctx, id, disabled, reason)
			return made.Proposal, err
		},
		test: func(ctx context.Context, id string) error {
			_, err := p.test(ctx, id)
			return err
		},
	}
}

func (p peers[T, D, P]) shown(r PeerRecord[D]) (v peerShown, err error) {
	v = peerShown{id: r.ID, etag: etag(r.version), hasSecret: r.HasSecret, check: r.Check}
	if v.members, err = converted[map[string]any](r.Definition); err != nil {
		return v, err
	}
	v.name, _ = v.members["name"].(string)
	v.disabled, _ = v.members["disabled"].(bool)
	v.text, err = text(r.Definition)
	return v, err
}

// peersPart is upstream sources and portals behind bridges.
func (s *Server) peersPart() part {
	return part{
		api: func(api huma.API) {
			s.upstreams().api(api)
			s.casServices().api(api)
			s.ticketBridges().api(api)
		},
		pages: s.entryPages(peersBase),
		place: func(r *http.Request) (web.AdminPlace, error) {
			return web.AdminPlace{ID: "admin-peers", Label: s.Renderer.Text(r, "admin.peers"), Text: s.Renderer.Text(r, "admin.peers.text"), URL: peersBase}, nil
		},
	}
}

// Where the pages of partners and of the vocabulary stand.
const (
	peersBase = "/admin/peers"
	wordsBase = "/admin/vocabulary"
)

// entryPages are the pages of all kinds that stand at one place.
func (s *Server) entryPages(base string) map[string]pageFunc {
	return map[string]pageFunc{
		"GET " + base: s.peersPage, "GET " + base + "/{kind}/new": s.peerNew, "POST " + base + "/{kind}/new": s.peerCreate,
		"GET " + base + "/{kind}/{id}": s.peerPage, "GET " + base + "/{kind}/{id}/edit": s.peerEdit, "POST " + base + "/{kind}/{id}/edit": s.peerChange,
		"POST " + base + "/{kind}/{id}/{action}": s.peerAction,
	}
}

// peerKinds are those that stand where a request asks.
func (s *Server) peerKinds(r *http.Request) []peerKind {
	if strings.HasPrefix(r.URL.Path, wordsBase) {
		return []peerKind{s.scopes().pages(), s.claims().pages()}
	}
	return []peerKind{s.upstreams().pages(), s.casServices().pages(), s.ticketBridges().pages()}
}

func (s *Server) peerKind(r *http.Request, name string) (peerKind, error) {
	for _, k := range s.peerKinds(r) {
		if k.kind == name {
			return k, nil
		}
	}
	return peerKind{}, fault.New(fault.NotFound)
}

func (k peerKind) listURL() string { return k.base + "?" + url.Values{"kind": {k.kind}}.Encode() }

func (k peerKind) url(id string) string { return k.base + "/" + k.kind + "/" + url.PathEscape(id) }

// byTwo is the message about a change of a partner where it waits for a second person.
func (s *Server) byTwo(k peerKind, key string) string {
	if k.base == peersBase && s.Peers.ByTwo || k.base == wordsBase && s.Peers.WordsTwo {
		return "admin.peer.two"
	}
	return key
}

// onward is the page after a change: that of the entry, or of the proposal that waits.
func (k peerKind) onward(id, waits string) string {
	if waits != "" {
		return inboxItemURL(waits)
	}
	return k.url(id)
}

// all and one begin the messages about the kinds of a place, and about one entry.
func (k peerKind) all() string {
	return map[string]string{peersBase: "admin.peers", wordsBase: "admin.words"}[k.base]
}

func (k peerKind) one() string {
	return map[string]string{peersBase: "admin.peer.", wordsBase: "admin.word."}[k.base]
}

func peerWord(v peerShown) string {
	if v.disabled {
		return "peer_disabled"
	}
	return "peer_enabled"
}

func (s *Server) peersPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := reader(ctx); err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	chosen := r.URL.Query().Get("kind")
	if chosen == "" {
		chosen = s.peerKinds(r)[0].kind
	}
	k, err := s.peerKind(r, chosen)
	if err != nil {
		return err
	}
	all, next, err := k.list(ctx, after, pageSize)
	if err != nil {
		return err
	}
	var kinds []web.Option
	for _, other := range s.peerKinds(r) {
		kinds = append(kinds, web.Option{Value: other.kind, Label: text(k.one() + other.kind)})
	}
	columns := []web.Column{{Label: text(k.one() + "name")}, {Label: text(k.one() + "id")}}
	if k.base == peersBase {
		columns = append(columns, web.Column{Label: text("admin.peer.check")})
	}
	body := web.AdminListPage{Intro: text(k.all() + ".text"), FilterURL: k.base, Filter: []web.FormField{{Name: "kind", Label: text("admin.peer.kind"), Kind: web.InputSelect, Value: chosen, Options: kinds}},
		None: text("admin.peers.none"), NoneText: text("admin.peers.none.text"), Table: web.Table{Caption: text(k.one() + chosen), Columns: columns}}
	if holds(ctx, idp.RoleSystemAdmin) == nil {
		body.NewURL, body.NewLabel = k.base+"/"+chosen+"/new", text(k.one()+"new")
	}
	for _, v := range all {
		cells := []string{s.nameOf(r, v), v.id}
		if k.base == peersBase {
			cells = append(cells, s.checkText(r, v))
		}
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: k.url(v.id), Cells: cells, Status: peerWord(v)})
	}
	paged(r, &body.Table, k.listURL(), after, next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text(k.all()), Body: body})
}

func (s *Server) checkText(r *http.Request, v peerShown) string {
	if v.check == nil {
		return "—"
	}
	return s.Renderer.Text(r, "admin.peer.check."+v.check.Outcome) + " · " + when(v.check.At)
}

func (s *Server) peerPage(w http.ResponseWriter, r *http.Request) error {
	return s.showPeer(w, r, refused{})
}

func (s *Server) showPeer(w http.ResponseWriter, r *http.Request, was refused) error {
	if err := reader(r.Context()); err != nil {
		return err
	}
	k, err := s.peerKind(r, r.PathValue("kind"))
	if err != nil {
		return err
	}
	v, err := k.get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	address := k.url(v.id)
	body := web.AdminDetailPage{Back: web.Link{Label: text(k.one() + k.kind), URL: k.listURL()}, Name: s.nameOf(r, v), Under: v.id, Status: peerWord(v), SignInURL: s.signInURL(r, idp.RoleSystemAdmin)}
	for _, name := range slices.Sorted(maps.Keys(v.members)) {
		if name != "name" && name != "disabled" && !(k.base == wordsBase && name == "title") {
			body.Facts = append(body.Facts, web.ShownField{Label: s.memberName(k, r, name), Value: s.memberText(k, r, v.members[name])})
		}
	}
	if k.hasSecret {
		stored := text("admin.secret.none")
		if v.hasSecret {
			stored = text("admin.secret.stored")
		}
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.secret"), Value: stored})
	}
	if k.canCheck {
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.peer.check"), Value: s.checkText(r, v)})
	}
	if holds(r.Context(), idp.RoleSystemAdmin) == nil {
		body.EditURL = address + "/edit"
		if k.canCheck {
			body.Actions = append(body.Actions, web.StateAction{ID: "peer-check", Label: text("admin.peer.check.now"), URL: address + "/check", Effect: text("admin.peer.check.effect"), NoReason: true})
		}
		if v.disabled {
			body.Actions = append(body.Actions, web.StateAction{ID: "peer-resume", Label: text(k.one() + "resume"), URL: address + "/resume", Effect: text(s.byTwo(k, k.one()+"resume.effect"))})
		} else {
			body.Actions = append(body.Actions, web.StateAction{ID: "peer-suspend", Label: text(k.one() + "suspend"), URL: address + "/suspend", Effect: text(k.one() + "suspend.effect"), Danger: true})
		}
	}
	page := web.Page{Title: text(k.all()), Self: address}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

// memberName is the name of a member of a definition: in words for the vocabulary, as in the file for partners.
func (s *Server) memberName(k peerKind, r *http.Request, name string) string {
	if k.base == wordsBase {
		return s.Renderer.Text(r, "admin.word.member."+name)
	}
	return name
}

// memberText is a member in one line; of texts in several languages the one of the page.
func (s *Server) memberText(k peerKind, r *http.Request, value any) string {
	if k.base == peersBase {
		return plain(value)
	}
	if texts, ok := value.(map[string]any); ok {
		if text, ok := texts[s.Renderer.Locale(r)].(string); ok {
			return text
		}
	}
	switch value {
	case true:
		return s.Renderer.Text(r, "verify.answer.yes")
	case false:
		return s.Renderer.Text(r, "verify.answer.no")
	}
	return plain(value)
}

// nameOf is the name of an entry; one of the vocabulary has a title in each language instead.
func (s *Server) nameOf(r *http.Request, v peerShown) string {
	titles, _ := v.members["title"].(map[string]any)
	if title, ok := titles[s.Renderer.Locale(r)].(string); ok {
		return title
	}
	return orDash(v.name)
}

// plain is a value of a definition in one line.
func plain(value any) string {
	switch value := value.(type) {
	case string:
		return orDash(value)
	case []any:
		var all []string
		for _, one := range value {
			all = append(all, plain(one))
		}
		return strings.Join(all, " ")
	}
	content, _ := json.Marshal(value) // it came out of JSON
	return string(content)
}

func (s *Server) peerAction(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	k, err := s.peerKind(r, r.PathValue("kind"))
	if err != nil {
		return err
	}
	id, action := r.PathValue("id"), r.PathValue("action")
	waits := ""
	switch {
	case action == "suspend" || action == "resume":
		waits, err = k.disable(r.Context(), id, action == "suspend", typed.Get("reason"))
	case action == "check" && k.canCheck:
		err = k.test(r.Context(), id)
	default:
		err = fault.New(fault.NotFound)
	}
	return settled(w, r, err, func(err error) error { return s.showPeer(w, r, refused{err, "peer-" + action, typed.Get("reason")}) }, k.onward(id, waits))
}

// Names of the inputs of a definition.
const (
	inputID         = "id"
	inputDefinition = "definition"
	inputSecret     = "secret"
)

// peerTemplates are what a new definition begins with.
var peerTemplates = map[string]string{
	"upstream": "name: \nissuer: https://\nclient_id: \nlevels: {}\n",
	"cas":      "name: \ndepartment: \nurls:\n  - https://\nlogout_url: https://\nscope: profile\n",
	"scope":    "title:\n  zh-CN: \n  en: \n  zh-Hant: \nclaims: []\nial: 0\n",
	"claim":    "title:\n  zh-CN: \n  en: \n  zh-Hant: \nsource: name\n",
	"ticket":   "name: \ndepartment: \nurls:\n  - https://\nlogout_url: https://\nscope: profile\nsignature:\n  algorithm: hmac_sm3\n",
}

func (s *Server) peerNew(w http.ResponseWriter, r *http.Request) error {
	if err := holds(r.Context(), idp.RoleSystemAdmin); err != nil {
		return err
	}
	return s.showPeerForm(w, r, peerShown{text: peerTemplates[r.PathValue("kind")]}, url.Values{}, nil)
}

func (s *Server) peerEdit(w http.ResponseWriter, r *http.Request) error {
	if err := holds(r.Context(), idp.RoleSystemAdmin); err != nil {
		return err
	}
	k, err := s.peerKind(r, r.PathValue("kind"))
	if err != nil {
		return err
	}
	v, err := k.get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showPeerForm(w, r, v, url.Values{}, nil)
}

// showPeerForm is the form of a definition; a partner without an id is new.
func (s *Server) showPeerForm(w http.ResponseWriter, r *http.Request, v peerShown, typed url.Values, refusal error) error {
	k, err := s.peerKind(r, r.PathValue("kind"))
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminFormPage{Back: web.Link{Label: text(k.one() + k.kind), URL: k.listURL()}, Name: text(k.one() + "new"), Advisory: text(s.byTwo(k, k.one()+"form")), SignInURL: s.signInURL(r, idp.RoleSystemAdmin), Action: k.base + "/" + k.kind + "/new", Submit: text("admin.save")}
	page := web.Page{Title: text(k.one() + "new"), Self: body.Action}
	if r.PathValue("id") != "" {
		body.Back = web.Link{Label: s.nameOf(r, v), URL: k.url(v.id)}
		body.Name, body.Action = text("admin.edit"), k.url(v.id)+"/edit"
		body.Hidden = []web.Hidden{{Name: "version", Value: v.etag}}
		page.Title, page.Self = text("admin.edit"), body.Action
	} else {
		body.Fields = append(body.Fields, web.FormField{Name: inputID, Label: text(k.one() + "id"), Hint: text(k.one() + "id.hint"), Value: bounded(typed.Get(inputID)), Max: 64})
	}
	if typed.Has(inputDefinition) {
		v.text = typed.Get(inputDefinition)
	}
	body.Fields = append(body.Fields, web.FormField{Name: inputDefinition, Label: text("admin.peer.definition"), Hint: text("admin.peer.definition.hint"), Value: v.text, Kind: web.InputLongText, Max: 32768})
	if k.hasSecret {
		body.Fields = append(body.Fields, web.FormField{Name: inputSecret, Label: text("admin.secret"), Hint: text("admin.secret.hint"), Kind: web.InputSecret, Optional: true, Max: 4096})
	}
	body.Fields = append(body.Fields, web.FormField{Name: inputReason, Label: text("action.reason"), Value: bounded(typed.Get(inputReason)), Max: maxReason})
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, map[string]string{"reason": inputReason})
		if len(fault.From(refusal).Fields) == 0 && fault.CodeOf(refusal) == fault.ClientMetadata {
			page.Errors[0].Field = inputDefinition
		}
	}
	page.Body = body
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

func (s *Server) peerCreate(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	return s.savePeer(w, r, strings.TrimSpace(typed.Get(inputID)), "", peerShown{}, typed)
}

func (s *Server) peerChange(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	if err := holds(r.Context(), idp.RoleSystemAdmin); err != nil {
		return err
	}
	k, err := s.peerKind(r, r.PathValue("kind"))
	if err != nil {
		return err
	}
	v, err := k.get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.savePeer(w, r, v.id, typed.Get("version"), v, typed)
}

func (s *Server) savePeer(w http.ResponseWriter, r *http.Request, id, version string, v peerShown, typed url.Values) error {
	k, err := s.peerKind(r, r.PathValue("kind"))
	if err != nil {
		return err
	}
	waits, err := k.put(r.Context(), id, version, typed.Get(inputDefinition), typed.Get(inputSecret), typed.Get(inputReason))
	if code := fault.CodeOf(err); code == fault.AdminMatchNeeded { // a new one under an id that is taken
		err = fault.New(fault.Conflict)
	}
	return settled(w, r, err, func(err error) error { return s.showPeerForm(w, r, v, typed, err) }, k.onward(id, waits))
}
