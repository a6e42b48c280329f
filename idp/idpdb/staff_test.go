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
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// office is a world with a tree of areas and the service of rights.
type office struct {
	*pair
	engine *foureyes.Engine
	staff  *staff.Service
}

const (
	countyCode, townshipCode, otherCode = "330102", "330102001000", "330105"
)

func newOffice(t *testing.T, db *sqldb.DB) *office {
	t.Helper()
	o := &office{pair: newPair(t, db)}
	o.engine = foureyes.New(foureyes.Config{Store: o.store, Sealer: o.Accounts, Now: o.Clock.Now, Rand: ident.System(), Human: o.Accounts.Human})
	o.staff = staff.New(staff.Config{Store: o.store, Engine: o.engine, Now: o.Clock.Now, Rand: ident.System(), Roles: func(_ context.Context, holder string) ([]string, error) {
		switch {
		case strings.HasPrefix(holder, "staff:nobody"):
			return nil, fault.New(fault.StaffUnknown)
		case holder == "staff:auditor":
			return []string{idp.RoleAuditAdmin}, nil
		}
		return nil, nil
	}})
	if err := o.staff.ApplyAreas(context.Background(), tree()); err != nil {
		t.Fatal(err)
	}
	return o
}

func tree() []staff.Area {
	return []staff.Area{{Code: townshipCode, Name: "某街道"}, {Code: countyCode, Name: "上城区"}, {Code: "330000", Name: "浙江省"}, {Code: "330100", Name: "杭州市"}, {Code: otherCode, Name: "拱墅区"}, {Code: "330102001001", Name: "某社区"}}
}

// security is a security administrator of an area; the empty path is everywhere.
func security(actor, path string, until time.Time) context.Context {
	return reqctx.WithActor(context.Background(), reqctx.Actor{ID: actor, Rights: []reqctx.Right{{Role: idp.RoleSecurityAdmin, Area: path, Until: until}}})
}

func (o *office) want(holder, role, area string) staff.Wanted {
	return staff.Wanted{Holder: holder, Role: role, Area: area, Until: o.Clock.Now().Add(30 * 24 * time.Hour)}
}

// appoint gives a right through two administrators of the county.
func (o *office) appoint(t *testing.T, w staff.Wanted) {
	t.Helper()
	p, err := o.staff.Propose(security("staff:a", county, time.Time{}), w)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.engine.Approve(security("staff:b", county, time.Time{}), p.ID, p.Digest); err != nil {
		t.Fatal(err)
	}
}

func eachOffice(t *testing.T, run func(t *testing.T, o *office)) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) { run(t, newOffice(t, open(t))) })
}

