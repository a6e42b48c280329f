package idphttp

import (
	"regexp"
	"testing"
)

// TestKeptFormsHoldNoSecret: nothing that opens an account, and no number of a card, lies in the database for half an hour.
func TestKeptFormsHoldNoSecret(t *testing.T) {
	secret := regexp.MustCompile(`pass|password|pin|secret|token|card|otp|(^|-)code$|answer|signature|certificate`)
	for _, name := range keptFields {
		if name != "organisation-code" && secret.MatchString(name) { // the credit code of an organisation is public
			t.Errorf("%s is kept", name)
		}
	}
}
