package adminhttp

import (
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	maxForm  = 256 << 10
	pageSize = 30
	// maxReason is in characters.
	maxReason = 200
)

// form reads a posted form within its bound.
func form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, fault.Wrap(err, fault.Malformed)
	}
	return r.PostForm, nil
}

// reasonOf is the reason of a change, which its audit record needs.
func reasonOf(text string) (string, error) {
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n == 0 || n > maxReason {
		return "", fault.New(fault.AdminReason).WithField("reason", fault.AdminReason)
	}
	return text, nil
}

// mendable tells whether a refusal is shown on the page it came from, with what was typed, and not on a page of its own.
func mendable(err error) bool {
	switch fault.CodeOf(err) {
	case "", fault.Internal, fault.Unauthenticated, fault.Forbidden, fault.NotFound:
		return false
	}
	return true
}

// statusOf is the HTTP status of a refusal.
func statusOf(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return fault.MetaOf(fault.CodeOf(err)).Status
}

// refused is a change that was tried on a page and refused; the zero value is a page without one.
type refused struct {
	err    error
	action string // id of the action
	reason string // what was typed
}

// onto shows a refusal: the summary of the page, and the form of its action opened with what was typed.
func (s *Server) onto(r *http.Request, page *web.Page, actions []web.StateAction, was refused) {
	if was.err == nil {
		return
	}
	field := was.action + "-reason"
	page.Errors = append(page.Errors, s.Renderer.FieldErrors(r, was.err, map[string]string{"reason": field})...)
	for i := range actions {
		if actions[i].ID == was.action && !actions[i].NoReason {
			actions[i].Reason = bounded(was.reason)
			for _, e := range page.Errors {
				if e.Field == field {
					actions[i].Error = e.Message
				}
			}
		}
	}
}

// settled answers a form: what can be mended is shown by again with what was typed, other refusals are pages of their own, and a
// change leads on.
func settled(w http.ResponseWriter, r *http.Request, err error, again func(error) error, onward string) error {
	switch {
	case mendable(err):
		return again(err)
	case err != nil:
		return err
	}
	return see(w, r, onward)
}

// asked settles the question of a list: what can be mended in its filter (fields by the words of the refusal) stands on the page,
// which then shows nothing.
func (s *Server) asked(r *http.Request, page *web.Page, err error, fields map[string]string) (ok bool, _ error) {
	if mendable(err) {
		page.Errors = s.Renderer.FieldErrors(r, err, fields)
		return false, nil
	}
	return err == nil, err
}

// paged gives a table its ways to the first page and the next one. address is that of the list with its filter, without a mark; next is where
// this page ended.
func paged(r *http.Request, t *web.Table, address, after, next string) {
	if after != "" {
		t.PrevURL = address
	}
	t.NextURL = pagemark.Onward(r, address, next)
}

func bounded(text string) string {
	if len(text) > 4096 {
		return ""
	}
	return text
}

// chinaTime is the zone of times in lists.
var chinaTime = time.FixedZone("UTC+8", 8*60*60)

// when is a moment in a list; a dash for none.
func when(at time.Time) string {
	if at.IsZero() {
		return "—"
	}
	return at.In(chinaTime).Format("2006-01-02 15:04")
}

// see leads on after a change, so that a reload does not make it again.
func see(w http.ResponseWriter, r *http.Request, address string) error {
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}
