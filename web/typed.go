package web

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// TypedForm is what a person typed into a form before a login. Files are not in it: their names say which have to be picked again.
type TypedForm struct {
	Action string              `json:"action,omitempty"` // path that the form was sent to, where its page has another
	Fields url.Values          `json:"fields"`
	Files  map[string][]string `json:"files,omitempty"` // by input
}

// InputVersion is the hidden input of the version that a form was made from. It comes back with what was typed, so that what others changed
// meanwhile is told as ever.
const InputVersion = "version"

// Bounds of what is kept of a form, in octets.
const (
	TypedByPeople  = 4 << 10
	TypedByOffices = 128 << 10 // consoles have forms with whole documents of settings
)

const (
	maxTypedBody  = 1 << 20  // of a form without files
	maxTypedFiles = 64 << 20 // of one with; what is in them is passed over
	maxTypedParts = 100
	maxTypedNames = 200 // inputs that are kept
	maxTypedName  = 100 // octets of the name of an input
	maxFileNames  = 10
	maxFileName   = 80 // characters
)

// ReadTyped reads the inputs of a posted form that keep lets pass; ok is false where there are none, more than most octets, or too many. The form may
// have been parsed before.
func ReadTyped(w http.ResponseWriter, r *http.Request, most int, keep func(input string) bool) (form TypedForm, ok bool) {
	form = TypedForm{Fields: url.Values{}, Files: map[string][]string{}}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.MultipartForm != nil:
		for name, files := range r.MultipartForm.File {
			for _, f := range files {
				form.file(name, f.Filename)
			}
		}
		form.take(r.PostForm, keep)
	case kind == "multipart/form-data":
		r.Body = http.MaxBytesReader(w, r.Body, maxTypedFiles)
		reader, err := r.MultipartReader()
		if err != nil || form.parts(reader, most, keep) != nil {
			return form, false
		}
	default:
		if r.PostForm == nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxTypedBody)
			if err := r.ParseForm(); err != nil {
				return form, false
			}
		}
		form.take(r.PostForm, keep)
	}
	size := 0
	for name, values := range form.Fields {
		if name != InputVersion { // which nobody typed
			size += len(values[0])
		}
	}
	return form, size > 0 && size <= most && len(form.Fields) <= maxTypedNames
}

func (f *TypedForm) take(values url.Values, keep func(string) bool) {
	for name, all := range values {
		if len(name) <= maxTypedName && keep(name) && len(all) == 1 && all[0] != "" {
			f.Fields.Set(name, all[0])
		}
	}
}

var errTyped = errors.New("web: more is typed than is kept")

func (f *TypedForm) parts(reader *multipart.Reader, most int, keep func(string) bool) error {
	all := url.Values{}
	for n := 0; ; n++ {
		part, err := reader.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			f.take(all, keep)
			return nil
		case err != nil:
			return err
		case n == maxTypedParts:
			return errTyped
		case part.FileName() != "":
			f.file(part.FormName(), part.FileName())
		case keep(part.FormName()):
			value, err := io.ReadAll(io.LimitReader(part, int64(most)+1))
			if err != nil || len(value) > most {
				return errors.Join(errTyped, err)
			}
			all.Add(part.FormName(), string(value))
		}
	}
}

func (f *TypedForm) file(input, name string) {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	_, known := f.Files[input]
	switch {
	case input == "", name == ".", name == "..", name == "/", !utf8.ValidString(name), utf8.RuneCountInString(name) > maxFileName:
		return
	case known && len(f.Files[input]) == maxFileNames, !known && len(f.Files) == maxFileNames:
		return
	}
	f.Files[input] = append(f.Files[input], name)
}

// files are the files that have to be picked again, by name, in the order of the inputs' names.
func (f *TypedForm) files() (all []string) {
	inputs := make([]string, 0, len(f.Files))
	for input := range f.Files {
		inputs = append(inputs, input)
	}
	slices.Sort(inputs)
	for _, input := range inputs {
		all = append(all, f.Files[input]...)
	}
	return all
}

