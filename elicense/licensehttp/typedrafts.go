package licensehttp

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/facedesign"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// TypeDraftsPath lists the drafts of licence types of whoever asks.
const TypeDraftsPath = TypesPath + "/drafts"

const (
	inputPackage      = "type-files"
	inputDraftVersion = "draft-version"
	inputDraftDay     = "draft-day"

	maxPackageForm = typepackage.MaxArchive + 1<<19 // five files of the largest size, or an archive
)

func draftURL(id string) string { return TypeDraftsPath + "/" + url.PathEscape(id) }

func (p *Pages) draftPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + TypesPath + "/codes/{code}/package": p.typePackage,
		"POST " + TypesPath + "/codes/{code}/draft":  p.draftBegin,
		"GET " + TypeDraftsPath:                      p.draftList,
		"GET " + TypeDraftsPath + "/new":             p.draftForm,
		"POST " + TypeDraftsPath + "/new":            p.draftUpload,
		"GET " + TypeDraftsPath + "/{id}":            p.draftDetail,
		"GET " + TypeDraftsPath + "/{id}/package":    p.draftPackage,
		"POST " + TypeDraftsPath + "/{id}/number":    p.draftNumber,
		"POST " + TypeDraftsPath + "/{id}/propose":   p.draftPropose,
		"POST " + TypeDraftsPath + "/{id}/drop":      p.draftDrop,
		"GET " + TypeDraftsPath + "/{id}/face":       p.faceForm,
		"POST " + TypeDraftsPath + "/{id}/face":      p.faceSubmit,
	}
}

// sendPackage sends the files of a package as an archive.
func sendPackage(w http.ResponseWriter, name string, files map[string][]byte) error {
	content, err := facedesign.Archive(files)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", attachment(name+".zip"))
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(content) // a caller that went away is no fault of ours
	return nil
}

func (p *Pages) typePackage(w http.ResponseWriter, r *http.Request) error {
	if !readsTypes(r) {
		return forbidden(r)
	}
	t, err := p.Service.TypePackage(r.PathValue("code"))
	if err != nil {
		return fault.Wrap(err, fault.NotFound)
	}
	return sendPackage(w, t.Code+"-"+strconv.Itoa(t.Row.Version), t.Files())
}

func (p *Pages) draftPackage(w http.ResponseWriter, r *http.Request) error {
	d, err := p.Service.TypeDraft(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	files, err := d.Package()
	if err != nil {
		return err
	}
	return sendPackage(w, d.ID, files)
}

func (p *Pages) draftBegin(w http.ResponseWriter, r *http.Request) error {
	if _, err := typedForm(w, r); err != nil {
		return err
	}
	d, err := p.Service.BeginTypeDraft(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	http.Redirect(w, r, draftURL(d.ID), http.StatusSeeOther)
	return nil
}

func (p *Pages) draftList(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, err := p.Service.TypeDrafts(r.Context(), after, pageSize)
	if err != nil {
		return err
	}
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	t := web.Table{Caption: text("type.drafts"), Columns: []web.Column{{Label: text("type.name")}, {Label: text("licence.type")}, {Label: text("type.draft.changed_at")}}}
	for _, d := range page {
		name := d.ID
		if known, err := p.Service.TypePackage(d.Code); err == nil {
			name = known.Name.In(locale)
		}
		t.Rows = append(t.Rows, web.Row{URL: draftURL(d.ID), Cells: []string{name, orDash(d.Code), dateTime(d.UpdatedAt)}})
	}
	if len(page) == pageSize {
		t.NextURL = pagemark.Onward(r, TypeDraftsPath, page[len(page)-1].ID)
	}
	body := web.AdminListPage{Intro: text("type.drafts.lead"), NewURL: TypeDraftsPath + "/new", NewLabel: text("type.upload"), Links: []web.Link{{Label: text("type.list"), URL: TypesPath}}, Table: t, None: text("type.drafts.none"), NoneText: text("type.drafts.none.text")}
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: t.Caption, Body: body})
}

func (p *Pages) draftForm(w http.ResponseWriter, r *http.Request) error {
	if !decidesTypes(r) {
		return forbidden(r)
	}
	return p.showUpload(w, r, nil)
}

