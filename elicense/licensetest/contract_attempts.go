package licensetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
)

func countFailures(t *testing.T, s elicense.Store) {
	for n := 1; n <= 3; n++ {
		if counts, err := s.Fail(ctx, []string{"a"}, 1, Start.Add(time.Duration(n)*time.Second), time.Minute); err != nil || !slices.Equal(counts, []int{n}) {
			t.Fatal(counts, err)
		}
	}
	for _, test := range []struct {
		subject string
		at      time.Duration
		want    int
	}{{"a", 30 * time.Second, 3}, {"b", 30 * time.Second, 0}, {"a", 61 * time.Second, 0}} {
		if n, err := s.Failures(ctx, test.subject, Start.Add(test.at)); err != nil || n != test.want {
			t.Errorf("%s at %v: %d %v", test.subject, test.at, n, err)
		}
	}
	later := Start.Add(2 * time.Minute)
	if err := s.Pardon(ctx, []string{"a"}, later); err != nil { // of a window that is over there is nothing to take back
		t.Fatal(err)
	}
	if n, err := s.Fail(ctx, []string{"a"}, 1, later, time.Minute); err != nil || !slices.Equal(n, []int{1}) {
		t.Errorf("new window: %v %v", n, err)
	}
	for _, want := range []int{0, 0} {
		if err := s.Pardon(ctx, []string{"a"}, later); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Failures(ctx, "a", later); err != nil || n != want {
			t.Errorf("pardoned: %d %v", n, err)
		}
	}
	// Several at once, in the order of the subjects; nothing for none.
	for _, step := range []struct {
		subjects []string
		by       int
		want     []int
	}{{[]string{"z", "a", "m"}, 2, []int{2, 2, 2}}, {[]string{"m", "n"}, 3, []int{5, 3}}, {nil, 1, nil}} {
		if n, err := s.Fail(ctx, step.subjects, step.by, later, time.Minute); err != nil || !slices.Equal(n, step.want) {
			t.Errorf("%v by %d: %v %v", step.subjects, step.by, n, err)
		}
	}
	if err := s.Pardon(ctx, []string{"z", "m", "absent"}, later); err != nil {
		t.Fatal(err)
	}
	if err := s.Pardon(ctx, nil, later); err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[string]int{"z": 1, "m": 4, "n": 3, "a": 2, "absent": 0} {
		if n, err := s.Failures(ctx, subject, later); err != nil || n != want {
			t.Errorf("%s: %d %v", subject, n, err)
		}
	}
	const many = 20
	counts := make([]int, many)
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() {
			n, err := s.Fail(ctx, []string{"c"}, 1, later, time.Minute)
			if err != nil || len(n) != 1 {
				t.Error(n, err)
				return
			}
			counts[i] = n[0]
		})
	}
	group.Wait()
	slices.Sort(counts)
	for i, n := range counts {
		if n != i+1 {
			t.Fatalf("of failures at once each has a number of its own: %v", counts)
		}
	}
}
