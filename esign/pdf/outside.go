package pdf

import (
	"fmt"
	"slices"
)

// Bounds of what Outside looks at.
const (
	maxAnnotations = 5_000
	maxChain       = 16 // actions that follow each other
	maxActions     = 10_000
	maxOutside     = 100
	maxTarget      = 120 // octets of an address
)

// outsideActions are actions that lead out of the file, run a program or play (ISO 32000-1 12.6.4).
var outsideActions = []Name{"GoToR", "GoToE", "Launch", "URI", "Sound", "Movie", "SubmitForm", "ImportData", "JavaScript", "Rendition", "GoTo3DView", "RichMediaExecute"}

// Outside lists the actions of the catalog, its names, pages and annotations that lead out of the file, run a program or play, each with where it hangs
// (D-18); addresses are as the file has them. Nothing of it is ever followed. The last entry is … where there is more. Whatever cannot be read is left out: others say so.
func (f *File) Outside() []string {
	o := &outside{view: f.latest, met: map[Ref]bool{}}
	catalog, err := o.catalog()
	if err != nil || catalog == nil {
		return nil
	}
	o.action("catalog", catalog.Get("OpenAction"), 0)
	o.additional("catalog", catalog.Get("AA"))
	if names, _ := o.dict(catalog.Get("Names")); names != nil && names.Get("JavaScript") != nil {
		o.found = append(o.found, "JavaScript catalog")
	}
	_ = o.eachPage(func(number int, _ Ref, page *Dict) error { // as far as the pages can be read
		where := fmt.Sprintf("page %d", number)
		o.additional(where, page.Get("AA"))
		object, err := o.resolve(page.Get("Annots"))
		list, _ := object.(Array)
		for _, item := range list {
			if o.seen++; err != nil || o.seen > maxAnnotations {
				break
			}
			if annotation, _ := o.dict(item); annotation != nil {
				o.action(where, annotation.Get("A"), 0)
				o.additional(where, annotation.Get("AA"))
			}
		}
		return nil
	})
	slices.Sort(o.found)
	o.found = slices.Compact(o.found)
	if len(o.found) > maxOutside || o.actions > maxActions || o.seen > maxAnnotations {
		return append(o.found[:min(len(o.found), maxOutside)], "…")
	}
	return o.found
}

type outside struct {
	*view
	found   []string
	seen    int          // annotations
	actions int          // looked at
	met     map[Ref]bool // actions, so that one that comes after itself is looked at once
}

// action notes an action and those that come after it.
func (o *outside) action(where string, object Object, depth int) {
	if ref, ok := object.(Ref); ok {
		if o.met[ref] {
			return
		}
		o.met[ref] = true
	}
	action, err := o.dict(object) // an array is a place in the file
	if err != nil || action == nil {
		return
	}
	if o.actions++; o.actions > maxActions || depth > maxChain {
		return
	}
	kind, _ := action.Get("S").(Name)
	if slices.Contains(outsideActions, kind) {
		text := string(kind)
		if target, ok := action.Get("URI").(String); ok {
			text += " " + string(target.Octets[:min(len(target.Octets), maxTarget)])
		}
		o.found = append(o.found, text+" "+where)
	}
	next, err := o.resolve(action.Get("Next"))
	if err != nil {
		return
	}
	list, ok := next.(Array)
	if !ok {
		list = Array{action.Get("Next")}
	}
	for _, one := range list {
		o.action(where, one, depth+1)
	}
}

// additional notes the actions of events.
func (o *outside) additional(where string, object Object) {
	events, err := o.dict(object)
	if err != nil || events == nil {
		return
	}
	for _, key := range events.Keys {
		o.action(where, events.Get(key), 0)
	}
}