// showUpload shows the form for a package, with everything that is wrong with the one that was sent.
func (p *Pages) showUpload(w http.ResponseWriter, r *http.Request, refusal error) error {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	page, status := web.Page{Title: text("type.upload"), Self: TypeDraftsPath + "/new"}, http.StatusOK
	body := web.TypeUploadPage{Back: web.Link{Label: text("type.drafts"), URL: TypeDraftsPath}, Action: TypeDraftsPath + "/new"}
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, nil)
		for i := range page.Errors {
			page.Errors[i].Field = inputPackage
		}
		if fault.CodeOf(refusal) == fault.TypePackage {
			faults := p.faultTable(r, refusal)
			body.Faults = &faults
		}
	}
	page.Body = body
	return p.Page(w, r, status, "type-upload", page)
}

// faultTable lists what is wrong with a package, by file, line and place. The words are those of the check, in English, as the command line
// and the API tell them.
func (p *Pages) faultTable(r *http.Request, err error) web.Table {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	t := web.Table{Caption: text("type.faults"), Plain: true, Columns: []web.Column{{Label: text("type.fault.file")}, {Label: text("type.fault.line"), Number: true}, {Label: text("type.fault.place")}, {Label: text("type.fault.kind")}, {Label: text("type.fault.text")}}}
	for _, f := range catalog.Faults(err) {
		line := "—"
		if f.Line > 0 {
			line = strconv.Itoa(f.Line)
		}
		t.Rows = append(t.Rows, web.Row{Cells: []string{f.File, line, orDash(f.Place), text("type.fault." + string(f.Code)), f.Text}})
	}
	if len(t.Rows) == 0 { // the trial, or the archive
		t.Rows = append(t.Rows, web.Row{Cells: []string{"—", "—", "—", text("type.fault.trial"), errors.Unwrap(err).Error()}})
	}
	return t
}

func (p *Pages) draftUpload(w http.ResponseWriter, r *http.Request) error {
	if !decidesTypes(r) { // before anything is read
		return forbidden(r)
	}
	files, err := packageOf(w, r)
	var d elicense.TypeDraft
	if err == nil {
		d, err = p.Service.AddTypeDraft(r.Context(), files)
	}
	switch fault.CodeOf(err) {
	case "":
		http.Redirect(w, r, draftURL(d.ID), http.StatusSeeOther)
		return nil
	case fault.TypePackage, fault.TypeDraftLimit, fault.TooLarge, fault.Malformed, fault.Invalid:
		return p.showUpload(w, r, err)
	}
	return err
}

