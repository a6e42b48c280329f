package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestSealedOrdersFromEntryToTelling: one keeper enters an order at a page, another confirms it, an application uses a licence under it of which the holder
// sees nothing, and when it is ended the holder finds the grant and the use and gets a message.
func TestSealedOrdersFromEntryToTelling(t *testing.T) {
	const first, second = "13800139551", "13800139552"
	p := apptest.Start(t, database(t))
	p.Persona(holder, holderOfLicence.Name, 2)
	id, _ := issued(t, p)
	wallet := p.SignIn(holder)
	eventually(t, "the licence does not come to its holder", func() bool {
		open(t, wallet, p.URL+"/me/licenses")
		return strings.Contains(wallet.Page.Source, id)
	})
	licenseID := call(t, p, http.MethodGet, "/api/v1/licenses/"+id, adminToken(t, p, elicense.RoleClerk), nil).String("license_id")
	user := adminToken(t, p, elicense.RoleUser)
	p.Persona(first, "张三", 3, elicense.RoleOrders)
	p.Persona(second, "李四", 3, elicense.RoleOrders)
	one, two := p.SignInStaff(first), p.SignInStaff(second)
	form := map[string]string{"order-number": "办〔2026〕7号", "order-organ": "示例市公安局", "order-basis": "刑事诉讼法", "order-client": "console-license-user", "order-case": "A-7", "order-licenses": licenseID + "\n", "order-days": "7"}
	wrong := map[string]string{}
	for input, value := range form {
		wrong[input] = value
	}
	wrong["order-client"] = "nobody"
	if page := submit(t, one, p.URL+"/license/orders/new", wrong); page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Source, "办〔2026〕7号") || !strings.Contains(page.Source, `id="order-client-error"`) {
		t.Errorf("an application that is none: %d %s", page.Status, page.Text)
	}
	page := submit(t, one, p.URL+"/license/orders/new", form)
	at := page.URL.Path
	if !strings.HasPrefix(at, "/license/orders/records/lorder_") || !strings.Contains(page.Text, "待确认") || page.Has("order-confirm") {
		t.Fatalf("entered: %s %s", page.URL, page.Text)
	}
	openPage(t, p, two, "/staff")
	if !strings.Contains(two.Page.Text, "待确认的暂不告知决定") {
		t.Errorf("the home page of the other keeper: %s", two.Page.Text)
	}
	openPage(t, p, two, "/license/orders?state=proposed")
	if !strings.Contains(two.Page.Text, "办〔2026〕7号") {
		t.Errorf("the list: %s", two.Page.Text)
	}
	if page = submit(t, two, p.URL+at, map[string]string{"order-confirm": "1"}); !strings.Contains(page.Text, "生效中") {
		t.Fatalf("confirmed: %d %s", page.Status, page.Text)
	}
	order := strings.TrimPrefix(at, "/license/orders/records/")
	if a := call(t, p, http.MethodGet, "/api/v1/license-orders/"+order, user, nil); a.Status != http.StatusForbidden {
		t.Errorf("an application reads the order: %d %s", a.Status, a.Text)
	}
	request := map[string]any{"license_ids": []string{licenseID}, "item_code": "i", "case_number": "A-7", "purpose_code": "04", "fields": []string{"license_number"}, "order": order}
	a := call(t, p, http.MethodPost, "/api/v1/license-grants", user, request)
	granted := items(t, a)
	if len(granted) != 1 || granted[0]["grant"] == nil {
		t.Fatal(a.Text)
	}
	grant := granted[0]["grant"].(map[string]any)
	if grant["mode"] != "order" || grant["order"] != order {
		t.Errorf("%v", grant)
	}
	if a := call(t, p, http.MethodPost, "/api/v1/license-grants/"+grant["id"].(string)+"/redemptions", user, map[string]any{"purpose_code": "04"}); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	request["case_number"] = "A-8"
	if refused := items(t, call(t, p, http.MethodPost, "/api/v1/license-grants", user, request)); refused[0]["code"] != "YX-LIC-487" {
		t.Errorf("another case: %v", refused)
	}
	const word = "暂不告知决定"
	open(t, wallet, p.URL+"/me/license-grants")
	if strings.Contains(wallet.Page.Text, word) {
		t.Error("the holder sees the grant")
	}
	if page = submit(t, two, p.URL+at, map[string]string{"order-end": "1", "reason": ""}); page.Status != http.StatusUnprocessableEntity || !page.Has("order-end-reason") {
		t.Errorf("ended without a word: %d %s", page.Status, page.Text)
	}
	if page = submit(t, two, p.URL+at, map[string]string{"order-end": "1", "reason": "结案"}); !strings.Contains(page.Text, "已结束") {
		t.Fatalf("ended: %d %s", page.Status, page.Text)
	}
	eventually(t, "the holder is not told", func() bool {
		open(t, wallet, p.URL+"/me/license-grants")
		return strings.Contains(wallet.Page.Text, word)
	})
	if text := messageTo(t, p, holder, "证照"); text == "" {
		t.Error("no message")
	}
	eventually(t, "the order is not told", func() bool {
		openPage(t, p, two, at)
		return strings.Contains(two.Page.Text, "已全部告知持证人")
	})
}
