package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/web/verdict"
)

// functions are what templates may call, bound to one language.
func (rd *Renderer) functions(locale string) template.FuncMap {
	return template.FuncMap{
		"t": func(key string, params ...any) (string, error) { return rd.translate(locale, key, params) },
		"tk": func(family string, value any) (string, error) {
			return rd.translate(locale, family+fmt.Sprint(value), nil)
		},
		"item":        func(code string) string { return rd.Item(locale, code) },
		"next":        func(n verdict.Next) (string, error) { return rd.nextStep(locale, n) },
		"word":        func(family, value string) string { return rd.word(locale, family, value) },
		"date":        func(at any) (string, error) { return formatTime(locale, at, false) },
		"datetime":    func(at any) (string, error) { return formatTime(locale, at, true) },
		"clock":       func(at time.Time) string { return at.In(beijing).Format("15:04") },
		"machine":     machineTime,
		"static":      rd.static.address,
		"size":        rd.static.size,
		"words":       func(keys ...string) (string, error) { return rd.words(locale, keys) },
		"icon":        icon,
		"field":       newField,
		"fault":       faultOf,
		"input":       newInput,
		"actions":     newActions,
		"kept":        func(v view, all []Hidden) []Hidden { return v.Typed.hidden(all) },
		"typed":       func(v view, action, input, value string) string { return v.Typed.at(action, input, value) },
		"step":        newStep,
		"tabs":        func(password, byCode string, code bool) loginTabs { return loginTabs{password, byCode, code} },
		"empty":       newEmpty,
		"notice":      newNotice,
		"group":       groupDigits,
		"list":        func(values []string) string { return strings.Join(values, rd.catalogue.Text(locale, "page.list_gap")) },
		"add":         func(a, b int) int { return a + b },
		"shown":       func(n int, result VerifyResult) shownResult { return shownResult{n, result, result.Shown} },
		"sheet":       func(r shownResult, page ShownPage, total int) shownSheet { return shownSheet{r, page, total} },
		"qr":          qrPath,
		"qrsize":      qrSize,
		"download":    downloadAddress,
		"image":       pngAddress,
		"jpeg":        jpegAddress,
		"pixels":      pixels,
		"strings":     func(values ...string) []string { return values },
		"millimetres": func(mm float64) string { return strconv.FormatFloat(math.Round(mm*10)/10, 'f', -1, 64) },
		"tone":        StatusKind,
	}
}

// translate fails for a key that is not in the catalogue: such a page must not ship (experience.md 7, rule 1).
func (rd *Renderer) translate(locale, key string, params []any) (string, error) {
	if !rd.catalogue.Has(key) {
		return "", fmt.Errorf("web: message %q is not in every catalogue", key)
	}
	if len(params)%2 != 0 {
		return "", fmt.Errorf("web: message %q has a parameter without a value", key)
	}
	pairs := make([]string, len(params))
	for i, p := range params {
		pairs[i] = fmt.Sprint(p)
	}
	return rd.catalogue.Text(locale, key, pairs...), nil
}

// nextStep is the sentence below the headline of a verdict; empty for a code without one.
func (rd *Renderer) nextStep(locale string, n verdict.Next) (string, error) {
	if !rd.catalogue.Has(n.Key) {
		return "", nil
	}
	var params []any
	for name, text := range n.Text {
		params = append(params, name, text)
	}
	for name, at := range n.Days {
		day, err := formatTime(locale, at, false)
		if err != nil {
			return "", err
		}
		params = append(params, name, day)
	}
	return rd.translate(locale, n.Key, params)
}

// words is JSON of the messages with these keys, for an island; a key that ends in a point stands for its whole family.
func (rd *Renderer) words(locale string, keys []string) (string, error) {
	all := map[string]string{}
	for _, key := range rd.catalogue.Keys() {
		for _, wanted := range keys {
			if key == wanted || strings.HasSuffix(wanted, ".") && strings.HasPrefix(key, wanted) {
				all[key] = rd.catalogue.Text(locale, key)
			}
		}
	}
	text, err := json.Marshal(all)
	return string(text), err
}

// word translates a state word that comes from data; one that the catalogue does not know is shown as it is.
func (rd *Renderer) word(locale, family, value string) string {
	if key := family + value; rd.catalogue.Has(key) {
		return rd.catalogue.Text(locale, key)
	}
	return value
}

// beijing is legal time in China; it has had no summer time since 1992.
var beijing = time.FixedZone("Asia/Shanghai", 8*3600)

// formatTime writes a day, or a day and minute in Beijing time, as people of the language write it. Missing times are
// a dash.
func formatTime(locale string, at any, minute bool) (string, error) {
	var moment time.Time
	switch value := at.(type) {
	case time.Time:
		moment = value
	case *time.Time:
		if value != nil {
			moment = *value
		}
	default:
		return "", fmt.Errorf("web: %T is no time", at)
	}
	if moment.IsZero() {
		return "—", nil
	}
	layout := "2006年1月2日"
	if locale == i18n.English {
		layout = "2 January 2006"
	}
	if minute {
		layout += " 15:04"
	}
	return moment.In(beijing).Format(layout), nil
}

