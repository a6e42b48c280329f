package mandate

import (
	"time"

	"github.com/yinxin-gov/yinxin/idp"
)

// Releases are the lines on which a telling counts, one for each person of whom something is told: without a mandate the one
// who logged in; under one the principal, whose data it is, and everyone who acts, of whom the actors in tokens tell that they
// do, and how surely they are known. An organisation is no person and has no ledger.
func Releases(words *idp.Vocabulary, m *Mandate, told idp.Told, at time.Time) []idp.Release {
	if m == nil {
		return words.Releases(told, at)
	}
	told.Mandate = m.ID
	var all []idp.Release
	if !IsOrganisation(m.Principal) {
		told.AccountID = m.Principal
		all = append(all, words.Releases(told, at)...)
	}
	for _, agent := range m.Chain() {
		told.AccountID, told.Claims = agent, []string{idp.ClaimActor}
		all = append(all, words.Release(told, at))
	}
	return all
}
