package sqldb_test

import (
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// TestM05WithoutAnAreaNothingIsSelected: who forgets whose rows a statement is about gets none of them.
func TestM05WithoutAnAreaNothingIsSelected(t *testing.T) {
	for name, test := range map[string]struct {
		paths     []string
		condition string
		args      []any
	}{
		"none":           {nil, "1 = 0", []any{"first"}},
		"everywhere":     {[]string{"33/01/", ""}, "1 = 1", []any{"first"}},
		"one":            {[]string{"33/"}, "(area LIKE $2)", []any{"first", "33/%"}},
		"one or another": {[]string{"33/", "44/05/"}, "(area LIKE $2 OR area LIKE $3)", []any{"first", "33/%", "44/05/%"}},
	} {
		if condition, args := sqldb.Below("area", test.paths, "first"); condition != test.condition || !slices.Equal(args, test.args) {
			t.Errorf("%s: %s %v", name, condition, args)
		}
	}
}
