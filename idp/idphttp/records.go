package idphttp

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/safecsv"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	recordsPage = 30
	// recordsExport bounds an export; whoever has more narrows the dates.
	recordsExport = 5000
)

// signedInAccount is the session of a page of self-service; without one the answer leads to the login.
func (s *Server) signedInAccount(w http.ResponseWriter, r *http.Request) (current session.Session, ok bool, err error) {
	current, ok, err = s.Session(r)
	if err == nil && !ok {
		page := "/me"
		if r.Method == http.MethodGet {
			page = r.URL.RequestURI()
		}
		err = s.toLogin(w, r, page)
	}
	return current, ok, err
}

// recordsQuery reads the filter of the page; what cannot be read filters nothing.
func recordsQuery(accountID string, q url.Values) idp.ReleaseQuery {
	query := idp.ReleaseQuery{AccountID: accountID, ClientID: q.Get("app"), Limit: recordsPage}
	if len(query.ClientID) > 200 {
		query.ClientID = ""
	}
	query.Since, query.Till = dayStart(q, "from"), dayStart(q, "to")
	if !query.Till.IsZero() {
		query.Till = query.Till.AddDate(0, 0, 1)
	}
	return query
}

// chinaTime is legal time, in which people name days.
var chinaTime = time.FixedZone("UTC+8", 8*60*60)

// dayStart reads a day: three inputs of a page, or one value of an address.
func dayStart(q url.Values, name string) time.Time {
	text := q.Get(name)
	if text == "" {
		text = strings.Join([]string{q.Get(name + "-year"), pad(q.Get(name + "-month")), pad(q.Get(name + "-day"))}, "-")
	}
	at, err := time.ParseInLocation(time.DateOnly, text, chinaTime)
	if err != nil {
		return time.Time{}
	}
	return at
}

func pad(number string) string {
	if len(number) == 1 {
		return "0" + number
	}
	return number
}

// recordsFilter is the filter as it goes into addresses.
func recordsFilter(query idp.ReleaseQuery) url.Values {
	q := url.Values{}
	if query.ClientID != "" {
		q.Set("app", query.ClientID)
	}
	if !query.Since.IsZero() {
		q.Set("from", query.Since.In(chinaTime).Format(time.DateOnly))
	}
	if !query.Till.IsZero() {
		q.Set("to", query.Till.In(chinaTime).AddDate(0, 0, -1).Format(time.DateOnly))
	}
	return q
}

func recordsURL(q url.Values) string {
	if len(q) == 0 {
		return "/me/records"
	}
	return "/me/records?" + q.Encode()
}

