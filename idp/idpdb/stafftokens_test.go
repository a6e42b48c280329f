package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// TestTokensOfStaff: a token carries roles that are held, ends fifteen minutes after the login, with its session or when it is revoked,
// and no more than a few work at a time however they are asked for.
func TestTokensOfStaff(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		db := open(t)
		p := newPayroll(t, db)
		hash := func(string) (string, error) { return "$hash", nil }
		m, _, err := p.members.Apply(context.Background(), staff.Spec{Login: "a001", Name: "王芳", Document: idp.Identity{Type: "citizen_id", Number: "110101199003070011"}, Simulated: true}, hash)
		must(t, err)
		sessions := session.New(session.Config{Store: p.store, Ring: p.Ring, Realm: session.Staff, Now: p.Clock.Now, Rand: ident.System()})
		tokens := staff.NewTokens(staff.TokensConfig{Store: p.store, Ring: p.Ring, Now: p.Clock.Now, Rand: ident.System()})
		signIn := func() (session.Session, context.Context) {
			v, _, err := sessions.Start(context.Background(), idp.Login{AccountID: m.ID, AAL: 2, At: p.Clock.Now()}, "", "")
			must(t, err)
			return v, reqctx.WithActor(context.Background(), reqctx.Actor{ID: m.Actor(), SignedInAt: v.AuthTime, Roles: []string{"seal_keeper"},
				Rights: []reqctx.Right{{Role: "seal_keeper"}, {Role: "seal_maker", Area: "330000000000/"}, {Role: idp.RoleRegisterFeed}}})
		}
		v, ctx := signIn()
		for _, row := range []struct {
			what, name string
			roles      []string
			want       fault.Code
		}{
			{"no purpose", " ", []string{"seal_keeper"}, fault.StaffTokenName},
			{"a long purpose", strings.Repeat("长", 41), []string{"seal_keeper"}, fault.StaffTokenName},
			{"no role", "脚本", nil, fault.StaffTokenRoles},
			{"a role that is not held", "脚本", []string{"seal_keeper", "seal_reviewer"}, fault.StaffTokenRoles},
			{"the role of registers", "脚本", []string{idp.RoleRegisterFeed}, fault.StaffTokenRoles},
		} {
			if _, secret, err := tokens.Make(ctx, m, v.ID, row.name, row.roles); fault.CodeOf(err) != row.want || secret != "" {
				t.Errorf("%s: %v", row.what, err)
			}
		}
		one, secret, err := tokens.Make(ctx, m, v.ID, " 审核  脚本 ", []string{"seal_maker", "seal_maker"})
		must(t, err)
		if one.Name != "审核 脚本" || fmt.Sprint(one.Roles) != "[seal_maker]" || !strings.HasPrefix(secret, "yxst_") || len(secret) != 48 || !one.ExpiresAt.Equal(v.AuthTime.Add(15*time.Minute)) {
			t.Errorf("%+v %d", one, len(secret))
		}
		if counted(t, db, "SELECT COUNT(*) FROM audit_event WHERE type = 'staff.token_made'") != 1 {
			t.Error("the token is not in the audit log")
		}
		if found, err := tokens.Find(ctx, secret); err != nil || found.ID != one.ID || found.Holder != m.ID || found.SID != v.ID {
			t.Errorf("%+v %v", found, err)
		}
		limited := one.Limit(reqctx.From(ctx).Actor)
		if len(limited.Roles) != 0 || len(limited.Rights) != 1 || !limited.HasIn("seal_maker", "330000000000/330100000000/") || limited.HasIn("seal_maker", "") {
			t.Errorf("%+v", limited)
		}
		for _, other := range []string{"", "yxst_", secret + "A", secret[:len(secret)-1], strings.TrimPrefix(secret, "yxst_"), "yxst_" + strings.Repeat("A", 500)} {
			if _, err := tokens.Find(ctx, other); fault.CodeOf(err) != fault.Unauthenticated {
				t.Errorf("%q: %v", other, err)
			}
		}
		if err := tokens.Revoke(ctx, "stf_other", one.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("revoked by another member: %v", err)
		}
		must(t, tokens.Revoke(ctx, m.ID, one.ID))
		if _, err := tokens.Find(ctx, secret); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("revoked: %v", err)
		}
		if err := tokens.Revoke(ctx, m.ID, one.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("revoked again: %v", err)
		}

		var group sync.WaitGroup
		results := make(chan error, 12)
		for range cap(results) {
			group.Go(func() {
				_, _, err := tokens.Make(ctx, m, v.ID, "并行", []string{"seal_keeper"})
				results <- err
			})
		}
		group.Wait()
		close(results)
		made := 0
		for err := range results {
			switch {
			case err == nil:
				made++
			case fault.CodeOf(err) != fault.StaffTokenMany || !errors.Is(err, staff.ErrTokens):
				t.Errorf("%v", err)
			}
		}
		if all, err := tokens.List(ctx, m.ID); err != nil || len(all) != staff.MaxTokens || made != staff.MaxTokens {
			t.Errorf("%d were made, %d work: %v", made, len(all), err)
		}

		_, err = sessions.End(ctx, v.ID, m.ID)
		must(t, err)
		if all, err := tokens.List(ctx, m.ID); err != nil || len(all) != 0 {
			t.Errorf("after the logout: %d %v", len(all), err)
		}
		if _, _, err := tokens.Make(ctx, m, v.ID, "退出后", []string{"seal_keeper"}); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("in a session that ended: %v", err)
		}
		v, ctx = signIn()
		if _, _, err := tokens.Make(ctx, staff.Member{ID: "stf_other"}, v.ID, "他人", []string{"seal_keeper"}); fault.CodeOf(err) != fault.StrongLoginNeeded {
			t.Errorf("for another member: %v", err)
		}
		_, secret, err = tokens.Make(ctx, m, v.ID, "到期", []string{"seal_keeper"})
		must(t, err)
		p.Clock.Advance(15*time.Minute - time.Second)
		if _, err := tokens.Find(ctx, secret); err != nil {
			t.Errorf("a second before its end: %v", err)
		}
		p.Clock.Advance(time.Second)
		if _, err := tokens.Find(ctx, secret); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("at its end: %v", err)
		}
		if _, _, err := tokens.Make(ctx, m, v.ID, "太晚", []string{"seal_keeper"}); fault.CodeOf(err) != fault.StrongLoginNeeded {
			t.Errorf("fifteen minutes after the login: %v", err)
		}

		v, ctx = signIn()
		m, err = p.members.Suspend(administrator("client:b"), m.ID)
		must(t, err)
		if _, _, err := tokens.Make(ctx, m, v.ID, "停用", []string{"seal_keeper"}); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("of a suspended account: %v", err)
		}
	})
}
