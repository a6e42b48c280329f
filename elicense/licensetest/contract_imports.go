package licensetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

func importOf(n int) elicense.Import {
	return elicense.Import{ID: fmt.Sprintf("imp_%03d", n), LicenseID: fmt.Sprint("1.2.156.3005.2.x.", n), TypeCode: BusinessLicense, Template: "t", AuthorityCode: AuthorityCode, Area: "/a/", HolderKeys: []string{"key2", fmt.Sprint("own", n)},
		DataKey: "k", Data: []byte{1, 2}, Digest: "d", Flags: []elicense.ImportFlag{elicense.FlagNoFile, elicense.FlagStatusUnknown}, File: "f", Code: "V01", Batch: "lbt_1", Line: n, Entrant: "e", Reviewer: "r", Issuer: "i", CreatedAt: Start.Add(time.Duration(n) * time.Second)}
}

// lineOf is the identifier of a version of a licence.
func lineOf(t *testing.T, serial string, version int) string {
	t.Helper()
	id, err := catalog.MakeID(BusinessLicense, AuthorityCode, serial, version)
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

func addImport(t *testing.T, s elicense.Store, i elicense.Import) {
	t.Helper()
	if stored, created, err := s.AddImport(ctx, i, record("import")); err != nil || !created || !reflect.DeepEqual(stored, i) {
		t.Fatalf("%+v %v %v", stored, created, err)
	}
}

func importsKeep(t *testing.T, s elicense.Store) {
	i := importOf(1)
	if _, _, err := s.AddImport(ctx, i, audit.Record{}); err == nil {
		t.Error("an import without an audit event")
	}
	addImport(t, s, i)
	again := i
	again.ID, again.Digest = "imp_other", "other"
	if stored, created, err := s.AddImport(ctx, again, record("import")); err != nil || created || !reflect.DeepEqual(stored, i) {
		t.Errorf("again: %+v %v %v", stored, created, err)
	}
	if _, err := s.FindImport(ctx, again.ID); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("the second one: %v", err)
	}
	if found, err := s.FindImport(ctx, i.ID); err != nil || !reflect.DeepEqual(found, i) {
		t.Errorf("%+v %v", found, err)
	}
	var created atomic.Int32
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			one := importOf(9)
			one.ID = fmt.Sprint("imp_parallel", n)
			_, first, err := s.AddImport(ctx, one, record("import"))
			if err != nil {
				t.Errorf("in parallel: %v", err)
			}
			if first {
				created.Add(1)
			}
		})
	}
	group.Wait()
	if created.Load() != 1 {
		t.Errorf("%d of four at once", created.Load())
	}
}

// importsApart: an identifier stands in the register or among the imports.
func importsApart(t *testing.T, s elicense.Store) {
	made := func(l *elicense.License) {
		l.State, l.LicenseID, l.List, l.Index = elicense.StateMade, importOf(1).LicenseID, 1, 1
	}
	create(t, s, Row(1))
	change(t, s, Row(1).ID, made)
	if _, _, err := s.AddImport(ctx, importOf(1), record("import")); !errors.Is(err, elicense.ErrEntryTaken) {
		t.Errorf("the identifier of a licence: %v", err)
	}
	if _, err := s.FindImport(ctx, importOf(1).ID); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("it was stored: %v", err)
	}
	change(t, s, Row(1).ID, func(l *elicense.License) { l.LicenseID = lineOf(t, "LINE", 1) })
	for serial, want := range map[string]error{"LINE": elicense.ErrEntryTaken, "ELSE": nil} {
		next := importOf(3)
		next.ID, next.LicenseID = "imp_"+serial, lineOf(t, serial, 7)
		if _, _, err := s.AddImport(ctx, next, record("import")); !errors.Is(err, want) {
			t.Errorf("a later version of %s: %v, want %v", serial, err, want)
		}
	}
	change(t, s, Row(1).ID, made)
	addImport(t, s, importOf(2))
	create(t, s, Row(2))
	_, err := s.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
		rows[0].State, rows[0].LicenseID, rows[0].List, rows[0].Index = elicense.StateMade, importOf(2).LicenseID, 1, 2
		return elicense.Change{Record: record("changed")}, nil
	}, Row(2).ID)
	if !errors.Is(err, elicense.ErrEntryTaken) {
		t.Errorf("the identifier of an import: %v", err)
	}
	ours, imports, err := s.FindIdentifiers(ctx, []string{importOf(1).LicenseID, importOf(2).LicenseID, "none"})
	if err != nil || !slices.Equal(ours, []string{importOf(1).LicenseID}) || len(imports) != 1 || imports[0].ID != importOf(2).ID || imports[0].Digest != "d" {
		t.Errorf("%v %+v %v", ours, imports, err)
	}
	if ours, imports, err := s.FindIdentifiers(ctx, nil); err != nil || len(ours)+len(imports) != 0 {
		t.Errorf("no identifiers: %v %v %v", ours, imports, err)
	}
}

func importsFollowHolders(t *testing.T, s elicense.Store) {
	for n := range 3 {
		addImport(t, s, importOf(n))
	}
	if n, err := s.Bind(ctx, "own1", "account:a", record("bind")); n != 1 || err != nil {
		t.Errorf("bind: %d %v", n, err)
	}
	if n, err := s.Bind(ctx, "key2", "account:b", record("bind")); n != 2 || err != nil {
		t.Errorf("bind the rest: %d %v", n, err)
	}
	list := func(holder string) (ids []string) {
		for after := ""; ; {
			page, next, err := s.ListImports(ctx, holder, after, 1)
			if err != nil || len(page) > 1 {
				t.Fatal(page, err)
			}
			for _, i := range page {
				ids = append(ids, i.ID)
			}
			if after = next; next == "" {
				return ids
			}
		}
	}
	if got := list("account:b"); !slices.Equal(got, []string{"imp_002", "imp_000"}) {
		t.Errorf("of b: %v", got)
	}
	if n, err := s.Follow(ctx, "account:a", "account:b", record("follow")); n != 1 || err != nil {
		t.Errorf("follow: %d %v", n, err)
	}
	if got := list("account:b"); len(got) != 3 || len(list("account:a")) != 0 || len(list("")) != 0 {
		t.Errorf("after: %v", got)
	}
	if n, err := s.Unbind(ctx, "account:b", record("unbind")); n != 3 || err != nil {
		t.Errorf("unbind: %d %v", n, err)
	}
	if got := list("account:b"); len(got) != 0 {
		t.Errorf("after the end: %v", got)
	}
	if err := s.MoveAuthority(ctx, AuthorityCode, "/b/", record("moved")); err != nil {
		t.Fatal(err)
	}
	if i, err := s.FindImport(ctx, "imp_001"); err != nil || i.Area != "/b/" || i.HolderRef != "" {
		t.Errorf("%+v %v", i, err)
	}
}
