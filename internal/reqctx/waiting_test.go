package reqctx_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// TestCountWaiting: states without a right are not named, each is asked for the areas of its role, and what the actor may not go on with
// is not counted.
func TestCountWaiting(t *testing.T) {
	steps := []reqctx.Step[string, string]{{State: "new", Role: "reviewer", Barred: func(one, actor string) bool { return one == actor }}, {State: "ready", Role: "maker"}, {State: "made", Role: "keeper"}}
	asked := ""
	page := func(areas []string, state string) ([]string, error) {
		asked += state + "@" + strings.Join(areas, "+") + " "
		return []string{"a", "b", "a"}, nil
	}
	actor := reqctx.Actor{ID: "a", Roles: []string{"maker"}, Rights: []reqctx.Right{{Role: "reviewer", Area: "33/"}}}
	all, err := reqctx.CountWaiting(actor, steps, page)
	if err != nil || fmt.Sprint(all) != "[{new 1} {ready 3}]" || asked != "new@33/ ready@ " {
		t.Errorf("%v %v, asked %s", all, err, asked)
	}
	if all, err := reqctx.CountWaiting(reqctx.Actor{}, steps, page); err != nil || len(all) != 0 {
		t.Errorf("nobody: %v %v", all, err)
	}
	broken := errors.New("broken")
	if _, err := reqctx.CountWaiting(actor, steps, func([]string, string) ([]string, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
