package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// newStaff keeps areas and rights. Who holds a right is an account in use.
func (a *App) newStaff() *staff.Service {
	return staff.New(staff.Config{Store: a.store, Engine: a.fourEyes, Now: a.opts.Now, Rand: a.opts.Rand, Roles: func(ctx context.Context, holder string) ([]string, error) {
		id, ok := strings.CutPrefix(holder, "account:")
		if !ok {
			return nil, fault.New(fault.StaffUnknown)
		}
		account, err := a.Accounts.Account(ctx, id)
		if errors.Is(err, idp.ErrNotFound) || err == nil && account.State != idp.AccountActive {
			return nil, fault.New(fault.StaffUnknown)
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable)
		}
		return account.Roles, nil
	}})
}

// StaffRight is a right in an area that a file gives. It is added to what the holder has; the console ends it.
type StaffRight struct {
	Role  string    `yaml:"role"`
	Area  string    `yaml:"area"`
	Until time.Time `yaml:"until"`
}

// applyRights gives an account the rights of a file.
func (a *App) applyRights(ctx context.Context, accountID string, rights []StaffRight) error {
	for _, r := range rights {
		if r.Area == "" {
			return errors.New("a right names its area; use roles for everywhere")
		}
		if err := a.Staff.Grant(ctx, staff.Wanted{Holder: "account:" + accountID, Role: r.Role, Area: r.Area, Until: r.Until}); err != nil {
			return fmt.Errorf("right %s in %s: %w", r.Role, r.Area, err)
		}
	}
	return nil
}

// isStaff tells whether an account holds a right in some area.
func (a *App) isStaff(ctx context.Context, accountID string) (bool, error) {
	live, err := a.Staff.Live(ctx, "account:"+accountID)
	return len(live) > 0, err
}

// workRoles are the roles that an account holds somewhere, for the way to where staff work.
func (a *App) workRoles(ctx context.Context, accountID string) (roles []string, err error) {
	live, err := a.Staff.Live(ctx, "account:"+accountID)
	for _, r := range live {
		roles = append(roles, r.Role)
	}
	return roles, err
}
