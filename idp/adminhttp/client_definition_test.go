package adminhttp

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
)

// TestDefinitionLosesNoMember: a change replaces the registration, so that a member the definition did not know would vanish.
func TestDefinitionLosesNoMember(t *testing.T) {
	own := []string{"client_id", "approval_state", "disabled"} // what a change leaves as it is
	want := slices.DeleteFunc(members(reflect.TypeFor[idp.Client]()), func(name string) bool { return slices.Contains(own, name) })
	if got := members(reflect.TypeFor[ClientDefinition]()); !slices.Equal(got, want) {
		t.Errorf("the definition has\n%v\nthe client has\n%v", got, want)
	}
}

func members(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported(): // never stored
		case f.Anonymous:
			names = append(names, members(f.Type)...)
		case name != "-":
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
