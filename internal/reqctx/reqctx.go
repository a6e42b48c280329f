// Package reqctx carries facts about the current request in a context: its id, support code, actor, locale and the
// client's address. It holds no services and no configuration.
package reqctx

import (
	"context"
	"maps"
	"strings"
	"time"
)

// Actor is who is acting in this request. The zero value is an anonymous caller.
type Actor struct {
	ID        string   // "account:…", "staff:…", "client:…", "system:…"; empty when anonymous
	ActingFor string   // principal's id when acting for somebody
	Roles     []string // staff roles held everywhere, for instance "license_issuer", "seal_keeper"
	// Rights are roles with the area in which they are held. A role that is held in a part only stands here and not in Roles, so
	// that what does not ask for the area of its object refuses it.
	Rights []Right
	// SignedInAt is when the person of a session or token last showed who it is; zero for service clients.
	SignedInAt time.Time
	// RestsUntil is set while the account's password was recovered within the last day: seals and mandates rest until then.
	RestsUntil time.Time
	// Client is the application whose access token it is; empty for browser sessions.
	Client string
	// Scopes of the access token of a person; empty for browser sessions and service clients.
	Scopes []string
}

// Right is a role in an area and all below it. Area is the path of areas from the top, each closed by a stroke
// ("110000000000/110100000000/"); the empty one is everywhere.
type Right struct {
	Role, Area string
	Until      time.Time // zero: no end is known
}

// Everywhere are rights without a bound.
func Everywhere(roles ...string) (all []Right) {
	for _, role := range roles {
		all = append(all, Right{Role: role})
	}
	return all
}

// HasIn reports whether the actor holds the role for an area. What belongs to no area is in reach only of a right without a
// bound.
func (a Actor) HasIn(role, area string) bool {
	for _, r := range a.Rights {
		if r.Role == role && strings.HasPrefix(area, r.Area) {
			return true
		}
	}
	return false
}

// Reach are the paths of the areas in which the actor holds one of the roles; the empty path alone where one is held everywhere, and
// none where none is held.
func (a Actor) Reach(roles ...string) (paths []string) {
	for _, role := range roles {
		if a.Has(role) {
			return []string{""}
		}
		for _, r := range a.Rights {
			switch {
			case r.Role != role:
			case r.Area == "":
				return []string{""}
			default:
				paths = append(paths, r.Area)
			}
		}
	}
	return paths
}

// Reaches reports whether the actor holds one of the roles for an area. What belongs to no area is in reach only of roles that are
// held everywhere.
func (a Actor) Reaches(area string, roles ...string) bool {
	for _, path := range a.Reach(roles...) {
		if strings.HasPrefix(area, path) {
			return true
		}
	}
	return false
}

// HoldsAnywhere reports whether the actor holds the role, be it in a part only.
func (a Actor) HoldsAnywhere(role string) bool {
	for _, r := range a.Rights {
		if r.Role == role {
			return true
		}
	}
	return false
}

// FreshLogin is how old the login behind a change in a console may be: a session that was left open must not be enough.
const FreshLogin = 15 * time.Minute

// Machine reports whether a service client acts for itself; it proves who it is with each token.
func (a Actor) Machine() bool { return strings.HasPrefix(a.ID, "client:") }

// Fresh reports whether what the actor showed of itself is new enough for a change.
func (a Actor) Fresh(now time.Time) bool {
	return a.Machine() || now.Sub(a.SignedInAt) <= FreshLogin
}

// Has reports whether the actor holds the role everywhere.
func (a Actor) Has(role string) bool {
	for _, r := range a.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Request holds the facts. It is created once at the edge.
type Request struct {
	ID          string // request id, also in answers and logs
	SupportCode string // 8 characters that a person can read out
	Actor       Actor
	Locale      string // "zh-CN", "en"
	ClientIP    string // after trusted proxies
	UserAgent   string
	Reason      string // why an administrator acts, for the audit record; no personal data
	StaffToken  string // id of the token by which a member of staff calls the API; for the audit record
	Used        Right  // right of staff that let the request in, where it is known; for the audit record
}

type contextKey struct{}

// With returns a context that carries the request's facts.
func With(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, contextKey{}, r)
}

// From returns the facts of the current request; outside a request they are empty, with locale zh-CN.
func From(ctx context.Context) Request {
	r, ok := ctx.Value(contextKey{}).(Request)
	if !ok || r.Locale == "" {
		r.Locale = "zh-CN"
	}
	return r
}

// WithReason returns a context whose request has a reason.
func WithReason(ctx context.Context, reason string) context.Context {
	r := From(ctx)
	r.Reason = reason
	return With(ctx, r)
}

// Told adds to the details of an audit event by which right of staff it was done (by_role, by_area), where that is known, and by which
// token of staff (by_token) where it came through the API.
func (r Request) Told(details map[string]string) map[string]string {
	if r.Used.Role == "" && r.StaffToken == "" {
		return details
	}
	told := map[string]string{}
	if r.StaffToken != "" {
		told["by_token"] = r.StaffToken
	}
	if r.Used.Role != "" {
		told["by_role"] = r.Used.Role
	}
	if r.Used.Area != "" {
		told["by_area"] = r.Used.Area
	}
	maps.Copy(told, details)
	return told
}

// Using returns a context that tells which right of the actor lets the request in: that of the widest area among the roles.
func Using(ctx context.Context, roles ...string) context.Context {
	r := From(ctx)
	for _, right := range r.Actor.Rights {
		for _, role := range roles {
			if right.Role == role && (r.Used.Role == "" || len(right.Area) < len(r.Used.Area)) {
				r.Used = right
			}
		}
	}
	return With(ctx, r)
}

// UsingIn is Using for an object of an area: among the rights that reach it, that of the widest area.
func UsingIn(ctx context.Context, area string, roles ...string) context.Context {
	r := From(ctx)
	all := r.Actor.Rights
	r.Actor.Rights = nil
	for _, right := range all {
		if strings.HasPrefix(area, right.Area) {
			r.Actor.Rights = append(r.Actor.Rights, right)
		}
	}
	r.Used = From(Using(With(ctx, r), roles...)).Used
	r.Actor.Rights = all
	return With(ctx, r)
}

// WithActor returns a context whose actor is a.
func WithActor(ctx context.Context, a Actor) context.Context {
	r := From(ctx)
	r.Actor = a
	return With(ctx, r)
}
