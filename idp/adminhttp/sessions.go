package adminhttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// SessionRecord is a session on the wire.
type SessionRecord struct {
	SID       string     `json:"sid" doc:"Identifier that relying parties know"`
	AccountID string     `json:"account_id" doc:"Whose it is"`
	State     string     `json:"state" enum:"active,expired,ended" doc:"expired: too old or idle for too long, and nobody ended it"`
	AAL       int        `json:"aal" doc:"Strength of the login, 1 to 3"`
	Methods   []string   `json:"amr" doc:"How the person signed in (RFC 8176)"`
	AuthTime  time.Time  `json:"auth_time" doc:"When the person signed in last"`
	CreatedAt time.Time  `json:"created_at" doc:"When it began"`
	LastSeen  time.Time  `json:"last_seen" doc:"When it was used last, within a minute"`
	EndedAt   *time.Time `json:"ended_at,omitempty" doc:"When it was ended"`
	Device    string     `json:"device" doc:"Browser"`
	Address   string     `json:"address" doc:"Network address of the login"`
}

// SessionParty is where a session signed in.
type SessionParty struct {
	ID   string    `json:"id" doc:"Client, or service behind a bridge"`
	Name string    `json:"name" doc:"Its name"`
	At   time.Time `json:"at" doc:"When it signed in there last"`
}

// SessionNotice is a logout message to a relying party.
type SessionNotice struct {
	To       string     `json:"to" doc:"Client, or service behind a bridge"`
	Name     string     `json:"name" doc:"Its name"`
	State    string     `json:"state" enum:"none,waiting,done,dead" doc:"none: the session goes on, or the receipt is gone; dead: given up after a day"`
	Attempts int        `json:"attempts" doc:"How often it was tried"`
	At       *time.Time `json:"at,omitempty" doc:"When it was delivered or given up, or when it is tried again"`
}

// SessionDetail is a session with its relying parties.
type SessionDetail struct {
	SessionRecord
	Name    string          `json:"name" doc:"Masked name of the person"`
	Parties []SessionParty  `json:"parties" doc:"Where it signed in"`
	Notices []SessionNotice `json:"logout_notices" doc:"Logout messages to those that asked for them"`
}

const tagSessions = "sessions"

// watchers are who may look at what people do: not those who set up the platform.
var watchers = []string{idp.RoleSecurityAdmin, idp.RoleAuditAdmin}

func (s *Server) sessionRecord(v session.Session) SessionRecord {
	r := SessionRecord{SID: v.ID, AccountID: v.AccountID, State: v.StateAt(s.Now()), AAL: v.AAL, Methods: v.Methods, AuthTime: v.AuthTime, CreatedAt: v.CreatedAt, LastSeen: v.LastSeen, Device: v.Device, Address: v.Address}
	if !v.EndedAt.IsZero() {
		r.EndedAt = &v.EndedAt
	}
	return r
}

// PathSID names a session.
type PathSID struct {
	SID string `path:"sid" maxLength:"64" doc:"Identifier of the session"`
}

