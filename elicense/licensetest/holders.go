package licensetest

import (
	"context"
	"maps"
	"slices"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// Bind implements elicense.Licenses.
func (t *Twin) Bind(_ context.Context, holderKey, holderRef string, record audit.Record) (n int, err error) {
	err = t.write(nil, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		for id, l := range t.licenses {
			switch {
			case !slices.Contains(l.HolderKeys, holderKey) || l.HolderRef == holderRef:
				continue
			case l.HolderRef == "":
				l.HolderRef = holderRef
				l.CoHolders = without(l.CoHolders, holderRef)
				l.Revision++
			case len(l.HolderKeys) < 2 || slices.Contains(l.CoHolders, holderRef):
				continue
			default:
				l.CoHolders = slices.Sorted(slices.Values(append(slices.Clone(l.CoHolders), holderRef)))
			}
			t.licenses[id] = l
			n++
		}
		n += t.changeImports(func(i elicense.Import) bool { return i.HolderRef == "" && slices.Contains(i.HolderKeys, holderKey) }, func(i *elicense.Import) { i.HolderRef = holderRef })
		if n > 0 {
			t.records = append(t.records, record)
		}
		return nil
	})
	return n, err
}

// Follow implements elicense.Licenses.
func (t *Twin) Follow(_ context.Context, from, to string, record audit.Record) (n int, err error) {
	err = t.write(nil, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		for id, l := range t.licenses {
			if l.HolderRef == from && from != "" {
				l.HolderRef = to
				l.Revision++
				t.licenses[id] = l
				n++
			}
			if slices.Contains(l.CoHolders, from) {
				l.CoHolders = without(l.CoHolders, from)
				if l.HolderRef != to && !slices.Contains(l.CoHolders, to) {
					l.CoHolders = slices.Sorted(slices.Values(append(l.CoHolders, to)))
				}
				t.licenses[id] = l
				n++
			}
		}
		t.followConsents(from, to)
		n += t.changeImports(func(i elicense.Import) bool { return i.HolderRef == from && from != "" }, func(i *elicense.Import) { i.HolderRef = to })
		for id, g := range t.grants {
			if g.HolderRef == from && from != "" {
				g.HolderRef = to
				t.grants[id] = g
			}
		}
		for id, c := range t.copies {
			if c.HolderRef == from && from != "" {
				c.HolderRef = to
				t.copies[id] = c
			}
		}
		for id, p := range t.papers {
			if p.HolderRef == from && from != "" {
				p.HolderRef = to
				t.papers[id] = p
			}
		}
		t.followFreezes(from, to)
		for key, u := range t.uses {
			if u.HolderRef == from && from != "" {
				delete(t.uses, key)
				if _, both := t.uses[to+"\x00"+u.ID]; !both {
					u.HolderRef = to
					t.countUse(u)
				}
			}
		}
		if n > 0 {
			t.records = append(t.records, record)
		}
		return nil
	})
	return n, err
}

// Unbind implements elicense.Licenses.
func (t *Twin) Unbind(_ context.Context, holderRef string, record audit.Record) (n int, err error) {
	err = t.write(nil, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		for id, l := range t.licenses {
			if l.HolderRef == holderRef && holderRef != "" {
				l.HolderRef = ""
				l.Revision++
				t.licenses[id] = l
				n++
			}
			if slices.Contains(l.CoHolders, holderRef) {
				l.CoHolders = without(l.CoHolders, holderRef)
				t.licenses[id] = l
				n++
			}
		}
		t.dropConsents(holderRef)
		n += t.changeImports(func(i elicense.Import) bool { return i.HolderRef == holderRef && holderRef != "" }, func(i *elicense.Import) { i.HolderRef = "" })
		maps.DeleteFunc(t.uses, func(_ string, u elicense.Use) bool { return u.HolderRef == holderRef })
		maps.DeleteFunc(t.freezes, func(_ string, f elicense.Freeze) bool { return f.HolderRef == holderRef })
		maps.DeleteFunc(t.grants, func(_ string, g elicense.Grant) bool { return g.HolderRef == holderRef && holderRef != "" })
		for id, c := range t.copies {
			if c.HolderRef == holderRef {
				c.HolderRef = ""
				t.copies[id] = c
			}
		}
		papers := 0
		for id, p := range t.papers {
			if p.HolderRef == holderRef && holderRef != "" {
				p.HolderRef = ""
				if p.WithdrawnAt.IsZero() {
					p.WithdrawnAt = p.IssuedAt
				}
				t.papers[id] = p
				papers++
			}
		}
		before := len(t.presentations)
		maps.DeleteFunc(t.presentations, func(_ string, p elicense.Presentation) bool { return p.HolderRef == holderRef })
		if n+papers > 0 || before > len(t.presentations) {
			t.records = append(t.records, record)
		}
		return nil
	})
	return n, err
}
