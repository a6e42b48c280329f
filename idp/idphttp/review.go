package idphttp

import (
	"context"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	reviewPath     = "/review"
	reviewPageSize = 20
)

// reviewPages are those of staff who decide on cases that no source can (人工审核).
func (s *Server) reviewPages(page func(string, func(http.ResponseWriter, *http.Request) error)) {
	page("GET "+reviewPath, s.asReviewer(s.reviewQueue))
	page("GET "+reviewPath+"/{id}", s.asReviewer(s.reviewCase))
	page("POST "+reviewPath+"/{id}/field", s.asReviewer(s.reviewField))
	page("POST "+reviewPath+"/{id}/decision", s.asReviewer(s.reviewDecide))
}

type reviewerPage func(w http.ResponseWriter, r *http.Request, reviewer proofing.Reviewer) error

// asReviewer lets those in who hold the role now; the role is read with every request.
func (s *Server) asReviewer(next reviewerPage) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		actor := reqctx.From(r.Context()).Actor
		if actor.ID == "" && r.Method == http.MethodGet {
			return see(w, r, s.Console.LoginURL(r.URL.RequestURI()))
		}
		if id := r.PathValue("id"); actor.ID == "" && id != "" && s.Console.Keep != nil {
			if back, err := s.Console.Keep(w, r, reviewPath+"/"+id); err == nil && back != "" {
				return see(w, r, s.Console.LoginURL(back))
			}
		}
		if !actor.Has(idp.RoleProofingReviewer) {
			return fault.New(fault.Forbidden)
		}
		reviewer, err := s.Reviewer(r.Context())
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		return next(w, r.WithContext(reqctx.Using(r.Context(), idp.RoleProofingReviewer)), reviewer)
	}
}

// readMark reads where a page of the queue goes on: "micros.id".
func readMark(text string) (m proofing.QueueMark, err error) {
	if text == "" {
		return m, nil
	}
	at, id, ok := strings.Cut(text, ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || id == "" || len(text) > 128 {
		return m, fault.New(fault.Malformed)
	}
	return proofing.QueueMark{DueAt: time.UnixMicro(micros).UTC(), ID: id}, nil
}

// reviewKinds are the methods whose cases people decide.
var reviewKinds = []string{proofing.ManualReview, proofing.GuardianConsent, proofing.Sample}

// reviewPage is a page of the queue, for the console and the API; next is empty on the last one.
func (s *Server) reviewPage(ctx context.Context, kind string, overdue bool, after proofing.QueueMark, limit int) (items []proofing.ReviewItem, next string, err error) {
	q := proofing.QueueQuery{After: after, Method: kind, Limit: limit + 1}
	if overdue {
		q.Overdue = s.Now()
	}
	if items, err = s.Proofing.ReviewQueue(ctx, q); err != nil || len(items) <= limit {
		return items, "", err
	}
	last := items[limit-1]
	return items[:limit], strconv.FormatInt(last.DueAt.UnixMicro(), 10) + "." + last.ID, nil
}

func (s *Server) reviewQueue(w http.ResponseWriter, r *http.Request, reviewer proofing.Reviewer) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	mark, err := readMark(after)
	if err != nil {
		return err
	}
	query, filter := r.URL.Query(), url.Values{}
	kind, overdue := query.Get("kind"), query.Get("overdue") == "1"
	if kind != "" && !slices.Contains(reviewKinds, kind) {
		return fault.New(fault.Malformed)
	}
	items, next, err := s.reviewPage(r.Context(), kind, overdue, mark, reviewPageSize)
	if err != nil {
		return err
	}
	body := web.ReviewQueuePage{Kind: kind, Kinds: reviewKinds, Overdue: overdue}
	if kind != "" {
		filter.Set("kind", kind)
	}
	if overdue {
		filter.Set("overdue", "1")
	}
	if mark.ID != "" {
		body.FirstURL = reviewPath + "?" + filter.Encode()
	}
	body.NextURL = pagemark.Onward(r, strings.TrimSuffix(reviewPath+"?"+filter.Encode(), "?"), next)
	for _, item := range items {
		body.Items = append(body.Items, web.ReviewItem{URL: reviewPath + "/" + url.PathEscape(item.ID), ID: item.ID, Since: item.CreatedAt, DueAt: item.DueAt, Overdue: item.Overdue,
			Second: item.State == proofing.Manual2, Sample: item.Method == proofing.Sample, Own: item.AccountID == reviewer.Account})
	}
	return s.Pages.Page(w, r, http.StatusOK, "review", web.Page{Identity: s.Console.Identity(r), Body: body})
}

