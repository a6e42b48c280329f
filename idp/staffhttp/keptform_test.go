package staffhttp

import "testing"

// TestRowsOfRecipientsAreKept: for their own form alone, without its buttons.
func TestRowsOfRecipientsAreKept(t *testing.T) {
	for _, input := range []string{"recipients-rows", "recipients-1-department", "recipients-80-law"} {
		if !keeps("/admin/clients/matter/edit")(input) || !keeps("/admin/clients/new")(input) {
			t.Errorf("%s is not kept", input)
		}
		if keeps("/admin/members/new")(input) {
			t.Errorf("%s of another form is kept", input)
		}
	}
	for _, input := range []string{"recipients-more", "recipients-1-secret", "recipients-100-law", "recipients-1-law2"} {
		if keeps("/admin/clients/new")(input) {
			t.Errorf("%s is kept", input)
		}
	}
}
