package idphttp

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	inputItem  = "mandate-item-" // and the code of a service item
	inputRight = "right-"        // and the word of a right
	itemsShown = 60
)

// ticked are the service items that are ticked in a form.
func ticked(r *http.Request) (codes []string) {
	for name := range r.PostForm {
		if code, ok := strings.CutPrefix(name, inputItem); ok && code != "" {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

// itemsOf are the service items of a form: ticked, and typed by code.
func itemsOf(r *http.Request) []string {
	codes := append(ticked(r), strings.Fields(r.PostFormValue("mandate-items"))...)
	slices.Sort(codes)
	return slices.Compact(codes)
}

// offerItems puts the list of service items onto a form: what is ticked stays on top, whatever is searched for.
func (s *Server) offerItems(r *http.Request, body *web.MandateGivePage, principal string, parent *mandate.Mandate) {
	list, locale := s.Mandates.Items(), s.Pages.Locale(r)
	body.Items, body.Open, body.Search = r.PostFormValue("mandate-items"), !list.Closed, r.PostFormValue("item-search")
	if body.Ask { // whom it is asked of is a person, as yet unknown
		principal = "acc_"
	}
	q := mandate.ItemQuery{Text: body.Search, Principal: principal, Limit: itemsShown}
	if parent != nil {
		q.Within = parent.Items
	}
	chosen := ticked(r)
	for _, code := range chosen {
		body.Chosen = append(body.Chosen, web.ItemChoice{Code: code, Name: s.Pages.Item(locale, code)})
	}
	if s.LicenseItems != nil && parent == nil && mandate.IsOrganisation(principal) {
		known := func(i web.ItemChoice) bool { return slices.Contains(chosen, i.Code) }
		types, purposes := s.LicenseItems(locale)
		body.Types, body.Purposes = slices.DeleteFunc(types, known), slices.DeleteFunc(purposes, known)
	}
	page, next := list.Page(q)
	body.More = next != ""
	for _, group := range list.Groups {
		choices := web.ItemChoices{Name: group.Names[locale]}
		for _, item := range page {
			if item.Group == group.Code && !slices.Contains(chosen, item.Code) {
				choices.Items = append(choices.Items, web.ItemChoice{Code: item.Code, Name: item.Names[locale]})
			}
		}
		if len(choices.Items) > 0 {
			body.Groups = append(body.Groups, choices)
		}
	}
}

// ServiceItem is a service item on the wire.
type ServiceItem struct {
	Code      string            `json:"code" doc:"What mandates and tokens name it by"`
	Group     string            `json:"group" doc:"Code of its group"`
	Names     map[string]string `json:"names" doc:"Name by language: zh-CN, zh-Hant, en"`
	GroupName map[string]string `json:"group_names" doc:"Name of the group by language"`
	For       string            `json:"for" enum:"persons,organisations,both" doc:"Who may be the principal"`
	Delegable bool              `json:"delegable" doc:"false: only the person does it; no mandate names it, and one for all items does not cover it"`
}

type serviceItemList struct {
	Body struct {
		Items []ServiceItem `json:"items"`
		// Closed is told so that a client knows whether other codes are refused.
		Closed bool   `json:"closed" doc:"Mandates that name a code which is not in the list are refused"`
		Next   string `json:"next,omitempty" doc:"Cursor of the next page"`
	}
}

func (s *Server) registerServiceItems(api huma.API) {
	huma.Register(api, mandateOperation("list-service-items", http.MethodGet, "service-items", "政务服务事项清单 List the service items that mandates name, by code"), func(_ context.Context, in *struct {
		MandatePaging
		Query string `query:"query" maxLength:"60" doc:"Part of a name or code"`
		Group string `query:"group" maxLength:"64" doc:"Code of a group"`
	}) (*serviceItemList, error) {
		list, answer := s.Mandates.Items(), &serviceItemList{}
		page, next := list.Page(mandate.ItemQuery{Text: in.Query, Group: in.Group, After: in.After, Limit: in.Limit})
		answer.Body.Items, answer.Body.Closed, answer.Body.Next = make([]ServiceItem, 0, len(page)), list.Closed, next
		for _, i := range page {
			one := ServiceItem{Code: i.Code, Group: i.Group, Names: i.Names, For: i.For, Delegable: !i.Undelegated}
			if one.For == "" {
				one.For = "both"
			}
			for _, g := range list.Groups {
				if g.Code == i.Group {
					one.GroupName = g.Names
				}
			}
			answer.Body.Items = append(answer.Body.Items, one)
		}
		return answer, nil
	})
}
