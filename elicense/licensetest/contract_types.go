package licensetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// TypeRow is a version of a type for store tests.
func TypeRow(n int) elicense.TypeVersion {
	return elicense.TypeVersion{ID: fmt.Sprintf("typ_%04d", n), Code: BusinessLicense, Version: n, State: elicense.TypeProposed, Template: fmt.Sprint("sm3-", n), EffectiveDate: "20270101", Files: []byte(`{"a":"b"}`),
		ProposedBy: "staff:a", ProposedAt: Start}
}

func typeVersions(t *testing.T, s elicense.Store) {
	first := TypeRow(2)
	if err := s.AddType(ctx, first, nil, nil, audit.Record{}); err == nil {
		t.Error("a type is stored without an audit event")
	}
	if err := s.AddType(ctx, first, nil, nil, record("proposed")); err != nil {
		t.Fatal(err)
	}
	got, err := s.FindType(ctx, first.ID)
	if err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("got %+v %v", got, err)
	}
	twice := TypeRow(3)
	twice.Version = 2
	if err := s.AddType(ctx, twice, nil, []elicense.LogEntry{entry(7)}, record("proposed")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("a number twice: %v", err)
	}
	if _, _, err := s.LogNumber(ctx, elicense.LogMain, "x:7"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("an entry of a version that was not stored: %v", err)
	}
	if revision, err := s.TypesRevision(ctx); err != nil || revision != 0 {
		t.Errorf("revision %d %v", revision, err)
	}
	refused := first
	refused.State, refused.DecidedBy, refused.DecidedAt, refused.Reason = elicense.TypeRefused, "staff:b", Start.Add(time.Minute), "no"
	if err := s.DecideType(ctx, refused, nil, nil, record("refused")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.FindType(ctx, first.ID); err != nil || !reflect.DeepEqual(got, refused) {
		t.Errorf("got %+v %v", got, err)
	}
	if err := s.DecideType(ctx, refused, nil, nil, record("refused")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("decided twice: %v", err)
	}
	if err := s.AddType(ctx, twice, nil, nil, record("proposed")); err != nil {
		t.Fatalf("the number of a refused version: %v", err)
	}
	taken := elicense.Published{Name: "type-x", Number: 5, Content: []byte("x"), IssuedAt: Start, NextUpdate: Start}
	if err := s.Publish(ctx, taken, nil, record("published")); err != nil {
		t.Fatal(err)
	}
	published := twice
	published.State, published.DecidedBy, published.DecidedAt = elicense.TypePublished, "staff:b", Start.Add(time.Minute)
	inUse := &elicense.TypeInUse{Package: taken}
	if err := s.DecideType(ctx, published, inUse, []elicense.LogEntry{entry(8)}, record("published")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("a signed package of an old number: %v", err)
	}
	if got, err := s.FindType(ctx, twice.ID); err != nil || got.State != elicense.TypeProposed {
		t.Errorf("half a decision was stored: %+v %v", got, err)
	}
	inUse.Package.Number, inUse.After = 6, 1
	if err := s.DecideType(ctx, published, inUse, []elicense.LogEntry{entry(8)}, record("published")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("judged beside a version that never came into use: %v", err)
	}
	inUse.After = 0
	if err := s.DecideType(ctx, published, inUse, []elicense.LogEntry{entry(8)}, record("published")); err != nil {
		t.Fatal(err)
	}
	if p, err := s.FindPublished(ctx, "type-x"); err != nil || p.Number != 6 {
		t.Errorf("%+v %v", p, err)
	}
	if _, _, err := s.LogNumber(ctx, elicense.LogMain, "x:8"); err != nil {
		t.Errorf("no entry in the log: %v", err)
	}
	third := TypeRow(4)
	third.State = elicense.TypePublished
	for _, row := range []struct {
		after int
		want  error
	}{{0, elicense.ErrStale}, {1, elicense.ErrStale}, {3, elicense.ErrStale}, {2, nil}} {
		next := &elicense.TypeInUse{Package: elicense.Published{Name: "type-y", Number: 1, Content: []byte("y"), IssuedAt: Start, NextUpdate: Start}, After: row.after}
		if err := s.AddType(ctx, third, next, nil, record("published")); !errors.Is(err, row.want) {
			t.Fatalf("judged beside version %d where 2 is in use: %v", row.after, err)
		}
	}
	for _, test := range []struct {
		after string
		limit int
		want  []string
	}{{"", 10, []string{"typ_0003", "typ_0004"}}, {"", 1, []string{"typ_0003"}}, {"typ_0003", 10, []string{"typ_0004"}}, {"typ_0004", 10, nil}} {
		var ids []string
		list, err := s.TypesIn(ctx, elicense.TypePublished, test.after, test.limit)
		for _, v := range list {
			ids = append(ids, v.ID)
		}
		if err != nil || !reflect.DeepEqual(ids, test.want) {
			t.Errorf("after %q: %v %v", test.after, ids, err)
		}
	}
	if revision, err := s.TypesRevision(ctx); err != nil || revision != 2 {
		t.Errorf("revision %d %v", revision, err)
	}
	retirement := elicense.TypeRetirement{Code: BusinessLicense, Version: 2, By: "staff:a", At: Start, Reason: "r"}
	if err := s.RetireType(ctx, retirement, audit.Record{}); err == nil {
		t.Error("a type is retired without an audit event")
	}
	for _, want := range []error{nil, elicense.ErrStale} {
		if err := s.RetireType(ctx, retirement, record("retired")); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	retirement.Version = 4
	if err := s.RetireType(ctx, retirement, record("retired")); err != nil {
		t.Fatal(err)
	}
	if retired, err := s.RetiredTypes(ctx); err != nil || len(retired) != 1 || retired[BusinessLicense] != 4 {
		t.Errorf("%v %v", retired, err)
	}
	if revision, err := s.TypesRevision(ctx); err != nil || revision != 4 {
		t.Errorf("revision %d %v", revision, err)
	}
	if _, err := s.FindType(ctx, "typ_none"); !errors.Is(err, elicense.ErrNotFound) {
		t.Error(err)
	}
	row := Row(9)
	row.Template = "sm3-x"
	create(t, s, row)
	if l, err := s.Find(ctx, row.ID); err != nil || l.Template != "sm3-x" {
		t.Errorf("%q %v", l.Template, err)
	}
	if _, err := s.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
		rows[0].Template = "sm3-y"
		return elicense.Change{Record: record("changed")}, nil
	}, row.ID); err != nil {
		t.Fatal(err)
	}
	if l, err := s.Find(ctx, row.ID); err != nil || l.Template != "sm3-y" {
		t.Errorf("%q %v", l.Template, err)
	}
}

