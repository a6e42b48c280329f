package adminhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"gopkg.in/yaml.v3"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Peers are the registries of partners that are no OAuth clients.
type Peers struct {
	Upstreams *federation.Sources
	CAS       *cas.Services
	Tickets   *ticket.Bridges
	Checks    registry.CheckStore
	ByTwo     bool // two people decide on them, which the pages tell
	WordsTwo  bool // also on scopes and claims
	// CheckUpstream fetches what a source publishes and judges it; its error wraps those of package federation.
	CheckUpstream func(ctx context.Context, s federation.Source) error
}

// UpstreamDefinition is an upstream OpenID Connect source, as in files of `admin apply`.
type UpstreamDefinition struct {
	Protocol        string         `json:"protocol,omitempty" doc:"oidc or ticket"`
	Name            string         `json:"name,omitempty" doc:"Name on the button"`
	Issuer          string         `json:"issuer" doc:"Issuer of the source"`
	ClientID        string         `json:"client_id" doc:"Our client identifier at the source"`
	Scope           string         `json:"scope,omitempty" doc:"What is asked for; openid when absent"`
	Algorithms      []string       `json:"algorithms,omitempty" doc:"Algorithms of its tokens; ES256 when absent"`
	UserInfo        bool           `json:"userinfo,omitempty" doc:"Claims stand in userinfo too"`
	LevelClaim      string         `json:"level_claim,omitempty" doc:"Claim that tells how surely it knows the person; ial when absent"`
	Levels          map[string]int `json:"levels,omitempty" doc:"Its word to our ial"`
	LevelDays       int            `json:"level_days,omitempty" doc:"How many days a level holds; 365 when absent"`
	ACRs            map[string]int `json:"acrs,omitempty" doc:"Its acr to our aal"`
	AMRs            map[string]int `json:"amrs,omitempty" doc:"Its word of amr to our aal; the highest of acr and words counts"`
	Staff           bool           `json:"staff,omitempty" doc:"A directory of staff, who sign in at /staff/login by it; for good, and never for citizens"`
	TrustedIdentity bool           `json:"trusted_identity,omitempty" doc:"It may prove who somebody is"`
	NameClaim       string         `json:"name_claim,omitempty" doc:"Claim of the name"`
	NumberClaim     string         `json:"number_claim,omitempty" doc:"Claim of the document number"`
	EndSession      bool           `json:"end_session,omitempty" doc:"A logout here ends its session too"`
	NoAccounts      bool           `json:"no_accounts,omitempty" doc:"Makes no accounts: only linked people come in"`
	Disabled        bool           `json:"disabled,omitempty" doc:"Takes no part"`
	// Ticket goes with protocol ticket.
	Ticket *UpstreamTicket `json:"ticket,omitempty" doc:"A home-made protocol; level_claim, name_claim and number_claim are then paths in its answer"`
}

// UpstreamTicket is the protocol of an upstream source with tickets.
type UpstreamTicket struct {
	LoginURL         string          `json:"login_url" doc:"Where the browser goes"`
	ExchangeURL      string          `json:"exchange_url" doc:"Ticket for token, or for the person at once"`
	UserURL          string          `json:"user_url,omitempty" doc:"Token for the person; absent: the exchange names it"`
	LogoutURL        string          `json:"logout_url,omitempty" doc:"Where the browser goes to end its session"`
	TicketParameter  string          `json:"ticket_parameter,omitempty" doc:"Parameter of the ticket"`
	AddressParameter string          `json:"address_parameter,omitempty" doc:"Parameter of our address"`
	StateParameter   string          `json:"state_parameter,omitempty" doc:"Given back with the ticket; absent: the state stands in our address"`
	AppParameter     string          `json:"app_parameter,omitempty" doc:"Parameter of client_id; absent: it is not sent"`
	FreshParameter   string          `json:"fresh_parameter,omitempty" doc:"Asks for a new login; absent: the source cannot"`
	SendAddress      bool            `json:"send_address,omitempty" doc:"Our address goes with the ticket into the exchange"`
	TokenField       string          `json:"token_field,omitempty" doc:"Path of the token in the exchange"`
	TokenParameter   string          `json:"token_parameter,omitempty" doc:"Parameter of the token in the user call"`
	SuccessField     string          `json:"success_field,omitempty" doc:"Path that tells success; absent: status 200 is enough"`
	SuccessValues    []string        `json:"success_values,omitempty" doc:"Its values"`
	SubjectField     string          `json:"subject_field,omitempty" doc:"Path of the person"`
	SessionField     string          `json:"session_field,omitempty" doc:"Path of the source's session"`
	LogoutParameter  string          `json:"logout_parameter,omitempty" doc:"Parameter of a logout message"`
	ACRField         string          `json:"acr_field,omitempty" doc:"Path of its acr; absent: every login is aal 1"`
	Signature        TicketSignature `json:"signature" doc:"How calls are signed"`
	Legacy           bool            `json:"legacy,omitempty" doc:"Takes a weak signature on the operator's responsibility"`
}

