package licensetest

import (
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

func copyOfImport(i elicense.Import) elicense.Import {
	i.HolderKeys, i.Data, i.Flags = slices.Clone(i.HolderKeys), slices.Clone(i.Data), slices.Clone(i.Flags)
	return i
}

// AddImport implements elicense.Imports.
func (t *Twin) AddImport(_ context.Context, i elicense.Import, record audit.Record) (stored elicense.Import, created bool, err error) {
	err = t.write(nil, func() error {
		for _, have := range t.imports {
			if have.LicenseID == i.LicenseID {
				stored = copyOfImport(have)
				return nil
			}
		}
		for _, l := range t.licenses {
			if l.LicenseID == i.LicenseID || l.LicenseID == i.FirstVersion() {
				return elicense.ErrEntryTaken
			}
		}
		if err := needEvent(record); err != nil {
			return err
		}
		t.imports[i.ID] = copyOfImport(i)
		t.records = append(t.records, record)
		stored, created = copyOfImport(i), true
		return nil
	})
	return stored, created, err
}

// FindImport implements elicense.Imports.
func (t *Twin) FindImport(_ context.Context, id string) (elicense.Import, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	i, ok := t.imports[id]
	if !ok {
		return elicense.Import{}, elicense.ErrNotFound
	}
	return copyOfImport(i), nil
}

// FindIdentifiers implements elicense.Imports.
func (t *Twin) FindIdentifiers(_ context.Context, identifiers []string) (ours []string, imports []elicense.Import, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, l := range t.licenses {
		if l.LicenseID != "" && slices.Contains(identifiers, l.LicenseID) {
			ours = append(ours, l.LicenseID)
		}
	}
	for _, i := range t.imports {
		if slices.Contains(identifiers, i.LicenseID) {
			i = copyOfImport(i)
			i.HolderKeys = nil
			imports = append(imports, i)
		}
	}
	return ours, imports, nil
}

// ListImports implements elicense.Imports.
func (t *Twin) ListImports(_ context.Context, holderRef, after string, limit int) (page []elicense.Import, next string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, i := range t.imports {
		if holderRef != "" && i.HolderRef == holderRef && (after == "" || elicense.ImportCursor(i) < after) {
			i = copyOfImport(i)
			i.HolderKeys = nil
			page = append(page, i)
		}
	}
	slices.SortFunc(page, func(a, b elicense.Import) int { return -compare(elicense.ImportCursor(a), elicense.ImportCursor(b)) })
	if len(page) > limit {
		return page[:limit], elicense.ImportCursor(page[limit-1]), nil
	}
	return page, "", nil
}

// changeImports changes those that fit, and tells how many there were.
func (t *Twin) changeImports(fits func(elicense.Import) bool, change func(*elicense.Import)) (n int) {
	for id, i := range t.imports {
		if fits(i) {
			change(&i)
			t.imports[id] = i
			n++
		}
	}
	return n
}
