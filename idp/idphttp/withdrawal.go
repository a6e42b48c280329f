package idphttp

import (
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// withdrawalPages take back one open case: the own one, or one of a child to which the guardian agreed.
func (s *Server) withdrawalPages(page func(string, func(http.ResponseWriter, *http.Request) error)) {
	page("POST "+proofingPath+"/cases/{case}/withdrawal", s.caseWithdraw)
	page("POST "+actingPath+"/{mandate}/proofing/cases/{case}/withdrawal", s.wardWithdraw)
}

// openCases are cases as a page lists them; label is the word of a way.
func openCases(cases []proofing.Case, base string, label func(method string) string) (all []web.OpenCase) {
	for _, c := range cases {
		all = append(all, web.OpenCase{Label: label(c.Method), At: c.CreatedAt, Action: withdrawalURL(base, c.ID)})
	}
	return all
}

func withdrawalURL(base, id string) string {
	return base + "/cases/" + url.PathEscape(id) + "/withdrawal"
}

// caseWithdraw needs no new login: it only takes something back.
func (s *Server) caseWithdraw(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	back := proofingPath
	if r.PostFormValue("back") == "child" {
		back = newChildPath
	}
	if err := s.Proofing.Withdraw(r.Context(), current.AccountID, r.PathValue("case")); err != nil && fault.CodeOf(err) != fault.Conflict {
		return err
	}
	return see(w, r, back)
}

func (s *Server) wardWithdraw(w http.ResponseWriter, r *http.Request) error {
	r, h, err := s.ward(w, r)
	if err != nil || h == nil {
		return err
	}
	if err := s.useHere(r, mandate.UseWithdraw, r.PathValue("case")); err != nil {
		return err
	}
	if err := s.Proofing.WardWithdraw(r.Context(), h.wardOf(), r.PathValue("case")); err != nil && fault.CodeOf(err) != fault.Conflict {
		return err
	}
	return see(w, r, h.wardURL())
}
