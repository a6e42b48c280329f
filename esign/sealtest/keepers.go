package sealtest

import (
	"context"
	"strings"
	"sync"

	"github.com/yinxin-gov/yinxin/esign"
)

// Keepers is an esign.Keepers in memory whose calls are steps: "keepers naming", "keepers human", "keepers name". An account of a citizen and
// one of staff of the same name are one human.
type Keepers struct {
	steps *Steps
	mutex sync.Mutex
	by    map[string]esign.Naming
}

// Names lets an organisation name people, by the names of their accounts; with nobody, nobody is left.
func (k *Keepers) Names(code string, keepers ...esign.Keeper) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.by[code] = esign.Naming{Named: true, Keepers: keepers}
}

// GivesUp lets an organisation name nobody, as if it never had.
func (k *Keepers) GivesUp(code string) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	delete(k.by, code)
}

// Naming implements esign.Keepers.
func (k *Keepers) Naming(_ context.Context, code string) (n esign.Naming, err error) {
	err = k.steps.around("keepers naming", func() error {
		k.mutex.Lock()
		defer k.mutex.Unlock()
		n = k.by[code]
		return nil
	})
	return n, err
}

// Human implements esign.Keepers.
func (k *Keepers) Human(_ context.Context, actor string) (human string, err error) {
	err = k.steps.around("keepers human", func() error {
		realm, name, _ := strings.Cut(actor, ":")
		if realm == "staff" || realm == "account" {
			human = "human of " + name
		}
		return nil
	})
	return human, err
}

// Name implements esign.Keepers.
func (k *Keepers) Name(_ context.Context, actor string) (name string, err error) {
	err = k.steps.around("keepers name", func() error {
		_, name, _ = strings.Cut(actor, ":")
		name = name[:1] + "*"
		return nil
	})
	return name, err
}