func (s *Server) reviewCase(w http.ResponseWriter, r *http.Request, reviewer proofing.Reviewer) error {
	return s.showReview(w, r, reviewer, http.StatusOK, nil, nil)
}

// opened is a field that this answer shows.
type opened struct {
	field, value string
	picture      []byte
}

func (s *Server) showReview(w http.ResponseWriter, r *http.Request, reviewer proofing.Reviewer, status int, failures []web.FieldError, open *opened) error {
	view, err := s.Proofing.ReviewCase(r.Context(), reviewer, r.PathValue("id"))
	if err != nil {
		return err
	}
	kind, _ := s.Accounts.Documents().Find(view.Document)
	address := reviewPath + "/" + url.PathEscape(view.ID)
	document := kind.Name(reqctx.From(r.Context()).Locale)
	if view.Organisation {
		document = s.Pages.Text(r, "review.organisation")
	}
	body := web.ReviewCasePage{ID: view.ID, Document: document, Office: view.Organisation, Tier: int(view.Wanted), Since: view.CreatedAt, DueAt: view.DueAt, Overdue: view.Overdue, Decisions: view.Reviews,
		FieldURL: address + "/field", DecisionURL: address + "/decision", Version: view.Version(), Codes: proofing.RefusalCodes, Code: r.PostFormValue("reason-code"), Asked: r.PostFormValue("field")}
	body.Guardian, body.Relation, body.Ward = view.Guardian, view.Relation, view.Ward
	if view.Sampled != nil {
		body.Sample, body.Source, body.Evidence = s.Pages.Text(r, "proofing.method."+view.Sampled.Method), view.Sampled.Source, view.Sampled.Evidence
	}
	if body.Asked == "" {
		body.Reason = r.PostFormValue("reason")
	}
	for _, f := range view.Fields {
		label, n, _ := strings.Cut(f.Field, "-")
		if view.Organisation {
			label = "office_" + label
		}
		field := web.ReviewField{Field: f.Field, Label: s.Pages.Text(r, "review.field."+label), Number: n, Value: f.Value}
		if open != nil && open.field == f.Field {
			field.Open, field.Value = true, open.value
			if open.picture != nil { // JPEG or PNG, which was looked at when it was taken
				field.Picture = template.URL("data:" + open.value + ";base64," + base64.StdEncoding.EncodeToString(open.picture)) //nolint:gosec // media type of our own, base64
			}
		}
		body.Fields = append(body.Fields, field)
	}
	return s.Pages.Page(w, r, status, "review-case", web.Page{Identity: s.Console.Identity(r), Errors: failures, Body: body})
}

func (s *Server) reviewField(w http.ResponseWriter, r *http.Request, reviewer proofing.Reviewer) error {
	field := r.PostFormValue("field")
	value, picture, err := s.Proofing.OpenField(r.Context(), reviewer, r.PathValue("id"), field, r.PostFormValue("reason"))
	if fault.CodeOf(err) == fault.ReviewReason {
		failures := s.Pages.FieldErrors(r, err, map[string]string{"reason": "open-reason"})
		return s.showReview(w, r, reviewer, fault.MetaOf(fault.ReviewReason).Status, failures, nil)
	}
	if err != nil {
		return err
	}
	return s.showReview(w, r, reviewer, http.StatusOK, nil, &opened{field, value, picture})
}

var errDecision = errors.New("idphttp: decision is neither approve nor refuse")

func (s *Server) reviewDecide(w http.ResponseWriter, r *http.Request, reviewer proofing.Reviewer) error {
	decision := r.PostFormValue("decision")
	if decision != "approve" && decision != "refuse" {
		return fault.Wrap(errDecision, fault.Malformed)
	}
	d := proofing.Decision{Approve: decision == "approve", Reason: r.PostFormValue("reason"), Seen: r.PostFormValue("version")}
	if !d.Approve {
		d.Code = r.PostFormValue("reason-code")
	}
	_, err := s.Proofing.Decide(r.Context(), reviewer, r.PathValue("id"), d)
	if code := fault.CodeOf(err); code == fault.ReviewReason || code == fault.ReviewCode {
		return s.showReview(w, r, reviewer, fault.MetaOf(code).Status, s.failed(w, r, err, "reason"), nil)
	}
	if err != nil {
		return err
	}
	return see(w, r, reviewPath)
}
