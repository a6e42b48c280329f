package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/sheet"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// exportSheetPages bounds the copy for people; who has more finds the rest in the file for machines.
const exportSheetPages = 300

// exportDocument sets a copy of somebody's data for people to read and has it sealed with the seal of the operator; empty when the
// operator has no seal in use. The seal room verifies the document before it gives it out and does not keep it.
func (a *App) exportDocument(ctx context.Context, e idp.Export, content []byte) ([]byte, error) {
	seal, ready, err := a.operatorSeal(ctx)
	if err != nil {
		return nil, err
	}
	if !ready {
		a.opts.Log.WarnContext(ctx, "the seal of the operator is not in use: a copy of personal data has no document", "seal", a.cfg.Operator.Seal)
		return nil, nil
	}
	account, err := a.Accounts.Account(ctx, e.AccountID)
	if err != nil {
		return nil, err
	}
	text, err := a.exportSheet(e, cmp.Or(account.Locale, i18n.Chinese), content)
	if err != nil {
		return nil, err
	}
	unsealed, _, err := sheet.Build(text, typeface.Sans(), exportSheetPages)
	if err != nil {
		return nil, err
	}
	sealed, _, err := a.stampFor(ctx, "system:export", seal, unsealed, "export:"+e.ID, e.ID) // nothing was kept of a try that died
	return sealed, err
}