// PortalDefinition is what portals behind bridges share.
type PortalDefinition struct {
	Name            string            `json:"name,omitempty" doc:"Name of the portal"`
	Department      string            `json:"department,omitempty" doc:"Organisation behind it"`
	Purpose         string            `json:"purpose,omitempty" doc:"Shown with the consent"`
	Sector          string            `json:"sector,omitempty" doc:"User identifiers are the same within a sector"`
	URLs            []string          `json:"urls" doc:"Where a browser may be sent back, compared character by character"`
	LogoutURL       string            `json:"logout_url,omitempty" doc:"Where logouts are told"`
	ApplicationType string            `json:"application_type,omitempty" doc:"web or native"`
	Scope           string            `json:"scope,omitempty" doc:"profile, phone, email, identity"`
	UserID          string            `json:"user_id,omitempty" doc:"pairwise, or a claim of the scope"`
	StatutoryBasis  string            `json:"statutory_basis,omitempty" doc:"Law that lets it have the ID number"`
	MaxIAL          int               `json:"max_ial,omitempty" doc:"Highest ial that it may ask for"`
	PartnerLevels   map[string]string `json:"partner_level_map,omitempty" doc:"ial (0 to 4, each) to its own word for it, told as partner_level"`
	IAL             int               `json:"ial,omitempty" doc:"Least ial of a login"`
	AAL             int               `json:"aal,omitempty" doc:"Least aal of a login"`
	Disabled        bool              `json:"disabled,omitempty" doc:"Takes no part"`
}

// CASDefinition is a CAS service.
type CASDefinition struct {
	PortalDefinition
	Attributes     map[string]string `json:"attributes,omitempty" doc:"Claim to the name that the service knows it by"`
	ProxyURLs      []string          `json:"proxy_urls,omitempty" doc:"Callbacks of the service as a proxy"`
	AcceptsProxies []string          `json:"accepts_proxies,omitempty" doc:"Services that may act as proxies towards it"`
}

// TicketDefinition is a ticket bridge.
type TicketDefinition struct {
	PortalDefinition
	Response         string            `json:"response,omitempty" doc:"post or fragment"`
	TicketParameter  string            `json:"ticket_parameter,omitempty" doc:"Parameter of the ticket"`
	AddressParameter string            `json:"address_parameter,omitempty" doc:"Parameter of the return address"`
	TokenParameter   string            `json:"token_parameter,omitempty" doc:"Parameter of the token"`
	ExchangeCall     string            `json:"exchange_call,omitempty" doc:"Last part of the address of the exchange"`
	UserCall         string            `json:"user_call,omitempty" doc:"Last part of the address of the user call"`
	Signature        TicketSignature   `json:"signature" doc:"How calls are signed"`
	Fields           map[string]string `json:"fields,omitempty" doc:"Claim to the name at the portal"`
	Levels           map[string]string `json:"levels,omitempty" doc:"Our ial to the portal's word"`
	Legacy           bool              `json:"legacy,omitempty" doc:"Takes a weak signature on the operator's responsibility"`
}