type typedKey struct{}

// WithTyped lets the page of a request come back with what the person typed into its form before.
func WithTyped(ctx context.Context, form TypedForm) context.Context {
	return context.WithValue(ctx, typedKey{}, &form)
}

// Typed is what the person typed before; nil as a rule.
func Typed(r *http.Request) *TypedForm {
	form, _ := r.Context().Value(typedKey{}).(*TypedForm)
	return form
}

// Get is what was typed into an input; nothing without a form.
func (f *TypedForm) Get(input string) string {
	if f == nil {
		return ""
	}
	return f.Fields.Get(input)
}

// fill puts what was typed into an input that data describes.
func (f *TypedForm) fill(field FormField) FormField {
	if f == nil || field.Kind == InputSecret {
		return field
	}
	if field.Kind == InputDate {
		if day := dayOf(f.Get(field.Name+"-year"), f.Get(field.Name+"-month"), f.Get(field.Name+"-day")); day != "" {
			field.Value = day
		}
		return field
	}
	typed := f.Get(field.Name)
	if typed == "" || field.Kind == InputSelect && !slices.ContainsFunc(field.Options, func(o Option) bool { return o.Value == typed }) {
		return field
	}
	field.Value = typed
	return field
}

// at is what was typed into an input of the form that is sent to an address; value where nothing was.
func (f *TypedForm) at(action, input, value string) string {
	if at, _, _ := strings.Cut(action, "?"); f != nil && f.Action == at && f.Get(input) != "" {
		return f.Get(input)
	}
	return value
}

// hidden puts the version that the form was made from into its hidden inputs.
func (f *TypedForm) hidden(all []Hidden) []Hidden {
	if f.Get(InputVersion) == "" {
		return all
	}
	all = slices.Clone(all)
	for i := range all {
		if all[i].Name == InputVersion {
			all[i].Value = f.Get(InputVersion)
		}
	}
	return all
}

// reasons puts the reason that was typed into the action that it was typed for, which is shown opened, also where other inputs of it were typed.
func (f *TypedForm) reasons(actions []StateAction) []StateAction {
	if f == nil || f.Action == "" {
		return actions
	}
	actions = slices.Clone(actions)
	for i := range actions {
		at, _, _ := strings.Cut(actions[i].URL, "?")
		if at == f.Action && slices.ContainsFunc(actions[i].Fields, func(field FormField) bool { return f.Get(field.Name) != "" }) {
			actions[i].Open = true // its fields come back filled in
		}
		if at == f.Action && !actions[i].NoReason && len(actions[i].Reasons) == 0 && f.Get("reason") != "" {
			actions[i].Reason, actions[i].Open = f.Get("reason"), true
		}
	}
	return actions
}

// dayOf joins the three inputs of a date as FormField.Value has it; nothing for what is no day.
func dayOf(year, month, day string) string {
	if len(year) != 4 {
		return ""
	}
	return year + "-" + twoDigits(month) + "-" + twoDigits(day)
}

func twoDigits(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// DateTyped joins the three inputs of a date (InputDate) to YYYYMMDD; empty when all are. What is no date is for the reader to refuse.
func DateTyped(form url.Values, name string) string {
	part := func(of string) string { return strings.TrimSpace(form.Get(name + "-" + of)) }
	year, month, day := part("year"), part("month"), part("day")
	if year+month+day == "" {
		return ""
	}
	return year + twoDigits(month) + twoDigits(day)
}

// DateShown is what DateTyped joined as the value of its field; empty for what has no place in the three inputs.
func DateShown(form url.Values, name string) string {
	day := DateTyped(form, name)
	if len(day) != 8 {
		return ""
	}
	return day[:4] + "-" + day[4:6] + "-" + day[6:]
}
