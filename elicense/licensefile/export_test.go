package licensefile

// For tests.
var (
	TypesFor   = Options.typesFor
	FixedTexts = fixedTexts
)