// TicketSignature is the recipe of a signature.
type TicketSignature struct {
	Algorithm string   `json:"algorithm,omitempty" doc:"Algorithm"`
	Order     []string `json:"order,omitempty" doc:"Parameters that are signed; all, sorted, when absent"`
	Form      string   `json:"form,omitempty" doc:"pairs or values"`
	Joiner    string   `json:"joiner,omitempty" doc:"What stands between them"`
	Secret    string   `json:"secret_place,omitempty" doc:"Where the secret goes"`
	Encoding  string   `json:"encoding,omitempty" doc:"hex, HEX or base64"`
	Parameter string   `json:"parameter,omitempty" doc:"Parameter of the signature"`
	Time      string   `json:"time_parameter,omitempty" doc:"Parameter of the time"`
	TimeForm  string   `json:"time_form,omitempty" doc:"seconds, millis or compact"`
	Nonce     string   `json:"nonce_parameter,omitempty" doc:"Parameter of the nonce"`
	PublicKey string   `json:"public_key,omitempty" doc:"Of the partner, for SM2"`
}

// PeerRecord is a partner on the wire; a secret goes in and never comes out.
type PeerRecord[D any] struct {
	ID         string     `json:"id" doc:"Identifier of the partner"`
	Definition D          `json:"definition" doc:"Its registration, as in files of admin apply"`
	HasSecret  bool       `json:"has_secret" doc:"Whether a secret is stored"`
	Check      *PeerCheck `json:"last_check,omitempty" doc:"Last test of the connection"`
	version    string     // of the registration alone: a test of the connection changes none
}

// PeerOutcome is a partner after a change, or as it is while the change waits for a second person.
type PeerOutcome[D any] struct {
	PeerRecord[D]
	Proposal string `json:"proposal,omitempty" doc:"Proposal in the inbox that a second person decides on; absent for a change that is made"`
}

// peerAnswer is tagged by the registration alone; its status tells whether something waits.
type peerAnswer[D any] struct {
	Status int
	ETag   string `header:"ETag" doc:"Version of the registration, for If-Match"`
	Body   PeerOutcome[D]
}

func peerAnswered[D any](r PeerOutcome[D], err error) (*peerAnswer[D], error) {
	if err != nil {
		return nil, err
	}
	a := &peerAnswer[D]{Status: http.StatusOK, Body: r}
	if r.version != "" {
		a.ETag = etag(r.version)
	}
	if r.Proposal != "" {
		a.Status = http.StatusAccepted
	}
	return a, nil
}

// PeerCheck is a test of a connection.
type PeerCheck struct {
	At      time.Time `json:"at" doc:"When"`
	Outcome string    `json:"outcome" enum:"passed,silent,refused" doc:"silent: it does not answer; refused: what it answers cannot be used"`
}

// entries is what administration needs of a registry.
type entries[T any] interface {
	Known(ctx context.Context, id string) (registry.Known[T], error)
	Page(ctx context.Context, after string, limit int) (page []registry.Known[T], next string, err error)
	// Settle changes, or opens the proposal that waits for a second person.
	Settle(ctx context.Context, was registry.Known[T], value T) (*foureyes.Proposal, error)
	NoteCheck(ctx context.Context, store registry.CheckStore, id, outcome string) (registry.Check, error)
	LastCheck(ctx context.Context, store registry.CheckStore, id string) (c registry.Check, ok bool, err error)
}

// wants is what a proposal about a partner or a word would do; ok is false for proposals about something else.
func (s *Server) wants(ctx context.Context, p foureyes.Proposal) (w registry.Wanted, ok bool, err error) {
	registries := s.Peers
	switch p.Kind {
	case registry.ProposalKind(idp.ScopeKind):
		w, err = s.Words.Scopes().Wants(ctx, p)
	case registry.ProposalKind(idp.ClaimKind):
		w, err = s.Words.Claims().Wants(ctx, p)
	case registry.ProposalKind(federation.Kind):
		w, err = registries.Upstreams.Wants(ctx, p)
	case registry.ProposalKind(cas.Kind):
		w, err = registries.CAS.Wants(ctx, p)
	case registry.ProposalKind(ticket.Kind):
		w, err = registries.Tickets.Wants(ctx, p)
	default:
		return w, false, nil
	}
	return w, true, err
}