// exportSheet is the text of a copy in a language.
func (a *App) exportSheet(e idp.Export, locale string, content []byte) (sheet.Sheet, error) {
	w, sum := copyWords{a: a, locale: locale}, digest.Hex(content)
	s := sheet.Sheet{
		ID: e.ID, Title: w.text("copy.title"), Author: a.cfg.Operator.Name, Created: e.ReadyAt.In(legalTime).Format(time.DateOnly), Cut: w.text("copy.cut"),
		Page: func(n int) string { return w.text("copy.page", "id", e.ID, "n", strconv.Itoa(n)) },
		Front: []sheet.Line{
			{Label: w.text("copy.made_by"), Text: a.cfg.Operator.Name}, {Label: w.text("copy.issuer"), Text: a.cfg.Issuer}, {Label: w.text("copy.made_at"), Text: w.moment(e.ReadyAt)},
			{Label: w.text("copy.id"), Text: e.ID}, {Label: w.text("copy.digest"), Text: sum[:len(sum)/2] + " " + sum[len(sum)/2:]}, {}, {Text: w.text("copy.about")}, {Text: w.text("copy.keep")},
		},
	}
	var whole struct {
		Sections   json.RawMessage `json:"sections"`
		Incomplete []string        `json:"incomplete_sections"`
	}
	if err := json.Unmarshal(content, &whole); err != nil {
		return s, fmt.Errorf("read copy: %w", err)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(whole.Sections, &parts); err != nil {
		return s, fmt.Errorf("read copy: %w", err)
	}
	for _, section := range a.exportSections() {
		one := sheet.Section{Title: w.text("copy.section." + section.Name)}
		if _, asked := parts[section.Name]; !asked {
			continue
		}
		w.section = section.Name
		decoder := json.NewDecoder(bytes.NewReader(parts[section.Name]))
		decoder.UseNumber()
		tree, err := readTree(decoder)
		if err != nil {
			return s, fmt.Errorf("read copy: section %s: %w", section.Name, err)
		}
		if one.Lines = w.lines(nil, 0, "", tree); len(one.Lines) == 0 {
			one.Lines = []sheet.Line{{Text: w.text("copy.nothing")}}
		}
		if slices.Contains(whole.Incomplete, section.Name) {
			one.Lines = append(one.Lines, sheet.Line{Text: w.text("copy.incomplete")})
		}
		s.Sections = append(s.Sections, one)
	}
	return s, nil
}

// tree is a JSON value whose members stand in their order.
type tree struct {
	scalar  any // string, json.Number, bool, nil
	members []member
	items   []tree
	kind    json.Delim // '{', '[' or 0
}

type member struct {
	name  string
	value tree
}

func readTree(d *json.Decoder) (t tree, err error) {
	token, err := d.Token()
	if err != nil {
		return t, err
	}
	delim, compound := token.(json.Delim)
	if !compound {
		return tree{scalar: token}, nil
	}
	t.kind = delim
	for d.More() {
		var one member
		if delim == '{' {
			name, err := d.Token()
			if err != nil {
				return t, err
			}
			one.name, _ = name.(string)
		}
		if one.value, err = readTree(d); err != nil {
			return t, err
		}
		if delim == '{' {
			t.members = append(t.members, one)
		} else {
			t.items = append(t.items, one.value)
		}
	}
	if closing, err := d.Token(); err != nil || closing == token {
		return t, errors.Join(err, errors.New("value is not closed"))
	}
	return t, nil
}

// copyWords puts a copy into words.
type copyWords struct {
	a       *App
	locale  string
	section string
	kind    *catalog.Type // of the licence whose fields are set
}

// copyCodes are the members whose values are codes: by the name of the member, or by section and name where the name says different
// things; what stands before the code in the catalogue of messages.
var copyCodes = map[string]string{
	"account/state": "status.account_", "account/kind": "admin.account.", "method": "copy.method.", "locale": "copy.locale.",
	"sign_in/kind": "security.kind.", "methods": "copy.amr.",
	"consents/kind": "consent.", "channel": "records.channel.", "license_use": "copy.use.",
	"questions/state": "status.dispute_", "author": "copy.author.",
	"mandates/kind": "mandate.kind.", "mandates/state": "mandate.state.", "rights": "mandate.right.", "side": "copy.side.",
	"licenses/status": "status.",
}

func (w copyWords) text(key string, params ...string) string {
	return w.a.texts.Text(w.locale, key, params...)
}

func (w copyWords) moment(at time.Time) string {
	return at.In(legalTime).Format("2006-01-02 15:04:05") + " UTC+8"
}

// lines sets a value below a label.
func (w copyWords) lines(all []sheet.Line, level int, name string, t tree) []sheet.Line {
	switch t.kind {
	case '{':
		if name != "" {
			all = append(all, sheet.Line{Level: level, Label: w.label(name)})
			level++
		}
		for _, m := range t.members {
			if code, ok := m.value.scalar.(string); ok && m.name == "type_code" {
				w.kind, _ = w.a.sealing.licenses.Types().Find(code)
			}
			all = w.lines(all, level, m.name, m.value)
		}
	case '[':
		if flat, ok := w.flat(name, t.items); ok {
			if flat != "" {
				all = append(all, sheet.Line{Level: level, Label: w.label(name), Text: flat})
			}
			return all
		}
		if name != "" {
			all = append(all, sheet.Line{Level: level, Label: w.label(name)})
			level++
		}
		for i, item := range t.items {
			all = append(all, sheet.Line{Level: level, Label: w.text("copy.number", "n", strconv.Itoa(i+1))})
			all = w.lines(all, level+1, "", item)
		}
	default:
		if text := w.scalar(name, t.scalar); text != "" {
			all = append(all, sheet.Line{Level: level, Label: w.label(name), Text: text})
		}
	}
	return all
}

// flat is a list of plain values in one line; a list of nothing is one too.
func (w copyWords) flat(name string, items []tree) (text string, ok bool) {
	for i, item := range items {
		if item.kind != 0 {
			return "", false
		}
		if i > 0 {
			text += w.text("page.list_gap")
		}
		text += w.scalar(name, item.scalar)
	}
	return text, name != "" || len(items) == 0
}

// label is a name of a member in words; one that nobody named stands as it is.
func (w copyWords) label(name string) string {
	if w.kind != nil {
		if label := w.kind.Label(name, w.locale); label != "" && label != name {
			return label
		}
	}
	if key := "copy.field." + name; w.a.texts.Has(key) {
		return w.text(key)
	}
	return name
}

func (w copyWords) scalar(name string, value any) string {
	switch v := value.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return w.moment(at)
		}
		return w.code(name, v)
	case json.Number:
		return v.String()
	case bool:
		return w.text(map[bool]string{true: "copy.yes", false: "copy.no"}[v])
	}
	return ""
}

// code is what a code is called; one that nobody named stands as it is.
func (w copyWords) code(name, value string) string {
	switch {
	case name == "claims" || name == "withheld_claims" || name == "name" && w.section == "consents":
		if known, ok := w.a.words.Load().Claim(value); ok && known.Title[w.locale] != "" {
			return known.Title[w.locale]
		}
		return w.named("claim.", value)
	case name == "scopes":
		if known, ok := w.a.words.Load().Scope(value); ok && known.Title[w.locale] != "" {
			return known.Title[w.locale]
		}
		return value
	case name == "type" && w.kind == nil:
		if kind, ok := w.a.documents().Find(value); ok {
			return kind.Name(w.locale)
		}
		return value
	}
	if prefix := copyCodes[w.section+"/"+name]; prefix != "" {
		return w.named(prefix, value)
	}
	return w.named(copyCodes[name], value)
}

// named is the text under prefix and code.
func (w copyWords) named(prefix, code string) string {
	if key := prefix + code; prefix != "" && w.a.texts.Has(key) {
		return w.text(key)
	}
	return code
}
