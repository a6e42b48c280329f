package idp

import "strings"

// ActingSID is the sid that relying parties see while a session acts under a mandate. It is one of its own, so that the end
// of a mandate signs out what was done under it and nothing else.
func ActingSID(sid, mandateID string) string {
	if mandateID == "" {
		return sid
	}
	return sid + actingMark + mandateID[max(0, len(mandateID)-10):]
}

// actingMark stands in no identifier that we make.
const actingMark = "."

// OwnSID is the session behind a sid that a relying party shows.
func OwnSID(shown string) string {
	sid, _, _ := strings.Cut(shown, actingMark)
	return sid
}
