package tokens

import (
	"crypto/sha256"
	"sync"
)

// maxVerified bounds what is kept: a few hundred octets each.
const maxVerified = 8192

// verifiedTokens remembers the claims of access tokens whose signature was verified, and of opaque ones that were found, by
// the hash of the whole token: the same token is presented many times in its ten minutes, and what it says stays. Its end,
// its grant and its account are judged anew each time, and a change of our keys forgets all.
type verifiedTokens struct {
	mutex  sync.RWMutex
	claims map[[sha256.Size]byte]accessClaims
}

func newVerifiedTokens() *verifiedTokens {
	return &verifiedTokens{claims: map[[sha256.Size]byte]accessClaims{}}
}

func (v *verifiedTokens) get(token string) (accessClaims, bool) {
	v.mutex.RLock()
	defer v.mutex.RUnlock()
	c, ok := v.claims[sha256.Sum256([]byte(token))]
	return c, ok
}

func (v *verifiedTokens) put(token string, c accessClaims) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	for old := range v.claims {
		if len(v.claims) < maxVerified {
			break
		}
		delete(v.claims, old) // any one: it is verified again when it comes again
	}
	v.claims[sha256.Sum256([]byte(token))] = c
}