// recordsList is "who asked for my data".
func (s *Server) recordsList(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	query := recordsQuery(current.AccountID, r.URL.Query())
	page, next, err := s.Ledger.Page(r.Context(), query, after)
	if err != nil {
		return err
	}
	receivers, err := s.Ledger.Receivers(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	filter := recordsFilter(query)
	body := web.RecordsPage{App: query.ClientID, From: filter.Get("from"), To: filter.Get("to"), ExportURL: "/me/records.csv?" + filter.Encode()}
	for _, one := range receivers {
		body.Apps = append(body.Apps, web.Option{Value: one.ClientID, Label: s.receiverName(r, one.ClientID, one.Name)})
	}
	for _, one := range page {
		body.Records = append(body.Records, s.shownRecord(r, one))
	}
	body.NextURL = pagemark.Onward(r, recordsURL(filter), next)
	if after != "" {
		body.PrevURL = recordsURL(filter)
	}
	return s.Pages.Page(w, r, http.StatusOK, "records", web.Page{Identity: s.Identity(r), Self: recordsURL(filter), Body: body})
}

func (s *Server) shownRecord(r *http.Request, one idp.Release) web.Record {
	if one.Channel == idp.ChannelLicense {
		return s.shownUse(r, one)
	}
	shown := web.Record{ID: one.ID, App: s.receiverName(r, one.ClientID, one.Name), Department: one.Department, At: one.First, Last: one.Last, Count: one.Count, Channel: string(one.Channel),
		Claims: s.claimTitles(r, one.Claims), Items: s.itemNames(r, one.Items), Purpose: one.Purpose, Basis: s.basisText(r, one.Basis), DisputeURL: recordURL(one.ID)}
	if one.Channel == idp.ChannelActing {
		shown.MandateURL = "/me/mandates/" + one.Basis.Mandate
	}
	return shown
}

// shownUse is a use of a licence in words: its type, how it was used, and the labels of the fields that were seen.
func (s *Server) shownUse(r *http.Request, one idp.Release) web.Record {
	locale, name := s.Pages.Locale(r), one.License.ID
	licenseType, known := s.LicenseTypes().Find(one.License.TypeCode)
	if known {
		name = licenseType.Name.In(locale)
	}
	shown := web.Record{ID: one.ID, App: s.receiverName(r, one.ClientID, one.Name), Department: one.Department, At: one.First, Last: one.Last, Count: one.Count, Channel: string(one.Channel),
		Purpose: s.Pages.Text(r, "records.use."+one.License.Kind, "license", name), DisputeURL: recordURL(one.ID), FreezeURL: "/me/license-freezes"}
	for _, key := range one.Claims {
		label := s.Pages.Word(r, "claim.", key)
		if known && licenseType.Label(key, locale) != key {
			label = licenseType.Label(key, locale)
		}
		shown.Claims = append(shown.Claims, label)
	}
	return shown
}

// receiverName is who stands in a line; whoever is no application is told by what is known.
func (s *Server) receiverName(r *http.Request, id, name string) string {
	if kind, ok := strings.CutPrefix(id, "urn:yinxin:receiver:"); ok {
		return s.Pages.Word(r, "records.receiver.", kind)
	}
	return name
}

// claimTitles are names of claims in words: those of the vocabulary, or of the catalogue for what is no claim of a person.
func (s *Server) claimTitles(r *http.Request, names []string) []string {
	words, locale := s.Words.Load(), s.Pages.Locale(r)
	var all []string
	for _, name := range names {
		if known, ok := words.Claim(name); ok && known.Title[locale] != "" {
			all = append(all, known.Title[locale])
		} else {
			all = append(all, s.Pages.Word(r, "claim.", name))
		}
	}
	return all
}

// itemNames are service items in words.
func (s *Server) itemNames(r *http.Request, codes []string) (names []string) {
	for _, code := range codes {
		names = append(names, s.Mandates.Items().Name(s.Pages.Locale(r), code))
	}
	return names
}

// basisText is a basis in words.
func (s *Server) basisText(r *http.Request, b idp.Basis) string {
	parts := slices.Clone(b.Statutes)
	if b.Consent > 0 {
		parts = append(parts, s.Pages.Text(r, "records.consent", "n", strconv.FormatInt(b.Consent, 10)))
	}
	if b.Mandate != "" {
		parts = append(parts, s.Pages.Text(r, "records.mandate", "id", b.Mandate))
	}
	return strings.Join(parts, s.Pages.Text(r, "page.list_gap"))
}

// recordsCSV is the list as a file.
func (s *Server) recordsCSV(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	query := recordsQuery(current.AccountID, r.URL.Query())
	query.Limit = recordsExport
	page, next, err := s.Ledger.Page(r.Context(), query, "")
	if err != nil {
		return err
	}
	if next != "" {
		return fault.New(fault.RecordsMany, "limit", strconv.Itoa(recordsExport))
	}
	e := idp.Event(r.Context(), s.Now(), "records.exported", "account", current.AccountID, map[string]string{"lines": strconv.Itoa(len(page))})
	if err := s.Store.Note(r.Context(), audit.With(e)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="records.csv"`)
	h.Set("Cache-Control", "no-store")
	w.Write([]byte("\ufeff")) // spreadsheets take the text for another encoding without it
	out := safecsv.New(w)
	text := func(key string) string { return s.Pages.Text(r, key) }
	lines := []error{out.Write(text("records.first"), text("records.last"), text("records.count"), text("records.app"), text("records.department"), text("records.items"), text("records.channel"), text("records.claims"), text("records.purpose"), text("records.basis"), "id")}
	for _, one := range page {
		shown := s.shownRecord(r, one)
		lines = append(lines, out.Write(one.First.In(chinaTime).Format(time.DateTime), one.Last.In(chinaTime).Format(time.DateTime), strconv.FormatInt(one.Count, 10), shown.App, one.Department, strings.Join(shown.Items, text("page.list_gap")), text("records.channel."+string(one.Channel)),
			strings.Join(shown.Claims, text("page.list_gap")), shown.Purpose, shown.Basis, one.ID))
	}
	return errors.Join(append(lines, out.Flush())...)
}

// recordRoutes are the pages of the ledger.
func (s *Server) recordRoutes(page func(pattern string, handler func(http.ResponseWriter, *http.Request) error)) {
	page("GET /me/records", s.recordsList)
	page("GET /me/records.csv", s.recordsCSV)
	page("GET /me/records/{id}", s.recordPage)
	page("POST /me/records/{id}", s.recordAct)
}
