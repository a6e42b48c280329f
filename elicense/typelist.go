package elicense

import (
	"slices"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
)

// TypeStanding is where a version of a type that is built in or was published stands today.
type TypeStanding string

// Standings.
const (
	TypeInForce    TypeStanding = "in_force"
	TypeNotYet     TypeStanding = "not_yet_effective"
	TypeSuperseded TypeStanding = "superseded"
	TypeRetired    TypeStanding = "retired"
)

// ListedType is a version of a type that is built in or was published.
type ListedType struct {
	Type     *catalog.Type
	Standing TypeStanding
}

// TypeVersions gives the versions of one code, or of every code when it is empty, in the order of codes, the newest of each first. How many
// types there are is bounded by what two administrators published one after the other.
func (s *Service) TypeVersions(code string) (all []ListedType) {
	types := s.Types()
	for _, one := range types.Codes() {
		if code != "" && one != code {
			continue
		}
		current, _ := types.Find(one)
		for _, t := range slices.Backward(types.Versions(one)) {
			standing := TypeSuperseded
			switch {
			case t == current && types.Retired(one):
				standing = TypeRetired
			case t == current:
				standing = TypeInForce
			case current == nil || t.Row.Version > current.Row.Version:
				standing = TypeNotYet
			}
			all = append(all, ListedType{t, standing})
		}
	}
	return all
}
