package licensefile

// For tests.
var (
	TypesFor   = Options.typesFor
	FixedTexts = fixedTexts
	Wrap       = wrap
	Step       = step
	Same       = same
)