// peers is one kind of partners: T as it is registered, D as it is shown.
type peers[T, D any, P interface {
	*T
	registry.Partner
}] struct {
	server        *Server
	registry      entries[T]
	kind          string // in addresses of pages
	words         bool   // it is a part of the vocabulary, which has pages of its own
	path, one     string // of the API; in names of operations
	chinese       string
	many, english string
	setSecret     func(value *T, secret string) // nil: there is none
	check         func(ctx context.Context, value T) error
}

func (s *Server) upstreams() peers[federation.Source, UpstreamDefinition, *federation.Source] {
	return peers[federation.Source, UpstreamDefinition, *federation.Source]{server: s, registry: s.Peers.Upstreams, kind: "upstream", path: "upstreams", one: "upstream", chinese: "上游身份源", many: "upstream sources", english: "an upstream source",
		setSecret: func(v *federation.Source, secret string) { v.Secret = secret }, check: s.Peers.CheckUpstream}
}

func (s *Server) casServices() peers[cas.Service, CASDefinition, *cas.Service] {
	return peers[cas.Service, CASDefinition, *cas.Service]{server: s, registry: s.Peers.CAS, kind: "cas", path: "cas-services", one: "cas-service", chinese: "CAS 服务", many: "CAS services", english: "a CAS service"}
}

func (s *Server) ticketBridges() peers[ticket.Bridge, TicketDefinition, *ticket.Bridge] {
	return peers[ticket.Bridge, TicketDefinition, *ticket.Bridge]{server: s, registry: s.Peers.Tickets, kind: "ticket", path: "ticket-bridges", one: "ticket-bridge", chinese: "票据桥", many: "ticket bridges", english: "a ticket bridge",
		setSecret: func(v *ticket.Bridge, secret string) { v.Secret = secret }}
}

// byTwo tells of the second person in summaries.
const byTwo = ". 202: a second person decides"

func (p peers[T, D, P]) base() string {
	if p.words {
		return wordsBase
	}
	return peersBase
}

// PathPeer names a partner.
type PathPeer struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the partner"`
}

