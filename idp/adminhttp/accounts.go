package adminhttp

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// AccountRecord is an account in a list. Nothing in it tells whose it is: nobody browses people.
type AccountRecord struct {
	ID         string    `json:"id" doc:"Identifier"`
	Kind       string    `json:"kind" enum:"person,organisation" doc:"Whose account it is"`
	State      string    `json:"state" enum:"active,suspended,closed,erased" doc:"Only an active account can be used"`
	Hold       string    `json:"hold,omitempty" doc:"Why a register stopped it; only the register frees it"`
	MergedInto string    `json:"merged_into,omitempty" doc:"Account that took it up"`
	IAL        int       `json:"ial" minimum:"0" maximum:"4" doc:"Level of real-name proofing that holds now"`
	CreatedAt  time.Time `json:"created_at" doc:"When it was opened"`
	UpdatedAt  time.Time `json:"updated_at" doc:"When it changed last"`
}

// AccountDetail is one account; opening it is audited.
type AccountDetail struct {
	AccountRecord
	Name        string     `json:"name" doc:"Masked name, or masked contact of somebody without a proven name"`
	Mobile      string     `json:"mobile,omitempty" doc:"Masked mobile number"`
	Email       string     `json:"email,omitempty" doc:"Masked e-mail address"`
	ProvenBy    string     `json:"proven_by,omitempty" doc:"Method of proofing behind the level"`
	ProvenAt    *time.Time `json:"proven_at,omitempty" doc:"When"`
	ProvenUntil *time.Time `json:"proven_until,omitempty" doc:"When the level decays; absent when it does not"`
}

const tagAccounts = "accounts"

func accountRecord(l idp.AccountLine) AccountRecord {
	r := AccountRecord{ID: l.ID, Kind: idp.KindPerson, State: string(l.State), Hold: l.Hold, MergedInto: l.MergedInto, IAL: int(l.IAL), CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt}
	if mandate.IsOrganisation(l.ID) {
		r.Kind = idp.KindOrganisation
	}
	return r
}

// PathAccount names an account.
type PathAccount struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the account"`
}

func (s *Server) accountsAPI(api huma.API) {
	huma.Register(api, operation(tagAccounts, "list-accounts", get, "accounts", "账号列表 List accounts without names, the newest first", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		State string `query:"state" enum:"active,suspended,closed,erased" doc:"Only those in this state"`
		Kind  string `query:"kind" enum:"person,organisation" doc:"Only those of persons, or of organisations"`
	}) (*listing[AccountRecord], error) {
		return s.listAccounts(ctx, in.State, in.Kind, in.After, in.Limit)
	})
	huma.Register(api, operation(tagAccounts, "get-account", get, "accounts/{id}", "账号详情 One account with masked values; each look is audited", http.StatusOK), func(ctx context.Context, in *PathAccount) (*tagged[AccountDetail], error) {
		return answer(s.accountDetail(ctx, in.ID))
	})
	for _, step := range []struct {
		id, path, summary string
		move              func(ctx context.Context, id, reason string) error
	}{
		{"suspend-account", "suspension", "停用账号 Suspend an account; its sessions and tokens end, the person and the systems are told", s.AccountAdmin.Suspend},
		{"resume-account", "resumption", "恢复账号 Let a suspended account be used again", s.AccountAdmin.Resume},
	} {
		huma.Register(api, operation(tagAccounts, step.id, post, "accounts/{id}/"+step.path, step.summary, http.StatusOK), func(ctx context.Context, in *struct {
			PathAccount
			Body struct{ Reason }
		}) (*tagged[AccountRecord], error) {
			return answer(s.moveAccount(ctx, in.ID, in.Body.Reason.Reason, step.move))
		})
	}
}

func (s *Server) listAccounts(ctx context.Context, state, kind, after string, limit int) (*listing[AccountRecord], error) {
	if err := holds(ctx, watchers...); err != nil {
		return nil, err
	}
	page, next, err := s.AccountAdmin.Page(ctx, idp.AccountQuery{State: idp.AccountState(state), Kind: kind, Limit: limit}, after)
	return recorded(page, next, err, func(l idp.AccountLine) (AccountRecord, error) { return accountRecord(l), nil })
}

// accountDetail is one account with what is masked of the person. That somebody looked is in the audit record before the answer.
func (s *Server) accountDetail(ctx context.Context, id string) (AccountDetail, error) {
	if err := holds(ctx, watchers...); err != nil {
		return AccountDetail{}, err
	}
	line, err := s.AccountAdmin.Line(ctx, id)
	if err != nil {
		return AccountDetail{}, err
	}
	if err := s.Notes.Note(ctx, audit.With(idp.Event(ctx, s.Now(), "account.viewed", "account", id, nil))); err != nil {
		return AccountDetail{}, fault.Wrap(err, fault.Unavailable)
	}
	d := AccountDetail{AccountRecord: accountRecord(line)}
	if line.State == idp.AccountErased {
		return d, nil
	}
	p, err := s.Accounts.Person(ctx, id)
	if err != nil {
		return d, err
	}
	d.Name = maskedNameOf(p)
	if p.Mobile != "" {
		d.Mobile = subject.MaskIdentifier(subject.Identifier{Kind: subject.Mobile, Value: p.Mobile})
	}
	if p.Email != "" {
		d.Email = subject.MaskIdentifier(subject.Identifier{Kind: subject.Email, Value: p.Email})
	}
	if p.IAL > 0 {
		d.ProvenBy, d.ProvenAt = p.IALMethod, &p.IALAt
		if !p.IALUntil.IsZero() {
			d.ProvenUntil = &p.IALUntil
		}
	}
	return d, nil
}

func (s *Server) moveAccount(ctx context.Context, id, reason string, move func(ctx context.Context, id, reason string) error) (AccountRecord, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return AccountRecord{}, err
	}
	if err := move(ctx, id, reason); err != nil {
		return AccountRecord{}, err
	}
	line, err := s.AccountAdmin.Line(ctx, id)
	return accountRecord(line), err
}

func accountURL(id string) string { return "/admin/accounts/" + url.PathEscape(id) }
