package problem_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

const cause = `pq: relation "idp_account" does not exist at db-7.internal:5432, key_abc, /srv/yinxin/main.go:12`

func within(locale string) context.Context {
	return reqctx.With(context.Background(), reqctx.Request{ID: "req_1", SupportCode: "ABCD2345", Locale: locale})
}

// logged catches the log lines of a call.
func logged(t *testing.T, call func()) string {
	t.Helper()
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(before)
	call()
	return log.String()
}

func write(t *testing.T, err error, locale string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	w := httptest.NewRecorder()
	log := logged(t, func() {
		problem.Write(w, httptest.NewRequest(http.MethodGet, "/api/v1/x", nil).WithContext(within(locale)), err)
	})
	return w, log
}

// TestR4NoCauseIsShown: not of a fault, not of any other error, whatever is wrapped around it.
func TestR4NoCauseIsShown(t *testing.T) {
	for name, err := range map[string]error{
		"plain":         errors.New(cause),
		"wrapped":       fmt.Errorf("read account: %w", errors.New(cause)),
		"fault":         fault.Wrap(errors.New(cause), fault.Unavailable),
		"fault wrapped": fmt.Errorf("db-7.internal: %w", fault.Wrap(errors.New(cause), fault.Conflict)),
		"joined":        errors.Join(errors.New(cause), fault.New(fault.NotFound)),
		"unknown code":  fault.Wrap(errors.New(cause), "YX-NONE-999"),
	} {
		w, log := write(t, err, "zh-CN")
		for _, secret := range []string{"pq:", "idp_account", "db-7", "key_abc", "main.go", "read account"} {
			if strings.Contains(w.Body.String(), secret) || strings.Contains(fmt.Sprint(w.Header()), secret) {
				t.Errorf("%s: the answer holds %q: %s", name, secret, w.Body)
			}
		}
		if !strings.Contains(log, "idp_account") && name != "joined" || !strings.Contains(log, "ABCD2345") {
			t.Errorf("%s: the log does not tell the cause: %s", name, log)
		}
	}
}

func TestProblemHasOneShape(t *testing.T) {
	w, log := write(t, fault.Wrap(errors.New(cause), fault.Unavailable), "en")
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	meta := fault.MetaOf(fault.Unavailable)
	for name, want := range map[string]any{"type": "about:blank", "title": meta.Title.In("en"), "status": 503.0, "code": "YX-CORE-503", "hint": meta.Hint.In("en"), "request_id": "req_1", "support_code": "ABCD2345", "retryable": true} {
		if body[name] != want {
			t.Errorf("%s is %v, want %v", name, body[name], want)
		}
	}
	if len(body) != 8 {
		t.Errorf("members %v", body)
	}
	if w.Code != 503 || w.Header().Get("Content-Type") != problem.ContentType || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Retry-After") != "5" || !strings.Contains(log, "level=ERROR") {
		t.Errorf("%d %v, %s", w.Code, w.Header(), log)
	}
	w, log = write(t, fault.New(fault.NotFound), "zh-CN")
	if w.Code != 404 || w.Header().Get("Retry-After") != "" || !strings.Contains(w.Body.String(), "未找到") || strings.Contains(log, "level=ERROR") {
		t.Errorf("%d %v %s, %s", w.Code, w.Header(), w.Body, log)
	}
	if w, _ = write(t, fault.New(fault.LoginLocked, "m", "15").After(900), "zh-CN"); w.Header().Get("Retry-After") != "900" || !strings.Contains(w.Body.String(), "15 分钟") {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
}

func TestFieldsCarryCodeAndWords(t *testing.T) {
	w, _ := write(t, fault.New(fault.Invalid).WithField("name", fault.ProofingName).WithField("number", fault.ProofingNumber), "en")
	var body problem.Document
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if w.Code != 422 || len(body.Errors) != 2 || body.Errors[1] != (problem.FieldError{Field: "number", Code: "YX-IDV-202", Message: "The ID number is not valid"}) {
		t.Errorf("%+v", body)
	}
}

// TestEveryCodeOfTheCatalogueIsComplete: a code without words or with an odd status would reach people.
func TestEveryCodeOfTheCatalogueIsComplete(t *testing.T) {
	seen := map[fault.Code]bool{}
	for _, meta := range fault.Codes() {
		if meta.Status < 400 || meta.Status > 599 || seen[meta.Code] {
			t.Errorf("%s: status %d, twice %v", meta.Code, meta.Status, seen[meta.Code])
		}
		seen[meta.Code] = true
		for _, locale := range i18n.Locales() {
			if meta.Title[locale] == "" || meta.Hint[locale] == "" {
				t.Errorf("%s has no words in %s", meta.Code, locale)
			}
		}
	}
}

// TestR4FrameworkAnswersTellNothingInside: what the API framework finds by itself goes through the same shape.
func TestR4FrameworkAnswersTellNothingInside(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		errs   []error
		want   int
		code   fault.Code
	}{
		{"a fault of an operation", 500, []error{fault.Wrap(errors.New(cause), fault.Conflict)}, 409, fault.Conflict},
		{"another error of an operation", 500, []error{errors.New(cause)}, 500, fault.Internal},
		{"a failure without an error", 500, nil, 500, fault.Internal},
		{"a gateway's failure", 502, nil, 502, fault.Internal},
		{"unavailable", 503, nil, 503, fault.Unavailable},
		{"malformed", 400, []error{errors.New(cause)}, 400, fault.Malformed},
		{"not signed in", 401, nil, 401, fault.Unauthenticated},
		{"forbidden", 403, nil, 403, fault.Forbidden},
		{"not found", 404, nil, 404, fault.NotFound},
		{"precondition", 412, nil, 412, fault.Conflict},
		{"too large", 413, nil, 413, fault.TooLarge},
		{"media type", 415, nil, 415, fault.UnsupportedMedia},
		{"values", 422, []error{&huma.ErrorDetail{Location: "body.name", Message: "expected length >= 1", Value: "secret value"}}, 422, fault.Invalid},
		{"too many", 429, nil, 429, fault.TooManyRequests},
	} {
		var answer huma.StatusError
		message := "validation failed"
		if test.status >= 500 {
			message = cause
		}
		log := logged(t, func() { answer = problem.FromFramework(nil, test.status, message, test.errs...) })
		body, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		document, ok := answer.(*problem.Document)
		if !ok || answer.GetStatus() != test.want || document.Code != string(test.code) {
			t.Errorf("%s: %d %s", test.name, answer.GetStatus(), body)
		}
		for _, secret := range []string{"idp_account", "db-7", "secret value"} {
			if strings.Contains(string(body), secret) {
				t.Errorf("%s: the answer holds %q: %s", test.name, secret, body)
			}
		}
		if test.status >= 500 && test.want == 500 && !strings.Contains(log, "idp_account") {
			t.Errorf("%s: the log does not tell the cause: %s", test.name, log)
		}
		if test.name == "values" && (len(document.Errors) != 1 || document.Errors[0].Field != "body.name" || document.Detail != "validation failed") {
			t.Errorf("%s: %s", test.name, body)
		}
	}
}
