// Package idp is the domain of identity: accounts of people, clients of departments, sessions and consent.
//
// The rooms below it (authn, proofing, session, authflow, oauth, grants, tokens) meet through the types and the small
// interfaces here. Nothing in it knows HTTP, SQL or fosite.
package idp

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
)

// AccountState of a natural person's account.
type AccountState string

// States of an account. Only an active account may log in, refresh or be introspected as active.
const (
	AccountActive    AccountState = "active"
	AccountSuspended AccountState = "suspended"
	AccountClosed    AccountState = "closed"
	// AccountErased is a tombstone: nothing of the person is left, and its pairwise subjects are never given to anybody else.
	AccountErased AccountState = "erased"
)

// Person is what the protocol side may know of an account. Personal fields are plain here and nowhere else: they are
// decrypted for the caller that needs them and never logged.
type Person struct {
	AccountID     string
	State         AccountState
	IAL           subject.IAL // level in force now, after decay
	IALMethod     string      // method word of the evidence behind IAL ("id_card", "carrier"), empty at 0
	IALSource     string      // source that answered, as evidence for verified_claims
	IALAt         time.Time   // when that evidence was made
	IALUntil      time.Time   // when it decays; zero: no end
	Name          string      // proven name, empty at ial 0
	IDType        string      // document type word ("citizen_id"), empty at ial 0
	IDNumber      string      // proven number, empty at ial 0
	Nationality   string      // ISO 3166-1 alpha-3, where the document tells one
	Birth         string      // YYYY-MM-DD, where the document tells it
	IDExpires     string      // YYYY-MM-DD, last day of the document, where it is known
	Mobile        string      // verified number, empty if none
	Email         string      // verified address, empty if none
	PreferredName string      // login name that the person chose, empty if none
	UpdatedAt     time.Time
	// CredentialsAt is when a password or recovery change last ended older refresh tokens.
	CredentialsAt time.Time
	// RecoveredAt is when the password was last set by a recovery without a counter; zero: never.
	RecoveredAt time.Time
}

// People is what the protocol rooms ask of the people rooms.
type People interface {
	// PersonAt returns fault.NotFound when there is no such account. The version of the account spares reading it again; 0
	// reads it.
	PersonAt(ctx context.Context, accountID string, version int64) (Person, error)
	// LevelAt is the person's level now, without opening what is sealed; fault.NotFound and version as above.
	LevelAt(ctx context.Context, accountID string, version int64) (subject.IAL, error)
	// HeldAt is PersonAt without opening what is sealed: a dash stands for every value that is there.
	HeldAt(ctx context.Context, accountID string, version int64) (Person, error)
}

// Login says how somebody signed in; session.Start makes a session of it.
type Login struct {
	AccountID string
	AAL       subject.AAL
	Methods   []string // amr words of RFC 8176: "pwd", "otp", "sms"
	At        time.Time
	// Second: the account's second factor was shown, or a recovery code in its place. Without it a login below level 2 opens no
	// account that has one.
	Second bool
}

func encodeSubject(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum) }
