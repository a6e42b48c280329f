package gbt36906

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestEveryNameOfTheFileIsOne: what names.json says is known to the program, and what the program says stands in it.
func TestEveryNameOfTheFileIsOne(t *testing.T) {
	asked := map[string]bool{}
	for _, kind := range words.Operations {
		run, ok := operations[kind]
		if !ok || run.run == nil || run.most == 0 {
			t.Errorf("operation %s does nothing", kind)
		}
		for _, name := range append(slices.Clone(run.needs), run.may...) {
			asked[name] = true
			if !slices.Contains(slices.Collect(maps.Values(words.Request)), name) {
				t.Errorf("%s takes %s, which no member is", kind, name)
			}
		}
	}
	if len(words.Operations) != len(operations) {
		t.Errorf("%d names of %d operations", len(words.Operations), len(operations))
	}
	for member, name := range words.Request {
		if !asked[name] {
			t.Errorf("no operation takes %s", member)
		}
	}
	for _, table := range []map[string]string{words.Faults, words.Fields, words.Statuses} {
		for from, code := range table {
			if words.Messages[code] == "" {
				t.Errorf("%s becomes %s, which has no words", from, code)
			}
		}
	}
	for from := range words.Faults {
		if fault.MetaOf(fault.Code(from)).Code != fault.Code(from) {
			t.Errorf("%s is no fault", from)
		}
	}
	for from, result := range words.Results {
		if words.ResultMessages[result] == "" {
			t.Errorf("%s becomes %s, which has no words", from, result)
		}
	}
	for from, word := range words.Verdicts {
		if words.Results[word] == "" {
			t.Errorf("%s becomes %s, which is no result", from, word)
		}
	}
	for _, status := range catalog.Default().Statuses() {
		if status.Code != catalog.StatusValid && words.Statuses[status.Code] == "" || words.Results[status.Code] == "" {
			t.Errorf("status %s is not known", status.Code)
		}
	}
	for _, word := range []string{elicense.StatusNotYet, "undecided", "not_found", "differs"} {
		if words.Results[word] == "" {
			t.Errorf("no result for %s", word)
		}
	}
	for _, code := range []string{codeOK, codeLacking, codeMissing, codeOther, codeValue, codeType} {
		if words.Messages[code] == "" {
			t.Errorf("code %s has no words", code)
		}
	}
	if got := slices.Sorted(maps.Keys(words.Messages)); len(got) != 14 {
		t.Errorf("codes of license.md 7.1: %v", got)
	}
}

func TestErrorsBecomeCodes(t *testing.T) {
	status := func(word string) error { return fault.Wrap(&elicense.StatusError{Status: word}, fault.LicenseState) }
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"nothing":               {nil, "0"},
		"no service":            {&refusal{code: codeLacking}, "2"},
		"no value":              {&refusal{codeMissing, "certNo"}, "12"},
		"not there":             {fault.New(fault.NotFound), "10"},
		"not signed in":         {fault.New(fault.Unauthenticated), "11"},
		"no type":               {fault.New(fault.LicenseTypeUnknown), "13"},
		"cancelled":             {status("cancelled"), "21"},
		"withdrawn":             {status("withdrawn"), "21"},
		"revoked":               {status("revoked"), "21"},
		"replaced":              {status("superseded"), "21"},
		"past":                  {status(elicense.StatusPast), "22"},
		"suspended":             {status("suspended"), "23"},
		"restricted":            {status("restricted"), "23"},
		"not yet":               {status(elicense.StatusNotYet), "10"},
		"frozen":                {fault.New(fault.LicenseFrozen), "23"},
		"without the role":      {fault.New(fault.Forbidden), "100"},
		"not shared":            {fault.New(fault.GrantNotShared), "100"},
		"bad value":             {fault.New(fault.Invalid).WithField("uses", fault.LicenseFieldForm), "102"},
		"bad type of holder":    {fault.New(fault.Invalid).WithField("holder_code_type", fault.LicenseFieldForm), "103"},
		"too many guesses":      {fault.New(fault.LookupLimited), "99"},
		"a store that is away":  {fault.New(fault.Unavailable), "99"},
		"an error of any other": {errors.New("x"), "99"},
	} {
		if got, message := codeOf(c.err); got != c.want || message == "" {
			t.Errorf("%s: %s %s, want %s", name, got, message, c.want)
		}
	}
}
