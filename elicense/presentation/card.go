package presentation

import "time"

// An offline code card (离线码, license.md 11.5 M4) is a view without a holder key, printed for a person without a phone. It
// proves that the platform issued it and what stands on it, never that whoever shows it is the person: the verifier looks at
// the name. No number of a document stands in it; its PID is made for one card of one account, so that two cards of the
// same person cannot be linked.
const (
	// CardTypeCode stands where a view names its licence type. It begins with no unified social credit code, so that no type
	// of a catalogue can have it.
	CardTypeCode = "YINXIN-OFFLINE-CARD-1"
	// CardLife is how long a card is good for.
	CardLife = 180 * 24 * time.Hour
	// FirstCardList is the number of the first status list of cards; those of licences are below.
	FirstCardList = 1 << 32
)

// Fields of a card.
const (
	CardName  = 1 // masked
	CardLevel = 2 // real-name level, "0" to "4"
)

// IsCard tells whether a view is an offline code card.
func (v View) IsCard() bool { return v.TypeCode == CardTypeCode }
