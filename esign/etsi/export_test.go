package etsi

// What the test of the table reads.
var (
	Subs       = subs
	FailedOnly = failedOnly
	OpenOnly   = openOnly
)