func TestTreeOfAreas(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := context.Background()
		before := o.events(t, "area.applied")
		if err := o.staff.ApplyAreas(ctx, tree()); err != nil || o.events(t, "area.applied") != before || before != 6 {
			t.Errorf("again: %v, %d events", err, o.events(t, "area.applied"))
		}
		village, err := o.staff.Area(ctx, "330102001001")
		if err != nil || village.Level != 5 || village.Path != township+"330102001001/" {
			t.Errorf("%+v %v", village, err)
		}
		if names, err := o.staff.Names(ctx, village.Path); err != nil || strings.Join(names, "") != "浙江省杭州市上城区某街道某社区" {
			t.Errorf("%v %v", names, err)
		}
		if err := o.staff.ApplyAreas(ctx, []staff.Area{{Code: countyCode, Name: "新名"}}); err != nil {
			t.Error(err)
		}
		if a, _ := o.staff.Area(ctx, countyCode); a.Name != "新名" || a.Path != county {
			t.Errorf("%+v", a)
		}
		for name, a := range map[string]staff.Area{
			"no code": {Code: "33", Name: "x"}, "letters": {Code: "33010A", Name: "x"}, "zero": {Code: "000000", Name: "x"}, "no name": {Code: "330108"}, "nothing above": {Code: "440106", Name: "x"},
			"another parent": {Code: countyCode, Parent: "330000", Name: "x"}, "too deep": {Code: "330102001002", Parent: "330102001001", Name: "x"}, "parent is no code": {Code: "330108", Parent: "x", Name: "x"},
		} {
			if err := o.staff.ApplyAreas(ctx, []staff.Area{a}); err == nil {
				t.Errorf("%s was taken", name)
			}
		}
		if err := o.staff.ApplyAreas(ctx, []staff.Area{{Code: "429004", Parent: "330000", Name: "省直管"}}); err != nil { // hangs where its entry says
			t.Error(err)
		}
		var codes []string
		for after := ""; ; {
			page, next, err := o.staff.Areas(ctx, "330100000000", after, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range page {
				codes = append(codes, a.Code)
			}
			if after = next; next == "" {
				break
			}
		}
		if strings.Join(codes, " ") != "330102000000 330105000000" {
			t.Errorf("%v", codes)
		}
		if err := o.staff.ApplyDepartments(ctx, []staff.Department{{ID: "dept-a", Name: "某局", Area: countyCode}, {ID: "dept-b", Name: "某所", Area: townshipCode}, {ID: "dept-c", Name: "某局", Area: otherCode}}); err != nil {
			t.Fatal(err)
		}
		if page, next, err := o.staff.Departments(ctx, county, "", 10); err != nil || next != "" || len(page) != 2 || page[1].ID != "dept-b" {
			t.Errorf("%+v %v", page, err)
		}
		if err := o.staff.ApplyDepartments(ctx, []staff.Department{{ID: "x y", Name: "x", Area: countyCode}}); err == nil {
			t.Error("a bad id was taken")
		}
	})
}

