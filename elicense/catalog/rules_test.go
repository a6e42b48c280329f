package catalog

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
)

const foodPermit, taxProof = "11980000MB7QX1050L001", "11980000MB7QX10189001"

func TestFaultsOfRules(t *testing.T) {
	for name, test := range map[string]struct {
		code     string
		old, new string
		want     string // first fault
	}{
		"unknown member":                   {foodPermit, `"may_refuse": true`, `"may_refuse": true, "script": ""`, `rules.json:2: unknown field "script" (package_json)`},
		"unknown field":                    {foodPermit, `"field": "business_form"`, `"field": "shape"`, `rules.json:15: conditions[0]: field "shape" is no field that an application gives`},
		"a field that is not applied for":  {foodPermit, `"field": "business_form"`, `"field": "license_id"`, `rules.json:15: conditions[0]: field "license_id"`},
		"unknown fact":                     {foodPermit, `"fact": "none_of_type"`, `"fact": "weather"`, `rules.json:19: conditions[4]: fact "weather" is unknown`},
		"member missing":                   {foodPermit, `"min": 0, "max": 30, `, ``, `rules.json:20: conditions[5]: date_within needs min or max`},
		"member too many":                  {foodPermit, `"fact": "none_of_type"`, `"fact": "none_of_type", "days": 3`, `rules.json:19: conditions[4]: none_of_type has no days`},
		"unknown reason":                   {foodPermit, `"reason": "OFTEN"`, `"reason": "OTHER"`, `rules.json:21: conditions[6].reason: reason "OTHER" is not among the reasons`},
		"idle reason":                      {foodPermit, `"reason": "START"}`, `"reason": "OFTEN"}`, `rules.json:11: reasons[4].code: no condition gives reason "START"`},
		"words missing":                    {foodPermit, `, "en": "Name or legal representative differ from the business licence"`, ``, `rules.json:9: reasons[2].words: reason "NAME" needs words`},
		"code in small letters":            {foodPermit, `{"code": "FORM"`, `{"code": "unknown"`, `rules.json:15: conditions[0].reason: reason "FORM"`},
		"refusal without leave":            {foodPermit, `"may_refuse": true`, `"may_refuse": false`, `rules.json:8: reasons[1].effect: reason "NO-LICENSE" refuses`},
		"no effect":                        {foodPermit, `"effect": "refuse"`, `"effect": "approve"`, `rules.json:8: reasons[1].effect: effect "approve"`},
		"always refers by its ceiling":     {foodPermit, `"daily_ceiling": 200`, `"daily_ceiling": 0`, `rules.json:3: daily_ceiling: `},
		"always refers by its share":       {foodPermit, `"sample_per_mille": 20`, `"sample_per_mille": 1000`, `rules.json:4: sample_per_mille: `},
		"no time for an appeal":            {foodPermit, `"appeal_days": 60`, `"appeal_days": 0`, `rules.json:5: appeal_days: `},
		"min beyond max":                   {foodPermit, `"min": 0, "max": 30`, `"min": 31, "max": 30`, `rules.json:20: conditions[5]: date_within needs min or max`},
		"no date":                          {foodPermit, `"field": "effective_date", "min"`, `"field": "premises", "min"`, `rules.json:20: conditions[5]: date_within needs a field of the kind date`},
		"no type":                          {foodPermit, `"type": "11100000MB0143028R001", "field"`, `"type": "1", "field"`, `rules.json:16: conditions[1]: type "1" is no licence type code`},
		"no field of the other type":       {foodPermit, `"of": "legal_representative"`, `"of": "boss"`, `rules.json:18: conditions[3]: licences of type 11100000MB0143028R001 have no field "boss"`},
		"value twice":                      {foodPermit, `["食品销售经营者",`, `["食品销售经营者", "食品销售经营者",`, `rules.json:15: conditions[0]: value "食品销售经营者"`},
		"id twice":                         {foodPermit, `"id": "name"`, `"id": "form"`, `rules.json:17: conditions[2].id: id "form"`},
		"level of everybody":               {taxProof, `"min": 2`, `"min": 0`, `rules.json:16: conditions[1]: holder_level is from 1 to 4`},
		"no application is taken":          {taxProof, `"max": 10, "days": 30`, `"max": 0, "days": 30`, `rules.json:20: conditions[5]: applications counts this one too`},
		"no holder of the type":            {taxProof, `"values": ["111"]`, `"values": ["888"]`, `rules.json:15: conditions[0]: no holder of the type has one of the code types`},
		"values that exclude each other":   {taxProof, `{"id": "seldom",`, `{"id": "no", "fact": "value_in", "field": "tax_type", "values": ["增值税"], "reason": "TAX"}, {"id": "seldom",`, `rules.json:20: conditions[5]: contradicts condition "tax"`},
		"values that are all barred":       {taxProof, `{"id": "seldom",`, `{"id": "no", "fact": "value_not_in", "field": "holder_code_type", "values": ["111", "414"], "reason": "TAX"}, {"id": "seldom",`, `rules.json:20: conditions[5]: contradicts condition "person"`},
		"ranges that do not meet":          {taxProof, `{"id": "seldom",`, `{"id": "no", "fact": "number_between", "field": "amount", "unit": "元", "min": 100001, "reason": "AMOUNT"}, {"id": "seldom",`, `rules.json:20: conditions[5]: contradicts condition "amount"`},
		"units that exclude each other":    {taxProof, `{"id": "seldom",`, `{"id": "no", "fact": "number_between", "field": "amount", "min": 1, "reason": "AMOUNT"}, {"id": "seldom",`, `rules.json:20: conditions[5]: contradicts condition "amount"`},
		"days that do not meet":            {taxProof, `{"id": "seldom",`, `{"id": "no", "fact": "date_within", "field": "payment_date", "min": 1, "reason": "DATE"}, {"id": "seldom",`, `rules.json:20: conditions[5]: contradicts condition "paid"`},
		"to have one and to have none":     {foodPermit, `{"id": "seldom",`, `{"id": "no", "fact": "holder_has", "type": "11980000MB7QX1050L001", "reason": "OFTEN"}, {"id": "seldom",`, `rules.json:21: conditions[6]: contradicts condition "no_permit"`},
		"a test that does not hold":        {taxProof, `"min": 2`, `"min": 3`, `tests.json:8: [6]: "条件全部符合,即时批准": decided is refer [LEVEL], the test says approve []`},
		"nothing that is approved at once": {taxProof, `"conditions": [`, `"conditions": [{"id": "remark", "fact": "value_given", "field": "remarks", "reason": "TAX"}, {"id": "no_remark", "fact": "value_in", "field": "remarks", "values": ["无"], "reason": "TAX"}, `, `tests.json:8: `},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Default().Read(change(t, test.code, map[string][2]string{FileRules: {test.old, test.new}}))
			faults := Faults(err)
			if !errors.Is(err, ErrType) || len(faults) == 0 || !strings.HasPrefix(faults[0].Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestRulesAreTested: without a case that is approved, or with a reason that no case shows, nobody saw what the rules do.
func TestRulesAreTested(t *testing.T) {
	licenseType, _ := Find(taxProof)
	files := licenseType.Files()
	var tests []map[string]any
	if err := json.Unmarshal(files[FileTests], &tests); err != nil {
		t.Fatal(err)
	}
	without := func(drop func(decision map[string]any) bool) error {
		kept := []map[string]any{}
		for _, test := range tests {
			if decision, ok := test["decision"].(map[string]any); ok && drop(decision) {
				continue
			}
			kept = append(kept, test)
		}
		content, err := json.Marshal(kept)
		if err != nil {
			t.Fatal(err)
		}
		changed := maps.Clone(files)
		changed[FileTests] = content
		_, err = Default().Read(changed)
		return err
	}
	if err := without(func(map[string]any) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if err := without(func(d map[string]any) bool { return d["outcome"] == "approve" }); err == nil || !strings.Contains(err.Error(), "no application that is approved at once") {
		t.Errorf("got %v", err)
	}
	if err := without(func(d map[string]any) bool {
		reasons, _ := json.Marshal(d["reasons"])
		return strings.Contains(string(reasons), "AMOUNT")
	}); err == nil || !strings.Contains(err.Error(), `no test shows reason "AMOUNT"`) {
		t.Errorf("got %v", err)
	}
	delete(files, FileRules)
	if _, err := Default().Read(files); err == nil || !strings.Contains(err.Error(), "the package has no rules to decide by") {
		t.Errorf("decisions without rules: %v", err)
	}
}

func TestConditions(t *testing.T) {
	n := func(n int) *int { return &n }
	held := func(values Values) *[]HeldFact { return &[]HeldFact{{Type: "T", Values: values}} }
	values := Values{"one": {"a"}, "two": {"a", "b"}, "date": {"20261130"}, "amount": {"12.50元"}, "text": {"many"}}
	const day = "20261124"
	for name, test := range map[string]struct {
		c     Condition
		facts RuleFacts
		want  Truth
	}{
		"in":                          {Condition{Fact: FactValueIn, Field: "one", Values: []string{"a"}}, RuleFacts{}, Holds},
		"one of several is not in":    {Condition{Fact: FactValueIn, Field: "two", Values: []string{"a"}}, RuleFacts{}, Fails},
		"nothing is in nothing":       {Condition{Fact: FactValueIn, Field: "none", Values: []string{"a"}}, RuleFacts{}, Unknown},
		"barred":                      {Condition{Fact: FactValueNotIn, Field: "two", Values: []string{"b"}}, RuleFacts{}, Fails},
		"not barred":                  {Condition{Fact: FactValueNotIn, Field: "one", Values: []string{"b"}}, RuleFacts{}, Holds},
		"nothing is not barred":       {Condition{Fact: FactValueNotIn, Field: "none", Values: []string{"b"}}, RuleFacts{}, Unknown},
		"given":                       {Condition{Fact: FactValueGiven, Field: "one"}, RuleFacts{}, Holds},
		"not given":                   {Condition{Fact: FactValueGiven, Field: "none"}, RuleFacts{}, Fails},
		"in range":                    {Condition{Fact: FactNumber, Field: "amount", Unit: "元", Min: n(12), Max: n(13)}, RuleFacts{}, Holds},
		"a fraction too much":         {Condition{Fact: FactNumber, Field: "amount", Unit: "元", Max: n(12)}, RuleFacts{}, Fails},
		"too little":                  {Condition{Fact: FactNumber, Field: "amount", Unit: "元", Min: n(13)}, RuleFacts{}, Fails},
		"without the unit":            {Condition{Fact: FactNumber, Field: "one", Unit: "元", Min: n(0)}, RuleFacts{}, Unknown},
		"no number":                   {Condition{Fact: FactNumber, Field: "text", Min: n(0)}, RuleFacts{}, Unknown},
		"last day":                    {Condition{Fact: FactDate, Field: "date", Min: n(0), Max: n(6)}, RuleFacts{Day: day}, Holds},
		"a day late":                  {Condition{Fact: FactDate, Field: "date", Max: n(5)}, RuleFacts{Day: day}, Fails},
		"a day early":                 {Condition{Fact: FactDate, Field: "date", Min: n(7)}, RuleFacts{Day: day}, Fails},
		"no day of the application":   {Condition{Fact: FactDate, Field: "date", Min: n(0)}, RuleFacts{}, Unknown},
		"no date":                     {Condition{Fact: FactDate, Field: "text", Min: n(0)}, RuleFacts{Day: day}, Unknown},
		"equals":                      {Condition{Fact: FactEquals, Field: "one", Type: "T", Of: "x"}, RuleFacts{Held: held(Values{"x": {"a"}})}, Holds},
		"differs":                     {Condition{Fact: FactEquals, Field: "one", Type: "T", Of: "x"}, RuleFacts{Held: held(Values{"x": {"b"}})}, Fails},
		"one of two values":           {Condition{Fact: FactEquals, Field: "two", Type: "T", Of: "x"}, RuleFacts{Held: held(Values{"x": {"a"}})}, Fails},
		"no licence to compare with":  {Condition{Fact: FactEquals, Field: "one", Type: "U", Of: "x"}, RuleFacts{Held: held(Values{"x": {"a"}})}, Unknown},
		"register away":               {Condition{Fact: FactEquals, Field: "one", Type: "T", Of: "x"}, RuleFacts{}, Unknown},
		"held on the day":             {Condition{Fact: FactHolds, Type: "T", Field: "date"}, RuleFacts{Day: day, Held: held(Values{KeyEffectiveDate: {"20261130"}})}, Holds},
		"not yet held today":          {Condition{Fact: FactHolds, Type: "T"}, RuleFacts{Day: day, Held: held(Values{KeyEffectiveDate: {"20261130"}})}, Fails},
		"no longer held":              {Condition{Fact: FactHolds, Type: "T", Field: "date"}, RuleFacts{Day: day, Held: held(Values{KeyExpiringDate: {"20261129"}})}, Fails},
		"of another type":             {Condition{Fact: FactHolds, Type: "U"}, RuleFacts{Day: day, Held: held(Values{})}, Fails},
		"what is held is not known":   {Condition{Fact: FactHolds, Type: "T"}, RuleFacts{Day: day}, Unknown},
		"level":                       {Condition{Fact: FactLevel, Min: n(2)}, RuleFacts{Level: n(2)}, Holds},
		"level too low":               {Condition{Fact: FactLevel, Min: n(2)}, RuleFacts{Level: n(1)}, Fails},
		"level not known":             {Condition{Fact: FactLevel, Min: n(2)}, RuleFacts{}, Unknown},
		"no other":                    {Condition{Fact: FactNoOther}, RuleFacts{Others: n(0)}, Holds},
		"another":                     {Condition{Fact: FactNoOther}, RuleFacts{Others: n(1)}, Fails},
		"others not known":            {Condition{Fact: FactNoOther}, RuleFacts{}, Unknown},
		"as often as may be":          {Condition{Fact: FactApplications, Max: n(3), Days: 30}, RuleFacts{Applications: map[int]int{30: 3}}, Holds},
		"too often":                   {Condition{Fact: FactApplications, Max: n(3), Days: 30}, RuleFacts{Applications: map[int]int{30: 4}}, Fails},
		"counted within another time": {Condition{Fact: FactApplications, Max: n(3), Days: 30}, RuleFacts{Applications: map[int]int{31: 1}}, Unknown},
		"a fact that nobody knows":    {Condition{Fact: "weather"}, RuleFacts{}, Unknown},
	} {
		if got, _, _ := test.c.judge(values, test.facts); got != test.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestOnlyWhatAllConditionsHoldForIsApproved: what is unknown, or to be referred, comes to a person, whatever else would refuse it.
func TestOnlyWhatAllConditionsHoldForIsApproved(t *testing.T) {
	licenseType := &Type{Rules: &Rules{MayRefuse: true, Reasons: []Reason{{Code: "REFUSE", Effect: EffectRefuse}, {Code: "REFER"}}}}
	condition := map[Truth]func(reason string) Condition{
		Holds:   func(reason string) Condition { return Condition{Fact: FactValueGiven, Field: "x", Reason: reason} },
		Fails:   func(reason string) Condition { return Condition{Fact: FactValueGiven, Field: "y", Reason: reason} },
		Unknown: func(reason string) Condition { return Condition{Fact: FactNoOther, Reason: reason} },
	}
	for _, test := range []struct {
		conditions []Condition
		mayNot     bool
		want       Outcome
		reasons    string
	}{
		{[]Condition{condition[Holds]("REFUSE"), condition[Holds]("REFER")}, false, OutcomeApprove, ""},
		{[]Condition{condition[Fails]("REFUSE"), condition[Holds]("REFER")}, false, OutcomeRefuse, "REFUSE"},
		{[]Condition{condition[Fails]("REFUSE"), condition[Holds]("REFER")}, true, OutcomeRefer, "REFUSE"},
		{[]Condition{condition[Fails]("REFUSE"), condition[Fails]("REFER")}, false, OutcomeRefer, "REFUSE REFER"},
		{[]Condition{condition[Fails]("REFER"), condition[Fails]("REFUSE")}, false, OutcomeRefer, "REFER REFUSE"},
		{[]Condition{condition[Fails]("REFUSE"), condition[Unknown]("REFUSE")}, false, OutcomeRefer, "REFUSE unknown"},
		{[]Condition{condition[Unknown]("REFUSE"), condition[Holds]("REFER")}, false, OutcomeRefer, "unknown"},
		{[]Condition{condition[Fails]("REFER"), condition[Fails]("REFER")}, false, OutcomeRefer, "REFER"},
	} {
		licenseType.Rules.Conditions, licenseType.Rules.MayRefuse = test.conditions, !test.mayNot
		got := licenseType.Decide(Values{"x": {"1"}}, RuleFacts{})
		if got.Outcome != test.want || strings.Join(got.Reasons, " ") != test.reasons || len(got.Conditions) != len(test.conditions) {
			t.Errorf("%+v: %+v", test.conditions, got)
		}
	}
}

// TestPackageWithRules: the rules are part of what the digest names, and what changes in them is told as something that may let more pass.
func TestPackageWithRules(t *testing.T) {
	built, _ := Find(foodPermit)
	if built.Rules == nil || len(built.FileNames()) != len(FileNames)+1 {
		t.Fatal("no rules")
	}
	changed := read(t, next(t, foodPermit, map[string][2]string{FileRules: {`"daily_ceiling": 200`, `"daily_ceiling": 300`}}))
	same := read(t, next(t, foodPermit, nil))
	if changed.TemplateID() == same.TemplateID() {
		t.Error("rules are not part of the digest")
	}
	list := changed.Diff(same)
	if len(list) != 1 || list[0] != (Change{ChangeChanged, "rule daily_ceiling", "200", "300", true}) {
		t.Errorf("got %+v", list)
	}
	if without := diffRules(built.Rules, nil); len(without) != 4+len(built.Rules.Reasons)+len(built.Rules.Conditions) {
		t.Errorf("taken away: %+v", without)
	}
}
