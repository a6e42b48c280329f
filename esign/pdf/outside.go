package pdf

import (
	"fmt"
	"slices"
)

// Bounds of what Outside looks at.
const (
	maxAnnotations = 5_000
	maxItems       = 20_000 // of the outline and fields of the form
	maxActions     = 10_000
	maxOutside     = 100
	maxTarget      = 120 // octets of an address
)

// outsideActions are actions that lead out of the file, run a program or play (ISO 32000-1 12.6.4).
var outsideActions = []Name{"GoToR", "GoToE", "Launch", "URI", "Sound", "Movie", "SubmitForm", "ImportData", "JavaScript", "Rendition", "GoTo3DView", "RichMediaExecute"}

// Outside lists the actions of the catalog, its names, pages, annotations, outline and form that lead out of the file, run a program or play, each with
// where it hangs (D-18), and a form in XFA, which has scripts of its own and is drawn in the place of the pages (ISO 32000-1 12.7.8); addresses are as the
// file has them. Nothing of it is ever followed. The last entry is … where there is more, or may be, since something cannot be read.
func (f *File) Outside() []string {
	o := &outside{view: f.latest, met: map[Ref]bool{}, shown: map[Ref]bool{}, walked: map[Ref]bool{}}
	catalog := o.dict(o.trailerValue("Root"))
	o.action("catalog", catalog.Get("OpenAction"))
	o.additional("catalog", catalog.Get("AA"))
	if o.dict(catalog.Get("Names")).Get("JavaScript") != nil {
		o.found = append(o.found, "JavaScript catalog")
	}
	o.failed(o.eachPage(func(number int, _ Ref, page *Dict) error {
		where := fmt.Sprintf("page %d", number)
		o.additional(where, page.Get("AA"))
		list, _ := o.value(page.Get("Annots")).(Array)
		for _, item := range list {
			if o.annotations++; o.annotations > maxAnnotations {
				o.more = true
				break
			}
			if ref, ok := item.(Ref); ok {
				o.shown[ref] = true
			}
			o.hangs(where, o.dict(item))
		}
		return nil
	}))
	o.item("outline", catalog.Get("Outlines"))
	form := o.dict(catalog.Get("AcroForm"))
	if o.value(form.Get("XFA")) != nil {
		o.found = append(o.found, "XFA form")
	}
	o.each("form", form.Get("Fields"))
	slices.Sort(o.found)
	o.found = slices.Compact(o.found)
	if len(o.found) > maxOutside {
		o.found, o.more = o.found[:maxOutside], true
	}
	if o.more {
		return append(o.found, "…")
	}
	return o.found
}

type outside struct {
	*view
	found       []string
	annotations int
	items       int
	actions     int          // looked at
	met         map[Ref]bool // actions, so that one that comes after itself is looked at once
	shown       map[Ref]bool // annotations of pages, which are fields as well
	walked      map[Ref]bool // fields and items of the outline
	more        bool
}

func (o *outside) failed(err error) { o.more = o.more || err != nil }

// value and dict follow references; what cannot be read, or is none, is nil.
func (o *outside) value(object Object) Object {
	value, err := o.resolve(object)
	o.failed(err)
	return value
}

func (o *outside) dict(object Object) *Dict {
	dict, _ := o.value(object).(*Dict)
	return dict
}

// action notes an action and those that come after it.
func (o *outside) action(where string, object Object) {
	if ref, ok := object.(Ref); ok {
		if o.met[ref] {
			return
		}
		o.met[ref] = true
	}
	action := o.dict(object)
	if action == nil { // none, or a place in the file
		return
	}
	if o.actions++; o.actions > maxActions {
		o.more = true
		return
	}
	if kind, _ := o.value(action.Get("S")).(Name); slices.Contains(outsideActions, kind) {
		text := string(kind)
		if target, ok := o.value(action.Get("URI")).(String); ok {
			text += " " + string(target.Octets[:min(len(target.Octets), maxTarget)])
		}
		o.found = append(o.found, text+" "+where)
	}
	list, ok := o.value(action.Get("Next")).(Array)
	if !ok {
		list = Array{action.Get("Next")}
	}
	for _, one := range list {
		o.action(where, one)
	}
}

// hangs notes the actions of an annotation, a field or an item of the outline.
func (o *outside) hangs(where string, on *Dict) {
	o.action(where, on.Get("A"))
	o.additional(where, on.Get("AA"))
}

// item notes the actions of a field, or an item of the outline, and of all that stand below it and behind it (ISO 32000-1 12.3.3 and 12.7.3).
func (o *outside) item(where string, object Object) {
	for {
		if o.items++; o.items > maxItems {
			o.more = true
			return
		}
		ref, _ := object.(Ref)
		if o.walked[ref] {
			return
		}
		o.walked[ref] = ref != Ref{}
		node := o.dict(object)
		if !o.shown[ref] {
			o.hangs(where, node)
		}
		if first := node.Get("First"); first != nil {
			o.item(where, first)
		}
		o.each(where, node.Get("Kids"))
		if object = node.Get("Next"); object == nil {
			return
		}
	}
}

func (o *outside) each(where string, object Object) {
	list, _ := o.value(object).(Array)
	for _, one := range list {
		if o.items > maxItems {
			break
		}
		o.item(where, one)
	}
}

// additional notes the actions of events.
func (o *outside) additional(where string, object Object) {
	if events := o.dict(object); events != nil {
		for _, key := range events.Keys {
			o.action(where, events.Get(key))
		}
	}
}
