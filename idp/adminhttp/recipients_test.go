package adminhttp

import (
	"net/url"
	"reflect"
	"strconv"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestRowsKeepRecipients: what stands comes out of the form as it went in, whatever shares a row.
func TestRowsKeepRecipients(t *testing.T) {
	passed := func(claim, purpose, law string, days int) PassedClaim { return PassedClaim{claim, purpose, law, days} }
	recipients := []Recipient{{Department: "dept-a", Claims: []PassedClaim{passed("name", "一", "", 1), passed("email", "一", "", 1), passed("phone_number", "一", "法", 1), passed("birthdate", "一", "", 1)}},
		{Department: "dept-b", Claims: []PassedClaim{passed("birthdate", "一", "", 1), passed("name", "一", "", 2)}}}
	typed := url.Values{}
	putRows(typed, recipients)
	if typed.Get(inputRows) != "8" || typed.Get("recipients-1-claims") != "name email" || typed.Get("recipients-2-basis") != byLaw || typed.Get("recipients-8-basis") != byConsent {
		t.Fatalf("%v", typed)
	}
	got, inputs, err := typedRecipients(typed)
	if err != nil || !reflect.DeepEqual(got, recipients) {
		t.Errorf("%v: %+v", err, got)
	}
	for place, want := range map[string]string{"recipients[0].department": "recipients-1-department", "recipients[0].claims[2].legal_basis": "recipients-2-law", "recipients[0].claims[3].retention_days": "recipients-3-days",
		"recipients[1].claims[0].purpose": "recipients-4-purpose", "recipients[1].claims[1].claim": "recipients-5-claims"} {
		if inputs[place] != want {
			t.Errorf("%s is at %s", place, inputs[place])
		}
	}
}

// TestRowsLoseNothing: a row that says too little is refused, never left out, and no rows change nothing.
func TestRowsLoseNothing(t *testing.T) {
	stands := []Recipient{{Department: "dept-a", Claims: []PassedClaim{{"name", "一", "", 1}}}}
	d := ClientDefinition{Recipients: stands}
	if err := d.takeRecipients(url.Values{"recipients-1-department": {"dept-b"}}); err != nil || !reflect.DeepEqual(d.Recipients, stands) {
		t.Errorf("a form without rows: %v, %+v", err, d.Recipients)
	}
	for _, count := range []string{"0", "x", "81", "-1"} {
		if err := d.takeRecipients(url.Values{inputRows: {count}}); fault.CodeOf(err) != fault.Malformed {
			t.Errorf("%s rows: %v", count, err)
		}
	}
	typed := url.Values{}
	putRows(typed, stands)
	recipientRow{"dept-a", "", "二", byConsent, "", "9"}.put(typed, 2)
	recipientRow{"", "name", "三", byConsent, "", ""}.put(typed, 4)
	got, inputs, err := typedRecipients(typed)
	want := []Recipient{{Department: "dept-a", Claims: []PassedClaim{{"name", "一", "", 1}, {"", "二", "", 9}}}, {Claims: []PassedClaim{{"name", "三", "", -1}}}}
	if err != nil || !reflect.DeepEqual(got, want) || inputs["recipients[0].claims[1].claim"] != "recipients-2-claims" || inputs["recipients[1].department"] != "recipients-4-department" {
		t.Errorf("%v: %+v %v", err, got, inputs)
	}
	for _, row := range []recipientRow{{"dept-a", "name", "一", byLaw, "", "1"}, {"dept-a", "name", "一", byConsent, "法", "1"}, {"dept-a", "name", "一", "", "法", "1"}} {
		row.put(typed, 3)
		if _, _, err := typedRecipients(typed); err == nil || fault.From(err).Fields[0].Name != "recipients-3-law" {
			t.Errorf("%+v: %v", row, err)
		}
	}
	many := make([]PassedClaim, maxFormRows)
	for i := range many {
		many[i] = PassedClaim{"name" + strconv.Itoa(i), strconv.Itoa(i), "", 1}
	}
	d.Recipients, typed = []Recipient{{Department: "dept-a", Claims: many}}, url.Values{}
	putRows(typed, d.Recipients)
	if err := d.takeRecipients(typed); err != nil || len(d.Recipients[0].Claims) != maxFormRows {
		t.Errorf("too many for a page: %v", err)
	}
	if got := moreRows(url.Values{inputRows: {"79"}}).Get(inputRows); got != strconv.Itoa(maxFormRows) {
		t.Errorf("more rows than fit: %s", got)
	}
}
