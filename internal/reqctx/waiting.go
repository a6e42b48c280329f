package reqctx

// Step is a state in which something waits for a role. Barred tells whom the step is not for: who took one before it.
type Step[S ~string, T any] struct {
	State  S
	Role   string
	Barred func(one T, actor string) bool // nil: nobody
}

// Waiting is how much waits in a state for the one who asks.
type Waiting[S ~string] struct {
	State S
	Count int
}

// CountWaiting counts what an actor may do next by its roles and areas, among the first ones of each state that page gives for the areas.
// A state that is no matter of the actor is not named.
func CountWaiting[S ~string, T any](a Actor, steps []Step[S, T], page func(areas []string, state S) ([]T, error)) (all []Waiting[S], err error) {
	for _, step := range steps {
		areas := a.Reach(step.Role)
		if len(areas) == 0 {
			continue
		}
		found, err := page(areas, step.State)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, one := range found {
			if step.Barred == nil || !step.Barred(one, a.ID) {
				n++
			}
		}
		all = append(all, Waiting[S]{step.State, n})
	}
	return all, nil
}
