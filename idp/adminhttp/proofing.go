package adminhttp

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// CertificateAuthorityRecord is an authority whose certificates stand behind levels, and what its revocation lists said last.
type CertificateAuthorityRecord struct {
	Authority   string     `json:"authority" doc:"SM3 digest of the public key that signs its certificates, hex"`
	Issuer      string     `json:"issuer" doc:"Its distinguished name"`
	State       string     `json:"state" enum:"answering,silent,not_asked" doc:"silent: its lists say nothing, and levels stay as they are"`
	Silence     string     `json:"silence,omitempty" enum:"unreadable,untrusted,no_list" doc:"Why its lists say nothing: a file cannot be read, it is not trusted (any more), or no list of it is in force"`
	SilentSince *time.Time `json:"silent_since,omitempty" doc:"Since when"`
	AskedAt     *time.Time `json:"asked_at,omitempty" doc:"Last look at its lists"`
	AnsweredAt  *time.Time `json:"answered_at,omitempty" doc:"Last time that they said something"`
	Watched     int64      `json:"watched" doc:"Certificates behind levels that hold"`
	Revoked     int64      `json:"revoked" doc:"Levels that ended with a revoked certificate"`
	Expired     int64      `json:"expired" doc:"Levels that ended with the time of the certificate"`
	Kept        int64      `json:"kept" doc:"Certificates that were revoked for a reason that the policy lets pass"`
}

const (
	tagProofing = "proofing"
	proofingURL = "/admin/proofing"
)

// proofingPart is what operators see of proofing: no person is named here.
func (s *Server) proofingPart() part {
	return part{
		api:   s.proofingAPI,
		pages: map[string]pageFunc{"GET " + proofingURL: s.proofingPage},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return s.placeFor(r, idp.AdminRoles, "admin-proofing", "admin.proofing", "admin.proofing.text", proofingURL), nil
		},
	}
}

func (s *Server) proofingAPI(api huma.API) {
	huma.Register(api, operation(tagProofing, "list-certificate-authorities", get, "certificate-authorities", "证书机构 Authorities whose certificates stand behind levels, and whether their revocation lists answer", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
	}) (*listing[CertificateAuthorityRecord], error) {
		records, next, err := s.listAuthorities(ctx, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return listed(records, next), nil
	})
	huma.Register(api, operation(tagProofing, "list-proofing-samples", get, "proofing-samples", "抽检统计 Second looks of people at automatic passes, by method", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
	}) (*listing[SampleRecord], error) {
		records, next, err := s.listSamples(ctx, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return listed(records, next), nil
	})
}

// SampleRecord is what came of the second looks at automatic passes of one method, in the days that figures look back.
type SampleRecord struct {
	Method    string `json:"method" doc:"Method of proofing"`
	Share     int    `json:"share" doc:"Passes of a thousand that people look at again, as the policy has it now"`
	Days      int    `json:"days" doc:"How far the figures look back"`
	Waiting   int64  `json:"waiting" doc:"Samples that wait for reviewers"`
	Overdue   int64  `json:"overdue" doc:"Of these, past their due time"`
	Confirmed int64  `json:"confirmed" doc:"Confirmed by people"`
	Failed    int64  `json:"failed" doc:"Not confirmed: the level ended"`
	Dropped   int64  `json:"dropped" doc:"The account was merged before anybody decided"`
}

// listSamples pages the figures by method.
func (s *Server) listSamples(ctx context.Context, after string, limit int) (records []SampleRecord, next string, err error) {
	if err := reader(ctx); err != nil {
		return nil, "", err
	}
	figures, err := s.Proofing.Samples(ctx)
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(figures, func(x, y proofing.SampleFigures) int { return strings.Compare(x.Method, y.Method) })
	for _, f := range figures {
		if f.Method <= after {
			continue
		}
		if len(records) == limit {
			return records, records[limit-1].Method, nil
		}
		records = append(records, SampleRecord{f.Method, f.Share, proofing.SampleDays, f.Waiting, f.Overdue, f.Confirmed, f.Failed, f.Dropped})
	}
	return records, "", nil
}

// samplesSection is the figures on the page: there are no more rows than methods.
func (s *Server) samplesSection(r *http.Request) (web.AdminSection, error) {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	section := web.AdminSection{ID: "proofing-samples", Title: text("admin.proofing.samples"), Text: s.Renderer.Text(r, "admin.proofing.samples.text", "days", strconv.Itoa(proofing.SampleDays))}
	records, _, err := s.listSamples(r.Context(), "", pageSize)
	if err != nil {
		return section, err
	}
	if len(records) == 0 {
		section.Text = text("admin.proofing.samples.none")
		return section, nil
	}
	section.Table = &web.Table{Caption: text("admin.proofing.samples"), Plain: true, Columns: []web.Column{{Label: text("admin.proofing.method")}, {Label: text("admin.proofing.share")}, {Label: text("admin.proofing.waiting")},
		{Label: text("admin.proofing.overdue")}, {Label: text("admin.proofing.confirmed")}, {Label: text("admin.proofing.failed")}, {Label: text("admin.proofing.failures")}}}
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	for _, f := range records {
		failures := "—"
		if decided := f.Confirmed + f.Failed; decided > 0 {
			failures = strconv.FormatFloat(100*float64(f.Failed)/float64(decided), 'f', 1, 64) + " %"
		}
		share := strconv.FormatFloat(float64(f.Share)/10, 'f', 1, 64) + " %"
		section.Table.Rows = append(section.Table.Rows, web.Row{Cells: []string{text("proofing.method." + f.Method), share, count(f.Waiting), count(f.Overdue), count(f.Confirmed), count(f.Failed), failures}})
	}
	return section, nil
}

