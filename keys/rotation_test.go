package keys_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
)

// TestTokenKeysTakeTurns walks a ring through half a year of minutes on which a node looks: a key is published a day
// before it signs, verifies for a week after, and there is one current key at every moment.
func TestTokenKeysTakeTurns(t *testing.T) {
	ctx := context.Background()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := begin
	provider := keystest.NewTwin(func() time.Time { return now })
	ring, other := keys.NewRing(provider), keys.NewRing(provider)
	spec := keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2}
	seal, err := ring.Ensure(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2, Label: "somebody's"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Ensure(ctx, spec); err != nil {
		t.Fatal(err)
	}
	var story []string
	names := map[string]string{}
	for ; now.Before(begin.AddDate(0, 0, 200)); now = now.Add(6 * time.Hour) {
		for _, r := range []*keys.Ring{ring, other} { // two nodes look at the same moment
			turns, err := r.Turn(ctx, keys.UsageToken, keys.TokenRotation, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, turn := range turns {
				if names[turn.Key.ID] == "" {
					names[turn.Key.ID] = fmt.Sprintf("key %d", len(names)+1)
				}
				story = append(story, fmt.Sprintf("day %d: %s %s", int(now.Sub(begin).Hours()/24), names[turn.Key.ID], turn.Move))
			}
		}
		published, err := ring.Published(ctx, keys.UsageToken)
		if err != nil {
			t.Fatal(err)
		}
		current := 0
		for _, key := range published {
			if key.State == keys.Current {
				current++
			}
		}
		if current != 1 {
			t.Fatalf("%d current keys on %v", current, now)
		}
	}
	want := "[day 89: key 1 next day 90: key 1 current day 97: key 2 destroyed day 179: key 3 next day 180: key 3 current day 187: key 1 destroyed]"
	if got := fmt.Sprint(story); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if left, err := provider.Find(ctx, seal.ID); err != nil || left.State != keys.Current {
		t.Errorf("a key that belongs to somebody took a turn: %v %v", left.State, err)
	}
}

func TestRotateAheadOfTime(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	provider := keystest.NewTwin(func() time.Time { return now })
	ring := keys.NewRing(provider)
	spec := keys.Spec{Usage: keys.UsageToken, Algorithm: keys.P256}
	first, err := ring.Ensure(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	signs := func() string {
		t.Helper()
		signer, err := ring.Signer(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		return signer.KeyID()
	}
	next, err := ring.Rotate(ctx, spec, false)
	if err != nil || next.State != keys.Next || signs() != first.ID {
		t.Fatalf("%+v %v, %s signs", next, err, signs())
	}
	if again, err := ring.Rotate(ctx, spec, false); err != nil || again.ID != next.ID {
		t.Fatalf("a second next key: %+v %v", again, err)
	}
	if err := provider.Promote(ctx, first.ID); !errors.Is(err, keys.ErrState) {
		t.Fatalf("K-04 the current key was promoted: %v", err)
	}
	if promoted, err := ring.Rotate(ctx, spec, true); err != nil || promoted.ID != next.ID || promoted.State != keys.Current || signs() != next.ID {
		t.Fatalf("%+v %v", promoted, err)
	}
	if published, _ := ring.Published(ctx, keys.UsageToken); len(published) != 2 {
		t.Fatalf("%d published", len(published))
	}
	fresh, err := ring.Compromised(ctx, spec)
	if err != nil || signs() != fresh.ID {
		t.Fatalf("%+v %v", fresh, err)
	}
	published, err := ring.Published(ctx, keys.UsageToken)
	if err != nil || len(published) != 1 || published[0].ID != fresh.ID {
		t.Fatalf("after a compromise: %+v %v", published, err)
	}
	if _, err := provider.Signer(ctx, next.ID, keys.UsageToken); !errors.Is(err, keys.ErrDestroyed) {
		t.Fatalf("a compromised key signs: %v", err)
	}
	if err := provider.Promote(ctx, next.ID); !errors.Is(err, keys.ErrState) {
		t.Fatalf("K-04 a destroyed key was promoted: %v", err)
	}
}
