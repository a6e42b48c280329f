package licensehttp

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/facedesign"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// Inputs of the template's page (模板设计). Of the address and of both forms: which page and data are drawn and what is chosen.
const (
	inputFacePage = "face-page"
	inputFaceData = "face-data"
	inputFaceItem = "face-item"
	inputFaceDo   = "face-do"
	inputAddKind  = "face-add-kind"
	inputAddBind  = "face-add-bind"
)

// What can be chosen beside the items, which go by their index.
const (
	chosenPage  = "page"  // its size
	chosenAnnex = "annex" // layout of continuation pages
	chosenSeal  = "seal-" // with the index of the slot
)

// faceView is what a request asks to see or change.
type faceView struct {
	page int // from 1; annex pages come after those of the face
	data facedesign.Data
	item string
}

func viewOf(values url.Values) faceView {
	v := faceView{page: 1, data: facedesign.DataSample, item: values.Get(inputFaceItem)}
	if n, err := strconv.Atoi(values.Get(inputFacePage)); err == nil && n > 0 && n < 100 {
		v.page = n
	}
	if slices.Contains(facedesign.AllData, facedesign.Data(values.Get(inputFaceData))) {
		v.data = facedesign.Data(values.Get(inputFaceData))
	}
	return v
}

func (v faceView) url(self string) string {
	query := url.Values{inputFacePage: {strconv.Itoa(v.page)}, inputFaceData: {string(v.data)}}
	if v.item != "" {
		query.Set(inputFaceItem, v.item)
	}
	return self + "?" + query.Encode()
}

// length is an input of a length with the value it changes.
type length struct {
	name string
	of   *float64
}

// chosen is a thing of a face with the inputs that change it.
type chosen struct {
	face     *catalog.Face
	item     *catalog.FaceItem // nil for what is none
	lengths  []length
	annex    *catalog.FaceAnnex
	box      *web.FaceBox
	place    string // in face.json
	heading  string // message
	position int    // of several, from 1
}

// choose finds what is chosen on a page of a face; false for nothing.
func choose(face *catalog.Face, v faceView) (chosen, bool) {
	if v.page > len(face.Pages) {
		return chosen{}, false
	}
	page := &face.Pages[v.page-1]
	at := "pages[" + strconv.Itoa(v.page-1) + "]"
	switch v.item {
	case chosenPage:
		return chosen{lengths: []length{{"face-width", &page.WidthMM}, {"face-height", &page.HeightMM}}, place: at, heading: "type.face.page"}, true
	case chosenAnnex:
		a := &face.Annex
		return chosen{face: face, annex: a, lengths: []length{{"face-width", &a.WidthMM}, {"face-height", &a.HeightMM}, {"face-margin", &a.MarginMM}, {"face-size", &a.SizeMM}}, place: "annex", heading: "type.face.annex"}, true
	}
	if index, ok := strings.CutPrefix(v.item, chosenSeal); ok {
		i, err := strconv.Atoi(index)
		if err != nil || i < 0 || i >= len(face.Seals) || face.Seals[i].Page != v.page {
			return chosen{}, false
		}
		s := &face.Seals[i]
		return chosen{lengths: []length{{"face-x", &s.XMM}, {"face-y", &s.YMM}, {"face-width", &s.WidthMM}, {"face-height", &s.HeightMM}}, box: &web.FaceBox{X: s.XMM, Y: s.YMM, Width: s.WidthMM, Height: s.HeightMM},
			place: "seals[" + index + "]", heading: "type.face.seal", position: i + 1}, true
	}
	i, err := strconv.Atoi(v.item)
	if err != nil || i < 0 || i >= len(page.Items) {
		return chosen{}, false
	}
	item := &page.Items[i]
	c := chosen{face: face, item: item, place: at + ".items[" + v.item + "]", heading: "type.face.kind." + string(item.Kind), position: i + 1,
		lengths: []length{{"face-x", &item.XMM}, {"face-y", &item.YMM}, {"face-width", &item.WidthMM}, {"face-height", &item.HeightMM}},
		box:     &web.FaceBox{X: item.XMM, Y: item.YMM, Width: max(item.WidthMM, thinnest), Height: max(item.HeightMM, thinnest)}}
	switch item.Kind {
	case catalog.ItemText:
		c.lengths = append(c.lengths, length{"face-size", &item.SizeMM}, length{"face-min-size", &item.MinSizeMM}, length{"face-leading", &item.LeadingMM}, length{"face-spacing", &item.SpacingMM})
	case catalog.ItemLine, catalog.ItemRect:
		c.lengths = append(c.lengths, length{"face-stroke", &item.StrokeMM})
	case catalog.ItemPhoto:
		c.lengths = append(c.lengths, length{"face-stroke", &item.StrokeMM}, length{"face-size", &item.SizeMM})
	}
	return c, true
}

