package adminhttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// InboxRecord is something that waits for a second person, or did. What it would change is told by the operations of its kind.
type InboxRecord struct {
	ID         string     `json:"id" doc:"Identifier of the proposal"`
	Kind       string     `json:"kind" doc:"What is proposed: staff.appointment, identity.number_changed, …"`
	State      string     `json:"state" enum:"open,executed,refused,withdrawn,expired" doc:"Only an open one is decided"`
	ObjectType string     `json:"object_type" doc:"What it is about"`
	ObjectID   string     `json:"object_id" doc:"Identifier of that"`
	Role       string     `json:"role" doc:"Who decides: somebody with this role …"`
	Area       string     `json:"area,omitempty" doc:"… for this area; absent is everywhere"`
	Origin     string     `json:"origin" doc:"Who proposed it"`
	Reason     string     `json:"reason" doc:"Why"`
	People     []string   `json:"people" doc:"Who stands behind it so far"`
	Needed     int        `json:"needed" doc:"Approvals that it takes"`
	Digest     string     `json:"digest" doc:"SM3 of what is decided about; goes into If-Match of the decision"`
	ClaimedBy  string     `json:"claimed_by,omitempty" doc:"Who has taken it"`
	CreatedAt  time.Time  `json:"created_at" doc:"When it was proposed"`
	DueAt      time.Time  `json:"due_at" doc:"When it expires"`
	DecidedAt  *time.Time `json:"decided_at,omitempty" doc:"When it was decided"`
	DecidedBy  string     `json:"decided_by,omitempty" doc:"Who decided last"`
	// Of a single proposal about a client or a partner that waits.
	Event   string       `json:"event,omitempty" doc:"Of a client, an upstream source, a service or a bridge: what would happen to it"`
	Changes []Difference `json:"changes,omitempty" doc:"Of these: members of the registration that would become another"`
	Secret  bool         `json:"new_secret,omitempty" doc:"Of a partner: a new secret would come with it"`
}

func inboxRecord(p foureyes.Proposal, now time.Time) InboxRecord {
	r := InboxRecord{ID: p.ID, Kind: p.Kind, State: p.State, ObjectType: p.ObjectType, ObjectID: p.ObjectID, Role: p.Role, Area: lastCode(p.Area), Origin: p.Origin, Reason: p.Reason,
		People: p.Actors(), Needed: p.Needed, Digest: p.Digest, CreatedAt: p.CreatedAt, DueAt: p.ExpiresAt, DecidedBy: p.DecidedBy}
	if r.People == nil {
		r.People = []string{}
	}
	if !p.DecidedAt.IsZero() {
		r.DecidedAt = &p.DecidedAt
	}
	if now.Before(p.ClaimedUntil) && p.State == foureyes.Open {
		r.ClaimedBy = p.ClaimedBy
	}
	return r
}

// lastCode is the area at the end of a path.
func lastCode(path string) string {
	path = strings.TrimSuffix(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

const tagInbox = "inbox"

// PathInbox names a proposal.
type PathInbox struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the proposal"`
}

func (s *Server) inboxAPI(api huma.API) {
	huma.Register(api, operation(tagInbox, "list-inbox", get, "inbox", "待办 What waits for the caller by role and area, or was decided there, the newest first", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		State string `query:"state" enum:"open,executed,refused,withdrawn,expired" default:"open" doc:"Of which state"`
	}) (*listing[InboxRecord], error) {
		return s.listInbox(ctx, in.State, in.After, in.Limit)
	})
	huma.Register(api, operation(tagInbox, "get-inbox-item", get, "inbox/{id}", "待办详情 One proposal", http.StatusOK), func(ctx context.Context, in *PathInbox) (*tagged[InboxRecord], error) {
		return inboxAnswer(s.inboxItem(ctx, in.ID))
	})
	huma.Register(api, operation(tagInbox, "decide-inbox-item", post, "inbox/{id}/decision", "办理待办 Approve or refuse what was read; the last approval makes the change", http.StatusOK), func(ctx context.Context, in *struct {
		PathInbox
		IfMatch string `header:"If-Match" maxLength:"80" doc:"Digest of what was read, in quotes"`
		Body    struct {
			Reason
			Approve bool `json:"approve" doc:"false refuses it"`
		}
	}) (*tagged[InboxRecord], error) {
		return inboxAnswer(s.decideInbox(ctx, in.ID, in.IfMatch, in.Body.Approve, in.Body.Reason.Reason))
	})
	for _, o := range []struct {
		word, id, summary string
		do                func(context.Context, string) (foureyes.Proposal, error)
	}{
		{"claim", "claim-inbox-item", "领取待办 Take a proposal out of the lists of the others for thirty minutes", s.Engine.Claim},
		{"release", "release-inbox-item", "释放待办 Give it back", s.Engine.Release},
		{"withdrawal", "withdraw-inbox-item", "撤回提议 Take back what the caller proposed", s.Engine.Withdraw},
	} {
		huma.Register(api, operation(tagInbox, o.id, post, "inbox/{id}/"+o.word, o.summary, http.StatusOK), func(ctx context.Context, in *PathInbox) (*tagged[InboxRecord], error) {
			return inboxAnswer(s.moveInbox(ctx, in.ID, o.do))
		})
	}
}