// packageOf reads a package out of a form: an archive, or its files one by one. Nothing is written to disk.
func packageOf(w http.ResponseWriter, r *http.Request) (map[string][]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPackageForm))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, fault.Wrap(tooLarge, fault.TooLarge, "limit", "1.5 MB")
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Malformed)
	}
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, fault.Wrap(err, fault.UnsupportedMedia)
	}
	uploads, err := readFiles(body, parameters["boundary"], inputPackage)
	if err != nil {
		return nil, err
	}
	uploads = slices.DeleteFunc(uploads, func(one upload) bool { return one.name == "" && len(one.content) == 0 }) // an input without a file
	if len(uploads) == 0 {
		return nil, fault.New(fault.Invalid).WithField(inputPackage, fault.LicenseFieldMissing)
	}
	if len(uploads) == 1 && bytes.HasPrefix(uploads[0].content, []byte("PK")) {
		files, err := typepackage.ReadZIP(uploads[0].content)
		if err != nil {
			return nil, fault.Wrap(err, fault.TypePackage)
		}
		return files, nil
	}
	files := map[string][]byte{}
	for _, one := range uploads {
		name := path.Base(strings.ReplaceAll(one.name, `\`, "/"))
		if _, twice := files[name]; twice {
			return nil, fault.Wrap(&catalog.Fault{File: name, Code: catalog.FaultFiles, Text: "was sent twice"}, fault.TypePackage)
		}
		files[name] = one.content
	}
	return files, nil
}

func (p *Pages) draftDetail(w http.ResponseWriter, r *http.Request) error {
	return p.showDraft(w, r, nil, nil)
}

// showDraft shows a draft with what its check says; typed is the number and day that were refused.
func (p *Pages) showDraft(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	d, err := p.Service.TypeDraft(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	c, wrong := p.Service.CheckTypeDraft(r.Context(), d)
	if wrong != nil && fault.CodeOf(wrong) != fault.TypePackage {
		return wrong
	}
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: text("type.drafts"), URL: TypeDraftsPath}, Name: text("type.draft"), Under: d.Code, Status: "type_draft_right",
		Links:  []web.Link{{Label: text("type.face"), URL: draftURL(d.ID) + "/face"}, {Label: text("type.package"), URL: draftURL(d.ID) + "/package"}},
		Hidden: []web.Hidden{{Name: web.InputVersion, Value: strconv.FormatInt(d.Revision, 10)}},
		Facts:  []web.ShownField{{Label: text("type.draft.changed_at"), Value: dateTime(d.UpdatedAt)}}}
	number := web.StateAction{ID: "draft-number", Label: text("type.draft.number"), URL: draftURL(d.ID) + "/number", Effect: text("type.draft.number.effect"), NoReason: true, Open: refusal != nil,
		Fields: []web.FormField{{Name: inputDraftVersion, Label: text("type.version"), Max: 4}, {Name: inputDraftDay, Label: text("type.effective"), Kind: web.InputDate}}}
	if c.Type != nil {
		body.Name, body.Facts = c.Type.Name.In(locale), append(body.Facts, p.typeFacts(r, c.Type)...)
		number.Fields[0].Value, number.Fields[1].Value = strconv.Itoa(c.Type.Row.Version), dayShown(c.Type.Row.EffectiveDate)
	}
	if typed != nil {
		number.Fields[0].Value, number.Fields[1].Value = bounded(typed.Get(inputDraftVersion)), web.DateShown(typed, inputDraftDay)
	}
	actions := []web.StateAction{number}
	if wrong != nil {
		body.Status = "type_draft_wrong"
		faults := p.faultTable(r, wrong)
		body.Sections = []web.AdminSection{{ID: "type-faults", Title: text("type.faults"), Text: text("type.faults.text"), Table: &faults}}
	} else {
		body.Facts = append(body.Facts, web.ShownField{Label: text("type.draft.sample"), Value: p.Renderer.Text(r, "type.draft.sample.right", "code", c.Trial.Result.Code)})
		body.Sections = append([]web.AdminSection{p.changes(r, c)}, p.typeSections(r, c.Type)...)
		actions = append(actions, web.StateAction{ID: "draft-propose", Label: text("type.draft.propose"), URL: draftURL(d.ID) + "/propose", Effect: text("type.draft.propose.effect"), NoReason: true})
	}
	body.Actions = append(actions, web.StateAction{ID: "draft-drop", Label: text("type.draft.drop"), URL: draftURL(d.ID) + "/drop", Effect: text("type.draft.drop.effect"), NoReason: true, Danger: true})
	page, status := web.Page{Title: text("type.draft"), Self: draftURL(d.ID), Body: body}, http.StatusOK
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, map[string]string{inputDraftVersion: inputDraftVersion, inputDraftDay: inputDraftDay})
	}
	return p.Page(w, r, status, "admin-detail", page)
}

// revision is the one of the draft that a form was made from; what is none is 0, which no draft has.
func revision(typed url.Values) int64 {
	n, err := strconv.ParseInt(typed.Get(web.InputVersion), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// draftNumber gives a draft another number and day.
func (p *Pages) draftNumber(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	d, err := p.Service.TypeDraft(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(strings.TrimSpace(typed.Get(inputDraftVersion)))
	day := strings.ReplaceAll(web.DateTyped(typed, inputDraftDay), "-", "")
	refusal := fault.New(fault.Invalid)
	if err != nil || number < 1 || number > 9999 {
		refusal = refusal.WithField(inputDraftVersion, fault.TypeVersionNumber)
	}
	if _, err := time.Parse("20060102", day); err != nil {
		refusal = refusal.WithField(inputDraftDay, fault.LicenseFieldForm)
	}
	if len(refusal.Fields) > 0 {
		return p.showDraft(w, r, typed, refusal)
	}
	files, err := d.Package()
	if err != nil {
		return err
	}
	if _, err := p.Service.ChangeTypeDraft(r.Context(), d.ID, revision(typed), elicense.WithVersion(files, number, day)); err != nil {
		return err
	}
	http.Redirect(w, r, draftURL(d.ID), http.StatusSeeOther)
	return nil
}

func (p *Pages) draftPropose(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	v, err := p.Service.ProposeTypeDraft(r.Context(), r.PathValue("id"), revision(typed))
	if fault.CodeOf(err) == fault.TypePackage { // another version came into use since; its page says what is wrong
		http.Redirect(w, r, draftURL(r.PathValue("id")), http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, proposalURL(v.ID), http.StatusSeeOther)
	return nil
}

func (p *Pages) draftDrop(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	if err := p.Service.DropTypeDraft(r.Context(), r.PathValue("id"), revision(typed)); err != nil {
		return err
	}
	http.Redirect(w, r, TypeDraftsPath, http.StatusSeeOther)
	return nil
}
