package licensefile

// TypesFor tells of further types for tests.
var TypesFor = Options.typesFor