// inboxAnswer has the digest as version, since that is what a decision names.
func inboxAnswer(r InboxRecord, err error) (*tagged[InboxRecord], error) {
	if err != nil {
		return nil, err
	}
	return &tagged[InboxRecord]{ETag: `"` + r.Digest + `"`, Body: r}, nil
}

func (s *Server) listInbox(ctx context.Context, state, after string, limit int) (*listing[InboxRecord], error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil {
		return nil, err
	}
	q := s.Engine.Mine(ctx)
	for _, right := range reqctx.From(ctx).Actor.Rights {
		if right.Role == idp.RoleAuditAdmin { // who audits sees what all roles of the area decide
			for _, role := range idp.AdminRoles {
				q.Reach = append(q.Reach, foureyes.Reach{Role: role, Area: right.Area})
			}
			q.Free = ""
		}
	}
	q.States, q.After, q.Limit = []string{state}, after, limit
	if state != foureyes.Open {
		q.Free = ""
	}
	page, next, err := s.Engine.Page(ctx, q)
	return recorded(page, next, err, func(p foureyes.Proposal) (InboxRecord, error) { return inboxRecord(p, s.Now()), nil })
}

func (s *Server) proposal(ctx context.Context, id string) (foureyes.Proposal, error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil {
		return foureyes.Proposal{}, err
	}
	p, err := s.Engine.Find(ctx, id)
	if err == nil {
		err = mayRead(ctx, p)
	}
	return p, err
}

func (s *Server) inboxItem(ctx context.Context, id string) (InboxRecord, error) {
	p, err := s.proposal(ctx, id)
	if err != nil {
		return InboxRecord{}, err
	}
	r := inboxRecord(p, s.Now())
	if p.State == foureyes.Open {
		err = s.wanted(ctx, p, &r)
	}
	return r, err
}

// wanted adds what a proposal about a client or a partner would do.
func (s *Server) wanted(ctx context.Context, p foureyes.Proposal, r *InboxRecord) error {
	w, ok, err := s.wants(ctx, p)
	if err != nil {
		return err
	}
	if !ok {
		r.Event, r.Changes, err = s.wantedOfClient(ctx, p)
		return err
	}
	r.Event, r.Secret = w.Event, w.NewSecret
	stored, wanted := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if w.Before != nil {
		err = json.Unmarshal(w.Before, &stored)
	}
	if err = errors.Join(err, json.Unmarshal(w.After, &wanted)); err == nil {
		r.Changes = differences(stored, wanted)
	}
	return err
}

// wantedOfClient is what a proposal about a client would do; nothing for others.
func (s *Server) wantedOfClient(ctx context.Context, p foureyes.Proposal) (event string, changes []Difference, err error) {
	var before, after idp.Client
	switch p.Kind {
	case idp.KindClient:
		w, err := s.Clients.Wants(ctx, p)
		if err != nil {
			return "", nil, err
		}
		event, before, after = w.Event, w.Before, w.After
	case openplatform.KindRegistration:
		state, b, a, err := s.Registrations.Wants(ctx, p)
		if err != nil {
			return "", nil, err
		}
		event, before, after = "client.decided_"+state, b, a
	default:
		return "", nil, nil
	}
	stored := map[string]json.RawMessage{}
	if before.ClientID != "" {
		if stored, err = membersOf(before); err != nil {
			return "", nil, err
		}
	}
	wanted, err := membersOf(after)
	return event, differences(stored, wanted), err
}

func (s *Server) decideInbox(ctx context.Context, id, ifMatch string, approve bool, reason string) (InboxRecord, error) {
	ctx, err := s.changeIn(ctx, reason, idp.RoleSystemAdmin, idp.RoleSecurityAdmin)
	if err != nil {
		return InboxRecord{}, err
	}
	if _, err := s.proposal(ctx, id); err != nil {
		return InboxRecord{}, err
	}
	if ifMatch == "" {
		return InboxRecord{}, fault.New(fault.AdminMatchNeeded)
	}
	decide := s.Engine.Refuse
	if approve {
		decide = s.Engine.Approve
	}
	if _, err := decide(ctx, id, strings.Trim(ifMatch, `"`)); err != nil {
		return InboxRecord{}, err
	}
	return s.inboxItem(ctx, id)
}

func (s *Server) moveInbox(ctx context.Context, id string, do func(context.Context, string) (foureyes.Proposal, error)) (InboxRecord, error) {
	if err := anywhere(ctx, idp.RoleSystemAdmin, idp.RoleSecurityAdmin); err != nil {
		return InboxRecord{}, err
	}
	if s.stale(ctx) {
		return InboxRecord{}, fault.New(fault.AdminStale)
	}
	if _, err := s.proposal(ctx, id); err != nil {
		return InboxRecord{}, err
	}
	if _, err := do(ctx, id); err != nil {
		return InboxRecord{}, err
	}
	return s.inboxItem(ctx, id)
}

// mine tells whether the current actor may still decide on a proposal, for the buttons of its page; the engine judges.
func mine(ctx context.Context, p foureyes.Proposal) bool {
	actor := reqctx.From(ctx).Actor
	return p.State == foureyes.Open && actor.HasIn(p.Role, p.Area) && !slices.Contains(p.Actors(), actor.ID)
}
