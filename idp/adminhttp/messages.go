package adminhttp

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// MessageFiguresRecord is what became of a provider's messages on a day. Nobody is named.
type MessageFiguresRecord struct {
	Day       string `json:"day" format:"date" doc:"Day, Beijing time"`
	Provider  string `json:"provider" doc:"Provider, as the configuration names it"`
	Sent      int64  `json:"sent" doc:"The provider took it"`
	Refused   int64  `json:"refused" doc:"The provider knew that the recipient cannot be reached"`
	Delivered int64  `json:"delivered" doc:"Of what was sent: the provider reports that it arrived"`
	Failed    int64  `json:"failed" doc:"Of what was sent: the provider reports that it did not arrive"`
	Unknown   int64  `json:"unknown" doc:"Of what was sent: no report, or one that says neither"`
}

const messagesURL = "/admin/messages"

func (s *Server) messagesPart() part {
	return part{
		api:   s.messagesAPI,
		pages: map[string]pageFunc{"GET " + messagesURL: s.messagesPage},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return s.placeFor(r, idp.AdminRoles, "admin-messages", "admin.messages", "admin.messages.text", messagesURL), nil
		},
	}
}

func (s *Server) messagesAPI(api huma.API) {
	huma.Register(api, operation("messages", "list-message-figures", get, "message-figures", "短信邮件送达统计 What became of messages, by day and provider, the newest day first", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
	}) (*listing[MessageFiguresRecord], error) {
		records, next, err := s.messageFigures(ctx, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return listed(records, next), nil
	})
}

// messageFigures pages the figures behind the cursor DAY.PROVIDER.
func (s *Server) messageFigures(ctx context.Context, after string, limit int) (records []MessageFiguresRecord, next string, err error) {
	if err := reader(ctx); err != nil {
		return nil, "", err
	}
	all, err := s.Messages(ctx, s.Now().AddDate(0, 0, -channel.FiguresDays))
	if err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	begun := after == ""
	for _, f := range all {
		if !begun {
			begun = f.Day+"."+f.Provider == after
			continue
		}
		if len(records) == limit {
			last := records[limit-1]
			return records, last.Day + "." + last.Provider, nil
		}
		records = append(records, MessageFiguresRecord{f.Day, f.Provider, f.Sent, f.Refused, f.Delivered, f.Failed, f.Sent - f.Delivered - f.Failed})
	}
	if !begun {
		return nil, "", fault.New(fault.Malformed)
	}
	return records, "", nil
}

func (s *Server) messagesPage(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	records, next, err := s.messageFigures(r.Context(), after, pageSize)
	if err != nil {
		return err
	}
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	body := web.AdminListPage{Intro: s.Renderer.Text(r, "admin.messages.intro", "days", strconv.Itoa(channel.FiguresDays)), None: text("admin.messages.none"), NoneText: text("admin.messages.none.text"),
		Table: web.Table{Caption: text("admin.messages"), Plain: true, Columns: []web.Column{{Label: text("admin.messages.day")}, {Label: text("admin.messages.provider")}, {Label: text("admin.messages.sent")}, {Label: text("admin.messages.refused")},
			{Label: text("admin.messages.delivered")}, {Label: text("admin.messages.failed")}, {Label: text("admin.messages.unknown")}}}}
	for _, f := range records {
		body.Table.Rows = append(body.Table.Rows, web.Row{Cells: []string{f.Day, f.Provider, count(f.Sent), count(f.Refused), count(f.Delivered), count(f.Failed), count(f.Unknown)}})
	}
	paged(r, &body.Table, messagesURL, after, next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.messages"), Body: body})
}
