package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// sealKeepers adapts the room of mandates, and that of staff, to seals: whom an organisation named, and who is the same human.
type sealKeepers struct{ app *App }

// Naming implements esign.Keepers. It is read anew each time, so that an end counts at once on every node.
func (k sealKeepers) Naming(ctx context.Context, code string) (esign.Naming, error) {
	keeping, err := k.app.Mandates.KeepersByCode(ctx, code)
	if err != nil {
		return esign.Naming{}, err
	}
	now := k.app.opts.Now()
	naming := esign.Naming{Named: !keeping.Since.IsZero()}
	for _, one := range keeping.Keepers {
		if !one.Keeps(now) {
			continue
		}
		keeper := esign.Keeper{Actor: "account:" + one.Mandate.Agent, Until: one.Mandate.NotAfter, Rests: one.Rests(now)}
		if !slices.Contains(one.Mandate.Items, mandate.AllItems) {
			keeper.Seals = one.Mandate.Items
		}
		naming.Keepers = append(naming.Keepers, keeper)
	}
	return naming, nil
}

// Human implements esign.Keepers. An account of staff that is bound to nobody stands for nobody.
func (k sealKeepers) Human(ctx context.Context, actor string) (string, error) {
	human, err := k.app.Members.Human(ctx, actor)
	if fault.CodeOf(err) == fault.StaffUnbound {
		return "", nil
	}
	return human, err
}

// sealPeople adapts the room of staff to personal seals.
type sealPeople struct{ sealKeepers }

// PersonByLogin implements esign.People.
func (k sealPeople) PersonByLogin(ctx context.Context, login string) (esign.Person, error) {
	m, err := k.app.Members.ByLogin(ctx, login)
	return k.person(ctx, m, err)
}

// Person implements esign.People.
func (k sealPeople) Person(ctx context.Context, account string) (esign.Person, error) {
	id, ok := strings.CutPrefix(account, "staff:")
	if !ok {
		return esign.Person{}, esign.ErrNotFound
	}
	m, err := k.app.Members.Member(ctx, id)
	return k.person(ctx, m, err)
}

// person is somebody of staff as seals know them. An account that is bound to nobody is nobody's, and one without a name is called by its login
// name elsewhere, which is none for a seal.
func (k sealPeople) person(ctx context.Context, m staff.Member, err error) (esign.Person, error) {
	switch {
	case errors.Is(err, staff.ErrNotFound), fault.CodeOf(err) == fault.NotFound:
		return esign.Person{}, esign.ErrNotFound
	case err != nil:
		return esign.Person{}, err
	}
	p := esign.Person{Account: m.Actor(), Organisation: m.Department, Works: m.State == staff.MemberActive && len(m.Human) > 0}
	if len(m.NameSealed) > 0 {
		p.Name, err = k.app.Members.Name(ctx, m)
	}
	return p, err
}

// Name implements esign.Keepers.
func (k sealKeepers) Name(ctx context.Context, actor string) (string, error) {
	return k.app.sideName(ctx, strings.TrimPrefix(actor, "account:"))
}