func (p peers[T, D, P]) api(api huma.API) {
	tag := p.path
	huma.Register(api, operation(tag, "list-"+p.path, get, p.path, p.chinese+"列表 List "+p.many, http.StatusOK), func(ctx context.Context, in *Paging) (*listing[PeerRecord[D]], error) {
		records, next, err := p.list(ctx, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return listed(records, next), nil
	})
	huma.Register(api, operation(tag, "get-"+p.one, get, p.path+"/{id}", p.chinese+"详情 Get "+p.english, http.StatusOK), func(ctx context.Context, in *PathPeer) (*tagged[PeerRecord[D]], error) {
		return p.answer(p.get(ctx, in.ID))
	})
	huma.Register(api, operation(tag, "put-"+p.one, http.MethodPut, p.path+"/{id}", "登记或修改"+p.chinese+" Register or change "+p.english+byTwo, http.StatusOK), func(ctx context.Context, in *struct {
		PathPeer
		IfMatch string `header:"If-Match" maxLength:"80" doc:"ETag of what was read; needed for a change, absent for a registration"`
		Body    struct {
			Reason
			Definition D      `json:"definition" doc:"Registration, as in files of admin apply; it replaces the one before"`
			Secret     string `json:"secret,omitempty" maxLength:"4096" doc:"New secret; absent keeps the stored one. It is never shown"`
		}
	}) (*peerAnswer[D], error) {
		return peerAnswered(p.put(ctx, in.ID, in.IfMatch, in.Body.Definition, in.Body.Secret, in.Body.Reason.Reason))
	})
	for _, step := range []struct {
		name, chinese, english string
		disabled               bool
	}{{"suspension", "停用", "Take out of use", true}, {"resumption", "恢复", "Put into use again", false}} {
		two := ""
		if !step.disabled {
			two = byTwo
		}
		huma.Register(api, operation(tag, step.name+"-of-"+p.one, post, p.path+"/{id}/"+step.name, step.chinese+p.chinese+" "+step.english+": "+p.english+two, http.StatusOK), func(ctx context.Context, in *struct {
			PathPeer
			Body struct{ Reason }
		}) (*peerAnswer[D], error) {
			return peerAnswered(p.disable(ctx, in.ID, step.disabled, in.Body.Reason.Reason))
		})
	}
	if p.check == nil {
		return
	}
	huma.Register(api, operation(tag, "check-"+p.one, post, p.path+"/{id}/check", "测试"+p.chinese+" Fetch what "+p.english+" publishes now", http.StatusOK), func(ctx context.Context, in *PathPeer) (*tagged[PeerRecord[D]], error) {
		return p.answer(p.test(ctx, in.ID))
	})
}

func (p peers[T, D, P]) answer(r PeerRecord[D], err error) (*tagged[PeerRecord[D]], error) {
	if err != nil {
		return nil, err
	}
	return &tagged[PeerRecord[D]]{ETag: etag(r.version), Body: r}, nil
}

func (p peers[T, D, P]) record(ctx context.Context, known registry.Known[T]) (r PeerRecord[D], err error) {
	r.ID, r.HasSecret, r.version = P(&known.Value).Key(), known.HasSecret, known.Version()
	if r.Definition, err = converted[D](known.Value); err != nil {
		return r, err
	}
	last, ok, err := p.registry.LastCheck(ctx, p.server.Peers.Checks, r.ID)
	if ok {
		r.Check = &PeerCheck{last.At, last.Outcome}
	}
	return r, err
}

// converted goes from one form of a registration to the other over their common JSON.
func converted[To, From any](from From) (to To, err error) {
	content, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(content, &to)
	}
	return to, err
}

func (p peers[T, D, P]) list(ctx context.Context, after string, limit int) (records []PeerRecord[D], next string, err error) {
	if err := reader(ctx); err != nil {
		return nil, "", err
	}
	page, next, err := p.registry.Page(ctx, after, limit)
	if err != nil {
		return nil, "", err
	}
	for _, known := range page {
		r, err := p.record(ctx, known)
		if err != nil {
			return nil, "", err
		}
		records = append(records, r)
	}
	return records, next, nil
}

func (p peers[T, D, P]) get(ctx context.Context, id string) (PeerRecord[D], error) {
	if err := reader(ctx); err != nil {
		return PeerRecord[D]{}, err
	}
	known, err := p.registry.Known(ctx, id)
	if err != nil {
		return PeerRecord[D]{}, err
	}
	return p.record(ctx, known)
}

// put registers a partner, or changes the version that the administrator read.
func (p peers[T, D, P]) put(ctx context.Context, id, ifMatch string, definition D, secret, reason string) (r PeerOutcome[D], err error) {
	if ctx, err = p.server.change(ctx, reason, idp.RoleSystemAdmin); err != nil {
		return r, err
	}
	was, err := p.registry.Known(ctx, id)
	fresh := fault.CodeOf(err) == fault.NotFound
	switch {
	case fresh && ifMatch != "":
		return r, fault.New(fault.AdminChanged)
	case err != nil && !fresh:
		return r, err
	case !fresh:
		if err := unchanged(ifMatch, was.Version()); err != nil {
			return r, err
		}
	}
	if secret != "" && p.setSecret == nil {
		return r, fault.New(fault.ClientMetadata, "field", "secret", "why", "partners of this kind have none")
	}
	r, err = p.store(ctx, id, was, definition, secret)
	if fresh && fault.CodeOf(err) == fault.AdminChanged { // somebody else registered it meanwhile
		err = fault.Wrap(err, fault.AdminMatchNeeded)
	}
	return r, err
}

