package idp_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp"
)

func TestCleanReceived(t *testing.T) {
	for given, want := range map[string]string{
		"https://a.gov.cn/cb":                                   "https://a.gov.cn/cb",
		"https://a.gov.cn/cb?step=2#access_token=s":             "https://a.gov.cn/cb?step=2",
		"https://u:p@a.gov.cn/cb":                               "https://@a.gov.cn/cb",
		"https://a.gov.cn?code=s&STATE=s&a_token=s&x=1":         "https://a.gov.cn?code=&STATE=&a_token=&x=1",
		"https://a.gov.cn/?%63ode=s;id_token=s":                 "https://a.gov.cn/?%63ode=&id_token=",
		"https://a.gov.cn/?p=13800138001":                       "https://a.gov.cn/?p=",
		"https://a.gov.cn/?p=" + strings.Repeat("x", 33):        "https://a.gov.cn/?p=",
		"not an address\x00\n\xff":                              "not an address  ?",
		"https://a.gov.cn/" + strings.Repeat("x", 400):          "https://a.gov.cn/" + strings.Repeat("x", 283),
		"https://a.gov.cn/a@b":                                  "https://a.gov.cn/a@b",
		"":                                                      "",
		"https://a.gov.cn/" + strings.Repeat("印", 100) + "?c=1": "https://a.gov.cn/" + strings.Repeat("印", 94),
	} {
		if got := idp.CleanReceived(given); got != want {
			t.Errorf("%q becomes\n%q, want\n%q", given, got, want)
		}
	}
}

func FuzzCleanReceived(f *testing.F) {
	f.Add("https://a.gov.cn/cb?code=SECRET#SECRET")
	f.Fuzz(func(t *testing.T, text string) {
		got := idp.CleanReceived(text)
		if len(got) > idp.MaxReceived || !utf8.ValidString(got) || strings.Contains(got, "#") || strings.ContainsAny(got, "\x00\r\n\x7f") {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}

type refusalTwin struct{ writes, kept int }

func (s *refusalTwin) SaveRefusals(_ context.Context, _ string, refused []idp.RefusedRequest, _ int) error {
	s.writes++
	for _, r := range refused {
		s.kept += int(r.Count)
	}
	return nil
}

func (s *refusalTwin) RefusedWith(context.Context, string, time.Time) (string, error) {
	return "", idp.ErrNotFound
}

func (s *refusalTwin) Refusals(context.Context, string, time.Time, int) ([]idp.RefusedRequest, error) {
	return nil, nil
}

// TestRefusalsCostOneWriteASecond: whatever comes, and what came between is counted.
func TestRefusalsCostOneWriteASecond(t *testing.T) {
	store, now := &refusalTwin{}, time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	r := idp.NewRefusals(store, func() time.Time { return now })
	note := func(value string) {
		if err := r.Note(context.Background(), "c", "redirect_uri", value, "s"); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 {
		note("https://a.gov.cn/")
	}
	if store.writes != 1 || store.kept != 1 {
		t.Fatalf("%d writes of %d", store.writes, store.kept)
	}
	now = now.Add(999 * time.Millisecond)
	if err := r.Flush(context.Background()); err != nil || store.writes != 1 {
		t.Fatalf("flushed early: %d, %v", store.writes, err)
	}
	now = now.Add(time.Millisecond)
	if err := r.Flush(context.Background()); err != nil || store.writes != 2 || store.kept != 1000 {
		t.Fatalf("%d writes of %d, %v", store.writes, store.kept, err)
	}
	for i := range 100 { // distinct values in memory are bounded
		note(fmt.Sprint("https://a.gov.cn/", i))
	}
	now = now.Add(time.Second)
	if err := r.Flush(context.Background()); err != nil || store.kept != 1000+idp.MaxRefusals {
		t.Fatalf("kept %d, %v", store.kept, err)
	}
}