func TestRightsAreGivenByTwoAndNeverWiderThanTheirOwn(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		soon := o.Clock.Now().Add(24 * time.Hour)
		for name, row := range map[string]struct {
			ctx  context.Context
			want staff.Wanted
			code fault.Code
		}{
			"another county":          {security("staff:a", county, time.Time{}), o.want("staff:x", "seal_keeper", otherCode), fault.RightTooWide},
			"the city above":          {security("staff:a", county, time.Time{}), o.want("staff:x", "seal_keeper", "330100"), fault.RightTooWide},
			"everywhere":              {security("staff:a", county, time.Time{}), o.want("staff:x", "seal_keeper", ""), fault.RightTooWide},
			"longer than the own":     {security("staff:a", county, soon), o.want("staff:x", "seal_keeper", townshipCode), fault.RightTooWide},
			"no administrator":        {boss("staff:a", ""), o.want("staff:x", "seal_keeper", townshipCode), fault.RightTooWide},
			"for oneself":             {security("staff:a", county, time.Time{}), o.want("staff:a", "seal_keeper", townshipCode), fault.ProposalSelf},
			"nobody":                  {security("staff:a", county, time.Time{}), o.want("staff:nobody", "seal_keeper", townshipCode), fault.StaffUnknown},
			"no role":                 {security("staff:a", county, time.Time{}), o.want("staff:x", "king", townshipCode), fault.Invalid},
			"a role of machines":      {security("staff:a", county, time.Time{}), o.want("staff:x", idp.RoleRegisterFeed, townshipCode), fault.Invalid},
			"no area":                 {security("staff:a", county, time.Time{}), o.want("staff:x", "seal_keeper", "990000"), fault.AreaUnknown},
			"two of the three":        {security("staff:a", county, time.Time{}), o.want("staff:auditor", idp.RoleSecurityAdmin, townshipCode), fault.AdminRolesMixed},
			"without an end":          {security("staff:a", county, time.Time{}), staff.Wanted{Holder: "staff:x", Role: "seal_keeper", Area: townshipCode}, fault.Invalid},
			"longer than three years": {security("staff:a", county, time.Time{}), staff.Wanted{Holder: "staff:x", Role: "seal_keeper", Area: townshipCode, Until: o.Clock.Now().Add(4 * 366 * 24 * time.Hour)}, fault.Invalid},
		} {
			if _, err := o.staff.Propose(row.ctx, row.want); fault.CodeOf(err) != row.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		p, err := o.staff.Propose(security("staff:a", county, time.Time{}), o.want("staff:x", "seal_keeper", townshipCode))
		if err != nil {
			t.Fatal(err)
		}
		if live, _ := o.staff.Live(context.Background(), "staff:x"); len(live) != 0 {
			t.Fatal("one person was enough")
		}
		for name, row := range map[string]struct {
			ctx  context.Context
			code fault.Code
		}{
			"the proposer":           {security("staff:a", county, time.Time{}), fault.ProposalSelf},
			"who gets it":            {security("staff:x", county, time.Time{}), fault.ProposalSelf},
			"another county's":       {security("staff:b", neighbour, time.Time{}), fault.Forbidden},
			"the village's":          {security("staff:b", township+"330102001001/", time.Time{}), fault.Forbidden},
			"who has less time left": {security("staff:b", county, soon), fault.RightTooWide},
		} {
			if _, err := o.engine.Approve(row.ctx, p.ID, p.Digest); fault.CodeOf(err) != row.code {
				t.Errorf("%s approves: %v", name, err)
			}
		}
		if _, err := o.engine.Approve(security("staff:b", "330000000000/", time.Time{}), p.ID, p.Digest); err != nil {
			t.Fatal(err)
		}
		live, err := o.staff.Live(context.Background(), "staff:x")
		if err != nil || len(live) != 1 || live[0].Path != township || live[0].GrantedBy != "staff:a staff:b" || live[0].Proposal != p.ID {
			t.Fatalf("%+v %v", live, err)
		}
		actor, err := o.staff.Actor(context.Background(), reqctx.Actor{ID: "staff:x"})
		if err != nil || !actor.HasIn("seal_keeper", township) || !actor.HasIn("seal_keeper", township+"330102001001/") || actor.HasIn("seal_keeper", county) || actor.HasIn("seal_keeper", "") || actor.Has("seal_keeper") || actor.HasIn("seal_reviewer", township) {
			t.Errorf("%+v %v", actor, err)
		}
		if o.events(t, "right.granted") != 1 || o.events(t, "proposal.executed") != 1 {
			t.Error("not audited")
		}
		// It ends by itself, and at once when one administrator of the area says so.
		for actor, code := range map[string]fault.Code{neighbour: fault.NotFound, township + "330102001001/": fault.NotFound} {
			if _, err := o.staff.End(security("staff:c", actor, time.Time{}), live[0].ID); fault.CodeOf(err) != code {
				t.Errorf("ended from %s: %v", actor, err)
			}
		}
		o.Clock.Advance(30 * 24 * time.Hour)
		if live, _ := o.staff.Live(context.Background(), "staff:x"); len(live) != 0 {
			t.Error("it outlived its day")
		}
		o.appoint(t, o.want("staff:x", "seal_keeper", countyCode))
		live, _ = o.staff.Live(context.Background(), "staff:x")
		if _, err := o.staff.End(security("staff:c", county, time.Time{}), live[0].ID); err != nil {
			t.Fatal(err)
		}
		if live, _ := o.staff.Live(context.Background(), "staff:x"); len(live) != 0 {
			t.Error("it was ended and lives")
		}
		if _, err := o.staff.End(security("staff:c", county, time.Time{}), live[0].ID); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("ended twice: %v", err)
		}
	})
}

