package apptest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

func TestX27WhatTheCanaryKnows(t *testing.T) {
	for text, want := range map[string]string{
		`{"to":"13800138000"}`: "13800138000", "a 11010519491231002X b": "11010519491231002X", "110105194912310021": "110105194912310021", "x\n19912345678": "19912345678",
		"+8613800138000": "8613800138000", "to=%2B8613800138000&x=1": "2B8613800138000", "%2b8613800138000": "2b8613800138000", "008613800138000": "008613800138000",
		"113800138000": "", "req_13800138000": "", "a13800138000": "", "12800138000": "", "110105194913310021": "", "1.2.156.3005.2": "", "": "", "2026-11-26T12:00:00.123456789Z": "",
		"1764262800000": "", "8712345678901": "", "968613800138000": "", "2C8613800138000": "",
	} {
		if got := personalIn(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

// listening is a test whose failures another one reads.
type listening struct {
	testing.TB
	mutex sync.Mutex
	said  []string
}

func (l *listening) Errorf(format string, args ...any) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.said = append(l.said, fmt.Sprintf(format, args...))
}

// TestX27CanaryFindsWhatLeaks: a name or a number that gets into a line of a handler, the text of an error, an address or an audit
// record fails the test in which it does, and what is nobody's fails none.
func TestX27CanaryFindsWhatLeaks(t *testing.T) {
	const mobile, number, name = "13800138064", "110101199003074311", "阿依古丽"
	account := func(p *Platform) idp.Account {
		identifier, err := subject.ParseIdentifier(mobile)
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.App.Accounts.ByIdentifier(context.Background(), identifier)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	recorded := func(text string) func(p *Platform) {
		return func(p *Platform) {
			if err := p.App.Accounts.SetState(context.Background(), account(p).ID, idp.AccountSuspended, text); err != nil {
				t.Error(err)
			}
		}
	}
	address := "/recover?" + url.Values{"name": {name}, "to": {"+86" + mobile}}.Encode()
	for what, leak := range map[string]struct {
		does func(p *Platform)
		tell string // where it stands; empty: nothing leaks
	}{
		"nothing":                  {func(p *Platform) { p.Get(address, "") }, ""},
		"no reason of a person":    {recorded("核查"), ""},
		"a name by a handler":      {func(*Platform) { slog.Info("signed in", "who", name) }, "in the log"},
		"a name in a group":        {func(*Platform) { slog.Info("signed in", slog.Group("person", slog.String("name", name))) }, "in the log"},
		"a number by a handler":    {func(*Platform) { slog.Debug("signed in", "who", mobile) }, "in the log"},
		"a number as it is kept":   {func(*Platform) { slog.Info("sent", "to", "+86"+mobile) }, "in the log"},
		"the number of a document": {func(*Platform) { slog.Warn("refused", "document", number) }, "in the log"},
		"a name in an error": {func(*Platform) {
			slog.Error("failed", "error", fmt.Errorf("store: %w", errors.New("duplicate "+name)))
		}, "in the log"},
		"a quoted name in an error": {func(*Platform) { slog.Error("failed", "error", fmt.Errorf("no person %+q", name)) }, "in the log"},
		"a number in an error":      {func(*Platform) { slog.Error("failed", "error", fmt.Errorf("no account of +86%s", mobile)) }, "in the log"},
		"an address with a name": {func(p *Platform) {
			_, err := http.Get("http://127.0.0.1:1/recover?" + url.Values{"name": {name}}.Encode())
			slog.Warn("source is silent", "error", err)
		}, "in the log"},
		"an address with a number": {func(p *Platform) { slog.Info("request", "url", address[strings.Index(address, "to="):]) }, "in the log"},
		"a name on record":         {recorded("申请人 " + name), "in the audit log"},
		"a number on record":       {recorded("申请人 +86" + mobile), "in the audit log"},
		"a document on record":     {recorded("证件 " + number), "in the audit log"},
	} {
		var l *listening
		t.Run(what, func(t *testing.T) {
			l = &listening{TB: t}
			p := Start(l, "sqlite:"+t.TempDir()+"/yinxin.db")
			p.Persona(mobile, name, 2)
			leak.does(p)
		})
		if leak.tell == "" && len(l.said) > 0 || leak.tell != "" && (len(l.said) != 1 || !strings.Contains(l.said[0], "X-27") || !strings.Contains(l.said[0], leak.tell)) {
			t.Errorf("%s: %v", what, l.said)
		}
	}
}