// machineTime is the value of <time datetime>.
func machineTime(at any) (string, error) {
	switch value := at.(type) {
	case time.Time:
		return value.In(beijing).Format(time.RFC3339), nil
	case *time.Time:
		if value != nil {
			return value.In(beijing).Format(time.RFC3339), nil
		}
		return "", nil
	}
	return "", fmt.Errorf("web: %T is no time", at)
}

// pixels is a length in millimetres as CSS pixels (96 to the inch), so that a seal is shown in its real size.
func pixels(millimetres int) int { return (millimetres*960 + 127) / 254 }

// groupDigits parts a long number into groups of four, for reading aloud.
func groupDigits(number string) string {
	runes := []rune(number)
	var b strings.Builder
	for i, r := range runes {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Field is a text input with its label, hint above and error above (experience.md 6).
type Field struct {
	ID, Label, Hint, Error, Value        string
	Type, Autocomplete, Inputmode, Class string
	Maxlength                            int
	Required, Optional                   bool
	Autofocus                            bool // the next one that needs input
}

// DescribedBy is the value of aria-describedby.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// faultOf is what is wrong with an input that is no text field; empty for nothing.
func faultOf(v view, id string) string {
	for _, e := range v.Errors {
		if e.Field == id {
			return e.Message
		}
	}
	return ""
}

// newField makes a field from option, value pairs; its error comes from the page.
func newField(v view, id string, options ...any) (Field, error) {
	f := Field{ID: id, Type: "text", Required: true}
	for _, e := range v.Errors {
		if e.Field == id && f.Error == "" {
			f.Error = e.Message
		}
	}
	if len(options)%2 != 0 {
		return f, fmt.Errorf("web: field %s has an option without a value", id)
	}
	for i := 0; i < len(options); i += 2 {
		if err := f.set(fmt.Sprint(options[i]), options[i+1]); err != nil {
			return f, err
		}
	}
	if typed := v.Typed.Get(id); typed != "" && f.Type != "password" && f.Type != "file" && f.Autocomplete != "one-time-code" {
		f.Value = typed
	}
	f.Autofocus = f.Autofocus && len(v.Errors) == 0 // else the summary has the focus
	if f.Label == "" {
		return f, fmt.Errorf("web: field %s has no label", id)
	}
	return f, nil
}

func (f *Field) set(option string, value any) error {
	text := fmt.Sprint(value)
	switch option {
	case "label":
		f.Label = text
	case "hint":
		f.Hint = text
	case "value":
		f.Value = text
	case "type":
		f.Type = text
	case "autocomplete":
		f.Autocomplete = text
	case "inputmode":
		f.Inputmode = text
	case "class":
		f.Class = text
	case "maxlength":
		length, ok := value.(int)
		if !ok {
			return fmt.Errorf("web: maxlength of field %s is no number", f.ID)
		}
		f.Maxlength = length
	case "autofocus":
		f.Autofocus = value == true
	case "optional":
		f.Optional, f.Required = true, false
	default:
		return fmt.Errorf("web: field %s has no option %q", f.ID, option)
	}
	return nil
}

// Step is where the person is in a journey of several pages.
type Step struct {
	Number, Total int
	Label         string
}

// Bars has one entry for each step, true for those reached.
func (s Step) Bars() []bool {
	bars := make([]bool, s.Total)
	for i := range bars {
		bars[i] = i < s.Number
	}
	return bars
}

// loginTabs are the login by password and the one by code, each a page of its own.
type loginTabs struct {
	Password, ByCode string
	Code             bool // the present one
}

func newStep(number, total int, label string) Step {
	return Step{Number: number, Total: total, Label: label}
}

// Empty is what stands where nothing is to show yet: always with a next step.
type Empty struct {
	Title, Text, LinkLabel, LinkURL string
}

func newEmpty(title, text, label, address string) Empty { return Empty{title, text, label, address} }

func newNotice(tone, title, text string) Notice { return Notice{Tone: tone, Title: title, Text: text} }

// Input is a field that data describes, with its error.
type Input struct {
	Field FormField
	Error string
}

// DescribedBy is the value of aria-describedby.
func (i Input) DescribedBy() string {
	return Field{ID: i.Field.Name, Hint: i.Field.Hint, Error: i.Error}.DescribedBy()
}

func newInput(v view, field FormField) Input {
	field = v.Typed.fill(field)
	for _, e := range v.Errors {
		if e.Field == field.Name {
			return Input{Field: field, Error: e.Message}
		}
	}
	return Input{Field: field}
}

// stateActions are the changes of state of one thing with the hidden fields of their forms.
type stateActions struct {
	View    view
	Hidden  []Hidden
	Actions []StateAction
}

func newActions(v view, hidden []Hidden, actions []StateAction) stateActions {
	return stateActions{View: v, Hidden: v.Typed.hidden(hidden), Actions: v.Typed.reasons(actions)}
}
