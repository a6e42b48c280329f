package tokens

import (
	"context"
	"strings"
	"sync"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// keySets keeps the sets of public keys that were made of what the ring holds: reading and checking them anew for every
// token costs more than verifying it.
type keySets struct {
	mutex            sync.Mutex
	made             string // identifiers and states of the keys
	common, gm, both jose.KeySet
}

// KeySet is the public keys for tokens: SM2 stands in a set of its own, because common clients refuse a whole set for
// one unknown curve.
func (s *Service) KeySet(ctx context.Context, gm bool) (jose.KeySet, error) {
	if err := s.makeSets(ctx); err != nil {
		return jose.KeySet{}, err
	}
	s.sets.mutex.Lock()
	defer s.sets.mutex.Unlock()
	if gm {
		return s.sets.gm, nil
	}
	return s.sets.common, nil
}

// allKeys is both sets, to verify what we signed ourselves.
func (s *Service) allKeys(ctx context.Context) (jose.KeySet, error) {
	if err := s.makeSets(ctx); err != nil {
		return jose.KeySet{}, err
	}
	s.sets.mutex.Lock()
	defer s.sets.mutex.Unlock()
	return s.sets.both, nil
}

// makeSets makes the sets again when the ring holds other keys than before.
func (s *Service) makeSets(ctx context.Context) error {
	infos, err := s.ring.Published(ctx, keys.UsageToken)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	var made strings.Builder
	for _, info := range infos {
		made.WriteString(info.ID + " " + string(info.State) + " ")
	}
	s.sets.mutex.Lock()
	defer s.sets.mutex.Unlock()
	if s.sets.made == made.String() {
		return nil
	}
	var common, gm []jose.Key
	for _, info := range infos {
		for algorithm, kind := range keyFor {
			if kind != info.Spec.Algorithm {
				continue
			}
			key := jose.Key{ID: info.ID, Algorithm: algorithm, Public: info.Public}
			if algorithm == jose.SM2SM3 {
				gm = append(gm, key)
			} else {
				common = append(common, key)
			}
		}
	}
	var errs [3]error
	s.sets.common, errs[0] = jose.NewKeySet(common...)
	s.sets.gm, errs[1] = jose.NewKeySet(gm...)
	s.sets.both, errs[2] = jose.NewKeySet(append(common, gm...)...)
	for _, err := range errs {
		if err != nil {
			s.sets.made = ""
			return err
		}
	}
	s.sets.made = made.String()
	return nil
}
