package catalog

import (
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

const (
	businessLicense = "11100000MB0143028R001"
	realEstateTitle = "11100000MB03271699001"
)

func TestBuiltInTypes(t *testing.T) {
	c, err := Load(embedded)
	if err != nil {
		t.Fatal(err)
	}
	kinds, categories := map[string]bool{}, map[Category]bool{}
	for _, licenseType := range c.Types() {
		kinds[licenseType.Row.Kind] = true
		for _, category := range licenseType.HolderCategories {
			categories[category] = true
		}
		if licenseType.Row.Status != StatusPublished || !licenseType.BuiltIn {
			t.Errorf("%s: a built-in type is in force", licenseType.Code)
		}
		sample := licenseType.Sample
		id, err := ParseID(sample.First(KeyLicenseID))
		if err != nil {
			t.Errorf("%s: sample: %v", licenseType.Code, err)
		}
		if id.TypeCode != licenseType.Code || id.IssuerCode != sample.First(KeyAuthorityCode) || sample.First(KeyTypeCode) != licenseType.Code || sample.First(KeyName) != licenseType.Name["zh-CN"] {
			t.Errorf("%s: sample does not fit the type", licenseType.Code)
		}
		for _, name := range profileNames {
			view, err := licenseType.View(name, sample, time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC))
			if err != nil || len(view) == 0 {
				t.Errorf("%s: view %s: %v %v", licenseType.Code, name, view, err)
			}
		}
	}
	// One type at least for each kind of administrative act, for persons and for organisations.
	for _, kind := range []string{"01", "02", "03", "04", "05", "06", "07", "08", "09"} {
		if !kinds[kind] {
			t.Errorf("no type of kind %s", c.EntryName(ListKinds, kind, "en"))
		}
	}
	if len(c.Types()) < 9 || !categories[NaturalPerson] || !categories[Organization] {
		t.Errorf("%d types for %v", len(c.Types()), categories)
	}
	if _, ok := Find(businessLicense); !ok {
		t.Error("business licence is missing")
	}
	if _, ok := Find("11100000MB0143028R999"); ok {
		t.Error("unknown type is found")
	}
}

