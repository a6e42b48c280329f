package licensehttp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// desk is a stand-in of the room of mandates: the holder of these tests has a keeper, who lends for housing funds alone, and a manager.
type desk struct{}

// Act implements licensehttp.Acting.
func (desk) Act(r *http.Request, _ string) (*http.Request, error) {
	return r, fault.New(fault.Forbidden)
}

// UseLicense implements licensehttp.Acting.
func (desk) UseLicense(*http.Request, string, string, bool) error { return fault.New(fault.Forbidden) }

// Under implements licensehttp.Acting.
func (desk) Under(r *http.Request) (*http.Request, web.ActingExtent, error) {
	actor, id := reqctx.From(r.Context()).Actor, r.PathValue("mandate")
	if actor.ID != "account:"+id {
		return r, web.ActingExtent{}, fault.New(fault.NotFound)
	}
	actor.ActingFor = licensetest.Holder
	return r.WithContext(reqctx.WithActor(r.Context(), actor)), web.ActingExtent{Mandate: id, Principal: strings.TrimPrefix(licensetest.Holder, "account:"), Agent: id, Name: "示例市青禾商贸有限公司",
		Manages: id == "manager", Lends: func(_, purpose string) bool { return id == "manager" || purpose == "04" }}, nil
}

// Agent implements licensehttp.Acting: the keeper left.
func (desk) Agent(_ *http.Request, actor string) (string, bool, error) {
	return "孙**", actor != "account:keeper", nil
}

func TestTheWalletOfAnOrganisationOnPages(t *testing.T) {
	twin := licensetest.NewTwin()
	twin.Standing = map[string]bool{"keeper": true, "manager": true}
	s := siteOf(t, licensetest.NewWorld(t, twin))
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	keeper, manager := caller{"account:keeper", ""}, caller{"account:manager", ""}
	get := func(as caller, path string, want int) string {
		t.Helper()
		r := s.send(as, http.MethodGet, path, "", nil)
		if r.Code != want {
			t.Fatalf("%s by %s: %d, want %d", path, as.id, r.Code, want)
		}
		return r.Body.String()
	}
	post := func(as caller, path string, form url.Values, want int) *httptest.ResponseRecorder {
		t.Helper()
		r := s.send(as, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
		if r.Code != want {
			t.Fatalf("%s by %s: %d, want %d", path, as.id, r.Code, want)
		}
		return r
	}
	form := "/me/acting/keeper/licenses/" + l.ID + "/grant"
	if body := get(keeper, form, http.StatusOK); !strings.Contains(body, `<option value="04"`) || strings.Contains(body, `<option value="05"`) || !strings.Contains(body, `href="/me/acting/keeper"`) {
		t.Errorf("the form is not bounded by the mandate: %s", body)
	}
	typed := url.Values{"grantee": {licensetest.Portal}, "receiver": {"示例市住房公积金管理中心"}, "purpose_code": {"05"}, "kind": {"fields"}, "fields": {"license_number"}, "hours": {"24"}}
	post(keeper, form, typed, http.StatusForbidden)
	typed.Set("purpose_code", "04")
	if to := post(keeper, form, typed, http.StatusSeeOther).Header().Get("Location"); !strings.HasPrefix(to, "/me/acting/keeper/license-grants#lgrant_") {
		t.Errorf("led to %s", to)
	}
	get(keeper, "/me/acting/manager/license-grants", http.StatusNotFound)
	get(keeper, "/me/acting/keeper/license-uses", http.StatusForbidden)
	get(keeper, "/me/acting/keeper/license-freezes", http.StatusForbidden)
	list := get(manager, "/me/acting/manager/license-grants", http.StatusOK)
	for _, want := range []string{"孙**", "此人已不再代为办理", `name="giver" value="account:keeper"`, "经办人代为授权"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list lacks %s", want)
		}
	}
	post(manager, "/me/acting/manager/license-grants/end", url.Values{"giver": {"account:keeper"}}, http.StatusSeeOther)
	if list = get(manager, "/me/acting/manager/license-grants", http.StatusOK); strings.Contains(list, `name="giver"`) || !strings.Contains(list, "已撤回") {
		t.Errorf("after the end: %s", list)
	}
	post(manager, "/me/acting/manager/license-freezes", url.Values{"license": {"all"}}, http.StatusSeeOther)
	if body := get(manager, "/me/acting/manager/license-freezes", http.StatusOK); !strings.Contains(body, `action="/me/acting/manager/license-freezes/end"`) {
		t.Errorf("freezes: %s", body)
	}
	post(keeper, form, typed, http.StatusConflict)
	if body := get(manager, "/me/acting/manager/license-uses", http.StatusOK); !strings.Contains(body, "还没有用证记录") {
		t.Errorf("the ledger: %s", body)
	}
}