// thinnest is how wide a line is to a pointer, in millimetres.
const thinnest = 2

// words are inputs of an item that are no lengths, with the values among which they choose; none for a free text.
type words struct {
	name    string
	at      func(item *catalog.FaceItem) *string
	options []string // keys of messages behind type.<name>. ; the first may be empty
	most    int
	kinds   string // of items that have it; empty for all
}

func (w words) of(kind catalog.ItemKind) bool {
	return w.kinds == "" || slices.Contains(strings.Fields(w.kinds), string(kind))
}

var itemWords = []words{
	{"face-id", func(i *catalog.FaceItem) *string { return &i.ID }, nil, 60, ""},
	{"face-layer", func(i *catalog.FaceItem) *string { return &i.Layer }, []string{"", "background", "body", "foreground"}, 0, ""},
	{"face-bind", func(i *catalog.FaceItem) *string { return &i.Bind }, []string{""}, 0, "text photo"}, // and the fields of the type
	{"face-text", func(i *catalog.FaceItem) *string { return &i.Text }, nil, 300, "text photo"},
	{"face-label-of", func(i *catalog.FaceItem) *string { return &i.LabelOf }, nil, 60, "text"},
	{"face-form", func(i *catalog.FaceItem) *string { return (*string)(&i.Form) }, []string{"", "plain", "date", "period", "joined"}, 0, "text"},
	{"face-join", func(i *catalog.FaceItem) *string { return &i.Join }, nil, 4, "text"},
	{"face-font", func(i *catalog.FaceItem) *string { return &i.Font }, []string{"sans", "serif_bold"}, 0, "text photo"},
	{"face-align", func(i *catalog.FaceItem) *string { return &i.Align }, []string{"", "left", "center", "right"}, 0, "text"},
	{"face-overflow", func(i *catalog.FaceItem) *string { return (*string)(&i.Overflow) }, []string{"", "shrink", "wrap", "annex"}, 0, "text"},
	{"face-fit", func(i *catalog.FaceItem) *string { return (*string)(&i.Fit) }, []string{"", "contain", "crop"}, 0, "photo"},
	{"face-color", func(i *catalog.FaceItem) *string { return &i.Color }, nil, 7, ""},
	{"face-fill", func(i *catalog.FaceItem) *string { return &i.Fill }, nil, 7, ""},
}

const inputMiddle = "face-middle"

// take changes what is chosen by what was typed. Lengths that are none are told by their inputs, and nothing is changed then.
func (c chosen) take(typed url.Values) error {
	refusal := fault.New(fault.Invalid)
	read := map[*float64]float64{}
	for _, l := range c.lengths {
		value, ok := millimetres(typed.Get(l.name))
		if !ok {
			refusal = refusal.WithField(l.name, fault.TypeFaceNumber)
		}
		read[l.of] = value
	}
	if len(refusal.Fields) > 0 {
		return refusal
	}
	for of, value := range read {
		*of = value
	}
	if c.annex != nil {
		for name, of := range map[string]*string{"face-title": &c.annex.Title, "face-note": &c.annex.Note} {
			was := catalog.FaceItem{Text: *of}
			*of = bounded(typed.Get(name))
			facedesign.Changed(c.face, was, catalog.FaceItem{Text: *of}, typedWords(typed, name))
		}
	}
	if c.item == nil {
		return nil
	}
	was := *c.item
	for _, w := range itemWords {
		if w.of(c.item.Kind) {
			*w.at(c.item) = bounded(typed.Get(w.name))
		}
	}
	if c.item.Kind == catalog.ItemText {
		c.item.Middle = typed.Get(inputMiddle) == "yes"
	}
	facedesign.Changed(c.face, was, *c.item, typedWords(typed, "face-text"))
	return nil
}

