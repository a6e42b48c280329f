package mandate

// Operations are the operations of our own API that an agent may call for its principal, with the right that each needs. No
// other takes a token of somebody who acts for another: whoever adds an operation decides about it here.
var Operations = map[string]Right{
	"list-my-licenses": View,
	"get-license":      View,
	"present-license":  Present,
}

// MayCall reports whether an operation may be called under the mandate.
func (m Mandate) MayCall(operation string) bool {
	right, open := Operations[operation]
	return open && m.Has(right)
}
