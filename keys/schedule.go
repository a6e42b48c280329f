package keys

import "time"

// Due is the move of a key that comes by itself: the state that it goes into and when. ok is false when none comes.
func (r Rotation) Due(key Info) (to State, at time.Time, ok bool) {
	if key.Spec.Label != "" {
		return "", time.Time{}, false
	}
	switch key.State {
	case Next:
		return Current, key.StateAt.Add(r.Publish), true
	case Current:
		return Previous, key.StateAt.Add(r.Life), true
	case Previous:
		return Destroyed, key.StateAt.Add(r.Keep), true
	}
	return "", time.Time{}, false
}