// inputEnglish ends the name of the input that takes the English words of a fixed text.
const inputEnglish = "-en"

// typedWords are the words of a fixed text in other languages; none for a form that does not ask.
func typedWords(typed url.Values, name string) map[string]string {
	if !typed.Has(name + inputEnglish) {
		return nil
	}
	return map[string]string{"en": strings.TrimSpace(bounded(typed.Get(name + inputEnglish)))}
}

// millimetres reads a length of at most two decimals; nothing is 0.
func millimetres(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, true
	}
	whole, decimals, _ := strings.Cut(text, ".")
	if len(whole) == 0 || len(whole) > 4 || len(decimals) > 2 || strings.Trim(whole+decimals, "0123456789") != "" || strings.HasSuffix(text, ".") {
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil
}

func (p *Pages) faceForm(w http.ResponseWriter, r *http.Request) error {
	return p.showFace(w, r, viewOf(r.URL.Query()), nil, nil)
}

// showFace shows the template of a draft; typed is what was refused.
func (p *Pages) showFace(w http.ResponseWriter, r *http.Request, v faceView, typed url.Values, refusal error) error {
	d, err := p.Service.TypeDraft(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	files, err := d.Package()
	if err != nil {
		return err
	}
	face, err := facedesign.Read(files[catalog.FileFace])
	if err != nil || len(face.Pages) == 0 { // its page tells what is wrong, by line
		http.Redirect(w, r, draftURL(d.ID)+"#type-faults", http.StatusSeeOther)
		return nil
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	self := draftURL(d.ID) + "/face"
	body := web.TypeFacePage{Back: web.Link{Label: text("type.draft"), URL: draftURL(d.ID)}, Name: d.Code, Self: self, Hidden: []web.Hidden{{Name: web.InputVersion, Value: strconv.FormatInt(d.Revision, 10)}},
		Kept: []web.Hidden{{Name: inputFacePage, Value: strconv.Itoa(v.page)}, {Name: inputFaceData, Value: string(v.data)}, {Name: inputFaceItem, Value: v.item}}, ShowKey: []web.Hidden{{Name: inputFaceItem, Value: v.item}}}
	drawing, err := p.Service.DrawTypeDraft(r.Context(), d, v.data, v.page)
	total, faults := max(drawing.Pages, len(face.Pages), v.page), catalog.Faults(err)
	switch {
	case err == nil:
		body.Drawing = &web.FaceDrawing{PNG: drawing.PNG, Page: drawing.Page, Total: drawing.Pages, WidthMM: drawing.WidthMM, HeightMM: drawing.HeightMM}
	case fault.CodeOf(err) != fault.TypePackage:
		return err
	default:
		body.Problem = p.undrawn(r, err)
	}
	body.Show = p.faceChoices(r, v, total, len(face.Pages))
	keys := facedesign.Keys(files[catalog.FileType])
	body.Items = p.faceItems(r, &face, keys, v, self, faults)
	page, status := web.Page{Title: text("type.face"), Self: self}, http.StatusOK
	if c, ok := choose(&face, v); ok {
		body.Chosen = text(c.heading)
		if c.position > 0 {
			body.Chosen += " · " + strconv.Itoa(c.position)
		}
		body.Fields = p.faceFields(r, c, keys, typed)
		if body.Drawing != nil {
			body.Drawing.Box = c.box
		}
		for _, f := range faults {
			if f.File == catalog.FileFace && f.Place == c.place {
				body.Faults = append(body.Faults, f.Text)
			}
		}
		if c.item != nil {
			for _, do := range []string{"copy", "up", "down", "delete"} {
				body.Buttons = append(body.Buttons, web.Option{Value: do, Label: text("type.face." + do)})
			}
		}
	}
	if v.page <= len(face.Pages) {
		body.Add = []web.FormField{{Name: inputAddKind, Label: text("type.face.kind"), Kind: web.InputSelect}, {Name: inputAddBind, Label: text("type.face-bind"), Kind: web.InputSelect, Options: p.faceKeys(r, keys)}}
		for _, kind := range []catalog.ItemKind{catalog.ItemText, catalog.ItemLine, catalog.ItemRect, catalog.ItemPhoto, catalog.ItemQR} {
			body.Add[0].Options = append(body.Add[0].Options, web.Option{Value: string(kind), Label: text("type.face.kind." + string(kind))})
		}
	}
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		ids := map[string]string{}
		for _, field := range body.Fields {
			ids[field.Name] = field.Name
		}
		page.Errors = p.Renderer.FieldErrors(r, refusal, ids)
	}
	page.Body = body
	return p.Page(w, r, status, "type-face", page)
}

// undrawn says why a page cannot be drawn.
func (p *Pages) undrawn(r *http.Request, err error) string {
	if missing, ok := errors.AsType[*licenseface.UndrawableError](err); ok {
		return p.Renderer.Text(r, "type.face.undrawable", "item", orDash(missing.Item), "characters", missing.Characters)
	}
	switch {
	case errors.Is(err, licenseface.ErrValues):
		return p.Renderer.Text(r, "type.face.values")
	case errors.Is(err, licenseface.ErrOverflow):
		_, words, _ := strings.Cut(err.Error(), licenseface.ErrOverflow.Error()+": ")
		return p.Renderer.Text(r, "type.face.wide", "text", words)
	case len(catalog.Faults(err)) > 0:
		return p.Renderer.Text(r, "type.face.faulty", "count", strconv.Itoa(len(catalog.Faults(err))))
	}
	return p.Renderer.Text(r, "type.face.unknown", "text", errors.Unwrap(err).Error())
}

// faceChoices are the inputs for what is drawn.
func (p *Pages) faceChoices(r *http.Request, v faceView, total, pages int) []web.FormField {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	number := web.FormField{Name: inputFacePage, Label: text("type.face.which"), Kind: web.InputSelect, Value: strconv.Itoa(v.page)}
	for n := 1; n <= total; n++ {
		label := p.Renderer.Text(r, "verify.page", "page", strconv.Itoa(n), "total", strconv.Itoa(total))
		if n > pages {
			label += " · " + text("type.face.annex")
		}
		number.Options = append(number.Options, web.Option{Value: strconv.Itoa(n), Label: label})
	}
	data := web.FormField{Name: inputFaceData, Label: text("type.face.data"), Kind: web.InputSelect, Value: string(v.data)}
	for _, one := range facedesign.AllData {
		data.Options = append(data.Options, web.Option{Value: string(one), Label: text("type.face.data." + string(one))})
	}
	return []web.FormField{number, data}
}

func (p *Pages) faceKeys(r *http.Request, keys []facedesign.Key) []web.Option {
	options := []web.Option{{Label: p.Renderer.Text(r, "type.face-bind.none")}}
	for _, k := range keys {
		options = append(options, web.Option{Value: k.Key, Label: k.Label.In(p.Renderer.Locale(r)) + " · " + k.Key})
	}
	return options
}

// faceItems lists what stands on a page, in the order in which it is drawn.
func (p *Pages) faceItems(r *http.Request, face *catalog.Face, keys []facedesign.Key, v faceView, self string, faults []*catalog.Fault) web.Table {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	t := web.Table{Caption: text("type.face.items"), Plain: true, Columns: []web.Column{{Label: text("type.face.item")}, {Label: text("type.face.kind")}, {Label: text("type.face.place")}, {Label: text("type.face-layer")}, {Label: text("type.faults")}}}
	if v.page > len(face.Pages) {
		return t
	}
	wrong := func(place string) string {
		for _, f := range faults {
			if f.File == catalog.FileFace && f.Place == place {
				return text("type.face.wrong")
			}
		}
		return ""
	}
	add := func(item, name, kind, at, layer, place string) {
		t.Rows = append(t.Rows, web.Row{URL: faceView{v.page, v.data, item}.url(self) + "#face-item", Cells: []string{name, kind, at, layer, wrong(place)}})
	}
	at := "pages[" + strconv.Itoa(v.page-1) + "]"
	page := face.Pages[v.page-1]
	add(chosenPage, text("type.face.page"), text("type.face.page"), size(page.WidthMM, page.HeightMM), "", at)
	for i, item := range page.Items {
		name, index := item.Text, strconv.Itoa(i)
		if item.Bind != "" {
			name = item.Bind
			if k := slices.IndexFunc(keys, func(k facedesign.Key) bool { return k.Key == item.Bind }); k >= 0 {
				name = keys[k].Label.In(p.Renderer.Locale(r))
			}
		}
		if name == "" {
			name = text("type.face.kind." + string(item.Kind))
		}
		layer := text("type.face-layer.body")
		if item.Layer != "" && item.Layer != "body" {
			layer = text("type.face-layer." + item.Layer)
		}
		add(index, strconv.Itoa(i+1)+" · "+name, text("type.face.kind."+string(item.Kind)), millimetre(item.XMM)+" · "+millimetre(item.YMM)+" · "+size(item.WidthMM, item.HeightMM), layer, at+".items["+index+"]")
	}
	for i, s := range face.Seals {
		if index := strconv.Itoa(i); s.Page == v.page {
			add(chosenSeal+index, text("type.face.seal")+" "+strconv.Itoa(i+1), text("type.face.seal"), millimetre(s.XMM)+" · "+millimetre(s.YMM)+" · "+size(s.WidthMM, s.HeightMM), text("type.face-layer.foreground"), "seals["+index+"]")
		}
	}
	add(chosenAnnex, text("type.face.annex"), text("type.face.annex"), size(face.Annex.WidthMM, face.Annex.HeightMM), "", "annex")
	return t
}

func millimetre(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

func size(width, height float64) string { return millimetre(width) + " × " + millimetre(height) }

// faceFields are the inputs for what is chosen, with its values or those that were refused.
func (p *Pages) faceFields(r *http.Request, c chosen, keys []facedesign.Key, typed url.Values) []web.FormField {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	var fields []web.FormField
	add := func(field web.FormField, value string) {
		field.Label, field.Value = text("type."+field.Name), value
		if typed != nil {
			field.Value = bounded(typed.Get(field.Name))
		}
		fields = append(fields, field)
	}
	if c.item != nil {
		for _, w := range itemWords {
			if !w.of(c.item.Kind) {
				continue
			}
			field := web.FormField{Name: w.name, Max: w.most, Optional: w.options == nil}
			value := *w.at(c.item)
			if w.options != nil {
				field.Kind = web.InputSelect
				for _, option := range w.options {
					label := text("type.face.standard")
					if option != "" {
						label = text("type." + w.name + "." + option)
					}
					field.Options = append(field.Options, web.Option{Value: option, Label: label})
				}
			}
			if w.name == "face-bind" {
				field.Options = p.faceKeys(r, keys)
			}
			if field.Kind == web.InputSelect && !slices.ContainsFunc(field.Options, func(o web.Option) bool { return o.Value == value }) {
				field.Options = append(field.Options, web.Option{Value: value, Label: value}) // what is wrong stays until somebody chooses another
			}
			add(field, value)
			if w.name == "face-text" && (c.item.Bind == "" || c.item.Kind == catalog.ItemPhoto) {
				add(web.FormField{Name: w.name + inputEnglish, Max: 400, Optional: true}, c.face.Words["en"][c.item.Text])
			}
		}
	}
	for _, l := range c.lengths {
		value := ""
		if *l.of != 0 || slices.Contains([]string{"face-x", "face-y", "face-width", "face-height"}, l.name) {
			value = millimetre(*l.of)
		}
		add(web.FormField{Name: l.name, Max: 7}, value)
	}
	if c.annex != nil {
		add(web.FormField{Name: "face-title", Max: 30}, c.annex.Title)
		add(web.FormField{Name: "face-title" + inputEnglish, Max: 400, Optional: true}, c.face.Words["en"][c.annex.Title])
		add(web.FormField{Name: "face-note", Max: 30}, c.annex.Note)
		add(web.FormField{Name: "face-note" + inputEnglish, Max: 400, Optional: true}, c.face.Words["en"][c.annex.Note])
	}
	if c.item != nil && c.item.Kind == catalog.ItemText {
		value := "no"
		if c.item.Middle {
			value = "yes"
		}
		add(web.FormField{Name: inputMiddle, Kind: web.InputSelect, Options: []web.Option{{Value: "no", Label: text("type.no")}, {Value: "yes", Label: text("type.yes")}}}, value)
	}
	return fields
}

// faceSubmit changes the template of a draft. What was typed is taken before an item is copied or moved, so that nothing is lost.
func (p *Pages) faceSubmit(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	v := viewOf(typed)
	d, err := p.Service.TypeDraft(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	files, err := d.Package()
	if err != nil {
		return err
	}
	face, err := facedesign.Read(files[catalog.FileFace])
	if err != nil {
		return fault.Wrap(err, fault.TypePackage)
	}
	refusal, err := p.changeFace(r, &face, &v, typed)
	if err != nil {
		return err
	}
	if refusal != nil {
		return p.showFace(w, r, v, typed, refusal)
	}
	next := maps.Clone(files)
	next[catalog.FileFace] = facedesign.Write(face)
	switch _, err := p.Service.ChangeTypeDraft(r.Context(), d.ID, revision(typed), next); {
	case fault.CodeOf(err) == fault.TypeDraftChanged: // shown beside what it is now, to be looked at and saved once more
		return p.showFace(w, r, viewOf(typed), typed, err)
	case err != nil:
		return err
	}
	http.Redirect(w, r, v.url(draftURL(d.ID)+"/face"), http.StatusSeeOther)
	return nil
}

// changeFace does what a button says; v is what is to be seen afterwards. refusal is of what was typed.
func (p *Pages) changeFace(r *http.Request, face *catalog.Face, v *faceView, typed url.Values) (refusal, err error) {
	do, page := typed.Get(inputFaceDo), v.page-1
	if do == "add" {
		i, err := facedesign.Add(face, page, catalog.ItemKind(typed.Get(inputAddKind)), bounded(typed.Get(inputAddBind)), p.Renderer.Text(r, "type.face.words"))
		v.item = strconv.Itoa(i)
		return nil, notThere(err)
	}
	c, ok := choose(face, *v)
	if !ok {
		return nil, fault.New(fault.NotFound)
	}
	if do != "delete" {
		if refusal := c.take(typed); refusal != nil {
			return refusal, nil
		}
	}
	if do == "save" || c.item == nil {
		return nil, nil
	}
	i, err := strconv.Atoi(v.item)
	if err != nil {
		return nil, fault.Wrap(err, fault.NotFound)
	}
	switch do {
	case "copy":
		i, err = facedesign.Copy(face, page, i)
	case "up":
		i, err = facedesign.Reorder(face, page, i, -1)
	case "down":
		i, err = facedesign.Reorder(face, page, i, 1)
	case "delete":
		err = facedesign.Delete(face, page, i)
	default:
		return nil, fault.New(fault.Malformed)
	}
	if v.item = strconv.Itoa(i); do == "delete" {
		v.item = ""
	}
	return nil, notThere(err)
}

func notThere(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.NotFound)
}
