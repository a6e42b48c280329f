package licensetest

import (
	"errors"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
)

// mandateEnded: under a mandate that stands no longer nothing is stored, and what was given under one is found by who gave it, with the mandate.
func mandateEnded(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	const office = "account:org_1"
	given := grantTo(office, "portal", 1)
	given.Mode, given.Actor, given.Mandate = elicense.GrantDelegate, "account:keeper", "mdt_keeper"
	other := grantTo(office, "portal", 2)
	other.Actor = "account:manager"
	for _, g := range []elicense.Grant{given, other} {
		if err := s.AddGrant(ctx, g, record("given")); err != nil {
			t.Fatal(err)
		}
	}
	if page, next, err := s.ListGrants(ctx, elicense.GrantQuery{HolderRef: office, Actor: "account:keeper", Limit: 1}); err != nil || next != "" || len(page) != 1 || page[0].ID != given.ID || page[0].Mandate != "mdt_keeper" {
		t.Errorf("of one who gave: %+v %q %v", page, next, err)
	}
	if page, _, err := s.ListGrants(ctx, elicense.GrantQuery{HolderRef: office, Actor: "account:keeper", After: given.ID, Limit: 1}); err != nil || len(page) != 0 {
		t.Errorf("behind the last: %+v %v", page, err)
	}
	if _, err := s.Freeze(ctx, freezeOf(office, "lic_2"), record("frozen")); err != nil {
		t.Fatal(err)
	}
	u := usedBy(office, "luse_1", Start)
	u.Agent = "account:keeper"
	if err := s.NoteUse(ctx, []elicense.Use{u}, record("used")); err != nil {
		t.Fatal(err)
	}
	if found, err := s.FindUse(ctx, office, "luse_1"); err != nil || found.Agent != "account:keeper" {
		t.Errorf("who acted: %+v %v", found, err)
	}
	over := elicense.WithBehalf(ctx, elicense.Behalf{Mandate: "mdt_over", Principal: "org_1", Agent: "keeper"})
	late := grantTo(office, "portal", 3)
	for what, change := range map[string]func() error{
		"a grant":            func() error { return s.AddGrant(over, late, record("given")) },
		"the end of a grant": func() error { _, err := s.RevokeGrant(over, given.ID, Start, record("ended")); return err },
		"a freeze":           func() error { _, err := s.Freeze(over, freezeOf(office, ""), record("frozen")); return err },
		"the end of one":     func() error { _, err := s.Unfreeze(over, office, "lic_2", record("thawed")); return err },
	} {
		if err := change(); !errors.Is(err, elicense.ErrMandateOver) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.FindGrant(ctx, late.ID); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("a grant after the end: %v", err)
	}
	if g, err := s.FindGrant(ctx, given.ID); err != nil || !g.RevokedAt.IsZero() {
		t.Errorf("ended after the end: %+v %v", g, err)
	}
	if !frozenNow(t, s, office, "lic_2") || frozenNow(t, s, office, "lic_1") {
		t.Error("freezes after the end")
	}
}
