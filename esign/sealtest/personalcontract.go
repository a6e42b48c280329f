package sealtest

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealimage"
)

// personalRow is a personal seal for store tests that waits for its person.
func personalRow(n int, account string) esign.Seal {
	row := in(Row(n), esign.Applied)
	row.Bearer = esign.Bearer{Account: account, Name: "王小明", Office: "局长", Basis: "示例市任字〔2026〕12号", Layout: sealimage.Strip, Filling: sealimage.FillNone}
	return row
}

func codesOf(list []esign.Seal) (codes []string) {
	for _, s := range list {
		codes = append(codes, s.Code)
	}
	return codes
}

func personalSeals(t *testing.T, s esign.Store) {
	plain := add(t, s, Row(1))
	here, there, ended := personalRow(2, "staff:a"), personalRow(3, "staff:b"), in(personalRow(4, "staff:a"), esign.Revoked)
	here.Area, there.Area = "37/3703/", "37/3704/"
	confirmed := personalRow(5, "staff:a")
	confirmed.Bearer.ConfirmedBy, confirmed.Bearer.ConfirmedAt = "staff:a", Start.Add(time.Minute)
	for _, row := range []esign.Seal{here, there, ended, confirmed} {
		if got, err := s.Seal(ctx, add(t, s, row).ID); err != nil || !same(got, row) || !got.Personal() {
			t.Errorf("%v\ngot  %+v\nwant %+v", err, got, row)
		}
	}
	if got, err := s.Seal(ctx, plain.ID); err != nil || got.Personal() || got.Bearer != (esign.Bearer{}) {
		t.Errorf("a seal of an organisation: %+v %v", got.Bearer, err)
	}
	for name, c := range map[string]struct {
		areas       []string
		unconfirmed bool
		after       string
		limit       int
		want        []esign.Seal
	}{
		"all":                  {[]string{""}, false, "", 9, []esign.Seal{here, there, ended, confirmed}},
		"of an area":           {[]string{"37/3703/"}, false, "", 9, []esign.Seal{here}},
		"of two areas":         {[]string{"37/3703/", "37/3704/"}, false, "", 9, []esign.Seal{here, there}},
		"of none":              {nil, false, "", 9, nil},
		"after a code":         {[]string{""}, false, there.Code, 9, []esign.Seal{ended, confirmed}},
		"a page":               {[]string{""}, false, "", 2, []esign.Seal{here, there}},
		"that wait":            {[]string{""}, true, "", 9, []esign.Seal{here, there}},
		"that wait in an area": {[]string{"37/3704/"}, true, "", 9, []esign.Seal{there}},
		"that wait, a page":    {[]string{""}, true, here.Code, 1, []esign.Seal{there}},
	} {
		if got, err := s.PersonalSeals(ctx, c.areas, c.unconfirmed, c.after, c.limit); err != nil || !slices.Equal(codesOf(got), codesOf(c.want)) {
			t.Errorf("%s: %v, want %v (%v)", name, codesOf(got), codesOf(c.want), err)
		}
	}
	for name, c := range map[string]struct {
		account, after string
		limit          int
		want           []esign.Seal
	}{
		"of a":         {"staff:a", "", 9, []esign.Seal{here, ended, confirmed}},
		"of a, onward": {"staff:a", here.Code, 1, []esign.Seal{ended}},
		"of b":         {"staff:b", "", 9, []esign.Seal{there}},
		"of nobody":    {"", "", 9, nil},
		"of a part":    {"staff:", "", 9, nil},
	} {
		if got, err := s.SealsOfPerson(ctx, c.account, c.after, c.limit); err != nil || !slices.Equal(codesOf(got), codesOf(c.want)) {
			t.Errorf("%s: %v, want %v (%v)", name, codesOf(got), codesOf(c.want), err)
		}
	}
	// What is refused or approved waits for its person no more.
	want(t, "end", s.UpdateSeal(ctx, in(here, esign.Revoked), esign.Applied, record("revoked")), nil)
	if got, err := s.PersonalSeals(ctx, []string{""}, true, "", 9); err != nil || !slices.Equal(codesOf(got), []string{there.Code}) {
		t.Errorf("after an end: %v %v", codesOf(got), err)
	}
}

// oneConfirmation: of several that saw an application unconfirmed, one confirms it.
func oneConfirmation(t *testing.T, s esign.Store) {
	seen := add(t, s, personalRow(1, "staff:a"))
	var first atomic.Int32
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			row := seen
			row.Bearer.ConfirmedBy, row.Bearer.ConfirmedAt = "staff:a", Start.Add(time.Duration(n)*time.Second)
			switch err := s.AmendSeal(ctx, row, seen, record("confirmed")); {
			case err == nil:
				first.Add(1)
			case !errors.Is(err, esign.ErrChanged):
				t.Errorf("confirm: %v", err)
			}
		})
	}
	group.Wait()
	if first.Load() != 1 {
		t.Errorf("%d confirmations", first.Load())
	}
	got, err := s.Seal(ctx, seen.ID)
	if err != nil || got.Bearer.ConfirmedBy != "staff:a" || got.Awaits() {
		t.Errorf("%+v %v", got.Bearer, err)
	}
	if waits, err := s.PersonalSeals(ctx, []string{""}, true, "", 9); err != nil || len(waits) != 0 {
		t.Errorf("still waits: %v %v", codesOf(waits), err)
	}
}