// TestThreeAdministratorsExcludeEachOther: also when two appointments of one person pass each other.
func TestThreeAdministratorsExcludeEachOther(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := context.Background()
		a, b := security("staff:a", county, time.Time{}), security("staff:b", county, time.Time{})
		var proposals []foureyes.Proposal
		for _, role := range idp.AdminRoles {
			p, err := o.staff.Propose(a, o.want("staff:x", role, townshipCode))
			if err != nil {
				t.Fatal(err)
			}
			proposals = append(proposals, p)
		}
		var group sync.WaitGroup
		for _, p := range proposals {
			group.Go(func() { o.engine.Approve(b, p.ID, p.Digest) })
		}
		group.Wait()
		live, err := o.staff.Live(ctx, "staff:x")
		if err != nil || len(live) != 1 {
			t.Fatalf("%d of the three: %+v %v", len(live), live, err)
		}
		for _, p := range proposals { // the others were proposed for a person without rights
			if p, _ := o.engine.Find(ctx, p.ID); p.State == foureyes.Executed {
				continue
			}
			if _, err := o.engine.Approve(b, p.ID, p.Digest); fault.CodeOf(err) != fault.ProposalChanged {
				t.Errorf("%v", err)
			}
		}
		for _, role := range idp.AdminRoles {
			if role == live[0].Role {
				continue
			}
			p, err := o.staff.Propose(a, o.want("staff:x", role, otherCode[:6])) // refused for its area
			if fault.CodeOf(err) != fault.RightTooWide {
				t.Errorf("%v %v", p.ID, err)
			}
			p, err = o.staff.Propose(a, o.want("staff:x", role, countyCode))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.engine.Approve(b, p.ID, p.Digest); fault.CodeOf(err) != fault.AdminRolesMixed {
				t.Errorf("%s beside %s: %v", role, live[0].Role, err)
			}
			if p, _ := o.engine.Find(ctx, p.ID); p.State != foureyes.Open {
				t.Errorf("the proposal is %s", p.State)
			}
			if err := o.staff.Grant(ctx, o.want("staff:x", role, "")); fault.CodeOf(err) != fault.AdminRolesMixed {
				t.Errorf("by a file: %v", err)
			}
			if err := o.staff.CheckRoles(ctx, "staff:x", []string{role}); fault.CodeOf(err) != fault.AdminRolesMixed {
				t.Errorf("everywhere: %v", err)
			}
		}
	})
}

func TestRightsOfAFileAndTheirList(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := context.Background()
		w := o.want("staff:x", idp.RoleSecurityAdmin, countyCode)
		for range 2 {
			if err := o.staff.Grant(ctx, w); err != nil {
				t.Fatal(err)
			}
		}
		if n := o.events(t, "right.granted"); n != 1 {
			t.Errorf("%d were given", n)
		}
		for i := range staff.MaxRights {
			o.Clock.Advance(time.Second)
			if err := o.staff.Grant(ctx, staff.Wanted{Holder: "staff:y", Role: "seal_keeper", Area: townshipCode, Until: o.Clock.Now().Add(time.Duration(i+1) * time.Hour * 24)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.staff.Grant(ctx, o.want("staff:y", "seal_maker", townshipCode)); fault.CodeOf(err) != fault.RightMany {
			t.Errorf("one too many: %v", err)
		}
		seen, pages := map[string]bool{}, 0
		for q := (staff.Query{Path: township, Limit: 20}); ; pages++ {
			page, next, err := o.staff.Page(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				seen[r.ID] = true
			}
			if q.After = next; next == "" {
				break
			}
		}
		if len(seen) != staff.MaxRights || pages != 2 {
			t.Errorf("%d rights on %d pages", len(seen), pages+1)
		}
		if page, _, err := o.staff.Page(ctx, staff.Query{Holder: "staff:x", Limit: 5}); err != nil || len(page) != 1 || page[0].Path != county {
			t.Errorf("%+v %v", page, err)
		}
		if _, err := o.staff.Right(ctx, "right_none"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%v", err)
		}
		if err := o.store.GrantRight(ctx, staff.Right{ID: "r", Holder: "staff:x", Role: "seal_keeper", From: o.Clock.Now()}, 7, nil, testRecord()); !errors.Is(err, staff.ErrConflict) {
			t.Errorf("another version: %v", err)
		}
	})
}

func (o *office) events(t *testing.T, kind string) (n int) {
	t.Helper()
	if err := o.db.Read().QueryRowContext(context.Background(), "SELECT COUNT(*) FROM audit_event WHERE type = $1", kind).Scan(&n); err != nil {
		t.Fatal(fmt.Errorf("count: %w", err))
	}
	return n
}