func (s *Server) sessionsAPI(api huma.API) {
	huma.Register(api, operation(tagSessions, "list-sessions", get, "sessions", "会话列表 List sessions of an account, the last used first", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		Account string `query:"account" required:"true" maxLength:"64" doc:"Identifier of the account"`
	}) (*listing[SessionRecord], error) {
		return s.listSessions(ctx, in.Account, in.After, in.Limit)
	})
	huma.Register(api, operation(tagSessions, "search-accounts", post, "sessions/search", "按手机号或邮箱查找账号 Find the account of a person; each search is audited", http.StatusOK), func(ctx context.Context, in *struct {
		Body struct {
			Reason
			Identifier string `json:"identifier" minLength:"1" maxLength:"200" doc:"Mobile number or e-mail address"`
		}
	}) (*struct {
		Body struct {
			AccountID string `json:"account_id" doc:"Identifier of the account"`
			Name      string `json:"name" doc:"Masked name"`
			State     string `json:"state" enum:"active,suspended,closed" doc:"State of the account"`
		}
	}, error) {
		account, err := s.findAccount(ctx, in.Body.Identifier, in.Body.Reason.Reason)
		if err != nil {
			return nil, err
		}
		out := &struct {
			Body struct {
				AccountID string `json:"account_id" doc:"Identifier of the account"`
				Name      string `json:"name" doc:"Masked name"`
				State     string `json:"state" enum:"active,suspended,closed" doc:"State of the account"`
			}
		}{}
		out.Body.AccountID, out.Body.State = account.ID, string(account.State)
		out.Body.Name, err = s.maskedName(ctx, account.ID)
		return out, err
	})
	huma.Register(api, operation(tagSessions, "get-session", get, "sessions/{sid}", "会话详情 One session with its relying parties", http.StatusOK), func(ctx context.Context, in *PathSID) (*tagged[SessionDetail], error) {
		return answer(s.sessionDetail(ctx, in.SID))
	})
	huma.Register(api, operation(tagSessions, "end-session", post, "sessions/{sid}/termination", "结束会话 End a session and tell its relying parties", http.StatusOK), func(ctx context.Context, in *struct {
		PathSID
		Body struct{ Reason }
	}) (*tagged[SessionDetail], error) {
		if err := s.endSession(ctx, in.SID, in.Body.Reason.Reason); err != nil {
			return nil, err
		}
		return answer(s.sessionDetail(ctx, in.SID))
	})
	huma.Register(api, operation(tagSessions, "end-all-sessions", post, "sessions/termination", "结束账号的全部会话 End all sessions of an account", http.StatusOK), func(ctx context.Context, in *struct {
		Body struct {
			Reason
			AccountID string `json:"account_id" minLength:"1" maxLength:"64" doc:"Whose sessions"`
		}
	}) (*struct {
		Body struct {
			Ended int `json:"ended" doc:"How many were ended"`
		}
	}, error) {
		ended, err := s.endAllSessions(ctx, in.Body.AccountID, in.Body.Reason.Reason)
		if err != nil {
			return nil, err
		}
		out := &struct {
			Body struct {
				Ended int `json:"ended" doc:"How many were ended"`
			}
		}{}
		out.Body.Ended = ended
		return out, nil
	})
}

func (s *Server) listSessions(ctx context.Context, account, after string, limit int) (*listing[SessionRecord], error) {
	if err := holds(ctx, watchers...); err != nil {
		return nil, err
	}
	page, next, err := s.Sessions.Page(ctx, account, after, limit)
	return recorded(page, next, err, func(v session.Session) (SessionRecord, error) { return s.sessionRecord(v), nil })
}

// findAccount finds the account of a person's identifier. Who looked, why and whether there was one goes into the audit
// record before the answer; the identifier does not.
func (s *Server) findAccount(ctx context.Context, identifier, reason string) (idp.Account, error) {
	if err := holds(ctx, watchers...); err != nil {
		return idp.Account{}, err
	}
	reason, err := reasonOf(reason)
	if err != nil {
		return idp.Account{}, err
	}
	parsed, err := subject.ParseIdentifier(identifier)
	if err != nil {
		return idp.Account{}, fault.New(fault.Invalid).WithField("identifier", fault.IdentifierInvalid)
	}
	account, err := s.Accounts.ByIdentifier(ctx, parsed)
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return account, fault.Wrap(err, fault.Unavailable)
	}
	e := idp.Event(ctx, s.Now(), "account.looked_up", "account", account.ID, map[string]string{"found": strconv.FormatBool(err == nil)})
	e.Reason = reason
	if err := s.Notes.Note(ctx, audit.With(e)); err != nil {
		return account, fault.Wrap(err, fault.Unavailable)
	}
	if err != nil {
		return account, fault.New(fault.NotFound)
	}
	return account, nil
}

