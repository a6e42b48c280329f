package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Test is a test of a type: the sample with changes, and what comes of it.
type Test struct {
	Name string `json:"name"`
	Set  Values `json:"set"` // values by key in the place of the sample's; an empty list takes one away
	// Refused are all values that are refused; none when the data is accepted.
	Refused []Refusal `json:"refused"`
	// Page is the text that items of the face show, by their id.
	Page map[string]string `json:"page"`
	// At is the day, YYYYMMDD, for which views are made: the sample's day of issue when it is empty.
	At string `json:"at"`
	// Views are all that a view profile shows, by profile.
	Views map[string]Values `json:"views"`
	// Decision is what the rules of the package say of an application with the data.
	Decision *RuleTest `json:"decision"`
}

// Refusal of a value.
type Refusal struct {
	Field  string      `json:"field"`
	Reason ValueReason `json:"reason"`
}

// runTests runs the tests of the package. A package without an accepted and a refused case shows nothing.
func (t *Type) runTests() error {
	if len(t.Tests) > maxTests {
		return fmt.Errorf("more than %d tests", maxTests)
	}
	var faults []error
	accepted, refused := false, false
	for i, test := range t.Tests {
		accepted, refused = accepted || len(test.Refused) == 0, refused || len(test.Refused) > 0
		if err := t.runTest(test); err != nil {
			faults = append(faults, at(element("", i), fmt.Errorf("%q: %w", test.Name, err)))
		}
	}
	if !accepted || !refused {
		faults = append(faults, errors.New("tests show at least one licence that is accepted and one that is refused"))
	}
	return errors.Join(faults...)
}

// testValues are the values that a test is about: the sample with what the test sets.
func (t *Type) testValues(test Test) Values {
	values := t.Sample.Clone()
	for key, list := range test.Set {
		values.Set(key, list...)
	}
	return values
}

func (t *Type) runTest(test Test) error {
	if !plainText(test.Name, 100) {
		return errors.New("a test needs a name")
	}
	values := t.testValues(test)
	var found []Refusal
	for _, single := range ValueErrors(t.CheckValues(values)) {
		found = append(found, Refusal{single.Key, single.Reason})
	}
	if !sameRefusals(found, test.Refused) {
		return fmt.Errorf("refused are %v, the test says %v", found, test.Refused)
	}
	for _, id := range slices.Sorted(maps.Keys(test.Page)) {
		item, ok := t.Item(id)
		if !ok {
			return fmt.Errorf("the face has no item %q", id)
		}
		if got := t.Display(item, values); got != test.Page[id] {
			return fmt.Errorf("item %q shows %q, the test says %q", id, got, test.Page[id])
		}
	}
	day := test.At
	if day == "" {
		day = t.Sample.First(KeyIssuedDate)
	}
	moment, err := time.ParseInLocation("20060102", day, chinaTime)
	if err != nil {
		return fmt.Errorf("at %q is no date YYYYMMDD", day)
	}
	for _, profile := range slices.Sorted(maps.Keys(test.Views)) {
		view, err := t.View(profile, values, moment)
		if err != nil {
			return err
		}
		maps.DeleteFunc(view, func(_ string, list []string) bool { return len(list) == 0 })
		if !view.Equal(test.Views[profile]) {
			return fmt.Errorf("view %s is %v, the test says %v", profile, view, test.Views[profile])
		}
	}
	return nil
}

func sameRefusals(a, b []Refusal) bool {
	if len(a) != len(b) {
		return false
	}
	for _, one := range a {
		if !slices.Contains(b, one) {
			return false
		}
	}
	return true
}