// unwatchedSection are levels by certificates of which an earlier release kept nothing, and when they end.
func (s *Server) unwatchedSection(r *http.Request) (web.AdminSection, error) {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	section := web.AdminSection{ID: "certificates-unwatched", Title: text("admin.proofing.unwatched"), Text: text("admin.proofing.unwatched.text")}
	f, err := s.Certificates.UnwatchedFigures(r.Context())
	if err != nil {
		return section, err
	}
	if f.Running+f.Ended == 0 {
		section.Text = text("admin.proofing.unwatched.none")
		return section, nil
	}
	first, last := "—", "—"
	if f.Running > 0 {
		first, last = when(f.First), when(f.Last)
	}
	section.Table = &web.Table{Caption: text("admin.proofing.unwatched"), Plain: true, Columns: []web.Column{{Label: text("admin.proofing.unwatched.running")}, {Label: text("admin.proofing.unwatched.first")}, {Label: text("admin.proofing.unwatched.last")}, {Label: text("admin.proofing.unwatched.ended")}},
		Rows: []web.Row{{Cells: []string{strconv.FormatInt(f.Running, 10), first, last, strconv.FormatInt(f.Ended, 10)}}}}
	return section, nil
}

func optionalTime(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

func authorityRecord(a proofing.AuthorityStanding) CertificateAuthorityRecord {
	r := CertificateAuthorityRecord{Authority: a.Authority, Issuer: a.Issuer, State: "answering", Silence: a.Silence, SilentSince: optionalTime(a.SilentSince), AskedAt: optionalTime(a.AskedAt),
		AnsweredAt: optionalTime(a.AnsweredAt), Watched: a.Watched, Revoked: a.Revoked, Expired: a.Expired, Kept: a.Kept}
	switch {
	case a.AskedAt.IsZero():
		r.State = "not_asked"
	case !a.SilentSince.IsZero():
		r.State = "silent"
	}
	return r
}

func (s *Server) listAuthorities(ctx context.Context, after string, limit int) (records []CertificateAuthorityRecord, next string, err error) {
	if err := reader(ctx); err != nil {
		return nil, "", err
	}
	page, next, err := s.Certificates.Standings(ctx, after, limit)
	for _, a := range page {
		records = append(records, authorityRecord(a))
	}
	return records, next, err
}

func (s *Server) proofingPage(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	authorities, next, err := s.listAuthorities(r.Context(), after, pageSize)
	if err != nil {
		return err
	}
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	watched := web.AdminSection{ID: "certificate-authorities", Title: text("admin.proofing.certificates"), Text: text("admin.proofing.certificates.text")}
	if len(authorities) == 0 && after == "" {
		watched.Text = text("admin.proofing.certificates.none")
	} else {
		watched.Table = &web.Table{Caption: text("admin.proofing.certificates"), Plain: true, Columns: []web.Column{{Label: text("admin.proofing.issuer")}, {Label: text("admin.proofing.lists")}, {Label: text("admin.proofing.answered")},
			{Label: text("admin.proofing.watched")}, {Label: text("admin.proofing.revoked")}, {Label: text("admin.proofing.expired")}, {Label: text("admin.proofing.kept")}}}
	}
	for _, a := range authorities {
		standing := text("admin.proofing.lists." + a.State)
		if a.State == "silent" {
			standing = s.Renderer.Text(r, "admin.proofing.lists.silent", "why", text("admin.proofing.silence."+a.Silence), "since", when(*a.SilentSince))
		}
		answered := "—"
		if a.AnsweredAt != nil {
			answered = when(*a.AnsweredAt)
		}
		watched.Table.Rows = append(watched.Table.Rows, web.Row{Cells: []string{a.Issuer, standing, answered, count(a.Watched), count(a.Revoked), count(a.Expired), count(a.Kept)}})
	}
	if watched.Table != nil {
		paged(r, watched.Table, proofingURL, after, next)
	}
	samples, err := s.samplesSection(r)
	if err != nil {
		return err
	}
	unwatched, err := s.unwatchedSection(r)
	if err != nil {
		return err
	}
	body := web.AdminDetailPage{Back: web.Link{Label: text("page.admin"), URL: "/admin"}, Name: text("admin.proofing"), Under: text("admin.proofing.text"), Sections: []web.AdminSection{watched, unwatched, samples}}
	return s.show(w, r, http.StatusOK, "admin-detail", web.Page{Title: text("admin.proofing"), Body: body})
}
