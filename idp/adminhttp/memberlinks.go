package adminhttp

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/web"
)

// WantedLink is a login at a source of staff that an account is to be linked to.
type WantedLink struct {
	Source  string `json:"source" minLength:"1" maxLength:"64" doc:"Identifier of an upstream source that is for staff"`
	Subject string `json:"subject" minLength:"1" maxLength:"255" doc:"sub of the person in the tokens of the source; only a keyed hash is kept"`
}

// PathMemberLink names a link of an account of staff.
type PathMemberLink struct {
	PathMember
	Source string `path:"source" maxLength:"64" doc:"Identifier of the source"`
}

func (s *Server) memberLinksAPI(api huma.API) {
	huma.Register(api, operation(tagStaff, "propose-staff-link", post, "staff/{id}/links", "提议关联身份源 Propose to link an account of staff to a login at a source; another administrator approves it in the inbox", http.StatusAccepted), func(ctx context.Context, in *struct {
		PathMember
		Body struct {
			Reason
			WantedLink
		}
	}) (*tagged[InboxRecord], error) {
		return answer(s.proposeLink(ctx, in.ID, in.Body.WantedLink, in.Body.Reason.Reason))
	})
	huma.Register(api, operation(tagStaff, "remove-staff-link", post, "staff/{id}/links/{source}/removal", "取消关联身份源 Take a link away at once", http.StatusOK), func(ctx context.Context, in *struct {
		PathMemberLink
		Body struct{ Reason }
	}) (*tagged[MemberRecord], error) {
		return answer(s.removeLink(ctx, in.ID, in.Source, in.Body.Reason.Reason))
	})
}

// wholeMember is an account with the sources that it is linked to.
func (s *Server) wholeMember(ctx context.Context, m staff.Member) (MemberRecord, error) {
	record, err := s.memberRecord(ctx, m)
	if err != nil {
		return record, err
	}
	links, err := s.StaffSources.StaffLinks(ctx, m.ID)
	for _, one := range links {
		record.Sources = append(record.Sources, one.SourceID)
	}
	return record, err
}

func (s *Server) proposeLink(ctx context.Context, id string, in WantedLink, reason string) (InboxRecord, error) {
	return s.proposed(ctx, reason, func(ctx context.Context) (foureyes.Proposal, error) {
		return s.StaffSources.ProposeStaffLink(ctx, id, in.Source, in.Subject)
	})
}

func (s *Server) removeLink(ctx context.Context, id, source, reason string) (MemberRecord, error) {
	ctx, err := s.changeIn(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return MemberRecord{}, err
	}
	if err := s.StaffSources.RemoveStaffLink(ctx, id, source); err != nil {
		return MemberRecord{}, err
	}
	return s.member(ctx, id)
}

func linkURL(id string) string { return memberURL(id) + "/link" }

func (s *Server) memberLinkForm(w http.ResponseWriter, r *http.Request) error {
	return s.showMemberLink(w, r, nil, nil)
}

func (s *Server) showMemberLink(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	errors := map[string]string{"reason": inputReason, "source": "source", "subject": "subject"}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	return s.showMemberProposal(w, r, refusal, memberProposal{name: text("admin.staff.link"), advice: text("admin.staff.link.advice"), address: linkURL, errors: errors, fill: func(one MemberRecord, body *web.AdminFormPage) {
		var sources []web.Option
		for _, source := range s.StaffSources.Sources() {
			sources = append(sources, web.Option{Value: source.ID, Label: source.Name})
		}
		body.Facts = []web.ShownField{{Label: text("admin.staff.name"), Value: one.Name}, {Label: text("admin.staff.login"), Value: one.Login}}
		body.Fields = []web.FormField{
			{Name: "source", Label: text("admin.staff.source"), Kind: web.InputSelect, Value: bounded(typed.Get("source")), Options: sources},
			{Name: "subject", Label: text("admin.staff.subject"), Hint: text("admin.staff.subject.hint"), Value: bounded(typed.Get("subject")), Max: 255},
			{Name: inputReason, Label: text("action.reason"), Hint: text("admin.right.reason.hint"), Value: bounded(typed.Get(inputReason)), Max: maxReason},
		}
	}})
}

func (s *Server) memberLink(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	p, err := s.proposeLink(r.Context(), r.PathValue("id"), WantedLink{Source: typed.Get("source"), Subject: typed.Get("subject")}, typed.Get(inputReason))
	return settled(w, r, err, func(err error) error { return s.showMemberLink(w, r, typed, err) }, inboxItemURL(p.ID))
}

func (s *Server) memberUnlink(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id, source := r.PathValue("id"), r.PathValue("source")
	_, err = s.removeLink(r.Context(), id, source, typed.Get(inputReason))
	return settled(w, r, err, func(err error) error {
		return s.showMember(w, r, nil, refused{err, "staff-unlink-" + source, typed.Get(inputReason)})
	}, memberURL(id))
}