// maskedName is the name of a person as administrators see it.
func (s *Server) maskedName(ctx context.Context, accountID string) (string, error) {
	p, err := s.Accounts.Person(ctx, accountID)
	if err != nil {
		return "", err
	}
	return maskedNameOf(p), nil
}

// maskedNameOf is a name that shows who is meant to whoever knows the person: a contact in its place while none is proven.
func maskedNameOf(p idp.Person) string {
	switch {
	case p.Name != "":
		return subject.MaskName(p.Name)
	case p.Mobile != "":
		return subject.MaskIdentifier(subject.Identifier{Kind: subject.Mobile, Value: p.Mobile})
	case p.Email != "":
		return subject.MaskIdentifier(subject.Identifier{Kind: subject.Email, Value: p.Email})
	}
	return ""
}

func (s *Server) sessionDetail(ctx context.Context, sid string) (SessionDetail, error) {
	if err := holds(ctx, watchers...); err != nil {
		return SessionDetail{}, err
	}
	v, err := s.Sessions.Any(ctx, sid)
	if err != nil {
		return SessionDetail{}, err
	}
	d := SessionDetail{SessionRecord: s.sessionRecord(v), Parties: []SessionParty{}, Notices: []SessionNotice{}}
	if d.Name, err = s.maskedName(ctx, v.AccountID); err != nil {
		return d, err
	}
	parties, err := s.Sessions.Parties(ctx, sid)
	if err != nil {
		return d, fault.Wrap(err, fault.Unavailable)
	}
	for _, p := range parties {
		d.Parties = append(d.Parties, SessionParty{p.ClientID, s.PartyName(p.ClientID), p.At})
	}
	messages, err := s.Sessions.Notices(ctx, v)
	if err != nil {
		return d, err
	}
	for _, m := range messages {
		notice, err := s.notice(ctx, m)
		if err != nil {
			return d, err
		}
		d.Notices = append(d.Notices, notice)
	}
	return d, nil
}

// notice says how far a logout message came.
func (s *Server) notice(ctx context.Context, m audit.Message) (SessionNotice, error) {
	var to struct {
		Client  string `json:"client_id"`
		Service string `json:"service_id"`
		Bridge  string `json:"bridge_id"`
	}
	if err := json.Unmarshal(m.Payload, &to); err != nil {
		return SessionNotice{}, err
	}
	n := SessionNotice{To: to.Client + to.Service + to.Bridge, State: "none"}
	n.Name = n.To
	if to.Client != "" {
		n.Name = s.PartyName(to.Client)
	}
	receipt, ok, err := s.Receipt(ctx, m.Topic, m.Key)
	if err != nil {
		return n, fault.Wrap(err, fault.Unavailable)
	}
	if ok {
		n.State, n.Attempts, n.At = receipt.State, receipt.Attempts, &receipt.DueAt
		if !receipt.SettledAt.IsZero() {
			n.At = &receipt.SettledAt
		}
	}
	return n, nil
}

func (s *Server) endSession(ctx context.Context, sid, reason string) error {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return err
	}
	v, err := s.Sessions.Any(ctx, sid)
	if err != nil {
		return err
	}
	_, err = s.Sessions.End(ctx, sid, v.AccountID)
	return err
}

func (s *Server) endAllSessions(ctx context.Context, accountID, reason string) (int, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return 0, err
	}
	if _, err := s.Accounts.Account(ctx, accountID); errors.Is(err, idp.ErrNotFound) {
		return 0, fault.New(fault.NotFound)
	} else if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable)
	}
	return s.Sessions.EndAll(ctx, accountID)
}

// sessionsOfURL lists the sessions of an account; its identifier is ours and names nobody.
func sessionsOfURL(accountID string) string {
	return "/admin/sessions?" + url.Values{"account": {accountID}}.Encode()
}

func sessionURL(sid string) string { return "/admin/sessions/" + url.PathEscape(sid) }

func methodsOf(v SessionRecord) string { return strings.Join(v.Methods, ", ") }
