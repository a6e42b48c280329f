package app_test

import (
	"context"
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestPortalsBehindBridgesAreLedToTheSurvivor: after a merge a portal is told at the next login by which users it knew the account
// that is gone, and nobody else is told.
func TestPortalsBehindBridgesAreLedToTheSurvivor(t *testing.T) {
	ctx := context.Background()
	portal := newPortal(t)
	p := startFor(t, "sqlite:"+t.TempDir()+"/yinxin.db", portal.host())
	p.Persona(holder, "张三", 2)
	p.Persona(second, "", 0)
	service := cas.Service{Registration: registration("old", portal.URL+"/cas")}
	fresh := cas.Service{Registration: registration("fresh", portal.URL+"/fresh")}
	byPhone := cas.Service{Registration: registration("phone", portal.URL+"/phone")}
	byPhone.UserID = "phone_number"
	apply(t, p, app.Manifest{CASServices: []cas.Service{service, fresh, byPhone}})
	b := hall(portal)
	b.Fields["former_users"] = "formerids"
	o := newOldPortal(t, p, b)
	login := func(identifier, address string) cas.Response {
		return casValidate(t, p, validate3, address, casTicket(t, p, p.SignIn(identifier), address, nil))
	}
	ticketUser := func(identifier string) apptest.Answer {
		return o.user(t, o.exchange(t, o.ticket(t, p.SignIn(identifier))).String("ssotoken"))
	}
	before, beforeTicket := login(second, service.URLs[0]), ticketUser(second).String("userid")
	phoneBefore := login(second, byPhone.URLs[0])
	if len(before.Attributes["former_users"]) != 0 || before.User == "" || beforeTicket == "" {
		t.Fatalf("before: %+v %s", before, beforeTicket)
	}
	person := p.SignIn(second)
	if err := person.Open(ctx, p.URL+"/merge"); err != nil {
		t.Fatal(err)
	}
	press(t, person, map[string]string{"merge-identifier": holder, "merge-password": apptest.Password, "merge-by-password": "1"})
	if page := press(t, person, map[string]string{"merge-confirm": "1"}); !page.Has("merge-done") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	after := login(second, service.URLs[0])
	if after.User == before.User || !slices.Equal(after.Attributes["former_users"], []string{before.User}) {
		t.Errorf("CAS: user %s, former %v, was %s", after.User, after.Attributes["former_users"], before.User)
	}
	answer := ticketUser(holder)
	former, _ := answer.Body["formerids"].([]any)
	if answer.String("userid") == beforeTicket || len(former) != 1 || former[0] != beforeTicket {
		t.Errorf("ticket: %s, was %s", answer.Text, beforeTicket)
	}
	if other := login(holder, fresh.URLs[0]); len(other.Attributes["former_users"]) != 0 {
		t.Errorf("a portal that knew nobody is told %v", other.Attributes["former_users"])
	}
	if same := login(holder, byPhone.URLs[0]); len(same.Attributes["former_users"]) != 0 || phoneBefore.User == "" {
		t.Errorf("a portal that knows contacts is told %v", same.Attributes["former_users"])
	}
}