// TypeDraftRow is a draft of a type for store tests.
func TypeDraftRow(n int, owner string) elicense.TypeDraft {
	return elicense.TypeDraft{ID: fmt.Sprintf("tdr_%04d", n), Revision: 1, Owner: owner, Code: BusinessLicense, Files: []byte(`{"a":"b"}`), CreatedAt: Start, UpdatedAt: Start}
}

func typeDrafts(t *testing.T, s elicense.Store) {
	first := TypeDraftRow(1, "staff:a")
	if err := s.AddTypeDraft(ctx, first, 2, audit.Record{}); err == nil {
		t.Error("a draft is stored without an audit event")
	}
	for n, want := range []error{nil, nil, elicense.ErrFull} {
		if err := s.AddTypeDraft(ctx, TypeDraftRow(n+1, "staff:a"), 2, record("begun")); !errors.Is(err, want) {
			t.Fatalf("draft %d: %v, want %v", n+1, err, want)
		}
	}
	if err := s.AddTypeDraft(ctx, TypeDraftRow(9, "staff:b"), 2, record("begun")); err != nil {
		t.Fatalf("of somebody else: %v", err)
	}
	if got, err := s.FindTypeDraft(ctx, first.ID); err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("got %+v %v", got, err)
	}
	changed := first
	changed.Code, changed.Files, changed.UpdatedAt = "", []byte(`{"c":"d"}`), Start.Add(time.Minute)
	if err := s.ChangeTypeDraft(ctx, changed, audit.Record{}); err == nil {
		t.Error("a draft is changed without an audit event")
	}
	for _, want := range []error{nil, elicense.ErrStale} {
		if err := s.ChangeTypeDraft(ctx, changed, record("changed")); !errors.Is(err, want) {
			t.Errorf("changed from revision 1: %v, want %v", err, want)
		}
	}
	changed.Revision = 2
	if got, err := s.FindTypeDraft(ctx, first.ID); err != nil || !reflect.DeepEqual(got, changed) {
		t.Errorf("got %+v %v", got, err)
	}
	for _, test := range []struct {
		owner, after string
		limit        int
		want         []string
	}{{"staff:a", "", 10, []string{"tdr_0001", "tdr_0002"}}, {"staff:a", "", 1, []string{"tdr_0001"}}, {"staff:a", "tdr_0001", 10, []string{"tdr_0002"}}, {"staff:b", "", 10, []string{"tdr_0009"}}, {"staff:c", "", 10, nil}} {
		var ids []string
		list, err := s.TypeDraftsOf(ctx, test.owner, test.after, test.limit)
		for _, d := range list {
			ids = append(ids, d.ID)
		}
		if err != nil || !reflect.DeepEqual(ids, test.want) {
			t.Errorf("of %s after %q: %v %v", test.owner, test.after, ids, err)
		}
	}
	if err := s.DropTypeDraft(ctx, first.ID, 2, audit.Record{}); err == nil {
		t.Error("a draft is dropped without an audit event")
	}
	for _, drop := range []struct {
		revision int64
		want     error
	}{{1, elicense.ErrStale}, {2, nil}, {2, elicense.ErrStale}} {
		if err := s.DropTypeDraft(ctx, first.ID, drop.revision, record("dropped")); !errors.Is(err, drop.want) {
			t.Errorf("dropped at %d: %v, want %v", drop.revision, err, drop.want)
		}
	}
	if _, err := s.FindTypeDraft(ctx, first.ID); !errors.Is(err, elicense.ErrNotFound) {
		t.Error(err)
	}
	if err := s.AddTypeDraft(ctx, TypeDraftRow(3, "staff:a"), 2, record("begun")); err != nil {
		t.Errorf("in the place of one that was dropped: %v", err)
	}
}
