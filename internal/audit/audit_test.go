package audit_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
)

func event() audit.Event {
	return audit.Event{Type: "seal.stamp.planned", At: time.Date(2026, 11, 24, 9, 0, 0, 123456000, time.FixedZone("CST", 8*3600)), Actor: "staff:a", ActingFor: "account:b", ObjectType: "seal", ObjectID: "seal_1",
		Result: audit.Refused, Reason: "<script>&\u2028", RequestID: "req_1", Details: map[string]string{"z": "1", "a": "2"}}
}

func TestEventComesBackAndHasOneForm(t *testing.T) {
	body, err := audit.Encode(event())
	if err != nil {
		t.Fatal(err)
	}
	got, err := audit.Decode(body)
	want := event()
	want.At = want.At.UTC()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v\n%v", got, want, err)
	}
	for range 20 {
		if again, err := audit.Encode(got); err != nil || !bytes.Equal(again, body) {
			t.Fatalf("%s\n%s %v", body, again, err)
		}
	}
	if !strings.Contains(string(body), `"at":"2026-11-24T01:00:00.123456Z"`) || !strings.Contains(string(body), `"details":{"a":"2","z":"1"}`) {
		t.Errorf("%s", body)
	}
}

func TestIncompleteEventsAreRefused(t *testing.T) {
	for name, edit := range map[string]func(*audit.Event){"type": func(e *audit.Event) { e.Type = "" }, "time": func(e *audit.Event) { e.At = time.Time{} }, "object": func(e *audit.Event) { e.ObjectType = "" }} {
		e := event()
		edit(&e)
		if _, err := audit.Encode(e); err == nil {
			t.Errorf("an event without %s", name)
		}
	}
	for _, body := range []string{"", "{", `{"at":"yesterday"}`} {
		if _, err := audit.Decode([]byte(body)); err == nil {
			t.Errorf("%q was read", body)
		}
	}
}

func TestLinkCoversLaneNumberPreviousAndBody(t *testing.T) {
	base := audit.Link(1, 2, []byte("previous"), []byte("body"))
	for name, link := range map[string][]byte{
		"lane": audit.Link(2, 2, []byte("previous"), []byte("body")), "number": audit.Link(1, 3, []byte("previous"), []byte("body")), "previous": audit.Link(1, 2, []byte("previouT"), []byte("body")),
		"body": audit.Link(1, 2, []byte("previous"), []byte("bodY")), "border": audit.Link(1, 2, []byte("previousb"), []byte("ody")), "lane and number": audit.Link(12, 0, []byte("previous"), []byte("body")),
	} {
		if bytes.Equal(base, link) {
			t.Errorf("the link does not cover %s", name)
		}
	}
}

func TestEventsOfOneObjectShareALane(t *testing.T) {
	used := map[int]bool{}
	for i := range 500 {
		e := event()
		e.ObjectID = fmt.Sprint("seal_", i)
		lane := audit.LaneOf(e)
		e.Type, e.Actor = "other", "other"
		if lane != audit.LaneOf(e) || lane < 0 || lane >= audit.Lanes {
			t.Fatalf("lane %d", lane)
		}
		used[lane] = true
	}
	if len(used) != audit.Lanes {
		t.Errorf("%d lanes are used", len(used))
	}
}

func TestMessagesDoNotLeakBetweenRecords(t *testing.T) {
	base := audit.With(event()).And(audit.Message{Topic: "a"})
	one, two := base.And(audit.Message{Topic: "b"}), base.And(audit.Message{Topic: "c"})
	if len(base.Messages) != 1 || one.Messages[1].Topic != "b" || two.Messages[1].Topic != "c" {
		t.Errorf("%+v %+v %+v", base, one, two)
	}
}

func FuzzEventComesBack(f *testing.F) {
	f.Add("type", "object", "id", "reason", int64(1))
	f.Add("type", "\xff", "\xe4\xb8", "reason", int64(1))
	f.Fuzz(func(t *testing.T, kind, objectType, id, reason string, at int64) {
		body, err := audit.Encode(audit.Event{Type: kind, At: time.UnixMicro(at % (1 << 50)), ObjectType: objectType, ObjectID: id, Reason: reason})
		if err != nil {
			return
		}
		got, err := audit.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := audit.Encode(got); err != nil || !bytes.Equal(body, again) {
			t.Fatalf("%q became %q: %v", body, again, err)
		}
	})
}
