package sealtest

import (
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// The part of the contract about seals that take the place of others, end, and are put on file.

// instead is a made seal that is to take the place of another.
func instead(n int, of esign.Seal) esign.Seal {
	row := in(Row(n), esign.Made)
	row.Replaces = of.ID
	return row
}

func oneReplacement(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	_, err := s.Replacement(ctx, row.ID)
	want(t, "none yet", err, esign.ErrNotFound)
	_, err = s.Replacement(ctx, "")
	want(t, "of nothing", err, esign.ErrNotFound)
	first := add(t, s, instead(2, row))
	want(t, "a second one", s.AddSeal(ctx, instead(3, row), record("added")), esign.ErrExists)
	if got, err := s.Replacement(ctx, row.ID); err != nil || got.ID != first.ID || got.Replaces != row.ID {
		t.Errorf("replacement: %+v, %v", got, err)
	}
	want(t, "turned down", s.UpdateSeal(ctx, in(first, esign.Revoked), esign.Made, record("changed")), nil)
	_, err = s.Replacement(ctx, row.ID)
	want(t, "after it was turned down", err, esign.ErrNotFound)
	add(t, s, instead(3, row))
	add(t, s, Row(4)) // one that replaces nothing is none of several
	add(t, s, Row(5))
}

// ended is a seal as it is after another took its place.
func ended(row esign.Seal) esign.Seal {
	row.State, row.Cause, row.StatusReason, row.LostAt = esign.Revoked, esign.CauseReplaced, "new", time.Time{}
	return row
}

func replace(t *testing.T, s esign.Store) {
	old, other := add(t, s, Row(1)), add(t, s, Row(9))
	fresh := add(t, s, instead(2, old))
	want(t, "from another state", s.ReplaceSeal(ctx, in(fresh, esign.Active), esign.Approved, ended(old), old, record("replaced")), esign.ErrChanged)
	if got, _ := s.Seal(ctx, old.ID); got.State != esign.Active {
		t.Errorf("the old one ended without the new one: %s", got.State)
	}
	want(t, "the old one was seen otherwise", s.ReplaceSeal(ctx, in(fresh, esign.Active), esign.Made, ended(old), in(old, esign.Suspended), record("replaced")), esign.ErrChanged)
	if got, _ := s.Seal(ctx, fresh.ID); got.State != esign.Made {
		t.Errorf("the new one came without the end of the old one: %s", got.State)
	}
	if err := s.ReplaceSeal(ctx, in(fresh, esign.Active), esign.Made, ended(old), old, audit.Record{}); err == nil {
		t.Error("stored without an audit event")
	}
	want(t, "replace", s.ReplaceSeal(ctx, in(fresh, esign.Active), esign.Made, ended(old), old, record("replaced")), nil)
	for _, wanted := range []esign.Seal{ended(old), in(fresh, esign.Active), other} {
		if got, err := s.Seal(ctx, wanted.ID); err != nil || !same(got, wanted) {
			t.Errorf("%v\ngot  %+v\nwant %+v", err, got, wanted)
		}
	}
	want(t, "twice", s.ReplaceSeal(ctx, in(fresh, esign.Active), esign.Made, ended(old), old, record("replaced")), esign.ErrChanged)
}

func sealsEnding(t *testing.T, s esign.Store) {
	at := Start.AddDate(1, 0, 0)
	until := func(n int, end time.Time, state esign.State) esign.Seal {
		row := in(Row(n), state)
		row.ValidTo, row.Area = end, "37/"
		return row
	}
	add(t, s, until(1, at, esign.Active)) // not before that time
	first := add(t, s, until(2, at.Add(-time.Second), esign.Active))
	add(t, s, until(3, at.Add(-time.Second), esign.Suspended))
	second := add(t, s, until(4, at.Add(-time.Hour), esign.Active))
	replaced := add(t, s, until(5, at.Add(-time.Hour), esign.Active))
	fresh := add(t, s, instead(6, replaced))
	codes := func(areas []string, after string, limit int) (all []string) {
		page, err := s.SealsEnding(ctx, areas, at, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page {
			all = append(all, one.Code)
		}
		return all
	}
	for name, c := range map[string]struct{ got, want []string }{
		"all":             {codes([]string{""}, "", 10), []string{first.Code, second.Code}},
		"a page":          {codes([]string{""}, "", 1), []string{first.Code}},
		"the next page":   {codes([]string{"37/"}, first.Code, 10), []string{second.Code}},
		"another area":    {codes([]string{"33/"}, "", 10), nil},
		"without an area": {codes(nil, "", 10), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	want(t, "the replacement is turned down", s.UpdateSeal(ctx, in(fresh, esign.Revoked), esign.Made, record("changed")), nil)
	changed := first
	changed.ValidTo = at
	want(t, "another end", s.UpdateSeal(ctx, changed, esign.Active, record("changed")), nil)
	if got := codes([]string{""}, "", 10); !slices.Equal(got, []string{second.Code, replaced.Code}) {
		t.Errorf("afterwards: %v", got)
	}
}

func amend(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	first, second := row, row
	first.Filing.Number, second.Filing.Number = "37-2026-2", "37-2026-3"
	want(t, "amend", s.AmendSeal(ctx, first, row, record("amended")), nil)
	want(t, "seen before that", s.AmendSeal(ctx, second, row, record("amended")), esign.ErrChanged)
	want(t, "seen in another state", s.AmendSeal(ctx, second, in(first, esign.Suspended), record("amended")), esign.ErrChanged)
	want(t, "of none", s.AmendSeal(ctx, Row(2), Row(2), record("amended")), esign.ErrChanged)
	if got, err := s.Seal(ctx, row.ID); err != nil || !same(got, first) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, first)
	}
}

func replaceAgainstLoss(t *testing.T, s esign.Store) {
	row := Row(1)
	row.State, row.Cause, row.LostAt = esign.Suspended, esign.CauseEnded, time.Time{}
	old := add(t, s, row)
	fresh := add(t, s, instead(2, old))
	lost := old
	lost.Cause, lost.LostAt = esign.CauseLost, Start
	want(t, "the loss", s.UpdateSeal(ctx, lost, esign.Suspended, record("lost")), nil)
	want(t, "replace", s.ReplaceSeal(ctx, in(fresh, esign.Active), esign.Made, ended(old), old, record("replaced")), esign.ErrChanged)
	if got, _ := s.Seal(ctx, old.ID); got.Cause != esign.CauseLost {
		t.Error("the report of the loss is gone")
	}
}