// edit returns the embedded tree with one JSON file changed.
func edit(t *testing.T, name string, change func(map[string]any)) fs.FS {
	t.Helper()
	tree := fstest.MapFS{}
	err := fs.WalkDir(embedded, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(embedded, path)
		tree[path] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var value map[string]any
	if err := json.Unmarshal(tree[name].Data, &value); err != nil {
		t.Fatal(err)
	}
	change(value)
	tree[name].Data, err = json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestFaultyTypesAreRefused(t *testing.T) {
	at := func(v map[string]any, list string, i int) map[string]any { return v[list].([]any)[i].(map[string]any) }
	item := func(v map[string]any, i int) map[string]any { return at(at(v, "pages", 0), "items", i) }
	cases := []struct {
		name, file, want string
		change           func(map[string]any)
	}{
		{"code of another authority", "type.json", "defining_authority", func(v map[string]any) { v["code"] = realEstateTitle }},
		{"unknown member", "type.json", "unknown field", func(v map[string]any) { v["colour"] = "red" }},
		{"authority does not fit", "type.json", "defining_authority", func(v map[string]any) { at2(v, "defining_authority")["code"] = "11100000MB03271699" }},
		{"no English name", "type.json", "name is missing", func(v map[string]any) { delete(at2(v, "name"), "en") }},
		{"no freshness", "type.json", "status_fresh_hours", func(v map[string]any) { v["status_fresh_hours"] = 0 }},
		{"no holders", "type.json", "max_holders", func(v map[string]any) { v["max_holders"] = 0 }},
		{"long term without text", "type.json", "long_term", func(v map[string]any) { at2(v, "validity")["long_term_text"] = "" }},
		{"holder category missing", "type.json", "no holders", func(v map[string]any) { v["holder_categories"] = []any{} }},
		{"holder code of another category", "type.json", "holder code type", func(v map[string]any) { v["holder_code_types"] = []any{"111"} }},
		{"field number twice", "type.json", "is taken", func(v map[string]any) { at(v, "fields", 1)["number"] = 1 }},
		{"field name twice", "type.json", "is taken", func(v map[string]any) { at(v, "fields", 14)["pinyin"] = "KZ_LX" }},
		{"own field without KZ_", "type.json", "KZ_", func(v map[string]any) { at(v, "fields", 13)["pinyin"] = "LX" }},
		{"own field named like an element", "type.json", "common element", func(v map[string]any) { at(v, "fields", 13)["english"] = "certificateName" }},
		{"common element redefined", "type.json", "repeats", func(v map[string]any) { at(v, "fields", 0)["kind"] = "text" }},
		{"unknown masking", "type.json", "masking", func(v map[string]any) { at(v, "fields", 0)["masking"] = "some" }},
		{"predicate number taken", "type.json", "predicate", func(v map[string]any) { at(v, "predicates", 0)["number"] = 1 }},
		{"predicate rule unknown", "type.json", "cannot be judged", func(v map[string]any) { at(v, "predicates", 0)["rule"] = "luck" }},
		{"predicate without category", "type.json", "cannot be judged", func(v map[string]any) { at(v, "predicates", 0)["values"] = []any{"ghost"} }},
		{"number key unknown", "type.json", "number_key", func(v map[string]any) { v["number_key"] = "nothing" }},
		{"profile empty", "type.json", "is empty", func(v map[string]any) { at2(v, "profiles")["m"] = []any{} }},
		{"profile too many", "type.json", "and no other", func(v map[string]any) { at2(v, "profiles")["x"] = []any{"holder_name"} }},
		{"profile m shows hidden", "type.json", "to be hidden", func(v map[string]any) { at2(v, "profiles")["m"] = []any{"domicile"} }},
		{"profile p shows a value", "type.json", "belong", func(v map[string]any) { at2(v, "profiles")["p"] = []any{"holder_name"} }},
		{"profile f shows a predicate", "type.json", "belong", func(v map[string]any) { at2(v, "profiles")["f"] = []any{"dates_hold"} }},
		{"level unknown", "type.json", "level", func(v map[string]any) { at2(v, "defining_authority")["level"] = "9" }},
		{"own field with a name of a form", "type.json", "own fields need", func(v map[string]any) { at(v, "fields", 13)["key"] = "business_number" }},
		{"own field that is no name", "type.json", "own fields need", func(v map[string]any) { at(v, "fields", 13)["key"] = "a\"b" }},
		{"label that turns text round", "type.json", "own fields need", func(v map[string]any) { at2(at(v, "fields", 13), "label")["en"] = "a\u202eb" }},
		{"field number beyond codes", "type.json", "out of range", func(v map[string]any) { at(v, "fields", 13)["number"] = 256 }},
		{"mandatory element missing", "type.json", "mandatory element", func(v map[string]any) { v["fields"] = v["fields"].([]any)[1:]; at(v, "fields", 1)["key"] = "area_code" }},
		{"freshness beyond all", "type.json", "status_fresh_hours", func(v map[string]any) { v["status_fresh_hours"] = 100000 }},
		{"version zero", "catalogue.json", "version 0", func(v map[string]any) { v["version"] = 0 }},
		{"no effective date", "catalogue.json", "effective_date", func(v map[string]any) { v["effective_date"] = "20260231" }},
		{"status of the platform", "catalogue.json", "neither draft", func(v map[string]any) { v["status"] = "retired" }},
		{"class unknown", "catalogue.json", "list classes", func(v map[string]any) { v["class"] = "9" }},
		{"kind unknown", "catalogue.json", "list kinds", func(v map[string]any) { v["kind"] = "99" }},
		{"sharing unknown", "catalogue.json", "list sharing", func(v map[string]any) { v["sharing"] = "" }},
		{"issuing level unknown", "catalogue.json", "level", func(v map[string]any) { v["issuing_levels"] = []any{"7"} }},
		{"no issuing level", "catalogue.json", "at least one", func(v map[string]any) { v["issuing_levels"] = []any{} }},
		{"item without code", "catalogue.json", "related item", func(v map[string]any) { at(v, "related_items", 0)["code"] = "" }},
		{"no legal basis", "catalogue.json", "legal_basis", func(v map[string]any) { v["legal_basis"] = []any{} }},
		{"parent is itself", "catalogue.json", "parent_type", func(v map[string]any) { v["parent_type"] = businessLicense }},
		{"range of validity", "catalogue.json", "no range", func(v map[string]any) { v["validity_ranges"] = []any{"长期", "5 years"} }},
		{"range beyond the rule", "catalogue.json", "go together", func(v map[string]any) { v["validity_ranges"] = []any{"5年"} }},
		{"member unknown to the row", "catalogue.json", "unknown field", func(v map[string]any) { v["colour"] = "red" }},
		{"face without a QR code", "face.json", "no QR code", func(v map[string]any) { item(v, 7)["kind"] = "rect"; item(v, 7)["fill"] = "#000000" }},
		{"fixed text that turns round", "face.json", "hide or move", func(v map[string]any) { item(v, 3)["text"] = "营业\u202e执照" }},
		{"annex without room", "face.json", "annex", func(v map[string]any) { at2(v, "annex")["margin_mm"] = 100 }},
		{"too many pages", "face.json", "at most", func(v map[string]any) {
			for range 9 {
				v["pages"] = append(v["pages"].([]any), at(v, "pages", 0))
			}
		}},
		{"sample with another identifier", "sample.json", "does not name", func(v map[string]any) { v["version"] = []any{"002"} }},
		{"sample of another name", "sample.json", "not that of the type", func(v map[string]any) { v["license_name"] = []any{"执照"} }},
		{"face without pages", "face.json", "at least one page", func(v map[string]any) { v["pages"] = []any{} }},
		{"face without seal", "face.json", "one seal", func(v map[string]any) { v["seals"] = []any{} }},
		{"seal off the page", "face.json", "seal does not lie", func(v map[string]any) { at(v, "seals", 0)["x_mm"] = 290 }},
		{"seal on page two", "face.json", "seal does not lie", func(v map[string]any) { at(v, "seals", 0)["page"] = 2 }},
		{"annex without title", "face.json", "annex", func(v map[string]any) { at2(v, "annex")["title"] = "" }},
		{"page too small", "face.json", "size", func(v map[string]any) { at(v, "pages", 0)["width_mm"] = 1 }},
		{"item outside", "face.json", "outside the page", func(v map[string]any) { item(v, 3)["x_mm"] = 200 }},
		{"item id twice", "face.json", "is taken", func(v map[string]any) { item(v, 6)["id"] = "title" }},
		{"item without id", "face.json", "needs an id", func(v map[string]any) { item(v, 6)["id"] = "" }},
		{"item bound to nothing", "face.json", "is no field", func(v map[string]any) { item(v, 6)["bind"] = "nothing" }},
		{"item bound and fixed", "face.json", "either text or bind", func(v map[string]any) { item(v, 6)["text"] = "x" }},
		{"item form unknown", "face.json", "form", func(v map[string]any) { item(v, 6)["form"] = "roman" }},
		{"box too small for the longest value", "face.json", "the box holds", func(v map[string]any) { item(v, 10)["width_mm"] = 60 }},
		{"item overflow unknown", "face.json", "overflow", func(v map[string]any) { item(v, 6)["overflow"] = "" }},
		{"item colour", "face.json", "colour", func(v map[string]any) { item(v, 6)["color"] = "red" }},
		{"item layer", "face.json", "layer", func(v map[string]any) { item(v, 6)["layer"] = "attic" }},
		{"item kind", "face.json", "kind", func(v map[string]any) { item(v, 6)["kind"] = "video" }},
		{"item font", "face.json", "font", func(v map[string]any) { item(v, 6)["font"] = "" }},
		{"shape with text", "face.json", "shape", func(v map[string]any) { item(v, 1)["text"] = "x" }},
		{"QR too small", "face.json", "QR", func(v map[string]any) { item(v, 7)["width_mm"] = 10; item(v, 7)["height_mm"] = 10 }},
		{"required field not shown", "face.json", "is not on the face", func(v map[string]any) { item(v, 10)["bind"] = "company_type" }},
		{"sample without holder", "sample.json", "missing", func(v map[string]any) { delete(v, "holder_name") }},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(edit(t, "types/"+businessLicense+"/"+test.file, test.change))
			if !errors.Is(err, ErrType) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func at2(v map[string]any, member string) map[string]any { return v[member].(map[string]any) }

func TestFaultyListsAreRefused(t *testing.T) {
	tree := edit(t, "types/"+businessLicense+"/type.json", func(map[string]any) {}).(fstest.MapFS)
	for name, content := range map[string]string{
		"lists/elements.json":          `[{"key":"a","english":"b","label":{"zh-CN":"一","en":"one"},"kind":"text"},{"key":"b","english":"c","label":{"zh-CN":"一","en":"one"},"kind":"text"}]`,
		"lists/holder_code_types.json": `[{"code":"1","name":{"zh-CN":"一","en":"one"},"category":"organization"}]`,
		"lists/statuses.json":          `[{"code":"valid","name":{"zh-CN":"一","en":"one"},"bits":1,"operation":"x","next":[]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			broken := fstest.MapFS{}
			for path, file := range tree {
				broken[path] = file
			}
			broken[name] = &fstest.MapFile{Data: []byte(content)}
			if _, err := Load(broken); !errors.Is(err, ErrList) {
				t.Errorf("got %v", err)
			}
		})
	}
	broken := fstest.MapFS{}
	for path, file := range tree {
		broken[path] = file
	}
	broken["lists/statuses.json"] = &fstest.MapFile{Data: append(slices.Clone(tree["lists/statuses.json"].Data), "[]"...)}
	if _, err := Load(broken); !errors.Is(err, ErrList) {
		t.Errorf("content after the value: %v", err)
	}
}

func TestNamesOfElements(t *testing.T) {
	licenseType, _ := Find(realEstateTitle)
	for _, name := range []string{"holder_name", "certificateHolderName", "CZZT"} {
		if key, ok := licenseType.Lookup(name); !ok || key != KeyHolderName {
			t.Errorf("%s: %q", name, key)
		}
	}
	if key, ok := licenseType.Lookup("KZ_ZL"); !ok || key != "location" {
		t.Errorf("KZ_ZL: %q", key)
	}
	if _, ok := licenseType.Lookup("KZ_JYFW"); ok {
		t.Error("a field of another type is found")
	}
	if licenseType.Number("location") != 13 || licenseType.Number("sole_owner") != 32 || licenseType.Number("nothing") != 0 {
		t.Error("numbers of fields and predicates")
	}
	if key, ok := licenseType.ByNumber(32); !ok || key != "sole_owner" {
		t.Errorf("number 32: %q", key)
	}
	if got := licenseType.Label("location", "en"); got != "Location" {
		t.Errorf("label: %q", got)
	}
	if got := licenseType.Label("sole_owner", "zh-CN"); got != "单独所有" {
		t.Errorf("label: %q", got)
	}
}

func TestValuesAreChecked(t *testing.T) {
	title, _ := Find(realEstateTitle)
	business, _ := Find(businessLicense)
	cases := []struct {
		name   string
		of     *Type
		change func(Values)
		key    string
		reason ValueReason
	}{
		{"missing", title, func(v Values) { delete(v, "location") }, "location", ValueMissing},
		{"unknown", title, func(v Values) { v["colour"] = []string{"red"} }, "colour", ValueUnknown},
		{"field of another type", title, func(v Values) { v["business_scope"] = []string{"x"} }, "business_scope", ValueUnknown},
		{"wire name", title, func(v Values) { v["CZZT"] = []string{"x"} }, "CZZT", ValueUnknown},
		{"copy element on an original", title, func(v Values) { v["copy_cause"] = []string{"x"} }, "copy_cause", ValueCopyOnly},
		{"two values", title, func(v Values) { v["location"] = []string{"a", "b"} }, "location", ValueRepeated},
		{"too long", title, func(v Values) { v["location"] = []string{strings.Repeat("长", 121)} }, "location", ValueTooLong},
		{"control character", title, func(v Values) { v["location"] = []string{"a\nb"} }, "location", ValueCharacters},
		{"direction override", title, func(v Values) { v["location"] = []string{"a\u202eb"} }, "location", ValueCharacters},
		{"zero width", title, func(v Values) { v["location"] = []string{"a\u200bb"} }, "location", ValueCharacters},
		{"private use", title, func(v Values) { v["location"] = []string{"a\ue000b"} }, "location", ValueCharacters},
		{"space at the end", title, func(v Values) { v["location"] = []string{"a "} }, "location", ValueCharacters},
		{"broken UTF-8", title, func(v Values) { v["location"] = []string{"a\xff"} }, "location", ValueCharacters},
		{"date", title, func(v Values) { v["issued_date"] = []string{"20260230"} }, "issued_date", ValueForm},
		{"time", title, func(v Values) { v["created_at"] = []string{"20260201250000"} }, "created_at", ValueForm},
		{"code", title, func(v Values) { v["area_code"] = []string{"九九"} }, "area_code", ValueForm},
		{"holders differ in number", title, func(v Values) { v["holder_code"] = v["holder_code"][:1] }, "holder_name", ValueHolders},
		{"holder kind and its name differ", title, func(v Values) { v["holder_code_type"] = []string{"111", "414"} }, "holder_code_type", ValueForm},
		{"holder kind not allowed", business, func(v Values) {
			v["holder_code_type"], v["holder_code_type_name"] = []string{"111"}, []string{"公民身份号码"}
		}, "holder_code_type", ValueForm},
		{"citizen number check character", title, func(v Values) { v["holder_code"] = []string{"110105194912310021", v["holder_code"][1]} }, "holder_code", ValueForm},
		{"citizen number date", title, func(v Values) { v["holder_code"] = []string{"11010519491331002X", v["holder_code"][1]} }, "holder_code", ValueForm},
		{"USCC check character", business, func(v Values) { v["holder_code"] = []string{"91990000MA7QX00016"} }, "holder_code", ValueForm},
		{"two holders of a company", business, func(v Values) {
			for _, key := range []string{KeyHolderName, KeyHolderCode, KeyHolderType, KeyHolderTypeZh} {
				v[key] = append(v[key], v[key][0])
			}
		}, "holder_name", ValueHolders},
		{"number differs from the code it repeats", business, func(v Values) { v["license_number"] = []string{"91990000MA7QX00016"} }, "license_number", ValueForm},
		{"end before begin", business, func(v Values) { v["expiring_date"] = []string{"20200101"} }, "expiring_date", ValuePeriod},
		{"end without begin", business, func(v Values) {
			delete(v, "effective_date")
			v["expiring_date"] = []string{"20400101"}
		}, "effective_date", ValuePeriod},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			values := test.of.Sample.Clone()
			test.change(values)
			faults := ValueErrors(test.of.CheckValues(values))
			if len(faults) == 0 || !slices.ContainsFunc(faults, func(e *ValueError) bool { return e.Key == test.key && e.Reason == test.reason }) {
				t.Errorf("got %v", faults)
			}
		})
	}
}

func TestPeriodOfATypeWithLimits(t *testing.T) {
	business, _ := Find(businessLicense)
	limited := *business
	limited.Validity = Validity{MaxDays: 30}
	values := limited.Sample.Clone()
	if faults := ValueErrors(limited.CheckValues(values)); len(faults) != 1 || faults[0].Reason != ValueMissing {
		t.Errorf("no end: %v", faults)
	}
	values.Set(KeyExpiringDate, "20261224")
	if err := limited.CheckValues(values); err != nil {
		t.Errorf("30 days: %v", err)
	}
	values.Set(KeyExpiringDate, "20261225")
	if faults := ValueErrors(limited.CheckValues(values)); len(faults) != 1 || faults[0].Reason != ValuePeriod {
		t.Errorf("31 days: %v", faults)
	}
}

func TestViewsMask(t *testing.T) {
	title, _ := Find(realEstateTitle)
	view, err := title.View("m", title.Sample, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got := view[KeyHolderName]; !slices.Equal(got, []string{"王*", "李*"}) {
		t.Errorf("names: %v", got)
	}
	if got := view[KeyHolderCode][0]; got != "****002X" {
		t.Errorf("code: %v", got)
	}
	if _, shown := view["location"]; shown {
		t.Error("the masked view shows the location")
	}
	view, err = title.View("p", title.Sample, time.Time{})
	if err != nil || view.First("sole_owner") != "0" || view.First("residential") != "1" {
		t.Errorf("predicates: %v %v", view, err)
	}
	if _, err := title.View("x", title.Sample, time.Time{}); !errors.Is(err, ErrType) {
		t.Errorf("unknown profile: %v", err)
	}
	for _, test := range []struct {
		masking     Masking
		value, want string
	}{{MaskName, "", ""}, {MaskLast4, "1234", "****"}, {MaskLast4, "12345", "****2345"}, {MaskHide, "x", ""}, {MaskNone, "x", "x"}} {
		if got := test.masking.Apply(test.value); got != test.want {
			t.Errorf("%s %q: %q", test.masking, test.value, got)
		}
	}
}

func TestPeriodCountsInBeijingDays(t *testing.T) {
	values := Values{KeyEffectiveDate: {"20261124"}, KeyExpiringDate: {"20261125"}}
	for _, test := range []struct {
		at     string
		before bool
		after  bool
	}{
		{"2026-11-23T15:59:59Z", true, false},
		{"2026-11-23T16:00:00Z", false, false},
		{"2026-11-25T15:59:59Z", false, false},
		{"2026-11-25T16:00:00Z", false, true},
	} {
		at, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		if BeforePeriod(values, at) != test.before || AfterPeriod(values, at) != test.after || InPeriod(values, at) == (test.before || test.after) {
			t.Errorf("%s: before %v after %v", test.at, BeforePeriod(values, at), AfterPeriod(values, at))
		}
	}
	if !InPeriod(Values{}, time.Time{}) {
		t.Error("no dates are no bounds")
	}
}

func TestDisplay(t *testing.T) {
	business, _ := Find(businessLicense)
	show := func(id string, values Values) string {
		item, ok := business.Item(id)
		if !ok {
			t.Fatalf("no item %s", id)
		}
		return business.Display(item, values)
	}
	values := business.Sample.Clone()
	if got := show("issued_date", values); got != "2026年11月24日" {
		t.Error(got)
	}
	if got := show("period", values); got != "自2026年11月24日至长期" {
		t.Error(got)
	}
	values.Set(KeyExpiringDate, "20460105")
	if got := show("period", values); got != "自2026年11月24日至2046年1月5日" {
		t.Error(got)
	}
	delete(values, KeyExpiringDate)
	delete(values, KeyEffectiveDate)
	if got := show("period", values); got != "长期" {
		t.Error(got)
	}
	title, _ := Find(realEstateTitle)
	item, _ := title.Item("holder_name")
	if got := title.Display(item, title.Sample); got != "王小明、李芳" {
		t.Error(got)
	}
}

func TestStatusesLeadOnlyForward(t *testing.T) {
	c := Default()
	for _, from := range c.Statuses() {
		for _, next := range from.Next {
			to, _ := c.Status(next)
			if to.Bits == 0 && from.Bits != 2 {
				t.Errorf("%s leads back to %s", from.Code, next)
			}
		}
	}
	if revoked, ok := c.Status("revoked"); !ok || revoked.Bits != 1 || len(revoked.Next) != 0 {
		t.Errorf("revoked: %+v", revoked)
	}
}
