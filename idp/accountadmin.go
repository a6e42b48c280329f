package idp

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// AccountLine is an account as a list shows it. Nothing in it tells whose it is: nobody browses people.
type AccountLine struct {
	ID         string
	State      AccountState
	Hold       string // word of the register that stopped it, empty for none
	MergedInto string // account that took it up, empty for none
	IAL        subject.IAL
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Kinds of accounts in a query.
const (
	KindPerson       = "person"
	KindOrganisation = "organisation"
)

// AccountQuery is a page of the list of accounts, the newest first.
type AccountQuery struct {
	ID    string       // only this one; empty: all
	State AccountState // only those; empty: all
	Kind  string       // KindPerson or KindOrganisation; empty: both
	At    time.Time    // by which levels are judged
	// Behind is the last entry of the page before; the zero value is the beginning.
	BehindAt time.Time
	BehindID string
	Limit    int
}

// AccountAdminStore is what administration needs of accounts.
type AccountAdminStore interface {
	// AccountPage lists accounts, the newest first.
	AccountPage(ctx context.Context, q AccountQuery) ([]AccountLine, error)
}

// AccountAdmin lists, suspends and resumes accounts for administrators.
type AccountAdmin struct {
	store    AccountAdminStore
	accounts *Accounts
	now      func() time.Time
	// notices tell the person of a change over all channels; key makes them one each.
	notices func(key, accountID, what string) ([]audit.Message, error)
}

// AccountAdminConfig holds what AccountAdmin needs.
type AccountAdminConfig struct {
	Store    AccountAdminStore
	Accounts *Accounts
	Now      func() time.Time
	Notices  func(key, accountID, what string) ([]audit.Message, error)
}

// NewAccountAdmin returns the service.
func NewAccountAdmin(cfg AccountAdminConfig) *AccountAdmin {
	return &AccountAdmin{cfg.Store, cfg.Accounts, cfg.Now, cfg.Notices}
}

// Notices of a change of state.
const (
	NoticeSuspended = "account-suspended"
	NoticeResumed   = "account-resumed"
)

// Page lists accounts; next is empty on the last page.
func (a *AccountAdmin) Page(ctx context.Context, q AccountQuery, after string) (page []AccountLine, next string, err error) {
	if after != "" {
		if q.BehindAt, q.BehindID, err = ReadPagePlace(after); err != nil {
			return nil, "", fault.Wrap(err, fault.Malformed)
		}
	}
	limit := q.Limit
	q.Limit, q.At = limit+1, a.now().UTC()
	if page, err = a.store.AccountPage(ctx, q); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = PagePlace(page[limit-1].CreatedAt, page[limit-1].ID)
	}
	return page, next, nil
}

// Line is one account; fault.NotFound.
func (a *AccountAdmin) Line(ctx context.Context, id string) (AccountLine, error) {
	page, err := a.store.AccountPage(ctx, AccountQuery{ID: id, At: a.now().UTC(), Limit: 1})
	switch {
	case err != nil:
		return AccountLine{}, fault.Wrap(err, fault.Unavailable)
	case len(page) == 0:
		return AccountLine{}, fault.New(fault.NotFound)
	}
	return page[0], nil
}

// Suspend stops an active account: its sessions and tokens end, the systems that it signed in to and the person are told.
// fault.AccountStep when it is not active.
func (a *AccountAdmin) Suspend(ctx context.Context, id, reason string) error {
	return a.move(ctx, id, AccountActive, AccountSuspended, NoticeSuspended, reason)
}

// Resume lets an account that was suspended be used again; fault.AccountStep when it is not suspended, or a register holds it.
func (a *AccountAdmin) Resume(ctx context.Context, id, reason string) error {
	return a.move(ctx, id, AccountSuspended, AccountActive, NoticeResumed, reason)
}

func (a *AccountAdmin) move(ctx context.Context, id string, from, to AccountState, what, reason string) error {
	line, err := a.Line(ctx, id)
	switch {
	case err != nil:
		return err
	case line.State != from, line.Hold != "":
		return fault.New(fault.AccountStep)
	}
	notices, err := a.notices(what+"/"+id+"/"+a.now().UTC().Format(time.RFC3339Nano), id, what)
	if err != nil {
		return err
	}
	err = a.accounts.setState(ctx, id, to, reason, notices...)
	switch {
	case errors.Is(err, ErrNotFound): // a register, a merge or an erasure was faster
		return fault.Wrap(err, fault.AccountStep)
	case err != nil && fault.CodeOf(err) == "":
		return fault.Wrap(err, fault.Unavailable)
	}
	return err
}