// store puts a definition in the place of what was read, or proposes to.
func (p peers[T, D, P]) store(ctx context.Context, id string, was registry.Known[T], definition D, secret string) (r PeerOutcome[D], err error) {
	content, err := json.Marshal(definition)
	if err != nil {
		return r, err
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(content, &members); err != nil {
		return r, err
	}
	if members["id"], err = json.Marshal(id); err != nil {
		return r, err
	}
	value, err := converted[T](members)
	if err != nil {
		return r, err
	}
	if secret != "" {
		p.setSecret(&value, secret)
	}
	r, err = p.settle(ctx, id, was, value)
	if r.Proposal != "" && err == nil && r.version == "" {
		r.Definition = definition
	}
	return r, err
}

// settle makes a change, or opens its proposal, and tells the partner as it is then.
func (p peers[T, D, P]) settle(ctx context.Context, id string, was registry.Known[T], value T) (r PeerOutcome[D], err error) {
	waits, err := p.registry.Settle(ctx, was, value)
	if err != nil {
		return r, err
	}
	if waits != nil {
		r.Proposal = waits.ID
	}
	r.PeerRecord, err = p.get(ctx, id)
	if waits != nil && fault.CodeOf(err) == fault.NotFound { // it does not exist yet
		r.PeerRecord, err = PeerRecord[D]{ID: id}, nil
	}
	return r, err
}

func (p peers[T, D, P]) disable(ctx context.Context, id string, disabled bool, reason string) (r PeerOutcome[D], err error) {
	if ctx, err = p.server.change(ctx, reason, idp.RoleSystemAdmin); err != nil {
		return r, err
	}
	was, err := p.registry.Known(ctx, id)
	if err != nil {
		return r, err
	}
	value, err := converted[T](withDisabled(was.Value, disabled))
	if err != nil {
		return r, err
	}
	return p.settle(ctx, id, was, value)
}

func withDisabled(definition any, disabled bool) map[string]any {
	members, err := converted[map[string]any](definition)
	if err != nil {
		return nil // a definition that came out of JSON goes into it
	}
	members["disabled"] = disabled
	return members
}

// test tries the connection and notes the outcome. The cause of a failure is for the log: it tells about our network.
func (p peers[T, D, P]) test(ctx context.Context, id string) (r PeerRecord[D], err error) {
	if err := p.server.changer(ctx, idp.RoleSystemAdmin); err != nil {
		return r, err
	}
	known, err := p.registry.Known(ctx, id)
	if err != nil {
		return r, err
	}
	outcome := registry.CheckPassed
	if failure := p.check(ctx, known.Value); failure != nil {
		if outcome = registry.CheckSilent; errors.Is(failure, federation.ErrRefused) {
			outcome = registry.CheckRefused
		}
		slog.InfoContext(ctx, "test of a partner failed", "kind", p.kind, "partner", id, "error", failure)
	}
	if _, err := p.registry.NoteCheck(ctx, p.server.Peers.Checks, id, outcome); err != nil {
		return r, err
	}
	return p.get(ctx, id)
}

// text is a definition as YAML, as in files of admin apply.
func text(definition any) (string, error) {
	members, err := converted[map[string]any](definition)
	if err != nil {
		return "", err
	}
	content, err := yaml.Marshal(members)
	return string(content), err
}

// read reads a definition that an administrator typed; unknown names are refused.
func (p peers[T, D, P]) read(typed string) (definition D, err error) {
	refuse := func(err error) error {
		why := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")
		return fault.Wrap(err, fault.ClientMetadata, "field", "definition", "why", strings.ToValidUTF8(why[:min(len(why), 200)], ""))
	}
	members := map[string]any{}
	if err := yaml.Unmarshal([]byte(typed), &members); err != nil {
		return definition, refuse(err)
	}
	content, err := json.Marshal(members)
	if err != nil {
		return definition, refuse(fmt.Errorf("names must be texts: %w", err))
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&definition); err != nil {
		return definition, refuse(err)
	}
	return definition, nil
}
