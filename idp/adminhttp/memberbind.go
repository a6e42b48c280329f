package adminhttp

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/web"
)

// WantedBinding is the person whom an account of a former release is to belong to.
type WantedBinding struct {
	Login       string `json:"login,omitempty" maxLength:"64" doc:"工号 Login name from then on; absent keeps the one there is"`
	Name        string `json:"name" minLength:"1" maxLength:"60" doc:"Name of the person"`
	Department  string `json:"department,omitempty" maxLength:"64" doc:"Identifier of the department; absent keeps the one there is"`
	Document    string `json:"document,omitempty" maxLength:"40" doc:"Kind of identity document; citizen_id when absent"`
	Number      string `json:"number" minLength:"1" maxLength:"40" doc:"Its number, of which only a keyed hash is kept, in the proposal too"`
	Nationality string `json:"nationality,omitempty" maxLength:"3" doc:"ISO 3166-1 alpha-3, where the kind needs one"`
}

func (s *Server) memberBindingAPI(api huma.API) {
	huma.Register(api, operation(tagStaff, "propose-staff-binding", post, "staff/{id}/binding", "提议关联本人 Propose whom an account that is bound to nobody belongs to; another administrator approves it in the inbox", http.StatusAccepted), func(ctx context.Context, in *struct {
		PathMember
		Body struct {
			Reason
			WantedBinding
		}
	}) (*tagged[InboxRecord], error) {
		return answer(s.proposeBinding(ctx, in.ID, in.Body.WantedBinding, in.Body.Reason.Reason))
	})
}

func (s *Server) proposeBinding(ctx context.Context, id string, in WantedBinding, reason string) (InboxRecord, error) {
	return s.proposed(ctx, reason, func(ctx context.Context) (foureyes.Proposal, error) {
		return s.Members.ProposeBinding(ctx, id, staff.Spec{Login: strings.TrimSpace(in.Login), Name: in.Name, Department: strings.TrimSpace(in.Department), Document: documentOf(in.Document, in.Number, in.Nationality)})
	})
}

// documentOf is an identity document as an administrator types it.
func documentOf(kind, number, nationality string) idp.Identity {
	if kind == "" {
		kind = "citizen_id"
	}
	return idp.Identity{Type: kind, Number: number, Nationality: strings.ToUpper(strings.TrimSpace(nationality))}
}

func bindURL(id string) string { return memberURL(id) + "/binding" }

func (s *Server) memberBindForm(w http.ResponseWriter, r *http.Request) error {
	return s.showMemberBind(w, r, nil, nil)
}

func (s *Server) showMemberBind(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	return s.showMemberProposal(w, r, refusal, memberProposal{name: text("admin.staff.bind"), advice: text("admin.staff.bind.advice"), address: bindURL, errors: personErrors, fill: func(one MemberRecord, body *web.AdminFormPage) {
		body.Facts = []web.ShownField{{Label: text("admin.right.holder"), Value: "staff:" + one.ID}, {Label: text("admin.staff.login"), Value: one.Login}}
		body.Fields = s.personFields(r, typed)
		body.Fields[0].Optional, body.Fields[0].Hint = true, text("admin.staff.bind.login.hint")
	}})
}

func (s *Server) memberBind(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	p, err := s.proposeBinding(r.Context(), r.PathValue("id"), WantedBinding{Login: typed.Get("login"), Name: typed.Get("name"), Department: typed.Get("department"), Document: typed.Get("document"), Number: typed.Get("number"), Nationality: typed.Get("nationality")}, typed.Get(inputReason))
	return settled(w, r, err, func(err error) error { return s.showMemberBind(w, r, typed, err) }, inboxItemURL(p.ID))
}

// bindingFacts are what a binding that waits would make of an account. The number is not among them: nobody keeps it.
func (s *Server) bindingFacts(r *http.Request, b staff.Binding) []web.ShownField {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	kind := b.Document
	for _, one := range s.Accounts.Documents().Kinds() {
		if one.Kind == b.Document {
			kind = one.Name(s.Renderer.Locale(r))
		}
	}
	return []web.ShownField{{Label: text("admin.staff.name"), Value: b.Name}, {Label: text("admin.staff.login"), Value: b.Login}, {Label: text("admin.staff.department"), Value: orDash(b.Department)}, {Label: text("admin.staff.document"), Value: kind}}
}
